"""The phrases that name a time to come, in seven languages: the table behind ``pipeline.due``.

A row is a language, a rank, a pattern and a rule; ``pipeline.due`` knows what each rule means.
Groups of a pattern carry what it found: y year, m or month, d day, part (early, mid, late), n and
unit, q or qw quarter, h half, season, weekday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Spans of the loose phrases, in days.
_DAYS, _WEEKS, _MONTHS = 10, 42, 183

_MONTH_NAMES = {
    "en": "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|"
    "october oct|november nov|december dec",
    "de": "januar jänner|februar|märz maerz|april|mai|juni|juli|august|september|oktober|november|dezember",
    "fr": "janvier|février fevrier|mars|avril|mai|juin|juillet|août aout|septembre|octobre|novembre|"
    "décembre decembre",
    "es": "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre setiembre|octubre|noviembre|diciembre",
}
MONTHS = {
    word: number
    for names in _MONTH_NAMES.values()
    for number, spelled in enumerate(names.split("|"), 1)
    for word in spelled.split()
}
NUMBERS = {
    word: number
    for spelled in (
        "one two three four five six seven eight nine ten eleven twelve",
        "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
        "un deux trois quatre cinq six sept huit neuf dix onze douze",
        "un dos tres cuatro cinco seis siete ocho nueve diez once doce",
        "一 二 三 四 五 六 七 八 九 十 十一 十二",
    )
    for number, word in enumerate(spelled.split(), 1)
} | {
    "a": 1,
    "an": 1,
    "einer": 1,
    "einem": 1,
    "eine": 1,
    "une": 1,
    "una": 1,
    "两": 2,
    "couple": 2,
    "a couple": 2,
}
ORDINALS = {
    word: number
    for spelled in (
        "first second third fourth",
        "erste zweite dritte vierte",
        "ersten zweiten dritten vierten",
        "premier deuxième troisième quatrième",
        "primer segundo tercer cuarto",
        "一 二 三 四",
    )
    for number, word in enumerate(spelled.split(), 1)
} | {"second": 2, "première": 1, "seconde": 2, "primera": 1, "segunda": 2, "上": 1, "下": 2, "전": 1, "후": 2}
WEEKDAYS = {
    word: number
    for spelled in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lunes martes miércoles jueves viernes sábado domingo",
        "一 二 三 四 五 六 日",
        "月 火 水 木 金 土 日",
    )
    for number, word in enumerate(spelled.split())
} | {"天": 6}
#: Last month of a season, in the north; winter ends the year after it begins.
SEASONS = {
    **dict.fromkeys(
        ("spring", "frühjahr", "frühling", "printemps", "primavera", "春", "春天", "春季", "봄"), 5
    ),
    **dict.fromkeys(("summer", "sommer", "été", "verano", "夏", "夏天", "夏季", "여름"), 8),
    **dict.fromkeys(("fall", "autumn", "herbst", "automne", "otoño", "秋", "秋天", "秋季", "가을"), 11),
    **dict.fromkeys(("winter", "hiver", "invierno", "冬", "冬天", "冬季", "겨울"), 2),
}


def _any(words: dict[str, int]) -> str:
    return "|".join(sorted((re.escape(w) for w in words), key=len, reverse=True))


MONTH_WORDS = {
    lang: "|".join(sorted(re.split(r"[| ]", names), key=len, reverse=True))
    for lang, names in _MONTH_NAMES.items()
}
_N = rf"\d{{1,2}}|{_any(NUMBERS)}"
_Y = r"(?:[\s,]{0,3}(?:of |de |del |en )?(?P<y>20\d\d))?"


@dataclass(frozen=True, slots=True)
class Row:
    """One phrase, in one or more languages."""

    language: str  # "" for any
    rank: int  # of two times in one sentence the lower rank is meant: a day before a month, before a span
    pattern: re.Pattern[str]
    rule: str


#: language, rank, pattern, rule
_TABLE: tuple[tuple[str, int, str, str], ...] = (
    ("", 0, r"(?<!\d)(?P<y>20\d\d)[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)", "day"),
    ("", 0, r"(?<!\d)(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>20\d\d)(?!\d)", "day"),
    ("", 1, r"(?<![\d/])(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>20\d\d)(?!\d)", "day"),
    # English
    ("en", 0, rf"\b(?P<month>{MONTH_WORDS['en']})\.? (?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|[%.]\d)\b{_Y}", "day"),
    ("en", 0, rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{MONTH_WORDS['en']})\b{_Y}", "day"),
    ("en", 1, rf"\b(?P<part>early|mid|middle of|late|end of)[ -](?P<month>{MONTH_WORDS['en']})\b{_Y}", "part"),
    ("en", 1, rf"\b(?:in|by|until|before|during|this|next|of|for|comes?|coming) (?P<month>{MONTH_WORDS['en']})\b{_Y}", "month"),
    ("en", 1, rf"\b(?P<month>{MONTH_WORDS['en']}),? (?P<y>20\d\d)\b", "month"),
    ("en", 1, r"\btomorrow\b", "days 1"),
    ("en", 1, r"\b(?:later today|today|tonight)\b", "days 0"),
    ("en", 1, rf"\b(?P<next>next |this |on |by |coming )(?P<weekday>{_any(WEEKDAYS)})\b", "weekday"),
    ("en", 2, rf"\b(?:in|within)(?: the)?(?: next| coming)? (?P<n>{_N}|a couple)(?: of)?[ -](?P<unit>day|week|month|year)s?\b", "ahead"),
    ("en", 2, rf"\b(?P<n>{_N}) (?P<unit>day|week|month|year)s? from (?:now|today)\b", "ahead"),
    ("en", 2, r"\bQ(?P<q>[1-4])\b" + _Y, "quarter"),
    ("en", 2, rf"\b(?P<qw>first|second|third|fourth|last) quarter\b{_Y}", "quarter"),
    ("en", 2, r"\bnext quarter\b", "next quarter"),
    ("en", 2, r"\b(?:this|the current) quarter\b|\bend of the quarter\b", "this quarter"),
    ("en", 2, rf"\b(?P<h>first|second) half\b(?: of(?: the year)?)?{_Y}|\bH(?P<h2>[12])\b\s*(?P<y2>20\d\d)?", "half"),
    ("en", 2, r"\b(?:end of (?:the|this) month|month[- ]end|later this month|this month)\b", "months 0"),
    ("en", 2, r"\b(?:end of next month|next month)\b", "months 1"),
    ("en", 2, r"\b(?:end of (?:the|this) week|later this week|this week)\b", "weeks 0"),
    ("en", 2, r"\bnext week\b", "weeks 1"),
    ("en", 3, r"\b(?:(?:end|close) of (?:the|this) year|(?:end of|late) (?P<y>20\d\d)|year[- ]end|year's end|later this year|this year|before the year is out)\b", "year"),
    ("en", 3, r"\b(?:early|start of|beginning of) (?:next year|(?P<y>20\d\d))\b", "early year"),
    ("en", 4, r"\bnext year\b", "years 1"),
    ("en", 2, rf"\b(?:this |next |in |in the |by |late |early |mid-?|the end of )(?:the )?(?P<season>spring|summer|fall|autumn|winter)\b{_Y}", "season"),
    ("en", 3, r"\b(?:coming|next(?: few)?|few|several) days\b", f"days {_DAYS}"),
    ("en", 3, r"\b(?:coming|next|few|several)(?: few| several| couple of)? weeks\b|\bin weeks\b|\bweeks away\b", f"days {_WEEKS}"),
    ("en", 3, r"\b(?:coming|next|few|several)(?: few| several)? months\b|\bin months\b", f"days {_MONTHS}"),
    ("en", 5, r"\b(?:in|by|during) (?P<y>20\d\d)\b", "year"),
    # Chinese, Japanese
    ("zh ja", 0, r"(?:(?P<y>20\d\d)\s?年\s?)?(?P<m>1[0-2]|0?[1-9])\s?月\s?(?P<d>[0-3]?\d)\s?[日号號]", "day"),
    ("zh", 1, r"(?P<weeks>[下本这這]个?)(?:周|週|星期|礼拜)(?P<weekday>[一二三四五六日天])", "weekday"),
    ("ja", 1, r"(?P<weeks>来週|今週)の?(?P<weekday>[月火水木金土日])曜", "weekday"),
    ("zh ja", 1, r"(?:(?P<y>20\d\d)\s?年\s?)?(?P<m>1[0-2]|0?[1-9])\s?月\s?(?P<part>[初上中下旬底末]+)", "part"),
    ("zh ja", 1, r"(?:(?P<y>20\d\d)\s?年\s?)?(?<!\d)(?P<m>1[0-2]|0?[1-9])\s?月(?![\d日号號])(?:份|内|中)?", "month"),
    ("zh ja", 1, r"明天|明日", "days 1"),
    ("zh ja", 1, r"今天|今日(?:内|中|晚)", "days 0"),
    ("zh", 2, r"(?P<n>\d{1,2}|[一二两三四五六七八九十]{1,2})\s?(?:个|個)?(?P<unit>天|日|周|週|星期|月|年)(?:之?[内內后後])", "ahead"),
    ("ja", 2, r"(?P<n>\d{1,2}|[一二三四五六七八九十])\s?(?P<unit>日|週|か月|ヶ月|カ月|ヵ月|年)間?(?:以内|後)", "ahead"),
    ("zh ja", 2, r"(?:(?P<y>20\d\d)\s?年)?第?(?P<qw>[一二三四1-4])\s?(?:季度|季(?!节)|四半期)", "quarter"),
    ("zh ja", 2, r"(?:(?P<y>20\d\d)\s?年|今年|年)?(?P<h>[上下])半年|(?:(?P<y2>20\d\d)\s?年)?(?:年)?(?P<h2>[上下])半期", "half"),
    ("zh ja", 2, r"下个月|下個月|下月|来月|來月", "months 1"),
    ("zh ja", 2, r"本月|这个月|這個月|月底|今月|月末", "months 0"),
    ("zh ja", 2, r"下周|下週|下星期|来週|來週", "weeks 1"),
    ("zh ja", 2, r"本周|这周|本週|今週", "weeks 0"),
    ("zh ja", 2, r"(?P<year>今年?|明年?|来年?|この|(?P<y>20\d\d)年)の?(?P<season>[春夏秋冬])(?:天|季)?", "season"),
    ("zh ja", 3, r"(?:未来|未來|接下来|今后)?(?:几|幾|数|數)(?:天|日)(?:之?[内內后後]|以内)?", f"days {_DAYS}"),
    ("zh ja", 3, r"(?:未来|未來|接下来|今后|今後)?(?:几|幾|数|數)(?:个|個)?(?:周|週|星期)間?", f"days {_WEEKS}"),
    ("zh ja", 3, r"(?:未来|未來|接下来|今后|今後)?(?:几个|幾個|数|數)(?:个?月|か月|ヶ月|カ月)", f"days {_MONTHS}"),
    ("zh ja", 4, r"明年|来年", "years 1"),
    ("zh ja", 4, r"(?P<y>20\d\d)\s?年(?:底|末|内)?|年底|年末|年内|今年", "year"),
    # German
    ("de", 0, rf"\b(?P<d>\d{{1,2}})\. ?(?P<month>{MONTH_WORDS['de']})\b{_Y}", "day"),
    ("de", 1, rf"\b(?P<part>anfang|mitte|ende) (?P<month>{MONTH_WORDS['de']})\b{_Y}", "part"),
    ("de", 1, rf"\b(?:im|bis|ab|noch im|bis zum) (?P<month>{MONTH_WORDS['de']})\b{_Y}", "month"),
    ("de", 1, r"\bmorgen\b", "days 1"),
    ("de", 1, r"\bheute\b", "days 0"),
    ("de", 1, rf"\b(?P<next>am |bis |nächsten |kommenden )(?P<weekday>{_any(WEEKDAYS)})\b", "weekday"),
    ("de", 2, rf"\b(?:in|innerhalb von|binnen) (?P<n>{_N}) (?P<unit>tag|woche|monat|jahr)(?:en|n|e)?\b", "ahead"),
    ("de", 2, rf"\b(?P<qw>erste|zweite|dritte|vierte|[1-4]\.)n? quartal\b{_Y}", "quarter"),
    ("de", 2, rf"\b(?P<h>ersten?|zweiten?) (?:jahreshälfte|halbjahr|hälfte)\b{_Y}", "half"),
    ("de", 2, r"\b(?:nächsten|kommenden) monats?\b", "months 1"),
    ("de", 2, r"\b(?:ende des monats|diesen monat|monatsende|noch in diesem monat)\b", "months 0"),
    ("de", 2, r"\b(?:nächste|kommende|nächster|kommender)n? woche\b", "weeks 1"),
    ("de", 2, r"\b(?:diese|dieser|ende der) woche\b", "weeks 0"),
    ("de", 2, rf"\b(?P<season>frühjahr|frühling|sommer|herbst|winter)\b{_Y}", "season"),
    ("de", 3, r"\b(?:kommenden|nächsten|wenigen|paar) tagen?\b", f"days {_DAYS}"),
    ("de", 3, r"\b(?:kommenden|nächsten|wenigen|einigen|paar) wochen\b", f"days {_WEEKS}"),
    ("de", 3, r"\b(?:kommenden|nächsten|wenigen|einigen|paar) monaten?\b", f"days {_MONTHS}"),
    ("de", 3, r"\b(?:jahresende|ende des jahres|ende (?P<y>20\d\d)|dieses jahr|diesem jahr|im laufe des jahres)\b", "year"),
    ("de", 4, r"\b(?:nächstes|nächsten|kommendes|kommenden) jahre?s?\b", "years 1"),
    # French
    ("fr", 0, rf"\b(?P<d>\d{{1,2}})(?:er)? (?P<month>{MONTH_WORDS['fr']})\b{_Y}", "day"),
    ("fr", 1, rf"\b(?P<part>début|mi-|mi|fin) ?(?P<month>{MONTH_WORDS['fr']})\b{_Y}", "part"),
    ("fr", 1, rf"\b(?:en|d'ici|d'ici à|avant|courant|au mois de|dès) (?P<month>{MONTH_WORDS['fr']})\b{_Y}", "month"),
    ("fr", 1, r"\bdemain\b", "days 1"),
    ("fr", 1, r"\baujourd'hui\b", "days 0"),
    ("fr", 1, r"\b(?P<weekday>lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)(?P<next> prochain)?\b", "weekday"),
    ("fr", 2, rf"\b(?:dans|d'ici|sous|en) (?P<n>{_N}) (?P<unit>jour|semaine|mois|an)s?\b", "ahead"),
    ("fr", 2, rf"\b(?P<qw>premier|deuxième|troisième|quatrième|[1-4](?:er|e|ème)) trimestre\b{_Y}|\bT(?P<q>[1-4])\b", "quarter"),
    ("fr", 2, rf"\b(?P<h>premier|première|second|seconde|deuxième) (?:semestre|moitié)\b{_Y}", "half"),
    ("fr", 2, r"\b(?:le )?mois prochain\b", "months 1"),
    ("fr", 2, r"\b(?:fin du mois(?! prochain)|ce mois-ci|ce mois)\b", "months 0"),
    ("fr", 2, r"\bsemaine prochaine\b", "weeks 1"),
    ("fr", 2, r"\b(?:cette semaine|fin de la semaine)\b", "weeks 0"),
    ("fr", 2, rf"\b(?:cet |l'|ce |cette |au |à l'|en )(?P<season>printemps|été|automne|hiver)\b(?! (?:publié|annoncé)){_Y}", "season"),
    ("fr", 3, r"\b(?:prochains|quelques) jours\b|\bjours (?:à venir|qui viennent)\b", f"days {_DAYS}"),
    ("fr", 3, r"\b(?:prochaines|quelques) semaines\b|\bsemaines (?:à venir|qui viennent)\b", f"days {_WEEKS}"),
    ("fr", 3, r"\b(?:prochains|quelques) mois\b|\bmois (?:à venir|qui viennent)\b", f"days {_MONTHS}"),
    ("fr", 3, r"\b(?:fin de l'année|fin d'année|cette année|dans l'année|fin (?P<y>20\d\d))\b", "year"),
    ("fr", 4, r"\b(?:l'an prochain|l'année prochaine)\b", "years 1"),
    # Spanish
    ("es", 0, rf"\b(?P<d>\d{{1,2}})(?: de)? (?P<month>{MONTH_WORDS['es']})\b{_Y}", "day"),
    ("es", 1, rf"\b(?P<part>principios|comienzos|mediados|finales|fines) de (?P<month>{MONTH_WORDS['es']})\b{_Y}", "part"),
    ("es", 1, rf"\b(?:en|antes de|hasta|durante|para) (?P<month>{MONTH_WORDS['es']})\b{_Y}", "month"),
    ("es", 1, r"(?<!la )(?<!por la )\bmañana\b", "days 1"),
    ("es", 1, r"\bhoy\b", "days 0"),
    ("es", 1, r"\b(?P<next>el |este |próximo )(?P<weekday>lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b", "weekday"),
    ("es", 2, rf"\b(?:en|dentro de) (?P<n>{_N}) (?P<unit>día|semana|mes|año)(?:es|s)?\b", "ahead"),
    ("es", 2, rf"\b(?P<qw>primer|segundo|tercer|cuarto) trimestre\b(?: del año)?{_Y}", "quarter"),
    ("es", 2, rf"\b(?P<h>primer|segundo|primera|segunda) (?:semestre|mitad)\b(?: del año)?{_Y}", "half"),
    ("es", 2, r"\b(?:próximo mes|mes que viene)\b", "months 1"),
    ("es", 2, r"\b(?:este mes|(?:final|finales|fin) de mes)\b", "months 0"),
    ("es", 2, r"\b(?:próxima semana|semana que viene)\b", "weeks 1"),
    ("es", 2, r"\besta semana\b", "weeks 0"),
    ("es", 2, rf"\b(?:este |esta |en |el |la )(?P<season>primavera|verano|otoño|invierno)\b{_Y}", "season"),
    ("es", 3, r"\b(?:próximos|unos|pocos) días\b", f"days {_DAYS}"),
    ("es", 3, r"\b(?:próximas|unas|pocas) semanas\b", f"days {_WEEKS}"),
    ("es", 3, r"\b(?:próximos|unos|pocos) meses\b", f"days {_MONTHS}"),
    ("es", 3, r"\b(?:(?:final|finales|fin|fines) de(?:l| este)? año|este año|(?:final|finales|fines) de (?P<y>20\d\d))\b", "year"),
    ("es", 4, r"\b(?:próximo año|año que viene)\b", "years 1"),
    # Korean
    ("ko", 0, r"(?:(?P<y>20\d\d)\s?년\s?)?(?P<m>1[0-2]|0?[1-9])\s?월\s?(?P<d>[0-3]?\d)\s?일", "day"),
    ("ko", 1, r"(?:(?P<y>20\d\d)\s?년\s?)?(?P<m>1[0-2]|0?[1-9])\s?월\s?(?P<part>초|중순|말)", "part"),
    ("ko", 1, r"(?:(?P<y>20\d\d)\s?년\s?)?(?P<m>1[0-2]|0?[1-9])\s?월(?!\s?\d)", "month"),
    ("ko", 2, r"(?P<n>\d{1,2})\s?(?P<unit>일|주|개월|년)\s?(?:안에|이내|내에|후)", "ahead"),
    ("ko", 2, r"(?:(?P<y>20\d\d)\s?년\s?)?(?P<q>[1-4])\s?분기", "quarter"),
    ("ko", 2, r"하반기", "half 2"),
    ("ko", 2, r"상반기", "half 1"),
    ("ko", 2, r"다음\s?달|내달", "months 1"),
    ("ko", 2, r"이번\s?달|이달", "months 0"),
    ("ko", 2, r"다음\s?주", "weeks 1"),
    ("ko", 2, r"이번\s?주", "weeks 0"),
    ("ko", 2, r"(?:올|이번)\s?(?P<season>봄|여름|가을|겨울)", "season"),
    ("ko", 3, r"며칠", f"days {_DAYS}"),
    ("ko", 3, r"몇\s?주|수주", f"days {_WEEKS}"),
    ("ko", 3, r"몇\s?(?:달|개월)|수개월", f"days {_MONTHS}"),
    ("ko", 4, r"내년", "years 1"),
    ("ko", 4, r"연말|연내|올해", "year"),
)  # fmt: skip

ROWS = tuple(Row(lang, rank, re.compile(pattern, re.I), rule) for lang, rank, pattern, rule in _TABLE)

"""When a promise falls due: the last day of the time it names, in seven languages.

"June 30" is that day, "in June" the last of June, "by year-end" the 31st of December, "in Q3"
the 30th of September. A loose phrase has a documented span: coming days 10 days, coming weeks
6 weeks, coming months 6 months. "Soon" names no time. Years are inferred forward.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta

from pipeline.due_phrases import MONTH_WORDS, MONTHS, NUMBERS, ORDINALS, ROWS, SEASONS, WEEKDAYS

#: A promise is a sentence; what is longer was not cut out of its text.
_TEXT_MAX = 2_000
#: A day without a year that lies this little back was told of, not promised ("on June 3, Acme
#: said …"); unless a word like "by" stands before it.
_JUST_PAST = timedelta(days=60)
#: No announcement promises further ahead; such a number is a misreading.
_YEARS_AHEAD = 15

_FIRM = re.compile(
    r"(?:by|until|before|no later than|bis(?: zum)?|spätestens(?: am)?|d'ici(?: le| au)?|avant(?: le)?|"
    r"antes del?|hasta el|截至|最晚|在|まで)\s*$",
    re.I,
)
_BEFORE_TIME = r"の?(?=\s?(?:\d|第|[上下]半|[一二三四]季|[春夏秋冬]))"
_NEXT_YEAR_CJK = re.compile(rf"(?:明年|来年){_BEFORE_TIME}")
_THIS_YEAR_CJK = re.compile(rf"(?:今年|本年){_BEFORE_TIME}")
_NEXT_YEAR = re.compile(
    rf"\b({'|'.join(MONTH_WORDS.values())}|quarter|half|quartal|trimestre|semestre),?\s"
    r"(?:(?:of )?next year|(?:des )?(?:nächsten|kommenden) jahre?s|de l'(?:année prochaine|an prochain)|"
    r"del? (?:próximo año|año que viene))\b",
    re.I,
)
_UNITS = {
    **dict.fromkeys(("day", "tag", "jour", "día", "天", "日", "일"), "d"),
    **dict.fromkeys(("week", "woche", "semaine", "semana", "周", "週", "星期", "주"), "w"),
    **dict.fromkeys(("month", "monat", "mois", "mes", "月", "か月", "ヶ月", "カ月", "ヵ月", "개월"), "m"),
    **dict.fromkeys(("year", "jahr", "an", "año", "年", "년"), "y"),
}


def read_due(text: str, said: datetime, language: str = "") -> date | None:
    """Return the last day of the promised time, None where the text names none.

    ``said`` is when it was promised; ``language`` (ISO 639-1) leaves other languages' phrases
    out, ``""`` tries all. Never raises, and never gives a day before the day of ``said``.
    """
    today = said.date()
    plain = unicodedata.normalize("NFKC", text[:_TEXT_MAX])[: 2 * _TEXT_MAX].replace("’", "'")
    plain = _with_years(plain, today.year)
    best: tuple[int, int, int, date] | None = None
    tongue = language[:2].lower()
    known = any(tongue in row.language.split() for row in ROWS)
    for place, row in enumerate(ROWS):
        if known and row.language and tongue not in row.language.split():
            continue
        if best is not None and row.rank > best[0]:
            continue
        for match in row.pattern.finditer(plain):
            firm = bool(_FIRM.search(plain[max(0, match.start() - 20) : match.start()]))
            day = _resolve(row.rule, match, today, firm=firm)
            if day is None or day < today or day.year > today.year + _YEARS_AHEAD:
                continue
            if best is None or (row.rank, match.start(), place) < best[:3]:
                best = (row.rank, match.start(), place, day)
            break
    return best[3] if best is not None else None


def _with_years(text: str, year: int) -> str:
    """Write "明年6月" and "in June next year" with the year's number."""
    text = _NEXT_YEAR_CJK.sub(f"{year + 1}年", _THIS_YEAR_CJK.sub(f"{year}年", text))
    return _NEXT_YEAR.sub(lambda match: f"{match.group(1)} {year + 1}", text)


def _resolve(rule: str, match: re.Match[str], today: date, *, firm: bool) -> date | None:
    """The last day that a match of a rule means; None where it is no time."""
    name, _, argument = rule.partition(" ")
    found = {key: value for key, value in match.groupdict().items() if value}
    try:
        if argument and name in _RELATIVE:
            return _RELATIVE[name](today, int(argument))
        return _RULES[rule](found, today, firm) if rule in _RULES else _half(found, today, int(argument))
    except (ValueError, OverflowError, KeyError):
        # "31 June", "40月": not a date, so not a promise of one.
        return None


def _plus_months(today: date, months: int) -> date:
    """The last day of the month so many months on."""
    index = today.year * 12 + today.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


_RELATIVE: dict[str, Callable[[date, int], date]] = {
    "days": lambda today, n: today + timedelta(days=n),
    "weeks": lambda today, n: today + timedelta(days=6 - today.weekday() + 7 * n),
    "months": _plus_months,
    "years": lambda today, n: date(today.year + n, 12, 31),
}


def _month_of(found: dict[str, str]) -> int:
    return MONTHS[found["month"].lower()] if "month" in found else int(found["m"])


def _day(found: dict[str, str], today: date, firm: bool) -> date | None:
    month, day = _month_of(found), int(found["d"])
    if "y" in found:
        return date(int(found["y"]), month, day)
    # The 29th of February is in four years' time at most; eight, over a century's turn.
    for year in range(today.year, today.year + 9):
        if day > monthrange(year, month)[1]:
            continue
        there = date(year, month, day)
        if there >= today:
            return there
        if not firm and today - there <= _JUST_PAST:
            return None
    return None


def _last_of(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _forward(found: dict[str, str], today: date, month: int) -> date:
    """The last day of a month, of the year named or the first that is not over."""
    if "y" in found:
        return _last_of(int(found["y"]), month)
    there = _last_of(today.year, month)
    return there if there >= today else _last_of(today.year + 1, month)


def _month(found: dict[str, str], today: date, firm: bool) -> date:
    return _forward(found, today, _month_of(found))


_EARLY = frozenset({"early", "anfang", "début", "principios", "comienzos", "初", "上", "上旬", "초"})
_MIDDLE = frozenset({"mid", "middle of", "mitte", "mi-", "mi", "mediados", "中", "中旬", "중순"})


def _part(found: dict[str, str], today: date, firm: bool) -> date:
    month, part = _month_of(found), found["part"].lower()
    day = 10 if part in _EARLY else 20 if part in _MIDDLE else 0
    if not day:
        return _forward(found, today, month)
    there = date(int(found.get("y", today.year)), month, day)
    return there if there >= today or "y" in found else there.replace(year=today.year + 1)


def _weekday(found: dict[str, str], today: date, firm: bool) -> date:
    wanted = WEEKDAYS[found["weekday"].lower()]
    if "weeks" in found:
        monday = today - timedelta(days=today.weekday())
        return monday + timedelta(days=wanted + 7 * (found["weeks"][0] in "下来"))
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


def _ahead(found: dict[str, str], today: date, firm: bool) -> date:
    word = found["n"].lower()
    n = int(word) if word.isdigit() else NUMBERS[word]
    unit = _UNITS[found["unit"].lower()]
    if unit in "dw":
        return today + timedelta(days=n * (7 if unit == "w" else 1))
    index = today.year * 12 + today.month - 1 + n * (12 if unit == "y" else 1)
    year, month = divmod(index, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _quarter(found: dict[str, str], today: date, firm: bool) -> date:
    word = (found.get("q") or found["qw"]).lower()
    number = int(word[0]) if word[0].isdigit() else 4 if word == "last" else ORDINALS[word]
    return _forward(found, today, 3 * number)


def _half(found: dict[str, str], today: date, number: int = 0) -> date:
    word = (found.get("h") or found.get("h2") or str(number)).lower()
    number = int(word) if word.isdigit() else ORDINALS[word]
    year = found.get("y") or found.get("y2")
    return _forward({"y": year} if year else {}, today, 6 * number)


def _season(found: dict[str, str], today: date, firm: bool) -> date:
    month = SEASONS[found["season"].lower()]
    year = int(found["y"]) if "y" in found else today.year
    if found.get("year", "")[:1] in {"明", "来"}:
        year += 1
    if month == 2:
        # The winter of a year ends in the next one; the one that runs is the one meant.
        running = "y" not in found and "year" not in found and today.month <= 2
        return _last_of(year if running else year + 1, 2)
    there = _last_of(year, month)
    return there if there >= today or "y" in found else _last_of(year + 1, month)


def _year(found: dict[str, str], today: date, firm: bool) -> date:
    return date(int(found.get("y", today.year)), 12, 31)


def _early_year(found: dict[str, str], today: date, firm: bool) -> date:
    return date(int(found.get("y", today.year + 1)), 3, 31)


_RULES: dict[str, Callable[[dict[str, str], date, bool], date | None]] = {
    "day": _day,
    "month": _month,
    "part": _part,
    "weekday": _weekday,
    "ahead": _ahead,
    "quarter": _quarter,
    "half": lambda found, today, firm: _half(found, today),
    "season": _season,
    "year": _year,
    "early year": _early_year,
    "next quarter": lambda found, today, firm: _plus_months(today, 5 - (today.month - 1) % 3),
    "this quarter": lambda found, today, firm: _plus_months(today, 2 - (today.month - 1) % 3),
}

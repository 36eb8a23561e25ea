"""A maker nobody has heard of yet: the name in a maker's place before the verb, in seven languages."""

from __future__ import annotations

import re

from pipeline.lexicon import CJK, listed

_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|wird|werden|wurde|est|sont|es|son|fue)\s+(?:\w+\s+)?$|['’]s\s*$", re.I
)

_LEAD = re.compile(
    r"^(?:exclusive|breaking|update|sources?|report|news|(?:show|launch) \w{2,3}|\[[^\]]{1,20}\]|【[^】]{1,20}】)\s*[:：|]?\s*",
    re.I,
)
#: "We're", "It's", "Google's": no names.
_ELIDED = re.compile(r"['’](?:s|re|ve|ll|d|m|t)$", re.I)
#: Things, not makers, where they stand alone.
_ACRONYMS = re.compile(
    r"(?:A?OS|SRE|[CGN]PUs?|APIs?|SDKs?|CLI|IDE|UI|UX|SaaS|SSH|SQL|RAG|MCP|OCR|TTS|ASR|LLMOps|MS|TV|PC|IT|QA|ML|HN)"
)
_RUN = re.compile(r"[A-ZÀ-Þ][\w’'&.+-]*(?: (?:[A-ZÀ-Þ0-9][\w&.+-]*|of|for|de|für|&))*")
_STOP = listed(
    "the a an this that these it they we i you new today now just here why how what when after as in on at by from chinese "
    "china us u.s american european french german japanese korean indian swiss canadian israeli british its their our my "
    "das der die ein eine la le les los las el un une une deux dos start-up startup unternehmen empresa entreprise show "
    "meet introducing announcing report exclusive breaking update open open-source ai and for with there one two three "
    "also even world first no not finally researchers scientists developers engineers team company everyone l'entreprise "
    "google's official weekly daily best top monday tuesday wednesday thursday friday saturday sunday im mit auch nun jetzt "
    "same if whether since while although because each all some both those these other another many more most such "
    "ten two three four five six seven eight nine gguf dès avec pour ce cette selon según hoy así tras nach laut am gestern heute hier ayer january february march april may "
    "lizenz lizenzen licence license licencia gewichte weights poids pesos daten datensatz code modell modelle "
    "quellcode quelltext software programm werkzeug werkzeuge produkt firma gesellschaft entwickler forscher "
    "june july august september october november december q1 q2 q3 q4 llm llms gpt model models"
)
_ZH_MAKER = re.compile(
    rf"(?:^|[，,。！!？?：:；;、｜|\s”」》])([A-Za-z0-9{CJK}·]{{1,14}}?(?:智能|科技|公司|团队|實驗室|实验室|研究院|研究所|大学|集团|机器人|网络|智算|智造|AI|Lab))"
    r"(?:\s*(?:今日|今天|昨日|日前|近日|正式|宣布|刚刚|又|已|重磅|首次|全面|将|也|于.{1,12}?|在.{1,12}?)){0,4}\s*$"
)
_ZH_PLAIN = re.compile(
    r"(?:^|[，,。！!？?：:；;｜|\s])([\u4e00-\u9fff]{2,8}?)(?:正式|宣布|今日|今天|已|将|刚刚|又|重磅|首次|全面){0,3}\s*$"
)
_ZH_NO = re.compile(
    "首|款|国产|中国|免费|最|全球|重|来|的|模型|框架|工具|项目|系统|平台|突发|刚|年|月|日|新|我|你|他|们|这|那|哪|谁|是|完全|终于|又|把|有人|作者|它|其|该|结果|大家|网友|一个|一位|老金|网红|大神|程序员|开发者|博主"
)
_NO_OBJECT = re.compile(r"\s*(?:$|[，,。！!：:；;、｜|）)]|了(?:$|[，,。！!]))")
_JA_MAKER = re.compile(rf"^([A-Za-z0-9{CJK}&.\- ]{{2,24}}?)(?:は|が|、|から)")
_JA_COMPANY = re.compile(
    rf"([A-Za-z0-9{CJK}&.\-]{{1,18}}(?:研究所|大学|株式会社|社|研究室|チーム|ラボ|AI))(?:は|が|、|から|の)"
)
#: A phrase, not a name: joined by の, counted, or one of the things that get opened.
_NO_MAKER = re.compile(
    r"[のをにへでと]|\d+(?:時間|件|万|億|社|人|種|個|년|개|명|건|월|일)|モデル|データ|コード|研究用|모델|데이터|오픈소스|공개|연구진$|개발자"
)
_KO_MAKER = re.compile(
    r"^([A-Za-z0-9\uac00-\ud7a3&.\-]{2,16}(?: [A-Za-z0-9\uac00-\ud7a3]{1,10})?)\s?(?:,|，|…|가 |이 |은 |는 )"
)


def read_maker(text: str, at: int, *, until: int = 0, first: bool = False) -> str:
    """Return the unknown maker that stands before the verb at ``at``, ``""`` if none does."""
    before = text[max(0, at - 160) : at]
    if re.search(f"[{CJK}]", text[:200]):
        return _cjk_maker(text, before, text[until:] if until else " ")
    if _PASSIVE.search(before):
        return ""
    lead = _LEAD.match(before) if at <= 160 else None
    offset = lead.end() if lead else 0
    words = re.findall(r"[A-Za-zÀ-ɏ]{4,}", text[:300])
    shouted = bool(words) and sum(w[0].isupper() for w in words) > 0.6 * len(words) and len(words) > 3
    runs = []
    for match in _RUN.finditer(before, offset):
        name = re.sub(r"['’]s$", "", match.group()).strip(" .,'’")
        parts = name.split()
        while parts and (parts[0].lower().strip(".,") in _STOP or _ELIDED.search(parts[0])):
            parts.pop(0)
        if (
            parts
            and not (len(parts) == 1 and _ACRONYMS.fullmatch(parts[0]))
            and (parts[-1] == "AI" or parts[-1].lower() not in _STOP)
            and len(parts) <= (3 if shouted else 5)
        ):
            runs.append((match.start(), match.end(), " ".join(parts)))
    if not runs:
        return ""
    start, end, name = runs[0] if shouted or first else runs[-1]
    if shouted and (start > offset + 12 or before[end:].strip(" ,")):
        return ""
    # What stands between the name and its verb may be an aside, not another sentence's worth.
    if re.search(r"\d", name.split()[-1]) and not re.search(r"\b(?:AI|Labs?)\b", name):
        return ""  # "Aurora-1 is published": what is opened, not who opens it
    return name if len(before) - end <= 90 and re.search("[A-Za-z]{2}", name) else ""


def _cjk_maker(text: str, before: str, after: str) -> str:
    if re.search("[\uac00-\ud7a3]", text):
        match = _KO_MAKER.search(text[:60])
        return match.group(1) if match and not _NO_MAKER.search(match.group(1)) else ""
    if re.search("[\u3041-\u309f]", text):
        for match in (_JA_COMPANY.search(text[:120]), _JA_MAKER.search(text[:60])):
            if match and not (_NO_MAKER.search(match.group(1)) or _ACRONYMS.fullmatch(match.group(1))):
                return match.group(1).strip()
        return ""
    match = _ZH_MAKER.search(before)
    if match:
        return match.group(1).strip()
    match = _ZH_PLAIN.search(before)
    if match and not _ZH_NO.search(match.group(1)):
        return match.group(1)
    latin = re.search(
        r"(?:^|[，,。！!：:\s])([A-Z][A-Za-z0-9.]{2,18}(?: (?:AI|Labs?|Research|Team))?)\s*(?:正式|宣布|今日|已|重磅|又|全面|也)*\s*$",
        before,
    )
    if latin is None or latin.group(1).lower() in _STOP or _ACRONYMS.fullmatch(latin.group(1)):
        return ""
    # "Kaku 开源，…": nothing follows that it could open, so it is what is opened.
    return latin.group(1) if not _NO_OBJECT.match(after) else ""

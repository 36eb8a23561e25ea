"""Names and kinds of the things opened: ``what`` and ``type`` of a clause."""

from __future__ import annotations

import re

from pipeline.clauses import Clause, Opening, families_in, licences_in
from pipeline.headline_names import headline_names, presented_name
from pipeline.lexicon import CJK, listed
from pipeline.model import ArtifactType
from pipeline.names import name_key

#: More names than this in one announcement are a list; the first ones are its matter.
NAMES_MAX = 4

_QUOTED = re.compile(r"(?:[「『《“‘«„\"]|(?<![A-Za-z])')([^「」『』《》“”‘’«»„\"'\n]{2,48})[」』》”“’»\"']")
#: A word of a name: has a capital or a digit; parts joined by hyphens, points, slashes.
_WORD = r"[A-Za-z0-9À-ɏ]+(?:[-.·+][A-Za-z0-9À-ɏ]+)*"
_NAME = re.compile(rf"(?<![A-Za-z0-9À-ɏ/@.-])({_WORD}(?: {_WORD}){{0,5}})")
_DASHED = re.compile(
    r"^(?:(?:show|launch) \w{2,3}:\s*)?(?:introducing |announcing |meet |presenting )?([^:–—|，,(（]{2,48}?)(?:\s*[:：–—，,(（]\s*|\s+-\s+|\s+is (?:an?|the|now) )",
    re.I,
)
#: A plain name: begins with a capital, may end in a number. Elided articles are no part of it.
_PROPER = (
    r"(?:(?:[LlDd]|[Qq]u)['’])?(?P<name>[A-ZÀ-ÖØ-Þ][A-Za-z0-9À-ɏ]*(?:[-.+][A-Za-z0-9À-ɏ]+)*"
    r"(?: (?:[A-ZÀ-ÖØ-Þ][A-Za-z0-9À-ɏ.-]*|\d+(?:\.\d+)*)){0,3})(?!['’][A-Za-zÀ-ɏ])"
)
#: "the weights of X", "les poids de X", "los pesos de X", "die Gewichte von X".
_PARTS_OF = re.compile(
    r"\b(?:weights|checkpoints?|code|design|source|version|copy|poids|pesos|código|Gewichte[n]?|Quellcode|Code)"
    r"(?: (?:of|for|to|behind|de|du|del|von|für|zu)\s+|\s+d(?=['’]))"
    r"(?:(?:its|the|our|their|le|la|el|sein\w*|ihr\w*) (?:[a-zà-ÿ-]+ ){0,4})?" + _PROPER
)
#: "X, a speech model", "X, un modèle qui …", "X, sein neues Sprachmodell".
_APPOSED = re.compile(
    rf"(?<![\w'’.-]){_PROPER}\s*[,–—:]\s+(?:[Aa]n?|[Tt]he|[Ii]ts|[Tt]heir|[Oo]ur|une?|le|la|son|sa|notre|eine?[nms]?|"
    r"sein\w*|ihr\w*|das|die|der|el|su|nuestro) (?=(?P<what>[^,;:.]{2,60}))"
)
#: Between a word for the kind of thing and its name: nothing, or the adjective that follows it in French and Spanish.
_KIND_NAME = re.compile(rf"(?:-[A-Z]\w+)?(?: (?:de |d['’])?[a-zà-ÿ]+){{0,3}} {_PROPER}(?=$|[\s,.;:()!?–—…])")
_SPACE_NAME = re.compile(
    rf"(?:-[A-Za-z]\w+)?,? (?:namens |called |named |appelé |llamado )?{_PROPER}(?=$|[\s,.;:()!?–—…])"
)
_SEPARATOR = re.compile(r"\s*(?:[:：–—,，(（]|\s-\s)")
#: What stands after one of these is what the thing is for or made of, not the thing.
_AFTER = re.compile(
    r"(?:\b(?:for|with|in|on|to|via|using|by|than|from|into|like|versus|vs|over|against|beats?|accelerates|scores|powered by|combines?|alongside|outperforms?|outperforming|surpass\w*|rivals?|tops?|lawsuits over|alternative to|based on|compared to|"
    r"für|mit|auf|in|pour|avec|sur|para|con|en|sobre)|基于|对标|超越|超过|超|优于|赶超|击败|打败|碾压|叫板|挑战|登顶|登上|登陆|上线|助力|面向|针对|替代|平替|接入|媲美|比肩|支持|适配|搭载|兼容|同时跑在|跑在|跑|在)\s*(?:the |your |its )?$",
    re.I,
)
#: Names of Chinese things: after the word for what it is, or after its maker; with a number, or in brackets.
_ZH_KIND = r"(?:大?模型|框架|数据集|引擎|工具|平台|系统|智能体|模型家族)"
_ZH_NUMBERED = re.compile(
    r"(?<![A-Za-z0-9.])(?P<name>[\u4e00-\u9fff]{2,6}[- ]?(?:[A-Za-z]{0,3}[- ]?\d+(?:\.\d+)*[BMbm]?(?:-[A-Za-z]+)?))(?![\d.]*(?:\s*(?:月|日|年|个|款|亿|万|种|项|倍|％|%|美元|元|人|家|天|小时|"
    r"分|次|位|条|层|级|号|版|周|期|张|卡|步|点|大|颗|核|G\b|GB|K\b|T\b)))"
)
_ZH_BRACKETED = re.compile(
    rf"{_ZH_KIND}\s*(?P<name>[\u4e00-\u9fff]{{2,6}})\s*[（(][A-Za-z][\w .-]{{1,30}}[）)]"
)
_ZH_CUT = re.compile(
    rf".*(?:{_ZH_KIND}|公司|团队|实验室|研究院|智能|科技|发布|推出|开源|放出|公开|上线|开放|将|的|款|和|与|及|了|代)"
)
#: "누리 2(Nuri 2)", "谷雨V2（Guyu V2）": the same name in Latin letters.
_LATIN_TOO = re.compile(
    rf"(?P<local>[{CJK}][{CJK}A-Za-z0-9 .-]{{0,20}}?)\s*[（(]\s*(?P<latin>[A-Z][A-Za-z0-9À-ɏ .+-]{{1,40}}?)\s*[)）]"
)
_OBJECT = re.compile(rf"[\s:]*{_PROPER}")
_VERSION = re.compile(r"^[vV]?\d+(?:\.\d+)*(?:[A-Za-z]{0,3})?$")
_EDITION = re.compile(r"^[Vv]\d+(?:\.\d+)*$")
_SIZES = re.compile(
    r"^(?:\d+(?:\.\d+)?[BM]-A\d+(?:\.\d+)?B|\d+(?:\.\d+)?[kKwW]|\d+(?:\.\d+)*[ab]\d+|\d+-(?:million|billion|trillion)\S*|[A-Z]{2,5}s|\d+-[A-Za-z]+|[234]D|[248]K|\d+(?:\.\d+)?%?|[Vv]\d|20\d\d|24/7|H[12]00|[AB][12]00|5G|6G|Q[1-4]|[WSF]\d\d|\d+(?:\.\d+)?[MBT](?:-[Pp]ara\w*)?|\d+(?:\.\d+)?[-a-z]\w*-\w*(?:[Pp]aram|[Cc]ontext|[Tt]oken)\w*|[0-9.]+(?:-?bit|x|X|th|st|nd|rd|min|ms|GB|TB|MB|fps|p))$"
)
_COMMON = listed(
    "the a an and or of for with to in on at by from is are was its it this that new open source weights weight "
    "ai llm llms vlm vla api cli sdk gpu cpu ide mcp rag tts asr ocr ml moe rl hn show introducing announcing today "
    "first we our i how why what model models agent agents code data apache mit license licence github hugging face "
    "under now us u.s china chinese open-source open-weight open-weights opensource os hf pc ceo cto app web ui ios mac windows "
    "linux python rust java javascript typescript agi gui os oss llm-based ai-powered real-time end-to-end multi-agent "
    "state-of-the-art text-to-speech text-to-image text-to-video text-to-video speech-to-text local-first self-hosted "
    "macos ipados token tokens gguf moe-based saas b2b sota yc mac iphone ipad wasm webgpu cuda nvfp4 fp4 fp8 int4 int8 lora kv paas devops "
    "large small mini das die der le la les el los las une un startup start-up day week team lab labs research company "
    "weekly daily newsletter opinion update exclusive report paper note part video guide tutorial news sources source release engine "
    "teile teil komponenten quellcode gewichte daten modell modelle modellgewichte datensatz programm bibliothek"
)

#: "框架 Eve", "框架：QM": after the word for what it is, a name may be short.
_ZH_KIND_NAME = re.compile(rf"{_ZH_KIND}\s*[:：]?\s*(?P<name>[A-Z][A-Za-z0-9.-]{{1,30}}(?: \d[\w.]*)?)")
_ZH_KIND_BEFORE = re.compile(rf"{_ZH_KIND}\s*$")
_ZH_KIND_AFTER = re.compile(rf"\s*{_ZH_KIND}")
_CLOSING = str.maketrans("「『《“‘", "」』》”’")
#: ", which combines …", ", its first model to …": told of the thing named before.
_ASIDE_MARK = re.compile(
    r",\s+(?:which|that|who|an?|its|the|with|built|outperform\w+|beating|including|crafted|trained|based|after|as|while|amid)\b"
)
_KANA = re.compile("[\u3041-\u30fa]")
_COLON = re.compile(r"[:：](?=\s|[^\x00-\x7f])")
_DATA_BEFORE = re.compile(r"(?:データ|数据|데이터)$")
#: A name as the subject of a sentence: what follows is its verb.
_SUBJECT = re.compile(
    rf"{_PROPER},? (?=(?:is|was|can|has|will|comes|runs|weighs|ist|kann|wird|hat|läuft|est|peut|sera|tourne|es|puede|será|está)\b)"
)
#: An organisation's name that goes on without a space is part of a longer name: "Ebro-7B".
_GOES_ON = re.compile(r"-?\d|-[A-Z]\w*\d")
_ZH_BOUND = re.compile(r"(?:^|[，,。：:、“”《「」》｜|！!\s（(])$")
_ZH_COUNTED = re.compile(
    r"最高|最低|一个|一款|小时|分钟|中型|超过|超|达|约|近|仅|第|前|后|降|升|涨|高达|低至|不到|至|共|年|月|日|号|版本|完整|参数|长度|上下文"
)
_ROMANCE_KINDS = listed(
    "modèle modelo logiciel moteur outil framework corpus bibliothèque motor biblioteca herramienta conjunto application aplicación"
)

#: A name that says what it is.
_BENCH = re.compile(r"\b[A-Z]\w*(?:Bench|Eval)\b")

_TYPES: tuple[tuple[str, ArtifactType], ...] = (
    ("type_dataset", ArtifactType.DATASET),
    ("type_benchmark", ArtifactType.BENCHMARK),
    ("type_model", ArtifactType.MODEL),
    ("type_code", ArtifactType.CODE),
    ("type_protocol", ArtifactType.PROTOCOL),
    ("type_hardware", ArtifactType.HARDWARE),
)


def names_in(clause: Clause, opening: Opening, *, headline: bool = False) -> tuple[str, ...]:
    """Return artifact names the clause holds, by place, without the maker's name."""
    text = clause.text
    if headline:
        presented = presented_name(text)
        if presented:
            return (presented[1],)
    shut = _shut(clause)
    found: list[tuple[int, str]] = []
    for match in _QUOTED.finditer(text):
        inner = _latin_first(match.group(1).strip())
        if _quoted_name(inner) and not _inside(match.start(1), shut):
            found.append((match.start(1), inner))
    cjk = re.search(f"[{CJK}]", text) is not None
    families = {hit.start for hit, _, openness in families_in(clause) if openness != "closed"}
    loose: list[tuple[int, str]] = []
    for match in _NAME.finditer(text):
        loose += _names_of_run(match.start(1), match.group(1), families, shut, cjk=cjk)
    kana = _KANA.search(text) is not None
    if cjk and not kana:
        # In Chinese, marks around plain words stress them; the name is the one in Latin letters.
        found = [
            pair for pair in found if re.search(r"[A-Za-z0-9]", pair[1]) or _titled(text, pair[0], loose)
        ]
        loose += [
            (m.start("name"), m["name"])
            for m in _ZH_KIND_NAME.finditer(text)
            if m["name"].lower() not in _COMMON
        ]
    introduced = (
        headline_names(text, [*clause.of("open_verb"), *clause.of("release_verb")]) if headline else []
    )
    if introduced and not found:
        return _each_once(introduced)
    chosen = _chosen(text, opening, loose)
    found += chosen
    if headline and not found:
        dashed = _DASHED.match(text)
        if dashed and _head_name(dashed.group(1)) and not _inside(dashed.start(1), shut):
            found.append((dashed.start(1), dashed.group(1).strip()))
    if cjk and not found:
        found += _han_names(clause, shut)
    if not found:
        found += _plain_names(clause, opening, shut)
    if not found:
        found += _capitalised_object(text, opening, shut)
    # Better the thing it is for than no name at all.
    return _each_once(found or loose)


def _shut(clause: Clause) -> list[tuple[int, int]]:
    """Where no artifact's name begins: makers, licences, closed families."""
    text = clause.text
    families = families_in(clause)
    shut = [
        (h.start, h.end)
        for h in clause.of("org")
        if not (
            any(f.start == h.start and f.end >= h.end for f, _, _ in families) or _GOES_ON.match(text, h.end)
        )
    ]
    shut += [(h.start, h.end) for h, _ in licences_in(clause)]
    shut += [(h.start, h.end) for h, _, openness in families if openness == "closed"]
    return shut


def _each_once(found: list[tuple[int, str]]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for _, name in sorted(found):
        key = name_key(name)
        if not key or any(key in other or other in key for other in kept):
            continue
        kept[key] = name
    return tuple(kept.values())[:NAMES_MAX]


def _chosen(text: str, opening: Opening, loose: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Leave out what the thing is for, made of or measured by."""
    own = [(at, name) for at, name in loose if not _AFTER.search(text[max(0, at - 24) : at])]
    cut = _COLON.search(text)
    if cut and any(at < cut.start() for at, _ in own):
        # "X is open: the first to beat Y": what follows tells of X.
        own = [(at, name) for at, name in own if at < cut.start()]
    cut = _ASIDE_MARK.search(text, opening.until)
    if cut:
        # "opens X, which combines Y": the same, also where X is a plain word.
        own = [(at, name) for at, name in own if at < cut.start()]
    stop = text.find("，", opening.until)
    if stop >= 0 and any(opening.until <= at < stop for at, _ in own):
        # "开源X，超越Y": the object stands in the verb's own part of the sentence.
        own = [(at, name) for at, name in own if at < stop]
    return own


def _titled(text: str, at: int, loose: list[tuple[int, str]]) -> bool:
    """Whether a quoted Chinese phrase is a name: beside the word for what it is, or in title marks."""
    close = text.find(text[at - 1 : at].translate(_CLOSING), at)
    beside = _ZH_KIND_BEFORE.search(text[: at - 1]) or (close > 0 and _ZH_KIND_AFTER.match(text, close + 1))
    return bool(beside) or (not loose and text[at - 1 : at] in {"「", "『", "《"} and len(text) < 40)


def subject_names(clause: Clause) -> tuple[str, ...]:
    """Return the name a sentence is about, where it tells of what a headline did not name.

    "Ebro-7B can be downloaded …", "Der Datensatz „Burgruine“ …", "…音声データ「X」を…".
    """
    text = clause.text
    shut = [(h.start, h.end) for h in clause.of("org") if not _GOES_ON.match(text, h.end)]
    kinds = {hit.end for tag, _ in _TYPES for hit in clause.of(tag)}
    found: list[tuple[int, str]] = []
    for match in _QUOTED.finditer(text):
        inner = _latin_first(match.group(1).strip())
        about = any(0 <= match.start() - end <= 6 for end in kinds) or _DATA_BEFORE.search(
            text[: match.start()]
        )
        if about and _quoted_name(inner) and not _inside(match.start(1), shut):
            found.append((match.start(1), inner))
    if not found:
        match_ = _SUBJECT.match(text)
        if match_ and not _inside(0, shut) and not _SIZES.match(match_["name"]):
            name = match_["name"]
            if re.search(r"[\d-]", name) and name.split()[0].lower() not in _COMMON:
                found.append((0, name))
    return _each_once(found)


def latin_names(text: str) -> dict[str, str]:
    """Return the Latin spelling a text gives in brackets, by the key of the local name."""
    pairs: dict[str, str] = {}
    for match in _LATIN_TOO.finditer(text):
        pairs.setdefault(match["local"].strip(), match["latin"].strip())
    return pairs


def _latin_first(name: str) -> str:
    """The Latin name, where a quoted one gives both spellings."""
    both = _LATIN_TOO.fullmatch(name)
    return both["latin"].strip() if both else name


def _han_names(clause: Clause, shut: list[tuple[int, int]]) -> list[tuple[int, str]]:
    """Names in Chinese characters, which no capital tells from other words."""
    text, found = clause.text, []
    makers = {end for _, end in shut}
    for match in _ZH_NUMBERED.finditer(text):
        start, name = match.start("name"), match["name"]
        cut = max((end for end in makers if start <= end < match.end()), default=start)
        lead = _ZH_CUT.match(text[cut : match.end()])
        begin = cut + (lead.end() if lead else 0)
        bound = begin != start or _ZH_BOUND.search(text[:begin]) is not None
        name = text[begin : match.end()]
        if bound and 2 <= len(re.findall(r"[\u4e00-\u9fff]", name)) <= 4 and not _ZH_COUNTED.search(name):
            found.append((begin, name))
    found += [(m.start("name"), m["name"]) for m in _ZH_BRACKETED.finditer(text)]
    return found


def _plain_names(clause: Clause, opening: Opening, shut: list[tuple[int, int]]) -> list[tuple[int, str]]:
    """Names that are only capitalised words, where the grammar around them says that they are names."""
    text = clause.text
    found: list[tuple[int, str]] = []

    def take(match: re.Match[str] | None) -> None:
        if match is None:
            return
        start, name = match.start("name"), match["name"].rstrip(".-")
        first = name.split()[0].lower()
        if first in _COMMON or _inside(start, shut) or _SIZES.match(name) or len(name) < 3:
            return
        if not any(start == at for at, _ in found):
            found.append((start, name))

    shouted = _shouted(text)
    kinds = [hit for tag, _ in _TYPES for hit in clause.of(tag)]
    for match in _APPOSED.finditer(text):
        begin, end = match.span("what")
        if (not shouted or match.end("name") - match.start("name") < 24) and any(
            begin <= hit.start < end for hit in kinds
        ):
            take(match)
    if found or shouted:
        return found[:1] if shouted else found
    take(_PARTS_OF.search(text))
    for hit in sorted(kinds):
        word = text[hit.start : hit.end]
        # An English "model" precedes its name at once; a French or Spanish one may have an adjective first.
        romance = word.lower() in _ROMANCE_KINDS
        if found or word.isupper() or not (romance or hit.end >= opening.at or word[0].isupper()):
            continue
        take((_KIND_NAME if romance else _SPACE_NAME).match(text, hit.end))
    return found


def _shouted(text: str) -> bool:
    words = re.findall(r"[A-Za-zÀ-ɏ]{4,}", text[:400])
    # German writes its nouns with capitals too; a headline in title case has hardly a small word.
    return not words or sum(w[0].isupper() for w in words) > (0.7 if len(words) > 5 else 0.6) * len(words)


def _inside(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _quoted_name(inner: str) -> bool:
    words = inner.split()
    if re.search(f"[{CJK}]", inner):
        return len(inner) <= 16 and not re.search("[，。！？、的了]|开源|開源|开放|协议|许可", inner)
    return len(words) <= 4 and inner[:1].isupper() and all(w[:1].isupper() or w[:1].isdigit() for w in words)


def _head_name(name: str) -> bool:
    """Whether what stands before a colon or dash is a name, not a label or half a sentence."""
    words = name.split()
    if (
        not 1 <= len(words) <= 4
        or words[0].lower() in _COMMON
        or (words[0].endswith("ing") and len(words[0]) > 6)
    ):
        return False
    return all(w[:1].isupper() or w[:1].isdigit() or any(c.isupper() for c in w) for w in words)


def _names_of_run(
    start: int, run: str, families: set[int], shut: list[tuple[int, int]], *, cjk: bool
) -> list[tuple[int, str]]:
    """Cut names with a number, an inner capital or a known family out of a run of words."""
    places: list[tuple[int, str]] = []
    at = start
    for word in run.split(" "):
        places.append((at, word))
        at += len(word) + 1
    found: list[tuple[int, str]] = []
    index = 0
    while index < len(places):
        at, word = places[index]
        family = any(at <= f < at + len(word) for f in families)
        edition = bool(index and _EDITION.match(word) and _part(places[index - 1][1]))
        if _inside(at, shut) or not (family or edition or _namelike(word) or (cjk and _foreign(word))):
            index += 1
            continue
        first = index
        # "Maia 3", "Laguna S 2.1": the version's own name stands before it.
        if not family and (_VERSION.match(word) or len(word) <= 3):
            while first > 0 and _part(places[first - 1][1]) and not _inside(places[first - 1][0], shut):
                first -= 1
        last = index
        while (
            last + 1 < len(places)
            and last - first < 4
            and _part(places[last + 1][1])
            and not _inside(places[last + 1][0], shut)
        ):
            last += 1
        name = " ".join(word for _, word in places[first : last + 1])
        if first != last or not _VERSION.match(name):
            found.append((places[first][0], name))
        index = last + 1
    return found


def _foreign(word: str) -> bool:
    """Whether a Latin word stands out as a name, as it does in Chinese, Japanese or Korean."""
    return len(word) > 3 and word[0].isupper() and word.lower() not in _COMMON and not _SIZES.match(word)


def _namelike(word: str) -> bool:
    low = word.lower()
    if low in _COMMON or _SIZES.match(word) or low.startswith(("open-sourc", "open-weight")):
        return False
    if _SITE_OR_RUN_ON.search(word):
        return False
    digit = any(c.isdigit() for c in word)
    if digit:
        return any(c.isalpha() for c in word) or bool(_VERSION.match(word) and "." in word)
    inner = any(c.isupper() for c in word[1:])
    return inner and any(c.islower() for c in word) and "-" not in word


#: Words for a member's size: part of a name beside another part, no name alone.
_MEMBERS = listed("small large mini medium nano tiny micro max pro")
_SITE_OR_RUN_ON = re.compile(r"[a-z0-9]\.(?:dev|com|org|io|net|cn)$|[a-z]\.[A-Z][a-z]")


def _part(word: str) -> bool:
    """Whether a word may belong to a name beside it."""
    if word.lower() in _MEMBERS and word[0].isupper():
        return True
    if word.lower() in _COMMON or (word.endswith("ing") and word[0].isupper() and len(word) > 6):
        return False
    return (
        word[0].isupper()
        or (word[0].isdigit() and not re.match(r"^\d+(?:\.\d+)?%?$|^20\d\d$", word))
        or bool(re.match(r"^\d(?:\.\d+)?$", word))
    )


def _capitalised_object(text: str, opening: Opening, shut: list[tuple[int, int]]) -> list[tuple[int, str]]:
    """The capitalised words right after the verb, where the sentence does not capitalise all."""
    if _shouted(text):
        return []
    match = _OBJECT.match(text, opening.until)
    if not match or _inside(match.start("name"), shut) or match["name"].split()[0].lower() in _COMMON:
        return []
    return [(match.start("name"), match["name"].rstrip(".-"))]


def type_of(clause: Clause, opening: Opening) -> ArtifactType:
    """Return what sort of thing the clause opens, by the nearest word that says so."""
    best: tuple[float, ArtifactType] | None = None
    for tag, kind in _TYPES:
        for hit in clause.of(tag):
            away = hit.start - opening.until
            # What is opened stands after the verb in most sentences; before it costs distance.
            cost = float(away) if away >= 0 else 30.0 - away
            if best is None or cost < best[0]:
                best = (cost, kind)
    if any(licence.kind == "open-data" for _, licence in licences_in(clause)):
        # "the benchmark: data under CC BY, code under MIT": the first licence is that of the matter.
        data: ArtifactType | None = next(
            (kind for tag, kind in reversed(_TYPES[:2]) if clause.has(tag)), None
        )
        if data is not None:
            return data
    if best is None and _BENCH.search(clause.text):
        return ArtifactType.BENCHMARK
    if any(not f.software and o != "closed" for _, f, o in families_in(clause)) and (
        best is None or (best[1] is not ArtifactType.DATASET and not clause.has("type_code"))
    ):
        return ArtifactType.MODEL
    return best[1] if best else ArtifactType.OTHER

"""Clauses with everything the lexicon knows of them, and the opening a clause speaks of.

A clause is a sentence, or one half of "X opens this, while Y opens that". ``find_opening`` is the
grammar: is there a verb of opening here, or a release together with a word, licence or family that
makes it one; is it done, promised or taken back; is it denied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.knowledge import Family, Knowledge, Licence
from pipeline.lexicon import CJK, Hit
from pipeline.model import Kind
from pipeline.sentences import Sentence, split_sentences

_CUT = re.compile(
    r"; |；|, (?:while|whereas|but|although)\b|，(?:而|但|不过)|, (?:während|aber|tandis que|mais|mientras|pero) "
)

#: "open-source" as an English verb: an ending, or the bare form where only a verb can stand.
_EN_VERB = re.compile(r"\bopen[ -]?sourc(es|ed|ing|e)\b", re.I)
_BEFORE_BARE = re.compile(
    r"(?:\bto|\bwill|\bwe|\bcan|\bmay|\bmight|\bcould|\band|\bshould|['’]ll)\s+(?:also |fully |soon )?$", re.I
)
_BEFORE_NOUN = re.compile(
    r"\b(?:an?|the|its|their|our|your|newly|recently|previously|other|any|every|of|about|for|against|most|many|these|this|"
    r"with|using|on|from|why|how|largest|first|best|top)\s+(?:\w+ly )?$",
    re.I,
)

#: German parts its verbs ("legt Teile seines Modells offen"); the object in between must be one of ours.
_APART_VERBS = re.compile(
    r"\b(legt|legte|legen|gibt|gab|geben|stellt|stellte|stellen)\b(?=[^.;:!?]{0,120}?\b(?:KI\b|KI-|\w*[Mm]odell|\w*[Gg]ewichte|\w*[Qq]uell(?:code|text)|"
    r"Code\b|\w*[Dd]atens[aä]tz|Trainings\w+|Software|Bibliothek|Werkzeug|Assistenten\b))[^.;:!?]{3,140}?(?<!un)(?:\boffen\b|\bfrei\b(?! zugänglich)|\bquelloffen\b)(?! (?:lassen|bleiben))"
)
#: "to open the weights", in any form of the verb, in French and Spanish.
_OPEN_PARTS = re.compile(
    r"\b(ouvr(?:e|ir|ira|ent|iront|i)|libér(?:er|era|é)|abr(?:e|ir|irá|en|ió)|öffnet|öffnen)\s+(?:(?:tous|toutes|todos|todas|alle) )?(?:les|ses|le|son|sa|los|sus|el|su|die|seine?|das|den)\s+"
    r"(?:poids|code|modèles?|pesos|código|modelos?|Gewichte|Quellcode|Modelle?|données|datos|Daten)\b"
)
_OPENS = frozenset({"opens", "ouvre", "ouvrent", "abre", "abren", "öffnet", "öffnen"})
_ZH_OPEN = re.compile("开源|開源")
_ZH_NOUNS = re.compile(
    "\\s*(?:社区|生态|项目|协议|阵营|战略|路线|软件|领域|贡献|基金|许可|世界|社群|力量|文化|精神|理念|组织|运动|大会|时代|竞赛|之争|之路|与|的|是|不|模型的|大模型的|框架的|和闭源|还是|派|党|界)"
)
_ZH_AFTER_VERB = re.compile("\\s*(?:$|[，,！!。；;：:、｜|）)】…～~]|了|啦|并|后)")
_ZH_NOT_MAKER = re.compile(
    "(?:首个|首款|国产|中国|免费|最强|全球|最大|第一|的|与|和|从|为|是|对|及|大|用|做|在|向|款|个|不|非|热门|顶级|主流|新|各|多|些|看|到|被|把|最|级|最佳|知名|经典|美国|国内|海外|支持|基于|使用|接入|采用|关于|什么|如何|轻量|端侧|本地|企业级|以及|优秀|最火|爆火|流行|发布|推出|上线|全|可)$"
)
#: A company, a laboratory, a team: what it does with 开源 is a verb, whatever the object is called.
_ZH_MAKER_END = re.compile(
    "(?:公司|团队|实验室|研究院|研究所|科技|大学|集团|(?<!人工)(?<!具身)(?<!通用)(?<!群体)智能)$"
)
_ZH_OBJECT = re.compile('\\s*(?:[A-Z0-9《「“"【]|自研|全新|新一代|首个|首款|旗下|多款|两款|三款|系列|其|一)')

#: "an open 295B mixture-of-experts model": open, a few words, and what it is.
_OPEN_MODEL = re.compile(
    r"\b[Oo]pen(?:[ -](?!source|ai\b|ended|world\b[ -](?!model))[\w.]+){0,5}[ -](?:models?|LLMs?|weights|suite|stack)\b",
    re.I,
)
_SIZE_NEXT = re.compile(r"[\w. -]{0,24}?\d(?:\.\d+)?[BbM]\b")

_DE_WILL = re.compile(
    r"\b(?:will|wird|werden|wollen|möchte|soll)\b[^.]{0,120}\b(?:veröffentlichen|freigeben|offenlegen|öffnen|bereitstellen|veröffentlicht|freigegeben)\b"
)
_DIGIT_NEXT = re.compile(r"[\s-]?[vV]?\d")
_NEXT_WORDS = re.compile(r"[^\W_]+")
#: "(MIT)", "(local, MIT)": alone in a bracket, or last in a list there.
_PAREN_BEFORE, _PAREN_AFTER = (
    re.compile(r"[(（](?:[^()（）]{0,40}[,;/·、，]\s?)?\s*$"),
    re.compile(r"\s*[)）]"),
)
#: "goes Apache", "is now MIT", "wechselt zu GPL": a licence as what something becomes.
_TURNS = re.compile(r"\b(?:goes|went|going|turns|turned|is now|now|wird|passe (?:en|sous)|pasa a) $", re.I)
_SCHOLARS = re.compile(
    r"\b(?:researchers?|scientists?|professors?|students?|stud(?:y|ies)|university|campus|paper|class|lecture|spin-?off|lab)\b",
    re.I,
)
_ZH_NEXT = re.compile("\\s?(?:开源|開源)")
#: A licence of the maker's own: under the "Kimi K3 License".
_OWN_LICENCE = re.compile(
    r"\bunder (?:its|the|a|an|their)(?: own| new)? [\"“']?[A-Z][\w.-]*(?: [A-Z0-9][\w.-]*){0,4} Licen[sc]e\b"
)

#: How far from the verb a word of promising still belongs to it, in characters.
_PLAN_BEFORE, _PLAN_AFTER = 60, 90
_CJK_PLAN_AFTER = 16


#: A maker named in the first characters of a clause is what it tells of.
TOPIC_REACH = 12
#: So much of a clause is read to find it: no name is longer.
_TOPIC_READ = 96


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """A clause, its place in the field (code points), its sentence, and what is heard in it.

    It is read when first asked for, as most clauses of an article never are.
    """

    text: str
    start: int
    sentence: Sentence
    index: int  # number of its sentence in the field
    knowledge: Knowledge
    _read: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def hits(self) -> dict[str, list[Hit]]:
        """Hits by list."""
        hits: dict[str, list[Hit]] | None = self._read.get("hits")
        if hits is None:
            hits = self._read["hits"] = _heard(self.text, self.knowledge)
        return hits

    def has(self, *tags: str) -> bool:
        """Whether any of the lists was heard."""
        return not self.hits.keys().isdisjoint(tags)

    def of(self, tag: str) -> list[Hit]:
        """Hits of one list, by place."""
        return self.hits.get(tag, [])

    def topic(self) -> str:
        """Return the organisation the clause begins with, ``""`` if it begins with none."""
        hits = self._read.get("hits")
        if hits is None:
            hits = _heard(self.text[:_TOPIC_READ], self.knowledge)
        for hit in hits.get("org", ()):
            if hit.start <= TOPIC_REACH:
                return str(getattr(hit.value, "name", ""))
        return ""


class Opening(NamedTuple):
    """What a clause says is opened: how surely, at which stage, where its verb stands."""

    grade: str  # verb, licence, release, family, free, nominal
    stage: Kind
    at: int  # where the verb starts in the clause
    until: int  # where it ends


def read_clauses(text: str, knowledge: Knowledge) -> Iterator[Clause]:
    """Yield the clauses of a field, each scanned once."""
    for index, sentence in enumerate(split_sentences(text)):
        yield from cut_sentence(sentence, index, knowledge)


def cut_sentence(sentence: Sentence, index: int, knowledge: Knowledge) -> Iterator[Clause]:
    """Yield the clauses of one sentence."""
    begin = 0
    for match in [*_CUT.finditer(sentence.text), None]:
        end = match.start() if match else len(sentence.text)
        part = sentence.text[begin:end]
        if part.strip():
            yield Clause(part, sentence.start + begin, sentence, index, knowledge)
        begin = end


def _heard(part: str, knowledge: Knowledge) -> dict[str, list[Hit]]:
    hits: dict[str, list[Hit]] = {}
    for hit in knowledge.lexicon.scan(part):
        hits.setdefault(hit.tag, []).append(hit)
    if "open_weights" not in hits:
        loose = _OPEN_MODEL.search(part)
        if loose:
            hits["open_weights"] = [Hit(loose.start(), loose.end(), "open_weights", None)]
    named = hits.get("licence", []) + hits.get("licence_bare", [])
    if named and "org" in hits:
        # The MIT of "MIT License", the Stability AI of its licence, open nothing here.
        hits["org"] = [h for h in hits["org"] if not any(n.start <= h.start < n.end for n in named)]
        if not hits["org"]:
            del hits["org"]
    return hits


def licences_in(clause: Clause) -> list[tuple[Hit, Licence]]:
    """Return licences the clause names; a bare "MIT" only beside a word for licence."""
    known: list[tuple[Hit, Licence]] | None = clause._read.get("licences")
    if known is None:
        known = clause._read["licences"] = _licences(clause)
    return known


def _licences(clause: Clause) -> list[tuple[Hit, Licence]]:
    found = [(hit, hit.value) for hit in clause.of("licence") if isinstance(hit.value, Licence)]
    words = clause.of("licence_word")
    for hit in clause.of("licence_bare"):
        if any(h.start <= hit.start < h.end for h, _ in found) or not isinstance(hit.value, Licence):
            continue
        before, after = clause.text[: hit.start], clause.text[hit.end : hit.end + 8]
        near = any(-20 <= w.start - hit.end <= 12 or 0 <= hit.start - w.end <= 8 for w in words)
        alone = (
            _PAREN_BEFORE.search(before[-48:])
            and _PAREN_AFTER.match(after)
            and (clause.has("open_source") or _last_bracket(clause, hit))
        )
        if near or alone or _ZH_NEXT.match(after) or _TURNS.search(before[-24:]):
            found.append((hit, hit.value))
    if not found and "licence_word" in clause.hits:
        own = _OWN_LICENCE.search(clause.text)
        if own:
            found.append((Hit(own.start(), own.end(), "licence", None), Licence("Custom", "custom")))
    return sorted(found, key=lambda pair: pair[0].start)


def _last_bracket(clause: Clause, hit: Hit) -> bool:
    """Whether "(MIT)" closes a line that presents a thing, and no university's paper."""
    made = clause.has("type_code", "type_model", "type_dataset", "show_hn", "release_verb", "weights")
    return made and len(clause.text) - hit.end <= 3 and not _SCHOLARS.search(clause.text)


def families_in(clause: Clause) -> list[tuple[Hit, Family, str]]:
    """Return families named here, each with how open the member meant is: open, mixed or closed."""
    known: list[tuple[Hit, Family, str]] | None = clause._read.get("families")
    if known is None:
        known = clause._read["families"] = _families(clause)
    return known


def _families(clause: Clause) -> list[tuple[Hit, Family, str]]:
    found: list[tuple[Hit, Family, str]] = []
    for hit in clause.of("family"):
        family = hit.value
        if not isinstance(family, Family):
            continue
        tail = clause.text[hit.end : hit.end + 32]
        following = [w.lower() for w in _NEXT_WORDS.findall(tail)[:4]]
        if following[:1] == ["s"]:
            following = following[1:]  # "DeepSeek's R1"
        numbered = bool(_DIGIT_NEXT.match(tail)) or clause.text[hit.end - 1].isdigit()
        named = bool(following) and any(
            following[0] == word or (following[0].startswith(word) and following[0][len(word) :].isdigit())
            for word in family.named
        )
        written = clause.text[hit.start : hit.end]
        if family.digits and not (numbered or named or " " in written or len(written) > 8):
            continue
        if family.strict and not any(
            h.value is not None and getattr(h.value, "name", "") == family.maker for h in clause.of("org")
        ):
            continue
        openness = family.members
        if openness != "closed" and any(word in family.closed for word in following):
            openness = "closed"
        elif openness == "mixed" and (any(w in family.open for w in following) or _SIZE_NEXT.match(tail)):
            openness = "open"  # a member named by its size is one to be downloaded
        found.append((hit, family, openness))
    return found


def find_opening(clause: Clause, *, headline: bool = False) -> Opening | None:
    """Return the opening this clause speaks of, None where it speaks of none or denies it."""
    key = "headline" if headline else "opening"
    if key not in clause._read:
        passes = clause.knowledge.gate.may_open(clause.text, headline=headline)
        clause._read[key] = _opening(clause, headline=headline) if passes else None
    opening: Opening | None = clause._read[key]
    return opening


def _opening(clause: Clause, *, headline: bool) -> Opening | None:
    if clause.has("negation") and not clause.has("reversed"):
        return None
    verb = _open_verb(clause)
    openness = clause.has("open_source", "open_weights", "open_data")
    licences = licences_in(clause)
    if clause.has("reversed") and (openness or licences or clause.has("weights", "licence_word") or verb):
        at = clause.of("reversed")[0]
        return Opening("verb", Kind.REVERSED, at.start, at.end)
    if verb:
        return Opening("verb", _stage(clause, verb[0]), *verb)
    release = clause.of("release_verb")
    hosted = clause.has("weights") and clause.has("hub", "release_verb")
    turned = any(_TURNS.search(clause.text[: hit.start][-24:]) for hit, _ in licences)
    if licences and (release or turned or clause.has("licence_word")):
        at = release[0] if release else licences[0][0]
        return Opening("licence", _stage(clause, at.start), at.start, at.end)
    if release and (openness or hosted):
        return Opening("release", _stage(clause, release[0].start), release[0].start, release[0].end)
    opens = next((h for h in release if clause.text[h.start : h.end].lower() in _OPENS), None)
    made = clause.has("type_model", "type_code", "type_protocol", "type_dataset")
    if opens and made:
        return Opening("release", _stage(clause, opens.start), opens.start, opens.end)
    if release and clause.has("restricted") and (made or headline):
        return Opening("release", _stage(clause, release[0].start), release[0].start, release[0].end)
    planned = clause.of("planned")
    if planned and (openness or hosted):
        return Opening("release", Kind.PLANNED, planned[0].start, planned[0].end)
    family = next((h for h, f, o in families_in(clause) if o == "open" and not f.software), None)
    if family and release and not clause.has("adoption"):
        return Opening("family", _stage(clause, release[0].start), release[0].start, release[0].end)
    if release and _free_of_charge(clause, release[0]):
        return Opening("free", _stage(clause, release[0].start), release[0].start, release[0].end)
    if headline and (
        clause.has("open_source", "open_weights")
        or (clause.has("weights") and clause.has("restricted", "hub"))
    ):
        at = (clause.of("open_source") or clause.of("open_weights") or clause.of("weights"))[0]
        return Opening("nominal", Kind.RELEASED, at.start, at.end)
    return None


def _free_of_charge(clause: Clause, release: Hit) -> bool:
    """Whether what is released is also what is free; another maker in between owns the gift."""
    return any(
        not any(
            min(release.end, free.end) <= h.start < max(release.start, free.start) for h in clause.of("org")
        )
        for free in clause.of("free_only")
    )


def _open_verb(clause: Clause) -> tuple[int, int] | None:
    """Where a verb that can only mean opening stands."""
    hits = clause.of("open_verb")
    if hits:
        return hits[0].start, hits[0].end
    for match in _EN_VERB.finditer(clause.text):
        before = clause.text[max(0, match.start() - 40) : match.start()]
        bare = match.group(1).lower() == "e"
        if bare and not _BEFORE_BARE.search(before):
            continue
        if not bare and _BEFORE_NOUN.search(before):
            continue
        return match.start(), match.end()
    parted = parted_verb(clause)
    if parted:
        return parted
    for match in _ZH_OPEN.finditer(clause.text):
        if _zh_verb(clause, match.start(), match.end()):
            return match.start(), match.end()
    return None


def parted_verb(clause: Clause) -> tuple[int, int] | None:
    """Return where a verb of opening stands whose object parts or follows it, in German, French, Spanish."""
    for pattern in (_APART_VERBS, _OPEN_PARTS):
        found = pattern.search(clause.text)
        if found:
            return found.start(), found.end(1)
    return None


def _zh_verb(clause: Clause, start: int, end: int) -> bool:
    """Whether 开源 here is something somebody does, not what something is called."""
    before = clause.text[max(0, start - 40) : start].rstrip()
    after = clause.text[end : end + 20]
    if _ZH_NOUNS.match(after):
        return False
    if _ZH_AFTER_VERB.match(after):
        return not re.search("(?:是|为|的|非|闭源与|闭源和|与|和)$", before)
    reach = len(clause.text[:start].rstrip())
    for tag in ("org", "family"):
        if any(hit.end == reach for hit in clause.of(tag)):
            # "腾讯开源模型…" alone is a noun as often as not; an object makes it a verb.
            return not re.match("\\s*(?:模型|大模型|AI\\s*模型)(?![A-Za-z0-9《「“ ])", after)
    if not before or _ZH_NOT_MAKER.search(before):
        return False
    lead = re.split("[，,。！!？?：:；;｜|]", before)[-1].strip()
    if not 2 <= len(lead) <= 16 or lead.endswith(("模型", "AI")):
        return False
    return bool(_ZH_OBJECT.match(after)) or _ZH_MAKER_END.search(lead) is not None


def _stage(clause: Clause, at: int) -> Kind:
    """Released, or planned where a word of promising belongs to the verb."""
    for hit in clause.of("planned"):
        cjk = re.match(f"[{CJK}]", clause.text[hit.start]) is not None
        after = _CJK_PLAN_AFTER if cjk else _PLAN_AFTER
        if -_PLAN_BEFORE <= hit.start - at <= after:
            return Kind.PLANNED
    return Kind.PLANNED if _DE_WILL.search(clause.text) else Kind.RELEASED

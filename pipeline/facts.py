"""Read the announcements out of a text: who opens what, under which licence, how open, with proof."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.artifacts import NAMES_MAX, latin_names, names_in, subject_names, type_of
from pipeline.clauses import Clause, Opening, families_in, find_opening, licences_in, read_clauses
from pipeline.headline_names import presented_name
from pipeline.knowledge import Knowledge, Licence
from pipeline.makers import headline_maker, makers_of, owner
from pipeline.model import Announcement, ArtifactType, Evidence, Item, Kind, Openness
from pipeline.names import name_key

#: Lengths read of each field, in code points. Longer ones are hostile or not articles.
LIMITS = {"title": 2_000, "summary": 20_000, "text": 200_000}

#: A clause that tells old news only counts where it opens with a verb that means nothing else.
_GRADES = {"verb": 5, "licence": 4, "release": 3, "family": 2, "nominal": 1, "free": 0}

#: A licence named this many sentences after the opening still belongs to it.
_LICENCE_REACH = 3

#: So many sentences below the headline may name what it left unnamed.
_BELOW = 6

#: To lay open is not yet to say how: only source code or weights make it one or the other.
_LAYS_OPEN = re.compile(r"(?:legt|legte|legen|gibt|gab|geben|stellt|stellte|stellen|offen\w+)\b")
#: Data called open source: still data.
_OPEN_DATA_SET = re.compile(
    r"\bopen[ -]source(?:d|s)? (?:\w+ ){0,2}?(?:data ?sets?|benchmarks?|corpus|corpora)\b|开源(?:了)?\w{0,6}(?:数据集|基准|评测集)"
    r"|オープンソースの?(?:データセット|ベンチマーク)|오픈소스 (?:데이터셋|벤치마크)",
    re.I,
)
_CALLED_OPEN = re.compile(
    r"open[ -]?sourc|\bcode\b|quell(?:code|offen)|código|开源|開源|代码|オープンソース|\bOSS|コード|오픈\s?소스|코드",
    re.I,
)
_SOURCE_CODE = re.compile(r"[Qq]uell(?:code|text|offen)")

#: A comparison, or a thing beside the one that is opened: its licence is not the announcement's.
_ASIDE = re.compile(
    r"\b(?:unlike|by contrast|in contrast|compared (?:with|to)|whereas|rivals?|competitors?|competing|predecessor|previous (?:version|model|release)|"
    r"earlier (?:version|model|release)|older|adjacent|other (?:models|labs)|companion|accompanying|separate(?:ly)?|side project|helper|"
    r"anders als|im Gegensatz|im Vergleich|Konkurrenz\w*|Vorgänger\w*|Begleit\w*|contrairement|par rapport|concurrents?|prédécesseur|précédente?|"
    r"à côté|a diferencia|frente a|en comparación|competidor\w*|predecesor\w*|anterior(?:es)?|complementari[oa])\b"
    r"|相比|不同于|对比|上一代|前代|此前的|竞品|配套|附带|もう一方|前の版|比べ|競合|付属|이전 버전|경쟁|비해|달리|별도",
    re.I,
)

#: One article tells of so many openings at most; a list of hundreds is a catalogue page.
_ROWS_MAX = 60

_FROM = re.compile(r"(?:\bfrom|\bvon|\bde|\bdel|\bleaves|\bdrops|从|由)\s+(?:the\s+)?$", re.I)

#: "Who builds on it must disclose": a duty under a licence, not an opening.
_DUTY = re.compile(
    r"\b(?:must|muss|müssen|doit|doivent|debe|deben)\b(?! read| see| try)|必须|必須|なければならない|해야 한다",
    re.I,
)
_HEARSAY = re.compile(r"\?\s*$|？\s*$")


@dataclass(frozen=True, slots=True)
class Reading:
    """One clause that speaks of an opening, before what belongs together is put together."""

    field: str
    clause: Clause
    opening: Opening
    announcement: Announcement


def read_announcements(item: Item, knowledge: Knowledge) -> tuple[Announcement, ...]:
    """Return every announcement in title, summary and text, the leading one first.

    A sentence that denies, adopts or merely mentions gives none. Announcements of one maker and
    one artifact are one, with the best of their sentences as evidence.
    """
    return gather(readings(item, knowledge))


def fields_of(item: Item) -> list[tuple[str, str]]:
    """Return the fields that hold words, in reading order, cut to what is read of them."""
    every = (("title", item.title), ("summary", item.summary), ("text", item.text))
    return [(name, value[: LIMITS[name]]) for name, value in every if value]


def readings(
    item: Item, knowledge: Knowledge, clauses: Sequence[tuple[str, Clause]] | None = None
) -> list[Reading]:
    """Return each clause that opens something, in reading order."""
    if clauses is None:
        clauses = [(name, c) for name, value in fields_of(item) for c in read_clauses(value, knowledge)]
    found: list[Reading] = []
    spoken = _Spoken(clauses, knowledge)
    for place, (name, clause) in enumerate(clauses):
        opening = find_opening(clause, headline=name == "title")
        if opening is None or not _counts(clause, opening, name):
            continue
        what = names_in(clause, opening, headline=name == "title")
        who = makers_of(clause, opening, knowledge, item, spoken.before(place), field=name, what=what)
        if who:
            spoken.note(place, who)
        row = _announce(name, clause, opening, who, _nearby(clauses, place), what)
        if row is not None:
            found.append(Reading(name, clause, opening, row))
            if len(found) >= _ROWS_MAX:
                break
    return _named_below(found, clauses)


class _Spoken:
    """Who was last spoken of before a clause: what "it" and "the company" mean there.

    Looked for backwards, and only where an opening asks; no clause is looked at twice.
    """

    def __init__(self, clauses: Sequence[tuple[str, Clause]], knowledge: Knowledge) -> None:
        self._clauses, self._knowledge = clauses, knowledge
        self._place = -1  # the last place settled, and who it leaves as spoken of
        self._who: tuple[str, ...] = ()

    def note(self, place: int, who: tuple[str, ...]) -> None:
        """Note who opened something at a place."""
        self._place, self._who = place, who

    def before(self, place: int) -> tuple[str, ...]:
        """Return who was spoken of last before a place; may be empty."""
        for at in range(place - 1, self._place, -1):
            name, clause = self._clauses[at]
            topic = clause.topic()
            # Below a headline, "the company" is the one the headline is about.
            who = (topic,) if topic else headline_maker(clause, self._knowledge) if name == "title" else ()
            if who:
                self._who = who
                break
        self._place = max(self._place, place - 1)
        return self._who


def _named_below(found: list[Reading], clauses: Sequence[tuple[str, Clause]]) -> list[Reading]:
    """Give the headline's announcement the name that only the text has, and names their Latin spelling."""
    if not found:
        return found
    below = [c for name, c in clauses if name != "title"][:_BELOW]
    first = found[0].announcement
    if not first.what and not any(r.announcement.what for r in found):
        named = next((n for c in below if (n := subject_names(c))), ())
        named = tuple(n for n in named if not any(n in maker for maker in first.who))
        found[0] = replace(found[0], announcement=replace(first, what=named[:1]))
    latin = {key: value for _, c in clauses[: 2 * _BELOW] for key, value in latin_names(c.text).items()}
    if not latin:
        return found
    return [replace(r, announcement=_spelled(r.announcement, latin)) for r in found]


def _spelled(row: Announcement, latin: Mapping[str, str]) -> Announcement:
    """Put the Latin spelling before a local name, so that both languages' readers know it."""
    what: dict[str, None] = {}
    for name in row.what:
        other = next((value for key, value in latin.items() if key.endswith(name)), None)
        if other:
            what[other] = None
        what[name] = None
    return replace(row, what=tuple(what)[:NAMES_MAX])


def headline_announcement(
    item: Item, clauses: Sequence[tuple[str, Clause]], kind: Kind, knowledge: Knowledge
) -> Announcement | None:
    """Return the announcement of an item that is one as a whole, though no clause says so.

    "Mellum2: a model for code" by its maker: the title is the evidence, and the summary may say
    how open it is. None where there is no title.
    """
    near = [clause for name, clause in clauses if name in {"title", "summary"}][:12]
    if not near or not item.title.strip():
        return None
    first = near[0]
    release = first.of("release_verb")
    at = (release[0].start, release[0].end) if release else (0, 0)
    opening = Opening("nominal", kind, *at)
    who = makers_of(first, opening, knowledge, item, ()) or (
        (owner(item, knowledge),) if owner(item, knowledge) else ()
    )
    row = _announce("title", first, opening, who, near, names_in(first, opening, headline=True), whole=True)
    if row is None or row.openness is not Openness.UNCLEAR:
        return row
    said = next((c for c in near[1:] if c.has("open_source", "open_weights", "weights")), None)
    if said is None:
        return row
    openness, claimed = _openness(said, near, opening, _licence(near, opening), row.type, ())
    return replace(row, openness=openness, claimed=claimed)


def proven(row: Announcement, clauses: Sequence[tuple[str, Clause]]) -> Announcement:
    """Return an announcement with its best proof: where only the words below a headline name the
    licence, the sentence that does. A headline alone would leave the reader to take it on trust.
    """
    if row.licence is None or row.evidence.field != "title":
        return row
    naming = [
        (name, clause)
        for name, clause in clauses
        if any(licence.id == row.licence for _, licence in licences_in(clause))
        and not _ASIDE.search(clause.text)
    ]
    if not naming or any(name == "title" for name, _ in naming):
        return row
    name, sentence = naming[0][0], naming[0][1].sentence
    return replace(row, evidence=Evidence(name, sentence.start, sentence.end, sentence.text))


def _counts(clause: Clause, opening: Opening, field: str) -> bool:
    """Whether this is news: not asked, not only adopted, not told of the past."""
    if opening.stage is Kind.REVERSED:
        return True
    if _HEARSAY.search(clause.text) and opening.grade != "verb":
        return False
    if field != "title" and _DUTY.search(clause.text[: opening.until]):
        return False
    if opening.grade == "licence" and field != "title" and _ASIDE.search(clause.text):
        return False
    if opening.grade in {"family", "release", "free"} and field != "title" and clause.has("background"):
        return False
    if opening.grade in {"family", "nominal", "free"} and clause.has("adoption", "howto"):
        return False
    # What is offered free is served somewhere ("無料で提供開始"): for it, serving is no objection.
    if opening.grade in {"family", "nominal"} and clause.has("hosting"):
        return False
    return not (
        opening.grade == "release"
        and clause.has("adoption", "hosting")
        and not clause.has("newness", "weights", "hub")
    )


def _nearby(clauses: Sequence[tuple[str, Clause]], place: int) -> list[Clause]:
    """The clause and the ones after it in which its licence may still be named."""
    name, first = clauses[place]
    near = [first]
    for other_name, other in clauses[place + 1 : place + 1 + 2 * _LICENCE_REACH]:
        if name == "title" and other_name == "summary":
            near.append(other)
            continue
        if other_name != name or other.index - first.index > _LICENCE_REACH:
            break
        rival = find_opening(other)
        if rival is not None and rival.grade != "licence" and other.has("org"):
            break
        near.append(other)
    return near


def _licence(near: Iterable[Clause], opening: Opening) -> Licence | None:
    for place, clause in enumerate(near):
        found = licences_in(clause)
        if found and place and _ASIDE.search(clause.text):
            continue
        if opening.stage is Kind.REVERSED:
            # "from Apache 2.0 to X": where it went is what it is now.
            found = [pair for pair in found if not _FROM.search(clause.text[: pair[0].start])]
        if found:
            # "modified MIT" is both: the more particular one is what it is.
            custom = next((licence for _, licence in found if licence.id == "Custom"), None)
            return custom or found[0][1]
    return None


def _announce(
    name: str,
    clause: Clause,
    opening: Opening,
    who: tuple[str, ...],
    near: list[Clause],
    written: tuple[str, ...],
    *,
    whole: bool = False,
) -> Announcement | None:
    licence = _licence(near[:1] if opening.stage is Kind.REVERSED else near, opening)
    what = tuple(_bare_name(w, who) for w in written if not any(w in maker for maker in who))
    if not what and name == "title" and presented_name(clause.text):
        what = written  # a thing that its maker is named after
    kind = type_of(clause, opening)
    openness, claimed = _openness(clause, near, opening, licence, kind, written)
    if opening.grade == "free" and not (who and (what or kind is not ArtifactType.OTHER)):
        return None
    if openness is Openness.FREE_ACCESS and licence is not None:
        return None
    if not (who or what or whole) and (name == "text" or opening.grade == "nominal"):
        return None
    sentence = clause.sentence
    return Announcement(
        who=who,
        what=tuple(w for w in what if w),
        type=kind,
        stage=opening.stage,
        openness=openness,
        licence=licence.id if licence else None,
        evidence=Evidence(name, sentence.start, sentence.end, sentence.text),
        claimed=claimed,
    )


def _bare_name(name: str, who: tuple[str, ...]) -> str:
    """The artifact's name without its maker's in front, where something of a name is left."""
    for maker in who:
        if name.lower().startswith(maker.lower() + " ") and len(name) > len(maker) + 2:
            return name[len(maker) + 1 :].strip()
    return name


def _openness(
    clause: Clause,
    near: list[Clause],
    opening: Opening,
    licence: Licence | None,
    kind: ArtifactType,
    what: tuple[str, ...],
) -> tuple[Openness, Openness | None]:
    parts = _LAYS_OPEN.match(clause.text, opening.at) and not clause.has("open_source", "weights")
    # "publishes the weights", "libera los pesos": opened, but nobody calls it open source.
    weights_only = clause.has("weights") and not _CALLED_OPEN.search(clause.text)
    said_open = clause.has("open_source") or (
        not (parts and not _SOURCE_CODE.search(clause.text))
        and opening.grade == "verb"
        and not clause.has("open_weights")
        and not weights_only
    )
    # A restriction told in the next sentences takes back what the headline calls open.
    # A free licence stands, unless the sentence that opens or the one that names it restricts:
    # what else is restricted nearby is an older version or a rival.
    if licence is not None and licence.kind == "osi":
        bound = any(c.has("restricted") and (c is clause or licences_in(c)) for c in near)
    else:
        bound = any(c.has("restricted") for c in near) or (
            licence is not None and licence.kind in {"restricted", "non-commercial"}
        )
    if opening.grade == "free":
        return Openness.FREE_ACCESS, None
    claimed = Openness.OPEN_SOURCE if said_open and opening.stage is not Kind.REVERSED else None
    if bound:
        return Openness.RESTRICTED, claimed
    if licence is not None and licence.kind == "custom":
        return Openness.OPEN_WEIGHTS, claimed
    data = kind in {ArtifactType.DATASET, ArtifactType.BENCHMARK}
    mixed = clause.has("open_source") and clause.has("type_code", "type_model")
    if data and (not mixed or _OPEN_DATA_SET.search(clause.text)):
        return Openness.OPEN_DATA, None
    if licence is not None and licence.kind == "osi":
        return Openness.OPEN_SOURCE, None
    if licence is not None and licence.kind == "open-data" and kind is ArtifactType.OTHER:
        return Openness.OPEN_DATA, None
    if clause.has("open_weights") and not clause.has("open_source"):
        return Openness.OPEN_WEIGHTS, None
    if said_open:
        return Openness.OPEN_SOURCE, None
    if clause.has("weights", "hub") or _opens_member(clause, what):
        return Openness.OPEN_WEIGHTS, None
    if licence is not None:
        return Openness.OPEN_WEIGHTS, None
    return Openness.UNCLEAR, None


def _opens_member(clause: Clause, what: tuple[str, ...]) -> bool:
    """Whether it is a member of an open family that is opened, not a thing made for one."""
    named = " ".join(what).lower()
    return any(
        openness == "open"
        and not family.software
        and (not named or clause.text[hit.start : hit.end].lower() in named)
        for hit, family, openness in families_in(clause)
    )


def gather(found: Sequence[Reading]) -> tuple[Announcement, ...]:
    """Put readings of one announcement together; the order is that of their first sentence."""
    rows: list[tuple[int, Announcement]] = []
    for reading in found:
        row, grade = reading.announcement, _GRADES[reading.opening.grade]
        for place, (kept_grade, kept) in enumerate(rows):
            if _same(kept, row):
                rows[place] = _merged(kept_grade, kept, grade, row)
                break
        else:
            rows.append((grade, row))
    named = {w for _, row in rows for w in row.who if row.openness is not Openness.FREE_ACCESS}
    return tuple(
        row
        for _, row in rows
        if row.openness is not Openness.FREE_ACCESS or not named.intersection(row.who) or row.what
    )


def _same(one: Announcement, other: Announcement) -> bool:
    if Kind.REVERSED in (one.stage, other.stage) and one.stage is not other.stage:
        return False
    if one.who and other.who and not set(one.who) & set(other.who):
        return False
    if Openness.FREE_ACCESS in (one.openness, other.openness) and one.openness is not other.openness:
        return bool(one.what and other.what and _overlap(one, other))
    if one.what and other.what:
        return _overlap(one, other)
    return one.stage is other.stage


def _overlap(one: Announcement, other: Announcement) -> bool:
    mine, theirs = ({name_key(w) for w in row.what} for row in (one, other))
    return any(a in b or b in a for a in mine for b in theirs if a and b)


def _merged(kept_grade: int, kept: Announcement, grade: int, row: Announcement) -> tuple[int, Announcement]:
    """One announcement of two tellings: the stronger sentence proves it, gaps are filled."""
    strong, weak = (row, kept) if grade > kept_grade else (kept, row)
    what = dict.fromkeys(kept.what)
    # Below a headline that names its matter, other names are its setting.
    settled = kept.what and kept.evidence.field == "title" != row.evidence.field
    for name in () if settled else row.what:
        key = name_key(name)
        if not any(key in name_key(w) or name_key(w) in key for w in what):
            what[name] = None
    openness, claimed = strong.openness, strong.claimed or weak.claimed
    if openness is Openness.UNCLEAR:
        openness = weak.openness
    if Openness.RESTRICTED in (strong.openness, weak.openness):
        openness = Openness.RESTRICTED
        claimed = claimed or (
            Openness.OPEN_SOURCE if Openness.OPEN_SOURCE in (strong.openness, weak.openness) else None
        )
    if weak.licence and not strong.licence and weak.openness is Openness.OPEN_WEIGHTS:
        # The telling that names the licence knows how open it is.
        claimed = claimed or (Openness.OPEN_SOURCE if openness is Openness.OPEN_SOURCE else None)
        openness = Openness.RESTRICTED if openness is Openness.RESTRICTED else weak.openness
    if kept.openness is Openness.OPEN_DATA and openness is not Openness.RESTRICTED:
        # A data set stays one where the text below speaks of the models or code around it.
        openness, claimed = Openness.OPEN_DATA, None
    stage = kept.stage
    if kept.stage is Kind.PLANNED and row.stage is Kind.RELEASED and strong is row:
        stage = row.stage
    return max(kept_grade, grade), replace(
        strong,
        who=kept.who or row.who,
        what=tuple(what)[:NAMES_MAX],
        type=strong.type if strong.type is not ArtifactType.OTHER else weak.type,
        stage=stage,
        licence=strong.licence or weak.licence,
        openness=openness,
        claimed=claimed,
    )

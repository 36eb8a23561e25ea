"""One story out of its articles: merged facts with the vote behind each, the best piece to read.

What is merged depends on the set of members alone, never on their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from pipeline.corrections import is_human, rules
from pipeline.knowledge import load_knowledge
from pipeline.model import (
    ANNOUNCING_KINDS,
    Announcement,
    Article,
    ArtifactType,
    Coverage,
    Kind,
    Openness,
    Story,
    StoryRole,
    UnsealedError,
    Verdict,
    Verification,
)
from pipeline.names import name_key

#: Names of makers and of artifacts a story is told under.
_NAMES_MAX = 4
#: Length from which more text is no better to read.
_LONG_ENOUGH = 6_000
#: What a maker says of its own licence outweighs two reports of it.
_PRIMARY_WEIGHT = 3.0
#: "Opened somehow" only counts where nobody knows better.
_VAGUE_WEIGHT = 0.1
_PRIMARY = frozenset({"lab_blog", "release_hub"})
#: Tighter first: of two readings with equal votes the more careful one is shown.
_CAREFUL = (
    Openness.RESTRICTED,
    Openness.OPEN_WEIGHTS,
    Openness.OPEN_DATA,
    Openness.OPEN_SOURCE,
    Openness.UNCLEAR,
    Openness.FREE_ACCESS,
)


@dataclass(frozen=True, slots=True)
class Member:
    """An article in a story, what was judged of it, and its part."""

    article: Article
    verdict: Verdict
    role: StoryRole


def merge_story(story_id: int, members: Sequence[Member], *, language: str = "en") -> Story:
    """Merge a story's articles; ``language`` (ISO 639-1) is preferred for the title.

    Articles with the role "rel" are listed but have no vote, unless there are no others. Raises
    UnsealedError when there are no members.
    """
    if not members:
        raise UnsealedError("a story needs at least one article.", about=f"story {story_id}")
    ordered = sorted(members, key=_age)
    cover = [m for m in ordered if m.role is StoryRole.COVER] or ordered
    ranked = sorted(cover, key=lambda m: _rank(m, language))
    best = ranked[0]
    stage = _stage(cover)
    votes = [(m, a) for m in ranked if (a := _own(m.verdict, stage)) is not None]
    licences = _licence_votes(votes)
    licence = licences[0][0] if licences else None
    openness, claimed = _openness(votes, licence)
    who = _most_named((a.who for a in _telling(ranked, "who")), key=name_key)
    what = _most_named((a.what for a in _telling(ranked, "what")), key=lambda n: name_key(n).replace(" ", ""))
    titled = _titled(ranked, language, who, what)
    evidence, proof = _evidence(votes, licence, language, best, titled.article.title)
    return Story(
        id=story_id,
        title=titled.article.title,
        stage=stage,
        openness=openness,
        claimed=claimed,
        licence=licence,
        licences=licences,
        who=who,
        what=what,
        type=_type(votes),
        evidence=evidence,
        evidence_from=_coverage(proof),
        first=_coverage(cover[0]),
        best=_coverage(best),
        coverage=tuple(_coverage(m) for m in ordered),
        announcements=best.verdict.announcements,
        first_seen=min(m.article.first_seen for m in cover),
        verification=_verification(ordered),
        corrected=any(is_human(m.verdict) for m in cover),
    )


def _age(member: Member) -> tuple[object, ...]:
    return (member.article.dated, member.article.id)


def _rank(member: Member, language: str) -> tuple[object, ...]:
    """Best to read first: has a text, is no bare hub entry, in the reader's language, proves it, long."""
    article = member.article
    return (
        not article.text,
        article.artifact is not None or article.category == "release_hub",
        article.language != language,
        not _told(member.verdict),
        article.category != "lab_blog",
        -min(len(article.text or article.summary), _LONG_ENOUGH),
        *_age(member),
    )


def _told(verdict: Verdict) -> tuple[Announcement, ...]:
    """The announcements that open something."""
    return tuple(a for a in verdict.announcements if a.openness is not Openness.FREE_ACCESS)


def _own(verdict: Verdict, stage: Kind) -> Announcement | None:
    """The announcement by which an article is in a story of this stage: its first of that stage."""
    told = _told(verdict)
    return next((a for a in told if a.stage is stage), told[0] if told else None)


def _telling(ranked: Sequence[Member], field: str) -> list[Announcement]:
    """The announcements that name somebody or something; of those a person corrected only the mended one."""
    ruling = [m for m in ranked if rules(m.verdict, field)]
    if ruling:
        return [a for m in ruling for a in m.verdict.announcements[:1]]
    return [a for m in ranked for a in _told(m.verdict)]


def _ruling(
    votes: Sequence[tuple[Member, Announcement]], field: str
) -> Sequence[tuple[Member, Announcement]]:
    """The votes of those whose ``field`` a person corrected, if there are any; else all."""
    return [vote for vote in votes if rules(vote[0].verdict, field)] or votes


def _stage(cover: Sequence[Member]) -> Kind:
    """What most articles report; between equals what the earliest does, openings before the rest.

    What a person said outranks every vote of the model.
    """
    kinds = [m.verdict.kind for m in cover if rules(m.verdict, "kind")] or [m.verdict.kind for m in cover]
    announcing = [kind for kind in kinds if kind in ANNOUNCING_KINDS] or kinds
    votes = Counter(announcing)
    return max(announcing, key=lambda kind: (votes[kind], -announcing.index(kind)))


def _weight(member: Member) -> float:
    return _PRIMARY_WEIGHT if member.article.category in _PRIMARY or member.article.organisation else 1.0


def _licence_votes(votes: Sequence[tuple[Member, Announcement]]) -> tuple[tuple[str, int], ...]:
    """Each licence and how many articles name it, most first; equals by weight, then by name."""
    count: Counter[str] = Counter()
    weight: Counter[str] = Counter()
    for member, announcement in _ruling(votes, "licence"):
        if announcement.licence:
            count[announcement.licence] += 1
            weight[announcement.licence] += int(_weight(member))
    return tuple(sorted(count.items(), key=lambda pair: (-pair[1], -weight[pair[0]], pair[0])))


@cache
def _licence_kinds() -> Mapping[str, str]:
    return MappingProxyType({name: row.kind for name, row in load_knowledge().licences.items()})


def _openness(
    votes: Sequence[tuple[Member, Announcement]], licence: str | None
) -> tuple[Openness, Openness | None]:
    """How open it is by the weighted vote and the licence, and what it is called where that is more."""
    by_hand = [a.openness for m, a in votes if rules(m.verdict, "openness")]
    if by_hand:
        return by_hand[0], None
    weight: Counter[Openness] = Counter()
    for member, announcement in votes:
        vague = announcement.openness in {Openness.UNCLEAR, Openness.FREE_ACCESS}
        # In tenths, so that the sum is the same in any order.
        weight[announcement.openness] += round(10 * _weight(member) * (_VAGUE_WEIGHT if vague else 1.0))
    if not weight:
        return Openness.UNCLEAR, None
    voted = max(weight, key=lambda o: (weight[o], -_CAREFUL.index(o)))
    openness = _bounded(voted, licence, _type(votes))
    claims = Counter(a.claimed for _, a in votes if a.claimed is not None and a.claimed is not openness)
    if claims:
        return openness, max(claims, key=lambda o: (claims[o], -_CAREFUL.index(o)))
    said = voted is Openness.OPEN_SOURCE or votes[0][1].openness is Openness.OPEN_SOURCE
    tightened = openness in {Openness.RESTRICTED, Openness.OPEN_WEIGHTS} and licence is not None
    bound = tightened and _licence_kinds().get(licence or "", "osi") not in {"osi", "open-data"}
    return openness, Openness.OPEN_SOURCE if said and bound else None


def _bounded(voted: Openness, licence: str | None, kind: ArtifactType) -> Openness:
    """What was voted, but never freer than the licence lets it be."""
    bond = _licence_kinds().get(licence or "")
    if voted not in {Openness.OPEN_SOURCE, Openness.OPEN_WEIGHTS}:
        return voted
    if bond in {"restricted", "non-commercial"}:
        return Openness.RESTRICTED
    if bond == "custom" and voted is Openness.OPEN_SOURCE:
        return Openness.OPEN_WEIGHTS if kind is ArtifactType.MODEL else Openness.RESTRICTED
    return voted


def _type(votes: Sequence[tuple[Member, Announcement]]) -> ArtifactType:
    count = Counter(a.type for _, a in votes if a.type is not ArtifactType.OTHER)
    order = list(ArtifactType)
    return max(count, key=lambda t: (count[t], -order.index(t))) if count else ArtifactType.OTHER


def _most_named(rows: Iterable[Sequence[str]], *, key: object) -> tuple[str, ...]:
    """Names most articles use, first; each in its most used spelling. At most four."""
    assert callable(key)
    count: Counter[str] = Counter()
    spelled: dict[str, Counter[str]] = {}
    place: dict[str, int] = {}
    for row in rows:
        for at, name in enumerate(row):
            same = key(name)
            if not same:
                continue
            count[same] += 1
            spelled.setdefault(same, Counter())[name] += 1
            place[same] = min(place.get(same, at), at)
    first = sorted(count, key=lambda same: (-count[same], place[same], same))[:_NAMES_MAX]
    return tuple(max(spelled[same].items(), key=lambda pair: (pair[1], pair[0]))[0] for same in first)


def _titled(ranked: Sequence[Member], language: str, who: Iterable[str], what: Iterable[str]) -> Member:
    """Whose title the story bears: the reader's language first, then one that says who and what.

    The maker's own is often the best to read, but "Introducing Aurora" tells a stranger nothing.
    """

    def told(member: Member) -> int:
        title = name_key(member.article.title)
        return sum(any(name_key(name) in title for name in names) for names in (who, what))

    titled = [m for m in ranked if m.article.title] or list(ranked)
    readable = [m for m in titled if m.article.language == language]
    return max(readable, key=lambda m: (told(m), -readable.index(m))) if readable else titled[0]


def _evidence(
    votes: Sequence[tuple[Member, Announcement]],
    licence: str | None,
    language: str,
    best: Member,
    title: str,
) -> tuple[str, Member]:
    """The sentence that proves it: where the licence is named, in the reader's language, not the title again.

    In this order; between equals it is that of the article best to read.
    """
    proofs = [(m, a) for m, a in votes if a.evidence.quote]
    if proofs:
        member, announcement = min(
            proofs,
            key=lambda pair: (
                pair[1].licence != licence,
                pair[0].article.language != language,
                pair[1].evidence.quote in title,
            ),
        )
        return announcement.evidence.quote, member
    if best.verdict.evidence:
        return best.verdict.evidence[0].quote, best
    return best.article.title, best


def _coverage(member: Member) -> Coverage:
    article = member.article
    return Coverage(
        article_id=article.id,
        outlet=article.outlet,
        title=article.title,
        url=article.canonical_url or article.url,  # without what feeds add to count their readers
        language=article.language,
        published=article.dated,
        role=member.role,
    )


def _verification(ordered: Sequence[Member]) -> Verification | None:
    """What the latest entry of a release hub shows; one that has the files before one that has not."""
    found = [(m.article, m.article.artifact) for m in ordered if m.article.artifact is not None]
    if not found:
        return None
    article, artifact = max(
        found,
        key=lambda pair: (bool(pair[1].files_present), bool(pair[1].licence), pair[0].dated, pair[0].id),
    )
    return Verification(
        url=article.url,
        outlet=article.outlet,
        licence=artifact.licence or None,
        gated=artifact.gated,
        files_present=artifact.files_present,
        at=article.first_seen,
    )

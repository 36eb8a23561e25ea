"""Which articles tell one story: a pure decision over the stories that an index brings up.

A story is one announcement. An article joins it when it is of the same maker, names the same
thing, and comes near in time; or links to the same repository, model card, paper or maker's
post; or is nearly the same title again. It is compared with everything its story knows, never
with one article of it, and two makers that are both known and differ are never put together.
A promise, its keeping and its withdrawal are three stories. A round-up is a story of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Literal

from pipeline.identity import Likeness, Name, content_words, likeness, mentions, read_name, resemblance
from pipeline.model import ANNOUNCING_KINDS, ArtifactType, StoryRole
from pipeline.subjects import (
    UNDATED,
    Candidate,
    Subject,
    Traits,
    candidate_of,
    extended,
    index_keys,
    read_traits,
    subject_of,
    words_of,
)

__all__ = [
    "UNDATED",
    "Candidate",
    "Decision",
    "Subject",
    "candidate_of",
    "decide",
    "extended",
    "group_items",
    "index_keys",
    "subject_of",
]

#: An announcement is told for days, an echo of it for weeks; a new event of the same artifact
#: (weights after the preview) came eleven days and more after the last word on the old one.
COVER_WINDOW = timedelta(days=10)
#: However it is kept alive, coverage this long after the first word is of something else.
COVER_SPREAD = timedelta(days=45)
#: Follow-ups hang on for a month.
RELATED_WINDOW = timedelta(days=30)
#: A launch that was not told as an opening, and its opening, are one event only when close.
LAUNCH_WINDOW = timedelta(days=3)
#: Without a name, only the same days tell that the same thing is meant.
NAMELESS_WINDOW = timedelta(days=2)
#: And without words to compare, only the same day.
ABROAD_WINDOW = timedelta(days=1)
#: Titles this alike are a reprint. Real coverage of one event scores 0.1 to 0.5.
REPRINT = 0.8
#: Fewer words may be alike by chance.
_REPRINT_WORDS = 4
#: Titles of one maker's unnamed thing on the same days share at least this much.
NAMELESS = 0.3
#: Stories compared with one subject in memory; an archive sets its own bound.
_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a subject goes."""

    action: Literal["join", "open", "none"]
    story_id: int | None  # the story joined; for "open" the new one's, where it is known already
    role: StoryRole
    score: float  # 0..1; how sure a join is, 1 for a story opened, 0 for none
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    score: float
    reasons: tuple[str, ...]


def decide(subject: Subject, candidates: Sequence[Candidate], *, launches: bool = False) -> Decision:
    """Decide which of ``candidates`` a subject joins, or that it opens a story, or has none.

    The order of ``candidates`` makes no difference. An item that announces no opening joins as
    related; with ``launches`` it may also open a story of its own, if it names something (for
    grouping any news, not only openings).
    """
    traits = read_traits(subject)
    found: list[tuple[float, timedelta, int, StoryRole, _Match]] = []
    for candidate in candidates:
        gap = _gap(subject, candidate)
        role = _role(subject, traits, candidate, gap)
        if role is None:
            continue
        match = _match(subject, traits, candidate, gap)
        if match is not None:
            found.append((match.score, -gap, -candidate.story_id, role, match))
    if found:
        _, _, story, role, match = max(found, key=lambda row: row[:3])
        return Decision("join", -story, role, round(match.score, 3), match.reasons)
    if subject.announcing:
        return Decision("open", None, StoryRole.COVER, 1.0, ("first word of it",))
    if launches and not traits.roundup and any(n.versioned or len(n.core) > 1 for n in traits.names):
        return Decision("open", None, StoryRole.COVER, 1.0, (f"first word of {traits.names[0].key}",))
    return Decision("none", None, StoryRole.RELATED, 0.0, ("announces nothing, belongs to nothing known",))


def _gap(subject: Subject, candidate: Candidate) -> timedelta:
    """Time between a subject and the coverage so far; none where either is not dated."""
    if UNDATED in (subject.dated, candidate.last):
        return timedelta(0)
    return max(candidate.first - subject.dated, subject.dated - candidate.last, timedelta(0))


def _role(subject: Subject, traits: Traits, candidate: Candidate, gap: timedelta) -> StoryRole | None:
    """The part a subject could play in a story, None where it can have none."""
    told = candidate.stage in ANNOUNCING_KINDS
    if not subject.announcing and told:
        return StoryRole.RELATED if gap <= RELATED_WINDOW else None
    if traits.roundup != candidate.roundup:
        return None
    if subject.announcing and told and subject.kind is not candidate.stage:
        return None
    window = COVER_WINDOW if subject.announcing == told else LAUNCH_WINDOW
    dated = UNDATED not in (subject.dated, candidate.first)
    if gap > window or (dated and abs(subject.dated - candidate.first) > COVER_SPREAD):
        return None
    return StoryRole.COVER


def _match(subject: Subject, traits: Traits, candidate: Candidate, gap: timedelta) -> _Match | None:
    """How strongly a subject belongs to a story, None where it does not."""
    if traits.who and candidate.who and not traits.who & candidate.who:
        return None
    alike = max((resemblance(traits.words, _words(t, traits)) for t in candidate.titles), default=0.0)
    if traits.roundup or candidate.roundup:
        return _Match(alike, (f"title {alike:.2f}",)) if alike >= REPRINT and candidate.roundup else None
    makers = traits.makers & candidate.who
    said = tuple(f"maker {maker}" for maker in sorted(makers))
    names = [read_name(key) for key in sorted(candidate.what)]
    how, name = _nearest(traits, names, candidate)
    if how in (Likeness.SAME, Likeness.SHORT) and name is not None:
        score = _named(traits, candidate, name, bool(makers), alike, gap)
        if score:
            score -= 0.05 if how is Likeness.SHORT else 0.0
            return _Match(score + 0.05 * alike, (f"name {name.key}", *said))
        return None
    if how is Likeness.VARIANT or (traits.names and names and not _vague(traits, names)):
        # Another member of the family, however alike its title and links.
        return None
    link = min((k for k in candidate.keys & _link_keys(traits)), default="")
    if link:
        return _Match(0.9, (link.replace(":", " ", 1), *said))
    if alike >= REPRINT and gap <= LAUNCH_WINDOW and len(traits.words) >= _REPRINT_WORDS:
        return _Match(alike, (f"title {alike:.2f}", *said))
    return _unnamed(subject, traits, candidate, alike, gap, said)


def _nearest(traits: Traits, names: Sequence[Name], candidate: Candidate) -> tuple[Likeness, Name | None]:
    """The best likeness of any name of the subject to any of the story's."""
    makers = words_of(traits.makers | candidate.who)
    best: tuple[Likeness, Name | None] = (Likeness.OTHER, None)
    for one in traits.names:
        # Sizes are compared with all a story names: one "LFM2.5" without a size ties no two sizes.
        same = [n for n in names if n.compact == one.compact]
        sizes = frozenset(size for n in same for size in n.sizes)
        if one.sizes and sizes and not one.sizes & sizes:
            best = max(best, (Likeness.VARIANT, None), key=lambda pair: pair[0])
            continue
        for other in names:
            how = likeness(one, other, makers)
            if how > best[0]:
                best = (how, other)
    if best[0] in (Likeness.OTHER, Likeness.VARIANT):
        held = [n for n in names if _worth(n) and mentions(traits.parts, n)]
        if held and not traits.names:
            return Likeness.SAME, held[0]
    return best


def _worth(name: Name) -> bool:
    return name.versioned or len(name.core) > 1 or len(name.compact) >= 4


def _named(
    traits: Traits, candidate: Candidate, name: Name, shared: bool, alike: float, gap: timedelta
) -> float:
    """Score of a shared name; 0 where the name alone is too weak a tie."""
    if name.versioned or any(one.sizes & name.sizes for one in traits.names):
        return 0.9 if shared else 0.8
    if shared:
        return 0.85
    # "Flint" without a maker may be anything; a long or compound name hardly.
    if len(name.core) > 1 or len(name.compact) >= 7:
        return 0.7
    return 0.6 if alike > 0.15 and gap <= COVER_WINDOW else 0.0


def _vague(traits: Traits, names: Sequence[Name]) -> bool:
    """Whether either side's names are too slight to contradict anything."""
    return not any(n.versioned for n in traits.names) or not any(n.versioned for n in names)


def _unnamed(
    subject: Subject,
    traits: Traits,
    candidate: Candidate,
    alike: float,
    gap: timedelta,
    said: tuple[str, ...],
) -> _Match | None:
    """One maker, one kind of thing, the same days, titles alike: for what nobody named.

    Titles in two languages cannot be alike; there the rest must do, on the very same day.
    """
    if (traits.names and candidate.what) or gap > NAMELESS_WINDOW or not _same_kind(traits, candidate):
        return None
    if alike >= NAMELESS:
        return _Match(0.4 + alike / 4, (*said, f"title {alike:.2f}"))
    abroad = subject.language and candidate.languages and subject.language not in candidate.languages
    if abroad and gap <= ABROAD_WINDOW and subject.announcing and _versions_agree(traits, candidate):
        return _Match(0.4, (*said, "same day in another language"))
    return None


def _same_kind(traits: Traits, candidate: Candidate) -> bool:
    kinds = list(ArtifactType) if ArtifactType.OTHER in traits.types else sorted(traits.types)
    return any(f"who:{maker}|{kind}" in candidate.keys for maker in traits.who for kind in kinds)


def _versions_agree(traits: Traits, candidate: Candidate) -> bool:
    """Whether a bare version in a title ("流光V2") is one that the story names, where both have any."""
    words = [word for word, _ in traits.parts]
    ours = {after for word, after in pairwise(words) if word == "v" and after[0].isdigit()}
    theirs = {word for key in candidate.what for word in read_name(key).core if word[0].isdigit()}
    return not ours or not theirs or bool(ours & theirs)


def _words(title: str, traits: Traits) -> frozenset[str]:
    return content_words(title, traits.maker_words)


def _link_keys(traits: Traits) -> frozenset[str]:
    return frozenset(f"link:{link}" for link in traits.links)


def group_items(subjects: Iterable[Subject], *, launches: bool = True) -> Iterator[tuple[Subject, Decision]]:
    """Group subjects in memory, given in order of ``dated``; stories are numbered from 1.

    Those without a date come last, whatever their place: all that they may belong to is known
    then. ``launches`` as for ``decide``; every decision but "none" carries its story's id.
    """
    stories: dict[int, Candidate] = {}
    index: defaultdict[str, list[int]] = defaultdict(list)
    late: list[Subject] = []

    def place(subject: Subject) -> tuple[Subject, Decision]:
        ids = {i for key in index_keys(subject) for i in index.get(key, ())[-_CANDIDATES:]}
        latest = sorted(ids, key=lambda i: (stories[i].last, i), reverse=True)[:_CANDIDATES]
        decision = decide(subject, [stories[i] for i in latest], launches=launches)
        if decision.action == "none":
            return subject, decision
        story_id = decision.story_id
        if story_id is None:
            story_id = len(stories) + 1
            stories[story_id] = candidate_of(story_id, [subject])
            fresh = stories[story_id].keys
        elif decision.role is StoryRole.COVER:
            before = stories[story_id]
            stories[story_id] = extended(before, subject)
            fresh = stories[story_id].keys - before.keys
        else:
            fresh = frozenset()
        for key in fresh:
            index[key].append(story_id)
        placed = Decision(decision.action, story_id, decision.role, decision.score, decision.reasons)
        return subject, placed

    for subject in subjects:
        if subject.dated == UNDATED:
            late.append(subject)
        else:
            yield place(subject)
    for subject in late:
        yield place(subject)

"""What goes into an edition: a pure choice over what the archive holds.

Which stories: those first seen in the period, and late arrivals: seen in the days before it but in no
earlier edition of this subscription. Nothing goes into two editions of one subscription; what is left
out is counted with its reason.

Their order:

1. single stories before round-ups, which mostly repeat what others told;
2. how open and how certain: released and open (source, weights, data); then released but
   restricted, and promises of something open; then the rest;
3. how many outlets cover it;
4. the grade itself, freest first, and verified before only claimed;
5. the latest first.

So a model that forty outlets write about leads, and a free licence decides between equals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar

from alerts.chart import filled
from alerts.plain import clean
from alerts.view import is_roundup
from alerts.words import load_words
from pipeline.model import (
    BREAKING,
    Brief,
    Digest,
    Kind,
    Openness,
    Promise,
    PromiseState,
    SourceNote,
    Story,
    StoryRole,
    TrendWeek,
)

_T = TypeVar("_T")
#: What becomes of an edition without news: sent whole, as one line, or not at all.
Quiet = Literal["send", "line", "skip"]
_OPEN = frozenset({Openness.OPEN_SOURCE, Openness.OPEN_WEIGHTS, Openness.OPEN_DATA})
_GRADE = {grade: rank for rank, grade in enumerate(Openness)}
_STATE = {
    PromiseState.KEPT: 0,
    PromiseState.OVERDUE: 1,
    PromiseState.WITHDRAWN: 2,
    PromiseState.OPEN: 3,
}
_BRIEF = {Kind.REVERSED: 0, Kind.UPDATE: 1, Kind.DISCUSSION: 1, Kind.OTHER: 2}


@dataclass(frozen=True, slots=True)
class Material:
    """What the archive holds for an edition; more than is needed does no harm."""

    stories: tuple[Story, ...] = ()
    sent: frozenset[int] = frozenset()  # ids of stories in earlier editions of this subscription
    promises: tuple[Promise, ...] = ()
    briefs: tuple[Brief, ...] = ()  # items that arrived in the period and are no openings
    trend: tuple[TrendWeek, ...] = ()
    sources_ok: int = 0
    sources_failed: tuple[SourceNote, ...] = ()
    articles_read: int = 0


@dataclass(frozen=True, slots=True)
class EditionSettings:
    """What a subscription wants of an edition."""

    subscription: str
    edition: str = "daily"  # or "weekly", "breaking"
    timezone: str = "UTC"  # IANA name
    max_stories: int = 25  # what can be read over a coffee, and fits a mail that is not clipped
    max_reversals: int = 10
    max_promises: int = 12
    max_briefs: int = 12
    max_briefs_per_outlet: int = 3
    #: Stories that one outlet alone tells, from the same outlet: a hub that opens thirty datasets in a
    #: day must not crowd out what thirty outlets write about.
    max_stories_per_outlet: int = 60
    #: Outlets that must tell a story before a breaking alert is sent for it; other editions ask none.
    min_outlets: int = 1
    quiet: Quiet = "send"
    minimum_openness: Openness = Openness.UNCLEAR  # grades after it in ``Openness`` are left out
    #: How far back late arrivals are taken from, and how old news may be to count as news: a new
    #: source lists months of old entries on its first poll, and none of them was "just opened".
    late: timedelta = timedelta(days=7)


@dataclass(slots=True)
class _LeftOut:
    """Counts what is left out, by reason."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, reason: str, number: int = 1) -> None:
        if number > 0:
            self.counts[reason] += number

    def cap(self, found: list[_T], limit: int, reason: str) -> tuple[_T, ...]:
        """The first ``limit`` of ``found``; the rest is counted."""
        self.add(reason, len(found) - limit)
        return tuple(found[:limit])

    def in_words(self) -> dict[str, int]:
        """Reason in (English) words -> how many, most first."""
        words = load_words()
        return {words(f"left_out.{reason}"): count for reason, count in self.counts.most_common()}


def select(
    material: Material, settings: EditionSettings, *, day: date, since: datetime, until: datetime
) -> Digest:
    """Choose and order an edition of ``day`` over the period ``since`` <= t < ``until`` (aware datetimes)."""
    if settings.edition == BREAKING:
        return _breaking(material, settings, day=day, since=since, until=until)
    out = _LeftOut()
    fresh = [s for s in material.stories if _belongs(s, material.sent, settings, since, until, out)]
    reversals = [s for s in fresh if s.stage is Kind.REVERSED]
    openings = [s for s in fresh if s.stage is not Kind.REVERSED and _open_enough(s, settings, out)]
    ranked = _few_an_outlet(sorted(openings, key=importance), settings.max_stories_per_outlet, out)
    stories = out.cap(ranked, max(0, settings.max_stories), "over_stories")
    closed = out.cap(sorted(reversals, key=importance), max(0, settings.max_reversals), "over_reversals")
    digest = Digest(
        subscription=settings.subscription,
        edition=settings.edition,
        day=day,
        timezone=settings.timezone,
        since=since,
        until=until,
        stories=stories,
        reversals=closed,
        promises=_promises(material.promises, stories, settings, since, until, out),
        briefs=_briefs(material.briefs, (*stories, *closed), settings, since, until, out),
        trend=filled(week for week in material.trend if week.monday <= day),
        sources_ok=material.sources_ok,
        sources_failed=material.sources_failed,
        left_out=out.in_words(),
        articles_read=material.articles_read,
    )
    if settings.quiet == "line" and is_quiet(digest):
        return replace(digest, briefs=(), trend=(), sources_failed=(), left_out={})
    return digest


def is_quiet(digest: Digest) -> bool:
    """Whether an edition has no news: nothing opened, closed, or become of a promise."""
    return not (digest.stories or digest.reversals or digest.promises)


def _breaking(
    material: Material, settings: EditionSettings, *, day: date, since: datetime, until: datetime
) -> Digest:
    """The openings and closings nobody has been told of yet, and nothing else."""
    out = _LeftOut()
    fresh = [
        story
        for story in material.stories
        if _belongs(story, material.sent, settings, since, until, out) and _is_breaking(story, settings, out)
    ]
    fresh.sort(key=importance)
    return Digest(
        subscription=settings.subscription,
        edition=settings.edition,
        day=day,
        timezone=settings.timezone,
        since=since,
        until=until,
        stories=tuple(s for s in fresh if s.stage is not Kind.REVERSED)[: max(0, settings.max_stories)],
        reversals=tuple(s for s in fresh if s.stage is Kind.REVERSED)[: max(0, settings.max_reversals)],
        promises=(),
        briefs=(),
        trend=(),
        sources_ok=material.sources_ok,
        sources_failed=(),
        left_out={},
        articles_read=material.articles_read,
    )


def _is_breaking(story: Story, settings: EditionSettings, out: _LeftOut) -> bool:
    """Worth an interruption: really open, or closed again; told by enough outlets; no round-up."""
    if is_roundup(story) or len(story.outlets) < settings.min_outlets:
        return False
    if story.stage is Kind.REVERSED:
        return True
    return story.stage is Kind.RELEASED and story.openness in _OPEN and _open_enough(story, settings, out)


def _few_an_outlet(stories: Iterable[Story], most: int, out: _LeftOut) -> list[Story]:
    """At most ``most`` of the stories that one outlet alone tells, an outlet, in the order given."""
    told: Counter[str] = Counter()
    kept = []
    for story in stories:
        if len(story.outlets) == 1:
            told[story.outlets[0]] += 1
            if told[story.outlets[0]] > most:
                out.add("outlet_stories")
                continue
        kept.append(story)
    return kept


def importance(story: Story) -> tuple[int, int, int, int, int, float, int]:
    """Sort key of a story, most important first; see the module's text. Total: ids decide at last."""
    return (
        int(is_roundup(story)),
        _band(story),
        -len(story.outlets),
        _GRADE[story.openness],
        int(story.verification is None),
        -story.first_seen.timestamp(),
        story.id,
    )


def _band(story: Story) -> int:
    """How open and how certain: 0 released and open, 1 restricted or promised, 2 unclear."""
    if story.openness in _OPEN:
        return 1 if story.stage is Kind.PLANNED else 0
    return 1 if story.openness is Openness.RESTRICTED and story.stage is not Kind.PLANNED else 2


def _belongs(
    story: Story,
    sent: frozenset[int],
    settings: EditionSettings,
    since: datetime,
    until: datetime,
    out: _LeftOut,
) -> bool:
    """Whether a story is of this period and was in no earlier edition."""
    if story.first_seen >= until:
        return False  # of the next edition
    if story.id in sent:
        if any(c.role is StoryRole.COVER and since <= c.published < until for c in story.coverage):
            out.add("sent")
        return False
    if story.first_seen < since - settings.late:
        return False
    if story.first.published < since - settings.late:
        out.add("older")
        return False
    return True


def _open_enough(story: Story, settings: EditionSettings, out: _LeftOut) -> bool:
    if story.openness is Openness.FREE_ACCESS:
        out.add("free_access")
        return False
    if _GRADE[story.openness] > _GRADE[settings.minimum_openness]:
        out.add("not_open_enough")
        return False
    return True


def _promises(
    promises: Iterable[Promise],
    stories: Iterable[Story],
    settings: EditionSettings,
    since: datetime,
    until: datetime,
    out: _LeftOut,
) -> tuple[Promise, ...]:
    """Promises that changed in the period; a new one only where no story here tells it already."""
    told = {story.id for story in stories}
    moved = [
        p
        for p in promises
        if since <= p.changed_at < until and not (p.state is PromiseState.OPEN and p.story_id in told)
    ]
    moved.sort(key=lambda p: (_STATE[p.state], -p.changed_at.timestamp(), p.id))
    return out.cap(moved, max(0, settings.max_promises), "over_promises")


def _briefs(
    briefs: Iterable[Brief],
    stories: Iterable[Story],
    settings: EditionSettings,
    since: datetime,
    until: datetime,
    out: _LeftOut,
) -> tuple[Brief, ...]:
    """One-liners: updates and discussion first, the latest first, a few an outlet, each title once."""
    covered = {cover.url for story in stories for cover in story.coverage}
    kept: list[Brief] = []
    outlets: Counter[str] = Counter()
    seen: set[str] = set()
    for brief in sorted(briefs, key=lambda b: (_BRIEF.get(b.kind, 3), -b.published.timestamp(), b.url)):
        title = clean(brief.title).casefold()
        if brief.published >= until or not title or title in seen:
            continue
        seen.add(title)
        if brief.url in covered:
            out.add("told_in_story")
        elif brief.published < since - settings.late:
            out.add("older")
        elif outlets[brief.outlet] >= settings.max_briefs_per_outlet:
            out.add("outlet_briefs")
        else:
            outlets[brief.outlet] += 1
            kept.append(brief)
    return out.cap(kept, max(0, settings.max_briefs), "over_briefs")

"""Deciding editions: what each subscription gets for its slot, stored before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.digest import EditionSettings, Material, is_quiet, select
from pipeline.archive import Archive
from pipeline.model import BREAKING, Digest, SourceNote
from unsealed.report import RunReport, StoryLine
from unsealed.settings import SubscriptionSettings
from unsealed.wiring import Parts

#: What an edition covers when there was none before it.
PERIODS: Mapping[str, timedelta] = {
    "daily": timedelta(hours=24),
    "weekly": timedelta(days=7),
    BREAKING: timedelta(hours=24),
}
#: Breaking news is what was seen in the last two days and not told yet: older is no alert, and a story
#: that gathers the outlets it needs takes that long at most.
_BREAKING_LATE = timedelta(hours=24)


def decide_editions(parts: Parts, report: RunReport, now: datetime) -> None:
    """Decide and store each subscription's edition of today, unless it has been decided already."""
    for subscription in parts.settings.subscription:
        if subscription.edition == BREAKING:
            alert = decide_breaking(parts, subscription, now)
            if alert is not None:
                report.editions.append(f"{subscription.name}: alert, {_count(alert)}")
                _add_lines(report, alert)
            continue
        digest, is_new = decide_edition(parts, subscription, now)
        if is_new:
            report.editions.append(
                f"{subscription.name}: edition of {digest.day}, {len(digest.stories)} stories"
            )
        else:
            report.editions.append(f"{subscription.name}: the edition of {digest.day} was decided earlier")
        _add_lines(report, digest)


def decide_edition(
    parts: Parts, subscription: SubscriptionSettings, now: datetime, *, day: date | None = None
) -> tuple[Digest, bool]:
    """Decide and store one subscription's edition of ``day`` (default: its today); True: it is new.

    If that edition was decided earlier it stands, and only recipients it lacks are added.
    """
    digest = build_digest(parts.archive, subscription, until=now, day=day)
    found = parts.archive.editions.find(subscription.name, digest.slot)
    if found is not None:
        digest = found[1]
    unsent = subscription.quiet == "skip" and is_quiet(digest)
    parts.archive.editions.decide(digest, [] if unsent else _recipients(parts, subscription), now)
    return digest, found is None


def decide_breaking(parts: Parts, subscription: SubscriptionSettings, now: datetime) -> Digest | None:
    """Decide and store an alert if there is news that this subscription has not had; None: there is none."""
    digest = build_digest(parts.archive, subscription, until=now)
    if is_quiet(digest):
        return None
    parts.archive.editions.decide(digest, _recipients(parts, subscription), now)
    return digest


def _recipients(parts: Parts, subscription: SubscriptionSettings) -> list[tuple[str, str]]:
    return [
        (channel.name, recipient)
        for channel in parts.channels
        if channel.name in subscription.channels
        for recipient in channel.recipients
    ]


def build_digest(
    archive: Archive, subscription: SubscriptionSettings, *, until: datetime, day: date | None = None
) -> Digest:
    """The edition a subscription would get now: from the end of its previous one to ``until``.

    ``day`` is the local day it is of, where that is not the day of ``until`` (a slot made up later).
    """
    zone = ZoneInfo(subscription.timezone)
    breaking = subscription.edition == BREAKING
    previous = (
        None if breaking else archive.editions.last_until(subscription.name, subscription.edition, until)
    )
    since = previous or until - PERIODS[subscription.edition]
    settings = _edition_settings(subscription)
    # The first edition of a new archive has no late arrivals: everything in it has just been found.
    ids = archive.storying.ids_between(since - settings.late if previous or breaking else since, until)
    health = archive.gathering.health()
    material = Material(
        stories=tuple(archive.storying.stories(ids).values()),
        sent=archive.editions.sent_stories(subscription.name),
        promises=archive.promising.changed_between(since, until),
        briefs=archive.material.briefs(since, until),
        trend=archive.material.trend(until),
        sources_ok=sum(1 for h in health if not h.problem and h.polled_at),
        sources_failed=tuple(
            SourceNote(h.source_id, h.name, h.problem, h.problem_since) for h in health if h.problem_since
        ),
        articles_read=archive.material.articles_between(since, until),
    )
    return select(material, settings, day=day or until.astimezone(zone).date(), since=since, until=until)


def _edition_settings(subscription: SubscriptionSettings) -> EditionSettings:
    settings = EditionSettings(
        subscription=subscription.name,
        edition=subscription.edition,
        timezone=subscription.timezone,
        max_stories=subscription.max_stories,
        max_stories_per_outlet=subscription.max_stories_per_outlet,
        max_promises=subscription.max_promises,
        max_briefs=subscription.max_briefs,
        minimum_openness=subscription.minimum_openness,
        min_outlets=subscription.min_outlets,
        quiet=subscription.quiet,
    )
    return replace(settings, late=_BREAKING_LATE) if subscription.edition == BREAKING else settings


def end_of(day: date, subscription: SubscriptionSettings) -> datetime:
    """The last instant of a local day: where an edition asked for by date ends."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(subscription.timezone)) - timedelta(
        microseconds=1
    )


def _count(digest: Digest) -> str:
    number = len(digest.stories) + len(digest.reversals)
    return f"{number} {'story' if number == 1 else 'stories'}"


def _add_lines(report: RunReport, digest: Digest) -> None:
    """Add an edition's stories to the report's table, each once."""
    seen = {line.id for line in report.stories}
    report.stories.extend(line for line in _lines(digest) if line.id not in seen)


def _lines(digest: Digest) -> list[StoryLine]:
    return [
        StoryLine(
            id=s.id,
            openness=s.openness.value,
            stage=s.stage.value,
            who=", ".join(s.who),
            title=s.title,
            licence=s.licence or "",
            outlets=len(s.outlets),
            languages=s.languages,
        )
        for s in (*digest.stories, *digest.reversals)
    ]

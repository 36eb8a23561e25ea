"""Deciding editions: what each subscription gets for its slot, stored before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.digest import EditionSettings, Material, select
from pipeline.archive import Archive
from pipeline.model import Digest, SourceNote
from unsealed.report import RunReport, StoryLine
from unsealed.settings import SubscriptionSettings
from unsealed.wiring import Parts

#: What an edition covers when there was none before it.
PERIODS: Mapping[str, timedelta] = {"daily": timedelta(hours=24), "weekly": timedelta(days=7)}


def decide_editions(parts: Parts, report: RunReport, now: datetime) -> None:
    """Decide and store each subscription's edition of today, unless it has been decided already."""
    for subscription in parts.settings.subscription:
        digest, is_new = decide_edition(parts, subscription, now)
        if is_new:
            report.editions.append(
                f"{subscription.name}: edition of {digest.day}, {len(digest.stories)} stories"
            )
        else:
            report.editions.append(f"{subscription.name}: the edition of {digest.day} was decided earlier")
        seen = {line.id for line in report.stories}
        report.stories.extend(line for line in _lines(digest) if line.id not in seen)


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
    recipients = [
        (channel.name, recipient)
        for channel in parts.channels
        if channel.name in subscription.channels
        for recipient in channel.recipients
    ]
    parts.archive.editions.decide(digest, recipients, now)
    return digest, found is None


def build_digest(
    archive: Archive, subscription: SubscriptionSettings, *, until: datetime, day: date | None = None
) -> Digest:
    """The edition a subscription would get now: from the end of its previous one to ``until``.

    ``day`` is the local day it is of, where that is not the day of ``until`` (a slot made up later).
    """
    zone = ZoneInfo(subscription.timezone)
    previous = archive.editions.last_until(subscription.name, subscription.edition, until)
    since = previous or until - PERIODS[subscription.edition]
    settings = EditionSettings(
        subscription=subscription.name,
        edition=subscription.edition,
        timezone=subscription.timezone,
        max_stories=subscription.max_stories,
    )
    # The first edition of a new archive has no late arrivals: everything in it has just been found.
    ids = archive.storying.ids_between(since - settings.late if previous else since, until)
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


def end_of(day: date, subscription: SubscriptionSettings) -> datetime:
    """The last instant of a local day: where an edition asked for by date ends."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(subscription.timezone)) - timedelta(
        microseconds=1
    )


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

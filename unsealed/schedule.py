"""When an edition is due: pure decisions over the settings, the time, and what the archive holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from pipeline.model import BREAKING
from unsealed.settings import SubscriptionSettings, Weekday

_WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def slot_time(subscription: SubscriptionSettings, day: date) -> datetime:
    """The instant (UTC) at which a subscription's edition of a local day is due.

    A local time that comes twice counts the first time. One that does not exist is taken as long after
    midnight as on other days (02:30 is then shown as 03:30), or before the gap if that were tomorrow.
    """
    zone = ZoneInfo(subscription.timezone)
    first, second = (
        datetime.combine(day, subscription.local_time.replace(fold=fold), zone).astimezone(UTC)
        for fold in (0, 1)
    )
    return first if first.astimezone(zone).date() == day else second


def due_slot(
    subscription: SubscriptionSettings, now: datetime, decided: Callable[[str], bool]
) -> date | None:
    """The day whose edition should be decided now, None if there is none.

    Breaking editions have no slots. Daily: today, once its time has passed. Weekly: the last such weekday, once its time has passed,
    until the next one begins. ``decided`` tells whether the archive has the edition of a slot
    ("daily:2026-11-23"); of a week, an edition of any day since counts. Older slots are never due: the
    next edition covers their period. ``now`` is aware.
    """
    if subscription.edition == BREAKING:
        return None
    today = now.astimezone(ZoneInfo(subscription.timezone)).date()
    day = today
    if subscription.edition == "weekly":
        day -= timedelta(days=(today.weekday() - _WEEKDAYS.index(subscription.weekday)) % 7)
    if now < slot_time(subscription, day):
        return None
    days = (day + timedelta(days=n) for n in range((today - day).days + 1))
    return None if any(decided(f"{subscription.edition}:{d.isoformat()}") for d in days) else day


def next_slot(subscription: SubscriptionSettings, now: datetime) -> datetime | None:
    """When the next edition is due after ``now``: an instant in UTC; None for breaking ones. Pure."""
    if subscription.edition == BREAKING:
        return None
    today = now.astimezone(ZoneInfo(subscription.timezone)).date()
    for ahead in range(-1, 9):
        day = today + timedelta(days=ahead)
        if subscription.edition == "weekly" and _WEEKDAYS[day.weekday()] != subscription.weekday:
            continue
        at = slot_time(subscription, day)
        if at > now:
            return at
    raise AssertionError("a week has every weekday")


def is_fresh(reached_at: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether the archive knows enough of today for an edition to be decided.

    Not before a cycle has reached a source: an empty edition would use up the slot. Nor when the
    last one that did was more than two turns ago, as after a night's sleep: the next cycle decides.
    """
    return reached_at is not None and now - reached_at <= 2 * every

"""Times as people write them in a query: ``7d``, ``yesterday``, ``2026-06``, ``2026-W30``."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

#: What can be written, for messages and help.
FORMS = "7d, 24h, today, yesterday, 2026, 2026-06, 2026-W30, 2026-06-30 or 2026-06-30T12:00"

_SPAN = re.compile(r"(\d{1,4})(h|d|w|m|y)")
#: A month and a year of a span are averages: ``6m`` is "about half a year ago", not a calendar date.
_HOURS = {"h": 1, "d": 24, "w": 168, "m": 730, "y": 8766}
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_WEEK = re.compile(r"(\d{4})-w(\d{1,2})")
_DAYS_BACK = {"today": 0, "yesterday": 1}


def instant(text: str, now: datetime, *, end: bool) -> datetime:
    """The instant meant; for ``end`` the last one of the day, week, month or year named.

    Dates are days of ``now``'s time zone. Raises ValueError in words.
    """
    low = text.lower()
    if low == "now":
        return now
    try:
        if span := _SPAN.fullmatch(low):
            return now - timedelta(hours=int(span.group(1)) * _HOURS[span.group(2)])
        if "t" in low and _DAY.match(low):
            at = datetime.fromisoformat(text.upper())
            return at if at.tzinfo else at.replace(tzinfo=now.tzinfo or UTC)
        first, following = _named(low, now)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no date ({error})") from error
    day = following if end else first
    midnight = datetime(day.year, day.month, day.day, tzinfo=now.tzinfo or UTC)
    return midnight - timedelta(microseconds=1) if end else midnight


def _named(low: str, now: datetime) -> tuple[date, date]:
    """The first day of what is named, and the first day after it."""
    if low in _DAYS_BACK:
        first = now.date() - timedelta(days=_DAYS_BACK[low])
        return first, first + timedelta(days=1)
    if week := _WEEK.fullmatch(low):
        first = date.fromisocalendar(int(week.group(1)), int(week.group(2)), 1)
        return first, first + timedelta(days=7)
    if day := _DAY.fullmatch(low):
        year, month, number = (int(g) if g else 0 for g in day.groups())
        if not month:
            return date(year, 1, 1), date(year + 1, 1, 1)
        if not number:
            return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
        first = date(year, month, number)
        return first, first + timedelta(days=1)
    raise ValueError(f"write {FORMS}")

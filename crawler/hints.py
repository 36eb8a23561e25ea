"""What servers and feeds say about when to come back. Pure; nothing here is believed without bounds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["MOST_WAIT", "feed_pace", "freshness", "http_date", "permanent_move", "retry_at"]

#: The longest wait a server may ask for. Some say a year, by mistake or to be rid of us; a day keeps
#: the owner's "the same day" and is what RFC 9309 allows for robots.txt too.
MOST_WAIT: Final = timedelta(days=1)
#: The longest pace taken from a feed or a cache header: those who say more mean "never mind".
_MOST_PACE: Final = 7 * 86400.0
#: ``ttl`` and ``sy:`` stand before the first entry; this much is looked through.
_HEAD: Final = 32 * 2**10
_URL_LENGTH: Final = 2048

_PERIODS: Final = {
    b"hourly": 3600.0,
    b"daily": 86400.0,
    b"weekly": 7 * 86400.0,
    b"monthly": 30 * 86400.0,
    b"yearly": 365 * 86400.0,
}
_ENTRY: Final = re.compile(rb"<(?:item|entry)[\s>/]")
_TTL: Final = re.compile(rb"<ttl>\s{0,20}(\d{1,7})\s{0,20}</ttl>")
_PERIOD: Final = re.compile(rb"<sy:updatePeriod>\s{0,20}([A-Za-z]{1,10})\s{0,20}</sy:updatePeriod>")
_FREQUENCY: Final = re.compile(rb"<sy:updateFrequency>\s{0,20}(\d{1,7})\s{0,20}</sy:updateFrequency>")
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NOT_KEPT: Final = re.compile(r"(?:^|[\s,])(?:no-cache|no-store)(?:$|[\s,;])", re.IGNORECASE)


def retry_at(value: str, now: datetime) -> datetime | None:
    """When a Retry-After header (seconds or an HTTP date, RFC 9110) allows the next request.

    At most MOST_WAIT from ``now``; None for one that is missing, past or says nothing.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        # Twelve digits are more than any wait; a longer number would only be slow to read.
        at = now + min(timedelta(seconds=int(text[:12])), MOST_WAIT)
    else:
        said = http_date(text)
        if said is None:
            return None
        at = min(said, now + MOST_WAIT)
    return at if at > now else None


def http_date(value: str) -> datetime | None:
    """An HTTP date as an aware time in UTC, None if it is none."""
    if not 10 <= len(value) <= 60:
        return None
    try:
        parsed = parsedate_to_datetime(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def freshness(cache_control: str, expires: str, date: str, now: datetime) -> float:
    """Seconds for which an answer calls itself fresh (RFC 9111), 0.0 where it says nothing of use."""
    if _NOT_KEPT.search(cache_control):
        return 0.0
    age = _MAX_AGE.search(cache_control)
    if age:
        return min(float(age[1]), _MOST_PACE)
    until = http_date(expires.strip())
    if until is None:
        return 0.0
    seconds = (until - (http_date(date.strip()) or now)).total_seconds()
    return min(max(seconds, 0.0), _MOST_PACE)


def feed_pace(body: bytes) -> float:
    """Seconds between two polls that a feed asks for by ``ttl`` or ``sy:updatePeriod``, 0.0 for none.

    Where it has both, the longer one.
    """
    head = body[:_HEAD]
    entry = _ENTRY.search(head)
    if entry:
        head = head[: entry.start()]
    ttl = _TTL.search(head)
    asked = int(ttl[1]) * 60.0 if ttl else 0.0
    period = _PERIOD.search(head)
    if period:
        often = _FREQUENCY.search(head)
        asked = max(asked, _PERIODS.get(period[1].lower(), 0.0) / max(1, int(often[1]) if often else 1))
    return min(asked, _MOST_PACE)


def permanent_move(urls: list[str], reasons: list[object]) -> str:
    """Where a chain of redirects leads for good: its address after the first hops that are 301 or 308.

    ``urls`` holds every address of the chain, ``reasons`` the status of each hop. "" for none, and
    for moves not to be remembered: from https to http, or to an address that is overlong.
    """
    target = ""
    for reason, url in zip(reasons, urls[1:], strict=False):
        if reason not in (301, 308):
            break
        target = url
    downgraded = urls[0].startswith("https:") and not target.startswith("https:") if target else False
    return "" if downgraded or len(target) > _URL_LENGTH else target

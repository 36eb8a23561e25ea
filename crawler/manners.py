"""What we have been told by servers and keep to, across gatherings: waits, and rules for robots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from crawler.hints import retry_at

__all__ = ["UNTOLD_WAIT", "Manners", "wait_asked"]

#: A wait where a server says "too many requests" (429) and not for how long.
UNTOLD_WAIT: Final = timedelta(minutes=15)
#: RFC 9309: a copy of robots.txt should not be used for longer.
_ROBOTS_FOR: Final = timedelta(days=1)
#: One that could not be had is asked for again after this time.
_ROBOTS_AGAIN: Final = timedelta(minutes=15)
#: Sites whose robots.txt is kept. Most have under 4 KiB; the oldest goes first.
_SITES: Final = 4000


class Manners:
    """Until when hosts are left alone, and each site's robots.txt. Kept for as long as the process lives.

    Waits outlive it through the archive: ``waits`` are those known at the start.
    """

    def __init__(self, waits: Mapping[str, datetime] | None = None) -> None:
        self._waits: dict[str, datetime] = dict(waits or {})
        self._robots: dict[str, tuple[datetime, bytes | None]] = {}

    def wait(self, host: str, until: datetime) -> None:
        """Leave ``host`` alone until then; a longer wait already asked for stays."""
        self._waits[host] = max(until, self._waits.get(host, until))

    def waits_for(self, host: str, now: datetime) -> datetime | None:
        """Until when ``host`` is left alone, None if it is not."""
        until = self._waits.get(host)
        return until if until is not None and until > now else None

    def waits(self, now: datetime) -> Mapping[str, datetime]:
        """All hosts that are left alone, and until when."""
        return {host: until for host, until in self._waits.items() if until > now}

    def robots(self, site: str, now: datetime) -> bytes | None:
        """A site's robots.txt if it is known well enough, b"" for no rules; None: ask for it."""
        kept = self._robots.get(site)
        return kept[1] or b"" if kept is not None and kept[0] > now else None

    def keep_robots(self, site: str, rules: bytes | None, now: datetime) -> None:
        """Keep a site's rules; None where they could not be had: then the last known hold on."""
        if rules is None:
            last = self._robots.pop(site, (now, None))[1]
            self._robots[site] = (now + _ROBOTS_AGAIN, last)
        else:
            self._robots.pop(site, None)
            self._robots[site] = (now + _ROBOTS_FOR, rules)
        while len(self._robots) > _SITES:
            del self._robots[next(iter(self._robots))]


def wait_asked(status: int, headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Until when an answer asks its whole host to be left alone, None if it does not.

    By Retry-After with 429 and 503; with 403 and 429 also by the rate-limit headers of release
    hubs (all requests used, reset at an epoch second or in so many seconds).
    """
    if status not in {403, 429, 503}:
        return None
    at = retry_at(headers.get("retry-after", ""), now) if status != 403 else None
    if at is None and headers.get("x-ratelimit-remaining", "").strip() == "0":
        reset = headers.get("x-ratelimit-reset", "").strip()
        if reset.isascii() and reset.isdigit() and len(reset) <= 10:
            seconds = int(reset)
            # An epoch second, or so many seconds from now: both are in use.
            left = seconds - int(now.timestamp()) if seconds > 10**9 else seconds
            at = retry_at(str(left), now)
    if at is None and status == 429:
        at = now + UNTOLD_WAIT
    return at

"""What is remembered of a source between two polls: part of `pipeline.model`, which gives it out.

Like there: frozen dataclasses, no I/O, no third-party imports.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Health(StrEnum):
    """How a source does, by its last polls."""

    NEW = "new"  # not read yet
    HEALTHY = "healthy"
    FAILING = "failing"  # not to be had, several times in a row
    BLOCKED = "blocked"  # its server refuses programs: a bot wall, robots.txt, a login
    SILENT = "silent"  # it answers, but nothing new has come for much longer than its rhythm
    MOVED = "moved"  # it answers at another address for good
    GONE = "gone"  # its server says that it is no more (410)


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is remembered of a source between two polls; `crawler.policy` decides all of it."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""  # SHA-256 hex of the last body that was read
    failures: int = 0  # in a row
    asked: str = ""  # fingerprint of the address and recipe that all this is about
    full_at: datetime | None = None  # when a whole body last came
    distrust: bool = False  # its validators were found to lie: it is never asked conditionally
    gap: float = 0.0  # seconds between two new items as a rule, 0 not known
    newest: datetime | None = None  # when the newest item appeared
    pace: float = 0.0  # seconds between polls that the feed itself asks for, 0 says nothing
    address: str = ""  # polled instead of the catalogue's: a permanent redirect that was adopted
    moved_to: str = ""  # where a permanent redirect points that is not adopted yet
    moves: int = 0  # how often in a row it did
    next_at: datetime | None = None  # when the service polls it next; None: now
    next_why: str = ""  # "rhythm", "cache", "feed", "back-off", "retry-after", "gone"
    health: Health = Health.NEW
    health_since: datetime | None = None
    health_why: str = ""  # one sentence, "" where there is nothing to say


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """A source's health changed."""

    source_id: str
    name: str
    at: datetime
    before: Health
    after: Health
    why: str


@dataclass(frozen=True, slots=True)
class ServerSays:
    """What an answer says beside its body about the next poll. Times in seconds, 0 nothing."""

    fresh: float = 0.0  # by Cache-Control or Expires
    pace: float | None = None  # by the feed's own ttl or sy:, None where the body was not read
    retry_at: datetime | None = None  # by Retry-After
    moved_to: str = ""  # where permanent redirects led

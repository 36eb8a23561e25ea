"""When a source is polled next, how it is asked, and what is remembered of it. Pure.

Nothing here does anything: `ask` says what to send, `after` what to remember of a poll, `plan`
which sources are polled now and which wait, and why. ``now`` and all history are passed in.

The next poll follows the source's own rhythm: half the usual gap between two items, longer
while nothing comes, never sooner than the server's cache or the feed itself asks for, within the
bounds that the settings or the source give. Failures add to it in a straight line, steeper where
trying again helps less, up to a day: no source is ever given up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from crawler.health import assess
from pipeline.model import (
    ConfigError,
    Health,
    Poll,
    PollOutcome,
    Problem,
    Source,
    SourceState,
)

__all__ = [
    "ADOPT_AFTER",
    "Ask",
    "Bounds",
    "Plan",
    "Waiting",
    "after",
    "ask",
    "bounds_of",
    "fingerprint",
    "host_of",
    "parse_cadence",
    "plan",
    "rhythm",
]

#: Polls in a row that a permanent redirect must have led to the same place before we go there
#: directly: some sites answer 301 by mistake for an afternoon.
ADOPT_AFTER: Final = 5
#: Validators may lie, caches may be stale: a whole body is asked for at least this often.
FULL_EVERY: Final = timedelta(days=7)
#: A source that answered 410 is looked at again after this time: even a "gone" may be a mistake.
GONE_FOR: Final = timedelta(days=7)
#: Items whose times tell the rhythm: enough to see a weekly column through a burst of posts.
_ITEMS: Final = 20
#: A source without a rhythm is asked hourly, within its bounds.
_UNKNOWN_GAP: Final = 2 * 3600.0
#: Of the time nothing came, this share is waited at least: what has slept ten days may sleep a while more.
_QUIET_SHARE: Final = 0.05
#: Spread: a poll is put off by up to this share of its interval, so that sources added together part.
_JITTER: Final = 0.2

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
#: (added to the interval for each failure in a row, most of it), seconds, by the problem's code.
#: Passing troubles are soon over, or the trouble is our own network; what somebody must mend takes
#: longer; who refuses us is not to be pestered.
_PASSING: Final = (15 * _MINUTE, 4 * _HOUR)
_TO_MEND: Final = (_HOUR, 24 * _HOUR)
_REFUSAL: Final = (3 * _HOUR, 24 * _HOUR)
_BACK_OFF: Final[Mapping[str, tuple[float, float]]] = {
    **dict.fromkeys(
        (
            *("timeout", "dns", "refused", "unreachable", "connection-lost", "cut-short", "bad-http"),
            *("http-408", "http-425", "internal"),
        ),
        _PASSING,
    ),
    **dict.fromkeys(
        (
            *("bot-wall", "robots", "address-refused", "bad-address"),
            *("http-401", "http-402", "http-403", "http-404", "http-405", "http-406", "http-451"),
        ),
        _REFUSAL,
    ),
}
#: Troubles that speak against an adopted address: back to the catalogue's.
_LOST: Final = frozenset(
    {"http-404", "http-410", "dns", "not-a-feed", "empty", "tls", "address-refused", "bad-address"}
)

_CADENCE: Final = re.compile(r"([0-9]{1,4})([mhd])(?:\s*-\s*([0-9]{1,4})([mhd]))?")
_UNITS: Final = {"m": _MINUTE, "h": _HOUR, "d": 24 * _HOUR}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Shortest and longest time between two polls of a source, in seconds."""

    shortest: float = 30 * _MINUTE
    longest: float = 4 * _HOUR

    def __post_init__(self) -> None:
        if not 0 < self.shortest <= self.longest:
            raise ValueError(f"no bounds: {self.shortest} to {self.longest} seconds")


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask a source's server."""

    url: str
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""  # a body with this hash is not read

    @property
    def conditional(self) -> bool:
        """Whether 304 is an answer."""
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source that is not asked now, and why."""

    source: Source
    until: datetime
    problem: Problem


@dataclass(frozen=True, slots=True)
class Plan:
    """What one cycle polls, and which sources were told to wait."""

    polled: tuple[Source, ...]
    waiting: tuple[Waiting, ...]
    resting: int = 0  # sources that did well when last polled, whose time has not come


def parse_cadence(text: str) -> Bounds:
    """Bounds from words: "30m", "2h", "15m-4h", "1d". Raises ConfigError."""
    match = _CADENCE.fullmatch(text.strip().lower())
    if match:
        low = int(match[1]) * _UNITS[match[2]]
        high = int(match[3]) * _UNITS[match[4]] if match[3] else low
        if _MINUTE <= low <= high <= 30 * _UNITS["d"]:
            return Bounds(low, high)
    raise ConfigError(
        f"“{text}” is no cadence.",
        about="cadence",
        cure="Write a time such as 30m, 2h or 1d, or the shortest and longest, such as 15m-4h.",
    )


def bounds_of(source: Source, default: Bounds) -> Bounds:
    """A source's own bounds, else the settings'."""
    return parse_cadence(source.cadence) if source.cadence else default


def fingerprint(source: Source) -> str:
    """What a source's memory is about: other address or recipe, other memory."""
    parts = (source.kind.value, source.url, *(f"{k}={v}" for k, v in sorted(source.recipe.items())))
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def host_of(url: str) -> str:
    """The host whose wishes to wait count for ``url``, "" if it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def rhythm(times: Iterable[datetime]) -> float:
    """Median seconds between two of the newest publishing times, 0.0 where fewer than three differ.

    Items of one minute count once: a site that publishes ten at a stroke is no faster for it.
    """
    minutes = sorted({int(time.timestamp()) // 60 for time in times}, reverse=True)[: _ITEMS + 1]
    if len(minutes) < 3:
        return 0.0
    gaps = sorted(new - old for new, old in pairwise(minutes))
    return gaps[len(gaps) // 2] * 60.0


def _remembered(source: Source, state: SourceState) -> SourceState:
    """``state``, or a new one where the catalogue has another address or recipe by now."""
    mark = fingerprint(source)
    if state.asked in ("", mark):
        return replace(state, asked=mark)
    return SourceState(asked=mark, health=state.health, health_since=state.health_since)


def ask(source: Source, state: SourceState, now: datetime) -> Ask:
    """What to send: conditional where validators are known, believed, and a whole body came lately."""
    known = _remembered(source, state)
    url = known.address or source.url
    stale = known.full_at is not None and now - known.full_at >= FULL_EVERY * (0.9 + 0.2 * _chance(source.id))
    if stale or known.distrust:
        return Ask(url, body_hash=known.body_hash)
    return Ask(url, known.etag, known.last_modified, known.body_hash)


def after(
    source: Source, state: SourceState, poll: Poll, now: datetime, default: Bounds = Bounds()
) -> SourceState:
    """What to remember of ``poll``, whose ``state`` holds the validators and hash that came with it."""
    known = _remembered(source, state)
    if poll.outcome is PollOutcome.DEFERRED:
        return replace(known, next_at=poll.says.retry_at, next_why="retry-after")
    bounds = bounds_of(source, default)
    if poll.outcome is PollOutcome.FAILED:
        known = replace(_doubted(known, poll), failures=known.failures + 1)
    else:
        known = _moved(_read(known, poll, now), poll)
    health, why = assess(known, poll, now)
    if health is not known.health:
        known = replace(known, health_since=now)
    known = replace(known, health=health, health_why=why)
    wait, reason = _wait(known, poll, now, bounds)
    return replace(known, next_at=now + timedelta(seconds=_spread(source.id, wait, now)), next_why=reason)


def plan(
    sources: Sequence[Source],
    states: Mapping[str, SourceState],
    hosts: Mapping[str, datetime],
    now: datetime,
    *,
    due_only: bool,
) -> Plan:
    """Which sources to poll now.

    ``hosts`` holds until when servers have told us to wait. With ``due_only`` sources whose time
    has not come are left out without a word; those that wait or are gone are told either way.
    """
    polled, waiting, resting = [], [], 0
    for source in sources:
        state = _remembered(source, states.get(source.id, SourceState()))
        host = host_of(state.address or source.url)
        until = hosts.get(host)
        if until is not None and until > now:
            words = (
                f"Its server {host} has asked us to wait until {_hour(until, now)}; it will be polled then."
            )
            waiting.append(Waiting(source, until, Problem("told-to-wait", words)))
        elif state.health is Health.GONE and state.next_at is not None and state.next_at > now:
            words = f"Its server says it is gone for good; it is looked at again on {state.next_at:%-d %B}."
            cure = "Look for its new address, or remove it."
            waiting.append(Waiting(source, state.next_at, Problem("gone", words, cure)))
        elif not due_only or state.next_at is None or state.next_at <= now:
            polled.append(source)
        else:
            resting += not state.failures
    return Plan(tuple(polled), tuple(waiting), resting)


def _read(known: SourceState, poll: Poll, now: datetime) -> SourceState:
    """``known`` with what an answer that was read, or had not changed, tells."""
    new = poll.state
    # A time ahead of us is a site's mistake, and would make it look busy, or dead, for as long.
    times = [entry.published for entry in poll.entries if entry.published and entry.published <= now]
    newest = max(times, default=None)
    if newest is None and poll.outcome is PollOutcome.OK and poll.entries:
        newest = now  # without dates: what has changed is new
    fresher = newest is not None and (known.newest is None or newest > known.newest)
    lied = fresher and known.newest is not None and _same_validators(known, new)
    whole = poll.status != 304
    return replace(
        known,
        etag=new.etag,
        last_modified=new.last_modified,
        body_hash=new.body_hash,
        failures=0,
        full_at=now if whole or known.full_at is None else known.full_at,
        distrust=known.distrust or bool(lied),
        gap=rhythm(times) or known.gap,
        newest=newest if fresher else known.newest,
        pace=known.pace if poll.says.pace is None else poll.says.pace,
    )


def _same_validators(known: SourceState, new: SourceState) -> bool:
    """Whether another body came under a validator that stood for the last one."""
    same = (known.etag and known.etag == new.etag) or (
        not known.etag and known.last_modified and known.last_modified == new.last_modified
    )
    return bool(same and known.body_hash and known.body_hash != new.body_hash)


def _moved(known: SourceState, poll: Poll) -> SourceState:
    """``known`` with permanent redirects counted, and the address adopted after enough of them."""
    target = poll.says.moved_to
    if not target:
        return replace(known, moved_to="", moves=0)
    moves = known.moves + 1 if target == known.moved_to else 1
    if moves < ADOPT_AFTER:
        return replace(known, moved_to=target, moves=moves)
    return replace(known, address=target, moved_to="", moves=0)


def _doubted(known: SourceState, poll: Poll) -> SourceState:
    """``known`` without its adopted address if that leads nowhere; a failed poll moves nothing else."""
    code = poll.problem.code if poll.problem else ""
    if known.address and code in _LOST and known.failures >= 2:
        return replace(known, address="", moved_to="", moves=0, etag="", last_modified="", body_hash="")
    return known


def _wait(known: SourceState, poll: Poll, now: datetime, bounds: Bounds) -> tuple[float, str]:
    """Seconds to the next poll, before they are spread, and what decided them."""
    if known.health is Health.GONE:
        return GONE_FOR.total_seconds(), "gone"
    wishes = {"rhythm": (known.gap or _UNKNOWN_GAP) / 2}
    if known.newest is not None:
        quiet = (now - known.newest).total_seconds() * _QUIET_SHARE
        wishes["rhythm"] = max(wishes["rhythm"], quiet)
    wishes["cache"] = poll.says.fresh
    wishes["feed"] = known.pace
    reason = max(wishes, key=lambda name: wishes[name])
    wait = min(max(wishes[reason], bounds.shortest), bounds.longest)
    if poll.outcome is PollOutcome.FAILED:
        code = poll.problem.code if poll.problem else ""
        step, most = _BACK_OFF.get(code, _PASSING if code.startswith("http-5") else _TO_MEND)
        reason, wait = "back-off", max(wait, min(wait + step * known.failures, most))
    if poll.says.retry_at is not None:
        asked = (poll.says.retry_at - now).total_seconds()
        if asked > wait:
            return asked, "retry-after"
    return wait, reason


def _spread(source_id: str, wait: float, now: datetime) -> float:
    """``wait`` with up to a fifth more, the same for the same source and slot of time."""
    slot = int(now.timestamp() // max(wait, 1.0))
    return wait * (1 + _JITTER * _chance(f"{source_id} {slot}"))


def _chance(seed: str) -> float:
    """A number from 0 to 1, always the same for ``seed``."""
    return int.from_bytes(sha256(seed.encode()).digest()[:4]) / 2**32


def _hour(at: datetime, now: datetime) -> str:
    local = at.astimezone()
    return f"{local:%H:%M}" if at - now < timedelta(hours=12) else f"{local:%-d %B %H:%M}"

"""How a source does, from what is remembered of it and its last poll. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pipeline.model import Health, Poll, PollOutcome, SourceState

__all__ = ["assess", "silent_after"]

#: Problems by which a server, or its owner's rules, refuses programs.
_BLOCKS: Final = frozenset(
    {"bot-wall", "robots", "rate-limit", "http-401", "http-402", "http-403", "http-429", "http-451"}
)
#: Problems that do not pass by themselves: the second in a row tells.
_LASTING: Final = frozenset(
    {"http-404", "not-a-feed", "empty", "bad-address", "address-refused", "tls", "bad-redirect"}
)
#: Other failures in a row until a source counts as failing. With the back-off of `crawler.policy`
#: the third comes within hours: one bad minute is no news, and the owner hears of it the same day.
_FAILURES: Final = 3
_LASTING_FAILURES: Final = 2

#: A source is silent after this many of its usual gaps, within these bounds: a daily column may
#: take a holiday, and a quarterly one must not wait for two years to be missed.
_GAPS: Final = 8
_LEAST_SILENCE: Final = timedelta(days=14)
_MOST_SILENCE: Final = timedelta(days=365)
#: For sources of which too little has come to know a rhythm.
_UNKNOWN_SILENCE: Final = timedelta(days=120)


def silent_after(gap: float) -> timedelta:
    """How long nothing new may come from a source with ``gap`` seconds between items (0 not known)."""
    if not gap:
        return _UNKNOWN_SILENCE
    return min(max(timedelta(seconds=_GAPS * gap), _LEAST_SILENCE), _MOST_SILENCE)


def assess(state: SourceState, poll: Poll, now: datetime) -> tuple[Health, str]:
    """The health of a source after ``poll`` and the reason in one sentence ("" for healthy).

    ``state`` is what is remembered with ``poll`` counted in: its failures, its newest item.
    """
    if poll.outcome is PollOutcome.FAILED:
        assert poll.problem is not None
        return _failed(state, poll.problem.code), poll.problem.message
    if state.newest is not None and now - state.newest > silent_after(state.gap):
        days = (now - state.newest).days
        usual = f"; as a rule something comes every {_span(state.gap)}" if state.gap else ""
        return Health.SILENT, f"Nothing new has come for {days} days{usual}."
    if state.address:
        return Health.MOVED, f"It has moved to {state.address}; put that address into the sources."
    return Health.HEALTHY, ""


def _failed(state: SourceState, code: str) -> Health:
    if code == "http-410":
        return Health.GONE
    needed = _LASTING_FAILURES if code in _LASTING | _BLOCKS else _FAILURES
    # One that never answered is told of at once: whoever added it is still there.
    if state.failures < needed and state.health not in {
        Health.NEW,
        Health.BLOCKED,
        Health.FAILING,
        Health.GONE,
    }:
        return state.health
    return Health.BLOCKED if code in _BLOCKS else Health.FAILING


def _span(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("hours", 3600.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, round(seconds / 60))} minutes" if seconds < 3000 else "hour"

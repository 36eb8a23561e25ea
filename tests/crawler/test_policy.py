"""The polling policy, as tables and over whatever servers may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import policy
from crawler.health import silent_after
from crawler.policy import Bounds, after, ask, fingerprint, parse_cadence, plan, rhythm
from pipeline.model import (
    ConfigError,
    Entry,
    Health,
    Poll,
    PollOutcome,
    Problem,
    ServerSays,
    Source,
    SourceKind,
    SourceState,
)

from .conftest import NOW

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SOURCE = Source("a", "A", SourceKind.FEED, "https://a.example/feed")
KNOWN = SourceState(
    etag='"v1"',
    last_modified="then",
    body_hash="h1",
    asked=fingerprint(SOURCE),
    full_at=NOW - HOUR,
    newest=NOW - HOUR,
    gap=4 * 3600.0,
    health=Health.HEALTHY,
)


def entries(*times: datetime | None) -> tuple[Entry, ...]:
    return tuple(
        Entry("a", str(n), f"https://a.example/{n}", f"https://a.example/{n}", "T", published=at)
        for n, at in enumerate(times)
    )


def good(state: SourceState = KNOWN, status: int = 200, **values: Any) -> Poll:
    outcome = PollOutcome.UNCHANGED if status == 304 else PollOutcome.OK
    return Poll("a", outcome, NOW, status=status, state=state, **values)


def bad(code: str, **says: Any) -> Poll:
    return Poll("a", PollOutcome.FAILED, NOW, problem=Problem(code, "It failed."), says=ServerSays(**says))


def wait(state: SourceState) -> timedelta:
    assert state.next_at is not None
    return state.next_at - NOW


# ----------------------------------------------------------------------------------- asking


@pytest.mark.parametrize(
    ("changes", "etag", "url"),
    [
        ({}, '"v1"', SOURCE.url),
        ({"asked": ""}, '"v1"', SOURCE.url),  # remembered before fingerprints were
        ({"asked": "another"}, "", SOURCE.url),
        ({"full_at": NOW - 8 * DAY}, "", SOURCE.url),
        ({"full_at": NOW - 6 * DAY}, '"v1"', SOURCE.url),
        ({"full_at": None}, '"v1"', SOURCE.url),
        ({"distrust": True}, "", SOURCE.url),
        ({"address": "https://b.example/feed"}, '"v1"', "https://b.example/feed"),
    ],
)
def test_what_is_asked_follows_from_what_is_known(changes: dict[str, Any], etag: str, url: str) -> None:
    asked = ask(SOURCE, replace(KNOWN, **changes), NOW)
    assert (asked.etag, asked.url) == (etag, url)
    assert asked.conditional is bool(etag)


def test_another_address_or_recipe_forgets_validators_hash_moves_and_failures() -> None:
    moved = replace(KNOWN, failures=5, address="https://b.example/", distrust=True)
    for changed in (
        replace(SOURCE, url="https://c.example/feed"),
        replace(SOURCE, recipe={"item": "li"}),
        replace(SOURCE, kind=SourceKind.SITEMAP),
    ):
        assert ask(changed, moved, NOW) == policy.Ask(changed.url)
        state = after(changed, moved, bad("timeout"), NOW)
        assert (state.failures, state.etag, state.address, state.distrust) == (1, "", "", False)
    renamed = replace(SOURCE, name="Another name", language="de")
    assert ask(renamed, KNOWN, NOW).etag == '"v1"'


# --------------------------------------------------------------------------- when to come back


@pytest.mark.parametrize(
    ("gap_hours", "quiet", "says", "pace", "expected", "why"),
    [
        (0, HOUR, {}, 0, 1.0, "rhythm"),  # not known: hourly
        (1, HOUR, {}, 0, 0.5, "rhythm"),
        (0.1, HOUR, {}, 0, 0.5, "rhythm"),  # never sooner than the bounds allow
        (4, HOUR, {}, 0, 2.0, "rhythm"),
        (100, HOUR, {}, 0, 4.0, "rhythm"),  # nor later
        (1, 2 * DAY, {}, 0, 2.4, "rhythm"),  # still for two days
        (1, HOUR, {"fresh": 7200.0}, 0, 2.0, "cache"),
        (1, HOUR, {"fresh": 60.0}, 0, 0.5, "rhythm"),
        (1, HOUR, {"fresh": 999999.0}, 0, 4.0, "cache"),
        (1, HOUR, {}, 10800.0, 3.0, "feed"),
        (1, HOUR, {"pace": 5400.0}, 10800.0, 1.5, "feed"),  # it says something else now
        (1, HOUR, {"retry_at": NOW + 9 * HOUR}, 0, 9.0, "retry-after"),
    ],
)
def test_the_next_poll_follows_rhythm_cache_and_feed_within_bounds(
    gap_hours: float, quiet: timedelta, says: dict[str, Any], pace: float, expected: float, why: str
) -> None:
    known = replace(KNOWN, gap=gap_hours * 3600, newest=NOW - quiet, pace=pace)
    state = after(SOURCE, known, good(known, 304, says=ServerSays(**says)), NOW)
    assert expected * HOUR <= wait(state) <= expected * 1.2 * HOUR
    assert state.next_why == why


@pytest.mark.parametrize(
    ("code", "failures", "least", "most"),
    [
        ("timeout", 0, 2.25, 2.7),
        ("http-503", 0, 2.25, 2.7),
        ("dns", 3, 3.0, 3.6),
        ("timeout", 500, 4.0, 4.8),  # our own network may have been the trouble
        ("not-a-feed", 0, 3.0, 3.6),
        ("tls", 3, 6.0, 7.2),
        ("http-404", 0, 5.0, 6.0),
        ("bot-wall", 2, 11.0, 13.2),
        ("robots", 500, 24.0, 28.8),
        ("http-410", 0, 7 * 24.0, 7 * 24 * 1.2),
        ("a-code-of-the-future", 1, 4.0, 4.8),
    ],
)
def test_failures_put_off_by_their_kind_in_a_straight_line_and_never_for_ever(
    code: str, failures: int, least: float, most: float
) -> None:
    state = after(SOURCE, replace(KNOWN, failures=failures), bad(code), NOW)
    assert least * HOUR <= wait(state) <= most * HOUR
    assert state.failures == failures + 1
    assert (state.etag, state.last_modified, state.body_hash) == ('"v1"', "then", "h1")


def test_the_spread_is_the_same_each_time_and_another_for_each_source() -> None:
    waits = set()
    for name in "abcdefgh":
        source = replace(SOURCE, id=name)
        first = after(source, SourceState(), good(), NOW)
        assert first == after(source, SourceState(), good(), NOW)
        waits.add(first.next_at)
    assert len(waits) == 8


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("30m", 1800, 1800), ("2h", 7200, 7200), ("15m-4h", 900, 14400), ("1D", 86400, 86400)],
)
def test_a_source_may_have_bounds_of_its_own(text: str, low: float, high: float) -> None:
    assert parse_cadence(text) == Bounds(low, high)
    source = replace(SOURCE, cadence=text)
    state = after(source, KNOWN, good(says=ServerSays(fresh=1e6)), NOW)
    assert high <= wait(state).total_seconds() <= 1.2 * high


@pytest.mark.parametrize("text", ["", "soon", "0m", "4h-15m", "15", "-1h", "99999h", "31d", "1h-2h-3h", "१h"])
def test_a_cadence_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_cadence(text)


_seconds = st.floats(0, 1e8)


@settings(deadline=None)
@given(
    st.builds(
        SourceState,
        failures=st.integers(0, 10_000),
        gap=_seconds,
        pace=_seconds,
        newest=st.none() | st.integers(0, 9000).map(lambda days: NOW - days * DAY),
        address=st.sampled_from(["", "https://b.example/"]),
        health=st.sampled_from(Health),
    ),
    st.sampled_from(["", "timeout", "http-404", "http-410", "http-429", "robots", "else"]),
    st.builds(ServerSays, fresh=_seconds, pace=st.none() | _seconds),
    st.sampled_from(["a", "b", "c"]),
)
def test_no_source_is_ever_polled_too_soon_or_given_up(
    state: SourceState, code: str, says: ServerSays, name: str
) -> None:
    source = replace(SOURCE, id=name)
    poll = replace(bad(code), says=says) if code else good(state, says=says)
    new = after(source, state, poll, NOW)
    assert new.health is not Health.NEW or code
    most = 7 * 1.2 * DAY if new.health is Health.GONE else 1.2 * DAY
    assert timedelta(minutes=30) <= wait(new) <= most


# ------------------------------------------------------------------------------------- rhythm


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([], 0),
        ([0, 5], 0),
        ([0, 5, 10], 5),
        ([0, 0, 0, 0, 24, 24, 48, 48, 72], 24),  # batches
        ([0, 1, 2, 3, 100, 200], 1),  # a burst now
        ([0, 24, 48, 1000, 1024], 24),
    ],
)
def test_the_rhythm_is_the_usual_gap_between_publishing_times(hours: list[int], expected: int) -> None:
    times = [NOW - hour * HOUR for hour in hours]
    assert rhythm(times) == expected * 3600
    assert rhythm(reversed(times)) == expected * 3600


def test_entries_tell_rhythm_and_newest_but_none_from_the_future() -> None:
    listed = entries(NOW + 30 * DAY, NOW - HOUR, NOW - 25 * HOUR, NOW - 49 * HOUR, None)
    state = after(SOURCE, SourceState(), good(entries=listed), NOW)
    assert state.newest == NOW - HOUR
    assert state.gap == 24 * 3600
    undated = after(SOURCE, SourceState(), good(entries=entries(None, None)), NOW)
    assert (undated.newest, undated.gap) == (NOW, 0)


def test_a_poll_without_entries_keeps_rhythm_and_newest() -> None:
    state = after(SOURCE, KNOWN, good(KNOWN, 304), NOW)
    assert (state.gap, state.newest) == (KNOWN.gap, KNOWN.newest)


# ------------------------------------------------------------------------- lies and whole bodies


def test_a_304_does_not_count_as_a_whole_body_and_a_200_does() -> None:
    assert after(SOURCE, KNOWN, good(KNOWN, 304), NOW).full_at == NOW - HOUR
    assert after(SOURCE, KNOWN, good(KNOWN, 200), NOW).full_at == NOW
    assert after(SOURCE, replace(KNOWN, full_at=None), good(KNOWN, 304), NOW).full_at == NOW


@pytest.mark.parametrize(
    ("etag", "body_hash", "newer", "distrusted"),
    [
        ('"v1"', "h2", True, True),  # something new under the old validator
        ('"v1"', "h2", False, False),  # a build date changed, nothing else
        ('"v2"', "h2", True, False),
        ('"v1"', "h1", True, False),
    ],
)
def test_validators_that_hid_something_new_are_never_believed_again(
    etag: str, body_hash: str, newer: bool, distrusted: bool
) -> None:
    poll = good(
        SourceState(etag=etag, body_hash=body_hash),
        entries=entries(NOW - timedelta(minutes=5) if newer else NOW - 2 * HOUR),
    )
    state = after(SOURCE, KNOWN, poll, NOW)
    assert state.distrust is distrusted
    assert ask(SOURCE, state, NOW).conditional is not distrusted


# --------------------------------------------------------------------------------------- moves


def test_a_permanent_redirect_is_adopted_after_several_in_a_row_and_not_before() -> None:
    state = KNOWN
    moved = good(KNOWN, says=ServerSays(moved_to="https://b.example/feed"))
    for _ in range(policy.ADOPT_AFTER - 1):
        state = after(SOURCE, state, moved, NOW)
        assert (ask(SOURCE, state, NOW).url, state.health) == (SOURCE.url, Health.HEALTHY)
    state = after(SOURCE, state, moved, NOW)
    assert ask(SOURCE, state, NOW).url == "https://b.example/feed"
    assert state.health is Health.MOVED
    assert "https://b.example/feed" in state.health_why
    # and stays so, though it redirects no more
    state = after(SOURCE, state, good(KNOWN, 304), NOW)
    assert (ask(SOURCE, state, NOW).url, state.health) == ("https://b.example/feed", Health.MOVED)


def test_a_redirect_that_changes_its_mind_starts_again() -> None:
    state = KNOWN
    for number in range(20):
        where = f"https://{'bc'[number % 2]}.example/feed" if number % 3 else ""
        state = after(SOURCE, state, good(KNOWN, says=ServerSays(moved_to=where)), NOW)
    assert ask(SOURCE, state, NOW).url == SOURCE.url


def test_an_adopted_address_that_is_lost_gives_way_to_the_catalogues() -> None:
    state = replace(KNOWN, address="https://b.example/feed", health=Health.MOVED)
    for _ in range(2):
        state = after(SOURCE, state, bad("http-404"), NOW)
        assert ask(SOURCE, state, NOW).url == "https://b.example/feed"
    state = after(SOURCE, state, bad("http-404"), NOW)
    assert ask(SOURCE, state, NOW) == policy.Ask(SOURCE.url)


# -------------------------------------------------------------------------------------- health


@pytest.mark.parametrize(
    ("before", "codes", "expected"),
    [
        (Health.NEW, ["timeout"], Health.FAILING),
        (Health.NEW, ["bot-wall"], Health.BLOCKED),
        (Health.HEALTHY, ["timeout"], Health.HEALTHY),
        (Health.HEALTHY, ["timeout", "http-500"], Health.HEALTHY),
        (Health.HEALTHY, ["timeout", "http-500", "dns"], Health.FAILING),
        (Health.HEALTHY, ["http-404"], Health.HEALTHY),
        (Health.HEALTHY, ["http-404", "http-404"], Health.FAILING),
        (Health.HEALTHY, ["not-a-feed", "not-a-feed"], Health.FAILING),
        (Health.HEALTHY, ["bot-wall", "http-403"], Health.BLOCKED),
        (Health.HEALTHY, ["http-410"], Health.GONE),
        (Health.BLOCKED, ["timeout"], Health.FAILING),
        (Health.FAILING, ["robots"], Health.BLOCKED),
        (Health.SILENT, ["timeout"], Health.SILENT),
        (Health.GONE, ["http-500"], Health.FAILING),
    ],
)
def test_a_source_fails_when_it_is_more_than_a_bad_minute(
    before: Health, codes: list[str], expected: Health
) -> None:
    failures = 5 if before in {Health.FAILING, Health.BLOCKED, Health.GONE} else 0
    state = replace(KNOWN, health=before, failures=failures, health_since=NOW - DAY)
    for code in codes:
        state = after(SOURCE, state, bad(code), NOW)
    assert state.health is expected
    assert state.health_since == (NOW - DAY if before is expected else NOW)


@pytest.mark.parametrize("before", list(Health))
def test_one_good_answer_makes_every_source_healthy(before: Health) -> None:
    state = after(SOURCE, replace(KNOWN, health=before, failures=9), good(KNOWN), NOW)
    assert (state.health, state.failures, state.health_why) == (Health.HEALTHY, 0, "")


@pytest.mark.parametrize(
    ("gap_days", "quiet_days", "silent"),
    [
        (0.1, 13, False),
        (0.1, 15, True),
        (7, 55, False),
        (7, 57, True),
        (90, 360, False),
        (90, 366, True),
        (0, 119, False),
        (0, 121, True),
    ],
)
def test_a_source_is_silent_when_nothing_comes_for_much_longer_than_its_rhythm(
    gap_days: float, quiet_days: int, silent: bool
) -> None:
    known = replace(KNOWN, gap=gap_days * 86400, newest=NOW - quiet_days * DAY)
    state = after(SOURCE, known, good(known, 304), NOW)
    assert state.health is (Health.SILENT if silent else Health.HEALTHY)
    if silent:
        assert f"for {quiet_days} days" in state.health_why
    assert silent_after(gap_days * 86400) >= 14 * DAY


# ------------------------------------------------------------------------------------ planning


def test_a_run_polls_all_but_those_told_to_wait_or_gone_and_says_why() -> None:
    sources = [replace(SOURCE, id=name, url=f"https://{name}.example/feed") for name in "abcd"]
    states = {
        "a": replace(KNOWN, asked="", next_at=NOW + HOUR),
        "c": replace(KNOWN, asked="", next_at=NOW + DAY, health=Health.GONE),
        "d": replace(KNOWN, asked="", next_at=NOW - HOUR, health=Health.GONE),
    }
    hosts = {"b.example": NOW + HOUR, "a.example": NOW - HOUR}
    now = plan(sources, states, hosts, NOW, due_only=False)
    assert [source.id for source in now.polled] == ["a", "d"]
    assert [(each.source.id, each.problem.code) for each in now.waiting] == [
        ("b", "told-to-wait"),
        ("c", "gone"),
    ]
    assert "asked us to wait until" in now.waiting[0].problem.message
    assert "gone for good" in now.waiting[1].problem.message
    due = plan(sources, states, hosts, NOW, due_only=True)
    assert [source.id for source in due.polled] == ["d"]
    assert due.waiting == now.waiting


def test_all_sources_of_a_host_wait_also_at_their_adopted_address() -> None:
    sources = [replace(SOURCE, id=name, url=f"https://a.example/{name}") for name in "ab"]
    moved = {"b": SourceState(address="https://elsewhere.example/b")}
    told = plan(sources, moved, {"a.example": NOW + HOUR}, NOW, due_only=False)
    assert [source.id for source in told.polled] == ["b"]


def test_a_gone_source_given_a_new_address_is_polled_at_once() -> None:
    gone = replace(KNOWN, next_at=NOW + DAY, health=Health.GONE)
    changed = replace(SOURCE, url="https://new.example/feed")
    assert plan([changed], {"a": gone}, {}, NOW, due_only=True).polled == (changed,)


def test_a_deferred_poll_changes_nothing_but_the_time() -> None:
    poll = Poll(
        "a",
        PollOutcome.DEFERRED,
        NOW,
        problem=Problem("told-to-wait", "w"),
        says=ServerSays(retry_at=NOW + HOUR),
    )
    state = after(SOURCE, KNOWN, poll, NOW)
    assert state == replace(KNOWN, next_at=NOW + HOUR, next_why="retry-after")

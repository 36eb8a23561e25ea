"""What the archive remembers of sources between polls, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.archive import Archive
from pipeline.archive.remembering import EVENTS_KEPT
from pipeline.model import Health, Poll, PollOutcome, Problem, Source, SourceKind, SourceState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATE = SourceState(
    etag='"v2"',
    last_modified="then",
    body_hash="h",
    failures=0,
    asked="mark",
    full_at=NOW - HOUR,
    distrust=True,
    gap=3600.5,
    newest=NOW - 2 * HOUR,
    pace=60.0,
    address="https://b.example/feed",
    moved_to="https://c.example/feed",
    moves=3,
    next_at=NOW + HOUR,
    next_why="cache",
    health=Health.MOVED,
    health_since=NOW,
    health_why="It has moved.",
)


def know(archive: Archive, *ids: str) -> None:
    archive.gathering.sync_sources(
        [Source(i, i.upper(), SourceKind.FEED, f"https://{i}.example/") for i in ids]
    )


def poll(source_id: str, health: Health, at: datetime = NOW, *, failed: bool = False) -> Poll:
    state = replace(STATE, health=health, health_why=f"It is {health}.")
    if failed:
        problem = Problem("timeout", "No answer.")
        return Poll(source_id, PollOutcome.FAILED, at, state=replace(state, failures=1), problem=problem)
    return Poll(source_id, PollOutcome.UNCHANGED, at, state=state)


def test_all_that_the_policy_remembers_comes_back_as_it_was(archive: Archive) -> None:
    know(archive, "a", "b")
    archive.gathering.save_poll(Poll("a", PollOutcome.UNCHANGED, NOW, state=STATE))
    states = archive.gathering.states()
    assert (states["a"], states["b"]) == (STATE, SourceState())
    again = replace(STATE, distrust=False, next_at=None, newest=None, health=Health.HEALTHY)
    archive.gathering.save_poll(Poll("a", PollOutcome.UNCHANGED, NOW, state=again))
    assert archive.gathering.states()["a"] == again


def test_validators_taken_back_after_a_failure_are_gone(archive: Archive) -> None:
    know(archive, "a")
    archive.gathering.save_poll(Poll("a", PollOutcome.UNCHANGED, NOW, state=STATE))
    doubted = replace(STATE, etag="", last_modified="", body_hash="", address="", failures=1)
    failed = Poll("a", PollOutcome.FAILED, NOW, state=doubted, problem=Problem("http-404", "Gone."))
    archive.gathering.save_poll(failed)
    assert archive.gathering.states()["a"] == doubted


def test_each_change_of_health_is_an_event_with_time_and_reason(archive: Archive) -> None:
    know(archive, "a", "b")
    save = archive.gathering.save_polls
    save([poll("a", Health.HEALTHY), poll("b", Health.FAILING, failed=True)])
    save([poll("a", Health.HEALTHY, NOW + HOUR), poll("b", Health.FAILING, NOW + HOUR, failed=True)])
    save([poll("a", Health.SILENT, NOW + 2 * HOUR), poll("b", Health.HEALTHY, NOW + 2 * HOUR)])
    told = [(e.source_id, e.name, e.before, e.after) for e in archive.gathering.events(NOW)]
    assert told == [
        ("b", "B", Health.NEW, Health.FAILING),
        ("a", "A", Health.HEALTHY, Health.SILENT),
        ("b", "B", Health.FAILING, Health.HEALTHY),
    ]
    assert [e.why for e in archive.gathering.events(NOW + HOUR)] == ["It is silent.", "It is healthy."]
    assert archive.gathering.events(NOW + 2 * HOUR)[0].at == NOW + 2 * HOUR
    assert archive.gathering.events(NOW + 3 * HOUR) == ()


def test_two_polls_of_one_source_in_a_batch_are_two_steps(archive: Archive) -> None:
    know(archive, "a")
    archive.gathering.save_polls(
        [poll("a", Health.FAILING, failed=True), poll("a", Health.HEALTHY, NOW + HOUR)]
    )
    assert [(e.before, e.after) for e in archive.gathering.events(NOW)] == [
        (Health.NEW, Health.FAILING),
        (Health.FAILING, Health.HEALTHY),
    ]
    assert archive.gathering.states()["a"].health is Health.HEALTHY


def test_events_of_a_flapping_source_do_not_grow_without_end(archive: Archive) -> None:
    know(archive, "a", "b")
    archive.gathering.save_poll(poll("b", Health.GONE, failed=True))
    for n in range(EVENTS_KEPT // 2 + 10):
        at = NOW + n * HOUR
        archive.gathering.save_polls(
            [poll("a", Health.FAILING, at, failed=True), poll("a", Health.HEALTHY, at)]
        )
    events = archive.gathering.events(NOW)
    assert len([e for e in events if e.source_id == "a"]) == EVENTS_KEPT
    assert len([e for e in events if e.source_id == "b"]) == 1


def test_how_sources_do_is_told_with_the_next_poll(archive: Archive) -> None:
    know(archive, "a", "b")
    archive.gathering.save_poll(poll("a", Health.SILENT))
    known = {h.source_id: (h.health, h.health_why, h.next_at) for h in archive.gathering.health()}
    assert known["a"] == (Health.SILENT, "It is silent.", NOW + HOUR)
    assert known["b"] == (Health.NEW, "", None)


def test_hosts_to_wait_for_are_kept_until_their_time(archive: Archive) -> None:
    archive.gathering.keep_waits({"a.example": NOW + HOUR, "b.example": NOW + 2 * HOUR})
    assert archive.gathering.waits(NOW) == {"a.example": NOW + HOUR, "b.example": NOW + 2 * HOUR}
    assert archive.gathering.waits(NOW + HOUR) == {"b.example": NOW + 2 * HOUR}
    archive.gathering.keep_waits({})
    assert archive.gathering.waits(NOW) == {}

"""The service: what is due when, what becomes of trouble, and the whole of it in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.channels import Part
from crawler.policy import Plan
from pipeline.model import ArchiveError, ConfigError, Digest, Source, SourceKind
from tests.unsealed.newsroom_settings import write_settings
from unsealed import service
from unsealed.lock import LockedError, held
from unsealed.newsroom import Newsroom, newsroom
from unsealed.report import Change, RunReport
from unsealed.schedule import due_slot, is_fresh, slot_time
from unsealed.service import Service, change_line
from unsealed.settings import SubscriptionSettings, load_settings
from unsealed.wiring import Parts, build

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe")


def subscription(**values: object) -> SubscriptionSettings:
    return SubscriptionSettings.model_validate({"name": "s", "channels": ["folder"], **values})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def never(slot: str) -> bool:
    return False


# ------------------------------------------------------------------------------------ what is due


@pytest.mark.parametrize(
    ("now", "decided", "due"),
    [
        ("2026-11-23T06:29", set(), None),
        ("2026-11-23T06:30", set(), "2026-11-23"),
        ("2026-11-23T22:59", set(), "2026-11-23"),
        ("2026-11-23T23:00", set(), None),  # tomorrow has begun in Berlin: that night's slot is over
        ("2026-11-23T06:30", {"daily:2026-11-23"}, None),
        ("2026-11-23T06:30", {"daily:2026-11-22"}, "2026-11-23"),
        ("2026-11-23T06:30", {"weekly:2026-11-23"}, "2026-11-23"),
        ("2027-03-01T12:00", {"daily:2026-11-22"}, "2027-03-01"),  # off all winter: one, not a hundred
    ],
)
def test_a_daily_edition_is_due_from_its_local_time_to_the_end_of_its_day(
    now: str, decided: set[str], due: str | None
) -> None:
    found = due_slot(subscription(at="07:30", timezone="Europe/Berlin"), utc(now), decided.__contains__)
    assert (found and found.isoformat()) == due


@pytest.mark.parametrize(
    ("now", "decided", "due"),
    [
        ("2026-11-27T06:59", set(), None),
        ("2026-11-27T07:00", set(), "2026-11-27"),
        ("2026-12-01T03:00", set(), "2026-11-27"),  # off over the weekend
        ("2026-12-03T23:59", set(), "2026-11-27"),
        ("2026-12-04T06:59", set(), None),  # the next one is so near that it tells it all
        ("2026-12-01T03:00", {"weekly:2026-11-27"}, None),
        ("2026-12-01T03:00", {"weekly:2026-11-30"}, None),  # `unsealed run` sent this week's on Monday
        ("2026-12-01T03:00", {"weekly:2026-11-20"}, "2026-11-27"),
    ],
)
def test_a_weekly_edition_is_due_from_its_day_until_the_next_one_begins(
    now: str, decided: set[str], due: str | None
) -> None:
    weekly = subscription(edition="weekly", weekday="friday", at="07:00")
    found = due_slot(weekly, utc(now), decided.__contains__)
    assert (found and found.isoformat()) == due


@pytest.mark.parametrize(
    ("zone", "at", "day", "instant"),
    [
        ("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:30"),  # does not exist: 03:30 EDT
        ("America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30"),  # comes twice: the first
        ("America/New_York", "07:30", "2026-03-08", "2026-03-08T11:30"),
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:30"),
        ("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T00:30"),
        ("Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-04T14:45"),  # half an hour, in the south
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:45"),
        ("Asia/Beirut", "00:30", "2026-03-29", "2026-03-28T22:30"),  # midnight itself does not exist
        ("America/Nuuk", "23:30", "2026-03-28", "2026-03-29T00:30"),  # the day ends at 23:00: sent before
    ],
)
def test_clock_changes_leave_one_instant_a_day(zone: str, at: str, day: str, instant: str) -> None:
    chosen = subscription(at=at, timezone=zone)
    found = slot_time(chosen, date.fromisoformat(day))
    assert found == utc(instant)
    assert found.astimezone(ZoneInfo(zone)).date().isoformat() == day
    assert due_slot(chosen, found, never) == date.fromisoformat(day)
    assert due_slot(chosen, found - timedelta(seconds=1), never) is None


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["01:45", "02:15"])
def test_in_a_simulated_year_each_day_has_exactly_one_edition_at_its_time(zone: str, at: str) -> None:
    chosen, local = subscription(at=at, timezone=zone), ZoneInfo(zone)
    decided: dict[str, datetime] = {}
    now, end = utc("2026-01-01T00:00"), utc("2027-01-01T00:00")
    while now < end:
        if (day := due_slot(chosen, now, decided.__contains__)) is not None:
            decided[f"daily:{day}"] = now
        now += timedelta(minutes=10)
    first = utc("2026-01-01T00:00").astimezone(local).date()
    days = [first + timedelta(days=n) for n in range(366)]
    expected = [d for d in days if utc("2026-01-01T00:00") <= slot_time(chosen, d) < end]
    # The year may begin in the middle of a local day whose time has passed.
    late_first = [first] if first not in expected and due_slot(chosen, utc("2026-01-01T00:00"), never) else []
    assert list(decided) == [f"daily:{d}" for d in (*late_first, *expected)]
    assert len(expected) >= 364
    for day in expected:
        assert timedelta(0) <= decided[f"daily:{day}"] - slot_time(chosen, day) < timedelta(minutes=10)


def test_in_a_year_with_outages_and_clock_jumps_no_edition_comes_twice_or_in_a_heap() -> None:
    rng = random.Random(9)
    chosen = [subscription(at="07:30", timezone=zone) for zone in ZONES]
    chosen.append(subscription(edition="weekly", weekday="sunday", at="23:50", timezone=ZONES[0]))
    now, looks = utc("2026-01-01T00:00"), 0
    decided: list[set[str]] = [set() for _ in chosen]
    while now < utc("2027-01-01T00:00"):
        for one, slots in zip(chosen, decided, strict=True):
            day = due_slot(one, now, slots.__contains__)
            if day is not None:
                assert f"{one.edition}:{day}" not in slots
                assert slot_time(one, day) <= now
                slots.add(f"{one.edition}:{day}")
                assert due_slot(one, now, slots.__contains__) is None, "one at a time, the latest alone"
        looks += 1
        if looks % 97 == 0:
            now += timedelta(hours=rng.randint(-5, 80))
        now += timedelta(minutes=30)
    assert len(decided[3]) in (52, 53), "a weekly edition outlives outages of days"
    assert all(len(slots) > 200 for slots in decided[:3])


@pytest.mark.parametrize(
    ("minutes_ago", "fresh"), [(None, False), (0, True), (60, True), (61, False), (-90, True)]
)
def test_nothing_is_decided_before_sources_were_reached_of_late(minutes_ago: int | None, fresh: bool) -> None:
    reached = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    assert is_fresh(reached, NOW, timedelta(minutes=30)) is fresh


def test_a_source_is_mentioned_when_its_health_changes() -> None:
    assert change_line(Change("A", "healthy", "failing", "HTTP\n500.")) == (
        "source A was healthy, is failing: HTTP 500."
    )
    assert change_line(Change("B", "failing", "healthy", "")) == "source B was failing, is healthy"


# ---------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('at = "7:30"', "subscription.1.at: this is no time of day as HH:MM"),
        ('at = "24:00"', "no time of day"),
        ('at = "07:30\\n"', "no time of day"),
        ('weekday = "Monday"', "subscription.1.weekday"),
        ('att = "07:30"', "Did you mean at?"),
    ],
)
def test_a_time_that_is_none_is_refused_by_its_key(tmp_path: Path, key: str, words: str) -> None:
    path = tmp_path / "unsealed.toml"
    path.write_text(f'[[subscription]]\nname = "daily"\nchannels = ["folder"]\n{key}\n')
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert words in str(caught.value)


@pytest.mark.parametrize("minutes", [0, 1441])
def test_the_polling_interval_is_between_a_minute_and_a_day(tmp_path: Path, minutes: int) -> None:
    path = tmp_path / "unsealed.toml"
    path.write_text(f"[service]\nevery_minutes = {minutes}\n")
    with pytest.raises(ConfigError, match=r"service\.every_minutes"):
        load_settings(path)


# ------------------------------------------------------------------------------------------ lock


def test_a_lock_is_held_by_one_and_free_again_after_it(tmp_path: Path) -> None:
    archive = tmp_path / "archive.db"
    other_name = tmp_path / "link.db"
    archive.touch()
    other_name.symlink_to(archive)
    with held(str(archive), "serving"):
        with pytest.raises(LockedError, match=r"process \d+ is serving from this archive"):  # noqa: SIM117
            with held(str(other_name), "serving"):
                pass
        with held(str(archive), "delivering"):
            pass
    with held(str(archive), "serving"):
        pass
    with (
        pytest.raises(ArchiveError, match="the lock cannot be made"),
        held(str(tmp_path / "no/a"), "serving"),
    ):
        pass


# --------------------------------------------------------------- the service's turns, without sources


class SlowChannel:
    """Takes its message when told to."""

    kind = "folder"

    def __init__(self, name: str, recipients: tuple[str, ...]) -> None:
        self.name = name
        self.recipients = recipients
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.taken: list[str] = []

    def message_id(self, digest: Digest, recipient: str) -> str:
        return f"{digest.slot}.{recipient}"

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        return (Part("1/1", b""),)

    def open(self) -> None:
        pass

    def send(self, part: Part, recipient: str) -> None:
        self.began.set()
        assert self.may_end.wait(10)
        self.taken.append(recipient)

    def close(self) -> None:
        pass


@pytest.fixture
def slow_channel() -> SlowChannel:
    return SlowChannel("slow", ("first", "second"))


@pytest.fixture
def parts(tmp_path: Path, slow_channel: SlowChannel) -> Iterator[Parts]:
    path = tmp_path / "unsealed.toml"
    path.write_text(
        '[[channel]]\nname = "slow"\nkind = "folder"\npath = "x"\n'
        '[[subscription]]\nname = "daily"\nchannels = ["slow"]\n'
    )
    built = build(load_settings(path))
    yield replace(built, channels=(slow_channel,), catalogue=())
    built.archive.close()


def reached(parts: Parts, monkeypatch: pytest.MonkeyPatch, *outcomes: RunReport | Exception) -> None:
    """Cycles that end like that, one after the other."""
    left = iter(outcomes)

    async def run_cycle(*_: object, **__: object) -> RunReport:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(service, "run_cycle", run_cycle)
    due = Plan((Source("a", "A", SourceKind.FEED, "https://a.example/"),), ())
    monkeypatch.setattr(service, "plan_polls", lambda *_, **__: due)


async def true_within(seconds: float, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - mostly of a thread, which sets no event of this loop
            await asyncio.sleep(0.005)


def test_where_no_sources_time_has_come_nothing_is_polled_and_an_edition_may_be_decided(
    parts: Parts, slow_channel: SlowChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_channel.may_end.set()
    reached(parts, monkeypatch, RunReport(sources_resting=3))  # a second cycle would find no outcome
    resting = Plan((), (), resting=3)
    monkeypatch.setattr(service, "plan_polls", lambda *_, **__: resting)

    async def story() -> bool:
        serving = Service(parts, clock=lambda: NOW)
        for _ in range(3):
            await serving.gather_turn()
        return parts.archive.editions.find("daily", "daily:2026-11-23") is not None

    assert asyncio.run(story())


def test_an_empty_archive_does_not_use_up_the_slot_and_a_failed_cycle_does_not_stop_the_service(
    parts: Parts,
    slow_channel: SlowChannel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow_channel.may_end.set()
    reached(
        parts,
        monkeypatch,
        RunReport(),
        ArchiveError("the disk is full."),
        RuntimeError("a defect"),
        RunReport(sources_ok=1),
        RunReport(sources_ok=1),
    )

    async def story() -> list[bool]:
        serving = Service(parts, clock=lambda: NOW)
        found = []
        for _ in range(5):
            await serving.gather_turn()
            await serving.edition_turn()
            found.append(parts.archive.editions.find("daily", "daily:2026-11-23") is not None)
        return found

    with caplog.at_level(logging.INFO, "unsealed.service"):
        assert asyncio.run(story()) == [False, False, False, True, True]
    assert slow_channel.taken == ["first", "second"]
    said = [record.getMessage() for record in caplog.records]
    assert "cycle 1: 0 sources ok, 0 failed, 0 new articles, 0 stories" in said
    assert "gathering failed: the disk is full." in said
    assert "edition daily of 2026-11-23: 0 stories" in said
    assert said.count("delivered: slow to first") == 1
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [RuntimeError]


def test_cycle_decision_and_delivery_never_overlap(
    parts: Parts, slow_channel: SlowChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_channel.may_end.set()
    under_way = most = 0
    real = service.decide_edition

    async def run_cycle(*_: object, **__: object) -> RunReport:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return RunReport(sources_ok=1)

    def decide(*args: object, **values: object) -> object:
        assert under_way == 0
        return real(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "run_cycle", run_cycle)
    monkeypatch.setattr(service, "decide_edition", decide)

    async def story() -> None:
        serving = Service(parts, clock=lambda: NOW)
        turns = (serving.gather_turn, serving.edition_turn, serving.deliver_turn)
        await asyncio.gather(*(turn() for turn in turns * 3))

    asyncio.run(story())
    assert most == 1
    assert slow_channel.taken == ["first", "second"]


def test_a_delivery_that_hangs_is_given_up_and_no_other_begins_before_it_has_ended(
    parts: Parts,
    slow_channel: SlowChannel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(service, "LIMITS", {**service.LIMITS, "delivering": 0.2})
    reached(parts, monkeypatch, *[RunReport(sources_ok=1)] * 3)

    async def story() -> None:
        serving = Service(parts, clock=lambda: NOW)
        await serving.gather_turn()
        assert slow_channel.began.is_set()
        slow_channel.began.clear()
        await serving.deliver_turn()
        await serving.gather_turn()  # the rest of the service goes on
        assert not slow_channel.began.is_set(), "a second deliverer would send it twice"
        slow_channel.may_end.set()
        await true_within(5, lambda: len(slow_channel.taken) == 2)

    with caplog.at_level(logging.INFO, "unsealed.service"):
        asyncio.run(story())
    assert slow_channel.taken == ["first", "second"]
    assert "delivering was given up after 0 minutes: it hangs" in caplog.text
    assert "cycle 2: 1 sources ok" in caplog.text


def test_a_stop_lets_the_message_under_way_finish_and_begins_no_other(
    parts: Parts,
    slow_channel: SlowChannel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reached(parts, monkeypatch, RunReport(sources_ok=1))

    async def story() -> None:
        stop = asyncio.Event()
        stopped = Service(parts, clock=lambda: datetime.now(UTC))
        serving = asyncio.create_task(stopped.run(stop))
        await true_within(5, slow_channel.began.is_set)
        stop.set()
        await true_within(5, stopped._halt.is_set)
        slow_channel.may_end.set()
        await serving

    monkeypatch.setattr("unsealed.service.due_slot", lambda *_: NOW.date())
    with caplog.at_level(logging.INFO, "unsealed.service"):
        asyncio.run(story())
    assert slow_channel.taken == ["first"]
    states = {d.recipient: (d.state.value, d.attempts) for d in parts.archive.ledger.all()}
    assert states == {"first": ("sent", 1), "second": ("pending", 0)}
    assert "delivering was stopped between two messages" in caplog.text


def test_what_another_process_is_delivering_is_left_to_it(
    parts: Parts, slow_channel: SlowChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_channel.may_end.set()
    reached(parts, monkeypatch, RunReport(sources_ok=1))

    async def story() -> None:
        serving = Service(parts, clock=lambda: NOW)
        with held(parts.archive.name, "delivering"):
            await serving.gather_turn()
        assert slow_channel.taken == []
        await serving.deliver_turn()

    asyncio.run(story())
    assert slow_channel.taken == ["first", "second"]


def test_when_the_clock_goes_back_everything_is_scheduled_anew(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_LOOK_SECONDS", 0.05)
    cycles: list[datetime] = []
    ahead = timedelta(days=400)

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    async def run_cycle(*_: object, **__: object) -> RunReport:
        cycles.append(clock())
        return RunReport()

    monkeypatch.setattr(service, "run_cycle", run_cycle)

    async def story() -> None:
        nonlocal ahead
        stop = asyncio.Event()
        # The scheduler reads the true clock: seen from there, the first cycle is 400 days away.
        serving = asyncio.create_task(Service(parts, clock=clock).run(stop))
        await asyncio.sleep(0.2)
        assert cycles == []
        ahead = timedelta(0)
        await true_within(5, lambda: bool(cycles))
        stop.set()
        await serving

    asyncio.run(story())
    assert len(cycles) == 1


# ------------------------------------------------------------------- the whole, in its own process

#: Without faults, and enough for an edition with stories.
SOURCES = frozenset({"signal-box", "orvantis-blog", "hub-orvantis", "gh-quaywright"})


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with newsroom(datetime.now(UTC), folder=tmp_path_factory.mktemp("newsroom"), slow=0.1) as room:
        yield room


def serve_settings(folder: Path, room: Newsroom) -> Path:
    """A daily edition due for hours, in a zone where it is around noon: no test runs across midnight."""
    path = write_settings(
        folder, room, leave_out=frozenset(s.id for s in room.sources if s.id not in SOURCES)
    )
    offset = 12 - datetime.now(UTC).hour
    zone = f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"  # these count westwards
    text = path.read_text("utf-8").replace(
        'name = "daily"\n', f'name = "daily"\nat = "00:00"\ntimezone = {json.dumps(zone)}\n'
    )
    path.write_text(text + "[service]\nevery_minutes = 1440\n", "utf-8")
    return path


#: `unsealed`, in a hurry when it stops.
HASTY = "import unsealed.service as s; s.STOP_SECONDS = 1.0; from unsealed.cli import main; main()"


class Serving:
    """``unsealed serve`` in a process of its own."""

    def __init__(self, config: Path, *program: str) -> None:
        self._log = config.parent / f"serve-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *(program or ("-m", "unsealed")), "--config", str(config), "serve"],
                stderr=log,
            )

    @property
    def said(self) -> str:
        return self._log.read_text("utf-8")

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 100
        while not condition():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=15)


@contextlib.contextmanager
def serving(config: Path, *program: str) -> Iterator[Serving]:
    running = Serving(config, *program)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def test_serve_sends_the_due_edition_once_whatever_ends_it(room: Newsroom, tmp_path: Path) -> None:
    config = serve_settings(tmp_path, room)

    def mails() -> int:
        return len(list(room.mailbox.glob("*.eml")))

    with serving(config) as first:
        first.until(lambda: first.said.count("delivered: ") == 4)
        assert mails() == 2
        assert "cycle 1: 4 sources ok, 0 failed" in first.said
        with serving(config) as second:
            assert second.process.wait(timeout=30) == 1
            assert f"process {first.process.pid} is serving from this archive already" in second.said
        assert "Traceback" not in first.said
        assert first.end(signal.SIGKILL) == -signal.SIGKILL

    with serving(config) as again:
        again.until(lambda: "cycle 1: " in again.said)
        assert again.end(signal.SIGTERM) == 0
        assert "SIGTERM: stopping" in again.said
        assert "edition daily of" not in again.said
        assert "Traceback" not in again.said
    assert mails() == 2


def test_a_mail_server_that_never_answers_does_not_keep_a_stopping_service(
    room: Newsroom, tmp_path: Path
) -> None:
    config = serve_settings(tmp_path, room)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        text = config.read_text("utf-8").replace(
            f"port = {room.smtp_port}", f"port = {silent.getsockname()[1]}\ntimeout = 300"
        )
        config.write_text(text, "utf-8")
        with serving(config, "-c", HASTY) as stuck:
            connection, _ = silent.accept()
            with connection:
                assert stuck.end(signal.SIGINT) == 0
            assert "delivering was interrupted; the next start goes on from there" in stuck.said
            assert "something has not ended in 1 seconds and is left; nothing is lost" in stuck.said

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels import Channel, ChannelError, Part
from alerts.deliver import GiveUp, Outcome, Policy, Send, Step, Wait, deliver, next_step
from alerts.folder import FolderChannel
from alerts.mail import MailChannel, MailSettings
from alerts.slack import SlackWebhookChannel
from pipeline.model import ConfigError, Delivery, DeliveryState, Digest
from tests.alerts import samples
from tests.alerts.delivery_world import (
    DIGESTS,
    NOW,
    FakeChannel,
    FileLedger,
    KilledError,
    MemoryLedger,
    Steps,
    World,
    deliver_now,
    run_until_done,
)
from tests.alerts.servers import mail_server, open_guard, web_server

FAILED, UNKNOWN, SENDING, PENDING, SENT = (
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
    DeliveryState.SENDING,
    DeliveryState.PENDING,
    DeliveryState.SENT,
)
MINUTE = timedelta(minutes=1)


def _line(state: DeliveryState, attempts: int = 1, at: datetime = NOW) -> Delivery:
    return Delivery(1, 1, "mail", "ada", state, attempts=attempts, updated_at=at)


def _step(line: Delivery, after: timedelta, since: datetime = NOW) -> Step:
    return next_step(line, NOW + after, Policy(), since=since)


# -------------------------------------------------------------------------- the decider


@pytest.mark.parametrize("state", [PENDING, SENDING])
def test_what_had_no_answer_is_sent_at_once_however_old(state: DeliveryState) -> None:
    assert _step(_line(state, 9), timedelta(days=9)) == Send()


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (20, 60), (500, 60)]
)
def test_pauses_double_from_a_minute_to_an_hour(attempts: int, minutes: int) -> None:
    line = _line(FAILED, attempts)
    assert _step(line, minutes * MINUTE - timedelta(seconds=1)) == Wait(NOW + minutes * MINUTE)
    assert _step(line, minutes * MINUTE) == Send()


def test_an_unknown_outcome_waits_longer_and_longer() -> None:
    assert _step(_line(UNKNOWN, 10), timedelta(hours=8)) == Wait(NOW + timedelta(minutes=512))


def test_the_deadline_ends_it_but_not_before_three_attempts() -> None:
    day = timedelta(hours=24)
    assert _step(_line(FAILED, 2), day) == Send()
    step = _step(_line(FAILED, 3), day)
    assert isinstance(step, GiveUp) and "3 attempts" in step.reason
    assert _step(_line(UNKNOWN, 12), day) == GiveUp("given up after 12 attempts and 24 hours")


def test_a_clock_set_back_does_not_hold_a_delivery_up() -> None:
    assert _step(_line(FAILED, 3, at=NOW + timedelta(days=400)), timedelta()) == Send()


@given(
    st.sampled_from([PENDING, SENDING, FAILED, UNKNOWN]),
    st.integers(0, 10_000),
    st.integers(-(10**6), 10**6),
    st.integers(0, 10**6),
)
def test_waiting_always_ends_and_always_lies_ahead(
    state: DeliveryState, attempts: int, tried: int, age: int
) -> None:
    line = _line(state, attempts, NOW + timedelta(minutes=tried))
    since = NOW - timedelta(minutes=age)
    step = next_step(line, NOW, Policy(), since=since)
    if isinstance(step, Wait):
        assert step.until > NOW
        assert not isinstance(next_step(line, step.until, Policy(), since=since), Wait)


# --------------------------------------------------------------------------- the runner


def _ledger(*recipients: str, channel: str = "mail") -> MemoryLedger:
    ledger = MemoryLedger(DIGESTS)
    for recipient in recipients:
        ledger.add(1, channel, recipient)
    return ledger


def _channel(world: World, *recipients: str, name: str = "mail", parts: int = 1) -> FakeChannel:
    return FakeChannel(name, recipients, parts, world, Steps())


def _states(ledger: MemoryLedger) -> list[DeliveryState]:
    return [line.state for line, _ in ledger.lines.values()]


def test_everybody_gets_it_once_and_a_second_run_does_nothing() -> None:
    world, ledger = World(), _ledger("ada", "ben")
    channel = _channel(world, "ada", "ben")
    heard: list[Outcome] = []
    report = deliver(ledger, [channel], now=lambda: NOW, notice=heard.append)
    assert [o.delivery.recipient for o in report.sent] == ["ada", "ben"] and not report.unsent
    assert tuple(heard) == report.outcomes and report.next_at is None
    assert deliver_now(ledger, channel).outcomes == ()
    assert set(world.taken.values()) == {1} and len(world.taken) == 2
    assert channel.closed == 1


def test_one_recipients_refusal_stops_nobody_and_is_final() -> None:
    world, ledger = World(refused={"ben"}), _ledger("ada", "ben", "cy")
    channel = _channel(world, "ada", "ben", "cy")
    report = deliver_now(ledger, channel)
    assert _states(ledger) == [SENT, FAILED, SENT]
    (refused,) = report.unsent
    assert refused.final and refused.next_at is None and "550" in refused.message
    assert deliver_now(ledger, channel, now=NOW + timedelta(days=1)).outcomes == ()


def test_a_failure_is_tried_again_after_its_pause_and_not_before() -> None:
    world, ledger = World({("mail", "ada"): ["later"]}), _ledger("ada")
    channel = _channel(world, "ada")
    report = deliver_now(ledger, channel)
    assert (report.next_at, report.unsent[0].state) == (NOW + MINUTE, FAILED)
    waiting = deliver_now(ledger, channel, now=NOW + MINUTE / 2)
    assert waiting.unsent[0].next_at == NOW + MINUTE and "451" in waiting.unsent[0].message
    assert deliver_now(ledger, channel, now=NOW + MINUTE).sent


def test_a_channel_that_is_down_is_tried_three_times_and_every_recipient_hears_of_it() -> None:
    people = tuple(f"p{n}" for n in range(10))
    world, ledger = World(), _ledger(*people)
    world.down["mail"] = 99
    channel = _channel(world, *people)
    report = deliver_now(ledger, channel)
    assert 99 - world.down["mail"] == 3
    assert _states(ledger) == [FAILED] * 10
    assert {o.next_at for o in report.unsent} == {NOW + MINUTE}
    assert ["not tried" in o.message for o in report.unsent] == [False] * 3 + [True] * 7
    world.down["mail"] = 0
    assert len(deliver_now(ledger, channel, now=NOW + MINUTE).sent) == 10


def test_one_channels_outage_does_not_touch_another() -> None:
    world, ledger = World(), _ledger("ada")
    ledger.add(1, "slack", "slack")
    world.down["mail"] = 99
    deliver_now(ledger, _channel(world, "ada"), _channel(world, "slack", name="slack", parts=3))
    assert _states(ledger) == [FAILED, SENT]


def test_a_split_post_goes_on_after_its_last_accepted_part() -> None:
    world, ledger = World({("slack", "slack"): ["good", "lost"]}), _ledger("slack", channel="slack")
    channel = _channel(world, "slack", name="slack", parts=3)
    deliver_now(ledger, channel)
    assert (ledger.line(1).parts_sent, ledger.line(1).state) == (1, FAILED)
    deliver_now(ledger, channel, now=NOW + MINUTE)
    assert sorted((key[3], copies) for key, copies in world.taken.items()) == [
        ("1/3", 1),
        ("2/3", 1),
        ("3/3", 1),
    ]


def test_an_unknown_outcome_is_sent_again_under_the_same_identity() -> None:
    world, ledger = World({("mail", "ada"): ["taken, then silent"]}), _ledger("ada")
    channel = _channel(world, "ada")
    deliver_now(ledger, channel)
    assert _states(ledger) == [UNKNOWN]
    identity = ledger.line(1).message_id
    deliver_now(ledger, channel, now=NOW + MINUTE)
    assert list(world.taken.values()) == [2] and world.ids.popitem()[1] == {identity}


def test_a_doubt_outlives_a_certain_failure() -> None:
    world, ledger = World({("mail", "ada"): ["silent", "later"]}), _ledger("ada")
    channel = _channel(world, "ada")
    deliver_now(ledger, channel)
    deliver_now(ledger, channel, now=NOW + MINUTE)
    assert _states(ledger) == [UNKNOWN]
    world.refused = {"ada"}
    report = deliver_now(ledger, channel, now=NOW + 10 * MINUTE)
    assert "An earlier attempt may have been taken" in report.unsent[0].message


def test_a_short_pause_is_waited_out_and_a_long_one_is_remembered() -> None:
    world = World({("slack", "slack"): ["pause", "pause"]})
    ledger, naps = _ledger("slack", channel="slack"), list[float]()
    channel = _channel(world, "slack", name="slack")
    assert deliver_now(ledger, channel, naps=naps).sent and naps == [2, 2]

    world = World({("slack", "slack"): ["long pause"]})
    ledger, naps = _ledger("slack", channel="slack"), []
    channel = _channel(world, "slack", name="slack")
    report = deliver_now(ledger, channel, naps=naps)
    assert naps == [] and report.next_at == NOW + timedelta(seconds=900)
    assert not deliver_now(ledger, channel, now=NOW + timedelta(seconds=899)).sent
    assert deliver_now(ledger, channel, now=NOW + timedelta(seconds=900)).sent


def test_who_has_left_gets_nothing_more() -> None:
    world, ledger = World(), _ledger("ada", "ben")
    report = deliver_now(ledger, _channel(world, "ada"))
    assert _states(ledger) == [SENT, FAILED] and report.unsent[0].final
    assert len(world.taken) == 1


def test_a_channel_gone_from_the_settings_is_reported_and_dropped_after_the_deadline() -> None:
    ledger = _ledger("ada")
    report = deliver_now(ledger)
    assert "no channel 'mail' any more" in report.unsent[0].message and not report.unsent[0].final
    assert deliver_now(ledger, now=NOW + timedelta(days=2)).unsent[0].final
    assert ledger.outstanding() == ()


def test_after_the_deadline_it_is_given_up_with_the_last_reason() -> None:
    ledger = _ledger("ada")
    ledger.lines[1] = (
        replace(ledger.line(1), state=FAILED, attempts=5, error="451 busy.", updated_at=NOW),
        False,
    )
    (given_up,) = deliver_now(ledger, _channel(World(), "ada"), now=NOW + timedelta(days=2)).unsent
    assert given_up.final and "451 busy" in given_up.message
    assert ledger.outstanding() == ()


class BrokenTemplate(FakeChannel):
    error: Exception = ConfigError("cannot be rendered.", about="digest.html.j2, line 3")

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        raise self.error


@pytest.mark.parametrize("error", [ConfigError("cannot be rendered."), KeyError("https://SECRET")])
def test_what_cannot_be_composed_is_a_failure_that_is_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    ledger, world = _ledger("ada"), World()
    ledger.add(1, "slack", "slack")
    broken = BrokenTemplate("mail", ("ada",), 1, world, Steps())
    broken.error = error
    report = deliver_now(ledger, broken, _channel(world, "slack", name="slack"))
    assert _states(ledger) == [FAILED, SENT]
    assert report.unsent[0].next_at == NOW + MINUTE
    assert "SECRET" not in caplog.text + report.unsent[0].message


def test_a_bug_while_sending_is_an_unknown_outcome_and_quotes_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world, ledger = World({("mail", "ada"): ["bug"]}), _ledger("ada", "ben")
    report = deliver_now(ledger, _channel(world, "ada", "ben"))
    assert _states(ledger) == [UNKNOWN, SENT]
    assert "internal error (ValueError)" in report.unsent[0].message
    assert "SECRET" not in caplog.text and "in send" in caplog.text


def test_a_webhook_that_is_gone_is_not_tried_for_the_next_edition_in_the_same_run() -> None:
    class Gone(FakeChannel):
        posts = 0

        def send(self, part: Part, recipient: str) -> None:
            self.posts += 1
            raise ChannelError("404 no_service.", permanent=True)

    ledger = _ledger("slack", channel="slack")
    ledger.add(2, "slack", "slack")
    channel = Gone("slack", ("slack",), 1, World(), Steps())
    deliver_now(ledger, channel)
    assert channel.posts == 1 and _states(ledger) == [FAILED, FAILED] and ledger.outstanding() == ()


def test_a_ledger_that_cannot_be_written_stops_the_run_before_anything_is_sent() -> None:
    class Full(MemoryLedger):
        def sending(self, delivery_id: int, message_id: str, at: datetime) -> None:
            raise OSError("disk full")

    world, ledger = World(), Full(DIGESTS)
    ledger.add(1, "mail", "ada")
    channel = _channel(world, "ada")
    with pytest.raises(OSError, match="disk full"):
        deliver_now(ledger, channel)
    assert not world.taken and channel.closed == 1


# ------------------------------------------------------- real servers, death at every step


class Mortal:
    """A real channel that may die right before and right after each hand-over."""

    def __init__(self, channel: Channel, steps: Steps) -> None:
        self._channel, self._steps = channel, steps
        self.name, self.kind, self.recipients = channel.name, channel.kind, channel.recipients

    def message_id(self, digest: Digest, recipient: str) -> str:
        return self._channel.message_id(digest, recipient)

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        return self._channel.compose(digest, recipient, message_id=message_id)

    def open(self) -> None:
        self._channel.open()
        self._steps()

    def send(self, part: Part, recipient: str) -> None:
        self._steps()
        self._channel.send(part, recipient)
        self._steps()

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def templates(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "templates"
    folder.mkdir()
    for name in ("digest.html.j2", "digest.txt.j2", "digest.md.j2"):
        (folder / name).write_text("<p>{{ d.headline }}</p>")
    (folder / "digest.css").write_text("")
    yield folder


def test_death_at_every_step_of_mail_slack_and_folder_on_real_servers(
    tmp_path: Path, templates: Path
) -> None:
    digest = samples.sized(20)
    people = ("ada@a.example", "ben@b.example", "cy@c.example")
    path, deaths, repeated = tmp_path / "ledger", 0, 0
    with mail_server() as box, web_server() as hook:
        settings = MailSettings("127.0.0.1", box.port, "none", sender="d@news.example", recipients=people)

        def channels(steps: Steps) -> list[Channel]:
            return [
                Mortal(MailChannel("mail", settings, guard=open_guard, templates=templates), steps),
                Mortal(SlackWebhookChannel("slack", hook.url, guard=open_guard, pace=0), steps),
                Mortal(FolderChannel("folder", tmp_path / "out", templates=templates), steps),
            ]

        def play(kill_at: set[int]) -> Steps:
            steps = Steps(kill_at)
            path.unlink(missing_ok=True)
            box.taken.clear()
            hook.bodies.clear()
            ledger = FileLedger(path, {1: digest})
            for channel in channels(Steps()):
                for recipient in channel.recipients:
                    ledger.add(1, channel.name, recipient)

            run_until_done(
                lambda: (FileLedger(path, {1: digest}, steps), channels(steps)),
                World(),
                pauses=[timedelta()] * 5,
            )
            return steps

        calm = play(set())
        posts = list(hook.bodies)
        assert len(posts) > 1 and box.recipients() == list(people)
        for step in range(1, calm.count + 1):
            died = play({step})
            deaths += died.kills
            extra = len(box.taken) - 3 + len(hook.bodies) - len(posts)
            assert 0 <= extra <= 1, f"step {step}"
            assert list(dict.fromkeys(hook.bodies)) == posts, "every part, in order"
            assert list(dict.fromkeys(box.recipients())) == list(people)
            assert len({str(m["Message-ID"]) for m in box.taken}) == 3, "a repetition has the same Message-ID"
            assert sorted(p.name for p in (tmp_path / "out").rglob("*") if p.is_file()) == [
                "atom.xml", "digest.html", "digest.json", "digest.md", "digest.txt", "feed.json", "feed.json",
                "index.html", "slack.json",
            ]  # fmt: skip
            repeated += extra
    print({"deaths": deaths, "repeated": repeated})
    assert deaths == calm.count > 40
    # before the note of each acceptance there are two steps to die at, and no others repeat anything
    assert repeated == 2 * (len(people) + len(posts))


def test_a_server_that_takes_and_falls_silent_ends_with_two_copies_of_one_message(templates: Path) -> None:
    with mail_server() as box:
        box.after_data = ["eat"]
        settings = MailSettings(
            "127.0.0.1", box.port, "none", sender="d@news.example", recipients=("ada@a.example",)
        )
        channel = MailChannel("mail", settings, guard=open_guard, templates=templates)
        ledger = _ledger("ada@a.example")
        assert deliver_now(ledger, channel).unsent[0].state is UNKNOWN
        assert deliver_now(ledger, channel, now=NOW + MINUTE).sent
        first, second = box.taken
        assert first["Message-ID"] == second["Message-ID"] == ledger.line(1).message_id
        assert first.as_bytes() == second.as_bytes()


def test_slack_asking_for_a_pause_gets_it_and_then_every_part() -> None:
    ok: tuple[int, dict[str, str], bytes] = (200, {}, b"ok")
    with web_server([ok, (429, {"Retry-After": "3"}, b"rate_limited"), ok]) as hook:
        channel = SlackWebhookChannel("slack", hook.url, guard=open_guard, pace=0)
        ledger, naps = MemoryLedger({1: samples.sized(40)}), list[float]()
        ledger.add(1, "slack", "slack")
        assert deliver_now(ledger, channel, naps=naps).sent
        told = [json.loads(body)["text"][-6:] for body in hook.bodies]
    assert naps == [3] and told[1] == told[2]
    assert [*dict.fromkeys(told)] == told[:1] + told[2:]


def test_an_interrupt_passes_through_and_the_next_run_goes_on() -> None:
    steps = Steps({3})  # after the note "sending", when the channel is opened
    ledger, world = _ledger("ada"), World()
    channel = FakeChannel("mail", ("ada",), 1, world, steps)
    ledger.steps = steps
    with pytest.raises(KilledError):
        deliver_now(ledger, channel)
    assert channel.closed == 1 and _states(ledger) == [SENDING]
    assert deliver_now(ledger, channel).sent and list(world.taken.values()) == [1]

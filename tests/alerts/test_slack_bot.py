from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.channels import Channel, ChannelError, Inquiring
from alerts.deliver import deliver
from alerts.slack_bot import SlackBotChannel
from alerts.slack_client import judge
from pipeline.model import ConfigError, DeliveryError, DeliveryState, Digest
from tests.alerts import samples
from tests.alerts.delivery_world import (
    NOW,
    FileLedger,
    KilledError,
    MemoryLedger,
    Steps,
    World,
    deliver_now,
    run_until_done,
)
from tests.alerts.servers import open_guard
from tests.alerts.slack_api import CHANNEL, TOKEN, Workspace, slack_workspace
from tests.alerts.slack_limits import check_post

DIGEST = samples.sized(40)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with slack_workspace() as served:
        yield served


def bot(workspace: Workspace, *, token: str = TOKEN, channel: str = CHANNEL) -> SlackBotChannel:
    return SlackBotChannel("bot", token, channel, guard=open_guard, api_url=workspace.url, pace=0)


def ledger_of(digest: Digest = DIGEST) -> MemoryLedger:
    ledger = MemoryLedger({1: digest})
    ledger.add(1, "bot", "bot")
    return ledger


def test_the_head_stands_in_the_channel_and_the_rest_in_its_thread(workspace: Workspace) -> None:
    assert deliver_now(ledger_of(), bot(workspace)).sent
    first, *rest = workspace.messages
    assert workspace.in_channel() == [first] and len(rest) >= 2
    assert {m["thread_ts"] for m in rest} == {first["ts"]}
    assert sum("Story" in json.dumps(b) for b in first["blocks"]) <= 2 * 5, "five stories at most"
    for message in workspace.messages:
        check_post({"text": message["text"], "blocks": message["blocks"]})
        assert message["unfurl_links"] is False


def test_a_short_edition_is_one_message(workspace: Workspace) -> None:
    assert deliver_now(ledger_of(samples.quiet()), bot(workspace)).sent
    assert len(workspace.messages) == 1 and workspace.calls == ["chat.postMessage"], (
        "nothing is asked without doubt"
    )


def test_a_message_that_was_taken_in_silence_is_found_and_not_posted_again(workspace: Workspace) -> None:
    workspace.moods = ["eat"]
    ledger = ledger_of()
    report = deliver_now(ledger, bot(workspace))
    assert report.unsent[0].state is DeliveryState.UNKNOWN
    assert deliver_now(ledger, bot(workspace), now=NOW + timedelta(minutes=2)).sent
    parts = [m["metadata"]["event_payload"]["part"] for m in workspace.messages]
    assert parts == list(range(1, len(parts) + 1)), "each part once, in order"
    assert len(workspace.in_channel()) == 1


def test_a_message_that_was_lost_is_posted_again(workspace: Workspace) -> None:
    workspace.moods = ["drop"]
    ledger = ledger_of()
    assert deliver_now(ledger, bot(workspace)).unsent
    assert deliver_now(ledger, bot(workspace), now=NOW + timedelta(minutes=2)).sent
    assert len(workspace.in_channel()) == 1


def test_other_messages_and_editions_are_not_taken_for_ours(workspace: Workspace) -> None:
    channel = bot(workspace)
    deliver_now(ledger_of(replace(DIGEST, subscription="another")), channel)
    workspace.post({"channel": CHANNEL, "text": "hello"})
    workspace.post(
        {"channel": CHANNEL, "text": "x", "metadata": {"event_type": "unsealed_edition", "event_payload": {}}}
    )
    key = channel.message_id(DIGEST, "bot")
    parts = channel.compose(DIGEST, "bot", message_id=key)
    assert isinstance(channel, Inquiring) and channel.taken(parts, "bot", noted=0) == 0


def test_where_the_history_may_not_be_read_the_part_in_doubt_is_posted_again_and_the_log_says_so(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.moods, workspace.may_read = ["eat"], False
    ledger = ledger_of(samples.quiet())
    deliver_now(ledger, bot(workspace))
    with caplog.at_level(logging.WARNING):
        assert deliver_now(ledger, bot(workspace), now=NOW + timedelta(minutes=2)).sent
    assert len(workspace.messages) == 2 and "missing_scope" in caplog.text


def test_dying_at_any_step_leaves_each_part_in_the_channel_exactly_once(tmp_path: Path) -> None:
    def play(kill_at: set[int]) -> Steps:
        path = tmp_path / "ledger"
        path.unlink(missing_ok=True)
        steps = Steps(kill_at)
        FileLedger(path, {1: DIGEST}).add(1, "bot", "bot")

        def parts() -> tuple[MemoryLedger, list[Channel]]:
            return FileLedger(path, {1: DIGEST}, steps), [bot(workspace)]

        run_until_done(parts, World(), pauses=[timedelta()] * 5)
        return steps

    with slack_workspace() as workspace:
        calm = play(set()).count
        whole = [m["metadata"]["event_payload"]["part"] for m in workspace.messages]
    assert calm > 6
    for step in range(1, calm + 1):
        with slack_workspace() as workspace:
            assert play({step}).kills == 1
            told = [m["metadata"]["event_payload"]["part"] for m in workspace.messages]
            assert told == whole, f"step {step}"
            assert len(workspace.in_channel()) == 1, f"step {step}: the thread was lost"


def test_a_pause_that_slack_asks_for_is_kept(workspace: Workspace) -> None:
    workspace.moods = [(429, 7)]
    naps: list[float] = []
    assert deliver_now(ledger_of(), bot(workspace), naps=naps).sent
    assert naps == [7]


@pytest.mark.parametrize(
    ("word", "permanent", "unknown", "channel_at_fault"),
    [
        ("not_in_channel", True, False, True),
        ("token_revoked", True, False, True),
        ("internal_error", False, True, True),
        ("invalid_blocks", True, False, False),
        ("msg_too_long", True, False, False),
    ],
)
def test_refusals_are_told_apart(
    workspace: Workspace, word: str, permanent: bool, unknown: bool, channel_at_fault: bool
) -> None:
    workspace.moods = [word]
    channel = bot(workspace)
    part = channel.compose(samples.quiet(), "bot", message_id="k")[0]
    with pytest.raises(DeliveryError) as caught:
        channel.send(part, "bot")
    error = caught.value
    assert (error.permanent, error.unknown, isinstance(error, ChannelError)) == (
        permanent,
        unknown,
        channel_at_fault,
    )
    assert word in str(error)


def test_an_error_page_before_slack_is_unknown_or_a_wrong_address() -> None:
    assert judge(502, {}, "http_502", "bot").unknown
    assert "not Slack" in str(judge(404, {}, "http_404", "bot"))


def test_the_token_is_in_no_error_and_no_description(workspace: Workspace) -> None:
    channel = bot(workspace, token="xoxb-WRONG")
    part = channel.compose(samples.quiet(), "bot", message_id="k")[0]
    with pytest.raises(ChannelError) as caught:
        channel.send(part, "bot")
    assert caught.value.permanent and "WRONG" not in str(caught.value) + repr(channel) + repr(
        caught.value.__cause__
    )


def test_every_connection_of_the_client_passes_the_guard(workspace: Workspace) -> None:
    seen: list[tuple[str, str, int]] = []

    def guard(host: str, address: str, port: int) -> None:
        seen.append((host, address, port))
        raise ConfigError("this address is not public.")

    channel = SlackBotChannel("bot", TOKEN, CHANNEL, guard=guard, api_url=workspace.url, pace=0)
    part = channel.compose(samples.quiet(), "bot", message_id="k")[0]
    with pytest.raises(ChannelError, match="not public"):
        channel.send(part, "bot")
    assert [address for _, address, _ in seen] == ["127.0.0.1"] and workspace.calls == []


def test_a_proxy_of_the_environment_is_not_used(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert deliver_now(ledger_of(samples.quiet()), bot(workspace)).sent


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="channel bot"):
        SlackBotChannel("bot", TOKEN, CHANNEL, guard=open_guard, api_url="ftp://slack")


def test_a_kill_while_asking_leaves_the_delivery_to_the_next_run(workspace: Workspace) -> None:
    workspace.moods = ["eat"]
    ledger = ledger_of()
    deliver_now(ledger, bot(workspace))
    steps = Steps({2})
    ledger.steps = steps
    with pytest.raises(KilledError):
        deliver(ledger, [bot(workspace)], now=lambda: NOW + timedelta(minutes=2))
    ledger.steps = lambda: None
    assert deliver_now(ledger, bot(workspace), now=NOW + timedelta(minutes=4)).sent
    assert len(workspace.in_channel()) == 1

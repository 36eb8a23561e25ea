from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels import ChannelError
from alerts.outgoing import Reply
from alerts.webhook import WebhookChannel, judge, read_secret, sign
from pipeline.model import ConfigError, DeliveryState
from tests.alerts import samples
from tests.alerts.delivery_world import NOW, MemoryLedger, deliver_now
from tests.alerts.servers import Hook, open_guard, web_server

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def channel(hook: Hook, clock: float = 1_790_000_000.7) -> WebhookChannel:
    return WebhookChannel("hook", hook.url, SECRET, guard=open_guard, clock=lambda: clock)


def ledger() -> MemoryLedger:
    made = MemoryLedger({1: samples.quiet()})
    made.add(1, "hook", "hook")
    return made


def test_a_receiver_can_verify_what_it_got_and_read_it() -> None:
    with web_server() as hook:
        assert deliver_now(ledger(), channel(hook)).sent
    head, body = hook.headers[0], hook.bodies[0]
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert head["webhook-signature"] == f"v1,{expected}"
    assert head["webhook-timestamp"] == "1790000000"
    event = json.loads(body)
    assert (
        event["type"] == "digest.published" and event["data"]["subscription"] == samples.quiet().subscription
    )


def test_the_example_of_the_specification_is_signed_as_there() -> None:
    # standardwebhooks.com, "Signature scheme": its published example of secret, id, time and body
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", about="x")
    body = b'{"test": 2432232314}'
    assert sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_repetition_has_the_same_id_and_body_and_a_time_of_its_own() -> None:
    with web_server([(500, {}, b""), (200, {}, b"")]) as hook:
        book = ledger()
        assert deliver_now(book, channel(hook)).unsent[0].state is DeliveryState.UNKNOWN
        assert deliver_now(book, channel(hook, 1_790_000_100), now=NOW + timedelta(minutes=2)).sent
    first, second = hook.headers
    assert first["webhook-id"] == second["webhook-id"] == second["Idempotency-Key"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"] and hook.bodies[0] == hook.bodies[1]


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (204, {}, "taken"),
        (302, {}, "later"),
        (400, {}, "never"),
        (404, {}, "later"),
        (408, {}, "later"),
        (410, {}, "gone"),
        (429, {"retry-after": "9"}, "pause 9"),
        (429, {"retry-after": "Wed, 25 Nov 2026 12:00:00 GMT"}, "pause 60"),
        (500, {}, "unknown"),
        (503, {"retry-after": "9"}, "pause 9"),
        (503, {}, "unknown"),
    ],
)
def test_what_an_answer_means(status: int, headers: dict[str, str], outcome: str) -> None:
    problem = judge(Reply(status, headers, b""))
    if problem is None:
        assert outcome == "taken"
    elif isinstance(problem, ChannelError) and problem.retry_after is not None:
        assert outcome == f"pause {problem.retry_after:.0f}"
    else:
        at_fault = "gone" if isinstance(problem, ChannelError) else "never"
        assert outcome == ("unknown" if problem.unknown else at_fault if problem.permanent else "later")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "hunter2", "whsec_" + "A" * 200, "whsec_ü"])
def test_a_weak_or_broken_secret_is_refused_without_quoting_it(secret: str) -> None:
    with pytest.raises(ConfigError, match="24 to 64 bytes") as caught:
        WebhookChannel("hook", "https://a.example/x", secret, guard=open_guard)
    assert "hunter2" not in str(caught.value)


def test_neither_url_nor_secret_is_shown() -> None:
    with web_server([(404, {}, b"")]) as hook:
        made = channel(hook)
        part = made.compose(samples.quiet(), "hook", message_id="msg_1")[0]
        with pytest.raises(ChannelError) as caught:
            made.send(part, "hook")
    assert "SECRETPATH" not in str(caught.value) + repr(made) and SECRET not in repr(made)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_different_bodies_have_different_signatures(one: bytes, other: bytes) -> None:
    assert (sign(KEY, "msg", "1", one) == sign(KEY, "msg", "1", other)) == (one == other)

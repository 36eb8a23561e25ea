from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.newsroom.conftest import Answer, ask
from unsealed.newsroom.slack import SlackRules, SlackServer, slack_server
from unsealed.newsroom.slack_rules import refusal

JSON = {"Content-Type": "application/json"}
DIVIDER = {"type": "divider"}
URL = "https://lab.example/"
GOOD: dict[str, Any] = {
    "text": "2 openings today &lt;really&gt;",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Unsealed", "emoji": True}},
        {"type": "section", "block_id": "s1", "text": {"type": "mrkdwn", "text": f"*<{URL}|Nova>* &amp; more"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Licence*\nMIT"}],
         "accessory": {"type": "image", "image_url": URL, "alt_text": "logo"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "3 outlets"},
                                         {"type": "image", "image_url": URL, "alt_text": "flag"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Read"},
                                          "url": URL, "action_id": "read", "style": "primary"}]},
        {"type": "image", "image_url": URL, "alt_text": "chart", "title": {"type": "plain_text", "text": "Weeks"}},
        {"type": "markdown", "text": "**bold**"},
        DIVIDER,
    ],
}  # fmt: skip


def section(length: int, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": "section", "text": {"type": kind, "text": "x" * length}}


def button(**more: object) -> dict[str, Any]:
    element = {"type": "button", "text": {"type": "plain_text", "text": "Read"}, **more}
    return {"type": "actions", "elements": [element]}


def fields(number: int, length: int) -> dict[str, Any]:
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * length}] * number}


def context(number: int) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * number}


def header(length: int, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": "header", "text": {"type": kind, "text": "x" * length}}


def image(**more: object) -> dict[str, Any]:
    return {"type": "image", "image_url": URL, "alt_text": "x", **more}


@pytest.mark.parametrize(
    "blocks",
    [
        [DIVIDER] * 50,
        [section(3000)],
        [section(1)],
        [fields(10, 1000)],
        [fields(1, 2000)],
        [header(150)],
        [context(10)],
        [{**DIVIDER, "block_id": "b" * 255}],
        [button(url="https://lab.example/".ljust(3000, "x"))],
        [section(3000)] * 4 + [section(1200)],
        [{"type": "markdown", "text": "x" * 12_000}],
    ],
)
def test_what_is_just_within_the_limits_is_accepted(blocks: list[Any]) -> None:
    assert refusal(json.dumps({"blocks": blocks}).encode()) == ""


@pytest.mark.parametrize(
    ("blocks", "answer"),
    [
        ([DIVIDER] * 51, "invalid_blocks"),
        ([section(3001)], "invalid_blocks"),
        ([section(0)], "invalid_blocks"),
        ([section(5, "markdown")], "invalid_blocks"),
        ([{"type": "section"}], "invalid_blocks"),
        ([{"type": "section", "text": "bare"}], "invalid_blocks"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}], "invalid_blocks"),
        ([{"type": "section", "text": {"type": "plain_text", "text": "x", "verbatim": True}}], "invalid_blocks"),
        ([fields(11, 5)], "invalid_blocks"),
        ([fields(0, 5)], "invalid_blocks"),
        ([fields(1, 2001)], "invalid_blocks"),
        ([header(151)], "invalid_blocks"),
        ([header(0)], "invalid_blocks"),
        ([header(5, "mrkdwn")], "invalid_blocks"),
        ([context(11)], "invalid_blocks"),
        ([context(0)], "invalid_blocks"),
        ([{"type": "context"}], "invalid_blocks"),
        ([{**DIVIDER, "text": "x"}], "invalid_blocks"),
        ([{**DIVIDER, "block_id": "b" * 256}], "invalid_blocks"),
        ([{**DIVIDER, "block_id": "b"}] * 2, "invalid_blocks"),
        ([{"type": "rainbow"}], "invalid_blocks"),
        ([{"text": "x"}], "invalid_blocks"),
        ([{"type": ["section"]}], "invalid_blocks"),
        (["section"], "invalid_blocks"),
        ([button(url="https://lab.example/".ljust(3001, "x"))], "invalid_blocks"),
        ([button(url="javascript:alert(1)")], "invalid_blocks"),
        ([button(url="https://[broken/")], "invalid_blocks"),
        ([button(text={"type": "plain_text", "text": "x" * 76})], "invalid_blocks"),
        ([button(text={"type": "mrkdwn", "text": "x"})], "invalid_blocks"),
        ([button(action_id="x" * 256)], "invalid_blocks"),
        ([button(style="shouting")], "invalid_blocks"),
        ([{"type": "actions", "elements": [{"type": "slider"}]}], "invalid_blocks"),
        ([{"type": "actions", "elements": ["button"]}], "invalid_blocks"),
        ([image(alt_text="")], "invalid_blocks"),
        ([image(image_url="ftp://x.example/")], "invalid_blocks"),
        ([image(title={"type": "mrkdwn", "text": "x"})], "invalid_blocks"),
        ([{"type": "markdown", "text": ""}], "invalid_blocks"),
        ([{"type": "markdown", "text": "x" * 6001}] * 2, "msg_blocks_too_long"),
        ([section(3000)] * 4 + [section(1201)], "msg_blocks_too_long"),
        ([section(5), {"type": "section", "text": {"type": "mrkdwn", "text": "hi <!channel>"}}], "control_sequence"),
        ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "<@U012AB3CD>"}]}], "control_sequence"),
    ],
)  # fmt: skip
def test_what_breaks_a_limit_is_refused_with_slack_s_word(blocks: list[Any], answer: str) -> None:
    assert refusal(json.dumps({"text": "x", "blocks": blocks}).encode()) == answer


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", "invalid_payload"),
        (b"{", "invalid_payload"),
        (b"[]", "invalid_payload"),
        (b"\xff\xfe\xff", "invalid_payload"),
        (b"[" * 100_000, "invalid_payload"),
        (b'{"text": 5}', "invalid_payload"),
        (b'{"text": "x", "blocks": {}}', "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": "", "blocks": []}', "no_text"),
        (b'{"text": "<!here> look"}', "control_sequence"),
        (b'{"text": "<!subteam^S1|team>"}', "control_sequence"),
        (b'{"text": "&lt;!here&gt; <https://a.example/|a>"}', ""),
    ],
)
def test_a_body_that_is_no_message_is_refused(body: bytes, answer: str) -> None:
    assert refusal(body) == answer


def test_mentions_are_refused_only_where_we_ask_for_it() -> None:
    assert refusal(b'{"text": "<!channel>"}', strict=False) == ""


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["section", "image", "header"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "fields", "block_id", "title"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values, json_values)
def test_no_payload_makes_the_check_fail(text: Any, blocks: Any) -> None:
    assert isinstance(refusal(json.dumps({"text": text, "blocks": [blocks]}).encode()), str)


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[SlackServer]:
    with slack_server(tmp_path / "posts", SlackRules(burst=3)) as server:
        yield server


def post(url: str, payload: object) -> Answer:
    return ask(url, JSON, method="POST", data=json.dumps(payload).encode())


def test_a_good_post_is_answered_ok_and_kept(slack: SlackServer) -> None:
    answer = post(slack.url, GOOD)
    assert (answer.status, answer.text) == (200, "ok")
    assert answer.headers["Content-Type"].startswith("text/plain")
    (path,) = slack.payloads()
    assert path.name == "0001.json"
    assert json.loads(path.read_bytes()) == GOOD
    assert slack.accepted == 1


def test_a_form_with_the_payload_in_a_field_is_taken_too(slack: SlackServer) -> None:
    form = urlencode({"payload": json.dumps(GOOD)}).encode()
    assert ask(slack.url, method="POST", data=form).text == "ok"
    assert ask(slack.url, method="POST", data=b"other=1").text == "invalid_payload"


def test_a_bad_post_is_answered_with_400_and_not_kept(slack: SlackServer) -> None:
    answer = post(slack.url, {"blocks": [section(3001)]})
    assert (answer.status, answer.text) == (400, "invalid_blocks")
    assert slack.payloads() == ()


def test_an_unknown_webhook_is_404_no_service(slack: SlackServer) -> None:
    answer = post(slack.url + "x", GOOD)
    assert (answer.status, answer.text) == (404, "no_service")


def test_too_many_posts_in_a_second_are_429_with_a_time_to_wait(slack: SlackServer) -> None:
    answers = [post(slack.url, GOOD) for _ in range(4)]
    assert [a.status for a in answers] == [200, 200, 200, 429]
    assert answers[3].headers["Retry-After"] == "1"
    assert slack.accepted == 3


def test_leaving_leaves_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with slack_server(tmp_path) as server:
        post(server.url, GOOD)
    assert set(threading.enumerate()) == before

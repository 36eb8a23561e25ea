from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.channels import ChannelError
from alerts.mrkdwn import escape, link, units
from alerts.slack import SlackWebhookChannel, payloads
from pipeline.model import ConfigError, DeliveryError, Digest, Kind, Openness, Story
from tests.alerts import samples
from tests.alerts.servers import open_guard, web_server
from tests.alerts.slack_limits import check_posts

# ------------------------------------------------------------------------------ layout


def _texts(digest: Digest) -> str:
    return json.dumps(payloads(digest), ensure_ascii=False)


def test_a_rich_day_says_who_opened_what_how_and_where_it_is_proved() -> None:
    posts = payloads(samples.rich())
    check_posts(posts)
    told = "\n".join(b["text"]["text"] for b in posts[0]["blocks"] if b["type"] == "section")
    assert (
        "● *<https://model-post.example/2026/11/22/story-1?from=feed&amp;part=0|Northlight opens Lumen-3"
        in told
    )
    assert "*Open source* · Northlight · model · Apache-2.0\n&gt; The weights, the training code" in told
    assert "Covered by 9 outlets in 7 languages" in _texts(samples.rich())
    assert posts[0]["text"].startswith("23 Nov 2026: Northlight opens Lumen-3")


def test_the_frame_speaks_chinese_where_asked() -> None:
    (post,) = payloads(samples.rich(), language="zh")[:1]
    assert "每日简报" in post["blocks"][0]["text"]["text"]


def test_a_quiet_day_is_one_short_message() -> None:
    (post,) = payloads(samples.quiet())
    check_posts((post,))
    assert len(post["blocks"]) == 3


def test_many_stories_come_in_numbered_parts_and_what_is_cut_is_counted_last() -> None:
    posts = payloads(samples.sized(200))
    check_posts(posts)
    assert 1 < len(posts) <= 5
    assert [p["blocks"][0]["text"]["text"][-6:] for p in posts] == [
        f" ({n}/{len(posts)})" for n in range(1, len(posts) + 1)
    ]
    last = posts[-1]["blocks"][-1]["elements"][0]["text"]
    told = sum(b["type"] == "section" and "story-" in b["text"]["text"] for p in posts for b in p["blocks"])
    assert f"{200 + 1 - told} openings cut to keep this message short" in last  # one closing is told, too


def test_the_same_edition_is_split_the_same_way_every_time() -> None:
    assert payloads(samples.sized(60)) == payloads(samples.sized(60))


# ------------------------------------------------------------------------------ escaping


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("AT&T <b> 1>0", "AT&amp;T &lt;b&gt; 1&gt;0"),
        ("&amp; stays literal", "&amp;amp; stays literal"),
        ("<!channel> <@U123> <#C1|x>", "&lt;!channel&gt; &lt;@U123&gt; &lt;#C1¦x&gt;"),
        ("*bold* ~no~ `code`", "∗bold∗ ∼no∼ ˋcodeˋ"),
        ("_it_ model_name_2 __init__", "ˍitˍ model_name_2 ˍˍinitˍˍ"),
        (":tada: at 10:30:15", "꞉tada: at 10꞉30:15"),
        ("开源 _模型_", "开源 ˍ模型ˍ"),
    ],
)
def test_text_stays_text(raw: str, shown: str) -> None:
    assert escape(raw, 200) == shown


def test_cutting_never_splits_an_entity() -> None:
    for limit in range(6, 40):
        cut = escape("a<b&c>d" * 20, limit)
        assert units(cut) <= limit
        assert cut.endswith("…")
        assert cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0


def test_links_survive_pipes_and_brackets_on_either_side() -> None:
    assert (
        link("https://a.example/?a=1&b=2|3", "x|y <z>", 50)
        == "<https://a.example/?a=1&amp;b=2%7C3|x¦y &lt;z&gt;>"
    )
    assert link("", "a & b", 50) == "a &amp; b"
    assert link("https://a.example/path", "", 50) == "<https://a.example/path|a.example>"


# ------------------------------------------------------------------------------- limits

_WORDS = st.one_of(
    st.sampled_from(
        [*samples.HOSTILE, '"' * 400, "\\" * 400, "&" * 400, "<" * 400, "𝔘𝔫𝔰𝔢𝔞𝔩𝔢𝔡🎉" * 40, "_*_*_~`" * 60]
    ),
    st.text(max_size=60),
    st.text(alphabet='&<>|*_~`:"\\!@#[]()😀开é \n', max_size=400),
)
_LINKS = st.one_of(
    st.sampled_from(
        [*samples.BAD_LINKS, "https://a.example/" + "&" * 1400, "https://a.example/?" + "é|" * 200]
    ),
    st.text(max_size=30).map(lambda s: f"https://a.example/{s}"),
)


@st.composite
def _digests(draw: st.DrawFn) -> Digest:
    words, links = (
        draw(st.lists(_WORDS, min_size=3, max_size=6)),
        draw(st.lists(_LINKS, min_size=2, max_size=4)),
    )
    base = samples.hostile(words[0], links[0])
    stories = [_spoilt(s, n, words, links) for n, s in enumerate(base.stories)]
    count = draw(st.sampled_from([0, 1, 1, 2, 2, 5, 5, 12, 30]))
    return replace(
        base,
        subscription=words[1],
        edition=draw(st.sampled_from(["daily", "weekly", "odd"])),
        stories=tuple(replace(stories[n % len(stories)], id=n) for n in range(count)),
        reversals=base.reversals * draw(st.sampled_from([0, 1, 3, 20])),
        promises=base.promises * draw(st.sampled_from([0, 1, 8])),
        briefs=tuple(replace(b, title=words[2], url=links[1]) for b in base.briefs) * draw(st.sampled_from([0, 1, 6])),
        sources_failed=base.sources_failed * draw(st.sampled_from([0, 1, 12])),
        left_out={w: n for n, w in enumerate(words)},
    )  # fmt: skip


def _spoilt(story: Story, n: int, words: Sequence[str], links: Sequence[str]) -> Story:
    cover = replace(story.best, url=links[n % len(links)], outlet=words[n % len(words)])
    rows = story.announcements * (1 if n % 3 else 12)
    return replace(story, title=words[n % len(words)], best=cover, first=cover, announcements=rows)


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(_digests(), st.sampled_from(["en", "zh"]))
def test_no_digest_breaks_any_limit_of_slack(digest: Digest, language: str) -> None:
    check_posts(payloads(digest, language=language))


@pytest.mark.parametrize("text", [*samples.HOSTILE, '"' * 999, "\\" * 999, "&" * 999])
@pytest.mark.parametrize("url", samples.BAD_LINKS)
def test_hostile_days_keep_the_limits_and_ping_nobody(text: str, url: str) -> None:
    posts = payloads(samples.hostile(text, url))
    check_posts(posts)
    assert "<!" not in json.dumps(posts) and "javascript:alert(1)|" not in json.dumps(posts)


@pytest.mark.parametrize("text", ["&" * 999, '"' * 999, "\\" * 999, "开" * 999, "🎉" * 999, "a" * 999])
@pytest.mark.parametrize("length", [280, 380, 590, 800, 1080, 1480])
def test_the_longest_texts_and_addresses_together_keep_the_limits(text: str, length: int) -> None:
    digest = samples.hostile(text, "https://a.example/?" + "&x" * (length // 6))  # each & is five characters
    told = tuple(
        replace(
            s,
            stage=Kind.PLANNED if n % 2 else Kind.RELEASED,
            openness=Openness.RESTRICTED,
            claimed=Openness.OPEN_SOURCE,
            licences=tuple((text, k) for k in range(6)),
            announcements=s.announcements * (40 if n % 3 == 0 else 1),
        )
        for n, s in enumerate(digest.stories)
    )
    check_posts(payloads(replace(digest, stories=told, reversals=told, promises=digest.promises * 9)))


# ------------------------------------------------------------------------------ sending

URL = "https://hooks.slack.example/services/T0/B0/SECRETPATH"


def _channel(url: str, naps: list[float] | None = None, timeout: float = 5.0) -> SlackWebhookChannel:
    sleep = (naps if naps is not None else []).append
    return SlackWebhookChannel("slack", url, guard=open_guard, timeout=timeout, sleep=sleep)


def test_an_edition_is_posted_part_by_part_about_one_a_second() -> None:
    naps: list[float] = []
    with web_server() as hook:
        channel = _channel(hook.url, naps)
        for part in channel.compose(samples.sized(60), "slack", message_id="x"):
            channel.send(part, "slack")
    assert [json.loads(b)["text"][-5:] for b in hook.bodies] == [
        f"({n}/{len(hook.bodies)})" for n in range(1, len(hook.bodies) + 1)
    ]
    assert len(naps) == len(hook.bodies) - 1 > 0
    assert all(0 < nap <= 1 for nap in naps)


@pytest.mark.parametrize(
    ("answer", "channels_fault", "permanent", "unknown"),
    [
        ((400, {}, b"invalid_blocks"), False, True, False),
        ((400, {}, b"msg_blocks_too_long"), False, True, False),
        ((403, {}, b"action_prohibited"), True, True, False),
        ((404, {}, b"no_service"), True, True, False),
        ((410, {}, b"channel_is_archived"), True, True, False),
        ((404, {}, b"<html>"), True, True, False),
        ((302, {"Location": "https://elsewhere.example/"}, b""), True, False, False),
        ((408, {}, b""), True, False, False),
        ((500, {}, b"rollup_error"), True, False, True),
        ((503, {}, b""), True, False, True),
        ("drop", True, False, True),
        ("hang", True, False, True),
    ],
)
def test_answers_are_told_apart(answer: object, channels_fault: bool, permanent: bool, unknown: bool) -> None:
    with web_server([answer]) as hook:
        channel = _channel(hook.url, timeout=0.5)
        (part,) = channel.compose(samples.quiet(), "slack", message_id="x")
        with pytest.raises(DeliveryError) as caught:
            channel.send(part, "slack")
    error = caught.value
    assert (isinstance(error, ChannelError), error.permanent, error.unknown) == (
        channels_fault,
        permanent,
        unknown,
    )


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("", 30.0), ("soon", 30.0), ("-1", 30.0)])
def test_too_many_posts_carries_how_long_to_wait(value: str, seconds: float) -> None:
    with web_server([(429, {"Retry-After": value}, b"rate_limited")]) as hook:
        channel = _channel(hook.url)
        (part,) = channel.compose(samples.quiet(), "slack", message_id="x")
        with pytest.raises(ChannelError) as caught:
            channel.send(part, "slack")
    assert caught.value.retry_after == seconds
    assert not caught.value.unknown and not caught.value.permanent


def test_a_closed_port_is_a_certain_failure() -> None:
    with web_server() as hook:
        url = hook.url
    channel = _channel(url)
    (part,) = channel.compose(samples.quiet(), "slack", message_id="x")
    with pytest.raises(ChannelError) as caught:
        channel.send(part, "slack")
    assert not caught.value.unknown and not caught.value.permanent


def test_the_url_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(_channel(URL)), str(_channel(URL).recipients)]
    with web_server([(400, {}, URL.encode()), (404, {}, b"SECRETPATH"), (500, {}, b""), "drop"]) as hook:
        channel = _channel(hook.url, timeout=0.5)
        (part,) = channel.compose(samples.quiet(), "slack", message_id="x")
        for _ in range(4):
            with pytest.raises(DeliveryError) as caught:
                channel.send(part, "slack")
            error: BaseException | None = caught.value
            while error is not None:
                shown += [str(error), repr(error)]
                error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    with pytest.raises(ConfigError) as refused:
        _channel("hooks.slack.example/services/SECRETPATH")
    shown += [str(refused.value), caplog.text]
    assert "SECRETPATH" not in "".join(shown)
    assert "channel slack" in str(refused.value)

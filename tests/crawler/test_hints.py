"""What servers say about when to come back, and what they say to make us stay away."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.hints import MOST_WAIT, feed_pace, freshness, http_date, permanent_move, retry_at

from .conftest import NOW


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        (" 120 ", 120),
        ("0", None),
        ("86400", 86400),
        ("31536000", 86400),
        ("9" * 5000, 86400),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣٠", None),
        ("Mon, 23 Nov 2026 09:10:00 GMT", 600),
        ("Monday, 23-Nov-26 09:10:00 GMT", 600),
        ("Mon Nov 23 09:10:00 2026", 600),
        ("Mon, 23 Nov 2026 08:00:00 GMT", None),
        ("Mon, 23 Nov 2076 08:00:00 GMT", 86400),
        ("Mon, 99 Nov 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(value: str, seconds: int | None) -> None:
    assert retry_at(value, NOW) == (None if seconds is None else NOW + timedelta(seconds=seconds))


@given(st.text(max_size=80))
def test_no_retry_after_asks_for_the_past_or_for_more_than_a_day(value: str) -> None:
    at = retry_at(value, NOW)
    assert at is None or NOW < at <= NOW + MOST_WAIT
    http_date(value)
    assert 0 <= freshness(value, value, value, NOW) <= 7 * 86400


@pytest.mark.parametrize(
    ("cache_control", "expires", "date", "seconds"),
    [
        ("max-age=600", "", "", 600),
        ("public, max-age=600", "", "", 600),
        ("s-maxage=900", "", "", 0),
        ("max-age=600, no-cache", "", "", 0),
        ("no-store", "Mon, 23 Nov 2026 10:00:00 GMT", "", 0),
        ("", "Mon, 23 Nov 2026 10:00:00 GMT", "", 3600),
        ("", "Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 09:30:00 GMT", 1800),
        ("max-age=60", "Mon, 23 Nov 2026 10:00:00 GMT", "", 60),
        ("", "0", "", 0),
        ("", "-1", "", 0),
        ("", "Mon, 23 Nov 2020 10:00:00 GMT", "", 0),
        ("max-age=99999999", "", "", 7 * 86400),
    ],
)
def test_freshness_is_read_as_caches_do(cache_control: str, expires: str, date: str, seconds: float) -> None:
    assert freshness(cache_control, expires, date, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"<rss><channel><ttl>60</ttl><item/>", 3600),
        (b"<channel><ttl> 5 </ttl>", 300),
        (b"<channel><ttl>-5</ttl>", 0),
        (b"<channel><item><ttl>60</ttl></item>", 0),
        (
            b"<channel><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
            1800,
        ),
        (b"<channel><sy:updatePeriod>\n\tdaily\n</sy:updatePeriod>", 86400),
        (b"<channel><sy:updatePeriod>never</sy:updatePeriod>", 0),
        (b"<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3600),
        (b"<ttl>10</ttl><sy:updatePeriod>daily</sy:updatePeriod>", 86400),
        (b"<ttl>9999999</ttl>", 7 * 86400),
        (b"", 0),
        (b"{}", 0),
    ],
)
def test_a_feed_says_how_often_it_wants_to_be_polled(body: bytes, seconds: float) -> None:
    assert feed_pace(body) == seconds


@given(st.binary(max_size=400))
def test_no_body_asks_for_a_pace_out_of_bounds(body: bytes) -> None:
    assert 0 <= feed_pace(b"<channel><ttl>" + body) <= 7 * 86400


@pytest.mark.parametrize(
    ("urls", "reasons", "target"),
    [
        (["http://a/"], [], ""),
        (["http://a/", "http://b/"], [301], "http://b/"),
        (["http://a/", "https://a/"], [308], "https://a/"),
        (["http://a/", "http://b/"], [302], ""),
        (["http://a/", "http://b/", "http://c/"], [301, 302], "http://b/"),
        (["http://a/", "http://b/", "http://c/"], [301, 308], "http://c/"),
        (["http://a/", "http://b/", "http://c/"], [307, 301], ""),
        (["https://a/", "http://a/"], [301], ""),  # nobody talks us out of a secure connection
        (["https://a/", "https://" + "b" * 3000], [301], ""),
    ],
)
def test_a_move_is_what_permanent_redirects_led_to(
    urls: list[str], reasons: list[object], target: str
) -> None:
    assert permanent_move(urls, reasons) == target


def test_times_are_aware() -> None:
    at = http_date("Mon, 23 Nov 2026 10:00:00 -0000")
    assert isinstance(at, datetime)
    assert at.tzinfo is not None

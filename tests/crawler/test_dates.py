from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dates import EARLIEST, SLACK, parse_date, parse_format

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 02 Mar 2026 10:00:00 GMT", "2026-03-02T10:00"),
        ("Mon, 02 Mar 2026 10:00:00", "2026-03-02T10:00"),
        ("Mon, 2 Mar 2026 10:00:00 EST", "2026-03-02T15:00"),
        ("Mon, 02 Mar 2026 10:00:00 JST", "2026-03-02T01:00"),
        ("2026-03-02T10:00:00+09:00", "2026-03-02T01:00"),
        ("2026-03-02 10:00:00 +0800", "2026-03-02T02:00"),
        ("2026-03-02T10:00:00.123456789Z", "2026-03-02T10:00"),
        ("2026/03/02 10:00", "2026-03-02T10:00"),
        ("20260302", "2026-03-02T00:00"),
        ("2026年3月2日", "2026-03-02T00:00"),
        ("2026年3月2日 下午3:05", "2026-03-02T15:05"),
        ("２０２６年３月２日", "2026-03-02T00:00"),
        ("2026년 3월 2일 오후 3시 5분", "2026-03-02T15:05"),
        ("2026. 3. 2.", "2026-03-02T00:00"),
        ("1772445600", "2026-03-02T10:00"),
        ("1772445600000", "2026-03-02T10:00"),
        (1772445600, "2026-03-02T10:00"),
        ("March 2, 2026", "2026-03-02T00:00"),
        ("Mar 2, 2026 3:05 PM", "2026-03-02T15:05"),
        ("2. März 2026, 10:15 Uhr", "2026-03-02T10:15"),
        ("2 mars 2026", "2026-03-02T00:00"),
        ("5 août 2026", "2026-08-05T00:00"),
        ("2 de marzo de 2026", "2026-03-02T00:00"),
        ("02.03.2026", "2026-03-02T00:00"),
        ("2 hours ago", "2026-11-23T10:00"),
        ("3小时前", "2026-11-23T09:00"),
        ("yesterday", "2026-11-22T12:00"),
    ],
)
def test_dates_are_read_as_publishers_write_them(text: str | float, expected: str) -> None:
    value = parse_date(text, NOW)
    assert value is not None
    assert value.utcoffset() == timedelta(0)
    assert value.strftime("%Y-%m-%dT%H:%M") == expected


@pytest.mark.parametrize(
    "text",
    [
        "", None, True, "garbage", "02/03/2026", "3", "2026-02-31", "0001-01-01T00:00:00Z", "1970-01-01", "2035-04-13",
        "Mon, 02 Mar 2026 25:00:00 GMT", "x" * 5000, "9" * 400, "2026-13-01", "about 2026",
    ],
)  # fmt: skip
def test_what_is_no_certain_date_is_none(text: str | None) -> None:
    assert parse_date(text, NOW) is None


def test_a_day_ahead_is_another_zone_and_two_days_are_a_mistake() -> None:
    assert parse_date("2026-11-24T11:00:00Z", NOW) is not None
    assert parse_date("2026-11-25T11:00:00Z", NOW) is None


def test_a_format_given_by_the_recipe_counts() -> None:
    assert parse_format("02/03/2026", "%d/%m/%Y", NOW) == datetime(2026, 3, 2, tzinfo=UTC)
    assert parse_format("2 March", "%d/%m/%Y", NOW) is None


@given(st.text(max_size=150) | st.floats() | st.integers())
def test_no_text_raises_and_none_leaves_the_range(text: str | float) -> None:
    value = parse_date(text, NOW)
    assert value is None or EARLIEST <= value <= NOW + SLACK


@given(
    st.integers(min_value=946_800_000, max_value=1_795_000_000).map(
        lambda seconds: datetime.fromtimestamp(seconds, UTC)
    )
)
def test_iso_and_rfc822_dates_come_back_as_written(moment: datetime) -> None:
    assert parse_date(moment.isoformat(), NOW) == moment
    assert parse_date(moment.strftime("%a, %d %b %Y %H:%M:%S +0000"), NOW) == moment
    assert parse_date(f"{moment.year}年{moment.month}月{moment.day}日", NOW) == moment.replace(
        hour=0, minute=0, second=0
    )

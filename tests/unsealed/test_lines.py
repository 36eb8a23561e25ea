from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import ConfigError
from unsealed.lines import item_of, read_lines, read_time


def test_a_bad_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"title": "a"}\n\n[1]\n')
    lines = read_lines(str(path))
    assert next(lines) == {"title": "a"}
    with pytest.raises(ConfigError, match=r"items\.jsonl, line 3"):
        next(lines)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        next(read_lines(str(tmp_path / "none.jsonl")))


def test_a_deeply_nested_line_is_refused_not_fatal(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text("[" * 200_000 + "\n")
    with pytest.raises(ConfigError, match="line 1"):
        next(read_lines(str(path)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00+08:00", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_times_without_a_zone_are_utc(text: str, expected: datetime | None) -> None:
    assert read_time(text) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["title", "summary", "text", "url", "published", "lang", "id"]), JSON))
def test_any_object_becomes_an_item(line: dict[str, object]) -> None:
    item = item_of(json.loads(json.dumps(line)), 7)
    assert isinstance(item.title, str)
    assert item.id

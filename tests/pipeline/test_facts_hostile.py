"""Hostile text: read to the end, in time that grows with its length and no faster."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pipeline.facts import LIMITS, read_announcements
from pipeline.knowledge import load_knowledge
from pipeline.model import Item

KNOWLEDGE = load_knowledge()

#: What is repeated without end: marks that are never closed, verbs without objects, names, controls.
UNITS = [
    "open-source ", "开源", "「", "“", "legt ", "legt offen ", "(", "A ", "a", "1. ", ". ", "的开源模型", "Show HN: ",
    "release the weights of X ", "Meta and ", "MIT License ", "under the X License ", "from Apache to ", "阿里联合",
    "Releases A: ", "\u202e", "\u200f开源", "\x00", "\x1b[31m", "İ", "오픈소스 ", "オープン",
]  # fmt: skip


def calls_of(item: Item) -> int:
    """Python calls made while reading an item: a measure of work that no busy machine changes."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        read_announcements(item, KNOWLEDGE)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("unit", UNITS)
def test_work_grows_with_the_length_of_a_text_and_no_faster(unit: str) -> None:
    def long(length: int) -> Item:
        return Item(title="", text=(unit * length)[:length])

    calls_of(long(1_000))  # what is remembered of words is remembered now
    short, four_times = calls_of(long(4_000)), calls_of(long(16_000))
    assert four_times <= 5 * short + 2_000


@pytest.mark.parametrize("unit", UNITS)
def test_every_row_of_a_hostile_text_is_proved_by_a_slice_of_it(unit: str) -> None:
    item = Item(
        title=f"Northlight AI open-sources Aurora-2 {unit * 40}",
        summary=unit * 60,
        text=f"{unit} Baidu opens " * 30,
    )
    for row in read_announcements(item, KNOWLEDGE):
        field = getattr(item, row.evidence.field)
        assert row.evidence.quote == field[row.evidence.start : row.evidence.end]


def test_of_a_title_of_a_megabyte_only_its_beginning_is_read() -> None:
    title = "Northlight AI open-sources its model Aurora-2. " + "open source " * 100_000
    assert len(title) > 10**6
    rows = read_announcements(Item(title=title), KNOWLEDGE)
    assert rows[0].who == ("Northlight AI",)
    assert all(row.evidence.end <= LIMITS["title"] for row in rows)


def test_marks_that_turn_the_direction_of_writing_do_not_hide_an_opening() -> None:
    (row,) = read_announcements(
        Item(title="\u202eNorthlight AI\u202c open-sources Aurora-2 under MIT License"), KNOWLEDGE
    )
    assert (row.openness, row.licence) == ("open-source", "MIT")

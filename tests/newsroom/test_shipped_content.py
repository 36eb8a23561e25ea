"""The shipped newsroom against its truth file: complete, consistent, and of the promised make-up."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTENT = ROOT / "unsealed" / "newsroom" / "content"
TRUTH = Path(__file__).with_name("truth.toml")

KINDS = {"released", "planned", "reversed", "update", "discussion", "other"}
ANNOUNCING = {"released", "planned", "reversed"}
OPENNESS = {"open-source", "open-weights", "open-data", "restricted", "unclear"}
HEADLINE = "calyra-2"
#: A calendar date would be wrong on every day but one.
DATED = re.compile(
    r"\b(?:January|February|March|April|June|July|August|September|October|November|December|"
    r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b|\b20[12]\d\b|20[12]\d年"
)


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


OUTLETS: list[dict[str, Any]] = read(CONTENT / "outlets.toml")["outlet"]
ITEMS: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [
    (outlet, item) for outlet in OUTLETS for item in read(CONTENT / f"{outlet['id']}.toml")["item"]
]
BY_ID = {item["id"]: (outlet, item) for outlet, item in ITEMS}
TRUTHS: dict[str, dict[str, Any]] = read(TRUTH)["items"]
PROMISES: dict[str, dict[str, Any]] = read(TRUTH)["promises"]


def recent(item_id: str) -> bool:
    return bool(BY_ID[item_id][1]["hours_ago"] < 24)


def words(item: Mapping[str, Any]) -> str:
    return "\n".join(str(item.get(key, "")) for key in ("title", "summary", "body", "card", "caption"))


def test_every_item_has_a_truth_row_and_every_row_an_item() -> None:
    assert set(TRUTHS) == set(BY_ID)


def test_ids_are_unique_over_all_outlets() -> None:
    assert len(BY_ID) == len(ITEMS)
    assert len({outlet["id"] for outlet in OUTLETS}) == len(OUTLETS)


def test_related_and_linked_items_exist_and_are_not_the_item_itself() -> None:
    for _, item in ITEMS:
        linked = re.findall(r"\]\(item:([^)]+)\)", words(item))
        for reference in (*item.get("related", ()), *linked):
            assert reference in BY_ID, (item["id"], reference)
            assert reference != item["id"]


def test_links_within_a_body_lead_back_in_time() -> None:
    for _, item in ITEMS:
        for reference in re.findall(r"\]\(item:([^)]+)\)", words(item)):
            assert BY_ID[reference][1]["hours_ago"] > item["hours_ago"], (item["id"], reference)


def test_there_are_as_many_items_in_each_language_as_planned() -> None:
    assert 90 <= len(ITEMS) <= 115
    share = Counter(outlet["language"] for outlet, _ in ITEMS)
    least = {"en": 45, "zh": 13, "ja": 9, "de": 9, "fr": 7, "es": 6, "ko": 5}
    assert set(share) == set(least)
    assert all(share[language] >= count for language, count in least.items()), share


def test_every_way_of_publishing_and_every_fault_is_there() -> None:
    ways = Counter(outlet["publishes"] for outlet in OUTLETS)
    assert set(ways) == {"rss2", "rss1", "atom", "jsonfeed", "listing", "sitemap", "huggingface", "github"}
    assert ways["rss2"] >= 2
    assert ways["atom"] >= 2
    faults = {outlet["fault"] for outlet in OUTLETS if "fault" in outlet}
    assert faults >= {"broken-xml", "wrong-charset", "http-500", "slow", "redirect-loop"}


@pytest.mark.parametrize("key", ["disallow", "missing"])
def test_a_page_that_cannot_be_had_would_have_been_worth_fetching(key: str) -> None:
    out_of_reach = [item_id for outlet in OUTLETS for item_id in outlet.get(key, ())]
    assert out_of_reach
    for item_id in out_of_reach:
        assert TRUTHS[item_id]["tagged"]
        assert recent(item_id)


@pytest.mark.parametrize("item_id", sorted(TRUTHS))
def test_a_truth_row_follows_the_codebook(item_id: str) -> None:
    row = TRUTHS[item_id]
    announcing = row["kind"] in ANNOUNCING
    assert row["kind"] in KINDS
    assert row["tagged"] is (row["kind"] in {"released", "planned"})
    assert (row["openness"] in OPENNESS) if announcing else (row["openness"] == row["licence"] == "-")
    assert announcing or not (row["who"] or row["what"])
    assert bool(row["story"]) is bool(row["role"])
    assert row["role"] in {"", "cover", "rel"}
    assert row["role"] != "cover" or announcing


def test_a_round_up_lists_its_announcements() -> None:
    rounds = {item_id: row["announcements"] for item_id, row in TRUTHS.items() if "announcements" in row}
    assert len(rounds) == 2
    for announcements in rounds.values():
        assert len(announcements) == 5
        assert all(set(a) == {"who", "what", "stage", "openness", "licence"} for a in announcements)


def test_named_artifacts_stand_in_the_text() -> None:
    for item_id, row in TRUTHS.items():
        if BY_ID[item_id][1].get("body"):
            for name in row["what"]:
                assert name in words(BY_ID[item_id][1]), (item_id, name)


def test_makers_are_introduced_by_the_knowledge_file() -> None:
    known = {organisation["name"] for organisation in read(CONTENT / "knowledge.toml")["organisation"]}
    real = {"DeepSeek", "Tencent", "Alibaba", "ManusAI"}
    assert {name for row in TRUTHS.values() for name in row["who"]} <= known | real


def test_the_headline_story_is_told_all_over_the_world_within_twenty_hours() -> None:
    cover = [i for i, row in TRUTHS.items() if row["story"] == HEADLINE and row["role"] == "cover"]
    assert len({BY_ID[i][0]["id"] for i in cover}) >= 7
    assert len({BY_ID[i][0]["language"] for i in cover}) >= 6
    assert all(BY_ID[i][1]["hours_ago"] <= 20 for i in cover)
    assert sum(row["story"] == HEADLINE and row["role"] == "rel" for row in TRUTHS.values()) >= 3


def test_a_day_brings_many_openings_and_many_decoys() -> None:
    today = {
        row["story"]
        for i, row in TRUTHS.items()
        if recent(i) and row["kind"] == "released" and row["role"] == "cover"
    }
    assert len(today) >= 11
    decoys = Counter(row["kind"] for i, row in TRUTHS.items() if recent(i) and not row["tagged"])
    assert decoys["other"] >= 10
    assert decoys["reversed"] >= 2


def test_older_items_give_a_weekly_trend_something_to_show() -> None:
    older = [i for i in TRUTHS if not recent(i)]
    assert len(older) >= 30
    openings = [TRUTHS[i] for i in older if TRUTHS[i]["kind"] == "released"]
    assert len(openings) >= 12
    assert {row["openness"] for row in openings} == OPENNESS
    weeks = {int(BY_ID[i][1]["hours_ago"] // 168) for i in older if TRUTHS[i]["kind"] == "released"}
    assert weeks >= set(range(8))


def test_promises_are_said_by_planned_items_and_kept_by_a_story() -> None:
    stories = {row["story"] for row in TRUTHS.values() if row["role"] == "cover"}
    planned = {i for i, row in TRUTHS.items() if row["kind"] == "planned"}
    assert {i for promise in PROMISES.values() for i in promise["said_by"]} == planned
    for key, promise in PROMISES.items():
        assert all(TRUTHS[i]["story"] == key for i in promise["said_by"])
        assert (promise["kept_by"] in stories) is (promise["state"] == "kept")
    assert {promise["state"] for promise in PROMISES.values()} == {"kept", "open", "overdue"}


def test_no_text_names_a_day_that_would_be_wrong_tomorrow() -> None:
    trend = "china-labs-open-models"  # tells of past events, whose month is known
    for _, item in ITEMS:
        if item["id"] != trend:
            assert DATED.search(words(item)) is None, item["id"]


def test_bodies_are_as_long_as_their_kind_deserves() -> None:
    for _, item in ITEMS:
        if "title" in item:
            paragraphs = [block for block in item["body"].split("\n\n") if block.strip()]
            least = 4 if TRUTHS[item["id"]]["kind"] in ANNOUNCING else 3
            assert len(paragraphs) >= least, item["id"]
            assert item["summary"]
            assert item["author"]
            assert item["tags"]

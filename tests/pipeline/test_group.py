from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.group import (
    UNDATED,
    Candidate,
    Decision,
    Subject,
    candidate_of,
    decide,
    group_items,
    index_keys,
    subject_of,
)
from pipeline.identity import Likeness, likeness, read_name, title_names
from pipeline.model import ANNOUNCING_KINDS, Artifact, ArtifactType, Item, Kind, StoryRole
from pipeline.subjects import KEYS_MAX, STORY_KEYS_MAX, extended, primary_link, read_traits
from tests.pipeline.builders import announcement, article, verdict

DAY = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def subject(
    title: str = "Northlight releases Aurora-2",
    id: int = 1,
    days: float = 0,
    kind: Kind = Kind.RELEASED,
    who: Sequence[str] = ("Northlight",),
    what: Sequence[str] = ("Aurora-2",),
    **changes: Any,
) -> Subject:
    told = (
        announcement(
            who=tuple(who), what=tuple(what), stage=kind, type=changes.pop("type", ArtifactType.MODEL)
        ),
    )
    values: dict[str, Any] = {
        "id": id,
        "title": title,
        "language": "en",
        "outlet": "Daily Model",
        "url": f"https://daily-model.example/{id}",
        "dated": DAY + timedelta(days=days),
        "links": (),
        "kind": kind,
        "tagged": kind in (Kind.RELEASED, Kind.PLANNED),
        "announcements": told if kind in ANNOUNCING_KINDS else (),
    }
    return Subject(**(values | changes))


def told(story_id: int = 1, *subjects: Subject) -> Candidate:
    return candidate_of(story_id, subjects or [subject()])


def named(one: str, other: str) -> bool:
    """Whether two articles that differ in the artifact's name alone are one story."""
    first = subject(f"Northlight releases {one}", what=(one,))
    second = subject(f"Northlight opens {other}", 2, 1, what=(other,))
    return decide(second, [told(1, first)]).action == "join"


# ------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Qwen3-Coder-480B", "Qwen 3 Coder"),
        ("Aurora-2", "Aurora 2"),
        ("AURORA-2", "Aurora-2 70B"),
        ("Northlight Aurora-2", "Aurora-2"),
        ("Kimi K2.5", "K2.5"),
        ("Aurora Suite", "Aurora"),
        ("gpt-oss-120b", "gpt-oss"),
    ],
)
def test_a_name_written_another_way_is_the_same_story(one: str, other: str) -> None:
    assert named(one, other)
    assert named(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("R1", "R1-0528"),
        ("Aurora-2", "Aurora-3"),
        ("Aurora-2", "Aurora-2 Mini"),
        ("Aurora-2-7B", "Aurora-2-70B"),
        ("Qwen3", "Qwen3-Coder"),
        ("V3", "V3.1"),
    ],
)
def test_another_version_or_member_is_another_story(one: str, other: str) -> None:
    assert not named(one, other)
    assert not named(other, one)


def test_a_version_without_a_family_is_short_for_the_family_of_the_same_maker_only() -> None:
    assert likeness(read_name("K2.5"), read_name("Kimi K2.5"), frozenset({"moonshot"})) is Likeness.SHORT
    assert likeness(read_name("K2.5"), read_name("Kimi K2.5")) is Likeness.OTHER


def test_a_family_in_chinese_letters_is_the_same_name() -> None:
    zh = subject("阿里开源通义千问3", 2, language="zh", who=("Alibaba",), what=())
    en = subject("Alibaba releases Qwen3", who=("Alibaba",), what=("Qwen3",))
    assert decide(zh, [told(1, en)]).action == "join"


@pytest.mark.parametrize(
    ("title", "about", "aside"),
    [
        (
            "Northlight launches Aurora 2, a model based on Borealis 3",
            ["northlight aurora 2"],
            ["borealis 3"],
        ),
        ("北光发布 Aurora 2，超越 Borealis 3", ["aurora 2"], ["borealis 3"]),
        ("Nothing here is a name", [], []),
        ("VibeLark: a voice for everybody", ["vibelark"], []),
        ("北光开源Avernet：多智能体", ["avernet"], []),
        ("Northlight Aurora 2 Brings Open Weights To Robotics", ["northlight aurora 2"], []),
    ],
)
def test_names_are_read_out_of_a_title(title: str, about: list[str], aside: list[str]) -> None:
    found = title_names(title)
    assert [n.key for n in found[1]] == aside
    assert [n.key.removeprefix("northlight ") for n in found[0] if n.key != "northlight"] == [
        name.removeprefix("northlight ") for name in about
    ]


def test_the_words_of_headlines_are_lists_of_lower_case_words() -> None:
    lists = tomllib.loads((files("pipeline") / "data" / "headlines.toml").read_text(encoding="utf-8"))
    assert set(lists) == {"common", "noise", "variants", "tails"}
    for name, words in lists.items():
        assert words.split(), name
        assert words == words.lower()
        assert len(words.split()) == len(set(words.split())), name


# ---------------------------------------------------------------------------- decisions


def test_the_first_word_of_an_announcement_opens_a_story() -> None:
    assert decide(subject(), []) == Decision("open", None, StoryRole.COVER, 1.0, ("first word of it",))


def test_an_announcement_told_again_joins_and_says_why() -> None:
    decision = decide(subject("Aurora-2 von Northlight ist offen", 2, 1, language="de"), [told()])
    assert (decision.action, decision.story_id, decision.role) == ("join", 1, StoryRole.COVER)
    assert decision.reasons == ("name aurora 2", "maker northlight")
    assert 0.8 < decision.score <= 1


def test_two_makers_are_never_put_together() -> None:
    link = "https://github.com/northlight/aurora"
    other = subject(id=2, who=("Solveig",), links=(link,))
    assert decide(other, [told(1, subject(links=(link,)))]).action == "open"


def test_an_unknown_maker_joins_by_a_name_with_a_version() -> None:
    assert decide(subject("Aurora-2 is open", 2, who=()), [told()]).action == "join"
    assert (
        decide(subject(id=2, who=("Solveig",)), [told(1, subject("Aurora-2 is open", who=()))]).action
        == "join"
    )


@pytest.mark.parametrize(("days", "action"), [(9, "join"), (11, "open"), (-9, "join"), (-11, "open")])
def test_coverage_comes_within_ten_days_of_the_last(days: float, action: str) -> None:
    assert decide(subject(id=2, days=days), [told()]).action == action


def test_coverage_kept_alive_for_weeks_ends_all_the_same() -> None:
    long = told(1, *(subject(id=i, days=9 * i) for i in range(6)))
    assert decide(subject(id=9, days=50), [long]).action == "open"


def test_a_promise_its_keeping_and_its_withdrawal_are_three_stories() -> None:
    kinds = (Kind.PLANNED, Kind.RELEASED, Kind.REVERSED)
    stories = [told(i, subject(id=i, kind=kind)) for i, kind in enumerate(kinds, 1)]
    for i, kind in enumerate(kinds, 1):
        again = subject(id=9, days=1, kind=kind)
        assert decide(again, stories).story_id == i
        assert decide(again, [s for s in stories if s.story_id != i]).action == "open"


@pytest.mark.parametrize("kind", [Kind.DISCUSSION, Kind.UPDATE, Kind.OTHER])
def test_what_announces_nothing_hangs_on_as_related_or_stays_alone(kind: Kind) -> None:
    talk = subject("What Aurora-2 gets wrong", 2, 12, kind)
    decision = decide(talk, [told()])
    assert (decision.action, decision.story_id, decision.role) == ("join", 1, StoryRole.RELATED)
    assert decide(subject("What Aurora-3 gets wrong", 2, 12, kind), [told()]).action == "none"
    assert decide(subject("What Aurora-2 gets wrong", 2, 31, kind), [told()]).action == "none"
    assert decide(talk, []).action == "none"


def test_a_title_may_mention_a_name_that_does_not_look_like_one() -> None:
    story = told(1, subject("Northlight opens Polar Light", what=("Polar Light",)))
    talk = subject("How to run polar light at home", 2, 1, Kind.DISCUSSION)
    assert decide(talk, [story]).role is StoryRole.RELATED
    assert index_keys(talk) & story.keys


@pytest.mark.parametrize(
    "link",
    [
        "https://github.com/northlight/aurora",
        "https://huggingface.co/northlight/aurora-2",
        "https://arxiv.org/abs/2606.01234",
        "https://www.northlight.example/news/aurora-two",
    ],
)
def test_a_shared_primary_source_joins_what_nothing_else_would(link: str) -> None:
    first = subject("Northlight opens up", what=(), links=(link,))
    second = subject(
        "Weights for everyone", 2, 1, what=(), links=(link + "?utm=1#top",), type=ArtifactType.CODE
    )
    assert decide(second, [told(1, first)]).reasons[0].startswith("link ")
    bare = subject("Weights for everyone", 2, 1, what=(), type=ArtifactType.CODE)
    assert decide(bare, [told(1, first)]).action == "open"


def test_a_shared_source_does_not_tie_two_versions_together() -> None:
    link = "https://github.com/northlight/aurora"
    other = subject("Northlight releases Aurora-3", 2, what=("Aurora-3",), links=(link,))
    assert decide(other, [told(1, subject(links=(link,)))]).action == "open"


def test_links_that_everybody_sets_are_no_primary_source() -> None:
    assert primary_link("https://github.com/huggingface/transformers") == ""
    assert primary_link("https://github.com/northlight") == ""
    assert primary_link("https://daily-model.example/aurora") == ""
    assert primary_link("http://[broken") == ""
    assert primary_link("https://arxiv.org/pdf/2606.01234v2.pdf") == "arxiv.org/2606.01234"
    assert (
        primary_link("https://huggingface.co/datasets/Northlight/Snow/tree/main")
        == "huggingface.co/northlight/snow"
    )


def test_without_a_name_the_maker_the_kind_the_day_and_the_title_must_agree() -> None:
    first = told(1, subject("Northlight opens weather forecasting weights for farmers", what=()))
    title = "Farmers get weather forecasting weights from the north"
    assert decide(subject(title, 2, 1, what=()), [first]).action == "join"
    assert decide(subject(title, 2, 3, what=()), [first]).action == "open"
    assert decide(subject(title, 2, 1, what=(), type=ArtifactType.DATASET), [first]).action == "open"
    assert decide(subject("Northlight opens speech weights", 2, 1, what=()), [first]).action == "open"


def test_without_a_name_another_language_must_tell_it_on_the_same_day() -> None:
    first = told(1, subject("Northlight will open its video model", kind=Kind.PLANNED, what=()))
    abroad: dict[str, Any] = {"kind": Kind.PLANNED, "what": (), "language": "zh"}
    assert decide(subject("北光将开源流光V2", 2, 0.5, **abroad), [first]).score == 0.4
    assert decide(subject("北光将开源流光V2", 2, 1.5, **abroad), [first]).action == "open"
    assert (
        decide(subject("北光将开源流光V2", 2, 0.5, **abroad | {"language": "en"}), [first]).action == "open"
    )
    assert (
        decide(subject("北光将开源流光V2", 2, 0.5, type=ArtifactType.DATASET, **abroad), [first]).action
        == "open"
    )
    other = told(1, subject("Northlight will open Liuguang V3", kind=Kind.PLANNED, what=("Liuguang V3",)))
    assert decide(subject("北光将开源流光V2", 2, 0.5, **abroad), [other]).action == "open"


def test_an_unnamed_thing_of_no_known_kind_is_looked_up_by_its_maker() -> None:
    vague = subject("说到做到：今日开源", 2, 0.1, what=(), type=ArtifactType.OTHER, language="zh")
    assert index_keys(vague) & told().keys
    assert decide(vague, [told()]).action == "join"


def test_releases_of_one_repository_are_told_apart_by_their_versions() -> None:
    tool = Artifact("quay", "code", "Northlight")
    one, two = (subject(f"Quay {v}", i, i, what=(), artifact=tool) for i, v in enumerate(("3.1.0", "3.2.0")))
    assert decide(two, [told(1, one)]).action == "open"
    assert decide(subject("Quay 3.1.0 is out", 3, 1, what=("Quay 3.1.0",)), [told(1, one)]).action == "join"


def test_a_reprint_joins_without_any_facts() -> None:
    title = "A small lab in the far north gives its weather forecasting away"
    first = told(1, subject(title, who=(), what=()))
    assert decide(subject(title.upper(), 2, 1, who=(), what=()), [first]).action == "join"


def roundup(id: int = 1, title: str = "Northlight, Solveig and others open up", **changes: Any) -> Subject:
    rows = (
        announcement(who=("Northlight",), what=("Aurora-2",)),
        announcement(who=("Solveig",), what=("Tern-1",)),
    )
    return subject(title, id, announcements=rows, **changes)


def test_a_round_up_is_its_own_story_and_bridges_nothing() -> None:
    aurora, tern = told(1), told(2, subject("Solveig opens Tern-1", 2, who=("Solveig",), what=("Tern-1",)))
    assert decide(roundup(3), [aurora, tern]).action == "open"
    mixed = told(3, roundup(3))
    assert mixed.roundup
    assert decide(subject(id=4, days=1), [mixed]).action == "open"
    assert decide(subject(id=4, days=1), [mixed, aurora]).story_id == 1
    assert decide(roundup(5, days=1), [mixed, aurora]).story_id == 3


def test_two_openings_of_one_maker_are_no_round_up() -> None:
    both = (announcement(what=("Aurora-2",)), announcement(what=("Aurora Tools",)))
    assert not read_traits(subject(announcements=both)).roundup


def test_a_list_of_many_names_belongs_to_none_of_them() -> None:
    many = subject("Host adds Aurora-2, Tern-1, Borealis 5 and Fjord 3", 2, 1, Kind.OTHER)
    assert decide(many, [told()]).action == "none"


def test_a_chain_of_likenesses_does_not_drift() -> None:
    vague = subject("Northlight opens Aurora", 1, what=("Aurora",))
    seven = subject("Northlight opens Aurora 7B", 2, 1, what=("Aurora 7B",))
    seventy = subject("Northlight opens Aurora 70B", 3, 2, what=("Aurora 70B",))
    decided = [d.story_id for _, d in group_items([vague, seven, seventy])]
    assert decided == [1, 1, 2]


def test_a_hub_entry_joins_by_the_name_it_states() -> None:
    card = Artifact("aurora-2", "model", "Northlight", "apache-2.0")
    entry = subject("northlight/aurora-2", 2, what=(), who=(), artifact=card)
    assert decide(entry, [told()]).action == "join"
    other = Artifact("aurora-2", "model", "Solveig", "apache-2.0")
    assert decide(subject("solveig/aurora-2", 2, what=(), who=(), artifact=other), [told()]).action == "open"


STORIES = [
    told(1),
    told(2, subject(id=2, days=3)),
    told(3, subject("Northlight releases Aurora-3", what=("Aurora-3",))),
    told(4, subject(kind=Kind.PLANNED)),
    told(5, subject("Solveig opens Tern-1", who=("Solveig",), what=("Tern-1",))),
]


@given(
    st.permutations(STORIES),
    st.sampled_from(list(Kind)),
    st.floats(-20, 40),
    st.sampled_from(["Aurora-2", "Aurora-3", "Tern-1", ""]),
    st.sampled_from(["Northlight", "Solveig", ""]),
)
def test_the_order_of_candidates_makes_no_difference(
    order: list[Candidate], kind: Kind, days: float, what: str, who: str
) -> None:
    one = subject(f"{who} and {what}", 9, days, kind, [who] if who else [], [what] if what else [])
    decision = decide(one, order)
    assert decision == decide(one, STORIES)
    joined = {s.story_id: s for s in STORIES}.get(decision.story_id or 0)
    if joined is not None and read_traits(one).who:
        assert read_traits(one).who & joined.who


def test_of_two_stories_that_fit_alike_the_nearer_in_time_is_joined() -> None:
    assert decide(subject(id=9, days=5), STORIES).story_id == 2
    assert decide(subject(id=9, days=-1), STORIES).story_id == 1


# ----------------------------------------------------------------------- keys and sizes


HOSTILE = st.sampled_from(
    ["Aurora-", "北光", "Q", " ", "9.9", "-", "「", "\u202e", "ﷺ", "https://", "\ud800", "é"]
)


@settings(max_examples=50)
@given(st.lists(HOSTILE, max_size=12).map("".join), st.text(max_size=30), st.integers(1, 60_000))
def test_keys_are_few_and_short_whatever_the_title(piece: str, name: str, times: int) -> None:
    one = subject(piece * times, what=(name, piece * 9), links=(name, f"https://github.com/{piece}/{name}"))
    keys = index_keys(one)
    assert len(keys) <= KEYS_MAX
    assert all(len(key) <= 80 for key in keys)
    assert len(candidate_of(1, [one]).titles[0]) <= 1000


def test_a_title_of_a_megabyte_is_read_at_once() -> None:
    long = subject("Aurora-2 " * 120_000, links=tuple(f"https://github.com/a/{i}" for i in range(5_000)))
    assert len(index_keys(long)) <= KEYS_MAX
    assert decide(long, [told()]).action == "join"


def test_a_story_of_many_articles_stays_small() -> None:
    many = [
        subject(f"Word{i} thing{i} other{i} {i}", i, what=(f"Name{i}-{i}",), who=(f"Maker{i}",))
        for i in range(200)
    ]
    story = candidate_of(1, many)
    assert len(story.keys) <= STORY_KEYS_MAX
    assert max(len(story.what), len(story.who), len(story.titles)) <= 12
    assert story.size == 200


def test_a_story_is_found_by_what_its_articles_share() -> None:
    for again in (
        subject("Aurora 2 ist offen", 2, who=()),
        subject("Northlight opens something", 2, what=()),
        subject("Northlight releases Aurora-2 today", 2, who=(), what=()),
    ):
        assert index_keys(again) & told().keys


def test_a_candidate_is_the_same_in_any_order_of_its_articles() -> None:
    three = [subject(id=i, days=i, title=f"Aurora-2, part {i}") for i in range(3)]
    assert len({candidate_of(1, order) for order in permutations(three)}) == 1
    first = candidate_of(1, three[:1])
    assert extended(extended(first, three[1]), three[2]) == candidate_of(1, three)
    with pytest.raises(ValueError, match="story 1"):
        candidate_of(1, [])


# ------------------------------------------------------------------------ many in a row


def test_items_are_grouped_in_memory_as_an_archive_would() -> None:
    items = [
        subject(id=1),
        subject("北光开源 Aurora-2", 2, 0.5, language="zh"),
        subject("Solveig opens Tern-1", 3, 0.6, who=("Solveig",), what=("Tern-1",)),
        subject("Is Aurora-2 any good?", 4, 2, Kind.DISCUSSION),
        subject("Nothing of note", 5, 2, Kind.OTHER),
        subject("Northlight will open Aurora-3", 6, 3, Kind.PLANNED, what=("Aurora-3",)),
    ]
    decided = [(d.story_id, d.action, d.role.value) for _, d in group_items(items)]
    assert decided == [
        (1, "open", "cover"),
        (1, "join", "cover"),
        (2, "open", "cover"),
        (1, "join", "rel"),
        (None, "none", "rel"),
        (3, "open", "cover"),
    ]


def test_launches_that_open_nothing_are_grouped_only_when_asked_for() -> None:
    items = [subject(f"Borealis 5 is here, part {i}", i, i, Kind.OTHER) for i in range(2)]
    assert [d.story_id for _, d in group_items(items)] == [1, 1]
    assert [d.action for _, d in group_items(items, launches=False)] == ["none", "none"]


def test_items_without_a_date_come_last_and_fit_any_time() -> None:
    items = [subject(id=1, dated=UNDATED), subject(id=2), subject(id=3, days=40)]
    assert [(s.id, d.story_id) for s, d in group_items(items)] == [(2, 1), (3, 2), (1, 1)]


def test_a_subject_is_made_of_an_item_or_of_an_article() -> None:
    item = Item("Aurora-2 is open", id="x", url="https://a.example/1", language="en")
    made = subject_of(item, verdict())
    assert (made.id, made.dated, made.announcing, made.tagged) == ("x", UNDATED, True, True)
    assert subject_of(item, verdict(), identity=4).id == 4
    stored = article(8, links=("https://github.com/northlight/aurora",))
    assert subject_of(stored, verdict(Kind.OTHER)).links == stored.links
    assert subject_of(stored, verdict(Kind.REVERSED)).announcing
    assert not subject_of(stored, verdict(Kind.REVERSED)).tagged

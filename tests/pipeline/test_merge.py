from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.merge import Member, merge_story
from pipeline.model import (
    Artifact,
    ArtifactType,
    Evidence,
    Kind,
    Openness,
    Story,
    StoryRole,
    UnsealedError,
)
from tests.pipeline.builders import NOW, announcement, article, verdict

COVER, REL = StoryRole.COVER, StoryRole.RELATED


def member(
    id: int, *, role: StoryRole = COVER, kind: Kind = Kind.RELEASED, told: Any = None, **piece: Any
) -> Member:
    piece.setdefault("published", NOW - timedelta(hours=24 - id))
    facts = announcement(stage=kind) if told is None else told
    return Member(article(id, **piece), verdict(kind, *([facts] if facts else [])), role)


def proof(quote: str) -> Evidence:
    return Evidence("text", 0, len(quote), quote)


def merged(*members: Member, **kwargs: Any) -> Story:
    return merge_story(7, members, **kwargs)


MANY = [
    member(1, language="zh", title="北光开源 Aurora-2", text="正文" * 50),
    member(2, text="word " * 900, category="press"),
    member(3, told=announcement(licence="MIT", openness=Openness.OPEN_WEIGHTS, what=("Aurora 2",))),
    member(4, told=announcement(licence=None, openness=Openness.UNCLEAR, claimed=Openness.OPEN_SOURCE)),
    member(5, category="release_hub", artifact=Artifact("Aurora-2", "model", "Northlight", "apache-2.0", False, 9, True)),
    member(6, category="lab_blog", organisation="Northlight", told=announcement(licence="Custom", who=("Northlight", "Solveig"))),
    member(7, role=REL, kind=Kind.DISCUSSION, told=False, title="Is it any good?"),
    member(8, published=NOW - timedelta(hours=23), outlet="Twin", language=""),
    member(9, kind=Kind.PLANNED, language="de"),
]  # fmt: skip


@given(st.permutations(MANY))
def test_the_order_of_articles_makes_no_difference(order: list[Member]) -> None:
    assert merge_story(7, order) == merge_story(7, MANY)


def test_no_articles_are_no_story() -> None:
    with pytest.raises(UnsealedError, match="story 7"):
        merge_story(7, [])


def test_coverage_is_by_time_and_the_first_is_the_first_to_cover() -> None:
    early_talk = member(9, role=REL, kind=Kind.DISCUSSION, told=False, published=NOW - timedelta(days=2))
    story = merged(member(3), early_talk, member(1, outlet="Early"), member(2))
    assert [c.article_id for c in story.coverage] == [9, 1, 2, 3]
    assert (story.first.article_id, story.outlets) == (1, ("Early", "Daily Model"))


def test_the_best_article_has_a_text_and_is_no_hub_entry() -> None:
    hub = member(1, artifact=Artifact("Aurora-2", "model", "Northlight"), text="card " * 99)
    assert merged(hub, member(2), member(3, text="words")).best.article_id == 3
    assert merged(hub, member(2, text="short text")).best.article_id == 2


def test_the_longer_of_two_texts_is_better() -> None:
    assert merged(member(1, text="short"), member(2, text="long " * 50)).best.article_id == 2


def test_the_title_says_who_and_what_where_one_does() -> None:
    own = member(1, title="Introducing Aurora-2", category="lab_blog", text="long " * 50)
    press = member(2, title="Northlight opens Aurora-2", text="short")
    story = merged(own, press)
    assert (story.title, story.best.article_id) == (press.article.title, 1)


def test_the_proof_says_more_than_the_title_where_it_can() -> None:
    title = "Northlight releases Aurora-2 under Apache 2.0"
    said = announcement(evidence=proof(title))
    more = announcement(evidence=proof("The weights are under the Apache License 2.0."))
    story = merged(member(1, title=title, told=said, text="x" * 99), member(2, told=more))
    assert story.evidence == more.evidence.quote
    assert merged(member(1, title=title, told=said)).evidence == title


def test_readers_get_the_address_without_what_counts_them() -> None:
    story = merged(member(1, url="https://a.example/1?utm_source=rss", canonical_url="https://a.example/1"))
    assert story.best.url == "https://a.example/1"


def test_the_title_is_in_the_preferred_language_where_there_is_one() -> None:
    zh, en = member(1, language="zh", title="开源", text="长文"), member(2, title="Aurora-2 is open")
    assert merged(zh, en).title == "Aurora-2 is open"
    assert merged(zh, en).best.article_id == 1
    assert merged(zh, en, language="zh").title == "开源"
    assert merged(zh, en, language="fr").title == "开源"


def test_licences_are_voted_on_and_a_conflict_is_kept() -> None:
    mit = announcement(licence="MIT")
    story = merged(member(1, told=mit), member(2), member(3), member(4, told=announcement(licence=None)))
    assert (story.licence, story.licences) == ("Apache-2.0", (("Apache-2.0", 2), ("MIT", 1)))


def test_between_equal_votes_the_makers_own_word_decides() -> None:
    maker = member(2, told=announcement(licence="MIT"), category="lab_blog")
    assert merged(member(1), maker).licence == "MIT"


def test_related_articles_do_not_vote() -> None:
    talk = [member(i, role=REL, told=announcement(licence="MIT", who=("Solveig",))) for i in (2, 3)]
    story = merged(member(1), *talk)
    assert (story.licence, story.who) == ("Apache-2.0", ("Northlight",))
    assert len(story.coverage) == 3


def test_a_vague_report_does_not_outvote_a_clear_one() -> None:
    vague = announcement(openness=Openness.UNCLEAR, licence=None)
    assert merged(member(1), *(member(i, told=vague) for i in (2, 3, 4))).openness is Openness.OPEN_SOURCE


@pytest.mark.parametrize(
    ("licence", "kind", "openness"),
    [
        ("CC-BY-NC-4.0", ArtifactType.MODEL, Openness.RESTRICTED),
        ("Custom", ArtifactType.MODEL, Openness.OPEN_WEIGHTS),
        ("Custom", ArtifactType.CODE, Openness.RESTRICTED),
    ],
)
def test_called_open_source_under_a_tighter_licence_is_a_claim(
    licence: str, kind: ArtifactType, openness: Openness
) -> None:
    story = merged(member(1, told=announcement(licence=licence, type=kind)))
    assert (story.openness, story.claimed) == (openness, Openness.OPEN_SOURCE)


def test_open_source_under_an_open_licence_claims_nothing_more() -> None:
    assert merged(member(1), member(2)).claimed is None


def test_a_claim_that_anybody_noticed_is_kept() -> None:
    noticed = announcement(openness=Openness.RESTRICTED, licence=None, claimed=Openness.OPEN_SOURCE)
    story = merged(
        member(1, told=noticed), member(2, told=announcement(openness=Openness.RESTRICTED, licence=None))
    )
    assert (story.openness, story.claimed) == (Openness.RESTRICTED, Openness.OPEN_SOURCE)


def test_names_are_united_most_common_first_and_four_at_most() -> None:
    long = announcement(what=("A-1", "B-1", "C-1", "D-1", "E-1"), who=("Solveig",))
    story = merged(
        member(1, told=long), member(2), member(3, told=announcement(what=("Aurora 2", "A-1"))), member(4)
    )
    assert story.what == ("Aurora-2", "A-1", "B-1", "C-1")
    assert story.who == ("Northlight", "Solveig")


def test_the_evidence_names_the_licence_where_an_article_does() -> None:
    vague = announcement(licence=None, evidence=proof("It is open."))
    clear = announcement(evidence=proof("It is under Apache 2.0."))
    story = merged(member(1, told=vague, text="a long text " * 50), member(2, told=clear))
    assert (story.evidence, story.evidence_from.article_id) == ("It is under Apache 2.0.", 2)
    assert story.best.article_id == 1


def test_a_hub_entry_verifies_what_it_shows() -> None:
    card = Artifact("Aurora-2", "model", "Northlight", "apache-2.0", gated=True, files_present=True)
    bare = Artifact("Aurora-2", "model", "Northlight")
    story = merged(member(1), member(2, artifact=card, outlet="Hub"), member(3, artifact=bare))
    found = story.verification
    assert found is not None
    assert (found.licence, found.gated, found.files_present, found.outlet) == (
        "apache-2.0",
        True,
        True,
        "Hub",
    )
    assert merged(member(1)).verification is None


def test_a_story_nobody_announced_still_has_its_words() -> None:
    story = merged(member(1, kind=Kind.OTHER, told=False, title="Composer 2.5 is out"))
    assert (story.stage, story.openness, story.licence) == (Kind.OTHER, Openness.UNCLEAR, None)
    assert (story.evidence, story.announcements, story.type) == (
        "Composer 2.5 is out",
        (),
        ArtifactType.OTHER,
    )


def test_the_stage_is_what_most_report() -> None:
    assert merged(member(1, kind=Kind.PLANNED), member(2), member(3)).stage is Kind.RELEASED
    assert merged(member(1, kind=Kind.PLANNED), member(2)).stage is Kind.PLANNED

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from pipeline.merge import Member, merge_story
from pipeline.model import ArtifactType, Evidence, Kind, Promise, PromiseState, Story, StoryRole
from pipeline.promises import answers, delay, match_release, open_promise, refreshed, settle
from tests.pipeline.builders import announcement, article, verdict

SAID = datetime(2026, 5, 13, 9, 0, tzinfo=UTC)


def story(
    id: int, stage: Kind, at: datetime = SAID, quote: str = "", language: str = "en", **told: Any
) -> Story:
    quote = quote or "Northlight will open Aurora-2 by June 30"
    opening = announcement(stage=stage, evidence=Evidence("title", 0, len(quote), quote), **told)
    piece = article(id, title=quote, published=at, first_seen=at + timedelta(minutes=5), language=language)
    return merge_story(id, [Member(piece, verdict(stage, opening), StoryRole.COVER)])


def promise(quote: str = "", now: datetime = SAID, **told: Any) -> Promise:
    return open_promise(1, story(10, Kind.PLANNED, SAID, quote, **told), now)


def release(at: datetime, id: int = 20, stage: Kind = Kind.RELEASED, **told: Any) -> Story:
    return story(id, stage, at, **told)


def test_a_promise_is_opened_with_its_day_and_proof() -> None:
    made = promise()
    assert (made.story_id, made.state, made.due) == (10, PromiseState.OPEN, date(2026, 6, 30))
    assert (made.who, made.what, made.said_at) == (("Northlight",), ("Aurora-2",), SAID)
    assert made.quote == "Northlight will open Aurora-2 by June 30"


def test_the_day_the_classifier_read_goes_before_the_words() -> None:
    assert promise(due=date(2026, 8, 1)).due == date(2026, 8, 1)


def test_only_a_plan_is_a_promise() -> None:
    with pytest.raises(ValueError, match="no promise"):
        open_promise(1, release(SAID), SAID)


def test_a_release_of_the_same_thing_keeps_it() -> None:
    made, done = promise(), release(datetime(2026, 6, 20, tzinfo=UTC), what=("Aurora 2",))
    kept = settle(made, done, datetime(2026, 6, 21, tzinfo=UTC))
    assert (kept.state, kept.kept_by) == (PromiseState.KEPT, 20)
    assert kept.changed_at == done.first_seen
    assert delay(kept, done) == timedelta(0)


def test_time_alone_makes_it_overdue_the_day_after() -> None:
    made = promise()
    assert settle(made, None, datetime(2026, 6, 30, 23, 59, tzinfo=UTC)) is made
    late = settle(made, None, datetime(2026, 7, 1, tzinfo=UTC))
    assert (late.state, late.changed_at) == (PromiseState.OVERDUE, datetime(2026, 7, 1, tzinfo=UTC))


def test_kept_after_its_day_is_kept_with_a_delay() -> None:
    done = release(datetime(2026, 7, 10, tzinfo=UTC))
    late = settle(promise(), None, datetime(2026, 7, 5, tzinfo=UTC))
    kept = settle(late, done, datetime(2026, 7, 11, tzinfo=UTC))
    assert kept.state is PromiseState.KEPT
    assert delay(kept, done) == timedelta(days=10)


def test_a_reversal_withdraws_it() -> None:
    gone = release(datetime(2026, 6, 1, tzinfo=UTC), stage=Kind.REVERSED)
    withdrawn = settle(promise(), gone, datetime(2026, 6, 2, tzinfo=UTC))
    assert (withdrawn.state, withdrawn.kept_by) == (PromiseState.WITHDRAWN, None)


def test_what_is_settled_stays_so() -> None:
    kept = settle(promise(), release(datetime(2026, 6, 1, tzinfo=UTC)), datetime(2026, 6, 2, tzinfo=UTC))
    gone = release(datetime(2026, 7, 1, tzinfo=UTC), 21, stage=Kind.REVERSED)
    assert settle(kept, gone, datetime(2027, 1, 1, tzinfo=UTC)) is kept
    assert match_release([kept], gone) is None


@pytest.mark.parametrize(
    ("told", "answered"),
    [
        ({"what": ("Aurora-2",)}, True),
        ({"what": ("aurora 2 70B",)}, True),
        ({"what": ("Northlight Aurora 2",)}, True),
        ({"what": ("Aurora-3",)}, False),
        ({"what": ("Aurora-2-0528",)}, False),
        ({"what": ()}, False),
        ({"who": ("Solveig",)}, False),
        ({"who": ()}, True),
    ],
)
def test_a_release_must_be_of_the_maker_and_of_the_thing(told: dict[str, Any], answered: bool) -> None:
    assert answers(promise(), release(datetime(2026, 6, 1, tzinfo=UTC), **told)) is answered


def test_a_named_release_told_hours_before_its_promise_was_still_keeps_it() -> None:
    assert answers(promise(), release(SAID - timedelta(hours=6)))


def test_a_release_from_before_the_promise_is_not_its_keeping() -> None:
    assert not answers(promise(), release(SAID - timedelta(days=2)))


def test_a_promise_of_an_unversioned_family_is_kept_by_its_first_member() -> None:
    made = promise("Northlight will open Aurora", what=("Aurora",))
    assert answers(made, release(SAID + timedelta(days=9), what=("Aurora Mini",)))


@pytest.mark.parametrize(
    ("quote", "kind", "after", "answered"),
    [
        ("Northlight will open its next model", ArtifactType.MODEL, 100, True),
        ("Northlight will open its next model", ArtifactType.MODEL, 190, False),
        ("Northlight will open its next model", ArtifactType.DATASET, 10, False),
        ("Northlight 将开源其模型", ArtifactType.MODEL, 10, True),
        ("Northlight will open its database engine", ArtifactType.DATASET, 10, False),
        ("Northlight will be more open", ArtifactType.MODEL, 10, False),
        ("Northlight will open its next model", ArtifactType.MODEL, -0.3, False),
    ],
)
def test_an_unnamed_promise_needs_the_same_kind_of_thing_soon(
    quote: str, kind: ArtifactType, after: float, answered: bool
) -> None:
    made = promise(quote, what=())
    assert answers(made, release(SAID + timedelta(days=after), type=kind)) is answered


def test_the_named_promise_goes_before_the_unnamed_one_in_any_order() -> None:
    named = promise()
    vague = open_promise(2, story(11, Kind.PLANNED, SAID, "Northlight will open a model", what=()), SAID)
    other = open_promise(3, story(12, Kind.PLANNED, SAID, what=("Aurora-3",)), SAID)
    done = release(SAID + timedelta(days=9))
    assert {match_release(order, done) for order in permutations([named, vague, other])} == {1}
    assert match_release([other], done) is None


def test_later_coverage_gives_a_promise_the_names_and_the_day_it_lacked() -> None:
    made = promise("Northlight will open a model", what=())
    assert made.due is None
    more = refreshed(made, story(10, Kind.PLANNED))
    assert (more.what, more.due, more.id) == (("Aurora-2",), date(2026, 6, 30), 1)

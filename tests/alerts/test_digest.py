"""What goes into an edition, in which order, and what is said of the rest."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.chart import chart, filled
from alerts.digest import EditionSettings, Material, importance, is_quiet, select
from alerts.edition import subject_line
from alerts.words import load_words
from pipeline.model import Brief, Digest, Kind, Openness, PromiseState, SourceNote, Story, TrendWeek
from tests.alerts.samples import (
    DAY,
    SINCE,
    UNTIL,
    announcement,
    promises,
    reversal,
    stories,
    story,
    trend,
    verified,
)

SETTINGS = EditionSettings("main", timezone="Europe/Berlin")


def chosen(*told: Story, sent: frozenset[int] = frozenset(), settings: EditionSettings = SETTINGS) -> Digest:
    return select(Material(stories=told, sent=sent), settings, day=DAY, since=SINCE, until=UNTIL)


def ids(digest: Digest) -> list[int]:
    return [s.id for s in digest.stories]


def test_stories_of_the_period_are_taken_and_those_of_the_next_are_left_alone() -> None:
    digest = chosen(story(1), story(2, first_seen=UNTIL), story(3, first_seen=UNTIL - timedelta(seconds=1)))
    assert sorted(ids(digest)) == [1, 3]
    assert digest.left_out == {}


def test_a_story_is_never_in_two_editions_and_that_is_said() -> None:
    digest = chosen(story(1), story(2), sent=frozenset({1}))
    assert ids(digest) == [2]
    assert digest.left_out == {"already told in an earlier edition": 1}


def test_a_late_arrival_goes_into_the_next_edition() -> None:
    late = story(1, minutes=-600, first_seen=SINCE - timedelta(hours=2))
    assert ids(chosen(late)) == [1]
    assert ids(chosen(late, sent=frozenset({1}))) == []


def test_old_entries_of_a_new_source_are_no_news() -> None:
    old = story(1, minutes=-60 * 24 * 30, first_seen=SINCE + timedelta(hours=1))
    digest = chosen(old)
    assert ids(digest) == []
    assert digest.left_out == {"older news that reached us only now": 1}


def test_an_unsent_story_of_a_month_ago_belongs_to_no_edition_of_today() -> None:
    assert chosen(story(1, minutes=-60 * 24 * 30)).left_out == {}


def test_editions_one_after_the_other_hold_every_story_exactly_once() -> None:
    rng = random.Random(7)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    told = [story(n, first_seen=start + timedelta(hours=rng.uniform(0, 24 * 10))) for n in range(1, 120)]
    told = [replace(s, first=replace(s.first, published=s.first_seen)) for s in told]
    sent: set[int] = set()
    for number in range(11):
        since = start + timedelta(days=number)
        # A story may reach the archive up to two days after it was first seen.
        known = tuple(
            s for s in told if s.first_seen + timedelta(hours=s.id % 48) < since + timedelta(days=1)
        )
        digest = select(
            Material(stories=known, sent=frozenset(sent)),
            SETTINGS,
            day=since.date(),
            since=since,
            until=since + timedelta(days=1),
        )
        assert not sent & set(ids(digest))
        sent |= set(ids(digest))
    assert sent == {
        s.id for s in told if s.first_seen + timedelta(hours=s.id % 48) < start + timedelta(days=11)
    }


def test_what_many_outlets_tell_leads_and_a_free_licence_decides_between_equals() -> None:
    lone = story(1, outlets=(0,))
    wide = story(2, openness=Openness.OPEN_WEIGHTS, outlets=(0, 1, 2, 3))
    weights = story(3, openness=Openness.OPEN_WEIGHTS, outlets=(0,))
    assert ids(chosen(lone, weights, wide)) == [2, 1, 3]


def test_certain_and_open_comes_before_promised_restricted_and_unclear() -> None:
    promised = story(1, stage=Kind.PLANNED, outlets=(0, 1, 2, 3))
    unclear = story(2, openness=Openness.UNCLEAR, outlets=(0, 1, 2, 3, 4))
    restricted = story(3, openness=Openness.RESTRICTED, outlets=(0, 1, 2))
    released = story(4, outlets=(0,))
    assert ids(chosen(unclear, promised, restricted, released)) == [4, 1, 3, 2]


def test_a_verified_story_comes_before_one_that_is_only_claimed_and_the_later_before_the_earlier() -> None:
    claimed, later, checked = (
        story(1),
        story(2, minutes=500),
        story(3, verification=verified("Lumen-3", "Apache-2.0")),
    )
    assert ids(chosen(claimed, later, checked)) == [3, 2, 1]


def test_roundups_come_after_single_stories() -> None:
    roundup = story(1, outlets=(0, 1, 2, 3), rows=(announcement("A"), announcement("B")))
    assert ids(chosen(roundup, story(2, openness=Openness.UNCLEAR))) == [2, 1]


def test_free_access_is_no_opening() -> None:
    digest = chosen(story(1, openness=Openness.FREE_ACCESS), story(2))
    assert ids(digest) == [2]
    assert digest.left_out == {"only free to use, nothing opened": 1}


def test_a_subscription_may_ask_for_a_minimum_of_openness() -> None:
    strict = replace(SETTINGS, minimum_openness=Openness.OPEN_WEIGHTS)
    digest = chosen(
        story(1), story(2, openness=Openness.UNCLEAR), story(3, openness=Openness.RESTRICTED), settings=strict
    )
    assert ids(digest) == [1]
    assert digest.left_out == {"less open than this subscription asks for": 2}


def test_reversals_stand_apart_whatever_their_openness() -> None:
    digest = chosen(story(1), reversal(), settings=replace(SETTINGS, minimum_openness=Openness.OPEN_SOURCE))
    assert ids(digest) == [1]
    assert [s.id for s in digest.reversals] == [30]


def test_the_cap_keeps_the_most_important_and_counts_the_rest() -> None:
    digest = chosen(*(story(n, outlets=tuple(range(1 + n % 5))) for n in range(1, 41)))
    assert len(digest.stories) == 25
    assert digest.left_out == {"more openings than one edition holds": 15}
    assert min(len(s.outlets) for s in digest.stories) >= 2


def test_promises_that_moved_in_the_period_are_told_kept_ones_first() -> None:
    still = replace(promises()[1], id=9, changed_at=SINCE - timedelta(days=3))
    material = Material(promises=(*reversed(promises()), still))
    digest = select(material, SETTINGS, day=DAY, since=SINCE, until=UNTIL)
    assert [p.state for p in digest.promises] == [
        PromiseState.KEPT,
        PromiseState.OVERDUE,
        PromiseState.WITHDRAWN,
        PromiseState.OPEN,
    ]


def test_a_new_promise_is_not_told_twice() -> None:
    told = story(904, stage=Kind.PLANNED)
    material = Material(stories=(told,), promises=promises())
    digest = select(material, SETTINGS, day=DAY, since=SINCE, until=UNTIL)
    assert PromiseState.OPEN not in {p.state for p in digest.promises}


def brief(
    n: int, outlet: str = "Post", kind: Kind = Kind.DISCUSSION, title: str = "", hours: int = 1
) -> Brief:
    return Brief(
        title or f"Line {n}", f"https://post.example/{n}", outlet, "en", kind, UNTIL - timedelta(hours=hours)
    )


def test_briefs_are_few_an_outlet_and_never_repeat_a_story() -> None:
    told = story(1)
    material = Material(
        stories=(told,),
        briefs=(
            *(brief(n) for n in range(6)),
            brief(7, "Other", title="LINE 1"),
            replace(brief(8), url=told.best.url),
        ),
    )
    digest = select(material, SETTINGS, day=DAY, since=SINCE, until=UNTIL)
    assert [b.title for b in digest.briefs] == ["Line 0", "Line 1", "Line 2"]
    assert digest.left_out == {
        "further brief items of an outlet already quoted": 3,
        "brief items that a story here already covers": 1,
    }


def test_briefs_put_updates_before_other_news() -> None:
    material = Material(briefs=(brief(1, kind=Kind.OTHER), brief(2, kind=Kind.UPDATE, hours=9)))
    digest = select(material, replace(SETTINGS, max_briefs=1), day=DAY, since=SINCE, until=UNTIL)
    assert [b.title for b in digest.briefs] == ["Line 2"]
    assert digest.left_out == {"more brief items than one edition holds": 1}


def test_the_rest_of_the_material_passes_through() -> None:
    note = SourceNote("a", "A", "is down.", SINCE)
    material = Material(trend=trend(), sources_ok=3, sources_failed=(note,), articles_read=77)
    digest = select(material, SETTINGS, day=DAY, since=SINCE, until=UNTIL)
    assert (digest.sources_ok, digest.sources_failed, digest.articles_read) == (3, (note,), 77)
    assert digest.trend == trend()
    assert digest.slot == "daily:2026-11-23"


@settings(max_examples=40, deadline=None)
@given(st.permutations(stories()))
def test_the_order_does_not_depend_on_how_the_archive_hands_stories_over(told: list[Story]) -> None:
    assert chosen(*told).stories == tuple(sorted(stories(), key=importance))


def test_weeks_without_openings_are_drawn_as_empty() -> None:
    weeks = filled([TrendWeek(date(2026, 11, 2), {Openness.OPEN_DATA: 1}), TrendWeek(date(2026, 11, 23), {})])
    assert [w.monday.day for w in weeks] == [2, 9, 16, 23]
    assert filled([]) == ()


def test_a_chart_is_as_high_as_its_largest_week_and_every_grade_that_occurs_is_seen() -> None:
    drawn = chart(trend(), load_words(), size=48, each=1)
    assert drawn is not None
    for column in drawn.columns:
        assert len(column.row) == column.total == sum(s.count for s in column.segments)
    counts = {Openness.OPEN_SOURCE: 500, Openness.OPEN_DATA: 1, Openness.RESTRICTED: 1, Openness.UNCLEAR: 1}
    crowded = chart([TrendWeek(DAY, counts)], load_words(), size=48, each=1)
    assert crowded is not None
    assert [s.size for s in crowded.columns[0].segments] == [45, 1, 1, 1]
    assert chart([TrendWeek(DAY, {Openness.FREE_ACCESS: 9})], load_words()) is None


# ------------------------------------------------------------------------------ breaking, quiet, caps

ALERT = replace(SETTINGS, edition="breaking", min_outlets=2, late=timedelta(hours=24))


def test_an_alert_holds_what_is_really_open_or_closed_again_and_nothing_else() -> None:
    told = (
        story(1, outlets=(0, 1)),
        story(2, outlets=(0, 1), openness=Openness.RESTRICTED),
        story(3, outlets=(0, 1), stage=Kind.PLANNED),
        story(4, outlets=(0, 1), rows=(announcement("A"), announcement("B"))),
        replace(reversal(), id=5, coverage=story(5, outlets=(0, 1)).coverage),
    )
    material = Material(told, promises=promises(), trend=trend(), sources_ok=3)
    digest = select(material, ALERT, day=DAY, since=SINCE, until=UNTIL)
    assert ids(digest) == [1] and [s.id for s in digest.reversals] == [5]
    assert not (digest.promises or digest.briefs or digest.trend or digest.left_out)


def test_a_story_is_breaking_once_enough_outlets_tell_it_and_only_once() -> None:
    assert ids(chosen(story(1, outlets=(0,)), settings=ALERT)) == []
    assert ids(chosen(story(1, outlets=(0, 1)), settings=ALERT)) == [1]
    assert ids(chosen(story(1, outlets=(0, 1, 2)), sent=frozenset({1}), settings=ALERT)) == []


def test_two_alerts_of_one_day_have_slots_of_their_own_and_a_daily_edition_has_one() -> None:
    alerts = {
        select(Material(), ALERT, day=DAY, since=SINCE, until=UNTIL + timedelta(seconds=n)).slot
        for n in (0, 1)
    }
    assert len(alerts) == 2 and chosen().slot == f"daily:{DAY}"


def test_an_alerts_subject_is_what_it_tells() -> None:
    subject = subject_line(chosen(story(1, outlets=(0, 1)), settings=ALERT), load_words())
    assert subject.startswith("Breaking: Northlight") and "2026" not in subject


def test_a_quiet_day_can_be_one_line_and_a_day_with_news_is_never_cut() -> None:
    line = replace(SETTINGS, quiet="line")
    material = Material(trend=trend(), sources_ok=3, sources_failed=(SourceNote("s", "S", "down.", SINCE),))
    whole = select(material, SETTINGS, day=DAY, since=SINCE, until=UNTIL)
    short = select(material, line, day=DAY, since=SINCE, until=UNTIL)
    assert whole.trend and whole.sources_failed and is_quiet(short)
    assert not (short.trend or short.briefs or short.sources_failed or short.left_out)
    busy = select(replace(material, stories=(story(1),)), line, day=DAY, since=SINCE, until=UNTIL)
    assert busy.trend and not is_quiet(busy)


def test_an_outlet_that_alone_tells_many_stories_does_not_crowd_out_the_others() -> None:
    settings = replace(SETTINGS, max_stories_per_outlet=2)
    many = [story(n, outlets=(0,)) for n in range(1, 6)]
    digest = chosen(*many, story(6, outlets=(1,)), story(7, outlets=(0, 1)), settings=settings)
    assert len(ids(digest)) == 4 and {6, 7} <= set(ids(digest))
    assert digest.left_out == {"further openings told by one outlet alone": 3}

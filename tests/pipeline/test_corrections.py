"""A person's word over the model's: what it changes, that it lasts, that stories follow, both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.archive import Archive
from pipeline.archive.reclassifying import Job
from pipeline.archive.rows import item_of
from pipeline.corrections import HUMAN, Correction, corrected, labelled_row, rules
from pipeline.merge import Member, merge_story
from pipeline.model import ArchiveError, ConfigError, Kind, Openness, PageFetch, StoryRole, Verdict
from pipeline.reclassify import Tally, change_of
from tests.pipeline.builders import NOW, announcement, article, entry, hours_ago, poll, verdict

# ------------------------------------------------------------------- applied


def test_what_is_not_corrected_stays_the_models() -> None:
    before = verdict()
    after = corrected(before, Correction(licence="MIT"), "T")
    assert after == replace(
        before,
        announcements=(replace(before.announcements[0], licence="MIT"),),
        probability=1.0,
        model=HUMAN,
        reasons=("corrected:licence",),
    )
    assert (rules(after, "licence"), rules(after, "kind"), rules(before, "licence")) == (True, False, False)


def test_an_opening_denied_loses_its_announcements_and_an_untagged_one_gains_one() -> None:
    denied = corrected(verdict(), Correction(kind=Kind.OTHER), "T")
    assert (denied.tagged, denied.announcements, denied.probability) == (False, (), 0.0)
    found = corrected(
        verdict(Kind.OTHER), Correction(kind=Kind.RELEASED, who=("Northlight",), licence=""), "Aurora is here"
    )
    (lead,) = found.announcements
    assert (lead.who, lead.licence, lead.openness, lead.stage) == (
        ("Northlight",), None, Openness.UNCLEAR, Kind.RELEASED,
    )  # fmt: skip
    assert (lead.evidence.quote, found.probability) == ("Aurora is here", 1.0)


def test_facts_of_what_announces_nothing_are_refused() -> None:
    with pytest.raises(ConfigError, match="Correct its kind too"):
        corrected(verdict(Kind.OTHER), Correction(licence="MIT"), "T")


def test_a_later_correction_is_laid_over_the_earlier() -> None:
    whole = Correction(licence="MIT", note="b").over(Correction(licence="GPL-3.0", who=("X",), note="a"))
    assert whole == Correction(licence="MIT", who=("X",), note="b")
    assert Correction(kind=Kind.OTHER).over(whole).note == "b"


def test_a_corrected_article_becomes_a_labelled_row() -> None:
    after = corrected(verdict(), Correction(kind=Kind.PLANNED, licence=""), "T")
    row = labelled_row(article(7), after)
    assert row["gold"] == {
        "kind": "planned", "openness": "open-source", "licence": "-", "who": ["Northlight"], "what": ["Aurora-2"],
        "type": "model", "sure": 1,
    }  # fmt: skip
    assert (row["id"], row["corrected"]) == ("article-7", ["kind", "licence"])
    assert labelled_row(article(7), corrected(verdict(), Correction(licence="MIT"), "T"))["gold"]["sure"] == 0


# ------------------------------------------------------------------- in a story


def member(number: int, said: Verdict) -> Member:
    return Member(article(number), said, StoryRole.COVER)


def test_one_persons_word_outranks_any_number_of_reports() -> None:
    reports = [member(n, verdict()) for n in range(1, 6)]
    said = Correction(
        kind=Kind.PLANNED,
        openness=Openness.RESTRICTED,
        licence="CC-BY-NC-4.0",
        who=("Eastlight",),
        what=("Borealis",),
    )
    story = merge_story(1, [*reports, member(9, corrected(verdict(), said, "T"))])
    assert (story.stage, story.openness, story.licence) == (Kind.PLANNED, Openness.RESTRICTED, "CC-BY-NC-4.0")
    assert (story.who, story.what, story.corrected) == (("Eastlight",), ("Borealis",), True)
    untouched = merge_story(1, reports)
    assert (untouched.licence, untouched.corrected) == ("Apache-2.0", False)


def test_only_the_corrected_field_outranks() -> None:
    vague = verdict(Kind.RELEASED, announcement(who=("Somebody",), licence=None))
    story = merge_story(
        1,
        [
            *(member(n, verdict()) for n in (1, 2)),
            member(9, corrected(vague, Correction(licence="MIT"), "T")),
        ],
    )
    assert (story.licence, story.who) == ("MIT", ("Northlight", "Somebody"))


def test_a_licence_denied_is_none_whatever_the_others_say() -> None:
    story = merge_story(
        1, [member(1, verdict()), member(9, corrected(verdict(), Correction(licence=""), "T"))]
    )
    assert (story.licence, story.licences) == (None, ())


# ------------------------------------------------------------------- kept


@pytest.fixture
def judged(archive: Archive) -> Archive:
    """Two reports of one opening, judged and grouped."""
    archive.gathering.save_poll(poll(entry("aurora")))
    archive.gathering.save_poll(poll(entry("aurora", "zhi-bao"), source_id="zhi-bao"))
    archive.judging.save([(a, verdict()) for a in archive.judging.due(10)], NOW)
    group(archive)
    return archive


def group(archive: Archive) -> None:
    while due := archive.storying.due(10):
        archive.storying.group(due, NOW)
    archive.promising.settle(NOW)


def all_stories(archive: Archive) -> list[tuple[str | None, int]]:
    ids = archive.storying.ids_between(hours_ago(1000), NOW)
    return [(story.licence, len(story.coverage)) for story in archive.storying.stories(ids).values()]


def test_a_correction_is_in_force_at_once_and_its_story_follows(judged: Archive) -> None:
    assert all_stories(judged) == [("Apache-2.0", 2)]
    before, after = judged.correcting.correct(1, Correction(licence="MIT"), NOW)
    assert (before.licence, after.licence, after.model) == ("Apache-2.0", "MIT", HUMAN)
    group(judged)
    assert all_stories(judged) == [("MIT", 2)]
    hits = {hit.id: hit.licence for hit in tuple(judged.search("licence:mit"))}
    assert hits == {1: "MIT"}


def test_every_verdict_is_kept_and_names_its_model(judged: Archive) -> None:
    (first, _) = judged.judging.due(10) or (None, None)
    assert first is None
    judged.correcting.correct(1, Correction(licence="MIT"), hours_ago(-1))
    kept = [(v.verdict.model, v.verdict.basis, v.in_force) for v in judged.correcting.verdicts(1)]
    assert kept == [(HUMAN, "summary", True), ("test-1", "summary", False)]


def test_a_later_judgement_fills_in_what_nobody_corrected(judged: Archive) -> None:
    from pipeline.model import Page

    judged.correcting.correct(1, Correction(licence="MIT"), NOW)
    judged.gathering.save_page(PageFetch(1, NOW, page=Page("https://x.example/", text="The whole text.")))
    (due,) = judged.judging.due(10)
    with_text = verdict(Kind.RELEASED, announcement(who=("Eastlight",), licence="GPL-3.0"), basis="text")
    judged.judging.save([(due, with_text)], hours_ago(-1))
    in_force = next(v.verdict for v in judged.correcting.verdicts(1) if v.in_force)
    assert (in_force.model, in_force.licence, in_force.announcements[0].who) == (HUMAN, "MIT", ("Eastlight",))
    assert in_force.basis == "text"
    bases = sorted((v.verdict.model, v.verdict.basis) for v in judged.correcting.verdicts(1))
    assert bases == [(HUMAN, "text"), ("test-1", "summary"), ("test-1", "text")], "both of the model are kept"
    assert judged.judging.due(10) == ()


def test_an_opening_denied_dissolves_its_story_and_its_promise(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("aurora", title="Northlight will open aurora")))
    archive.judging.save([(a, verdict(Kind.PLANNED)) for a in archive.judging.due(10)], NOW)
    group(archive)
    assert len(archive.promising.changed_between(hours_ago(9), hours_ago(-1))) == 1
    archive.correcting.correct(1, Correction(kind=Kind.OTHER), NOW)
    group(archive)
    assert all_stories(archive) == []
    assert archive.promising.changed_between(hours_ago(9), hours_ago(-1)) == ()
    assert [(hit.kind, hit.story) for hit in tuple(archive.search(""))] == [("other", None)]
    archive.correcting.withdraw(1)
    group(archive)
    assert len(all_stories(archive)) == 1
    assert len(archive.promising.changed_between(hours_ago(9), hours_ago(-1))) == 1


def test_what_was_related_to_a_dissolved_story_is_placed_anew_in_the_same_batch_too(judged: Archive) -> None:
    judged.gathering.save_poll(
        poll(entry("more", title="Why Northlight opened Aurora-2", published=hours_ago(1)))
    )
    about = verdict(Kind.DISCUSSION, model="m")
    judged.judging.save([(a, about) for a in judged.judging.due(10)], NOW)
    group(judged)
    for article_id in (1, 2):
        judged.correcting.correct(article_id, Correction(kind=Kind.OTHER), NOW)
    # All three are due, and the story falls while they are grouped, whatever the order.
    for order in ((3, 1, 2), (1, 2, 3)):
        judged.storying.group(order, NOW)
        group(judged)
        assert all_stories(judged) == []
        assert {hit.story for hit in tuple(judged.search(""))} == {None}
        assert judged.storying.count_due() == 0


def test_one_report_denied_leaves_the_story_to_the_others(judged: Archive) -> None:
    judged.correcting.correct(1, Correction(kind=Kind.OTHER), NOW)
    group(judged)
    ((licence, articles),) = all_stories(judged)
    assert licence == "Apache-2.0"
    assert articles in (1, 2), "the denied one may stay on as related"


def test_a_correction_can_be_taken_back(judged: Archive) -> None:
    assert judged.correcting.withdraw(1) is None
    judged.correcting.correct(1, Correction(licence="MIT"), NOW)
    changed = judged.correcting.withdraw(1)
    assert changed is not None
    assert (changed[0].licence, changed[1].licence) == ("MIT", "Apache-2.0")
    group(judged)
    assert all_stories(judged) == [("Apache-2.0", 2)]
    assert judged.correcting.all() == ()
    assert [v.verdict.model for v in judged.correcting.verdicts(1)] == ["test-1"]


def test_denying_an_opening_forgets_what_was_said_of_it(judged: Archive) -> None:
    judged.correcting.correct(1, Correction(licence="MIT"), NOW)
    _, after = judged.correcting.correct(1, Correction(kind=Kind.DISCUSSION), NOW)
    assert after.announcements == ()
    (kept,) = judged.correcting.all()
    assert kept.correction == Correction(kind=Kind.DISCUSSION)


def test_articles_are_found_by_id_and_address_and_missing_ones_named(judged: Archive) -> None:
    assert judged.correcting.find("1") == 1
    assert judged.correcting.find(entry("aurora").url) == 1
    for reference in ("99", "https://nowhere.example/", "x", "9" * 30):
        with pytest.raises(ArchiveError, match="no such article"):
            judged.correcting.find(reference)


def test_what_is_not_judged_yet_cannot_be_corrected(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("aurora")))
    with pytest.raises(ArchiveError, match="not been judged"):
        archive.correcting.correct(1, Correction(kind=Kind.OTHER), NOW)


# ------------------------------------------------------------------- judged anew


def test_a_new_model_leaves_old_verdicts_until_somebody_reclassifies(judged: Archive) -> None:
    assert judged.judging.due(10) == ()
    assert (judged.judging.count_outdated("test-1"), judged.judging.count_outdated("test-2")) == (0, 2)


def test_reclassifying_goes_on_behind_the_last_batch(judged: Archive) -> None:
    job = Job("test-2", None)
    assert judged.reclassifying.unfinished() is None
    assert judged.reclassifying.count(job) == 2
    (first,) = judged.reclassifying.batch(job, 1)
    new = verdict(Kind.OTHER, model="test-2")
    judged.reclassifying.save(job, [(first.article, new)], first.article.id, 1, NOW)
    going = judged.reclassifying.unfinished()
    assert going == Job("test-2", None, after=1, done=1)
    assert judged.reclassifying.count(going) == 1
    (second,) = judged.reclassifying.batch(going, 10)
    assert (second.article.id, second.verdict.model) == (2, "test-1")
    judged.reclassifying.finish()
    assert judged.reclassifying.unfinished() is None


def test_reclassifying_may_begin_at_a_day(judged: Archive) -> None:
    assert judged.reclassifying.count(Job("m", hours_ago(3))) == 2
    assert judged.reclassifying.count(Job("m", hours_ago(1))) == 0


def test_a_correction_stays_in_force_over_a_new_model(judged: Archive) -> None:
    judged.correcting.correct(1, Correction(kind=Kind.RELEASED), NOW)
    job = Job("test-2", None)
    batch = judged.reclassifying.batch(job, 10)
    assert [(each.verdict.model, each.by_hand) for each in batch] == [("test-1", True), ("test-1", False)]
    new = verdict(Kind.OTHER, model="test-2")
    judged.reclassifying.save(job, [(each.article, new) for each in batch], 2, 2, NOW)
    assert {hit.id: hit.kind for hit in tuple(judged.search(""))} == {1: "released", 2: "other"}
    assert item_of(batch[0].article).title == entry("aurora").title


def test_changes_are_counted_by_what_is_different() -> None:
    tally = Tally(1)
    tally.add(change_of(article(1), verdict(), verdict(), by_hand=False))
    tally.add(change_of(article(2), verdict(), verdict(Kind.OTHER), by_hand=True))
    relicensed = verdict(Kind.RELEASED, announcement(licence="MIT", who=("X",)), probability=0.5)
    tally.add(change_of(article(3), verdict(), relicensed, by_hand=False))
    assert (tally.judged, tally.changed, tally.by_hand) == (3, 2, 1)
    assert [change.article_id for change in tally.first] == [2]
    assert tally.counts == (
        (("tag", "tagged", "not tagged"), 1),
        (("kind", "released", "other"), 1),
        (("openness", "open-source", "-"), 1),
        (("licence", "Apache-2.0", "-"), 1),
        (("licence", "Apache-2.0", "MIT"), 1),
        (("who", "…", "…"), 2),
        (("what", "…", "…"), 1),
    )
    surer = verdict(probability=0.5)
    assert change_of(article(4), verdict(), surer, by_hand=False) is None, (
        "a probability alone is nothing to read"
    )

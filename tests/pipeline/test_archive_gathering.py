from __future__ import annotations

from dataclasses import replace

from pipeline.archive import Archive
from pipeline.archive.gathering import PAGE_TRIES, POLLS_KEPT
from pipeline.archive.rows import load_articles
from pipeline.model import Kind, Page, PageFetch, PagePolicy, PollOutcome, Problem, SourceState
from tests.pipeline.builders import NOW, entry, hours_ago, poll, source, verdict


def test_an_entry_is_stored_once_however_often_it_is_listed(archive: Archive) -> None:
    assert archive.gathering.save_poll(poll(entry("a"), entry("b"))).added == 2
    again = archive.gathering.save_poll(poll(entry("a"), entry("b"), entry("c")))
    assert (again.added, again.changed) == (1, 0)
    assert len(tuple(archive.search(""))) == 3


def test_an_entry_that_moves_to_another_url_under_the_same_guid_and_title_is_known(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("a")))
    moved = replace(
        entry("a"), url="https://daily-model.example/x", canonical_url="https://daily-model.example/x"
    )
    assert archive.gathering.save_poll(poll(moved)).added == 0


def test_a_feed_whose_items_share_one_guid_loses_none(archive: Archive) -> None:
    entries = [replace(entry(slug), guid="same") for slug in ("a", "b", "c")]
    assert archive.gathering.save_poll(poll(*entries)).added == 3
    assert archive.gathering.save_poll(poll(*entries)).added == 0


def test_the_same_url_from_another_source_is_not_another_article(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("a")))
    echoed = replace(entry("a"), source_id="zhi-bao", title="Reprint")
    assert archive.gathering.save_poll(poll(echoed, source_id="zhi-bao")).added == 0
    assert [h.title for h in tuple(archive.search(""))] == [entry("a").title]


def test_an_edited_title_is_taken_over_found_and_judged_again(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("a")))
    (article,) = archive.judging.due(10)
    archive.judging.save([(article, verdict(Kind.OTHER, model="m"))], NOW)
    assert archive.judging.due(10) == ()
    assert archive.gathering.save_poll(poll(replace(entry("a"), title="Quokka opens"))).changed == 1
    assert [h.title for h in tuple(archive.search("quokka"))] == ["Quokka opens"]
    assert len(archive.judging.due(10)) == 1


def test_validators_are_kept_on_success_and_survive_a_failure(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("a")))
    failed = poll(
        outcome=PollOutcome.FAILED, problem=Problem("http-500", "it answered 500."), state=SourceState()
    )
    archive.gathering.save_poll(failed)
    assert archive.gathering.states()["daily-model"] == SourceState(etag='"v1"', failures=1)
    (health,) = [h for h in archive.gathering.health() if h.source_id == "daily-model"]
    assert (health.problem_code, health.problem_since) == ("http-500", NOW)
    archive.gathering.save_poll(poll(outcome=PollOutcome.UNCHANGED))
    assert archive.gathering.states()["daily-model"].failures == 0


def test_a_problem_keeps_the_time_it_began(archive: Archive) -> None:
    problem = Problem("timeout", "no answer.")
    for hours in (5, 3, 1):
        archive.gathering.save_poll(poll(outcome=PollOutcome.FAILED, problem=problem, at=hours_ago(hours)))
    (health,) = [h for h in archive.gathering.health() if h.source_id == "daily-model"]
    assert health.problem_since == hours_ago(5)


def test_polls_saved_together_end_as_if_saved_one_by_one(archive: Archive) -> None:
    problem = Problem("timeout", "no answer.")
    failed = poll(outcome=PollOutcome.FAILED, problem=problem, at=hours_ago(2))
    echoed = replace(entry("a"), source_id="labor", title="Reprint")
    saved = archive.gathering.save_polls(
        [
            poll(entry("a"), entry("a"), at=hours_ago(3)),
            failed,
            poll(echoed, entry("b", "labor"), source_id="labor"),
            poll(replace(entry("a"), title="Edited"), at=hours_ago(1)),
            replace(failed, at=NOW),
        ]
    )
    assert [(s.added, s.changed) for s in saved] == [(1, 0), (0, 0), (1, 0), (0, 1), (0, 0)]
    assert sorted(h.title for h in archive.search("")) == sorted(["Edited", entry("b").title])
    (health,) = [h for h in archive.gathering.health() if h.source_id == "daily-model"]
    assert (health.problem_code, health.problem_since) == ("timeout", NOW)
    assert archive.gathering.states()["daily-model"] == SourceState(etag='"v1"', failures=1)


def test_only_the_last_polls_are_remembered(archive: Archive) -> None:
    for _ in range(POLLS_KEPT + 5):
        archive.gathering.save_poll(poll())
    with archive.gathering._db.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM polls").scalar() == POLLS_KEPT


def test_a_source_that_leaves_the_catalogue_rests_and_comes_back(archive: Archive) -> None:
    archive.gathering.sync_sources([source("labor")])
    assert [h.source_id for h in archive.gathering.health()] == ["labor"]
    archive.gathering.sync_sources([source("labor"), source("daily-model", name="Renamed")])
    assert {h.name for h in archive.gathering.health()} == {"Labor", "Renamed"}


def _judge(archive: Archive, kinds: dict[str, Kind], probability: dict[str, float] | None = None) -> None:
    judged = []
    for article in archive.judging.due(100):
        slug = article.url.rsplit("/", 1)[1]
        found = verdict(kinds[slug], model="m")
        judged.append((article, replace(found, probability=(probability or {}).get(slug, found.probability))))
    archive.judging.save(judged, NOW)


def test_pages_are_wanted_where_the_verdict_is_tagged_or_undecided(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("tagged"), entry("unsure"), entry("no")))
    _judge(archive, {"tagged": Kind.RELEASED, "unsure": Kind.OTHER, "no": Kind.OTHER}, {"unsure": 0.4})
    wanted = {r.url.rsplit("/", 1)[1] for r in archive.gathering.page_requests()}
    assert wanted == {"tagged", "unsure"}
    assert archive.gathering.page_requests(PagePolicy.NEVER) == ()
    assert len(archive.gathering.page_requests(PagePolicy.ALL)) == 3


def test_a_source_can_ask_for_all_its_pages_or_none(archive: Archive) -> None:
    archive.gathering.sync_sources([source(pages=PagePolicy.NEVER), source("labor", pages=PagePolicy.ALL)])
    archive.gathering.save_poll(poll(entry("tagged")))
    archive.gathering.save_poll(poll(entry("no", "labor"), source_id="labor"))
    _judge(archive, {"tagged": Kind.RELEASED, "no": Kind.OTHER})
    assert [r.source_id for r in archive.gathering.page_requests()] == ["labor"]


def test_a_page_fills_in_the_article_and_makes_judging_due_again(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("a", published=None)))
    _judge(archive, {"a": Kind.RELEASED})
    (request,) = archive.gathering.page_requests()
    page = Page(
        request.url, text="Das Quokka wurde geöffnet.", published=hours_ago(30), links=("https://x.example/",)
    )
    archive.gathering.save_page(PageFetch(request.article_id, NOW, page=page))
    (article,) = archive.judging.due(10)
    assert (article.text, article.published, article.links) == (page.text, hours_ago(30), page.links)
    assert len(tuple(archive.search("geoffnet"))) == 1  # accents do not stand in the way
    assert archive.gathering.page_requests() == ()


def test_a_page_that_fails_is_tried_a_few_times_and_then_left(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("a")))
    _judge(archive, {"a": Kind.RELEASED})
    for _ in range(PAGE_TRIES):
        (request,) = archive.gathering.page_requests()
        problem = Problem("http-404", "it answered 404.")
        archive.gathering.save_page(PageFetch(request.article_id, NOW, problem=problem))
    assert archive.gathering.page_requests() == ()


def test_times_keep_their_instant(archive: Archive) -> None:
    from datetime import datetime, timedelta, timezone

    tokyo = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=9)))
    archive.gathering.save_poll(poll(entry("a", published=tokyo)))
    with archive.gathering._db.read() as tx:
        (article,) = load_articles(tx, [1]).values()
    assert article.published == tokyo
    assert article.published is not None
    assert article.published.utcoffset() == timedelta(0)

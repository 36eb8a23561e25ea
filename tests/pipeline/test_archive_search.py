"""Searching, on SQLite and PostgreSQL: what is found, that both find the same, pages, counts, groups."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.archive import Archive, Of, Sort
from pipeline.archive.query import parse
from pipeline.archive.query_keys import KEYS
from pipeline.archive.search import newest
from pipeline.archive.search_index import check, rebuild
from pipeline.model import QueryError
from tests.conftest import PostgreSQL
from tests.pipeline.builders import entry, hours_ago, poll
from tests.pipeline.search_world import NOW, TITLES, fill, queries, stock


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stocked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """The six titles, read only by these tests."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('stocked')}/archive.db"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.copy_of("archive", lambda url: Archive.open(url).close())
    with Archive.open(url) as archive:
        stock(archive)
        yield archive


@pytest.fixture(scope="module")
def both(
    postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Archive, Archive]]:
    """The same 150 articles on each database."""
    with (
        Archive.open(f"sqlite:///{tmp_path_factory.mktemp('both')}/archive.db") as one,
        Archive.open(postgresql.database()) as other,
    ):
        fill(one)
        fill(other)
        yield one, other


def slugs(archive: Archive, query: str) -> set[str]:
    return {hit.url.rsplit("/", 1)[1] for hit in archive.search(query, now=NOW)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("GPT-4o", {"en"}),
        ("gpt4o", {"en"}),
        ("apache-2.0", {"en"}),
        ("llama 3.1", {"en"}),
        ("llama3.1", {"en"}),
        ("C++", {"cpp"}),
        ("it's", {"en"}),
        ("AND", {"en"}),
        ("开源", {"zh"}),
        ("源", {"zh"}),
        ("宣布开源", {"zh"}),
        ("模型", {"zh"}),
        ("公開", {"ja"}),
        ("モデル", {"ja"}),
        ("모델", {"ko"}),
        ("모", {"ko"}),
        ("ubersetzer", {"de"}),
        ("übersetz*", {"de"}),
        ('"inference engine"', {"cpp"}),
        ('"engine inference"', set()),
        ("engine OR 开源", {"cpp", "zh"}),
        ("(engine OR small) -gpt-4o", {"cpp"}),
        ("engine OR who:baidu", {"cpp", "en"}),
        ("", set(TITLES)),
        ("- ''", set(TITLES)),
        ("-模型 -모델", {"en", "cpp", "ja", "de"}),
        ("-(engine OR 开源)", {"en", "ja", "ko", "de"}),
        ("tagged:yes", {"en"}),
        ("tagged:no", set(TITLES) - {"en"}),
        ("kind:other llama", set()),
        ("licence:apache", {"en"}),
        ("licence:apache-2.0", {"en"}),
        ("licence:apa", set()),
        ("licence:apa*", {"en"}),
        ("-licence:*", set(TITLES) - {"en"}),
        ("who:baidu", {"en"}),
        ("who:northlight,nobody", {"en"}),
        ("-who:northlight", set(TITLES) - {"en"}),
        ("what:aurora", {"en"}),
        ("openness:free-access", {"en"}),
        ("type:model", {"en"}),
        ("probability:>0.9", {"en"}),
        ("probability:<0.9", set(TITLES) - {"en"}),
        ("outlet:daily", set(TITLES)),
        ("outlet:model", set(TITLES)),
        ("outlet:odel", set()),
        ("source:zhi-bao", set()),
        ("lang:EN", set(TITLES)),
        ("since:1h", set()),
        ("since:3h until:now", set(TITLES)),
        ("-since:1h", set(TITLES)),
        ("story:7", set()),
        ("-story:7", set(TITLES)),
    ],
)
def test_what_users_type_is_found(stocked: Archive, query: str, expected: set[str]) -> None:
    assert slugs(stocked, query) == expected
    assert stocked.count(query, now=NOW) == len(expected)


def test_filters_on_facts_hold_for_the_announcement_shown(stocked: Archive) -> None:
    (found,) = stocked.announcements("who:baidu")
    assert (found.who, found.openness, found.licence) == (("Baidu",), "free-access", None)
    assert [a.who for a in stocked.announcements("llama")] == [("Northlight",), ("Baidu",)]
    assert tuple(stocked.announcements("who:baidu licence:apache")) == ()


def test_hits_come_newest_first(archive: Archive) -> None:
    archive.gathering.save_poll(
        poll(entry("old", published=hours_ago(9)), entry("new", published=hours_ago(1)))
    )
    assert [h.url.rsplit("/", 1)[1] for h in archive.search("")] == ["new", "old"]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_no_words_are_an_error_to_either_database(stocked: Archive, text: str) -> None:
    try:
        for of in Of:
            stocked.page(text, of=of, now=NOW)
            stocked.count(text, of=of, now=NOW)
        stocked.page(text, sort=Sort.RELEVANCE, now=NOW)
    except QueryError as error:
        assert error.message  # the query language may refuse, a database may not


ASKED = queries(230)


@pytest.mark.timeout(600)  # a second of work or so for each of the four; a busy machine is no failure
@pytest.mark.parametrize("of", list(Of))
def test_both_databases_find_the_same(both: tuple[Archive, Archive], of: Of) -> None:
    one, other = both
    some = 0
    asked = ASKED if of is Of.ARTICLE else ASKED[::3]
    for query in asked:
        try:
            rows = one.page(query, of=of, limit=500, now=NOW).rows
        except QueryError:  # no promise has a probability
            with pytest.raises(QueryError):
                other.page(query, of=of, now=NOW)
            continue
        assert rows == other.page(query, of=of, limit=500, now=NOW).rows, query
        if of is Of.ARTICLE and len(query) > 12:
            assert one.count(query, now=NOW) == len(rows) == other.count(query, now=NOW), query
        some += 0 < len(rows) < 150
    assert some > len(asked) / 2  # most of what is asked chooses


def test_both_databases_count_the_same_groups(both: tuple[Archive, Archive]) -> None:
    one, other = both
    for of in Of:
        for by in (
            "licence",
            "who",
            "what",
            "openness",
            "outlet",
            "lang",
            "type",
            "stage",
            "kind",
            "tagged",
            "week",
            "month",
        ):
            groups = one.group("since:2y", by=by, of=of, now=NOW)
            assert groups == other.group("since:2y", by=by, of=of, now=NOW), (of, by)
            assert groups, (of, by)
    assert {g.label for g in one.group(by="who")} >= {"DeepSeek", "Hugging Face", "智谱AI"}
    assert sum(g.count for g in one.group(by="month")) == one.count()


@pytest.mark.parametrize(
    "query", ["", "model OR 模型", "licence:*", "licence:mit,apache", "open -weights", "tagged:no"]
)
def test_pages_put_together_are_the_whole(both: tuple[Archive, Archive], query: str) -> None:
    for archive in both:
        for of in Of:
            whole = archive.page(query, of=of, limit=500, now=NOW)
            assert whole.after == ""
            rows, after = [], ""
            while True:
                page = archive.page(query, of=of, limit=7, after=after, now=NOW)
                rows += page.rows
                after = page.after
                if not after:
                    break
                assert len(page.rows) == 7
            assert tuple(rows) == whole.rows, (query, of)


def test_by_relevance_the_same_are_found_and_titles_come_first(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        for query in ("开源", "apache-2.0 tagged:yes", "open weights"):
            ranked = tuple(archive.search(query, sort="relevance", now=NOW))
            assert {h.id for h in ranked} == {h.id for h in archive.search(query, now=NOW)}
        first = next(iter(archive.search("state-of-the-art", sort="relevance")))
        assert "state-of-the-art" in first.title
        pages = archive.page("open", sort="relevance", limit=5)
        following = archive.page("open", sort="relevance", limit=5, after=pages.after)
        assert not {h.id for h in pages.rows} & {h.id for h in following.rows}


def test_iterating_reads_page_after_page_and_stops_at_the_limit(both: tuple[Archive, Archive]) -> None:
    archive = both[0]
    assert len(tuple(archive.search(""))) == 150
    assert len(tuple(archive.search("", limit=143))) == 143
    assert tuple(archive.search("", limit=0)) == ()


def test_a_wrong_query_is_told_before_anything_is_read(both: tuple[Archive, Archive]) -> None:
    with pytest.raises(QueryError, match="licence:"):
        both[0].search("lisence:mit")
    with pytest.raises(QueryError, match="no state:"):
        both[0].search("state:open")
    with pytest.raises(QueryError, match="go on from"):
        both[0].page("", after="x1")
    with pytest.raises(QueryError, match="group by"):
        both[0].group(by="colour")


def test_what_is_nowhere_gets_a_proposal(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        (line,) = archive.searching.suggestions(parse("who:deepsek", NOW))
        assert "Did you mean who:deepseek?" in line
        assert archive.searching.suggestions(parse("who:deepseek licence:mit", NOW)) == ()


def test_the_index_agrees_and_can_be_made_anew(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        before = archive.page("licence:*", limit=500).rows
        with archive._database.write() as tx:
            assert check(tx) == 0
            facts = tx.execute(sa.text("SELECT * FROM search_facts ORDER BY of, row_id, key, value")).all()
            rebuild(tx)
            assert check(tx) == 0
            assert (
                tx.execute(sa.text("SELECT * FROM search_facts ORDER BY of, row_id, key, value")).all()
                == facts
            )
        assert archive.page("licence:*", limit=500).rows == before


COMMONEST = [
    "", "licence:mit", "who:deepseek", "openness:open-source", "tagged:yes", "lang:zh", "source:labor", "what:aurora",
    "licence:mit,apache", "open", "open lang:en", "开源 tagged:yes", "gpt-4o since:30d", "kind:released", "story:1",
]  # fmt: skip


@pytest.mark.parametrize("query", COMMONEST)
@pytest.mark.parametrize("of", list(Of))
def test_no_table_is_scanned_for_the_commonest_queries(
    both: tuple[Archive, Archive], query: str, of: Of
) -> None:
    with both[0]._database.read() as tx:
        sql, values = newest(tx, parse(query, NOW), of, 51)
        plan = [r[3] for r in tx.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}"), values)]
    # The word index is a virtual table, whose only reading is "scan"; without any filter, rows are
    # read from their end in the order they are stored, and only as many as are shown.
    scans = [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
    allowed = {"SCAN b"} if query == "" else set()
    assert [s for s in scans if s not in allowed and not s.startswith(("SCAN a", "SCAN w"))] == [], plan


def test_every_filter_is_found_by_its_own_value(both: tuple[Archive, Archive]) -> None:
    """A key added to the table without a value in the index would find nothing."""
    asked = {
        "who": "deepseek", "what": "aurora", "licence": "mit", "openness": "open-data", "claimed": "open-source",
        "type": "model", "stage": "planned", "kind": "planned", "tagged": "yes", "probability": ">0.1", "source": "labor",
        "outlet": "labor", "lang": "zh", "country": "cn", "story": "1", "outlets": ">=1", "state": "open", "since": "2y",
        "until": "1h",
    }  # fmt: skip
    assert set(asked) == set(KEYS)
    for archive in both:
        promised = str(next(archive.promises()).story)
        for key, spec in KEYS.items():
            for of in spec.of:
                value = promised if (key, of) == ("story", Of.PROMISE) else asked[key]
                if (key, of) != ("stage", Of.PROMISE):
                    assert archive.count(f"{key}:{value}", of=of, now=NOW) > 0, (key, of)

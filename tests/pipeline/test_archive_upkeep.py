"""Export, backup, pruning, checks and copies: looking after an archive, on both databases."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from pipeline.archive import Archive
from pipeline.archive.backup import back_up
from pipeline.archive.checking import check, repair, stats
from pipeline.archive.copying import copy
from pipeline.archive.database import Database
from pipeline.archive.exporting import Selection, export
from pipeline.archive.pruning import Retention, prunable, prune
from pipeline.archive.schema import articles, stories
from pipeline.archive.views import VIEWS
from pipeline.model import ArchiveError, Artifact, Kind, QueryError
from tests.conftest import PostgreSQL
from tests.pipeline.builders import NOW, announcement, entry, hours_ago, poll, source, verdict

YEAR = timedelta(days=365)


@pytest.fixture
def stocked(archive: Archive) -> Archive:
    """Two tagged articles of one story, one old and one new that are not."""
    archive.gathering.save_poll(
        poll(
            entry("opened", published=NOW - YEAR),
            entry("old", title="Old news", published=NOW - YEAR),
            entry("=1+1", title="=HYPERLINK(1)", published=hours_ago(3)),
        )
    )
    archive.gathering.save_poll(poll(entry("echo", "labor", published=NOW - YEAR), source_id="labor"))
    judged = []
    for article in archive.judging.due(10):
        tagged = article.url.endswith(("/opened", "/echo"))
        found = (
            verdict(Kind.RELEASED, announcement(), model="m") if tagged else verdict(Kind.OTHER, model="m")
        )
        judged.append((article, found))
    archive.judging.save(judged, NOW)
    archive.storying.group(archive.storying.due(10), NOW)
    return archive


def titles(archive: Archive) -> set[str]:
    with archive.database.read() as tx:
        return {u.rsplit("/", 1)[1] for u in tx.scalars(sa.select(articles.c.url))}


def dump(database: Database, view: str = "articles_v", **selection: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    export(database, [view], "jsonl", stream, Selection(**selection))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_views_have_the_documented_columns_on_both_databases(stocked: Archive) -> None:
    page = (Path(__file__).parents[2] / "docs" / "schema.md").read_text("utf-8")
    with stocked.database.read() as tx:
        for view in VIEWS.values():
            found = list(tx.exec_driver_sql(f"SELECT * FROM {view.name} LIMIT 1").keys())
            assert found == list(view.columns)
            section = page.split(f"## {view.name}\n")[1].split("\n## ")[0]
            told = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
            assert [(name.strip("| `"), what.removesuffix(" |")) for name, _, what in told] == list(
                view.columns.items()
            )


def test_json_lines_hold_every_row_with_times_in_utc(stocked: Archive) -> None:
    rows = dump(stocked.database)
    assert [r["url"].rsplit("/", 1)[1] for r in rows] == ["opened", "old", "=1+1", "echo"]
    assert rows[2]["dated"] == hours_ago(3).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert rows[0]["tagged"] is True
    assert rows[0]["story"] == rows[3]["story"] is not None
    (first, _) = dump(stocked.database, "announcements_v")
    assert first["who"] == list(announcement().who)


def test_an_export_can_be_of_a_period_and_of_values(stocked: Archive) -> None:
    assert [r["title"] for r in dump(stocked.database, since=hours_ago(4))] == ["=HYPERLINK(1)"]
    assert len(dump(stocked.database, until=hours_ago(4))) == 3
    assert len(dump(stocked.database, equal={"kind": ("other",), "language": ("en", "zh")})) == 2
    with pytest.raises(QueryError, match="no column 'kin'"):
        dump(stocked.database, equal={"kin": ("x",)})


def test_csv_for_spreadsheets_holds_no_formula(stocked: Archive) -> None:
    stream = io.StringIO()
    export(stocked.database, ["articles_v"], "csv", stream, Selection())
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert rows[2]["title"] == "'=HYPERLINK(1)"


def test_parquet_and_sqlite_hold_the_same_as_the_views(stocked: Archive, tmp_path: Path) -> None:
    names = list(VIEWS)
    total = export(stocked.database, names, "parquet", tmp_path / "out", Selection())
    assert export(stocked.database, names, "sqlite", tmp_path / "out.db", Selection()) == total
    table = pq.read_table(tmp_path / "out" / "articles_v.parquet").to_pylist()
    with sqlite3.connect(tmp_path / "out.db") as db:
        for row, expected in zip(table, dump(stocked.database), strict=True):
            assert row["title"] == expected["title"]
            assert row["dated"] == datetime.fromisoformat(expected["dated"])
            (dated,) = db.execute("SELECT dated FROM articles_v WHERE id = ?", [row["id"]]).fetchone()
            assert dated == expected["dated"]
        assert db.execute("SELECT who FROM stories_v").fetchone() == ('["Northlight"]',)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(f"{n}.parquet" for n in names)


def test_an_export_that_fails_leaves_no_half_file_and_the_old_one(stocked: Archive, tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    target.write_text("earlier")
    with pytest.raises(QueryError):
        export(stocked.database, ["articles_v"], "jsonl", target, Selection(equal={"x": ("y",)}))
    assert target.read_text() == "earlier"
    assert [p.name for p in tmp_path.iterdir() if "jsonl" in p.name] == ["a.jsonl"]


def test_what_is_pruned_does_not_come_back(stocked: Archive) -> None:
    retention = Retention(before=NOW - timedelta(days=30))
    would = prunable(stocked.database, retention)
    assert (would.articles, would.kept) == (1, 2)
    assert prune(stocked.database, retention, NOW) == 1
    assert titles(stocked) == {"opened", "=1+1", "echo"}  # the story's articles stay
    old = entry("old", title="Old news", published=NOW - YEAR)
    moved = replace(old, url="https://x.example/", canonical_url="https://x.example/")
    assert stocked.gathering.save_poll(poll(old, replace(old, title="Edited"), moved)).added == 0
    new = replace(old, guid="new", url="https://n.example/", canonical_url="https://n.example/")
    assert stocked.gathering.save_poll(poll(new)).added == 1
    assert check(stocked.database) == ()


def test_pruning_by_kind_and_of_tagged_ones(archive: Archive) -> None:
    archive.gathering.save_poll(poll(*(entry(slug, published=NOW - YEAR) for slug in "abcd"), entry("last")))
    due = archive.judging.due(10)
    kinds = [Kind.RELEASED, Kind.OTHER, Kind.DISCUSSION]
    archive.judging.save([(a, verdict(k, model="m")) for a, k in zip(due, kinds, strict=False)], NOW)
    before = NOW - timedelta(days=1)
    assert prunable(archive.database, Retention(before)).articles == 2
    assert prunable(archive.database, Retention(before, ("other",))).articles == 1
    assert prune(archive.database, Retention(before, tagged=True), NOW) == 3
    assert titles(archive) == {"d", "last"}  # one is not judged, one is new


def test_numbers_of_pruned_articles_are_not_given_to_others(archive: Archive) -> None:
    archive.gathering.save_poll(poll(entry("a", published=NOW - YEAR), entry("b", published=NOW - YEAR)))
    archive.judging.save([(a, verdict(Kind.OTHER, model="m")) for a in archive.judging.due(9)], NOW)
    prune(archive.database, Retention(NOW), NOW)
    archive.gathering.save_poll(poll(entry("c")))
    with archive.database.read() as tx:
        assert max(tx.scalars(sa.select(articles.c.id))) == 3


def test_a_whole_archive_has_nothing_to_repair(stocked: Archive) -> None:
    assert check(stocked.database) == ()
    found = stats(stocked.database)
    assert found.rows["articles"] == 4
    assert found.kinds == {"released": 2, "other": 2}
    assert (found.awaiting_verdict, found.awaiting_story) == (0, 0)
    assert found.size > 10_000


BREAKAGES = {
    "verdicts": "UPDATE articles SET verdict_id = 999 WHERE id = 2",
    "empty-stories": """INSERT INTO stories SELECT 99, title, stage, openness, claimed, licence, who, what, type, url,
        evidence, outlets, articles, verified, first_dated, last_dated, first_seen, candidate FROM stories""",
    "story-counts": "UPDATE stories SET articles = 7",
    "search-index": None,
}


@pytest.mark.parametrize("code", BREAKAGES)
def test_what_is_broken_is_found_and_repaired(stocked: Archive, code: str) -> None:
    statement = BREAKAGES[code]
    with stocked.database.write() as tx:
        if statement:
            tx.exec_driver_sql(statement)
        else:
            from pipeline.archive.search_index import unindex_articles

            unindex_articles(tx, [1])
    found = check(stocked.database)
    assert [f.code for f in found] == [code]
    repair(stocked.database, found, lambda _: None)
    assert check(stocked.database) == ()


def test_rows_that_point_at_nothing_are_found_and_removed(tmp_path: Path) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/a.db") as archive:
        archive.gathering.sync_sources([source()])
        archive.gathering.save_poll(poll(entry("a")))
        with sqlite3.connect(tmp_path / "a.db") as raw:  # without foreign keys, as many tools connect
            raw.execute("DELETE FROM articles")
        found = check(archive.database)
        assert {f.code for f in found} == {"foreign-keys", "search-index"}
        repair(archive.database, found, lambda _: None)
        assert check(archive.database) == ()


def test_damaged_pages_are_told_with_what_helps(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Archive.open(f"sqlite:///{path}") as archive:
        archive.gathering.sync_sources([source(f"s{i}") for i in range(400)])
        with sqlite3.connect(path) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (page,) = raw.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = 'ix_polls_source'"
            ).fetchone()
    with path.open("r+b") as raw_file:
        raw_file.seek((page - 1) * 4096)
        raw_file.write(b"\xff" * 64)
    database = Database.open(f"sqlite:///{path}")
    (finding,) = check(database)
    database.close()
    assert "backup" in finding.cure
    assert not finding.repairable


def test_a_backup_taken_while_others_write_is_one_moment_and_opens(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with Archive.open(url) as archive:
        archive.gathering.sync_sources([source()])
        for n in range(30):
            archive.gathering.save_poll(poll(*(entry(f"{n}-{i}", summary="x" * 2000) for i in range(60))))
        looked = threading.Event()

        def progress(_done: int, _all: int) -> None:
            if not looked.is_set():  # write between two steps of the copy
                looked.set()
                archive.gathering.save_poll(poll(entry("late")))

        back_up(url, tmp_path / "b" / "copy.db", progress)
        assert looked.is_set()
    with Archive.open(f"sqlite:///{tmp_path}/b/copy.db", create=False) as copied:
        assert check(copied.database) == ()
        assert stats(copied.database).rows["articles"] == 1800
    assert [p.name for p in (tmp_path / "b").iterdir() if p.name.endswith(".part")] == []


def test_a_backup_does_not_overwrite_the_archive_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    Archive.open(url).close()
    with pytest.raises(ArchiveError, match="itself"):
        back_up(url, tmp_path / "a.db")


@pytest.fixture
def other_url(request: pytest.FixtureRequest, archive_url: str, tmp_path: Path) -> Iterator[str]:
    """A place on the other kind of database."""
    if archive_url.startswith("sqlite"):
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.database()
        yield url
        server.drop(url)
    else:
        yield f"sqlite:///{tmp_path}/other.db"


def test_an_archive_moves_to_the_other_database_and_goes_on_there(stocked: Archive, other_url: str) -> None:
    with Archive.open(other_url) as moved:
        copy(stocked.database, moved.database)
        for view in VIEWS:
            assert dump(moved.database, view) == dump(stocked.database, view)
        assert check(moved.database) == ()
        assert moved.gathering.save_poll(poll(entry("opened"), entry("next"))).added == 1
        assert [h.title for h in moved.search("hyperlink")] == ["=HYPERLINK(1)"]
        with pytest.raises(ArchiveError, match="not empty"):
            copy(stocked.database, moved.database)


def test_what_a_database_refuses_in_text_is_left_out(archive: Archive) -> None:
    artifact = Artifact("a\x00b", "model", "Northlight")
    odd = replace(entry("a", title="a\x00b \ud83d"), tags=("t\x00",), artifact=artifact)
    assert archive.gathering.save_poll(poll(odd)).added == 1
    assert archive.gathering.save_poll(poll(odd)).changed == 0
    (article,) = archive.judging.due(10)
    assert article.title.startswith("ab ")
    assert article.artifact == Artifact("ab", "model", "Northlight")
    archive.judging.save([(article, verdict(Kind.OTHER, model="m"))], NOW)
    assert archive.judging.due(10) == ()


def test_stories_keep_their_time_zone_through_an_export(stocked: Archive) -> None:
    with stocked.database.read() as tx:
        (dated,) = tx.scalars(sa.select(stories.c.first_dated))
    (row,) = dump(stocked.database, "stories_v")
    assert datetime.fromisoformat(row["first_dated"]) == dated.astimezone(UTC)

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from pipeline.archive import Archive, migrations, revisions
from pipeline.archive.database import Database
from pipeline.archive.rows import load_articles
from pipeline.archive.views import VIEWS
from pipeline.model import ArchiveError
from tests.conftest import PostgreSQL
from tests.pipeline.old_archives import engine_of, file_of, make_v1


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place with nothing in it yet, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/archive.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database()


def structure(engine: sa.Engine) -> dict[str, Any]:
    """All that the database says of its tables and views."""
    found = sa.inspect(engine)
    tables = {
        name: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(name)
            ],
            "key": found.get_pk_constraint(name)["constrained_columns"],
            "foreign": sorted(
                (k["constrained_columns"], k["referred_table"], k["options"])
                for k in found.get_foreign_keys(name)
            ),
            "unique": sorted(str(u["column_names"]) for u in found.get_unique_constraints(name)),
            "indexes": sorted((i["name"], i["column_names"], i["unique"]) for i in found.get_indexes(name)),
        }
        for name in found.get_table_names()
    }
    for table in tables.values():
        table["columns"].sort()  # a column added later stands at the end
    return {"tables": tables, "views": {v: found.get_view_definition(v) for v in found.get_view_names()}}


def test_the_migrations_are_one_chain_whose_last_is_the_head() -> None:
    script = ScriptDirectory.from_config(migrations.config())
    assert script.get_heads() == [revisions.head()]
    walked = [s.revision for s in script.walk_revisions()][::-1]
    assert tuple(walked) == revisions.known()
    assert walked[0] == revisions.BASELINE


def test_a_new_archive_is_what_all_migrations_make(empty_url: str, tmp_path: Path, request: Any) -> None:
    sqlite = empty_url.startswith("sqlite")
    other = f"sqlite:///{tmp_path}/new.db" if sqlite else request.getfixturevalue("postgresql").database()
    engine = engine_of(empty_url)
    migrations.upgrade(engine, "", backup=False)
    Database.open(other).close()
    new = engine_of(other)
    migrated, made = structure(engine), structure(new)
    for name, table in made["tables"].items():
        assert migrated["tables"].get(name) == table, name
    assert migrated == made
    for e in (engine, new):
        e.dispose()


@pytest.mark.parametrize("noted", [False, True], ids=["before alembic", "at 0001"])
def test_an_archive_of_the_first_release_is_upgraded_with_all_that_is_in_it(
    empty_url: str, noted: bool
) -> None:
    make_v1(empty_url, noted_by_alembic=noted)
    with Archive.open(empty_url) as archive:
        assert archive._database.revision() == revisions.head()
        with archive._database.read() as tx:
            first, second = load_articles(tx, [1, 2]).values()
            assert {v: tx.scalar(sa.select(sa.func.count()).select_from(sa.table(v))) for v in VIEWS} == {
                "articles_v": 2,
                "announcements_v": 1,
                "stories_v": 1,
                "promises_v": 0,
                "sources_v": 1,
                "deliveries_v": 1,
            }
        assert first.published == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
        assert first.first_seen == datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)
        assert second.published is None
        assert archive.gathering.states().keys() == {"daily-model"}
    Archive.open(empty_url).close()  # and again, with nothing to do


def test_times_are_iso_text_in_utc_on_sqlite_and_timestamptz_on_postgresql(empty_url: str) -> None:
    make_v1(empty_url)
    Archive.open(empty_url).close()
    engine = engine_of(empty_url)
    with engine.connect() as tx:
        found = tx.exec_driver_sql("SELECT dated FROM articles_v WHERE dated < '2026-11-20T10:00:00'").all()
    expected = (
        "2026-11-20T09:30:00.000000Z"
        if empty_url.startswith("sqlite")
        else datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    )
    assert [tuple(r) for r in found] == [(expected,)]
    engine.dispose()


def test_before_a_file_is_upgraded_it_is_copied_beside(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/archive.db"
    make_v1(url)
    told: list[str] = []
    Database.open(url, progress=told.append).close()
    kept = file_of(url).with_name("archive.db.0001.bak")
    assert any(str(kept) in line for line in told)
    engine = engine_of(f"sqlite:///{kept}")
    with engine.connect() as tx:
        assert revisions.revision_of(tx) == ("0001", False)
        assert tx.exec_driver_sql("SELECT count(*) FROM articles").scalar() == 2
    engine.dispose()


def test_an_older_archive_can_be_refused_with_the_command_that_upgrades_it(empty_url: str) -> None:
    make_v1(empty_url)
    with pytest.raises(ArchiveError, match="unsealed db upgrade"):
        Database.open(empty_url, upgrade=False)


def test_an_upgrade_that_fails_midway_changes_nothing_and_can_be_run_again(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_v1(empty_url)
    engine = engine_of(empty_url)
    before = structure(engine)

    def break_off(_tx: sa.Connection) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as m:
        m.setattr("pipeline.archive.views.create", break_off)
        with pytest.raises(RuntimeError):
            Archive.open(empty_url)
    assert structure(engine) == before
    engine.dispose()
    with Archive.open(empty_url) as archive:
        assert len(tuple(archive.search(""))) == 2


def test_an_upgrade_that_would_leave_a_row_pointing_at_nothing_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/archive.db"
    make_v1(url)
    engine = sa.create_engine(url)
    with engine.begin() as tx:
        tx.exec_driver_sql("UPDATE sightings SET article_id = 99")
    with pytest.raises(ArchiveError, match=r"sightings → articles.*nothing was changed"):
        Archive.open(url)
    with engine.connect() as tx:
        assert revisions.revision_of(tx)[0] == "0001"
    engine.dispose()

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.archive import Archive
from pipeline.archive.schema import articles, polls
from pipeline.model import ArchiveError
from tests.pipeline.builders import NOW, entry, poll


def test_a_missing_archive_is_not_made_by_asking(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="unsealed run"):
        Archive.open(f"sqlite:///{tmp_path}/none.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("my notes, not a database, and long enough to be looked at" * 20)
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match="not a SQLite database"):
        Archive.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE cookies (id INTEGER)")
    with pytest.raises(ArchiveError, match="another program"):
        Archive.open(f"sqlite:///{path}")


def test_an_archive_of_another_version_is_refused_with_both_numbers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    Archive.open(url).close()
    with sqlite3.connect(tmp_path / "a.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ArchiveError, match=r"schema 9999.*up to 0\d\d\d.*Update unsealed"):
        Archive.open(url)


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/db", "sqlite://", "nonsense", "u:hunter2@h"])
def test_urls_it_cannot_use_are_refused_without_showing_secrets(url: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        Archive.open(url)
    assert "hunter2" not in str(caught.value)
    assert "sqlite:///" in str(caught.value)


def test_a_transaction_that_fails_leaves_nothing(archive: Archive) -> None:
    broken = poll(entry("a"), entry("b", published=datetime(2026, 11, 1)))  # noqa: DTZ001 - naive on purpose
    with pytest.raises(ValueError, match="without a zone"):
        archive.gathering.save_poll(broken)
    assert tuple(archive.search("")) == ()
    assert archive.gathering.states()["daily-model"].etag == ""


def test_foreign_keys_are_enforced(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match=r"(?i)foreign key"), archive.gathering._db.write() as tx:
        tx.execute(
            sa.insert(polls).values(source_id="nobody", at=NOW, outcome="ok", entries=0, added=0, seconds=0.1)
        )
        tx.execute(sa.select(1))


def test_the_log_of_a_file_is_written_ahead(tmp_path: Path) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/a.db") as archive, archive.gathering._db.read() as tx:
        assert tx.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_two_writers_take_turns(archive: Archive) -> None:
    """Read-then-write transactions of two threads would fail at once if they did not begin as writers."""
    errors: list[BaseException] = []

    def write(prefix: str) -> None:
        try:
            for i in range(20):
                archive.gathering.save_poll(poll(entry(f"{prefix}{i}")))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(p,)) for p in "ab"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
    assert len(tuple(archive.search("", limit=100))) == 40


def test_a_reader_sees_one_moment_while_a_writer_goes_on(archive: Archive) -> None:
    with archive.gathering._db.read() as tx:
        before = tx.scalar(sa.select(sa.func.count()).select_from(articles))
        archive.gathering.save_poll(poll(entry("a")))
        assert tx.scalar(sa.select(sa.func.count()).select_from(articles)) == before


def test_a_search_imports_neither_migrations_nor_postgresql_nor_the_stations(tmp_path: Path) -> None:
    """Together they take longer to import than all the rest of a search."""
    url = f"sqlite:///{tmp_path}/a.db"
    Archive.open(url).close()
    code = (
        "import sys; from pipeline.archive import Archive\n"
        f"with Archive.open({url!r}) as archive: list(archive.search('x'))\n"
        "heavy = ('alembic', 'psycopg', 'sqlalchemy.dialects.postgresql', 'pipeline.merge', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

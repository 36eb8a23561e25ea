"""Bringing an older archive to the present schema, with Alembic.

A migration is a file ``versions/NNNN_what_it_does.py``; the highest number is the schema this program
reads. All that an archive lacks are run in one transaction, on both databases: an upgrade that is
killed has changed nothing and can be run again. Foreign keys are checked after each.

The read views (``pipeline.archive.views``) are no matter of migrations: they are dropped before the
first and made anew after the last, so a migration may alter any table beneath them. Nor is what is in
the search index: a migration that changes it notes ``search_index = stale`` in ``meta``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from pipeline.archive import revisions, search_index, views
from pipeline.archive.engines import MIGRATES, WRITES
from pipeline.model import ArchiveError

#: Pages copied between two looks at whether the disk is full; 4 MB with SQLite's pages of 4 kB.
_BACKUP_PAGES = 1024


def upgrade(
    engine: sa.Engine,
    name: str,
    *,
    backup: bool = True,
    progress: Callable[[str], None] = lambda _: None,
    target: str = "head",
) -> Path | None:
    """Run what is missing up to ``target``; gives the backup's path, if one was made."""
    kept: Path | None = None
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True, MIGRATES: True})
        try:
            with connection.begin():
                revision, noted = revisions.revision_of(connection)
                if revision == revisions.head():
                    return None  # another process was quicker
                progress(f"upgrading the archive from schema {revision} to {revisions.head()}")
                if backup and connection.dialect.name == "sqlite" and revision:
                    kept = _backup(Path(name), revision)
                    progress(f"the archive as it was is kept in {kept}")
                if revision and not noted:
                    revisions.stamp(connection, revision)
                views.drop(connection)
                _run(connection, target, progress)
                if target == "head":
                    search_index.refresh(connection, progress)
                    views.create(connection)
        finally:
            # Foreign keys are off in this one; a new connection has them on.
            connection.invalidate()
    return kept


def config() -> Config:
    """Alembic's configuration, made in Python: it works from a wheel as from a checkout."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return made


def _run(connection: sa.Connection, target: str, progress: Callable[[str], None]) -> None:
    made = config()
    made.attributes["connection"] = connection
    made.attributes["applied"] = _after_each(connection, progress)
    command.upgrade(made, target)


def _after_each(connection: sa.Connection, progress: Callable[[str], None]) -> Callable[..., None]:
    def applied(*, step: Any, **_: object) -> None:
        progress(f"schema {step.up_revision_id}: {step.up_revision.doc.splitlines()[0]}")
        if connection.dialect.name != "sqlite":
            return  # PostgreSQL checks each row as it is written
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            tables = ", ".join(sorted({f"{row[0]} → {row[2]}" for row in broken}))
            raise ArchiveError(
                f"upgrading it to schema {step.up_revision_id} would leave {len(broken)} rows that point "
                f"at nothing ({tables}); nothing was changed.",
                about=connection.engine.url.database or "",
                cure="Run `unsealed db check --repair` with the version that wrote it, then upgrade.",
            )

    return applied


def _backup(path: Path, revision: str) -> Path:
    """A copy of the file beside it. The caller holds the write lock, so nothing changes meanwhile."""
    kept = path.with_name(f"{path.name}.{revision}.bak")
    partial = kept.with_name(f"{kept.name}.part")
    partial.unlink(missing_ok=True)
    try:
        with sqlite3.connect(path) as source, sqlite3.connect(partial) as copy:
            source.backup(copy, pages=_BACKUP_PAGES)
        source.close()
        copy.close()
        partial.replace(kept)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise ArchiveError(
            f"the copy taken before an upgrade cannot be written ({error}); nothing was changed.",
            about=str(kept),
            cure=f"Make room for {path.stat().st_size / 1e6:.0f} MB, or run `unsealed db upgrade --no-backup`.",
        ) from error
    return kept

"""The engine beneath the archive: pragmas, transactions, and errors in words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from pipeline.archive.schema import FTS_DDL, SCHEMA_VERSION, meta, metadata
from pipeline.model import ArchiveError

#: How long a writer waits for another one before it gives up. A cycle's longest transaction
#: is one feed of 2,000 entries, well under a second; half a minute covers a stalled disk.
BUSY_SECONDS = 30.0


class Database:
    """A SQLite file with WAL, foreign keys, and write transactions that start as writers."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._writing = engine.execution_options(unsealed_write=True)
        self.name = name

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Database:
        """Open ``sqlite:///file``; makes the tables in a new file.

        Raises ArchiveError when the file cannot be opened, is no archive, or is of another version.
        """
        parsed = _parse(url)
        path = Path(parsed.database or "")
        if not create and not path.exists():
            raise ArchiveError(
                "there is no archive here yet.",
                about=str(path),
                cure="Run `unsealed run` first, or check --config.",
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"its folder cannot be made ({error.strerror}).", about=str(path)) from error
        engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        database = cls(engine, str(path))
        database._prepare()
        return database

    def _prepare(self) -> None:
        with self.write() as tx:
            if sa.inspect(tx).has_table("meta"):
                found = tx.scalar(sa.select(meta.c.value).where(meta.c.key == "schema_version"))
                if found != str(SCHEMA_VERSION):
                    raise ArchiveError(
                        f"it has schema version {found}, this program reads version {SCHEMA_VERSION}.",
                        about=self.name,
                        cure="Use the version of unsealed that wrote it, or start a new archive.",
                    )
                return
            if sa.inspect(tx).get_table_names():
                raise ArchiveError(
                    "this database belongs to another program.", about=self.name, cure="Choose another file."
                )
            metadata.create_all(tx)
            tx.exec_driver_sql(FTS_DDL)
            tx.execute(sa.insert(meta).values(key="schema_version", value=str(SCHEMA_VERSION)))

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One write transaction: all of it, or nothing."""
        with _in_words(self.name), self._writing.begin() as tx:
            yield tx

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view; never waits for a writer and never makes one wait."""
        with _in_words(self.name), self._engine.begin() as tx:
            yield tx

    def close(self) -> None:
        """Give up the file."""
        self._engine.dispose()


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ArchiveError(
            "this is no database URL.", about=url, cure="Write sqlite:///path/to/file.db."
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise ArchiveError(
            "only SQLite archives can be opened by this version.",
            about=parsed.render_as_string(hide_password=True),
            cure="Write sqlite:///path/to/file.db.",
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ArchiveError("an archive needs a file.", about=url, cure="Write sqlite:///path/to/file.db.")
    return parsed


def _on_connect(connection: Any, _record: object) -> None:
    # The driver's own implicit transactions start as readers and cannot become writers once
    # another has written (SQLITE_BUSY_SNAPSHOT, whatever the timeout): we begin them ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # NORMAL would survive a kill; only FULL keeps what the ledger noted through a power cut.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("unsealed_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def _in_words(name: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.DatabaseError as error:
        raise ArchiveError(_words(str(error.orig), name), about=name) from error


def _words(reason: str, name: str) -> str:
    if "locked" in reason or "busy" in reason:
        return (
            f"another process has been writing for more than {BUSY_SECONDS:.0f} seconds; nothing was changed."
        )
    if "not a database" in reason:
        return "this file is not a SQLite database."
    if "readonly" in reason or "read-only" in reason:
        return "the file or its folder is read-only."
    if "full" in reason:
        return "the disk is full; nothing was changed."
    if "unable to open" in reason:
        return "it cannot be opened" + (
            "." if os.access(Path(name).parent, os.W_OK) else ": no access to its folder."
        )
    return f"the database says: {reason}."

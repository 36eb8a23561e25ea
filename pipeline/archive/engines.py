"""The two databases an archive can be kept in, and what each needs to behave the same.

A write transaction is alone: on SQLite because it begins as a writer, on PostgreSQL because it takes
one advisory lock. Every station can then read, decide and write without anybody in between, and
neither deadlocks nor failed serialisations can happen. Reads never wait and never make one wait.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from pipeline.archive.columns import json_text
from pipeline.model import ArchiveError

#: How long a writer waits for another one before it gives up. A cycle's longest transaction
#: is one feed of 2,000 entries, well under a second; half a minute covers a stalled disk.
BUSY_SECONDS = 30.0
#: A PostgreSQL server that does not answer in this time is down, or it is the wrong address.
CONNECT_SECONDS = 10
#: The number all writers of one PostgreSQL database lock: "unsealed" in letters of eight bits.
WRITER_LOCK = int.from_bytes(b"unsealed", "big")

_URLS = "Write sqlite:///path/to/file.db or postgresql://user@host/database."

#: Execution option of a connection that writes; tests look at it, too.
WRITES = "unsealed_write"
#: Execution option of one that changes tables: foreign keys are then checked once, at the end.
MIGRATES = "unsealed_migrate"


def parse_url(url: str) -> sa.URL:
    """The URL of an archive. Raises ArchiveError for one that names no SQLite file and no PostgreSQL."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ArchiveError("this is no database URL.", about=_shown(url), cure=_URLS) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        # Without a driver named it is psycopg 3; another one would bring other types.
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ArchiveError(
            "an archive is a SQLite file or a PostgreSQL database.",
            about=parsed.render_as_string(hide_password=True),
            cure=_URLS,
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ArchiveError("an archive needs a file.", about=url, cure=_URLS)
    return parsed


def _shown(url: str) -> str:
    """What cannot be parsed may still hold a password: it is shown up to the host's ``@`` only."""
    return "…@" + url.rsplit("@", 1)[1] if "@" in url else url


def sqlite_engine(url: sa.URL) -> sa.Engine:
    """An engine for a file, with a write-ahead log, foreign keys, and transactions of our own."""
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        json_serializer=json_text,
        # What an article or a setting says has no place in an error's text.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    # The driver's own implicit transactions start as readers and cannot become writers once
    # another has written (SQLITE_BUSY_SNAPSHOT, whatever the timeout): we begin them ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # NORMAL would survive a kill; only FULL keeps what the ledger noted through a power cut.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_sqlite_begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if options.get(MIGRATES):
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # does nothing inside a transaction
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")


def postgresql_engine(url: sa.URL) -> sa.Engine:
    """An engine for a PostgreSQL database. Raises ArchiveError when its driver is not installed."""
    try:
        engine = sa.create_engine(
            url,
            connect_args={"connect_timeout": CONNECT_SECONDS, "options": _session_options(url)},
            # A server that was restarted in between is noticed before a statement fails on it.
            pool_pre_ping=True,
            json_serializer=json_text,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise ArchiveError(
            "PostgreSQL needs a driver that is not installed.",
            about=url.render_as_string(hide_password=True),
            cure="pip install 'unsealed[postgres]'",
        ) from error
    event.listen(engine, "begin", _on_postgresql_begin)
    return engine


def _session_options(url: sa.URL) -> str:
    """Server settings of our sessions, before those the URL itself asks for (``?options=``)."""
    asked = url.query.get("options", "")
    ours = f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS * 1000:.0f} -c client_min_messages=warning"
    return f"{ours} {asked if isinstance(asked, str) else ' '.join(asked)}".strip()


def _on_postgresql_begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(WRITES):
        # Each statement after it sees what the writer before us committed (READ COMMITTED).
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def lock_number(purpose: str) -> int:
    """The number of the advisory lock for one purpose of an archive, such as "serving"."""
    return int.from_bytes(hashlib.sha256(f"unsealed {purpose}".encode()).digest()[:8], "big", signed=True)


def in_words(error: sa.exc.DatabaseError, name: str) -> ArchiveError:
    """A database's error as a sentence for people, with a cure where there is one."""
    reason = str(error.orig).strip()
    low = reason.lower()
    for signs, message, cure in _REASONS:
        if any(sign in low for sign in signs):
            return ArchiveError(message, about=name, cure=cure)
    if "unable to open" in low:
        access = "." if Path(name).parent.is_dir() else ": its folder does not exist."
        return ArchiveError(f"it cannot be opened{access}", about=name)
    return ArchiveError(f"the database says: {reason.splitlines()[0] if reason else error}.", about=name)


_BUSY = f"another process has been writing for more than {BUSY_SECONDS:.0f} seconds; nothing was changed."
_REASONS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("database is locked", "database is busy", "lock timeout", "table is locked"),
        _BUSY,
        "Try again when it is done, or stop it.",
    ),
    (("not a database",), "this file is not a SQLite database.", "Choose another file."),
    (
        ("malformed", "disk image"),
        "the file is damaged.",
        "Run `unsealed db check`, which says what is wrong and what can be saved.",
    ),
    (
        ("readonly", "read-only"),
        "the file or its folder is read-only.",
        "Give the user that runs unsealed the right to write to both.",
    ),
    (
        ("database or disk is full", "no space left", "disk full"),
        "the disk is full; nothing was changed.",
        "Make room, then run it again: it goes on from there.",
    ),
    (
        ("connection refused", "could not translate host", "failed to resolve", "timeout expired"),
        "the PostgreSQL server does not answer.",
        "Check that it runs, and host and port of archive.url.",
    ),
    (
        ("password authentication", "no password supplied", "no pg_hba.conf"),
        "the PostgreSQL server refuses this user.",
        "Check user and password of archive.url.",
    ),
)

"""A copy of the whole archive while it is in use."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from pipeline.archive.engines import parse_url
from pipeline.model import ArchiveError

#: Pages copied between two calls of ``progress``: 4 MB with SQLite's pages of 4 kB.
PAGES = 1024


def back_up(url: str, target: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
    """Copy an archive as it is now to ``target``; a file there is replaced once the copy is whole.

    SQLite: a database file, by SQLite's own backup, while others read and write. PostgreSQL: what
    ``pg_dump --format=custom`` writes. ``progress`` is told pages done and pages in all.
    Raises ArchiveError, and then a file that was there is still there.
    """
    parsed = parse_url(url)
    partial = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        if parsed.get_backend_name() == "sqlite":
            source = Path(parsed.database or "")
            if not source.exists():
                raise ArchiveError("there is no archive here yet.", about=str(source))
            if target.exists() and target.samefile(source):
                raise ArchiveError(
                    "this is the archive itself.", about=str(target), cure="Name another file."
                )
            _copy(source, partial, progress)
        else:
            _dump(parsed, partial)
        _to_disk(partial)
        partial.replace(target)
        _to_disk(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise ArchiveError(
            f"the backup cannot be written ({getattr(error, 'strerror', None) or error}); "
            "an earlier backup is as it was.",
            about=str(target),
            cure="Make room, or name another folder.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _copy(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    reading, writing = sqlite3.connect(source), sqlite3.connect(target)
    try:
        # A transaction of our own holds the present state: without it each commit of another process
        # would make the copy start from the beginning, for ever on a busy archive.
        reading.isolation_level = None
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reading.backup(writing, pages=PAGES, progress=lambda _s, left, total: progress(total - left, total))
        reading.execute("ROLLBACK")
        said = writing.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise ArchiveError(
                f"the archive is damaged ({said}); the copy would be, too.",
                about=str(source),
                cure="Run `unsealed db check`.",
            )
    finally:
        writing.close()
        reading.close()


def _dump(url: sa.URL, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise ArchiveError(
            "a backup of PostgreSQL is made by its pg_dump, which is not installed here.",
            about=url.set(drivername="postgresql").render_as_string(hide_password=True),
            cure="Install PostgreSQL's client programs, or run pg_dump where they are.",
        )
    # The password goes by the environment: a command line can be read by all users of the machine.
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {"PGPASSWORD": url.password} if url.password else {}
    command = [program, "--format=custom", "--no-owner", f"--file={target}", address]
    done = subprocess.run(  # noqa: S603 - no shell, and the program is PostgreSQL's
        command, env={**os.environ, **secret}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ArchiveError(
            f"pg_dump failed: {said[0] if said else f'exit code {done.returncode}'}.",
            about=str(target),
            cure="Its version must not be older than the server's.",
        )


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

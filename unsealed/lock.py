"""Locks of an archive, for what only one process may do with it at a time.

On PostgreSQL they are the server's, and end with the connection. Beside a SQLite file they are the
kernel's (flock): a process that dies, however it dies, holds them no longer. The lock files stay;
removing one could let two processes lock two files of the same name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.archive import Archive
from pipeline.model import ArchiveError

#: More than any process id has digits; a lock file that holds more was not written by us.
_PID_BYTES = 20


class LockedError(ArchiveError):
    """Another process holds the lock; ``pid`` names it, or is "unknown"."""

    def __init__(self, archive: str, purpose: str, pid: str) -> None:
        super().__init__(
            f"{'another process' if pid == 'unknown' else f'process {pid}'} is {purpose} from this archive "
            "already, and only one may.",
            about=archive,
            cure="Stop that one first, or name another archive in the settings.",
        )
        self.pid = pid


@contextlib.contextmanager
def hold(archive: Archive, purpose: str) -> Iterator[None]:
    """Hold an archive's lock for what only one process may do: beside its file, or on its server.

    Raises LockedError at once if another holds it.
    """
    database = archive.database
    if database.dialect == "sqlite":
        with held(archive.name, purpose):
            yield
        return
    with database.session_lock(purpose) as ours:
        if not ours:
            raise LockedError(archive.name, purpose, "unknown")
        yield


@contextlib.contextmanager
def held(archive: str, purpose: str) -> Iterator[None]:
    """Hold the lock ``ARCHIVE.purpose.lock``; ``purpose`` is what is done: "serving".

    Raises LockedError at once if another holds it, ArchiveError if there can be no such lock.
    """
    path = Path(archive).resolve()  # one archive under two names is still one
    path = path.with_name(f"{path.name}.{purpose}.lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ArchiveError(f"the lock cannot be made ({error.strerror}).", about=str(path)) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.read(lock, _PID_BYTES).decode("ascii", "replace").strip()
            raise LockedError(archive, purpose, pid if pid.isdigit() else "unknown") from error
        except OSError as error:
            raise ArchiveError(
                f"this file system keeps no locks ({error.strerror}).",
                about=str(path),
                cure="Keep the archive on a local disk.",
            ) from error
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(lock)

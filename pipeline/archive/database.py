"""The database beneath the archive: opened, brought to the present schema, read and written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from pipeline.archive import revisions
from pipeline.archive.engines import (
    WRITES,
    in_words,
    lock_number,
    parse_url,
    postgresql_engine,
    sqlite_engine,
)
from pipeline.archive.schema import CREATE_AFTER, meta, metadata
from pipeline.model import ArchiveError


class Database:
    """A SQLite file or a PostgreSQL database; one writer at a time, readers at any time."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{WRITES: True})
        self.name = name
        """The file, or the URL without its password."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        create: bool = True,
        upgrade: bool = True,
        older: bool = False,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Database:
        """Open ``sqlite:///file`` or ``postgresql://user@host/database``.

        With ``create``, tables are made where there are none. With ``upgrade``, an archive of an older
        version is brought to the present one, after a backup beside a SQLite file. ``progress`` is told
        in words what takes long. With ``older`` and without ``upgrade``, one of an older version is opened
        as it is, for whoever upgrades it.

        Raises ArchiveError when it cannot be opened, is no archive, or is of a version this program
        cannot read.
        """
        parsed = parse_url(url)
        if parsed.get_backend_name() == "sqlite":
            database = cls(sqlite_engine(parsed), _file(parsed, create))
        else:
            shown = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
            database = cls(postgresql_engine(parsed), shown)
        try:
            database._prepare(create, upgrade, older, progress)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    def _prepare(self, create: bool, upgrade: bool, older: bool, progress: Callable[[str], None]) -> None:
        revision = self.revision()
        if revision == revisions.head():
            return
        if not revision:
            if not create:
                raise _missing(self.name)
            self._create()
        elif revision == "?":
            raise ArchiveError(
                "this database belongs to another program.", about=self.name, cure="Choose another one."
            )
        elif revision not in revisions.known():
            raise ArchiveError(
                f"it has schema {revision}, this program reads up to {revisions.head()}.",
                about=self.name,
                cure="Update unsealed: a newer version wrote this archive.",
            )
        elif upgrade:
            self.upgrade(progress=progress)
        elif not older:
            raise ArchiveError(
                f"it has schema {revision}, this program reads {revisions.head()}.",
                about=self.name,
                cure="Run `unsealed db upgrade`.",
            )

    def revision(self) -> str:
        """The schema's revision; "" if there are no tables, "?" if they are another program's."""
        with self.read() as tx:
            return revisions.revision_of(tx)[0]

    def _create(self) -> None:
        with self.write() as tx:
            if revisions.revision_of(tx)[0]:
                return  # another process was quicker
            metadata.create_all(tx)
            for statement in CREATE_AFTER[self.dialect]:
                tx.exec_driver_sql(statement)
            from pipeline.archive import views  # a hundred columns that only a new archive needs

            views.create(tx)
            # Programs older than the migrations look here, and refuse with both numbers.
            tx.execute(sa.insert(meta).values(key="schema_version", value="2"))
            revisions.stamp(tx, revisions.head())

    def upgrade(
        self, *, backup: bool = True, progress: Callable[[str], None] = lambda _: None
    ) -> Path | None:
        """Bring an older archive to the present schema: all the way, or not at all.

        Before a SQLite file is changed it is copied to ``FILE.NNNN.bak`` beside it, whose path is
        given back. Raises ArchiveError, and then nothing was changed.
        """
        from pipeline.archive import migrations  # brings Alembic, which an archive of today never needs

        with in_our_words(self.name):
            return migrations.upgrade(self._engine, self.name, backup=backup, progress=progress)

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One write transaction: all of it, or nothing."""
        with in_our_words(self.name), self._writing.begin() as tx:
            yield tx

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view; never waits for a writer and never makes one wait."""
        with in_our_words(self.name), self._engine.begin() as tx:
            yield tx

    def vacuum(self) -> None:
        """Give the room of removed rows back to the disk. SQLite needs as much again while it does so."""
        with in_our_words(self.name), self._engine.connect() as plain:
            if self.dialect == "sqlite":
                driver = plain.connection.driver_connection
                assert driver is not None
                driver.execute("VACUUM")
            else:
                plain.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")

    @contextlib.contextmanager
    def session_lock(self, purpose: str) -> Iterator[bool]:
        """On PostgreSQL: hold the lock for ``purpose``, if nobody else does; whether it is held.

        The server gives it back when this process or its connection ends, however it ends. A SQLite
        archive is locked beside its file instead (``unsealed.lock``).
        """
        with in_our_words(self.name), self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            number = lock_number(purpose)
            held = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({number})").scalar()
            try:
                yield bool(held)
            finally:
                connection.invalidate()

    def close(self) -> None:
        """Give up the file, or the server's connections."""
        self._engine.dispose()


def _file(url: sa.URL, create: bool) -> str:
    path = Path(url.database or "")
    if not create and not path.exists():
        raise _missing(str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(f"its folder cannot be made ({error.strerror}).", about=str(path)) from error
    return str(path)


def _missing(name: str) -> ArchiveError:
    return ArchiveError(
        "there is no archive here yet.", about=name, cure="Run `unsealed run` first, or check --config."
    )


@contextlib.contextmanager
def in_our_words(name: str) -> Iterator[None]:
    """Errors of the database, said for people."""
    try:
        yield
    except sa.exc.DatabaseError as error:
        raise in_words(error, name) from error

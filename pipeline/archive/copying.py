"""An archive into another database: from a SQLite file to PostgreSQL, or back."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from pipeline.archive import search_index
from pipeline.archive.database import Database
from pipeline.archive.schema import articles, meta, metadata
from pipeline.model import ArchiveError

#: Rows in memory at a time.
ROWS = 1000


def copy(
    source: Database, target: Database, step: Callable[[str, int], None] = lambda _table, _rows: None
) -> int:
    """Copy every row, ids and all, into an archive that holds nothing yet; gives how many.

    One transaction on either side: the copy is the source at one moment, and whole or not there. The
    search index is made anew. Raises ArchiveError if the target has articles or sources already.
    """
    total = 0
    with source.read() as reading, target.write() as writing:
        for table in (metadata.tables["sources"], articles):
            if writing.scalar(sa.select(sa.func.count()).select_from(table)):
                raise ArchiveError(
                    "this archive is not empty; a copy would mix the two.",
                    about=target.name,
                    cure="Name an empty database or a new file.",
                )
        for table in metadata.sorted_tables:
            if table is meta or table.name.startswith(search_index.TABLES):
                continue
            result = reading.execution_options(stream_results=True).execute(sa.select(table))
            for batch in result.mappings().partitions(ROWS):
                writing.execute(sa.insert(table), [dict(row) for row in batch])
                total += len(batch)
                step(table.name, len(batch))
            if target.dialect == "postgresql":
                _number_on(writing, table)
        search_index.rebuild(writing)
    return total


def _number_on(tx: sa.Connection, table: sa.Table) -> None:
    """Let new rows be numbered after the copied ones; PostgreSQL counts by itself, whatever is inserted."""
    if table.autoincrement_column is not None:
        name = table.autoincrement_column.name
        tx.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{name}'), max({name})) FROM {table.name}"  # noqa: S608
        )

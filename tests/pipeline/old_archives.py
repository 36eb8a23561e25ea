"""Archives of released schemas, made by their own migrations and filled as their programs did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.archive import migrations
from pipeline.archive.engines import parse_url, postgresql_engine, sqlite_engine

#: A row of each table that held times, JSON or keys, in the words of schema 1.
_ROWS: dict[str, list[dict[str, Any]]] = {
    "sources": [{"id": "daily-model", "name": "Daily Model", "kind": "feed", "url": "https://d.example/feed",
        "polled_at": "2026-11-20 07:00:00.000000"}],
    "articles": [
        {"id": 1, "source_id": "daily-model", "canonical_url": "https://d.example/1", "url": "https://d.example/1",
         "outlet": "Daily Model", "title": "Northlight opens Aurora-2", "summary": "晨星", "authors": '["Ann"]',
         "tags": "[]", "links": "[]", "published": "2026-11-20 09:30:00.000000",
         "first_seen": "2026-11-20 10:00:00.123456", "dated": "2026-11-20 09:30:00.000000", "input_hash": "x",
         "judged_hash": "x", "judged_model": "m", "verdict_id": 1, "grouped_verdict_id": 1},
        {"id": 2, "source_id": "daily-model", "canonical_url": "https://d.example/2", "url": "https://d.example/2",
         "outlet": "Daily Model", "title": "Nothing new", "authors": "[]", "tags": "[]", "links": "[]",
         "first_seen": "2026-11-20 10:00:00.000000", "dated": "2026-11-20 10:00:00.000000", "input_hash": "y"},
    ],
    "sightings": [{"source_id": "daily-model", "guid": "1", "article_id": 1,
        "first_seen": "2026-11-20 10:00:00.000000"}],
    "verdicts": [{"id": 1, "article_id": 1, "basis": "summary", "model": "m", "kind": "released", "tagged": True,
        "probability": 0.97, "reasons": "[]", "evidence": "[]", "decided_at": "2026-11-20 10:01:00.000000"}],
    "announcements": [{"id": 1, "verdict_id": 1, "article_id": 1, "position": 0, "who": '["Northlight"]',
        "what": '["Aurora-2"]', "type": "model", "stage": "released", "openness": "open-weights",
        "licence": "Apache-2.0", "evidence_field": "title", "evidence_start": 0, "evidence_end": 25,
        "evidence": "Northlight opens Aurora-2"}],
    "stories": [{"id": 1, "title": "Northlight opens Aurora-2", "stage": "released", "openness": "open-weights",
        "who": '["Northlight"]', "what": '["Aurora-2"]', "type": "model", "url": "https://d.example/1",
        "evidence": "", "outlets": 1, "articles": 1, "verified": False, "candidate": "{}",
        "first_dated": "2026-11-20 09:30:00.000000", "last_dated": "2026-11-20 09:30:00.000000",
        "first_seen": "2026-11-20 10:01:00.000000"}],
    "story_articles": [{"article_id": 1, "story_id": 1, "role": "cover", "score": 1.0, "reasons": "[]",
        "joined_at": "2026-11-20 10:01:00.000000"}],
    "editions": [{"id": 1, "subscription": "daily", "slot": "daily:2026-11-20", "digest": "{}",
        "since": "2026-11-19 08:00:00.000000", "until": "2026-11-20 08:00:00.000000",
        "created_at": "2026-11-20 08:00:01.000000"}],
    "deliveries": [{"id": 1, "edition_id": 1, "channel": "mail", "recipient": "a@example.org", "state": "sent",
        "attempts": 1, "parts_sent": 0, "updated_at": "2026-11-20 08:00:02.000000"}],
}  # fmt: skip


def engine_of(url: str) -> sa.Engine:
    """The engine an archive has beneath it."""
    parsed = parse_url(url)
    return sqlite_engine(parsed) if parsed.get_backend_name() == "sqlite" else postgresql_engine(parsed)


def make_v1(url: str, *, noted_by_alembic: bool = False, many: int = 0) -> None:
    """An archive as unsealed 0.1 left it: a few rows of all that matters, and ``many`` more articles."""
    engine = engine_of(url)
    migrations.upgrade(engine, engine.url.database or "", backup=False, target="0001")
    with engine.execution_options(unsealed_write=True).begin() as tx:
        for table, rows in _ROWS.items():
            for row in rows:
                _insert(tx, table, row)
        for number in range(3, 3 + many):
            address = f"https://d.example/{number}"
            _insert(
                tx,
                "articles",
                _ROWS["articles"][1] | {"id": number, "canonical_url": address, "url": address},
            )
        tx.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('schema_version', '1')")
        if not noted_by_alembic:
            tx.exec_driver_sql("DROP TABLE alembic_version")
    engine.dispose()


def _insert(tx: sa.Connection, table: str, row: dict[str, Any]) -> None:
    columns = {c["name"]: c for c in sa.inspect(tx).get_columns(table)}
    for name, column in columns.items():
        # What the program's own defaults gave.
        if name not in row and not column["nullable"]:
            kind = column["type"].python_type
            row = row | {name: kind()}
    marks = ", ".join(_mark(tx, columns[name]["type"], name) for name in row)
    tx.execute(sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"), row)


def _mark(tx: sa.Connection, kind: Any, name: str) -> str:
    if tx.dialect.name == "sqlite":
        return f":{name}"
    cast = {"JSONB": "jsonb", "TIMESTAMP": "timestamptz"}.get(type(kind).__name__)
    if cast == "timestamptz":
        return f"CAST(:{name} AS timestamp) AT TIME ZONE 'UTC'"
    return f"CAST(:{name} AS {cast})" if cast else f":{name}"


def file_of(url: str) -> Path:
    """The file of a SQLite archive."""
    return Path(url.removeprefix("sqlite:///"))

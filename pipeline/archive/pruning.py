"""Retention: old articles go, what was told stays, and nothing that went comes back.

What is pruned leaves tombstones (``tombstones.py``) in the same transaction, so that a feed that lists it
again brings nothing. Kept whatever their age: what belongs to a story, what another table points at, what
has not been judged yet and, unless asked for, what is tagged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.rows import insert_missing
from pipeline.archive.schema import (
    announcements,
    articles,
    metadata,
    runs,
    sightings,
    story_articles,
    tombstones,
    verdicts,
)
from pipeline.archive.search_index import unindex_articles
from pipeline.archive.tombstones import address_key, guid_key

#: Articles that go in one transaction: others wait for it, and a kill loses no more than it.
BATCH = 500
#: Tables whose rows about an article go with it.
_GO_WITH_IT = ("verdicts", "announcements", "sightings")


@dataclass(frozen=True, slots=True)
class Retention:
    """What is to go: articles dated before ``before``; of these ``kinds``, or of any if there are none."""

    before: datetime
    kinds: tuple[str, ...] = ()
    tagged: bool = False
    """Also tagged ones that belong to no story."""


@dataclass(frozen=True, slots=True)
class Prunable:
    """What a retention would remove, and what it leaves of the same age."""

    articles: int
    runs: int
    characters: int
    kept: int


def prunable(database: Database, retention: Retention) -> Prunable:
    """Count what would go, and change nothing."""
    size = (
        sa.func.length(articles.c.title)
        + sa.func.length(articles.c.summary)
        + sa.func.length(articles.c.text)
    )
    old = articles.c.dated < retention.before
    with database.read() as tx:
        goes = _goes(tx, retention)
        count, characters = tx.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(size), 0))
            .select_from(articles)
            .where(goes)
        ).one()
        total = tx.scalar(sa.select(sa.func.count()).select_from(articles).where(old)) or 0
        lines = tx.scalar(sa.select(sa.func.count()).select_from(runs).where(_old_run(retention))) or 0
    return Prunable(count, lines, int(characters), total - count)


def prune(
    database: Database, retention: Retention, now: datetime, step: Callable[[int], None] = lambda _: None
) -> int:
    """Remove it, a batch a transaction; ``step`` is told how many went. Gives how many articles went."""
    gone = 0
    while True:
        with database.write() as tx:
            query = sa.select(articles.c.id).where(_goes(tx, retention)).order_by(articles.c.id).limit(BATCH)
            ids = list(tx.scalars(query))
            _remove(tx, ids, now)
            if len(ids) < BATCH:
                tx.execute(sa.delete(runs).where(_old_run(retention)))
        gone += len(ids)
        step(len(ids))
        if len(ids) < BATCH:
            return gone


def _goes(tx: sa.Connection, retention: Retention) -> sa.ColumnElement[bool]:
    kinds = verdicts.c.kind.in_(retention.kinds) if retention.kinds else sa.true()
    judged = sa.exists().where(
        verdicts.c.id == articles.c.verdict_id,
        kinds,
        sa.true() if retention.tagged else sa.not_(verdicts.c.tagged),
    )
    # SQLite hands the highest number out again once its row is gone; that row waits for the next one.
    newest = tx.scalar(sa.select(sa.func.max(articles.c.id)))
    return sa.and_(
        articles.c.dated < retention.before,
        articles.c.id != (newest or 0),
        judged,
        *(~sa.exists().where(column == articles.c.id) for column in _pointing_at_articles()),
    )


def _pointing_at_articles() -> Sequence[sa.Column[int]]:
    """Columns of tables that keep an article from being pruned: stories', corrections' and the like."""
    return [
        key.parent
        for table in metadata.sorted_tables
        if table.name not in _GO_WITH_IT
        for key in sorted(table.foreign_keys, key=str)
        if key.column is articles.c.id
    ]


def _old_run(retention: Retention) -> sa.ColumnElement[bool]:
    return sa.and_(runs.c.started_at < retention.before, runs.c.ended_at.is_not(None))


def _remove(tx: sa.Connection, ids: Sequence[int], now: datetime) -> None:
    if not ids:
        return
    assert story_articles.c.article_id in _pointing_at_articles()
    rows = tx.execute(sa.select(articles.c.id, articles.c.canonical_url).where(articles.c.id.in_(ids)))
    keys = {address_key(r.canonical_url) for r in rows}
    listed = tx.execute(
        sa.select(sightings.c.source_id, sightings.c.guid, articles.c.title)
        .join(articles, articles.c.id == sightings.c.article_id)
        .where(sightings.c.article_id.in_(ids))
    )
    keys |= {guid_key(r.source_id, r.guid, r.title) for r in listed}
    insert_missing(tx, tombstones, [{"key": key, "pruned_at": now} for key in sorted(keys)])
    unindex_articles(tx, ids)
    tx.execute(sa.delete(announcements).where(announcements.c.article_id.in_(ids)))
    tx.execute(sa.delete(verdicts).where(verdicts.c.article_id.in_(ids)))
    tx.execute(sa.delete(sightings).where(sightings.c.article_id.in_(ids)))
    tx.execute(sa.delete(articles).where(articles.c.id.in_(ids)))

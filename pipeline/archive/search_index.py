"""Keeping what searching reads: always in the same transaction as what it stands for.

Whoever changes an article's words or time calls ``index_articles``; its verdict,
``index_verdicts``; a story or promise, ``index_stories``. Nobody else writes these tables.
"""

# ruff: noqa: S608 - SQL is put together from names of ours alone; every value is bound.
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from pipeline.archive.query_keys import Of
from pipeline.archive.rows import insert_many, insert_raw
from pipeline.archive.schema import (
    announcements,
    articles,
    meta,
    promises,
    search_articles,
    search_facts,
    stories,
    story_articles,
    verdicts,
)
from pipeline.archive.search_facts import POSITIONS, FactRow, article_facts, promise_facts, story_facts
from pipeline.archive.sort_key import sort_key
from pipeline.archive.words import FILLER, bounded

#: Key of ``meta`` by which a migration asks for a new index.
STALE = "search_index"
#: Rows handled at once: bounded memory, and within what one statement may bind.
BATCH = 500
#: How the names of derived tables begin: they are never copied, but made anew.
TABLES = ("search_",)


def index_articles(tx: sa.Connection, ids: Iterable[int], *, new: bool = False) -> None:
    """Make the index agree with these articles' present words and times.

    ``new``: they were inserted in this transaction, so there is nothing to take away first.
    """
    for some in _batches(ids):
        if not new:
            _forget(tx, some)
        rows = tx.execute(
            sa.select(
                articles.c.id,
                articles.c.dated,
                articles.c.source_id,
                articles.c.outlet,
                articles.c.language,
                articles.c.country,
                articles.c.title,
                articles.c.summary,
                articles.c.text,
                articles.c.verdict_id,
            ).where(articles.c.id.in_(some))
        ).all()
        if not rows:
            continue
        keys = {r.id: sort_key(r.dated, r.id) for r in rows}
        insert_many(
            tx,
            search_articles,
            [
                {
                    "sort_key": keys[r.id],
                    "article_id": r.id,
                    "source": r.source_id.lower(),
                    "outlet": r.outlet,
                    "lang": r.language.lower(),
                    "country": r.country.lower(),
                }
                for r in rows
            ],
        )
        _write_words(tx, [(keys[r.id], bounded(r.title, r.summary, r.text)) for r in rows])
        judged = [r.id for r in rows if r.verdict_id is not None]
        if judged:
            index_verdicts(tx, judged)


def index_verdicts(tx: sa.Connection, article_ids: Iterable[int]) -> None:
    """Make the facts of these articles and their announcements agree with the verdicts in force."""
    for some in _batches(article_ids):
        judged = tx.execute(
            sa.select(articles.c.id, verdicts.c.kind, verdicts.c.tagged, verdicts.c.probability)
            .join(verdicts, verdicts.c.id == articles.c.verdict_id)
            .where(articles.c.id.in_(some))
        ).all()
        if judged:
            tx.execute(
                sa.update(search_articles).where(search_articles.c.article_id == sa.bindparam("of_article")),
                [
                    {
                        "of_article": r.id,
                        "kind": r.kind,
                        "tagged": "yes" if r.tagged else "no",
                        "probability": r.probability,
                    }
                    for r in judged
                ],
            )
        _index_facts(tx, some)


def index_stories(tx: sa.Connection, story_ids: Iterable[int]) -> None:
    """Make the facts of these stories, their promises and their articles agree with their rows."""
    for some in _batches(story_ids):
        _delete(tx, Of.STORY, some)
        told = {r.id: r for r in tx.execute(sa.select(stories).where(stories.c.id.in_(some)))}
        members: dict[int, list[Any]] = {i: [] for i in some}
        query = (
            sa.select(story_articles.c.story_id, search_articles)
            .join(search_articles, search_articles.c.article_id == story_articles.c.article_id)
            .where(story_articles.c.story_id.in_(some))
        )
        for r in tx.execute(query):
            members[r.story_id].append(r)
        made = tx.execute(sa.select(promises).where(promises.c.story_id.in_(some))).all()
        _delete(tx, Of.PROMISE, [p.id for p in made])
        _insert(
            tx,
            [
                *(f for s in told.values() for f in story_facts(s, members[s.id])),
                *(f for p in made for f in promise_facts(p, told[p.story_id], members[p.story_id])),
            ],
        )
        _index_facts(tx, [m.article_id for rows in members.values() for m in rows])


def unindex_articles(tx: sa.Connection, ids: Iterable[int]) -> None:
    """Take articles out of the index; call it before they are deleted."""
    for some in _batches(ids):
        _forget(tx, some)


def unindex_stories(tx: sa.Connection, story_ids: Iterable[int], promise_ids: Iterable[int]) -> None:
    """Take stories and promises out of the index."""
    for some in _batches(story_ids):
        _delete(tx, Of.STORY, some)
    for some in _batches(promise_ids):
        _delete(tx, Of.PROMISE, some)


def rebuild(tx: sa.Connection) -> None:
    """Make the whole index anew from the tables it is derived from."""
    for table in ("search_words", "search_facts", "search_articles"):
        tx.exec_driver_sql(f"DELETE FROM {table}")
    index_articles(tx, tx.scalars(sa.select(articles.c.id).order_by(articles.c.id)).all(), new=True)
    index_stories(tx, tx.scalars(sa.select(stories.c.id).order_by(stories.c.id)).all())


#: How the names of derived tables begin: they are never copied, but made anew.
TABLES = ("search_",)


def refresh(tx: sa.Connection, progress: Callable[[str], None]) -> None:
    """Make the index anew where a migration has left it ``stale`` (in ``meta``)."""
    stale = sa.and_(meta.c.key == STALE, meta.c.value == "stale")
    if tx.scalar(sa.select(sa.func.count()).select_from(meta).where(stale)):
        progress("making the search index anew")
        rebuild(tx)
        tx.execute(sa.delete(meta).where(meta.c.key == STALE))


def check(tx: sa.Connection) -> int:
    """How many articles the index lacks, and how many it has that are gone; ``rebuild`` cures it."""
    key = "rowid" if tx.dialect.name == "sqlite" else "sort_key"
    queries = (
        "SELECT count(*) FROM articles WHERE id NOT IN (SELECT article_id FROM search_articles)",
        "SELECT count(*) FROM search_articles WHERE article_id NOT IN (SELECT id FROM articles)",
        f"SELECT count(*) FROM search_articles WHERE sort_key NOT IN (SELECT {key} FROM search_words)",
        f"SELECT count(*) FROM search_words WHERE {key} NOT IN (SELECT sort_key FROM search_articles)",
    )
    return sum(int(tx.exec_driver_sql(query).scalar() or 0) for query in queries)


def _index_facts(tx: sa.Connection, article_ids: Sequence[int]) -> None:
    """Facts of articles and their announcements, written anew."""
    for some in _batches(article_ids):
        _delete_articles(tx, some)
        rows = {
            r.article_id: r
            for r in tx.execute(sa.select(search_articles).where(search_articles.c.article_id.in_(some)))
        }
        told: dict[int, list[Any]] = {}
        query = (
            sa.select(announcements)
            .join(articles, articles.c.verdict_id == announcements.c.verdict_id)
            .where(articles.c.id.in_(some))
            .order_by(announcements.c.position)
        )
        for r in tx.execute(query):
            told.setdefault(r.article_id, []).append(r)
        placed = (
            sa.select(story_articles.c.article_id, stories.c.id, stories.c.outlets)
            .join(stories, stories.c.id == story_articles.c.story_id)
            .where(story_articles.c.article_id.in_(some))
        )
        story_of = {r.article_id: (r.id, r.outlets) for r in tx.execute(placed)}
        _insert(
            tx, [f for i, row in rows.items() for f in article_facts(row, told.get(i, ()), story_of.get(i))]
        )


def _forget(tx: sa.Connection, ids: Sequence[int]) -> None:
    keys = tx.scalars(
        sa.select(search_articles.c.sort_key).where(search_articles.c.article_id.in_(ids))
    ).all()
    if not keys:
        return
    column = "rowid" if tx.dialect.name == "sqlite" else "sort_key"
    tx.execute(
        sa.text(f"DELETE FROM search_words WHERE {column} = :key"),
        [{"key": key} for key in keys],
    )
    tx.execute(sa.delete(search_articles).where(search_articles.c.article_id.in_(ids)))
    _delete_articles(tx, ids)


def _delete_articles(tx: sa.Connection, ids: Sequence[int]) -> None:
    _delete(tx, Of.ARTICLE, ids)
    tx.execute(
        sa.delete(search_facts).where(
            search_facts.c.of == Of.ANNOUNCEMENT.value,
            search_facts.c.row_id.between(sa.bindparam("first"), sa.bindparam("last")),
        ),
        [{"first": i * POSITIONS, "last": i * POSITIONS + POSITIONS - 1} for i in ids],
    )


def _delete(tx: sa.Connection, of: Of, ids: Sequence[int]) -> None:
    if ids:
        tx.execute(
            sa.delete(search_facts).where(search_facts.c.of == of.value, search_facts.c.row_id.in_(ids))
        )


def _insert(tx: sa.Connection, rows: list[FactRow]) -> None:
    insert_many(tx, search_facts, rows)


def _write_words(tx: sa.Connection, rows: Sequence[tuple[int, tuple[list[str], ...]]]) -> None:
    # FTS5 gathers words in memory while rowids go up, and writes a segment whenever one does not.
    rows = sorted(rows, key=lambda row: row[0])
    if tx.dialect.name == "sqlite":
        joined = [(key, *(" ".join(words) for words in fields)) for key, fields in rows]
        insert_raw(tx, "search_words", ("rowid", "title", "summary", "text"), joined)
    else:
        insert_raw(tx, "search_words", ("sort_key", "words"), [(key, tsvector(f)) for key, f in rows])


def tsvector(fields: tuple[list[str], ...]) -> str:
    """Title, summary and text as PostgreSQL writes a tsvector, with weights A, B and D.

    A place is left free between two fields, so that no phrase runs from one into the next.
    """
    places: dict[str, list[str]] = {}
    at = 0
    for words, weight in zip(fields, ("A", "B", ""), strict=True):
        for word in words:
            at += 1
            if word != FILLER:
                places.setdefault(word, []).append(f"{at}{weight}")
        at += 1
    return " ".join(f"'{word}':{','.join(where)}" for word, where in places.items())


def _batches(ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    rest = iter(ids)
    while some := tuple(islice(rest, BATCH)):
        yield some

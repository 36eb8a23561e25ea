"""Is the archive whole? Each finding says what is wrong, how much of it, and what helps."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive import search_index
from pipeline.archive.database import Database
from pipeline.archive.schema import (
    articles,
    edition_stories,
    metadata,
    promises,
    stories,
    story_articles,
    story_keys,
    verdicts,
)
from pipeline.archive.storying import refresh_story


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong. ``code`` is for programs; ``cure`` says what ``--repair`` does, or what a person can."""

    code: str
    message: str
    count: int
    cure: str
    repairable: bool = True


#: How one kind of damage is counted, and how it is repaired; ``repair`` is None where that is not safe.
@dataclass(frozen=True, slots=True)
class _Check:
    code: str
    message: str
    cure: str
    count: Callable[[sa.Connection], int]
    repair: Callable[[sa.Connection], None] | None


def check(database: Database, progress: Callable[[str], None] = lambda _: None) -> tuple[Finding, ...]:
    """Look at everything, change nothing. Raises ArchiveError if the archive cannot be read at all."""
    if database.dialect == "sqlite":
        progress("pages of the file")
        if damaged := tuple(_pages(database.name)):
            return damaged  # whatever else is read from it may be wrong
    found: list[Finding] = []
    with database.read() as tx:
        progress("rows that point at nothing")
        found += _foreign_keys(tx)
        for one in _CHECKS:
            progress(one.message)
            if count := one.count(tx):
                found.append(Finding(one.code, one.message, count, one.cure, one.repair is not None))
    return tuple(found)


def repair(database: Database, findings: tuple[Finding, ...], progress: Callable[[str], None]) -> None:
    """Repair what can be, each kind in one transaction; look again afterwards."""
    codes = {f.code for f in findings if f.repairable}
    if "foreign-keys" in codes:
        progress("removing rows that point at nothing")
        with database.write() as tx:
            _remove_dangling(tx)
    for one in _CHECKS:
        if one.code in codes and one.repair is not None:
            progress(one.cure)
            with database.write() as tx:
                one.repair(tx)


def _pages(path: str) -> Iterator[Finding]:
    connection = sqlite3.connect(path)
    try:
        said = [str(r[0]) for r in connection.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:  # so damaged that even the check stumbles
        said = [str(error)]
    finally:
        connection.close()
    if said != ["ok"]:
        yield Finding(
            "pages",
            f"pages of the file are damaged ({said[0]})",
            len(said),
            "Put the newest backup in its place; `unsealed db export` saves what can still be read.",
            repairable=False,
        )


def _dangling(tx: sa.Connection) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool], int]]:
    """Rows whose foreign key finds nothing. PostgreSQL keeps them out, unless somebody switched that off."""
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=str):
            target = key.column.table.alias("target")
            lost = sa.and_(
                key.parent.is_not(None), ~sa.exists().where(target.c[key.column.name] == key.parent)
            )
            if count := tx.scalar(sa.select(sa.func.count()).select_from(table).where(lost)):
                yield table, lost, count


def _foreign_keys(tx: sa.Connection) -> Iterator[Finding]:
    lost = [(table.name, count) for table, _, count in _dangling(tx)]
    if lost:
        tables = ", ".join(sorted({name for name, _ in lost}))
        yield Finding(
            "foreign-keys",
            f"rows that point at nothing, in {tables}",
            sum(count for _, count in lost),
            "Removes these rows: what they were about is gone.",
        )


def _remove_dangling(tx: sa.Connection) -> None:
    for _ in metadata.sorted_tables:  # a row removed may leave others behind, each table once at most
        lost = list(_dangling(tx))
        if not lost:
            return
        for table, condition, _count in lost:
            tx.execute(sa.delete(table).where(condition))


def _count(tx: sa.Connection, table: sa.FromClause, condition: sa.ColumnElement[bool]) -> int:
    return tx.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0


def _without_verdict() -> sa.ColumnElement[bool]:
    return sa.and_(
        articles.c.verdict_id.is_not(None), ~sa.exists().where(verdicts.c.id == articles.c.verdict_id)
    )


def _judge_again(tx: sa.Connection) -> None:
    tx.execute(
        sa.update(articles)
        .where(_without_verdict())
        .values(verdict_id=None, grouped_verdict_id=None, judged_hash="")
    )


def _empty_story() -> sa.ColumnElement[bool]:
    return sa.and_(
        ~sa.exists().where(story_articles.c.story_id == stories.c.id),
        # An edition told of it: it stays, for what was sent stands in the ledger.
        ~sa.exists().where(edition_stories.c.story_id == stories.c.id),
    )


def _remove_empty_stories(tx: sa.Connection) -> None:
    ids = sa.select(stories.c.id).where(_empty_story())
    gone = tx.scalars(ids).all()
    reopened = tx.scalars(sa.select(promises.c.story_id).where(promises.c.kept_by.in_(gone))).all()
    made = tx.scalars(sa.select(promises.c.id).where(promises.c.story_id.in_(gone))).all()
    search_index.unindex_stories(tx, gone, made)
    tx.execute(sa.update(promises).where(promises.c.kept_by.in_(ids)).values(kept_by=None, state="open"))
    tx.execute(sa.delete(promises).where(promises.c.story_id.in_(ids)))
    tx.execute(sa.delete(story_keys).where(story_keys.c.story_id.in_(ids)))
    tx.execute(sa.delete(stories).where(_empty_story()))
    search_index.index_stories(tx, [i for i in reopened if i not in gone])


def _miscounted() -> sa.ColumnElement[bool]:
    members = (
        sa.select(sa.func.count())
        .select_from(story_articles)
        .where(story_articles.c.story_id == stories.c.id)
        .scalar_subquery()
    )
    return sa.and_(members > 0, members != stories.c.articles)


def _refresh(tx: sa.Connection) -> None:
    miscounted = list(tx.scalars(sa.select(stories.c.id).where(_miscounted())))
    for story_id in miscounted:
        refresh_story(tx, story_id)
    search_index.index_stories(tx, miscounted)


def _unjudged_members() -> sa.ColumnElement[bool]:
    return sa.and_(
        articles.c.verdict_id.is_(None), sa.exists().where(story_articles.c.article_id == articles.c.id)
    )


_CHECKS = (
    _Check(
        "verdicts",
        "articles whose verdict is gone",
        "They are judged again by the next run.",
        lambda tx: _count(tx, articles, _without_verdict()),
        _judge_again,
    ),
    _Check(
        "empty-stories",
        "stories without an article",
        "Removes these stories and their promises.",
        lambda tx: _count(tx, stories, _empty_story()),
        _remove_empty_stories,
    ),
    _Check(
        "story-counts",
        "stories whose facts do not agree with their articles",
        "Merges these stories anew.",
        lambda tx: _count(tx, stories, _miscounted()),
        _refresh,
    ),
    _Check(
        "story-unjudged",
        "articles in a story that have no verdict",
        "Run `unsealed run`: they are judged first.",
        lambda tx: _count(tx, articles, _unjudged_members()),
        None,
    ),
    _Check(
        "search-index",
        "articles that the search index lacks or has too many of",
        "Makes the search index anew.",
        search_index.check,
        search_index.rebuild,
    ),
)


@dataclass(frozen=True, slots=True)
class Stats:
    """An archive in figures; sizes in bytes, 0 where the database does not tell."""

    name: str
    revision: str
    size: int
    oldest: datetime | None
    newest: datetime | None
    rows: dict[str, int]
    kinds: dict[str, int]
    awaiting_verdict: int
    awaiting_story: int


def stats(database: Database) -> Stats:
    """Count what is there."""
    with database.read() as tx:
        oldest, newest = tx.execute(
            sa.select(sa.func.min(articles.c.dated), sa.func.max(articles.c.dated))
        ).one()
        rows = {
            t.name: tx.scalar(sa.select(sa.func.count()).select_from(t)) or 0
            for t in sorted(metadata.tables.values(), key=lambda t: t.name)
            if t.name != "meta"
        }
        kinds = sa.select(verdicts.c.kind, sa.func.count()).join(
            articles, articles.c.verdict_id == verdicts.c.id
        )
        by_kind = {row[0]: int(row[1]) for row in tx.execute(kinds.group_by(verdicts.c.kind))}
        size = tx.exec_driver_sql(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            if database.dialect == "sqlite"
            else "SELECT pg_database_size(current_database())"
        ).scalar()
        grouped = sa.and_(
            articles.c.verdict_id.is_not(None),
            sa.func.coalesce(articles.c.grouped_verdict_id, 0) != articles.c.verdict_id,
        )
        return Stats(
            name=database.name,
            revision=database.revision(),
            size=int(size or 0),
            oldest=oldest,
            newest=newest,
            rows=rows,
            kinds=dict(sorted(by_kind.items(), key=lambda k: -k[1])),
            awaiting_verdict=_count(tx, articles, articles.c.judged_hash != articles.c.input_hash),
            awaiting_story=_count(tx, articles, grouped),
        )

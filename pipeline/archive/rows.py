"""Rows of the tables as the vocabulary's dataclasses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import sqlalchemy as sa

from pipeline.archive.codec import from_plain
from pipeline.archive.schema import announcements, articles, story_articles, verdicts
from pipeline.model import (
    Announcement,
    Article,
    Artifact,
    ArtifactType,
    Evidence,
    Item,
    Kind,
    Openness,
    Story,
    StoryRole,
    Verdict,
)

if TYPE_CHECKING:
    from pipeline.merge import Member

T = TypeVar("T")

#: SQLite takes a bounded number of bound values in one statement; lists of ids are cut to this.
CHUNK = 500


def chunks(ids: Sequence[T]) -> Iterable[Sequence[T]]:
    """The ids, or other keys, in runs that fit one statement."""
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def insert_missing(tx: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows whose key is not taken; the others are left as they are."""
    if rows:
        tx.execute(_inserting(tx.dialect.name, table).on_conflict_do_nothing(), rows)


def _inserting(dialect: str, table: sa.Table) -> Any:
    # Not at the top: PostgreSQL's half of SQLAlchemy takes as long to import as a search to answer.
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table)


def insert_numbered(tx: sa.Connection, table: sa.Table, rows: Sequence[dict[str, object]]) -> list[int]:
    """Insert rows of equal keys and give the ids they got, in their order."""
    if not rows:
        return []
    if tx.dialect.name == "sqlite":
        # With RETURNING SQLite would be asked for a row at a time. Nobody else writes meanwhile, so
        # the next numbers are known.
        last = tx.scalar(sa.select(sa.func.max(table.c.id))) or 0
        if table.dialect_options["sqlite"]["autoincrement"]:
            used = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
            last = max(last, tx.scalar(used, {"name": table.name}) or 0)
        ids = list(range(last + 1, last + 1 + len(rows)))
    else:
        numbers = sa.text("SELECT nextval(pg_get_serial_sequence(:t, 'id')) FROM generate_series(1, :n)")
        ids = list(tx.scalars(numbers, {"t": table.name, "n": len(rows)}))
    insert_many(tx, table, [{"id": i, **row} for i, row in zip(ids, rows, strict=True)])
    return ids


def insert_many(tx: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of equal keys; keys they lack are the columns' defaults.

    What ``tx.execute(insert(table), rows)`` does, with a column's values converted together instead of
    a row's, and by COPY on PostgreSQL: three times less work for many rows.
    """
    if not rows:
        return
    names, values = [], []
    for column in table.columns:
        if column.name in rows[0]:
            found: list[Any] = [row[column.name] for row in rows]
        elif column.default is not None and column.default.is_scalar:
            found = [cast("sa.ColumnDefault", column.default).arg] * len(rows)
        else:
            continue
        names.append(f'"{column.name}"')
        convert = column.type.dialect_impl(tx.dialect).bind_processor(tx.dialect)
        values.append([convert(v) for v in found] if convert else found)
    insert_raw(tx, table.name, names, list(zip(*values, strict=True)))


def insert_raw(tx: sa.Connection, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of values as the driver takes them; ``names`` are quoted columns."""
    columns = ", ".join(names)
    if tx.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        tx.exec_driver_sql(f"INSERT INTO {table}({columns}) VALUES ({marks})", list(rows))  # noqa: S608
        return
    driver: Any = tx.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table}({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def article_of(row: Any) -> Article:
    """An ``articles`` row."""
    return Article(
        id=row.id,
        source_id=row.source_id,
        outlet=row.outlet,
        url=row.url,
        canonical_url=row.canonical_url,
        title=row.title,
        summary=row.summary,
        text=row.text,
        language=row.language,
        published=row.published,
        first_seen=row.first_seen,
        organisation=row.organisation,
        category=row.category,
        artifact=from_plain(Artifact, row.artifact) if row.artifact else None,
        links=tuple(row.links),
    )


def item_of(article: Article) -> Item:
    """What the classifier reads of a stored article."""
    return Item(
        id=str(article.id),
        title=article.title,
        summary=article.summary,
        text=article.text,
        url=article.url,
        outlet=article.outlet,
        published=article.dated,
        language=article.language,
        organisation=article.organisation,
        artifact=article.artifact,
    )


def load_articles(tx: sa.Connection, ids: Sequence[int]) -> Mapping[int, Article]:
    """Articles by id."""
    found: dict[int, Article] = {}
    for chunk in chunks(ids):
        for row in tx.execute(sa.select(articles).where(articles.c.id.in_(chunk))):
            found[row.id] = article_of(row)
    return found


def load_verdicts(tx: sa.Connection, article_ids: Sequence[int]) -> Mapping[int, Verdict]:
    """The verdict in force of each article, by article id; articles without one are left out."""
    found: dict[int, Verdict] = {}
    for chunk in chunks(article_ids):
        query = (
            sa.select(verdicts, articles.c.id.label("of"))
            .join(articles, articles.c.verdict_id == verdicts.c.id)
            .where(articles.c.id.in_(chunk))
        )
        rows = list(tx.execute(query))
        for r, verdict in zip(rows, read_verdicts(tx, rows), strict=True):
            found[r.of] = verdict
    return found


def read_verdicts(tx: sa.Connection, rows: Sequence[Any]) -> list[Verdict]:
    """``verdicts`` rows with their announcements, in their order."""
    told = _announcements(tx, [r.id for r in rows])
    return [
        Verdict(
            kind=Kind(r.kind),
            probability=r.probability,
            announcements=tuple(told.get(r.id, ())),
            evidence=tuple(from_plain(Evidence, e) for e in r.evidence),
            reasons=tuple(r.reasons),
            model=r.model,
            basis=r.basis,
        )
        for r in rows
    ]


def load_members(tx: sa.Connection, story_ids: Sequence[int]) -> dict[int, list[Member]]:
    """Each story's articles with their verdicts in force, by story id."""
    from pipeline.merge import Member  # brings the knowledge, which a search does without

    placed: list[Any] = []
    for chunk in chunks(story_ids):
        query = (
            sa.select(story_articles)
            .where(story_articles.c.story_id.in_(chunk))
            .order_by(story_articles.c.story_id, story_articles.c.article_id)
        )
        placed.extend(tx.execute(query))
    ids = [p.article_id for p in placed]
    found, verdict_of = load_articles(tx, ids), load_verdicts(tx, ids)
    members: dict[int, list[Member]] = {}
    for p in placed:
        members.setdefault(p.story_id, []).append(
            Member(found[p.article_id], verdict_of[p.article_id], StoryRole(p.role))
        )
    return members


def load_stories(tx: sa.Connection, story_ids: Sequence[int]) -> Mapping[int, Story]:
    """Stories in full, by id, in the order asked for."""
    from pipeline.merge import merge_story

    members = load_members(tx, story_ids)
    return {i: merge_story(i, members[i]) for i in story_ids if i in members}


def _announcements(tx: sa.Connection, verdict_ids: Sequence[int]) -> dict[int, list[Announcement]]:
    found: dict[int, list[Announcement]] = {}
    query = (
        sa.select(announcements)
        .where(announcements.c.verdict_id.in_(verdict_ids))
        .order_by(announcements.c.verdict_id, announcements.c.position)
    )
    for r in tx.execute(query):
        found.setdefault(r.verdict_id, []).append(
            Announcement(
                who=tuple(r.who),
                what=tuple(r.what),
                type=ArtifactType(r.type),
                stage=Kind(r.stage),
                openness=Openness(r.openness),
                licence=r.licence,
                evidence=Evidence(r.evidence_field, r.evidence_start, r.evidence_end, r.evidence),
                claimed=Openness(r.claimed) if r.claimed else None,
                due=r.due,
            )
        )
    return found

"""Searching the archive: a parsed query as SQL with bound values, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.query import Filter, Query, yes
from pipeline.archive.schema import announcements, articles, story_articles, verdicts
from pipeline.archive.search_index import matching
from pipeline.archive.words import phrase


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found, with the leading facts of its verdict."""

    id: int
    title: str
    url: str
    outlet: str
    lang: str
    published: datetime
    kind: str
    tagged: bool
    probability: float | None
    openness: str | None
    licence: str | None
    who: tuple[str, ...]
    what: tuple[str, ...]
    story: int | None


@dataclass(frozen=True, slots=True)
class FoundAnnouncement:
    """One opening found: the facts of an announcement and the sentence that proves it."""

    article_id: int
    published: datetime
    who: tuple[str, ...]
    what: tuple[str, ...]
    type: str
    stage: str
    openness: str
    claimed: str | None
    licence: str | None
    evidence: str
    outlet: str
    url: str
    story: int | None


class Search:
    """The reader's side of the archive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def articles(self, query: Query, *, limit: int = 50) -> tuple[Hit, ...]:
        """Articles that fit, newest first."""
        lead = announcements.alias("lead")
        statement = (
            sa.select(
                articles,
                verdicts.c.kind,
                verdicts.c.tagged,
                verdicts.c.probability,
                lead.c.openness,
                lead.c.licence,
                lead.c.who,
                lead.c.what,
                story_articles.c.story_id,
            )
            .outerjoin(verdicts, verdicts.c.id == articles.c.verdict_id)
            .outerjoin(lead, sa.and_(lead.c.verdict_id == articles.c.verdict_id, lead.c.position == 0))
            .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
            .where(*_conditions(query, self._db.dialect, per_row=None))
            .order_by(articles.c.dated.desc(), articles.c.id.desc())
            .limit(limit)
        )
        with self._db.read() as tx:
            return tuple(_hit(r) for r in tx.execute(statement))

    def count(self, query: Query) -> int:
        """How many articles fit."""
        statement = (
            sa.select(sa.func.count())
            .select_from(articles)
            .outerjoin(verdicts, verdicts.c.id == articles.c.verdict_id)
            .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
            .where(*_conditions(query, self._db.dialect, per_row=None))
        )
        with self._db.read() as tx:
            return tx.scalar(statement) or 0

    def announcements(self, query: Query, *, limit: int = 50) -> tuple[FoundAnnouncement, ...]:
        """Openings that fit, newest first; filters on facts hold for the very row given back."""
        statement = (
            sa.select(
                announcements, articles.c.dated, articles.c.outlet, articles.c.url, story_articles.c.story_id
            )
            .select_from(announcements)
            .join(
                articles,
                sa.and_(
                    articles.c.id == announcements.c.article_id,
                    articles.c.verdict_id == announcements.c.verdict_id,
                ),
            )
            .join(verdicts, verdicts.c.id == articles.c.verdict_id)
            .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
            .where(*_conditions(query, self._db.dialect, per_row=announcements))
            .order_by(articles.c.dated.desc(), articles.c.id.desc(), announcements.c.position)
            .limit(limit)
        )
        with self._db.read() as tx:
            return tuple(_found(r) for r in tx.execute(statement))


def _conditions(
    query: Query, dialect: str, *, per_row: sa.FromClause | None
) -> Sequence[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for term in query.terms:
        words = phrase(term.text)
        if not words:
            continue  # punctuation alone says nothing about any article
        found = articles.c.id.in_(matching(dialect, words))
        conditions.append(sa.not_(found) if term.negated else found)
    for wanted in query.filters:
        condition = _filter(wanted, dialect, per_row)
        conditions.append(sa.not_(condition) if wanted.negated else condition)
    if query.since is not None:
        conditions.append(articles.c.dated >= query.since)
    if query.until is not None:
        conditions.append(articles.c.dated <= query.until)
    return conditions


_FACTS = ("who", "what", "licence", "openness", "type")


def _filter(wanted: Filter, dialect: str, per_row: sa.FromClause | None) -> sa.ColumnElement[bool]:
    values = wanted.values
    if wanted.key in _FACTS:
        facts = announcements.alias() if per_row is None else per_row
        condition = sa.or_(*(_fact(facts, dialect, wanted.key, v) for v in values))
        if per_row is not None:
            return condition
        return sa.exists().where(facts.c.verdict_id == articles.c.verdict_id, condition)
    if wanted.key == "tagged":
        return sa.func.coalesce(verdicts.c.tagged, False).in_([yes(v) for v in values])
    if wanted.key == "kind":
        return sa.func.coalesce(verdicts.c.kind, "").in_(values)
    if wanted.key == "story":
        return sa.func.coalesce(story_articles.c.story_id, 0).in_([int(v) for v in values])
    if wanted.key == "outlet":
        return sa.or_(*(articles.c.outlet.icontains(v, autoescape=True) for v in values))
    column = {"source": articles.c.source_id, "lang": articles.c.language, "country": articles.c.country}[
        wanted.key
    ]
    return sa.func.lower(column).in_([v.lower() for v in values])


def _fact(facts: sa.FromClause, dialect: str, key: str, value: str) -> sa.ColumnElement[bool]:
    if key in ("who", "what"):
        unnest = sa.func.json_each if dialect == "sqlite" else sa.func.jsonb_array_elements_text
        each = unnest(facts.c[key]).table_valued("value")
        name = sa.func.lower(each.c.value)
        same = name == value.lower() if key == "who" else name.contains(value.lower(), autoescape=True)
        return sa.exists().select_from(each).where(same)
    if key == "licence":
        low = sa.func.lower(facts.c.licence)
        return sa.or_(low == value.lower(), low.startswith(f"{value.lower()}-", autoescape=True))
    column: sa.ColumnElement[Any] = facts.c[key]
    return column == value


def _hit(r: sa.Row[Any]) -> Hit:
    return Hit(
        id=r.id,
        title=r.title,
        url=r.url,
        outlet=r.outlet,
        lang=r.language,
        published=r.dated,
        kind=r.kind or "",
        tagged=bool(r.tagged),
        probability=r.probability,
        openness=r.openness,
        licence=r.licence,
        who=tuple(r.who or ()),
        what=tuple(r.what or ()),
        story=r.story_id,
    )


def _found(r: sa.Row[Any]) -> FoundAnnouncement:
    return FoundAnnouncement(
        article_id=r.article_id,
        published=r.dated,
        who=tuple(r.who),
        what=tuple(r.what),
        type=r.type,
        stage=r.stage,
        openness=r.openness,
        claimed=r.claimed,
        licence=r.licence,
        evidence=r.evidence,
        outlet=r.outlet,
        url=r.url,
        story=r.story_id,
    )

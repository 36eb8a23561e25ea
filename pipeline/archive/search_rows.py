"""What is found, as frozen dataclasses, and how it is read for the ids that a search gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from pipeline.archive.query_keys import Of
from pipeline.archive.schema import announcements, articles, promises, stories, story_articles, verdicts
from pipeline.archive.search_facts import announced


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found, with the leading facts of its verdict."""

    id: int
    title: str
    url: str
    outlet: str
    lang: str
    published: datetime
    kind: str  # "" while it has not been judged
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


@dataclass(frozen=True, slots=True)
class FoundStory:
    """One story found: what was announced, and how widely it was told."""

    id: int
    title: str
    stage: str
    who: tuple[str, ...]
    what: tuple[str, ...]
    type: str
    openness: str
    claimed: str | None
    licence: str | None
    outlets: int
    articles: int
    verified: bool  # a hub or repository shows it
    first: datetime
    last: datetime
    evidence: str
    url: str


@dataclass(frozen=True, slots=True)
class FoundPromise:
    """One promise found, and what became of it."""

    id: int
    story: int
    who: tuple[str, ...]
    what: tuple[str, ...]
    said: datetime
    due: date | None
    state: str
    changed: datetime
    kept_by: int | None  # the story of the release
    quote: str
    outlet: str
    url: str


Found = Hit | FoundAnnouncement | FoundStory | FoundPromise


def load(tx: sa.Connection, of: Of, ids: Sequence[int]) -> list[Any]:
    """What these ids of the search tables stand for, in their order."""
    if not ids:
        return []
    found = {
        Of.ARTICLE: _hits,
        Of.ANNOUNCEMENT: _announcements,
        Of.STORY: _stories,
        Of.PROMISE: _promises,
    }[of](tx, ids)
    return [found[i] for i in ids if i in found]


def _hits(tx: sa.Connection, ids: Sequence[int]) -> dict[int, Any]:
    lead = announcements.alias("lead")
    statement = (
        sa.select(
            articles.c.id,
            articles.c.title,
            articles.c.url,
            articles.c.outlet,
            articles.c.language,
            articles.c.dated,
            verdicts.c.kind,
            verdicts.c.tagged,
            verdicts.c.probability,
            lead.c.openness,
            lead.c.licence,
            lead.c.who,
            lead.c.what,
            story_articles.c.story_id,
        )
        .select_from(articles)
        .outerjoin(verdicts, verdicts.c.id == articles.c.verdict_id)
        .outerjoin(lead, sa.and_(lead.c.verdict_id == articles.c.verdict_id, lead.c.position == 0))
        .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
        .where(articles.c.id.in_(ids))
    )
    return {
        r.id: Hit(
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
        for r in tx.execute(statement)
    }


def _announcements(tx: sa.Connection, ids: Sequence[int]) -> dict[int, Any]:
    wanted = {announced(i): i for i in ids}
    statement = (
        sa.select(
            announcements, articles.c.dated, articles.c.outlet, articles.c.url, story_articles.c.story_id
        )
        .select_from(articles)
        .join(announcements, announcements.c.verdict_id == articles.c.verdict_id)
        .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
        .where(articles.c.id.in_({article_id for article_id, _ in wanted}))
    )
    return {
        wanted[r.article_id, r.position]: FoundAnnouncement(
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
        for r in tx.execute(statement)
        if (r.article_id, r.position) in wanted
    }


def _stories(tx: sa.Connection, ids: Sequence[int]) -> dict[int, Any]:
    return {
        r.id: FoundStory(
            id=r.id,
            title=r.title,
            stage=r.stage,
            who=tuple(r.who),
            what=tuple(r.what),
            type=r.type,
            openness=r.openness,
            claimed=r.claimed,
            licence=r.licence,
            outlets=r.outlets,
            articles=r.articles,
            verified=bool(r.verified),
            first=r.first_dated,
            last=r.last_dated,
            evidence=r.evidence,
            url=r.url,
        )
        for r in tx.execute(sa.select(stories).where(stories.c.id.in_(ids)))
    }


def _promises(tx: sa.Connection, ids: Sequence[int]) -> dict[int, Any]:
    return {
        r.id: FoundPromise(
            id=r.id,
            story=r.story_id,
            who=tuple(r.who),
            what=tuple(r.what),
            said=r.said_at,
            due=r.due,
            state=r.state,
            changed=r.changed_at,
            kept_by=r.kept_by,
            quote=r.quote,
            outlet=r.outlet,
            url=r.url,
        )
        for r in tx.execute(sa.select(promises).where(promises.c.id.in_(ids)))
    }

"""Everything known of one article, story or promise, for a person who asks why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.query_keys import Of
from pipeline.archive.rows import article_of, load_stories, load_verdicts
from pipeline.archive.schema import (
    articles,
    edition_stories,
    editions,
    promises,
    sightings,
    story_articles,
    verdicts,
)
from pipeline.archive.search_rows import FoundPromise, FoundStory, load
from pipeline.model import Article, QueryError, Story, Verdict

_REFERENCE = re.compile(r"([asp])?#?(\d{1,10})", re.I)


@dataclass(frozen=True, slots=True)
class JudgedBefore:
    """A verdict of an article, in force or not."""

    kind: str
    probability: float
    model: str
    basis: str
    decided: datetime
    in_force: bool


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """An article with its verdict, where it was seen, and the story it is part of."""

    article: Article
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    country: str
    seen_in: tuple[tuple[str, datetime], ...]  # source id, when
    page: str  # "none", "fetched", or why it could not be had
    verdict: Verdict | None
    verdicts: tuple[JudgedBefore, ...]  # latest first
    story: FoundStory | None
    role: str  # "cover", "rel", "" without a story
    reasons: tuple[str, ...]  # why it is in that story


@dataclass(frozen=True, slots=True)
class ShownStory:
    """A story with all its coverage, its promise, and the editions it was in."""

    story: Story
    promise: FoundPromise | None
    keeps: tuple[FoundPromise, ...]  # promises that this story kept
    editions: tuple[str, ...]  # "subscription daily:2026-11-23"


@dataclass(frozen=True, slots=True)
class ShownPromise:
    """A promise, the story that made it, and the one that kept it."""

    promise: FoundPromise
    story: FoundStory
    kept_by: FoundStory | None


Shown = ShownArticle | ShownStory | ShownPromise


def reference(text: str) -> tuple[Of, int] | None:
    """``12`` or ``a12``: an article, ``s12``: a story, ``p12``: a promise; None for anything else."""
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        return None
    kinds = {"a": Of.ARTICLE, "s": Of.STORY, "p": Of.PROMISE}
    return kinds[(found.group(1) or "a").lower()], int(found.group(2))


class Showing:
    """One thing at a time, whole."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def show(self, text: str) -> Shown:
        """What ``12``, ``s12``, ``p12`` or an article's URL stands for. Raises QueryError where nothing is."""
        found = reference(text)
        with self._db.read() as tx:
            if found is None:
                article_id = tx.scalar(
                    sa.select(articles.c.id).where(
                        sa.or_(articles.c.canonical_url == text, articles.c.url == text)
                    )
                )
                found = (Of.ARTICLE, article_id) if article_id else None
            shown = _shown(tx, *found) if found else None
        if shown is None:
            raise QueryError(
                "there is nothing of this number or address.",
                about=text,
                cure="Write 12 for an article, s12 for a story, p12 for a promise, or an article's URL.",
            )
        return shown


def _shown(tx: sa.Connection, of: Of, row_id: int) -> Shown | None:
    if of is Of.STORY:
        return _story(tx, row_id)
    if of is Of.PROMISE:
        return _promise(tx, row_id)
    return _article(tx, row_id)


def _article(tx: sa.Connection, article_id: int) -> ShownArticle | None:
    row = tx.execute(sa.select(articles).where(articles.c.id == article_id)).one_or_none()
    if row is None:
        return None
    seen = tx.execute(
        sa.select(sightings.c.source_id, sightings.c.first_seen)
        .where(sightings.c.article_id == article_id)
        .order_by(sightings.c.first_seen, sightings.c.source_id)
    )
    judged = tx.execute(
        sa.select(verdicts).where(verdicts.c.article_id == article_id).order_by(verdicts.c.id.desc())
    )
    member = tx.execute(
        sa.select(story_articles).where(story_articles.c.article_id == article_id)
    ).one_or_none()
    return ShownArticle(
        article=article_of(row),
        authors=tuple(row.authors),
        tags=tuple(row.tags),
        country=row.country,
        seen_in=tuple((r.source_id, r.first_seen) for r in seen),
        page=row.page_problem or row.page_state,
        verdict=load_verdicts(tx, [article_id]).get(article_id),
        verdicts=tuple(
            JudgedBefore(r.kind, r.probability, r.model, r.basis, r.decided_at, r.id == row.verdict_id)
            for r in judged
        ),
        story=load(tx, Of.STORY, [member.story_id])[0] if member else None,
        role=member.role if member else "",
        reasons=tuple(member.reasons) if member else (),
    )


def _story(tx: sa.Connection, story_id: int) -> ShownStory | None:
    story = load_stories(tx, [story_id]).get(story_id)
    if story is None:
        return None
    own = tx.scalars(sa.select(promises.c.id).where(promises.c.story_id == story_id)).all()
    kept = tx.scalars(
        sa.select(promises.c.id).where(promises.c.kept_by == story_id).order_by(promises.c.id)
    ).all()
    sent = tx.execute(
        sa.select(editions.c.subscription, editions.c.slot)
        .join(edition_stories, edition_stories.c.edition_id == editions.c.id)
        .where(edition_stories.c.story_id == story_id)
        .order_by(editions.c.id)
    )
    return ShownStory(
        story=story,
        promise=next(iter(load(tx, Of.PROMISE, own)), None),
        keeps=tuple(load(tx, Of.PROMISE, kept)),
        editions=tuple(f"{r.subscription} {r.slot}" for r in sent),
    )


def _promise(tx: sa.Connection, promise_id: int) -> ShownPromise | None:
    found = load(tx, Of.PROMISE, [promise_id])
    if not found:
        return None
    promise = found[0]
    kept = load(tx, Of.STORY, [promise.kept_by]) if promise.kept_by else []
    return ShownPromise(promise, load(tx, Of.STORY, [promise.story])[0], kept[0] if kept else None)

"""What grouping reads and writes: stories, their articles and keys, and promises.

The decisions are ``pipeline.group``'s and ``pipeline.promises``'; here they are looked up,
applied and kept, an article a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.codec import from_plain, to_plain
from pipeline.archive.database import Database
from pipeline.archive.rows import (
    chunks,
    insert_missing,
    load_articles,
    load_members,
    load_stories,
    load_verdicts,
)
from pipeline.archive.schema import articles, stories, story_articles, story_keys
from pipeline.archive.search_index import index_stories
from pipeline.group import Decision, decide
from pipeline.merge import merge_story
from pipeline.model import ANNOUNCING_KINDS, Article, Story, StoryRole, Verdict
from pipeline.subjects import Candidate, Subject, candidate_of, index_keys, subject_of

#: Candidate stories looked at for one article, latest first. A key shared by more than these is
#: too common to tell anything ("who:google|model"), and the latest are the likeliest.
CANDIDATES = 60


class Storying:
    """The grouper's side of the archive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def due(self, limit: int) -> tuple[int, ...]:
        """Ids of articles whose verdict has not been grouped, in the order they were published."""
        query = (
            sa.select(articles.c.id)
            .where(articles.c.verdict_id.is_not(None), _ungrouped())
            .order_by(articles.c.dated, articles.c.id)
            .limit(limit)
        )
        with self._db.read() as tx:
            return tuple(tx.scalars(query))

    def count_due(self) -> int:
        """How many articles await grouping."""
        with self._db.read() as tx:
            query = sa.select(sa.func.count()).select_from(articles)
            return tx.scalar(query.where(articles.c.verdict_id.is_not(None), _ungrouped())) or 0

    def group(self, article_ids: Sequence[int], now: datetime) -> None:
        """Give each article its story, or none: all of these in one transaction."""
        with self._db.write() as tx:
            found = load_articles(tx, article_ids)
            verdict_of = load_verdicts(tx, article_ids)
            story_of = _stories_of(tx, article_ids)
            told = {_group_one(tx, found[i], verdict_of[i], story_of.get(i), now) for i in article_ids}
            for chunk in chunks(article_ids):
                # What was grouped is the verdict in force: both are read in this transaction.
                tx.execute(
                    sa.update(articles)
                    .where(articles.c.id.in_(chunk))
                    .values(grouped_verdict_id=articles.c.verdict_id)
                )
            index_stories(tx, sorted(i for i in told if i is not None))

    def stories(self, ids: Sequence[int]) -> Mapping[int, Story]:
        """Stories in full, by id."""
        with self._db.read() as tx:
            return load_stories(tx, ids)

    def ids_between(self, since: datetime, until: datetime) -> tuple[int, ...]:
        """Stories first told of after ``since`` and not after ``until``, by time."""
        query = (
            sa.select(stories.c.id)
            .where(stories.c.first_dated > since, stories.c.first_dated <= until)
            .order_by(stories.c.first_dated, stories.c.id)
        )
        with self._db.read() as tx:
            return tuple(tx.scalars(query))


def _ungrouped() -> sa.ColumnElement[bool]:
    return sa.or_(
        articles.c.grouped_verdict_id.is_(None), articles.c.grouped_verdict_id != articles.c.verdict_id
    )


def _stories_of(tx: sa.Connection, article_ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for chunk in chunks(article_ids):
        query = sa.select(story_articles.c.article_id, story_articles.c.story_id)
        rows = tx.execute(query.where(story_articles.c.article_id.in_(chunk)))
        found |= {r.article_id: r.story_id for r in rows}
    return found


def _group_one(
    tx: sa.Connection, article: Article, verdict: Verdict, story_id: int | None, now: datetime
) -> int | None:
    """Give one article its story, or keep it there; gives the story's id, None without one."""
    subject = subject_of(article, verdict)
    if story_id is not None:
        # Judged again after its page came: it stays where people have seen it.
        role = StoryRole.COVER if verdict.kind in ANNOUNCING_KINDS else StoryRole.RELATED
        tx.execute(
            sa.update(story_articles).where(story_articles.c.article_id == article.id).values(role=role.value)
        )
        refresh_story(tx, story_id)
        return story_id
    return _place(tx, subject, decide(subject, _candidates(tx, subject)), now)


def _candidates(tx: sa.Connection, subject: Subject) -> list[Candidate]:
    keys = sorted(index_keys(subject))
    if not keys:
        return []
    ids = sa.select(story_keys.c.story_id).where(story_keys.c.key.in_(keys))
    query = (
        sa.select(stories.c.candidate)
        .where(stories.c.id.in_(ids))
        .order_by(stories.c.last_dated.desc(), stories.c.id.desc())
        .limit(CANDIDATES)
    )
    return [from_plain(Candidate, c) for c in tx.scalars(query)]


def _place(tx: sa.Connection, subject: Subject, decision: Decision, now: datetime) -> int | None:
    if decision.action == "none":
        return None
    story_id = decision.story_id
    if decision.action == "open":
        story_id = _open(tx, subject, now)
    tx.execute(
        sa.insert(story_articles).values(
            article_id=subject.id,
            story_id=story_id,
            role=decision.role.value,
            score=decision.score,
            reasons=list(decision.reasons),
            joined_at=now,
        )
    )
    assert story_id is not None
    refresh_story(tx, story_id)
    return story_id


def _open(tx: sa.Connection, subject: Subject, now: datetime) -> int:
    """A bare row; ``refresh_story`` fills it from the article that joins right after."""
    result = tx.execute(
        sa.insert(stories).values(
            title=subject.title,
            stage=subject.kind.value,
            openness="unclear",
            who=[],
            what=[],
            type="other",
            url=subject.url,
            evidence="",
            outlets=1,
            articles=1,
            verified=False,
            first_dated=subject.dated,
            last_dated=subject.dated,
            first_seen=now,
            candidate={},
        )
    )
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def refresh_story(tx: sa.Connection, story_id: int) -> None:
    """Make a story's row, keys and candidate agree with its articles."""
    members = load_members(tx, [story_id])[story_id]
    story = merge_story(story_id, members)
    subjects = [subject_of(m.article, m.verdict) for m in members if m.role is StoryRole.COVER]
    candidate = candidate_of(story_id, subjects or [subject_of(m.article, m.verdict) for m in members])
    tx.execute(
        sa.update(stories)
        .where(stories.c.id == story_id)
        .values(
            title=story.title,
            stage=story.stage.value,
            openness=story.openness.value,
            claimed=story.claimed.value if story.claimed else None,
            licence=story.licence,
            who=list(story.who),
            what=list(story.what),
            type=story.type.value,
            url=story.best.url,
            evidence=story.evidence,
            outlets=len(story.outlets),
            articles=len(story.coverage),
            verified=story.verification is not None,
            first_dated=story.first.published,
            last_dated=max(c.published for c in story.coverage),
            candidate=to_plain(candidate),
        )
    )
    tx.execute(sa.delete(story_keys).where(story_keys.c.story_id == story_id))
    insert_missing(tx, story_keys, [{"key": key, "story_id": story_id} for key in sorted(candidate.keys)])

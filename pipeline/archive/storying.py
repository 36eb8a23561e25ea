"""What grouping reads and writes: stories, their articles and keys, and promises.

The decisions are ``pipeline.group``'s and ``pipeline.promises``'; here they are looked up,
applied and kept, an article a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from pipeline.archive.schema import articles, edition_stories, promises, stories, story_articles, story_keys
from pipeline.archive.search_index import index_stories, index_verdicts, unindex_stories
from pipeline.group import Decision, decide
from pipeline.merge import merge_story
from pipeline.model import ANNOUNCING_KINDS, Article, PromiseState, Story, StoryRole, Verdict
from pipeline.subjects import Candidate, Subject, candidate_of, index_keys, subject_of

#: Candidate stories looked at for one article, latest first. A key shared by more than these is
#: too common to tell anything ("who:google|model"), and the latest are the likeliest.
CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class _Placed:
    """What placing one article has changed."""

    stories: frozenset[int] = frozenset()  # to be indexed anew
    dissolved: frozenset[int] = frozenset()
    left: frozenset[int] = frozenset()  # articles that have lost their story by it and are due again


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
            touched: set[int] = set()
            again: set[int] = set()  # placed in a story that a later article of the batch has dissolved
            for i in article_ids:
                again.discard(i)
                placed = _group_one(tx, found[i], verdict_of[i], story_of.pop(i, None), now)
                touched = (touched | placed.stories) - placed.dissolved
                again |= placed.left
                for other in placed.left:
                    story_of.pop(other, None)
            for chunk in chunks([i for i in article_ids if i not in again]):
                # What was grouped is the verdict in force: both are read in this transaction.
                tx.execute(
                    sa.update(articles)
                    .where(articles.c.id.in_(chunk))
                    .values(grouped_verdict_id=articles.c.verdict_id)
                )
            index_stories(tx, sorted(touched))

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
) -> _Placed:
    """Place one article, or keep it where it is."""
    subject = subject_of(article, verdict)
    announcing = verdict.kind in ANNOUNCING_KINDS
    before = _Placed()
    if story_id is not None and not announcing and _covers(tx, article.id, story_id):
        # It announces nothing after all: what it stood for is told without it, or not at all.
        before = _leave(tx, article.id, story_id)
        story_id = None
    if story_id is not None:
        # Judged again after its page came: it stays where people have seen it.
        role = StoryRole.COVER if announcing else StoryRole.RELATED
        tx.execute(
            sa.update(story_articles).where(story_articles.c.article_id == article.id).values(role=role.value)
        )
        refresh_story(tx, story_id)
        return replace(before, stories=before.stories | {story_id})
    decision = decide(subject, _candidates(tx, subject))
    if not announcing and decision.role is StoryRole.COVER:
        # A story whose articles all await being taken out of it announces nothing either; it is no company.
        return before
    joined = _place(tx, subject, decision, now)
    return before if joined is None else replace(before, stories=before.stories | {joined})


def _covers(tx: sa.Connection, article_id: int, story_id: int) -> bool:
    mine = sa.and_(story_articles.c.article_id == article_id, story_articles.c.story_id == story_id)
    return tx.scalar(sa.select(story_articles.c.role).where(mine)) == StoryRole.COVER.value


def _leave(tx: sa.Connection, article_id: int, story_id: int) -> _Placed:
    """Take an article out of its story; one that nobody announces any more is dissolved."""
    tx.execute(sa.delete(story_articles).where(story_articles.c.article_id == article_id))
    members = tx.execute(
        sa.select(story_articles.c.article_id, story_articles.c.role).where(
            story_articles.c.story_id == story_id
        )
    ).all()
    if any(member.role == StoryRole.COVER.value for member in members):
        refresh_story(tx, story_id)
        index_verdicts(tx, [article_id])
        return _Placed(stories=frozenset({story_id}))
    left = {member.article_id for member in members}
    for chunk in chunks(sorted(left)):
        tx.execute(sa.update(articles).where(articles.c.id.in_(chunk)).values(grouped_verdict_id=None))
    mine = tx.scalars(sa.select(promises.c.id).where(promises.c.story_id == story_id)).all()
    reopened = tx.scalars(sa.select(promises.c.story_id).where(promises.c.kept_by == story_id)).all()
    unindex_stories(tx, [story_id], mine)
    # A promise that this story kept is open again; the next settling says what became of it.
    tx.execute(
        sa.update(promises)
        .where(promises.c.kept_by == story_id)
        .values(kept_by=None, state=PromiseState.OPEN.value)
    )
    tx.execute(sa.delete(promises).where(promises.c.story_id == story_id))
    for table in (story_keys, story_articles):
        tx.execute(sa.delete(table).where(table.c.story_id == story_id))
    # What was sent stands in the ledger: a story that an edition told of stays, without articles.
    untold = ~sa.exists().where(edition_stories.c.story_id == stories.c.id)
    tx.execute(sa.delete(stories).where(stories.c.id == story_id, untold))
    index_verdicts(tx, sorted({article_id, *left}))
    return _Placed(frozenset(set(reopened) - {story_id}), frozenset({story_id}), frozenset(left))


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

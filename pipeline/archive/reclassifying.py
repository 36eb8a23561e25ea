"""What reclassifying reads and writes: articles in batches, and how far it has come.

How far it has come stands in ``meta`` and moves in the transaction that stores the verdicts, so
a kill at any instant loses nothing and starting again goes on behind the last batch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.judging import save_verdicts
from pipeline.archive.rows import article_of, read_verdicts
from pipeline.archive.schema import articles, corrections, meta, verdicts
from pipeline.corrections import HUMAN
from pipeline.model import Article, Verdict

_KEY = "reclassifying"


@dataclass(frozen=True, slots=True)
class Job:
    """A reclassification under way."""

    model: str
    since: datetime | None  # articles dated before it are left as they are
    after: int = 0  # id of the last article done
    done: int = 0  # articles done


@dataclass(frozen=True, slots=True)
class Judged:
    """An article as a model has judged it before."""

    article: Article
    verdict: Verdict  # the model's latest, not a person's
    by_hand: bool  # a person has corrected it


class Reclassifying:
    """The archive's side of judging everything anew."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def unfinished(self) -> Job | None:
        """The job that was interrupted, None if there is none."""
        with self._db.read() as tx:
            text = tx.scalar(sa.select(meta.c.value).where(meta.c.key == _KEY))
        if text is None:
            return None
        row = json.loads(text)
        since = row["since"]
        return Job(row["model"], datetime.fromisoformat(since) if since else None, row["after"], row["done"])

    def count(self, job: Job) -> int:
        """How many articles the job has before it."""
        with self._db.read() as tx:
            return tx.scalar(sa.select(sa.func.count()).select_from(articles).where(*_before(job))) or 0

    def batch(self, job: Job, limit: int) -> tuple[Judged, ...]:
        """The next articles of the job, by id."""
        chosen = sa.select(articles).where(*_before(job)).order_by(articles.c.id).limit(limit)
        with self._db.read() as tx:
            rows = list(tx.execute(chosen))
            ids = [row.id for row in rows]
            newest = (
                sa.select(sa.func.max(verdicts.c.id))
                .where(verdicts.c.article_id.in_(ids), verdicts.c.model != HUMAN)
                .group_by(verdicts.c.article_id)
            )
            query = sa.select(verdicts).where(verdicts.c.id.in_(newest))
            found = list(tx.execute(query))
            verdict_of = {r.article_id: v for r, v in zip(found, read_verdicts(tx, found), strict=True)}
            by_hand = set(
                tx.scalars(sa.select(corrections.c.article_id).where(corrections.c.article_id.in_(ids)))
            )
        return tuple(Judged(article_of(r), verdict_of[r.id], r.id in by_hand) for r in rows)

    def save(
        self, job: Job, judged: Sequence[tuple[Article, Verdict]], upto: int, count: int, now: datetime
    ) -> Job:
        """Keep the verdicts that are new and note in the same transaction that ``upto`` is done."""
        going = replace(job, after=upto, done=job.done + count)
        with self._db.write() as tx:
            save_verdicts(tx, judged, now)
            _note(tx, going)
        return going

    def finish(self) -> None:
        """Forget the job: it is done, or given up."""
        with self._db.write() as tx:
            tx.execute(sa.delete(meta).where(meta.c.key == _KEY))


def _before(job: Job) -> list[sa.ColumnElement[bool]]:
    conditions = [articles.c.verdict_id.is_not(None), articles.c.id > job.after]
    if job.since is not None:
        conditions.append(articles.c.dated >= job.since)
    return conditions


def _note(tx: sa.Connection, job: Job) -> None:
    since = job.since.isoformat() if job.since else ""
    text = json.dumps({"model": job.model, "since": since, "after": job.after, "done": job.done})
    tx.execute(sa.delete(meta).where(meta.c.key == _KEY))
    tx.execute(sa.insert(meta).values(key=_KEY, value=text))

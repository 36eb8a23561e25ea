"""What judging reads and writes: articles whose words have no verdict yet, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.codec import to_plain
from pipeline.archive.database import Database
from pipeline.archive.rows import article_of
from pipeline.archive.saving import input_hash
from pipeline.archive.schema import announcements, articles, verdicts
from pipeline.model import Article, Verdict


class Judging:
    """The classifier's side of the archive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def count_due(self, model: str) -> int:
        """How many articles await a verdict by this model."""
        with self._db.read() as tx:
            return tx.scalar(sa.select(sa.func.count()).select_from(articles).where(_due(model))) or 0

    def due(self, model: str, limit: int) -> tuple[Article, ...]:
        """Articles whose present words this model has not judged, oldest first."""
        query = sa.select(articles).where(_due(model)).order_by(articles.c.id).limit(limit)
        with self._db.read() as tx:
            return tuple(article_of(r) for r in tx.execute(query))

    def save(self, judged: Sequence[tuple[Article, Verdict]], now: datetime) -> None:
        """Keep verdicts and their announcements, all in one transaction.

        A verdict on title and summary and one on the page's text stand side by side; the
        latest is in force.
        """
        with self._db.write() as tx:
            for article, verdict in judged:
                verdict_id = _replace(tx, article.id, verdict, now)
                # The hash of what was judged, not the row's present one: words that changed
                # in between stay due.
                words = input_hash(article.title, article.summary, article.text)
                tx.execute(
                    sa.update(articles)
                    .where(articles.c.id == article.id)
                    .values(verdict_id=verdict_id, judged_hash=words, judged_model=verdict.model)
                )


def _due(model: str) -> sa.ColumnElement[bool]:
    return sa.or_(articles.c.judged_hash != articles.c.input_hash, articles.c.judged_model != model)


def _replace(tx: sa.Connection, article_id: int, verdict: Verdict, now: datetime) -> int:
    tx.execute(
        sa.delete(verdicts).where(
            verdicts.c.article_id == article_id,
            verdicts.c.basis == verdict.basis,
            verdicts.c.model == verdict.model,
        )
    )
    result = tx.execute(
        sa.insert(verdicts).values(
            article_id=article_id,
            basis=verdict.basis,
            model=verdict.model,
            kind=verdict.kind.value,
            tagged=verdict.tagged,
            probability=verdict.probability,
            reasons=list(verdict.reasons),
            evidence=[to_plain(e) for e in verdict.evidence],
            decided_at=now,
        )
    )
    assert result.inserted_primary_key is not None
    verdict_id = int(result.inserted_primary_key[0])
    for position, a in enumerate(verdict.announcements):
        tx.execute(
            sa.insert(announcements).values(
                verdict_id=verdict_id,
                article_id=article_id,
                position=position,
                who=list(a.who),
                what=list(a.what),
                type=a.type.value,
                stage=a.stage.value,
                openness=a.openness.value,
                claimed=a.claimed.value if a.claimed else None,
                licence=a.licence,
                due=a.due,
                evidence_field=a.evidence.field,
                evidence_start=a.evidence.start,
                evidence_end=a.evidence.end,
                evidence=a.evidence.quote,
            )
        )
    return verdict_id

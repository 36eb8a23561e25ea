"""What judging reads and writes: articles whose words have no verdict yet, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.codec import to_plain
from pipeline.archive.database import Database
from pipeline.archive.rows import article_of, insert_numbered
from pipeline.archive.saving import input_hash
from pipeline.archive.schema import announcements, articles, verdicts
from pipeline.archive.search_index import index_verdicts
from pipeline.model import Announcement, Article, Verdict


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
        if not judged:
            return
        with self._db.write() as tx:
            numbers = _replace(tx, judged, now)
            tx.execute(
                sa.update(articles).where(articles.c.id == sa.bindparam("of")),
                [
                    {
                        "of": article.id,
                        "verdict_id": number,
                        # The hash of what was judged, not the row's present one: words that changed
                        # in between stay due.
                        "judged_hash": input_hash(article.title, article.summary, article.text),
                        "judged_model": verdict.model,
                    }
                    for number, (article, verdict) in zip(numbers, judged, strict=True)
                ],
            )
            index_verdicts(tx, [article.id for article, _ in judged])


def _due(model: str) -> sa.ColumnElement[bool]:
    return sa.or_(articles.c.judged_hash != articles.c.input_hash, articles.c.judged_model != model)


def _replace(tx: sa.Connection, judged: Sequence[tuple[Article, Verdict]], now: datetime) -> list[int]:
    """Put these verdicts in the place of earlier ones of the same basis and model; gives their ids."""
    same = [{"of": a.id, "on": v.basis, "by": v.model} for a, v in judged]
    tx.execute(
        sa.delete(verdicts).where(
            verdicts.c.article_id == sa.bindparam("of"),
            verdicts.c.basis == sa.bindparam("on"),
            verdicts.c.model == sa.bindparam("by"),
        ),
        same,
    )
    numbers = insert_numbered(tx, verdicts, [_verdict(article.id, v, now) for article, v in judged])
    told = [
        _announcement(number, article.id, position, a)
        for number, (article, v) in zip(numbers, judged, strict=True)
        for position, a in enumerate(v.announcements)
    ]
    if told:
        tx.execute(sa.insert(announcements), told)
    return numbers


def _verdict(article_id: int, verdict: Verdict, now: datetime) -> dict[str, object]:
    return {
        "article_id": article_id,
        "basis": verdict.basis,
        "model": verdict.model,
        "kind": verdict.kind.value,
        "tagged": verdict.tagged,
        "probability": verdict.probability,
        "reasons": list(verdict.reasons),
        "evidence": [to_plain(e) for e in verdict.evidence],
        "decided_at": now,
    }


def _announcement(verdict_id: int, article_id: int, position: int, a: Announcement) -> dict[str, object]:
    return {
        "verdict_id": verdict_id,
        "article_id": article_id,
        "position": position,
        "who": list(a.who),
        "what": list(a.what),
        "type": a.type.value,
        "stage": a.stage.value,
        "openness": a.openness.value,
        "claimed": a.claimed.value if a.claimed else None,
        "licence": a.licence,
        "due": a.due,
        "evidence_field": a.evidence.field,
        "evidence_start": a.evidence.start,
        "evidence_end": a.evidence.end,
        "evidence": a.evidence.quote,
    }

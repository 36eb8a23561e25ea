"""What judging reads and writes: articles whose words have no verdict yet, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.archive.codec import to_plain
from pipeline.archive.database import Database
from pipeline.archive.rows import article_of, chunks, insert_numbered
from pipeline.archive.saving import input_hash
from pipeline.archive.schema import announcements, articles, corrections, verdicts
from pipeline.archive.search_index import index_verdicts
from pipeline.corrections import HUMAN, Correction, corrected, is_human
from pipeline.model import Announcement, Article, Kind, Openness, Verdict


class Judging:
    """The classifier's side of the archive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def count_due(self) -> int:
        """How many articles await a verdict."""
        with self._db.read() as tx:
            return tx.scalar(sa.select(sa.func.count()).select_from(articles).where(_DUE)) or 0

    def due(self, limit: int) -> tuple[Article, ...]:
        """Articles whose present words no model has judged, oldest first.

        Those that an older model has judged stay as they are until somebody reclassifies them.
        """
        query = sa.select(articles).where(_DUE).order_by(articles.c.id).limit(limit)
        with self._db.read() as tx:
            return tuple(article_of(r) for r in tx.execute(query))

    def count_outdated(self, model: str) -> int:
        """How many articles were judged by another model than this."""
        with self._db.read() as tx:
            # Two ranges, so that the index skips what this model has judged: nearly everything.
            judged = articles.c.judged_model
            other = sa.or_(sa.and_(judged > "", judged < model), judged > model)
            return tx.scalar(sa.select(sa.func.count()).select_from(articles).where(other)) or 0

    def save(self, judged: Sequence[tuple[Article, Verdict]], now: datetime) -> None:
        """Keep verdicts and their announcements, all in one transaction.

        A verdict on title and summary and one on the page's text stand side by side; the
        latest is in force, with a person's correction over it where there is one.
        """
        if judged:
            with self._db.write() as tx:
                save_verdicts(tx, judged, now)


_DUE = articles.c.judged_hash != articles.c.input_hash


def save_verdicts(tx: sa.Connection, judged: Sequence[tuple[Article, Verdict]], now: datetime) -> None:
    """Keep a model's verdicts and put them, or what a person made of them, in force."""
    if not judged:
        return
    in_force = dict(
        zip((article.id for article, _ in judged), replace_verdicts(tx, judged, now), strict=True)
    )
    said = load_corrections(tx, list(in_force))
    mended = [(a, corrected(v, said[a.id], a.title)) for a, v in judged if a.id in said]
    if mended:
        in_force |= zip((a.id for a, _ in mended), replace_verdicts(tx, mended, now), strict=True)
    tx.execute(
        sa.update(articles).where(articles.c.id == sa.bindparam("of")),
        [
            {
                "of": article.id,
                "verdict_id": in_force[article.id],
                # The hash of what was judged, not the row's present one: words that changed
                # in between stay due.
                "judged_hash": input_hash(article.title, article.summary, article.text),
                "judged_model": verdict.model,
            }
            for article, verdict in judged
        ],
    )
    index_verdicts(tx, list(in_force))


def load_corrections(tx: sa.Connection, article_ids: Sequence[int]) -> dict[int, Correction]:
    """What people have said of these articles, by article id."""
    found: dict[int, Correction] = {}
    for chunk in chunks(article_ids):
        for row in tx.execute(sa.select(corrections).where(corrections.c.article_id.in_(chunk))):
            found[row.article_id] = correction_of(row)
    return found


def correction_of(row: Any) -> Correction:
    """A ``corrections`` row."""
    return Correction(
        kind=Kind(row.kind) if row.kind else None,
        openness=Openness(row.openness) if row.openness else None,
        licence=row.licence,
        who=None if row.who is None else tuple(row.who),
        what=None if row.what is None else tuple(row.what),
        note=row.note,
    )


def replace_verdicts(
    tx: sa.Connection, judged: Sequence[tuple[Article, Verdict]], now: datetime
) -> list[int]:
    """Put these verdicts in the place of earlier ones of the same basis and model; gives their ids."""
    same = [{"of": a.id, "on": v.basis, "by": v.model} for a, v in judged]
    by_hand = [a.id for a, v in judged if is_human(v)]
    if by_hand:  # a person has one word, whatever it was read from
        tx.execute(sa.delete(verdicts).where(verdicts.c.article_id.in_(by_hand), verdicts.c.model == HUMAN))
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

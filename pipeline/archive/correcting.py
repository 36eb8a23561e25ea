"""What people's corrections read and write: what they said, and the verdicts of an article."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.judging import correction_of, load_corrections, replace_verdicts
from pipeline.archive.rows import load_articles, load_verdicts, read_verdicts
from pipeline.archive.schema import articles, corrections, verdicts
from pipeline.archive.search_index import index_verdicts
from pipeline.corrections import HUMAN, Correction, corrected
from pipeline.model import ANNOUNCING_KINDS, ArchiveError, Article, Verdict


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """One of an article's verdicts, as it is kept."""

    verdict: Verdict
    decided_at: datetime
    in_force: bool


@dataclass(frozen=True, slots=True)
class CorrectedArticle:
    """An article that a person has corrected, with the verdict that came of it."""

    article: Article
    verdict: Verdict
    correction: Correction
    made_at: datetime


class Correcting:
    """The reader's side of the archive: a word over the model's."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, reference: str) -> int:
        """The article with this id or address. Raises ArchiveError where there is none."""
        with self._db.read() as tx:
            if reference.isascii() and reference.isdigit() and len(reference) < 19:
                wanted: sa.ColumnElement[bool] = articles.c.id == int(reference)
            else:
                wanted = sa.or_(articles.c.canonical_url == reference, articles.c.url == reference)
            found = tx.scalar(sa.select(articles.c.id).where(wanted).limit(1))
        if found is None:
            raise ArchiveError(
                "there is no such article in the archive.",
                about=reference,
                cure="`unsealed search` shows ids: give the number, or the article's address.",
            )
        return int(found)

    def correct(self, article_id: int, correction: Correction, now: datetime) -> tuple[Verdict, Verdict]:
        """Lay a correction over the model's verdict and any earlier one; the verdict before and after.

        Facts confirm the kind they are given for: who names a licence has said that it is an
        opening. Raises ConfigError where they do not fit, ArchiveError before any verdict.
        """
        with self._db.write() as tx:
            article = load_articles(tx, [article_id])[article_id]
            before = self._in_force(tx, article_id)
            model = self._of_model(tx, article_id)
            if before is None or model is None:
                raise ArchiveError(
                    "it has not been judged yet, so there is nothing to correct.",
                    about=str(article_id),
                    cure="`unsealed run` judges it.",
                )
            earlier = load_corrections(tx, [article_id]).get(article_id)
            whole = correction if earlier is None else correction.over(earlier)
            if whole.kind is None:
                whole = replace(whole, kind=before.verdict.kind)
            if whole.kind not in ANNOUNCING_KINDS and correction.given == ("kind",):
                # What was said of an opening falls with it.
                whole = Correction(kind=whole.kind, note=whole.note)
            after = corrected(model.verdict, whole, article.title)
            self._store(tx, article_id, whole, now)
            (verdict_id,) = replace_verdicts(tx, [(article, after)], now)
            tx.execute(sa.update(articles).where(articles.c.id == article_id).values(verdict_id=verdict_id))
            index_verdicts(tx, [article_id])
        return before.verdict, after

    def withdraw(self, article_id: int) -> tuple[Verdict, Verdict] | None:
        """Let the model's verdict count again; the verdict before and after, None if nothing was corrected."""
        with self._db.write() as tx:
            if article_id not in load_corrections(tx, [article_id]):
                return None
            before, model = self._in_force(tx, article_id), self._of_model(tx, article_id)
            assert before is not None
            assert model is not None
            tx.execute(sa.delete(corrections).where(corrections.c.article_id == article_id))
            chosen = (
                sa.select(verdicts.c.id)
                .where(verdicts.c.article_id == article_id, verdicts.c.model != HUMAN)
                .order_by(verdicts.c.decided_at.desc(), verdicts.c.id.desc())
                .limit(1)
                .scalar_subquery()
            )
            tx.execute(sa.update(articles).where(articles.c.id == article_id).values(verdict_id=chosen))
            tx.execute(
                sa.delete(verdicts).where(verdicts.c.article_id == article_id, verdicts.c.model == HUMAN)
            )
            index_verdicts(tx, [article_id])
        return before.verdict, model.verdict

    def verdicts(self, article_id: int) -> tuple[StoredVerdict, ...]:
        """Every verdict kept of an article, latest first: by each model, on each basis, and a person's."""
        with self._db.read() as tx:
            return self._stored(tx, article_id)

    def all(self) -> tuple[CorrectedArticle, ...]:
        """Every corrected article, in the order of correction."""
        query = sa.select(corrections).order_by(corrections.c.made_at, corrections.c.article_id)
        with self._db.read() as tx:
            rows = list(tx.execute(query))
            ids = [row.article_id for row in rows]
            found = load_articles(tx, ids)
            in_force = load_verdicts(tx, ids)
            return tuple(
                CorrectedArticle(
                    found[row.article_id], in_force[row.article_id], correction_of(row), row.made_at
                )
                for row in rows
            )

    def _stored(self, tx: sa.Connection, article_id: int) -> tuple[StoredVerdict, ...]:
        query = (
            sa.select(verdicts, articles.c.verdict_id)
            .join(articles, articles.c.id == verdicts.c.article_id)
            .where(verdicts.c.article_id == article_id)
            .order_by(verdicts.c.decided_at.desc(), verdicts.c.id.desc())
        )
        rows = list(tx.execute(query))
        return tuple(
            StoredVerdict(verdict, row.decided_at, row.id == row.verdict_id)
            for row, verdict in zip(rows, read_verdicts(tx, rows), strict=True)
        )

    def _in_force(self, tx: sa.Connection, article_id: int) -> StoredVerdict | None:
        return next((v for v in self._stored(tx, article_id) if v.in_force), None)

    def _of_model(self, tx: sa.Connection, article_id: int) -> StoredVerdict | None:
        return next((v for v in self._stored(tx, article_id) if v.verdict.model != HUMAN), None)

    @staticmethod
    def _store(tx: sa.Connection, article_id: int, correction: Correction, now: datetime) -> None:
        tx.execute(sa.delete(corrections).where(corrections.c.article_id == article_id))
        tx.execute(
            sa.insert(corrections).values(
                article_id=article_id,
                kind=correction.kind.value if correction.kind else None,
                openness=correction.openness.value if correction.openness else None,
                licence=correction.licence,
                who=None if correction.who is None else list(correction.who),
                what=None if correction.what is None else list(correction.what),
                note=correction.note,
                made_at=now,
            )
        )

"""The full-text index: kept in the same transaction as the words it stands for."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.archive.words import segment


def index_article(tx: sa.Connection, article_id: int, title: str, summary: str, text: str) -> None:
    """Make the index agree with an article's present words."""
    tx.execute(sa.text("DELETE FROM articles_fts WHERE rowid = :id"), {"id": article_id})
    tx.execute(
        sa.text(
            "INSERT INTO articles_fts(rowid, title, summary, text) VALUES (:id, :title, :summary, :text)"
        ),
        {"id": article_id, "title": segment(title), "summary": segment(summary), "text": segment(text)},
    )

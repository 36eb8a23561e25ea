"""A search index in order of time, with words cut alike on both databases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables; they are filled when all migrations have run (``search_index.refresh``)."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "search_articles",
        sa.Column("sort_key", big, primary_key=True, autoincrement=False),
        sa.Column("article_id", sa.Integer, nullable=False, unique=True),
        *(
            sa.Column(c, text, nullable=False)
            for c in ("source", "outlet", "lang", "country", "kind", "tagged")
        ),
        sa.Column("probability", sa.Float),
    )
    for column in ("source", "outlet", "lang", "country", "kind", "tagged"):
        op.create_index(f"ix_search_articles_{column}", "search_articles", [column, "sort_key"])
    op.create_table(
        "search_facts",
        sa.Column("of", text, primary_key=True),
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", text, primary_key=True),
        sa.Column("value", text, primary_key=True),
        sa.Column("sort_key", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_facts_value", "search_facts", ["of", "key", "value", "sort_key", "row_id"])
    op.execute("DROP TABLE articles_fts")
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_words USING fts5("
            "title, summary, text, tokenize = \"ascii tokenchars '+#'\")"
        )
    else:
        op.execute("CREATE TABLE search_words (sort_key BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX ix_search_words ON search_words USING gin (words)")
    op.execute("INSERT INTO meta (key, value) VALUES ('search_index', 'stale')")

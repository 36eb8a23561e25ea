"""Tables of the archive, and the column types that keep what they are given.

One writer at a time; every station reads what is due from here and puts its result back
in one transaction, so these tables are also the conveyor belt.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

#: Raised with every change of the tables; an archive of another version is refused, not guessed at.
SCHEMA_VERSION = 1


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware instant, kept in UTC.

    SQLite's own DateTime drops the zone without converting, so 10:00 in New York would come
    back as 10:00 UTC; naive values are refused here instead.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC on the way in; ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None if dialect.name == "sqlite" else UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC time."""
        if value is None:
            return None
        assert isinstance(value, datetime)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("homepage", sa.Text, nullable=False, default=""),
    sa.Column("category", sa.Text, nullable=False, default=""),
    sa.Column("language", sa.Text, nullable=False, default=""),
    sa.Column("country", sa.Text, nullable=False, default=""),
    sa.Column("organisation", sa.Text, nullable=False, default=""),
    sa.Column("pages", sa.Text, nullable=False, default="auto"),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("etag", sa.Text, nullable=False, default=""),
    sa.Column("last_modified", sa.Text, nullable=False, default=""),
    sa.Column("body_hash", sa.Text, nullable=False, default=""),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("polled_at", UtcTime),
    sa.Column("ok_at", UtcTime),
    sa.Column("problem_code", sa.Text, nullable=False, default=""),
    sa.Column("problem", sa.Text, nullable=False, default=""),
    sa.Column("problem_since", UtcTime),
)

polls = sa.Table(
    "polls",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source_id", sa.Text, sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("entries", sa.Integer, nullable=False),
    sa.Column("added", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("problem_code", sa.Text, nullable=False, default=""),
    sa.Column("problem", sa.Text, nullable=False, default=""),
    sa.Index("ix_polls_source", "source_id", "id"),
)

articles = sa.Table(
    "articles",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source_id", sa.Text, sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("canonical_url", sa.Text, nullable=False, unique=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("outlet", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False, default=""),
    sa.Column("organisation", sa.Text, nullable=False, default=""),
    sa.Column("country", sa.Text, nullable=False, default=""),
    sa.Column("language", sa.Text, nullable=False, default=""),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False, default=""),
    sa.Column("text", sa.Text, nullable=False, default=""),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("links", sa.JSON, nullable=False),
    sa.Column("artifact", sa.JSON(none_as_null=True)),
    sa.Column("image", sa.Text, nullable=False, default=""),
    sa.Column("published", UtcTime),
    sa.Column("updated", UtcTime),
    sa.Column("first_seen", UtcTime, nullable=False),
    # What sorts and filters by time: published, else first_seen.
    sa.Column("dated", UtcTime, nullable=False),
    sa.Column("page_state", sa.Text, nullable=False, default="none"),  # none, fetched, failed
    sa.Column("page_tries", sa.Integer, nullable=False, default=0),
    sa.Column("page_at", UtcTime),
    sa.Column("page_problem_code", sa.Text, nullable=False, default=""),
    sa.Column("page_problem", sa.Text, nullable=False, default=""),
    # SHA-256 of what the classifier reads; judging is due while it differs from judged_hash.
    sa.Column("input_hash", sa.Text, nullable=False),
    sa.Column("judged_hash", sa.Text, nullable=False, default=""),
    sa.Column("judged_model", sa.Text, nullable=False, default=""),
    sa.Column("verdict_id", sa.Integer),  # the verdict in force
    sa.Column("grouped_verdict_id", sa.Integer),  # grouping is due while it differs from verdict_id
    sa.Index("ix_articles_dated", "dated", "id"),
    sa.Index("ix_articles_judging", "judged_hash"),
    sa.Index("ix_articles_verdict", "verdict_id"),
    sa.Index("ix_articles_source", "source_id", "dated"),
)

sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("source_id", sa.Text, sa.ForeignKey("sources.id"), primary_key=True),
    sa.Column("guid", sa.Text, primary_key=True),
    sa.Column("article_id", sa.Integer, sa.ForeignKey("articles.id"), nullable=False),
    sa.Column("first_seen", UtcTime, nullable=False),
    sa.Index("ix_sightings_article", "article_id"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("article_id", sa.Integer, sa.ForeignKey("articles.id"), nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("tagged", sa.Boolean, nullable=False),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("decided_at", UtcTime, nullable=False),
    sa.UniqueConstraint("article_id", "basis", "model", name="uq_verdicts_article_basis_model"),
    sa.Index("ix_verdicts_kind", "kind"),
    # Without it SQLite hands a deleted verdict's id to the next one, and an article whose
    # verdict was replaced would look as if it had been grouped already.
    sqlite_autoincrement=True,
)

announcements = sa.Table(
    "announcements",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("verdict_id", sa.Integer, sa.ForeignKey("verdicts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("article_id", sa.Integer, sa.ForeignKey("articles.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("who", sa.JSON, nullable=False),
    sa.Column("what", sa.JSON, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("openness", sa.Text, nullable=False),
    sa.Column("claimed", sa.Text),
    sa.Column("licence", sa.Text),
    sa.Column("due", sa.Date),
    sa.Column("evidence_field", sa.Text, nullable=False),
    sa.Column("evidence_start", sa.Integer, nullable=False),
    sa.Column("evidence_end", sa.Integer, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Index("ix_announcements_verdict", "verdict_id", "position"),
    sa.Index("ix_announcements_licence", "licence"),
    sa.Index("ix_announcements_openness", "openness"),
)

stories = sa.Table(
    "stories",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("openness", sa.Text, nullable=False),
    sa.Column("claimed", sa.Text),
    sa.Column("licence", sa.Text),
    sa.Column("who", sa.JSON, nullable=False),
    sa.Column("what", sa.JSON, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),  # of the best article
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("outlets", sa.Integer, nullable=False),
    sa.Column("articles", sa.Integer, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("first_dated", UtcTime, nullable=False),
    sa.Column("last_dated", UtcTime, nullable=False),
    sa.Column("first_seen", UtcTime, nullable=False),
    sa.Column("candidate", sa.JSON, nullable=False),  # what grouping compares with
    sa.Index("ix_stories_first_dated", "first_dated"),
    sa.Index("ix_stories_last_dated", "last_dated"),
)

story_articles = sa.Table(
    "story_articles",
    metadata,
    # The primary key is the promise: no article is in two stories.
    sa.Column("article_id", sa.Integer, sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("story_id", sa.Integer, sa.ForeignKey("stories.id"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("joined_at", UtcTime, nullable=False),
    sa.Index("ix_story_articles_story", "story_id"),
)

story_keys = sa.Table(
    "story_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("story_id", sa.Integer, sa.ForeignKey("stories.id"), primary_key=True),
)

promises = sa.Table(
    "promises",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("story_id", sa.Integer, sa.ForeignKey("stories.id"), nullable=False, unique=True),
    sa.Column("who", sa.JSON, nullable=False),
    sa.Column("what", sa.JSON, nullable=False),
    sa.Column("said_at", UtcTime, nullable=False),
    sa.Column("due", sa.Date),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("quote", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("outlet", sa.Text, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("kept_by", sa.Integer, sa.ForeignKey("stories.id")),
    sa.Index("ix_promises_state", "state"),
)

editions = sa.Table(
    "editions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscription", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("until", UtcTime, nullable=False),
    sa.Column(
        "digest", sa.Text, nullable=False
    ),  # the whole Digest as JSON: what was decided is what is sent
    sa.Column("created_at", UtcTime, nullable=False),
    sa.UniqueConstraint("subscription", "slot", name="uq_editions_slot"),
)

edition_stories = sa.Table(
    "edition_stories",
    metadata,
    sa.Column("edition_id", sa.Integer, sa.ForeignKey("editions.id"), primary_key=True),
    sa.Column("story_id", sa.Integer, sa.ForeignKey("stories.id"), primary_key=True),
    sa.Index("ix_edition_stories_story", "story_id"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("edition_id", sa.Integer, sa.ForeignKey("editions.id"), nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("parts_sent", sa.Integer, nullable=False, default=0),
    sa.Column("message_id", sa.Text, nullable=False, default=""),
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.Column("permanent", sa.Boolean, nullable=False, default=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("edition_id", "channel", "recipient", name="uq_deliveries_recipient"),
    sa.Index("ix_deliveries_state", "state"),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("report", sa.JSON(none_as_null=True)),
)

#: Full-text index, rowid = articles.id. Text goes in through pipeline.archive.words.segment.
FTS_DDL = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS articles_fts USING fts5("
    "title, summary, text, tokenize = 'unicode61 remove_diacritics 2')"
)

"""Tables of the archive, as they are at the newest migration.

One writer at a time; every station reads what is due from here and puts its result back
in one transaction, so these tables are also the conveyor belt. A change here needs a migration
(``pipeline/archive/migrations``): a new archive is made from these tables, an older one by the
migrations, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from pipeline.archive.columns import Bytes, Json, UtcTime

metadata = sa.MetaData()

#: Facts about the archive itself. Its schema's version is Alembic's ``alembic_version``.
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

source_states = sa.Table(
    "source_states",
    metadata,
    sa.Column("source_id", sa.Text, sa.ForeignKey("sources.id"), primary_key=True),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("full_at", UtcTime),
    sa.Column("distrust", sa.Boolean, nullable=False),
    sa.Column("gap", sa.Float, nullable=False),
    sa.Column("newest", UtcTime),
    sa.Column("pace", sa.Float, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("moved_to", sa.Text, nullable=False),
    sa.Column("moves", sa.Integer, nullable=False),
    sa.Column("next_at", UtcTime),
    sa.Column("next_why", sa.Text, nullable=False),
    sa.Column("health", sa.Text, nullable=False),
    sa.Column("health_since", UtcTime),
    sa.Column("health_why", sa.Text, nullable=False),
)

source_events = sa.Table(
    "source_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source_id", sa.Text, sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("ix_source_events_at", "at"),
    sa.Index("ix_source_events_source", "source_id", "id"),
)

host_waits = sa.Table(
    "host_waits",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("until", UtcTime, nullable=False),
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
    sa.Column("authors", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("links", Json, nullable=False),
    sa.Column("artifact", Json),
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
    sa.Index("ix_articles_judged_model", "judged_model"),
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

#: What was pruned, so that it does not come back when a feed lists it again. Hashes alone are kept: 32 hex
#: digits an address, and as many an entry of its source.
tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("pruned_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
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
    sa.Column("reasons", Json, nullable=False),
    sa.Column("evidence", Json, nullable=False),
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
    sa.Column("who", Json, nullable=False),
    sa.Column("what", Json, nullable=False),
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

corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("article_id", sa.Integer, sa.ForeignKey("articles.id"), primary_key=True),
    # NULL: the model's word stands.
    sa.Column("kind", sa.Text),
    sa.Column("openness", sa.Text),
    sa.Column("licence", sa.Text),  # "": the text names none
    sa.Column("who", Json),
    sa.Column("what", Json),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("made_at", UtcTime, nullable=False),
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
    sa.Column("who", Json, nullable=False),
    sa.Column("what", Json, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),  # of the best article
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("outlets", sa.Integer, nullable=False),
    sa.Column("articles", sa.Integer, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("first_dated", UtcTime, nullable=False),
    sa.Column("last_dated", UtcTime, nullable=False),
    sa.Column("first_seen", UtcTime, nullable=False),
    sa.Column("candidate", Json, nullable=False),  # what grouping compares with
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
    sa.Column("reasons", Json, nullable=False),
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
    sa.Column("who", Json, nullable=False),
    sa.Column("what", Json, nullable=False),
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
    sa.Column("report", Json),
)

# What searching reads. All of it is derived: pipeline.archive.search_index writes it, and makes it anew.

#: A narrow row for each article: what filters look at, without reading past its text.
search_articles = sa.Table(
    "search_articles",
    metadata,
    sa.Column(
        "sort_key", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    sa.Column("article_id", sa.Integer, nullable=False, unique=True),
    sa.Column("source", Bytes, nullable=False),  # lower case, as lang and country
    sa.Column("outlet", Bytes, nullable=False),
    sa.Column("lang", Bytes, nullable=False),
    sa.Column("country", Bytes, nullable=False),
    sa.Column("kind", Bytes, nullable=False, default=""),  # "" while not judged
    sa.Column("tagged", Bytes, nullable=False, default="no"),
    sa.Column("probability", sa.Float),
    sa.Index("ix_search_articles_source", "source", "sort_key"),
    sa.Index("ix_search_articles_outlet", "outlet", "sort_key"),
    sa.Index("ix_search_articles_lang", "lang", "sort_key"),
    sa.Index("ix_search_articles_country", "country", "sort_key"),
    sa.Index("ix_search_articles_kind", "kind", "sort_key"),
    sa.Index("ix_search_articles_tagged", "tagged", "sort_key"),
)

#: What can be filtered by, a row a value: of an article, an announcement, a story, a promise.
search_facts = sa.Table(
    "search_facts",
    metadata,
    sa.Column("of", Bytes, primary_key=True),
    sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", Bytes, primary_key=True),
    sa.Column("value", Bytes, primary_key=True),
    sa.Column("sort_key", sa.BigInteger, nullable=False),
    # As written; NULL for the part of a name, which is found but never listed.
    sa.Column("label", sa.Text),
    sa.Index("ix_search_facts_value", "of", "key", "value", "sort_key", "row_id"),
    sqlite_with_rowid=False,
)

#: What a database needs beyond the tables, by dialect: the word index, whose rowid is the sort key.
#: Words are cut by pipeline.archive.words already: nothing but spaces parts them here.
CREATE_AFTER: Mapping[str, tuple[str, ...]] = {
    "sqlite": (
        "CREATE VIRTUAL TABLE search_words USING fts5("
        "title, summary, text, tokenize = \"ascii tokenchars '+#'\")",
    ),
    "postgresql": (
        "CREATE TABLE search_words (sort_key BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        "CREATE INDEX ix_search_words ON search_words USING gin (words)",
    ),
}

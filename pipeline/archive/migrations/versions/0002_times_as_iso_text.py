"""Times as ISO text in UTC on SQLite, so that every tool reads and sorts them."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TIMES = {
    "sources": ("polled_at", "ok_at", "problem_since"),
    "polls": ("at",),
    "articles": ("published", "updated", "first_seen", "dated", "page_at"),
    "sightings": ("first_seen",),
    "verdicts": ("decided_at",),
    "stories": ("first_dated", "last_dated", "first_seen"),
    "story_articles": ("joined_at",),
    "promises": ("said_at", "changed_at"),
    "editions": ("since", "until", "created_at"),
    "deliveries": ("updated_at",),
    "runs": ("started_at", "ended_at"),
}


def upgrade() -> None:
    """``2026-11-23 12:00:00.000000``, always UTC, becomes ``2026-11-23T12:00:00.000000Z``."""
    if op.get_context().dialect.name == "sqlite":
        for table, columns in TIMES.items():
            changed = ", ".join(f"{c} = substr({c}, 1, 10) || 'T' || substr({c}, 12) || 'Z'" for c in columns)
            op.execute(f"UPDATE {table} SET {changed}")  # noqa: S608 - names are ours
    # Programs older than the migrations look here, and refuse with both numbers.
    op.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    op.execute(
        "INSERT INTO meta (key, value) SELECT 'schema_version', '2' "
        "WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'schema_version')"
    )

"""What the polling policy remembers of a source, its changes of health, and hosts told to wait for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "source_states",
        sa.Column("source_id", sa.Text, sa.ForeignKey("sources.id"), nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("full_at", Time),
        sa.Column("distrust", sa.Boolean, nullable=False),
        sa.Column("gap", sa.Float, nullable=False),
        sa.Column("newest", Time),
        sa.Column("pace", sa.Float, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("moved_to", sa.Text, nullable=False),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.Column("next_at", Time),
        sa.Column("next_why", sa.Text, nullable=False),
        sa.Column("health", sa.Text, nullable=False),
        sa.Column("health_since", Time),
        sa.Column("health_why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source_id"),
    )
    op.create_table(
        "source_events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source_id", sa.Text, sa.ForeignKey("sources.id"), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_source_events_at", "source_events", ["at"])
    op.create_index("ix_source_events_source", "source_events", ["source_id", "id"])
    op.create_table(
        "host_waits",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("until", Time, nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )

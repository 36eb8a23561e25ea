"""What Alembic runs: the migrations, on the connection and in the transaction we hand it."""

from __future__ import annotations

from alembic import context

from pipeline.archive.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a column: the table is copied.
    render_as_batch=True,
    # Our transactions begin by themselves on SQLite, and hold what creates and alters tables, too.
    transactional_ddl=True,
    on_version_apply=context.config.attributes["applied"],
)
context.run_migrations()

"""A line for every run: when it started, when it ended, and its report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.schema import runs


class Runs:
    """The log of runs; one without an end was killed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, now: datetime) -> int:
        """Note that a run begins; gives its id."""
        with self._db.write() as tx:
            result = tx.execute(sa.insert(runs).values(started_at=now))
            assert result.inserted_primary_key is not None
            return int(result.inserted_primary_key[0])

    def end(self, run_id: int, report: Mapping[str, Any], now: datetime) -> None:
        """Note that it ended, with its report as plain JSON data."""
        with self._db.write() as tx:
            tx.execute(sa.update(runs).where(runs.c.id == run_id).values(ended_at=now, report=dict(report)))

"""Stories brought up to date outside a cycle, after a person or a new model has judged anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pipeline.archive import Archive

#: Articles grouped in one transaction, as in a cycle.
_BATCH = 100


def regroup(archive: Archive, now: datetime, step: Callable[[str], None] = lambda what: None) -> int:
    """Group what awaits it and settle promises; how many articles were grouped."""
    grouped = 0
    while due := archive.storying.due(_BATCH):
        archive.storying.group(due, now)
        grouped += len(due)
        for _ in due:
            step("")
    archive.promising.settle(now)
    return grouped

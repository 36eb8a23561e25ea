"""What we know about the news: judging, facts, stories, promises, the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.archive import Archive

__all__ = ["Archive"]


def __getattr__(name: str) -> Any:
    """``from pipeline import Archive`` without paying for the database where it is not used."""
    if name == "Archive":
        from pipeline.archive import Archive

        return Archive
    raise AttributeError(f"module 'pipeline' has no attribute {name!r}")

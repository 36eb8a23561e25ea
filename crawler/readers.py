"""From a fetched body to entries, whatever the source's kind: the registry of readers.

A new kind of source is one function of the shape of `Reader` and one line in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from crawler.feeds import DEFAULT_LIMIT, read_feed
from crawler.forums import read_hackernews, read_reddit
from crawler.hubs import read_github_releases, read_huggingface
from crawler.listing import read_listing
from crawler.reading import Reading
from crawler.sitemaps import read_sitemap
from pipeline.model import FeedError, Source, SourceKind

__all__ = ["Reader", "Reading", "read_source"]


class Reader(Protocol):
    """Reads the body of one kind of source; raises FeedError if it is not of that kind."""

    def __call__(
        self, source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
    ) -> Reading:
        """Return what ``body``, fetched from ``url``, holds."""


def _read_feed(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
) -> Reading:
    feed = read_feed(body, url=url, source_id=source.id, content_type=content_type, now=now, limit=limit)
    return Reading(feed.entries, feed.problem)


_READERS: Mapping[SourceKind, Reader] = MappingProxyType(
    {
        SourceKind.FEED: _read_feed,
        SourceKind.LISTING: read_listing,
        SourceKind.SITEMAP: read_sitemap,
        SourceKind.HUGGINGFACE: read_huggingface,
        SourceKind.GITHUB_RELEASES: read_github_releases,
        SourceKind.HACKERNEWS: read_hackernews,
        SourceKind.REDDIT: read_reddit,
    }
)


def read_source(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int = DEFAULT_LIMIT
) -> Reading:
    """Read what ``source`` answered at ``url`` (after redirects) with the header ``content_type``.

    At most ``limit`` entries. Where the catalogue states the source's language, that counts:
    many feeds carry the "en-us" of a template. Raises FeedError, about the source's id, if
    the body is not what the source's kind promises.
    """
    try:
        reading = _READERS[source.kind](
            source, body, url=url, content_type=content_type, now=now, limit=limit
        )
    except FeedError as error:
        raise FeedError(error.message, about=source.id, cure=error.cure) from error
    if not source.language:
        return reading
    return replace(
        reading, entries=tuple(replace(entry, language=source.language) for entry in reading.entries)
    )

"""The spiders: one class a kind of source, and one for article pages.

They say what to ask for and what to make of the answer. How it is fetched is
`crawler.download`, how a body is read `crawler.readers`, who starts them `crawler.gather`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crawler.spiders.pages import PageSpider
from crawler.spiders.polling import (
    FeedSpider,
    GitHubReleasesSpider,
    HackerNewsSpider,
    HuggingFaceSpider,
    ListingSpider,
    PollSpider,
    RedditSpider,
)
from crawler.spiders.probe import Look, ProbeSpider
from crawler.spiders.sitemap import SitemapSpider
from pipeline.model import SourceKind

__all__ = ["POLL_SPIDERS", "Look", "PageSpider", "PollSpider", "ProbeSpider"]

POLL_SPIDERS: Mapping[SourceKind, type[PollSpider]] = MappingProxyType(
    {
        SourceKind.FEED: FeedSpider,
        SourceKind.LISTING: ListingSpider,
        SourceKind.SITEMAP: SitemapSpider,
        SourceKind.HUGGINGFACE: HuggingFaceSpider,
        SourceKind.GITHUB_RELEASES: GitHubReleasesSpider,
        SourceKind.HACKERNEWS: HackerNewsSpider,
        SourceKind.REDDIT: RedditSpider,
    }
)

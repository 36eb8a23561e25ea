"""Polling one source: ask conditionally, compare, and read only what is new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from scrapy import Request
from scrapy.http import Response

from crawler import policy, problems
from crawler.download import PRIVATE, PROXY, plain_headers
from crawler.hints import feed_pace, freshness, permanent_move
from crawler.readers import Reading, read_source
from crawler.spiders.base import GatheringSpider
from pipeline.model import (
    Entry,
    FeedError,
    Poll,
    PollOutcome,
    Problem,
    ServerSays,
    Source,
    SourceKind,
    SourceState,
)

__all__ = [
    "FeedSpider",
    "GitHubReleasesSpider",
    "HackerNewsSpider",
    "HuggingFaceSpider",
    "ListingSpider",
    "PollJob",
    "PollSpider",
    "RedditSpider",
]

#: Longer validators are not kept: real ones have some dozen characters, and they go into the
#: database and into each later request.
_MAX_VALIDATOR = 512


@dataclass(frozen=True, slots=True)
class PollJob:
    """A source to poll, and what is remembered of the last time."""

    source: Source
    state: SourceState


class PollSpider(GatheringSpider[PollJob, Poll]):
    """Polls all sources of one kind."""

    kind: ClassVar[SourceKind]

    def request(self, errand: PollJob) -> Request:
        """Ask for the source's address, unless it is as we know it."""
        ask = policy.ask(errand.source, errand.state, self.gathering.now())
        request = self.addressed(errand.source, ask.url)
        if ask.etag:
            request.headers[b"If-None-Match"] = ask.etag
        if ask.last_modified:
            request.headers[b"If-Modified-Since"] = ask.last_modified
        if not ask.conditional and errand.state.asked:
            # A whole body is asked for because what is kept may be wrong: so may a cache's copy.
            request.headers[b"Cache-Control"] = b"no-cache"
        return request

    def addressed(self, source: Source, url: str) -> Request:
        """A request as ``source`` wants its requests; its own headers for its own site alone."""
        request = Request(url)
        if source.user_agent:
            request.headers[b"User-Agent"] = source.user_agent
        if policy.host_of(url) == policy.host_of(source.url):
            for name, value in source.headers.items():
                request.headers[name] = value
        request.meta[PRIVATE] = tuple(source.headers)
        if source.proxy:
            request.meta[PROXY] = source.proxy
        return request

    async def read(self, errand: PollJob, response: Response) -> Poll:
        """Return the poll: unchanged, read, or failed by its status."""
        now = self.gathering.now()
        asked = response.request.headers if response.request else {}
        conditional = b"If-None-Match" in asked or b"If-Modified-Since" in asked
        if response.status == 304 and conditional:
            etag = _validator(response, b"etag") or errand.state.etag
            state = SourceState(etag, errand.state.last_modified, errand.state.body_hash)
            return self.poll(errand, response, PollOutcome.UNCHANGED, state)
        if problem := refusal(response, now):
            return self.gathering.failed(errand, problem, response.status, self.seconds(response))
        known = policy.ask(errand.source, errand.state, now).body_hash
        try:
            body_hash, reading = await self.gathering.beside(self.reader(errand.source, response, known))
        except FeedError:
            if wall := problems.of_wall(response):
                return self.gathering.failed(errand, wall, response.status, self.seconds(response))
            raise
        state = SourceState(_validator(response, b"etag"), _validator(response, b"last-modified"), body_hash)
        return await self.finish(errand, response, state, reading)

    async def finish(
        self, errand: PollJob, response: Response, state: SourceState, reading: Reading | None
    ) -> Poll:
        """Return the poll for what was read; ``reading`` is None for the body of last time."""
        if reading is None:
            return self.poll(errand, response, PollOutcome.UNCHANGED, state)
        return self.poll(errand, response, PollOutcome.OK, state, reading.entries, reading.problem)

    def poll(
        self,
        errand: PollJob,
        response: Response,
        outcome: PollOutcome,
        state: SourceState,
        entries: tuple[Entry, ...] = (),
        problem: Problem | None = None,
    ) -> Poll:
        """Return a poll that did not fail."""
        return Poll(
            errand.source.id,
            outcome,
            self.gathering.now(),
            entries=entries,
            status=response.status,
            state=state,
            seconds=self.seconds(response),
            problem=problem,
            says=self.says(response),
        )

    def says(self, response: Response) -> ServerSays:
        """What a good answer says about the next one."""
        headers, now = plain_headers(response), self.gathering.now()
        date, expires = headers.get("date", ""), headers.get("expires", "")
        urls = [*response.meta.get("redirect_urls", ()), response.url]
        return ServerSays(
            fresh=freshness(headers.get("cache-control", ""), expires, date, now),
            pace=feed_pace(response.body) if response.body else None,
            moved_to=permanent_move(urls, response.meta.get("redirect_reasons", [])),
        )

    def reader(
        self, source: Source, response: Response, known: str = ""
    ) -> Callable[[], tuple[str, Reading | None]]:
        """Return a call that hashes the body and, if that is not ``known``, reads it.

        It is meant for a thread; it may raise FeedError.
        """
        body, url, kind = response.body, response.url, problems.content_type(response)
        now, limit = self.gathering.now(), self.gathering.settings.entries

        def work() -> tuple[str, Reading | None]:
            body_hash = hashlib.sha256(body).hexdigest()
            if body_hash == known:
                return body_hash, None
            return body_hash, read_source(source, body, url=url, content_type=kind, now=now, limit=limit)

        return work


def refusal(response: Response, now: datetime) -> Problem | None:
    """Say why ``response`` holds nothing to read, None if it does."""
    if problem := problems.of_status(response, now):
        return problem
    if not response.body.strip():
        return Problem(
            "empty",
            "The server answered with nothing at all.",
            "Open the address in a browser to see what it serves.",
        )
    return None


def _validator(response: Response, name: bytes) -> str:
    if (response.headers.get(b"expires") or b"").strip() == b"0":
        return ""  # who says so serves another body under the same validator (miniflux)
    value = (response.headers.get(name) or b"").decode("latin-1").strip()
    return value if len(value) <= _MAX_VALIDATOR and value.isprintable() else ""


class FeedSpider(PollSpider):
    """RSS, Atom and JSON feeds."""

    name = kind = SourceKind.FEED
    accept = (
        "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
        "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
    )


class ListingSpider(PollSpider):
    """Pages of sites without a feed."""

    name = kind = SourceKind.LISTING
    accept = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"


class HuggingFaceSpider(PollSpider):
    """Model hubs' lists of an organisation's artifacts."""

    name = kind = SourceKind.HUGGINGFACE
    accept = "application/json"


class GitHubReleasesSpider(PollSpider):
    """Feeds of a repository's releases."""

    name = kind = SourceKind.GITHUB_RELEASES
    accept = "application/atom+xml, application/xml;q=0.8, */*;q=0.1"


class HackerNewsSpider(PollSpider):
    """Stories that a search of Hacker News finds."""

    name = kind = SourceKind.HACKERNEWS
    accept = "application/json"


class RedditSpider(PollSpider):
    """Feeds of subreddits."""

    name = kind = SourceKind.REDDIT
    accept = "application/atom+xml, application/xml;q=0.8, */*;q=0.1"

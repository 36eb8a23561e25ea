"""Polling one source: ask conditionally, compare, and read only what is new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from scrapy import Request
from scrapy.http import Response

from crawler import problems
from crawler.readers import Reading, read_source
from crawler.spiders.base import GatheringSpider
from pipeline.model import Entry, Poll, PollOutcome, Problem, Source, SourceKind, SourceState

__all__ = [
    "FeedSpider",
    "GitHubReleasesSpider",
    "HuggingFaceSpider",
    "ListingSpider",
    "PollJob",
    "PollSpider",
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
        """Ask for the source's URL, unless it is as we know it."""
        request = Request(errand.source.url)
        if errand.state.etag:
            request.headers[b"If-None-Match"] = errand.state.etag
        if errand.state.last_modified:
            request.headers[b"If-Modified-Since"] = errand.state.last_modified
        return request

    async def read(self, errand: PollJob, response: Response) -> Poll:
        """Return the poll: unchanged, read, or failed by its status."""
        known = errand.state.body_hash
        if response.status == 304 and (errand.state.etag or errand.state.last_modified):
            state = SourceState(
                _validator(response, b"etag") or errand.state.etag, errand.state.last_modified, known
            )
            return self.poll(errand, response, PollOutcome.UNCHANGED, state)
        if problem := refusal(response):
            return self.gathering.failed(errand, problem, response.status, self.seconds(response))
        body_hash, reading = await self.gathering.beside(self.reader(errand.source, response, known))
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


def refusal(response: Response) -> Problem | None:
    """Say why ``response`` holds nothing to read, None if it does."""
    if problem := problems.of_status(response):
        return problem
    if not response.body.strip():
        return Problem(
            "empty",
            "The server answered with nothing at all.",
            "Open the address in a browser to see what it serves.",
        )
    return None


def _validator(response: Response, name: bytes) -> str:
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

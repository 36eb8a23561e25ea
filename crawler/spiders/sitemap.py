"""Sitemaps, and indexes of sitemaps: what the newest of an index list is one source's poll."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace

from scrapy.http import Response

from crawler.download import SPENT, Stopped
from crawler.gate import GateError, check_url
from crawler.readers import Reading
from crawler.spiders.polling import PollJob, PollSpider, refusal
from pipeline.model import Entry, FeedError, Poll, PollOutcome, Problem, SourceKind, SourceState

__all__ = ["SitemapSpider"]

#: Sitemaps followed from one index; the reader names the newest first.
_MAX_CHILDREN = 5


@dataclass(frozen=True, slots=True)
class _Child:
    """What became of one sitemap of an index; exactly one of reading and problem is set."""

    body_hash: str = ""
    reading: Reading | None = None
    problem: Problem | None = None
    seconds: float = 0.0


class SitemapSpider(PollSpider):
    """News sitemaps and plain ones."""

    name = kind = SourceKind.SITEMAP
    accept = "application/xml, text/xml;q=0.9, application/gzip;q=0.8, */*;q=0.1"

    async def finish(
        self, errand: PollJob, response: Response, state: SourceState, reading: Reading | None
    ) -> Poll:
        """Return the poll; for an index, what its sitemaps list, joined.

        Of an index no validators are kept: many stay the same while what they list changes.
        Its hash is that of all bodies together, and "" if one could not be read, so that the
        next poll reads them again.
        """
        if reading is None or not reading.follow:
            return await super().finish(errand, response, state, reading)
        follow = reading.follow[:_MAX_CHILDREN]
        children = await asyncio.gather(*(self._child(errand, url) for url in follow))
        seconds = self.seconds(response) + sum(child.seconds for child in children)
        lost = [child.problem for child in children if child.problem]
        readings = [child.reading for child in children if child.reading]
        if not readings:
            return self.gathering.failed(errand, lost[0], response.status, seconds)
        body_hash = "" if lost else _joined_hash([state.body_hash, *(child.body_hash for child in children)])
        if body_hash and body_hash == errand.state.body_hash:
            poll = self.poll(errand, response, PollOutcome.UNCHANGED, SourceState(body_hash=body_hash))
        else:
            poll = self.poll(
                errand,
                response,
                PollOutcome.OK,
                SourceState(body_hash=body_hash),
                _joined(readings, self.gathering.settings.entries),
                _warning(lost, len(follow)) or next((r.problem for r in readings if r.problem), None),
            )
        return replace(poll, seconds=seconds)

    async def _child(self, errand: PollJob, url: str) -> _Child:
        try:
            request = self.addressed(errand.source, url)
            check_url(request.url)
        except (ValueError, GateError) as error:
            return _Child(problem=self.words(error))
        request.headers[b"Accept"] = self.accept
        try:
            response = await self.crawler.engine.download_async(request)
        except Stopped:
            raise
        except Exception as error:
            return _Child(problem=self.words(error), seconds=request.meta.get(SPENT, 0.0))
        seconds = self.seconds(response)
        if problem := refusal(response, self.gathering.now()):
            return _Child(problem=problem, seconds=seconds)
        try:
            body_hash, reading = await self.gathering.beside(self.reader(errand.source, response))
        except FeedError as error:
            return _Child(problem=self.words(error), seconds=seconds)
        return _Child(body_hash, reading, seconds=seconds)


def _joined_hash(hashes: list[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _joined(readings: list[Reading], limit: int) -> tuple[Entry, ...]:
    """Return the entries of all, each guid once, at most ``limit``."""
    entries = {entry.guid: entry for reading in reversed(readings) for entry in reversed(reading.entries)}
    return tuple(reversed(entries.values()))[:limit]


def _warning(lost: list[Problem], of: int) -> Problem | None:
    if not lost:
        return None
    return Problem(
        "partial", f"{len(lost)} of its {of} sitemaps could not be read: {lost[0].message}", lost[0].cure
    )

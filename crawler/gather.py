"""Gathering: all sources polled, or all pages fetched, at once on the running loop.

The two coroutines here promise one thing above all: each job and each request is answered
exactly once, whatever happens to it. They need the loop of `crawler.loop`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from scrapy.crawler import AsyncCrawlerRunner

from crawler import policy, problems
from crawler.manners import UNTOLD_WAIT, Manners
from crawler.pages.workers import Readers
from crawler.scrapy_settings import CrawlSettings, quiet_logs, scrapy_settings
from crawler.spiders import POLL_SPIDERS, Look, PageSpider, ProbeSpider
from crawler.spiders.base import Gathering, GatheringSpider
from crawler.spiders.pages import PageGathering
from crawler.spiders.polling import PollJob
from pipeline.model import PageFetch, PageRequest, Poll, PollOutcome, Problem, ServerSays, SourceKind

__all__ = ["CrawlSettings", "Look", "Manners", "PollJob", "fetch_bodies", "fetch_pages", "poll_sources"]

E = TypeVar("E")
R = TypeVar("R")

_log = logging.getLogger(__name__)


async def poll_sources(
    jobs: Sequence[PollJob],
    settings: CrawlSettings,
    on_poll: Callable[[Poll], Awaitable[None]],
    *,
    now: Callable[[], datetime],
    manners: Manners | None = None,
) -> None:
    """Poll every source of ``jobs`` once and hand each `Poll` to ``on_poll`` as it comes.

    ``on_poll`` is never called twice at one time, and fetching waits for it when it is slow.
    If it raises, the gathering stops at once and the exception is raised here; cancelling
    stops it likewise. Poll.state is what to remember, by `crawler.policy`. Poll.seconds counts
    downloading, not waiting for a turn. ``manners`` is what servers have told us before; a source
    whose host turns out to want us to wait is handed over as deferred.
    """
    manners = manners or Manners()
    bounds = policy.Bounds(settings.shortest, max(settings.shortest, settings.longest))
    known = {job.source.id: job for job in jobs}

    def failed(job: PollJob, problem: Problem, status: int | None, seconds: float) -> Poll:
        host = policy.host_of(job.state.address or job.source.url)
        deferred = problem.code == "told-to-wait"
        retry_at = manners.waits_for(host, now())
        if deferred and retry_at is None:  # a host that it redirects to
            retry_at = now() + UNTOLD_WAIT
        return Poll(
            job.source.id,
            PollOutcome.DEFERRED if deferred else PollOutcome.FAILED,
            now(),
            status=status,
            state=job.state,
            seconds=seconds,
            problem=problem,
            says=ServerSays(retry_at=retry_at),
        )

    async def decide(poll: Poll) -> None:
        job = known[poll.source_id]
        state = policy.after(job.source, job.state, poll, poll.at, bounds)
        await on_poll(replace(poll, state=state))

    gathering = Gathering(jobs, settings, decide, failed, now, manners)

    def of(kind: SourceKind) -> Callable[[PollJob], bool]:
        return lambda job: job.source.kind is kind

    kinds = sorted({job.source.kind for job in jobs})
    await _gather(
        gathering,
        [(POLL_SPIDERS[kind], of(kind)) for kind in kinds],
        max_bytes=settings.feed_bytes,
    )


async def fetch_pages(
    requests: Sequence[PageRequest],
    settings: CrawlSettings,
    on_page: Callable[[PageFetch], Awaitable[None]],
    *,
    now: Callable[[], datetime],
    manners: Manners | None = None,
) -> None:
    """Fetch every page of ``requests`` once and hand each `PageFetch` to ``on_page`` as it comes.

    The promises are those of `poll_sources`.
    """

    def failed(request: PageRequest, problem: Problem, status: int | None, seconds: float) -> PageFetch:
        return PageFetch(request.article_id, now(), problem=problem)

    gathering = PageGathering(requests, settings, on_page, failed, now, manners)
    crawls: list[Any] = [(PageSpider, lambda request: True)] if requests else []
    async with Readers() as gathering.readers:
        await _gather(gathering, crawls, max_bytes=settings.page_bytes)


async def fetch_bodies(
    urls: Sequence[str], settings: CrawlSettings, *, now: Callable[[], datetime]
) -> dict[str, Look]:
    """Fetch every address of ``urls`` once and return what each answered, by the address asked."""
    found: dict[str, Look] = {}

    async def keep(look: Look) -> None:
        found[look.asked] = look

    def failed(url: str, problem: Problem, status: int | None, seconds: float) -> Look:
        return Look(url, url, problem=problem)

    asked = tuple(dict.fromkeys(urls))
    gathering = Gathering(asked, settings, keep, failed, now)
    crawls: list[Any] = [(ProbeSpider, lambda url: True)] if asked else []
    await _gather(gathering, crawls, max_bytes=settings.feed_bytes)
    return found


async def _gather(
    gathering: Gathering[E, R],
    crawls: Sequence[tuple[type[GatheringSpider[E, R]], Callable[[E], bool]]],
    *,
    max_bytes: int,
) -> None:
    """Run one crawl for each spider class, over the errands it wants, all at the same time."""
    if not crawls:
        return
    quiet_logs()
    runner = AsyncCrawlerRunner(scrapy_settings(gathering.settings, max_bytes=max_bytes))
    tasks = [asyncio.create_task(_crawl(runner, gathering, *crawl)) for crawl in crawls]
    ended = asyncio.ensure_future(asyncio.wait(tasks))
    brake = asyncio.create_task(gathering.traffic.stopping.wait())
    try:
        await asyncio.wait({ended, brake}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        brake.cancel()
        if not ended.done():  # stopped by on_result, or cancelled
            gathering.traffic.stop()
            await _stop(runner)
            await ended
    if gathering.error is not None:
        raise gathering.error
    for task in tasks:
        task.result()


async def _stop(runner: AsyncCrawlerRunner) -> None:
    """Stop the crawls that are running.

    Not ``runner.stop()``: a crawl that is only just starting never ends after that. Such a
    one ends by itself, for its spider finds the brake on and asks for nothing.
    """
    for crawler in list(runner.crawlers):
        if crawler._engine is not None and crawler._engine.running:
            await crawler.stop_async()


async def _crawl(
    runner: AsyncCrawlerRunner,
    gathering: Gathering[E, R],
    spider: type[GatheringSpider[E, R]],
    wanted: Callable[[E], bool],
) -> None:
    """Run one crawl and see to it that every errand of it has its result.

    Scrapy calls a crawl finished though each of its callbacks raised, so it is judged by
    what was handed over.
    """
    try:
        await runner.crawl(spider, gathering=gathering, errands=gathering.open(wanted))
    except Exception:
        _log.exception("The crawl %s broke off", spider.name)
    if gathering.traffic.stopping.is_set():
        return
    left = gathering.open(wanted)
    if left:
        _log.error("The crawl %s ended with %d of its errands undone", spider.name, len(left))
    for each in left:
        await gathering.hand_over(each.number, gathering.failed(each.errand, problems.INTERNAL, None, 0.0))

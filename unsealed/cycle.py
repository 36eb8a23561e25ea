"""One full cycle: gather, judge, fetch pages, judge again, group, settle promises, decide
editions, deliver.

Each station takes what is due from the archive and puts its result back; a cycle that was
killed is continued by the next one, from the database alone. Nothing here decides: it calls
the rooms in order, heavy work beside the loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from crawler.gather import fetch_pages
from crawler.policy import Plan, plan
from pipeline.archive.rows import item_of
from pipeline.archive.saving import SavedPoll
from pipeline.model import Article, Kind, PageFetch, Poll, Source, Verdict
from unsealed.delivery import deliver_outstanding
from unsealed.editions import decide_editions
from unsealed.gathering import gather_sources
from unsealed.progress import Bars
from unsealed.report import Change, RunReport, Trouble
from unsealed.wiring import Parts

_log = logging.getLogger(__name__)

#: Articles judged or grouped in one transaction: a kill repeats at most this many, unseen.
BATCH = 100

Clock = Callable[[], datetime]


async def run_cycle(
    parts: Parts,
    *,
    clock: Clock,
    bars: Bars,
    only: str | None = None,
    send: bool = True,
    due_only: bool = False,
) -> RunReport:
    """Run every station once.

    ``only`` polls one source by id, ``due_only`` those whose time has come, else all that have not
    been told to wait. Without ``send`` nothing is decided or delivered. Raises
    ArchiveError when the archive cannot be written; whatever a source or page does is in the report.
    """
    report = RunReport()
    began, began_at = time.monotonic(), clock()
    run_id = await asyncio.to_thread(parts.archive.runs.begin, clock())
    await asyncio.to_thread(parts.archive.gathering.sync_sources, parts.catalogue)
    told = await asyncio.to_thread(plan_polls, parts, clock(), only=only, due_only=due_only)
    report.sources_resting = told.resting
    for each in told.waiting:
        report.add_waiting(each.source.name, each.problem)
    await _gather(parts, told.polled, report, clock, bars)
    for event in await asyncio.to_thread(parts.archive.gathering.events, began_at):
        report.changes.append(Change(event.name, event.before, event.after, event.why))
    await _judge(parts, report, clock, bars, "judging headlines")
    await _pages(parts, report, clock, bars)
    await _judge(parts, report, clock, bars, "judging articles")
    await _group(parts, report, clock, bars)
    await asyncio.to_thread(parts.archive.promising.settle, clock())
    # With nothing reached there is nothing new to tell; an empty edition would use up today's slot.
    if send and report.reached:
        await asyncio.to_thread(decide_editions, parts, report, clock())
        await asyncio.to_thread(deliver_outstanding, parts, report, clock, bars)
    report.seconds = time.monotonic() - began
    await asyncio.to_thread(parts.archive.runs.end, run_id, report.plain(), clock())
    return report


def plan_polls(parts: Parts, now: datetime, *, only: str | None = None, due_only: bool = False) -> Plan:
    """Which sources are polled now, which wait, and why; from the archive alone."""
    gathering = parts.archive.gathering
    for host, until in gathering.waits(now).items():
        parts.manners.wait(host, until)
    chosen = [s for s in parts.catalogue if only in (None, s.id)]
    # Who names a source wants it asked, gone or not; only its server's wish to wait counts.
    states = {} if only else gathering.states()
    return plan(chosen, states, parts.manners.waits(now), now, due_only=due_only)


async def _gather(
    parts: Parts, chosen: Sequence[Source], report: RunReport, clock: Clock, bars: Bars
) -> None:
    names = {s.id: s.name for s in chosen}
    with bars.station("asking sources", len(chosen)) as step:

        def told(poll: Poll, saved: SavedPoll) -> None:
            report.add_poll(poll, names[poll.source_id], saved.added, saved.changed)
            step(names[poll.source_id])

        await gather_sources(parts.archive, chosen, parts.crawl, told, clock=clock, manners=parts.manners)
    await _keep_waits(parts, clock)


async def _keep_waits(parts: Parts, clock: Clock) -> None:
    await asyncio.to_thread(parts.archive.gathering.keep_waits, parts.manners.waits(clock()))


async def _pages(parts: Parts, report: RunReport, clock: Clock, bars: Bars) -> None:
    requests = await asyncio.to_thread(parts.archive.gathering.page_requests, parts.settings.gather.pages)
    asked = {r.article_id: r for r in requests}
    with bars.station("reading articles", len(requests)) as step:

        async def keep(fetch: PageFetch) -> None:
            if fetch.problem is not None and fetch.problem.code == "told-to-wait":
                report.pages_waiting += 1  # not tried, so none of its tries is spent
                step(asked[fetch.article_id].outlet)
                return
            await asyncio.to_thread(parts.archive.gathering.save_page, fetch)
            request = asked[fetch.article_id]
            report.add_page(fetch, f"{request.outlet}, “{request.title}”")
            step(request.outlet)

        await fetch_pages(requests, parts.crawl, keep, now=clock, manners=parts.manners)
    await _keep_waits(parts, clock)


async def _judge(parts: Parts, report: RunReport, clock: Clock, bars: Bars, station: str) -> None:
    judging = parts.archive.judging
    total = await asyncio.to_thread(judging.count_due)
    with bars.station(station, total) as step:

        def judge_batch() -> tuple[Article, ...]:
            due = judging.due(BATCH)
            judging.save([(article, _verdict(parts, article, report)) for article in due], clock())
            return due

        while due := await asyncio.to_thread(judge_batch):
            report.judged += len(due)
            _each(step, (article.outlet for article in due))


def _verdict(parts: Parts, article: Article, report: RunReport) -> Verdict:
    """A verdict, whatever the article holds: one that crashed the classifier must not stop all others."""
    try:
        return parts.classifier.judge(item_of(article))
    except Exception as error:
        _log.exception("article %d (%s) could not be judged", article.id, article.url)
        message = f"the classifier failed on it ({type(error).__name__}: {error}); please report it."
        report.misjudged.append(Trouble(article.url, "internal", message))
        basis = "text" if article.text else "summary"
        return Verdict(Kind.OTHER, 0.0, (), (), ("internal error",), parts.classifier.model, basis)


async def _group(parts: Parts, report: RunReport, clock: Clock, bars: Bars) -> None:
    storying = parts.archive.storying
    with bars.station("grouping stories", await asyncio.to_thread(storying.count_due)) as step:

        def group_batch() -> int:
            due = storying.due(BATCH)
            storying.group(due, clock())
            return len(due)

        while done := await asyncio.to_thread(group_batch):
            report.grouped += done
            _each(step, ("" for _ in range(done)))


def _each(step: Callable[[str], None], names: Iterable[str]) -> None:
    for name in names:
        step(name)

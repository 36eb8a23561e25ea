"""Sources polled and what came of it kept, many polls to a transaction.

A transaction of its own for every poll would cost more than reading most feeds does. A kill
loses nothing by it: validators are kept together with the entries they stand for, so what was
polled and not yet saved is simply polled again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

from crawler.gather import CrawlSettings, PollJob, poll_sources
from crawler.manners import Manners
from pipeline.archive import Archive
from pipeline.archive.saving import SavedPoll
from pipeline.model import Poll, PollOutcome, Source, SourceState

__all__ = ["gather_sources"]

#: Polls, and entries of them, saved in one transaction: enough that its own cost is lost among
#: theirs, few enough that nobody who wants to write waits long.
POLLS, ENTRIES = 64, 1000
#: Seconds that a poll waits for others to be saved with it.
PATIENCE = 1.0

Told = Callable[[Poll, SavedPoll], None]


async def gather_sources(
    archive: Archive,
    chosen: Iterable[Source],
    settings: CrawlSettings,
    told: Told,
    *,
    clock: Callable[[], datetime],
    manners: Manners | None = None,
) -> None:
    """Poll every source of ``chosen`` once and keep what it gave; ``told`` hears of each that is kept.

    ``manners`` is what servers have told us before. Raises ArchiveError when the archive cannot be written: the gathering stops then.
    """
    states = await asyncio.to_thread(archive.gathering.states)
    jobs = [PollJob(source, states.get(source.id, SourceState())) for source in chosen]
    keeper = _Keeper(archive, told)
    ticking = asyncio.create_task(keeper.tick())
    try:
        await poll_sources(jobs, settings, keeper.keep, now=clock, manners=manners)
        await keeper.finish()
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        await keeper.settle()


class _Keeper:
    """Collects polls and saves them in a thread while further ones come in."""

    def __init__(self, archive: Archive, told: Told) -> None:
        self._archive = archive
        self._told = told
        self._waiting: list[Poll] = []
        self._entries = 0
        self._saving: asyncio.Task[None] | None = None

    async def keep(self, poll: Poll) -> None:
        """Take ``poll``; wait if the last lot is still being saved when the next is full."""
        if poll.outcome is PollOutcome.DEFERRED:  # nothing was asked, so nothing is kept
            self._told(poll, SavedPoll(0, 0))
            return
        self._waiting.append(poll)
        self._entries += len(poll.entries)
        if len(self._waiting) >= POLLS or self._entries >= ENTRIES:
            await self._start()

    async def tick(self) -> None:
        """Save what waits, now and then, as long as it is let."""
        while True:
            await asyncio.sleep(PATIENCE)
            if self._waiting and (self._saving is None or self._saving.done()):
                with suppress(Exception):  # kept in the task: the next to wait for it meets it
                    await self._start()

    async def finish(self) -> None:
        """Save all that is left."""
        await self._start()
        await self._saved()

    async def settle(self) -> None:
        """Wait for a transaction that is under way; what it raises was or will be raised elsewhere."""
        if self._saving is not None:
            await asyncio.wait({self._saving})

    async def _start(self) -> None:
        await self._saved()
        batch, self._waiting, self._entries = self._waiting, [], 0
        if batch:
            self._saving = asyncio.create_task(self._save(batch))

    async def _saved(self) -> None:
        if self._saving is not None:
            await asyncio.shield(self._saving)

    async def _save(self, batch: list[Poll]) -> None:
        results = await asyncio.to_thread(self._archive.gathering.save_polls, batch)
        for poll, saved in zip(batch, results, strict=True):
            self._told(poll, saved)

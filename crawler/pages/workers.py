"""Pages read in worker processes: one that stalls, bloats or kills its worker harms no other.

A thread would not do: nothing can end a thread that is caught in a pattern or in libxml2, and
what makes libxml2 crash takes the whole process with it. Workers are started with the first page
and stopped with the gathering.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import datetime
from multiprocessing import get_context
from types import TracebackType
from typing import TYPE_CHECKING, Final

from pipeline.model import Page, Problem

if TYPE_CHECKING:
    from pebble import ProcessPool

__all__ = ["PAGE_SECONDS", "Readers"]

_log = logging.getLogger(__name__)

#: Reading takes 20 ms of a page and 2 s of the largest; on a loaded machine ten times that.
PAGE_SECONDS: Final = 20.0
#: More would take the processor from downloading and judging.
_WORKERS: Final = min(2, os.cpu_count() or 1)
#: A worker is replaced after so many pages, in case a library holds on to memory.
_PAGES_A_WORKER: Final = 2_000
#: Address space a worker may have; 5 MiB of HTML need some 300 MiB at worst.
_MEMORY: Final = 2 * 2**30
#: Pages handed to the workers at one time; the others wait here, where they cost no second copy.
_AT_ONCE: Final = 2 * _WORKERS


#: What runs in a worker: HTML, address and time in, the page out.
Reader = Callable[[str, str, datetime], Page]


class Readers:
    """Reads pages in worker processes; use it as an asynchronous context."""

    def __init__(self, seconds: float = PAGE_SECONDS, reader: Reader | None = None) -> None:
        self._seconds = seconds
        self._reader = reader or _read
        self._pool: ProcessPool | None = None
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> Readers:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.stop()  # type: ignore[no-untyped-call]  # whatever is still being read is of no use to anyone any more
            await asyncio.to_thread(pool.join, 10)

    async def read(self, html: str, url: str, *, now: datetime) -> Page | Problem:
        """Return what `crawler.pages.extract` makes of a page, or the problem of one it cannot end."""
        from pebble import ProcessExpired

        async with self._turns:
            future = self._started().schedule(self._reader, args=(html, url, now), timeout=self._seconds)
            try:
                return await asyncio.wrap_future(future)
            except TimeoutError:
                return Problem(
                    "slow-page",
                    f"Reading the page took more than {self._seconds:g} s and was stopped.",
                    "Its headline and summary are kept; read it in a browser.",
                )
            except (ProcessExpired, MemoryError) as problem:
                _log.warning("Reading %s ended its worker: %s", url.partition("?")[0], problem)
                return Problem(
                    "page-crash",
                    "Reading the page ended the process that read it, by a fault or for want of memory.",
                    "Its headline and summary are kept; please report the page.",
                )

    def _started(self) -> ProcessPool:
        if self._pool is None:
            from pebble import ProcessPool

            # "spawn": a fork of a process with threads and an event loop inherits their locks
            self._pool = ProcessPool(
                max_workers=_WORKERS,
                max_tasks=_PAGES_A_WORKER,
                initializer=_begin,
                context=get_context("spawn"),
            )
        return self._pool


def _begin() -> None:
    """Bound a worker's memory, and leave signals meant for the program to the program."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _read(html: str, url: str, now: datetime) -> Page:
    from crawler.pages import extract

    return extract(html, url, now=now)

"""What all spiders share: errands in, exactly one result for each handed over."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler import problems
from crawler.download import SPENT, Stopped, Traffic
from crawler.gate import GateError, check_url
from crawler.manners import Manners
from crawler.scrapy_settings import CrawlSettings
from pipeline.model import FeedError, PageError, Problem

__all__ = ["Gathering", "GatheringSpider"]

E = TypeVar("E")  # what is asked for: PollJob, PageRequest
R = TypeVar("R")  # what is handed over: Poll, PageFetch
T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Bodies read at one time. Python reads one after the other anyway; a second one keeps the
#: CPU busy while the first waits, more would only take turns away from the loop.
_READERS = 2


@dataclass(frozen=True, slots=True)
class _Numbered(Generic[E]):
    number: int
    errand: E


class Gathering(Generic[E, R]):
    """One call of `crawler.gather`: its errands, which of them are open, and its brake.

    ``failed`` makes the result for an errand that met a problem.
    """

    def __init__(
        self,
        errands: Sequence[E],
        settings: CrawlSettings,
        on_result: Callable[[R], Awaitable[None]],
        failed: Callable[[E, Problem, int | None, float], R],
        now: Callable[[], datetime],
        manners: Manners | None = None,
    ) -> None:
        self.settings = settings
        self.now = now
        self.traffic = Traffic(settings, manners or Manners(), now)
        self.failed = failed
        self.error: BaseException | None = None  # what on_result raised
        self._on_result = on_result
        self._open = dict(enumerate(errands))
        self._one_at_a_time = asyncio.Lock()
        self._readers = asyncio.Semaphore(_READERS)

    def open(self, wanted: Callable[[E], bool]) -> list[_Numbered[E]]:
        """Return the errands without a result for which ``wanted`` holds."""
        return [_Numbered(number, errand) for number, errand in self._open.items() if wanted(errand)]

    async def hand_over(self, number: int, result: R) -> None:
        """Give ``result`` to the caller and wait until it is taken; one at a time.

        A second result for one errand is dropped, and everything once the caller has failed.
        """
        async with self._one_at_a_time:
            if self.traffic.stopping.is_set() or self._open.pop(number, None) is None:
                return
            try:
                await self.traffic.stoppable(self._take(result))
            except Stopped:
                return
            except BaseException as error:
                # It must reach who called us, not Scrapy, which would log it and carry on.
                self.error = error
                self.traffic.stop()

    async def _take(self, result: R) -> None:
        await self._on_result(result)

    async def beside(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread, bounded, so that the loop goes on."""
        async with self._readers:
            return await asyncio.to_thread(work)


class GatheringSpider(Spider, Generic[E, R]):
    """Base of all spiders: asks for each errand once and hands over what `read` makes of it."""

    accept = "*/*"

    def __init__(self, *, gathering: Gathering[E, R], errands: Sequence[_Numbered[E]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gathering = gathering
        self.traffic = gathering.traffic  # for crawler.download.GatedHandler
        self.errands = errands

    @abstractmethod
    def request(self, errand: E) -> Request:
        """Return what to ask for; ValueError if its address is none."""

    @abstractmethod
    async def read(self, errand: E, response: Response) -> R:
        """Return what to hand over; may raise what `crawler.problems` has words for."""

    async def start(self) -> AsyncIterator[Request]:
        """Yield one request for each errand."""
        for each in self.errands:
            if self.traffic.stopping.is_set():
                return
            try:
                request = self.request(each.errand)
                check_url(request.url)
            except (ValueError, GateError) as error:
                await self._settle(each, self.words(error), None, 0.0)
                continue
            request.headers.setdefault(b"Accept", self.accept)
            yield request.replace(
                callback=self.answered,
                errback=self.failed,
                cb_kwargs={"each": each},
                dont_filter=True,
            )

    async def answered(self, response: Response, each: _Numbered[E]) -> None:
        """Read an answer of any status and hand over what it holds, or what is wrong with it."""
        try:
            result = await self.read(each.errand, response)
        except Stopped:
            return
        except (FeedError, PageError) as error:
            await self._settle(each, self.words(error), response.status, self.seconds(response))
        except Exception as error:
            _log.error("Reading %s failed", response.url.partition("?")[0], exc_info=error)
            await self._settle(each, problems.INTERNAL, response.status, self.seconds(response))
        else:
            await self.gathering.hand_over(each.number, result)

    async def failed(self, failure: Failure) -> None:
        """Hand over why no answer came."""
        error, request = failure.value, failure.request  # type: ignore[attr-defined]
        if error is None or isinstance(error, Stopped):
            return
        seconds = request.meta.get(SPENT, 0.0)
        await self._settle(request.cb_kwargs["each"], self.words(error), None, seconds)

    async def _settle(self, each: _Numbered[E], problem: Problem, status: int | None, seconds: float) -> None:
        await self.gathering.hand_over(
            each.number, self.gathering.failed(each.errand, problem, status, seconds)
        )

    def words(self, error: BaseException) -> Problem:
        """Return what ``error``, met while fetching, means; if it has no words it is a bug, and logged."""
        max_bytes = self.settings.getint("DOWNLOAD_MAXSIZE")
        problem = problems.of_exception(error, self.gathering.settings, max_bytes)
        if problem is None:
            _log.error("Fetching failed", exc_info=error)
            return problems.INTERNAL
        return problem

    @staticmethod
    def seconds(response: Response) -> float:
        """Return how long the answer took, redirects included, waiting for turns not."""
        spent: float = response.meta.get(SPENT, 0.0)
        return spent

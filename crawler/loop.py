"""One asyncio loop, owned by Twisted's reactor, for everything that runs beside Scrapy.

Twisted must be told to live on asyncio before anything imports ``twisted.internet.reactor``,
and a reactor that has stopped can never start again: so the loop is run once per process, by
`run`, at the outermost place.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet import asyncioreactor
from twisted.logger import STDLibLogObserver, globalLogBeginner

__all__ = ["install", "run"]

T = TypeVar("T")

#: Threads that resolve names and do nothing else: one name server that does not answer must
#: not keep all other names waiting. Twisted's own default is 10.
_RESOLVERS = 24


def install() -> Any:
    """Install Twisted's asyncio reactor on a new loop and return the reactor, not yet running.

    It is typed Any because Twisted leaves most of it untyped.

    Twisted's own log goes to Python's logger ``twisted``. Raises RuntimeError if a reactor is
    installed already.
    """
    if "twisted.internet.reactor" in sys.modules:
        raise RuntimeError("A reactor is installed already; the loop can be run once per process.")
    asyncioreactor.install(asyncio.new_event_loop())  # type: ignore[no-untyped-call]
    observer: Any = STDLibLogObserver("twisted")
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    logger = logging.getLogger("twisted")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.ERROR)
    reactor: Any = sys.modules["twisted.internet.reactor"]
    reactor.suggestThreadPoolSize(_RESOLVERS)
    return reactor


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``main()`` on Twisted's asyncio loop and return its result or raise its exception.

    SIGINT and SIGTERM cancel it; once it has ended, KeyboardInterrupt or SystemExit(143) is
    raised. A second signal is not caught. Once per process, or RuntimeError.
    """
    reactor = install()
    loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
    received: list[signal.Signals] = []
    outcome: list[asyncio.Task[T]] = []

    def interrupt(number: signal.Signals, task: asyncio.Task[T]) -> None:
        received.append(number)
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)  # who asks twice wants out at once
        task.cancel()

    async def conduct() -> None:
        task = loop.create_task(main())
        outcome.append(task)
        try:
            # Signals reach Python's main thread only; elsewhere the caller looks after them.
            if threading.current_thread() is threading.main_thread():
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.add_signal_handler(number, interrupt, number, task)
            await asyncio.wait({task})
            await _tidy(loop)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            reactor.stop()

    conductor: list[asyncio.Task[None]] = []  # the loop itself keeps only a weak reference
    reactor.callWhenRunning(lambda: conductor.append(loop.create_task(conduct())))
    reactor.run(installSignalHandlers=False)
    conductor[0].result()
    return _result(outcome[0], received)


def _result(task: asyncio.Task[T], received: list[signal.Signals]) -> T:
    """Return what ``task`` returned, unless a signal ended it."""
    failure = None if task.cancelled() else task.exception()
    if received:
        stop = KeyboardInterrupt() if received[0] is signal.SIGINT else SystemExit(128 + received[0])
        raise stop from failure
    return task.result()


async def _tidy(loop: asyncio.AbstractEventLoop) -> None:
    """End what ``main`` left running, as ``asyncio.run`` does."""
    left = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    for task, result in zip(left, await asyncio.gather(*left, return_exceptions=True), strict=True):
        if isinstance(result, Exception):
            logging.getLogger(__name__).error("%s failed while being stopped", task, exc_info=result)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()

"""An asynchronous service in a thread of its own, with its own loop, for as long as a `with` lasts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def in_background(service: Callable[[], AbstractAsyncContextManager[T]], name: str) -> Iterator[T]:
    """Enter ``service()`` in a new thread and yield what it yields; leave it on exit.

    What entering or leaving it raises is raised here. When this returns, the thread has ended.
    The service's waits must end by themselves when it is left: nothing here is killed.
    """
    entered: Future[T] = Future()
    ended: Future[None] = Future()
    # Set by the thread before `entered` resolves, read only after.
    handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def hold() -> None:
        leave = asyncio.Event()
        handles.append((asyncio.get_running_loop(), leave))
        async with service() as value:
            entered.set_result(value)
            await leave.wait()

    def live() -> None:
        try:
            asyncio.run(hold())
        except BaseException as error:
            (ended if entered.done() else entered).set_exception(error)
        finally:
            if not ended.done():
                ended.set_result(None)

    # A daemon, so that a process that dies without unwinding is not held up by its demo.
    thread = threading.Thread(target=live, name=name, daemon=True)
    thread.start()
    try:
        yield entered.result()
    finally:
        # Waits, should an interrupt have come while the service was still being entered.
        if entered.exception() is None:
            loop, leave = handles[0]
            loop.call_soon_threadsafe(leave.set)
        thread.join()
        ended.result()

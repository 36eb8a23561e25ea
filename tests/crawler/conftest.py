"""A loop for the whole session, and a small server on loopback that misbehaves on request."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from crawler import loop as crawler_loop
from crawler.gather import CrawlSettings, PollJob, fetch_pages, poll_sources
from pipeline.model import PageFetch, PageRequest, Poll, Source, SourceKind, SourceState

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class LoopThread:
    """A reactor's loop in a thread of its own: a reactor runs once in a process."""

    def __init__(self) -> None:
        self.reactor = crawler_loop.install()
        self.loop: asyncio.AbstractEventLoop = self.reactor._asyncioEventloop
        self._thread = threading.Thread(
            target=self.reactor.run, kwargs={"installSignalHandlers": False}, daemon=True
        )
        self._thread.start()

    def __call__(self, work: Coroutine[Any, Any, T], timeout: float = 90) -> T:
        """Run ``work`` on the loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def stop(self) -> None:
        self.reactor.callFromThread(self.reactor.stop)
        self._thread.join(10)


@pytest.fixture(scope="session")
def on_loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


Answer = bytes | Callable[["Visit"], Coroutine[Any, Any, None]]


class Visit:
    """One request to the server, and the connection to answer it on."""

    def __init__(
        self, path: str, headers: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.path = path
        self.headers = headers
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


def answer(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """Return a whole HTTP answer; header names are given with underscores."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class FaultyServer:
    """HTTP on raw sockets: each path answers with the bytes, or does what the coroutine says."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tls: Any = None, at: str = "127.0.0.1") -> None:
        self.at = at
        self.answers: dict[str, Answer] = {}
        self.visits: list[Visit] = []
        self.greeting = b""  # said to whoever connects, who is then turned away
        self._loop = loop
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.at, 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str, host: str = "") -> str:
        return f"{'https' if self._tls else 'http'}://{host or self.at}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [visit.path for visit in self.visits]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.greeting:
                writer.write(self.greeting)
                await reader.read(100)
                return
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                path = first.split(" ")[1]
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines) if k}
                visit = Visit(path, headers, reader, writer)
                self.visits.append(visit)
                reply = self.answers.get(path, answer(404, b"nothing here"))
                if isinstance(reply, bytes):
                    await visit.send(reply)
                else:
                    await reply(visit)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._tasks.discard(task)
            writer.close()


@pytest.fixture
def server(on_loop: LoopThread) -> Iterator[FaultyServer]:
    faulty = FaultyServer(on_loop.loop)
    on_loop(faulty.start())
    yield faulty
    on_loop(faulty.stop())


def settings(**changes: Any) -> CrawlSettings:
    """Return settings for loopback: no delay, short times."""
    values: dict[str, Any] = {
        "user_agent": "unsealed-test/1 (+https://unsealed.example)",
        "allow": ("127.0.0.0/8",),
        "timeout": 5.0,
        "delay": 0.0,
        "obey_robots": False,
    }
    return CrawlSettings(**values | changes)


def job(id: str, url: str, kind: SourceKind = SourceKind.FEED, **state: Any) -> PollJob:
    return PollJob(Source(id, id.title(), kind, url), SourceState(**state))


def kept(state: SourceState) -> tuple[str, str, str, int]:
    """What of a state goes into the next request, and the failures."""
    return state.etag, state.last_modified, state.body_hash, state.failures


class Gatherer:
    """Runs a gathering and returns what was handed over."""

    def __init__(self, on_loop: LoopThread) -> None:
        self._on_loop = on_loop

    def polls(self, *jobs: PollJob, **changes: Any) -> dict[str, Poll]:
        taken: list[Poll] = []

        async def on_poll(poll: Poll) -> None:
            taken.append(poll)

        self._on_loop(poll_sources(jobs, settings(**changes), on_poll, now=lambda: NOW))
        assert len(taken) == len(jobs), "one poll a job"
        return {poll.source_id: poll for poll in taken}

    def poll(self, one: PollJob, **changes: Any) -> Poll:
        return self.polls(one, **changes)[one.source.id]

    def pages(self, *urls: str, **changes: Any) -> list[PageFetch]:
        taken: list[PageFetch] = []

        async def on_page(fetch: PageFetch) -> None:
            taken.append(fetch)

        requests = [PageRequest(number, url, "s") for number, url in enumerate(urls)]
        self._on_loop(fetch_pages(requests, settings(**changes), on_page, now=lambda: NOW))
        assert sorted(fetch.article_id for fetch in taken) == list(range(len(urls))), "one fetch a request"
        assert all((fetch.page is None) != (fetch.problem is None) for fetch in taken)
        return sorted(taken, key=lambda fetch: fetch.article_id)


@pytest.fixture
def gather(on_loop: LoopThread) -> Gatherer:
    return Gatherer(on_loop)


def rss(*titles: str) -> bytes:
    """Return a small RSS 2.0 feed."""
    items = "".join(
        f"<item><title>{title}</title><link>https://news.example/{number}</link>"
        f"<guid>https://news.example/{number}</guid></item>"
        for number, title in enumerate(titles)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>News</title>'
        f"<link>https://news.example/</link><description>d</description>{items}</channel></rss>"
    ).encode()


#: The type most feeds are served as.
XML = "application/rss+xml"
HTML = b"<!doctype html><html><head><title>Blog</title></head><body>Hello</body></html>"
WALL = answer(403, b"<html>Just a moment...</html>", Content_Type="text/html", Cf_Mitigated="challenge")


async def reset(visit: Visit) -> None:
    """Break the connection off with a TCP reset."""
    sock = visit.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visit.writer.transport.abort()


async def stall(visit: Visit) -> None:
    """Begin an answer and never go on."""
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")
    await asyncio.sleep(60)


def page(title: str, paragraphs: int = 3) -> bytes:
    text = "".join(
        f"<p>{title} is a long enough paragraph of running text, number {n}.</p>" for n in range(paragraphs)
    )
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1>{text}</article></body></html>"
    ).encode()

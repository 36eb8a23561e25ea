"""Serves the corpus over HTTP/1.1 on loopback, all bodies made beforehand; in a process of its own.

    python -m newsroom.server --feeds 1000 --items 30

It prints its port once it is ready, and ends when its standard input does. ``GET /round?n=1``
goes on to a later state, in which three feeds in ten have one new item each (1 % of all items);
``validators=0`` serves neither ETag nor Last-Modified.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import os
import sys
import zlib
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from newsroom.corpus import body, story

_SHARE_CHANGED = 0.3


class Newsroom:
    """The bodies of one state of all feeds."""

    def __init__(self, feeds: int, items: int) -> None:
        self.feeds, self.items = feeds, items
        self.round, self.validators = 0, True
        self.host = ""
        self.answers: list[tuple[bytes, bytes, bytes, bytes]] = []  # whole, gzipped, unchanged, entity tag
        self._made: dict[tuple[int, int], tuple[str, bytes, bytes, bytes, bytes]] = {}

    def newest(self, feed: int) -> int:
        changes = sum(
            zlib.crc32(b"%d/%d" % (feed, turn)) % 1000 < 1000 * _SHARE_CHANGED for turn in range(self.round)
        )
        return self.items + 10 + changes

    def build(self) -> None:
        self.answers = []
        for feed in range(self.feeds):
            newest = self.newest(feed)
            if (feed, newest) not in self._made:
                kind, plain = body(feed, newest, self.items, self.host)
                stamp = format_datetime(story(feed, newest).at, usegmt=True).encode()
                self._made[feed, newest] = (
                    kind,
                    plain,
                    gzip.compress(plain, 6, mtime=0),
                    b'"%08x"' % zlib.crc32(plain),
                    stamp,
                )
                story.cache_clear()
            kind, plain, packed, tag, stamp = self._made[feed, newest]
            marks = b"ETag: %b\r\nLast-Modified: %b\r\n" % (tag, stamp) if self.validators else b""
            head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind.encode() + b"\r\n" + marks
            self.answers.append(
                (
                    head + b"Content-Length: %d\r\n\r\n" % len(plain) + plain,
                    head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed,
                    b"HTTP/1.1 304 Not Modified\r\n" + marks + b"\r\n",
                    tag if self.validators else b"",
                )
            )

    def answer(self, request: bytes) -> bytes:
        target = request[4 : request.find(b" ", 4)].decode("latin-1")
        head = request.lower()
        if target.startswith("/feeds/"):
            whole, packed, unchanged, tag = self.answers[int(target[7:])]
            if tag and tag.lower() in head:
                return unchanged
            return packed if b"gzip" in head else whole
        if target.startswith("/round"):
            asked = parse_qs(urlsplit(target).query)
            self.round, self.validators = int(asked["n"][0]), asked.get("validators", ["1"])[0] == "1"
            self.build()
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One client's connection, kept open."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            request, self.waiting = self.waiting[:end], self.waiting[end + 4 :]
            self.transport.write(self.newsroom.answer(request))  # type: ignore[attr-defined]


async def serve(newsroom: Newsroom) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(newsroom), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    newsroom.host = f"http://127.0.0.1:{port}"
    newsroom.build()
    print(port, flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), lambda: os.read(sys.stdin.fileno(), 1024) or ended.set())
    await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--items", type=int, default=30)
    chosen = parser.parse_args()
    asyncio.run(serve(Newsroom(chosen.feeds, chosen.items)))

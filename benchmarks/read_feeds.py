"""Feeds a CPU second, from bytes to sanitised entries with links resolved, beside feedparser.

Two bodies of feeds: our generated newsroom, and real captured ones where there are any
(UNSEALED_SHARED). feedparser does what it does by default: sanitise, resolve relative links.
"""

from __future__ import annotations

import argparse
import gzip
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import feedparser
from newsroom.corpus import FORMATS, body

from crawler.feeds import read_feed
from pipeline.model import FeedError

CAPTURED = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "feeds"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def ours(feed: bytes) -> None:
    with suppress(FeedError):
        read_feed(feed, url="https://news.example/feed.xml", now=NOW)


def theirs(feed: bytes) -> None:
    feedparser.parse(BytesIO(feed))


def seconds(read: Callable[[bytes], None], feeds: Sequence[bytes], rounds: int) -> float:
    """CPU seconds for all ``feeds`` once: the least of some rounds, as others on the machine only add."""
    least = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for feed in feeds:
            read(feed)
        least = min(least, time.process_time() - began)
    return least


def compare(name: str, feeds: Sequence[bytes], rounds: int) -> None:
    ours(feeds[0])
    quick, slow = seconds(ours, feeds, 3 * rounds), seconds(theirs, feeds, rounds)
    size = sum(map(len, feeds)) / len(feeds) / 1000
    print(
        f"{name}: {len(feeds)} feeds of {size:.0f} kB; feeds a CPU second: ours {len(feeds) / quick:.0f}, "
        f"feedparser {len(feeds) / slow:.1f}; ratio {slow / quick:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true", help="more feeds, more rounds")
    chosen = parser.parse_args()
    count, rounds = (100, 3) if chosen.long else (20, 1)
    generated = [
        body(n, 40, 30, "https://news.example")[1]
        for n in range(count)
        if FORMATS[n % len(FORMATS)] != "json"
    ]
    compare("generated newsroom, 30 items a feed", generated, rounds)
    files = sorted(file for file in CAPTURED.glob("*.gz") if ".json" not in file.name)
    if not files:
        print(f"skipped the captured feeds: {CAPTURED} is not there (set UNSEALED_SHARED)")
        return
    captured = [gzip.decompress(file.read_bytes()) for file in files]
    compare("captured feeds", captured if chosen.long else captured[::4], rounds)


if __name__ == "__main__":
    main()

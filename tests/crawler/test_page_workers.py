"""Pages read in worker processes: the bad ones end, the others go on."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime

from crawler.pages.workers import Readers
from pipeline.model import Page, Problem

NOW = datetime(2026, 11, 25, tzinfo=UTC)
GOOD = (
    "<html><body><h1>Kite 2 is open</h1><p>"
    + "The lab published all of it today. " * 9
    + "</p></body></html>"
)


def troubled(html: str, url: str, now: datetime) -> Page:
    """Stand in for a page on which a library stalls, crashes, or eats all memory."""
    if html == "stall":
        time.sleep(60)
    if html == "crash":
        os._exit(139)
    if html == "bloat":
        return Page(url="x" * 2**33)
    if html == "raise":
        raise ValueError(html)
    return Page(url=url, title=html)


def read_all(readers: Readers, *pages: str) -> list[Page | Problem | BaseException]:
    async def run() -> list[Page | Problem | BaseException]:
        async with readers:
            works = [
                readers.read(html, f"https://press.example/{n}", now=NOW) for n, html in enumerate(pages)
            ]
            return list(await asyncio.gather(*works, return_exceptions=True))

    return asyncio.run(run())


def test_a_page_comes_back_from_its_worker_as_extract_gives_it() -> None:
    (page,) = read_all(Readers(), GOOD)
    assert isinstance(page, Page)
    assert page.title == "Kite 2 is open"
    assert page.text.startswith("The lab published")


def test_pages_that_stall_crash_or_bloat_are_told_of_and_the_others_are_read() -> None:
    kinds = ["one", "stall", "two", "crash", "three", "bloat", "raise", "four"]
    found = dict(zip(kinds, read_all(Readers(3, troubled), *kinds), strict=True))
    assert {k: p.title for k, p in found.items() if isinstance(p, Page)} == {
        k: k for k in ("one", "two", "three", "four")
    }
    codes = {k: p.code for k, p in found.items() if isinstance(p, Problem)}
    assert codes == {"stall": "slow-page", "crash": "page-crash", "bloat": "page-crash"}
    assert isinstance(found["raise"], ValueError), "an error of ours is the spider's to report"


def test_stopping_does_not_wait_for_a_page_that_stalls() -> None:
    async def run() -> float:
        began = time.monotonic()
        async with Readers(50, troubled) as readers:
            reading = asyncio.create_task(readers.read("stall", "", now=NOW))
            await asyncio.sleep(1)
            reading.cancel()
        return time.monotonic() - began

    assert asyncio.run(run()) < 40

"""Indexes of sitemaps, and article pages, over real sockets."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable

import pytest

from crawler.spiders import polling
from pipeline.model import PollOutcome, SourceKind

from .conftest import (
    WALL,
    XML,
    FaultyServer,
    Gatherer,
    LoopThread,
    answer,
    job,
    kept,
    page,
    rss,
)

# ---------------------------------------------------------------------------------- sitemaps


def sitemap(*names: str) -> bytes:
    urls = "".join(
        f"<url><loc>https://news.example/{name}</loc><news:news><news:publication><news:name>N</news:name>"
        f"<news:language>en</news:language></news:publication><news:publication_date>2026-11-22T10:00:00Z"
        f"</news:publication_date><news:title>{name}</news:title></news:news></url>"
        for name in names
    )
    return (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    ).encode()


def index(*urls: str) -> bytes:
    rows = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>'.encode()


def test_an_index_is_one_poll_of_what_its_sitemaps_list(server: FaultyServer, gather: Gatherer) -> None:
    children = [f"/child{number}.xml" for number in range(7)]
    server.answers["/index.xml"] = answer(200, index(*map(server.url, children)), ETag='"i"')
    for child in children:
        server.answers[child] = answer(200, sitemap(child.strip("/.xml")), Content_Type="text/xml")
    one = job("map", server.url("/index.xml"), SourceKind.SITEMAP)
    poll = gather.poll(one)
    assert poll.outcome is PollOutcome.OK
    assert len(poll.entries) == 5
    assert len(server.visits) == 6
    assert poll.state.etag == "", "an index may stay the same while its sitemaps change"

    again = job("map", server.url("/index.xml"), SourceKind.SITEMAP, body_hash=poll.state.body_hash)
    assert gather.poll(again).outcome is PollOutcome.UNCHANGED
    for child in children:
        server.answers[child] = answer(200, sitemap("news"), Content_Type="text/xml")
    assert gather.poll(again).outcome is PollOutcome.OK


def test_a_sitemap_of_an_index_that_fails_is_a_warning_and_read_again(
    server: FaultyServer, gather: Gatherer
) -> None:
    server.answers["/index.xml"] = answer(
        200, index(server.url("/a.xml"), server.url("/b.xml"), "http://10.0.0.1/c.xml")
    )
    server.answers["/a.xml"] = answer(200, sitemap("a"), Content_Type="text/xml")
    server.answers["/b.xml"] = answer(500)
    poll = gather.poll(job("map", server.url("/index.xml"), SourceKind.SITEMAP))
    assert (poll.outcome, len(poll.entries), kept(poll.state)) == (PollOutcome.OK, 1, ("", "", "", 0))
    assert poll.problem is not None
    assert poll.problem.code == "partial"
    assert "2 of its 3 sitemaps" in poll.problem.message

    server.answers["/a.xml"] = answer(500)
    poll = gather.poll(job("map", server.url("/index.xml"), SourceKind.SITEMAP))
    assert poll.outcome is PollOutcome.FAILED


# ------------------------------------------------------------------------------------- pages


def test_pages_are_fetched_decoded_and_read_and_each_failure_has_words(
    server: FaultyServer, gather: Gatherer
) -> None:
    server.answers["/good"] = answer(200, page("Opened today"), Content_Type="text/html")
    latin = page("Déjà ouvert").decode().replace("<meta charset=utf-8>", "").encode("windows-1252")
    server.answers["/latin"] = answer(200, latin, Content_Type="text/html; charset=windows-1252")
    server.answers["/pdf"] = answer(200, b"%PDF-1.7", Content_Type="application/pdf")
    server.answers["/empty"] = answer(200, b"", Content_Type="text/html")
    bomb = gzip.compress(page("Bomb") + b" " * 7_000_000)
    server.answers["/bomb"] = answer(200, bomb, Content_Encoding="gzip", Content_Type="text/html")
    server.answers["/wall"] = WALL
    names = ("good", "latin", "pdf", "empty", "bomb", "wall", "missing")
    fetched = dict(zip(names, gather.pages(*(server.url(f"/{name}") for name in names)), strict=True))
    good, latin_page = fetched["good"].page, fetched["latin"].page
    assert good is not None
    assert "running text" in good.text
    assert latin_page is not None
    assert "Déjà ouvert" in latin_page.text
    codes = {name: fetch.problem.code for name, fetch in fetched.items() if fetch.problem}
    assert codes == {
        "pdf": "not-html",
        "empty": "empty",
        "bomb": "too-large",
        "wall": "bot-wall",
        "missing": "http-404",
    }


def test_bodies_are_read_beside_the_loop_two_at_a_time(
    server: FaultyServer, gather: Gatherer, on_loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    now, most = 0, 0
    lock = threading.Lock()

    def work(real: Callable[..., object]) -> Callable[..., object]:
        def watched(*args: object, **kwargs: object) -> object:
            nonlocal now, most
            with lock:
                threads.add(threading.get_ident())
                now += 1
                most = max(most, now)
            try:
                time.sleep(0.01)
                return real(*args, **kwargs)
            finally:
                with lock:
                    now -= 1

        return watched

    async def ident() -> int:
        return threading.get_ident()

    monkeypatch.setattr(polling, "read_source", work(polling.read_source))
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    gather.polls(*(job(f"j{n}", server.url("/feed")) for n in range(12)))
    assert threads
    assert on_loop(ident()) not in threads
    assert most <= 2

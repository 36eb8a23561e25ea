from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import sitemaps
from crawler.readers import Reading, read_source
from pipeline.model import FeedError, Source, SourceKind

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://press.example/sitemap.xml"
NAMESPACES = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def read(body: str | bytes, limit: int = 100, **recipe: str) -> Reading:
    source = Source("press", "Press", SourceKind.SITEMAP, URL, recipe=recipe)
    raw = body.encode() if isinstance(body, str) else body
    return read_source(source, raw, url=URL, content_type="application/xml", now=NOW, limit=limit)


def urlset(*locations: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NAMESPACES}>{"".join(locations)}</urlset>'


def place(path: str, more: str = "") -> str:
    return f"<url><loc>https://press.example{path}</loc>{more}</url>"


def test_a_news_sitemap_gives_titles_dates_and_languages() -> None:
    news = """<news:news><news:publication><news:name>Press</news:name><news:language>fr</news:language></news:publication>
      <news:publication_date>2026-11-22T09:00:00+01:00</news:publication_date><news:title>Poids &amp; code ouverts</news:title>
      <news:keywords>ia, modèles</news:keywords></news:news>"""
    (entry,) = read(urlset(place("/a?id=1", news))).entries
    assert entry.title == "Poids & code ouverts"
    assert entry.published == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert (entry.language, entry.tags) == ("fr", ("ia", "modèles"))


def test_a_plain_sitemap_gives_what_changed_lately_newest_first() -> None:
    body = urlset(
        place("/news/old-story", "<lastmod>2025-01-01</lastmod>"),
        place("/news/open-weights-for_all.html", "<lastmod>2026-11-20</lastmod>"),
        place("/news/newer", "<lastmod>2026-11-22</lastmod>"),
        place("/about", "<lastmod>2026-11-22</lastmod>"),
    )
    newer, older = read(body, path="/news/").entries
    assert newer.url == "https://press.example/news/newer"
    assert older.title == "open weights for all"
    assert older.published is None
    assert older.updated == datetime(2026, 11, 20, tzinfo=UTC)
    assert [e.url for e in read(body, limit=1, path="/news/").entries] == [newer.url]


def test_an_index_names_its_newest_five() -> None:
    parts = "".join(
        f"<sitemap><loc>/part{n}.xml</loc><lastmod>2026-11-{n:02}</lastmod></sitemap>" for n in range(1, 9)
    )
    reading = read(
        f"<sitemapindex {NAMESPACES}>{parts}<sitemap><loc>javascript:x</loc></sitemap></sitemapindex>"
    )
    assert reading.entries == ()
    assert reading.follow == tuple(f"https://press.example/part{n}.xml" for n in (8, 7, 6, 5, 4))


def test_a_compressed_sitemap_is_read_and_a_bomb_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(urlset(place("/a-story")).encode())
    assert len(read(packed).entries) == 1
    monkeypatch.setattr(sitemaps, "MAX_UNPACKED", 1000)
    with pytest.raises(FeedError, match="larger than"):
        read(gzip.compress(b" " * 100_000))
    with pytest.raises(FeedError, match="damaged"):
        read(b"\x1f\x8b" + b"junk" * 10)


def test_a_sitemap_cut_off_is_read_as_far_as_it_goes() -> None:
    body = urlset(place("/a"), place("/b"), place("/c"))
    assert len(read(body[: body.index("/c")]).entries) >= 2


def test_outside_entities_stay_outside(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    doctype = f'<!DOCTYPE urlset [<!ENTITY out SYSTEM "{secret.as_uri()}">]>'
    reading = read(f"{doctype}<urlset {NAMESPACES}>{place('/a&out;')}</urlset>")
    assert all("hidden" not in e.url for e in reading.entries)


def test_a_sitemap_without_fitting_addresses_says_so() -> None:
    problem = read(urlset(place("/a")), path="/news/").problem
    assert problem is not None
    assert "/news/" in problem.message


@pytest.mark.parametrize("body", [b"", b"<html><body>x", b"<rss/>", b"{}", b"\x00\x01"])
def test_what_is_no_sitemap_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError) as caught:
        read(body)
    assert caught.value.about == "press"


@given(st.binary(max_size=100), st.integers(min_value=0, max_value=300))
def test_damage_anywhere_gives_entries_or_a_refusal(noise: bytes, where: int) -> None:
    body = urlset(place("/a"), place("/b", "<lastmod>2026-11-20</lastmod>")).encode()
    try:
        reading = read(body[:where] + noise + body[where:])
    except FeedError:
        return
    assert all(e.url.startswith("http") for e in reading.entries)

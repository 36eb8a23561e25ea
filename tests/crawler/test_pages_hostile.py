"""Hostile pages end with a clear outcome, whatever they hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crawler.pages import MAX_HTML, extract

URL = "https://press.example/a"
TEXT = "<p>The lab published the weights, the code and the data under a licence anyone may use today.</p>" * 4
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def article(extra: str = "", head: str = "") -> str:
    return f"<html><head>{head}<title>Kite 2 is open</title></head><body><h1>Kite 2 is open</h1>{TEXT}{extra}</body></html>"


HOSTILE = {
    "50 MB of nested tags": lambda: article("<div><span>" * 4_700_000),
    "100,000 attributes": lambda: article("<p " + " ".join(f'a{n}="{n}"' for n in range(100_000)) + ">x</p>"),
    "100,000 class names": lambda: article(
        '<p class="' + " ".join(f"c{n}" for n in range(100_000)) + '">x</p>'
    ),
    "deep nesting": lambda: article("<b>" * 20_000 + "x"),
    "a giant JSON-LD": lambda: article(
        head='<script type="application/ld+json">'
        + json.dumps({"@type": "NewsArticle", "x": ["y" * 50] * 80_000})
        + "</script>"
    ),
    "JSON-LD nested a thousand deep": lambda: article(
        head='<script type="application/ld+json">' + "[" * 100_000 + "]" * 100_000 + "</script>"
    ),
    "50,000 small JSON-LD blocks": lambda: article(
        head='<script type="application/ld+json">{"@type":"Thing"}</script>' * 50_000
    ),
    "100,000 headings": lambda: article("<h1>Other</h1>" * 100_000),
    "100,000 links": lambda: article('<a href="/x">y</a> ' * 100_000),
    "100,000 marked elements": lambda: article('<i itemprop="author">A</i>' * 100_000),
    "one line of 4 MB": lambda: article("<p>" + "a" * 4_000_000 + "</p>"),
    "blanks": lambda: article("<p>" + " " * 4_000_000 + "</p>"),
    "entities": lambda: article("<p>" + "&amp;" * 800_000 + "</p>"),
    "a comment that never ends": lambda: article("<!--" + "x" * 4_000_000),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.timeout(60)
def test_the_article_of_a_hostile_page_is_still_read(kind: str) -> None:
    read = extract(HOSTILE[kind](), URL, now=NOW)
    assert read.title == "Kite 2 is open"
    assert "The lab published the weights" in read.text


@pytest.mark.parametrize(
    "body",
    [
        "",
        "%PDF-1.7\n1 0 obj",
        "\x89PNG\r\n\x1a\n" + "\x00" * 1000,
        '{"json": true}',
        "\ud800 lone surrogate",
        "\ufffd" * 5000,
        "<?xml version='1.0'?><rss><channel/></rss>",
        b"\xff\xfe<\x00p\x00>".decode("latin-1"),
    ],
)
def test_what_is_no_page_gives_no_title_date_or_author(body: str) -> None:
    read = extract(body, URL, now=NOW)
    assert (read.title, read.published, read.authors) == ("", None, ())


def test_only_the_first_five_mebibytes_count() -> None:
    assert "The end" not in extract(article("x" * MAX_HTML + "<p>The end of it.</p>"), URL).text

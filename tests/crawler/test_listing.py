from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.listing import check_selector
from crawler.readers import Reading, read_source
from pipeline.model import FeedError, Source, SourceKind

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://lab.example/news/"

CARDS = """<!doctype html><html><head><meta charset="utf-8"></head><body><nav><a href="/">Home</a></nav>
<article class="card"><a href="one"><img alt=""></a><h2><a href="one">Weights of <em>Kite</em> are out</a></h2>
  <time datetime="2026-03-02T08:00:00Z">yesterday</time><p class="lead">All of them.</p></article>
<article class="card"><h2><a href="/news/two?utm_source=x">二号模型</a></h2><time>2026年3月1日</time></article>
<article class="card"><h2><a href="one">Weights again</a></h2></article>
<article class="card"><h2><a href="javascript:x()">Bad</a></h2></article>
<article class="card"><a href="/three"><img></a></article></body></html>"""


def read(body: str, **recipe: str) -> Reading:
    source = Source("lab", "Lab", SourceKind.LISTING, URL, recipe=recipe)
    return read_source(source, body.encode(), url=URL, content_type="text/html; charset=utf-8", now=NOW)


def test_a_recipe_with_the_item_alone_finds_headings_links_and_dates() -> None:
    reading = read(CARDS, item="article.card", summary="p.lead")
    first, second = reading.entries
    assert (first.url, first.title) == ("https://lab.example/news/one", "Weights of Kite are out")
    assert (first.published, first.summary) == (datetime(2026, 3, 2, 8, tzinfo=UTC), "All of them.")
    assert (second.canonical_url, second.title) == ("https://lab.example/news/two", "二号模型")
    assert second.published == datetime(2026, 3, 1, tzinfo=UTC)
    assert reading.problem is not None
    assert "1 left out because their link is no web address" in reading.problem.message
    assert "1 left out because they have no title" in reading.problem.message


def test_items_may_be_the_links_themselves() -> None:
    reading = read(
        '<a class="s" href="/news/a"><b>First</b> story</a><a class="s" href="/news/b">Second</a>', item="a.s"
    )
    assert [(e.url, e.title) for e in reading.entries] == [
        ("https://lab.example/news/a", "First story"),
        ("https://lab.example/news/b", "Second"),
    ]


def test_selectors_may_name_attributes_and_dates_a_format() -> None:
    reading = read(
        '<li data-u="/x" data-t="Story"><i>02/03/2026</i></li>',
        item="li", link="::attr(data-u)", title="::attr(data-t)", date="i::text", date_format="%d/%m/%Y",
    )  # fmt: skip
    (entry,) = reading.entries
    assert (entry.url, entry.title) == ("https://lab.example/x", "Story")
    assert entry.published == datetime(2026, 3, 2, tzinfo=UTC)
    assert reading.problem is None


def test_dates_that_no_longer_fit_are_reported() -> None:
    reading = read('<li><a href="/x">Story</a><i>some day</i></li>', item="li", date="i")
    assert reading.entries[0].published is None
    assert reading.problem is not None
    assert reading.problem.code == "dates"


def test_a_base_element_counts() -> None:
    reading = read('<base href="https://cdn.example/blog/"><li><a href="x">Story</a></li>', item="li")
    assert reading.entries[0].url == "https://cdn.example/blog/x"


@pytest.mark.parametrize("body", ["", "<p>Nothing here", "\x00"])
def test_a_page_without_any_item_is_a_failure_in_words(body: str) -> None:
    with pytest.raises(FeedError) as caught:
        read(body, item="article.card")
    assert caught.value.about == "lab"


def test_selectors_are_checked() -> None:
    assert check_selector("a[href^='/x'] > h2::text") == ""
    assert check_selector("a[[") != ""

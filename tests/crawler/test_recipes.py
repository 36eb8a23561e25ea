from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listing import RECIPE_KEYS, check_selector, read_listing
from crawler.recipes import LEAST, find_recipe
from pipeline.model import Source, SourceKind

URL = "https://lab.example/news/"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
TITLES = [f"Headline number {n} about an open model" for n in range(1, 13)]

MENU = (
    "<nav><ul>"
    + "".join(f"<li><a href='/part/{n}'>A long name of a part {n}</a></li>" for n in range(30))
    + "</ul></nav>"
)
FOOT = (
    "<div class='footer'>"
    + "".join(f"<p><a href='/law/{n}'>A long name of a rule {n}</a></p>" for n in range(30))
    + "</div>"
)


def page(blocks: str) -> str:
    return f"<!doctype html><html><head><title>News</title></head><body>{MENU}<main>{blocks}</main>{FOOT}</body></html>"


def cards(block: str) -> str:
    return page(
        "<div class='list'>"
        + "".join(block.format(n=n, title=title) for n, title in enumerate(TITLES, 1))
        + "</div>"
    )


SHAPES = {
    "articles with headings and time": "<article><a href='/news/{n}'><img src='x'></a><h2><a href='/news/{n}'>{title}</a></h2><time datetime='2026-11-{n:02d}'>x</time></article>",
    "cards that are links": "<a class='card' href='/news/{n}'><h3>{title}</h3><span class='when'>November {n}, 2026</span></a>",
    "made-up classes": "<div class='css-1x{n}9ab'><div class='sc-ab{n}12'><a class='css-99812' href='/news/{n}'>{title}</a></div><p>2026年11月{n}日</p></div>",
    "a category before the headline": "<div class='story-card'><a class='topic' href='/topics/open-models-and-data'>Models</a><a class='story-title' href='/news/{n}'>{title}</a><time datetime='2026-11-{n:02d}'>x</time></div>",
    "a plain list": "<li><a href='/news/{n}'>{title}</a> <span>{n}.11.2026</span></li>",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_list_of_articles_is_found_among_menus(shape: str) -> None:
    html = cards(SHAPES[shape])
    recipe = find_recipe(html, URL)
    assert recipe is not None
    assert (recipe.entries, recipe.dated) == (len(TITLES), len(TITLES))
    assert recipe.sample == tuple(TITLES[:3])
    assert recipe.selectors.keys() <= RECIPE_KEYS
    source = Source("s", "S", SourceKind.LISTING, URL, recipe=recipe.selectors)
    reading = read_listing(source, html.encode(), url=URL, content_type="text/html", now=NOW, limit=100)
    assert [entry.title for entry in reading.entries] == TITLES
    assert [entry.url for entry in reading.entries] == [f"https://lab.example/news/{n}" for n in range(1, 13)]
    assert reading.entries[2].published == datetime(2026, 11, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "html",
    ["", "<p>", "plain words", "\x00", page(""), page("<p>An article with <a href='/x'>one link that is long enough</a>.</p>"), page("<li><a href='/n/1'>short</a></li>" * 20)],
)  # fmt: skip
def test_a_page_without_a_list_gives_no_recipe(html: str) -> None:
    assert find_recipe(html, URL) is None


def test_bytes_in_another_encoding_are_read() -> None:
    body = (
        cards(SHAPES["a plain list"].replace("{title}", "开源大模型今天发布 {n}"))
        .replace("<head>", "<head><meta charset=gbk>")
        .encode("gbk")
    )
    recipe = find_recipe(body, URL)
    assert recipe is not None
    assert recipe.sample[0].startswith("开源大模型")


_bits = st.sampled_from(
    ["<div class='a b'>", "</div>", "<li>", "<a href='/x/1'>A headline that is long</a>", "<a href='/y/2'>Another headline, also long</a>", "<time>2026-01-01</time>",
     "<a href='http://[bad'>Broken link with many words</a>", "<table><tr><td>", "<h2>", "</h2>", "<!--", "<p id='é\"'>"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(_bits, max_size=60).map("".join))
def test_whatever_the_page_a_recipe_can_be_used(html: str) -> None:
    recipe = find_recipe(html, URL)
    if recipe is not None:
        assert recipe.entries >= LEAST
        assert all(not check_selector(selector) for selector in recipe.selectors.values())

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from lxml import html

from crawler.pages import extract
from tests.newsroom.conftest import NOW, TITLE, ask, home, source
from unsealed.newsroom import Newsroom
from unsealed.newsroom.content import SHIPPED
from unsealed.newsroom.pages import FOLDER, words_of_date

#: outlet, path of its first item, layout's element that holds the text
ARTICLES = [
    ("rss-two", "/2026/11/20/first/", "div.article-body", "en"),
    ("rss-one", "/blog/first", "div.entry-content", "ja"),
    ("atom", "/news/first.html", "div.c-article__text", "fr"),
    ("json", "/article/first", "div#articleContent", "es"),
]


@pytest.mark.parametrize(("id_", "path", "body", "language"), ARTICLES)
def test_an_article_page_has_its_text_and_the_clutter_around_it(
    room: Newsroom, id_: str, path: str, body: str, language: str
) -> None:
    url = home(room, id_) + path
    answer = ask(url)
    page = html.fromstring(answer.body)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.cssselect("h1")[0].text_content() == f"{TITLE[language]} first"
    (text,) = page.cssselect(body)
    assert next(p.text_content() for p in text.cssselect("p")).startswith("First paragraph & more")
    assert text.cssselect("blockquote") and len(text.cssselect("li")) >= 2
    assert page.cssselect('link[rel="canonical"]')[0].get("href") == url
    assert page.cssselect('meta[property="og:title"]')[0].get("content") == f"{TITLE[language]} first"
    for clutter in (
        "#cookie-consent",
        ".share-buttons",
        "form.newsletter",
        'a[href="/"]',
        'a[href="/privacy"]',
    ):
        assert page.cssselect(clutter), clutter
    assert f"{TITLE[language]} second" in page.text_content()  # a related story
    assert ask(page.cssselect('meta[property="og:image"]')[0].get("content")).status == 200


@pytest.mark.parametrize(("id_", "path", "body", "language"), ARTICLES)
def test_the_crawler_extracts_the_story_and_leaves_the_clutter(
    room: Newsroom, id_: str, path: str, body: str, language: str
) -> None:
    url = home(room, id_) + path
    page = extract(ask(url).text, url, now=NOW)
    assert page.title == f"{TITLE[language]} first"
    assert "First paragraph & more" in page.text and "Last paragraph." in page.text
    assert "cookie" not in page.text.lower()
    assert page.canonical_url == url.rstrip("/")
    assert page.published is not None and abs(page.published - (NOW - timedelta(hours=2.5))) < timedelta(
        days=1
    )


def test_an_item_link_leads_to_the_other_story(room: Newsroom) -> None:
    page = html.fromstring(ask(home(room, "rss-two") + "/2026/11/20/first/").body)
    links = [a.get("href") for a in page.cssselect("div.article-body a")]
    assert links == ["https://lab.example/a?b=1&c=2", home(room, "rss-two") + "/2026/11/19/second/"]


@pytest.mark.parametrize(("id_", "path"), [("rss-two", "/2026/11/20/first/"), ("atom", "/news/first.html")])
def test_json_ld_states_what_the_page_states(room: Newsroom, id_: str, path: str) -> None:
    page = html.fromstring(ask(home(room, id_) + path).body)
    data = json.loads(page.cssselect('script[type="application/ld+json"]')[0].text_content())
    nodes = data.get("@graph", [data])
    article = next(node for node in nodes if node["@type"] == "NewsArticle")
    assert article["headline"] == page.cssselect("h1")[0].text_content()
    assert datetime.fromisoformat(article["datePublished"]).astimezone(UTC).hour == 7


def test_the_tracked_address_of_a_feed_has_the_clean_one_as_canonical(room: Newsroom) -> None:
    clean = home(room, "rss-two") + "/2026/11/20/first/"
    feed = ask(source(room, "rss-two").url).text
    assert f"<link>{clean}?utm_source=rss&amp;" in feed
    assert f'<link rel="canonical" href="{clean}">' in ask(f"{clean}?utm_source=rss&utm_medium=feed").text


def test_a_gated_repository_s_card_says_so(room: Newsroom) -> None:
    gated = ask(home(room, "hub") + "/Lab-Example/Nova-Base").text
    assert "You need to agree" in gated and "License: mit" in gated
    assert "You need to agree" not in ask(home(room, "hub") + "/Lab-Example/Nova-9B").text
    assert ask(home(room, "hub") + "/Lab-Example/Nova-9B/raw/main/README.md").text.startswith(
        "---\nlicense: apache-2.0"
    )


def test_a_prerelease_s_page_says_so(room: Newsroom) -> None:
    assert "Pre-release" in ask(home(room, "forge") + "/lab/engine/releases/tag/v1.1-rc1").text


def test_every_language_has_every_word() -> None:
    words = tomllib.loads((FOLDER / "words.toml").read_text("utf-8"))
    assert set(words) == {"de", "en", "es", "fr", "ja", "ko", "zh"}
    assert all(set(table) == set(words["en"]) for table in words.values())
    assert all(len(table["months"]) in (0, 12) for table in words.values())
    outlets = tomllib.loads((SHIPPED / "outlets.toml").read_text("utf-8"))["outlet"]
    assert {outlet["language"] for outlet in outlets} <= set(words)


@pytest.mark.parametrize(
    ("language", "written"),
    [("en", "November 20, 2026"), ("de", "20. November 2026"), ("fr", "20 novembre 2026"),
     ("es", "20 de noviembre de 2026"), ("zh", "2026年11月20日"), ("ja", "2026年11月20日"),
     ("ko", "2026년 11월 20일"), ("xx", "November 20, 2026")],
)  # fmt: skip
def test_a_date_is_written_as_the_language_writes_it(language: str, written: str) -> None:
    assert words_of_date(NOW, language) == written

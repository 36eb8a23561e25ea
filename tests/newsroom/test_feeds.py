"""Each format, as other people's parsers read it."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import feedparser
import pytest
from lxml import etree, html

from crawler.readers import read_source
from pipeline.model import Problem, SourceKind
from tests.newsroom.conftest import NOW, TITLE, Answer, ask, home, source
from unsealed.newsroom import Newsroom


def parse(answer: Answer) -> Any:
    return feedparser.parse(
        BytesIO(answer.body), response_headers={"content-type": answer.headers["Content-Type"]}
    )


@pytest.mark.parametrize(
    ("id_", "version", "language"),
    [
        ("rss-two", "rss20", "en"),
        ("rss-one", "rss10", "ja"),
        ("atom", "atom10", "fr"),
        ("chinese", "rss20", "zh"),
        ("latin", "rss20", "de"),
        ("slow", "atom10", "en"),
    ],
)
def test_an_xml_feed_is_well_formed_and_complete(
    room: Newsroom, id_: str, version: str, language: str
) -> None:
    feed = parse(ask(source(room, id_).url))
    assert (feed.bozo, feed.version) == (False, version)
    assert feed.feed.title == f"The {id_} & Sons"
    assert [entry.title for entry in feed.entries] == [
        f"{TITLE[language]} {name}" for name in ("first", "second", "third")
    ]
    # feedparser takes the dc:date of RSS 1.0 for the date of the last change
    times = [entry.get("published_parsed") or entry.updated_parsed for entry in feed.entries]
    assert [datetime(*parts[:6], tzinfo=UTC) for parts in times] == [
        NOW - timedelta(hours=hours) for hours in (2.5, 26, 50)
    ]
    assert all(entry.author == "A. Writer & Co" for entry in feed.entries)
    assert all([tag.term for tag in entry.tags] == ["ai", "open & free"] for entry in feed.entries)


@pytest.mark.parametrize(
    ("id_", "charset", "header"), [("chinese", "gb18030", True), ("latin", "iso-8859-1", False)]
)
def test_a_feed_in_another_encoding_declares_it_truly(
    room: Newsroom, id_: str, charset: str, header: bool
) -> None:
    answer = ask(source(room, id_).url)
    assert f'encoding="{charset.upper()}"'.encode() in answer.body[:60]
    assert ("charset" in answer.headers["Content-Type"]) is header
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode("utf-8")
    codecs.decode(answer.body, charset)


def test_the_json_feed_has_every_item(room: Newsroom) -> None:
    answer = ask(source(room, "json").url)
    feed = answer.json()
    assert answer.headers["Content-Type"] == "application/feed+json"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["title"] for item in feed["items"]] == [
        f"{TITLE['es']} {n}" for n in ("first", "second", "third")
    ]
    assert "<h2>A &lt;heading&gt;</h2>" in feed["items"][0]["content_html"]


def test_the_sitemap_index_leads_to_a_news_sitemap(room: Newsroom) -> None:
    index = etree.fromstring(ask(source(room, "sitemap").url).body)
    news_url = index.xpath("//*[local-name()='loc']/text()")[-1]
    news = etree.fromstring(ask(news_url).body)
    titles = news.xpath("//*[local-name()='title']/text()")
    assert titles == [f"{TITLE['en']} {name}" for name in ("first", "second", "third")]
    assert ask(news.xpath("//*[local-name()='loc']/text()")[0]).status == 200


def test_the_listing_page_is_read_by_the_source_s_recipe(room: Newsroom) -> None:
    listing = source(room, "listing")
    page = html.fromstring(ask(listing.url).body, base_url=listing.url)
    cards = page.cssselect(listing.recipe["item"])
    assert [card.cssselect(listing.recipe["title"])[0].text for card in cards] == [
        f"{TITLE['ko']} {name}" for name in ("first", "second", "third")
    ]
    assert (
        ask(home(room, "listing") + cards[0].cssselect(listing.recipe["link"])[0].get("href")).status == 200
    )


def test_the_hub_answers_as_its_public_model_does(room: Newsroom) -> None:
    models = ask(source(room, "hub").url).json()
    assert [(m["id"], m["gated"]) for m in models] == [
        ("Lab-Example/Nova-9B", False),
        ("Lab-Example/Nova-Base", "manual"),
    ]
    first = models[0]
    assert "license:apache-2.0" in first["tags"]
    assert first["createdAt"] == "2026-11-20T06:30:00.000Z"
    assert (first["downloads"], first["likes"], first["pipeline_tag"]) == (4000, 100, "text-generation")
    assert any(file["rfilename"].endswith(".safetensors") for file in first["siblings"])


def test_the_hub_lists_only_the_owner_asked_for_and_no_more_than_asked(room: Newsroom) -> None:
    api = home(room, "hub") + "/api/models"
    assert ask(f"{api}?author=somebody-else").json() == []
    assert len(ask(f"{api}?author=Lab-Example&limit=1").json()) == 1


def test_a_hub_s_datasets_are_a_source_of_their_own(room: Newsroom) -> None:
    datasets = source(room, "hub-datasets")
    assert datasets.kind is SourceKind.HUGGINGFACE
    assert [d["id"] for d in ask(datasets.url).json()] == ["Lab-Example/Corpus"]
    assert ask(home(room, "hub") + "/datasets/Lab-Example/Corpus").status == 200


def test_the_forge_s_releases_are_an_atom_feed_with_working_links(room: Newsroom) -> None:
    feed = parse(ask(source(room, "forge").url))
    assert (feed.bozo, feed.version) == (False, "atom10")
    assert [entry.title for entry in feed.entries] == ["Engine 1.1", "Engine 1.1 rc"]
    assert feed.entries[0].link.endswith("/lab/engine/releases/tag/v1.1%2Bcu12")
    assert all(ask(entry.link).status == 200 for entry in feed.entries)


@pytest.mark.parametrize(
    ("id_", "count", "warned"),
    [("rss-two", 3, False), ("rss-one", 3, False), ("atom", 3, False), ("json", 3, False), ("listing", 3, False),
     ("chinese", 3, False), ("latin", 3, False), ("broken", 3, True), ("liar", 3, True),
     ("hub", 2, False), ("hub-datasets", 1, False), ("forge", 1, False)],
)  # fmt: skip
def test_the_crawler_s_readers_read_it(room: Newsroom, id_: str, count: int, warned: bool) -> None:
    polled = source(room, id_)
    answer = ask(polled.url)
    reading = read_source(
        polled, answer.body, url=polled.url, content_type=answer.headers["Content-Type"], now=NOW
    )
    assert len(reading.entries) == count
    assert isinstance(reading.problem, Problem) is warned
    assert all(entry.title and entry.published for entry in reading.entries)
    assert not any("�" in entry.title for entry in reading.entries)

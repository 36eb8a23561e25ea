from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from alerts.folder import FolderChannel
from alerts.render import render
from alerts.syndication import atom_feed, feed_items, json_feed, merged
from alerts.words import load_words
from pipeline.model import Digest
from tests.alerts import samples

WORDS = load_words("en")


def _write(channel: FolderChannel, digest: Digest) -> None:
    for part in channel.compose(digest, "folder", message_id="m"):
        channel.send(part, "folder")


def test_the_reference_reader_finds_every_story_in_the_atom_feed() -> None:
    digest = samples.rich()
    read = feedparser.parse(render(digest, "atom").encode())
    told = [*digest.stories, *digest.reversals]
    assert not read.bozo and read.version == "atom10"
    assert [e.link for e in read.entries] == [s.best.url for s in told]
    assert len({e.id for e in read.entries}) == len(told)
    assert all(e.published_parsed and e.content[0].value for e in read.entries)


def test_the_json_feed_says_the_same() -> None:
    digest = samples.rich()
    feed = json.loads(render(digest, "jsonfeed"))
    atom = feedparser.parse(render(digest, "atom").encode())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [i["id"] for i in feed["items"]] == [e.id for e in atom.entries]
    assert [i["title"] for i in feed["items"]] == [e.title for e in atom.entries]


def test_an_items_title_names_grade_and_licence_and_its_text_the_proof() -> None:
    digest = samples.rich()
    item = feed_items(digest, WORDS, None)[0]
    assert item["title"].endswith("(Open source, Apache-2.0)")
    assert digest.stories[0].evidence.split(",")[0] in item["content_html"]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "]]>&amp;&#x0;", "a\x00\x0b\ud800b", "\u202e<b>"]
)
@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.example/?x=<\">&y='z"])
def test_hostile_words_become_no_markup_and_no_broken_xml(text: str, url: str) -> None:
    digest = samples.hostile(text, url)
    assert not feedparser.parse(render(digest, "atom").encode()).bozo
    for item in json.loads(render(digest, "jsonfeed"))["items"]:
        assert "<script" not in item["content_html"] and "javascript:" not in json.dumps(item)
        assert item.get("url", "https://").startswith(("http://", "https://"))


def test_a_story_keeps_its_id_in_later_editions_and_stands_once_in_a_merged_feed() -> None:
    first = samples.rich()
    later = replace(first, until=first.until + timedelta(days=1), day=first.day + timedelta(days=1))
    one, two = feed_items(first, WORDS, None), feed_items(later, WORDS, None)
    assert [i["id"] for i in one] == [i["id"] for i in two]
    both = merged([one, two])
    assert len(both) == len(one) and {i["date_published"] for i in both} == {two[0]["date_published"]}


def test_two_subscriptions_do_not_share_ids() -> None:
    digest = samples.rich()
    other = feed_items(replace(digest, subscription="other"), WORDS, None)
    assert not {i["id"] for i in feed_items(digest, WORDS, None)} & {i["id"] for i in other}


def test_an_empty_feed_is_still_a_feed() -> None:
    read = feedparser.parse(atom_feed([], WORDS, home="https://news.example/unsealed/").encode())
    assert not read.bozo and read.feed.id == "https://news.example/unsealed/atom.xml"
    assert json.loads(json_feed([], WORDS))["items"] == []


def test_a_folder_has_a_front_page_and_feeds_over_its_editions(tmp_path: Path) -> None:
    channel = FolderChannel("folder", tmp_path, home="https://news.example/unsealed")
    first = samples.rich()
    later = replace(samples.quiet(), day=first.day + timedelta(days=1), until=first.until + timedelta(days=1))
    _write(channel, first)
    _write(channel, later)
    page = (tmp_path / "index.html").read_text("utf-8")
    folders = [channel.folder(d).name for d in (later, first)]
    assert page.index(folders[0]) < page.index(folders[1]), "newest first"
    assert first.stories[0].title in page
    feed = json.loads((tmp_path / "feed.json").read_text("utf-8"))
    assert feed["feed_url"] == "https://news.example/unsealed/feed.json"
    assert len(feed["items"]) == len(first.stories) + len(first.reversals)
    assert len(feedparser.parse((tmp_path / "atom.xml").read_bytes()).entries) == len(feed["items"])


@pytest.mark.parametrize(
    "rubbish", ["", "[]", '{"day": 3}', '{"items": [{"id": 1}]}', "\x00", '{"day":"2026-99-99"}']
)
def test_what_else_lies_in_the_folder_does_not_disturb_it(tmp_path: Path, rubbish: str) -> None:
    channel = FolderChannel("folder", tmp_path)
    alien = tmp_path / "alien"
    alien.mkdir()
    for name in ("digest.json", "feed.json"):
        (alien / name).write_text(rubbish)
    _write(channel, samples.rich())
    assert "alien" not in (tmp_path / "index.html").read_text("utf-8")
    assert json.loads((tmp_path / "feed.json").read_text("utf-8"))["items"]

"""The announcements as a feed: JSON Feed 1.1 and Atom 1.0 (RFC 4287), for readers of feeds.

An edition gives the items, one a story; a site of several editions merges their items. An item's id
is made of the subscription and the story, so a story keeps it in whatever edition or feed it stands.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from alerts.edition import digest_view
from alerts.environments import environment
from alerts.plain import clean, safe_link
from alerts.view import StoryView
from alerts.words import Words
from pipeline.model import Digest, Story

#: Items of a feed over several editions: a month of busy days; readers keep what they have seen.
ITEMS_MAX: Final = 200
_ATOM: Final = "http://www.w3.org/2005/Atom"

Item = dict[str, Any]


def feed_items(digest: Digest, words: Words, templates: Path | None) -> tuple[Item, ...]:
    """JSON Feed items of an edition's stories, in its order. Raises ConfigError for a bad template."""
    view = digest_view(digest, words)
    views = {
        v.id: v
        for v in (*((view.lead,) if view.lead else ()), *view.stories, *view.roundups, *view.reversals)
    }
    entry = environment("html", templates).get_template("entry.html.j2")
    return tuple(
        _item(digest, story, views[story.id], entry.render(s=views[story.id], words=words).strip(), words)
        for story in (*digest.stories, *digest.reversals)
        if story.id in views
    )


def _item(digest: Digest, story: Story, view: StoryView, content: str, words: Words) -> Item:
    key = f"{digest.subscription}/{story.id}/{story.first_seen.isoformat()}"
    grade = view.stage_badge.label if view.stage_badge else view.badge.label
    facts = words("comma").join(filter(None, (grade, view.licence)))
    item: Item = {
        # A URN is an id and nothing else: stories have no page of their own that could move.
        "id": uuid.uuid5(uuid.NAMESPACE_URL, f"unsealed:{key}").urn,
        "title": f"{view.title.text} ({facts})",
        "content_html": content,
        "date_published": _stamp(digest.until),
        "tags": [story.openness.value, story.stage.value, *([clean(story.licence)] if story.licence else [])],
        "authors": [{"name": clean(name)} for name in story.who],
    }
    if view.title.url:
        item |= {"url": view.title.url, "external_url": view.title.url}
    if view.title.language:
        item["language"] = view.title.language
    return item


def merged(feeds: Iterable[Iterable[Item]]) -> list[Item]:
    """Items of several editions, newest first, each story once (as its newest edition tells it)."""
    newest: dict[str, Item] = {}
    for items in feeds:
        for item in items:
            held = newest.get(item["id"])
            if held is None or held["date_published"] < item["date_published"]:
                newest[item["id"]] = item
    # sorted() is stable: of one edition the items keep its order.
    return sorted(newest.values(), key=lambda item: item["date_published"], reverse=True)[:ITEMS_MAX]


def json_feed(items: Iterable[Item], words: Words, *, home: str = "") -> str:
    """JSON Feed 1.1. ``home`` is the http(s) address of the site that holds it, "" unknown."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": words("name"),
        "description": words("tagline"),
        "language": words("tag"),
    }
    if base := safe_link(home):
        feed |= {"home_page_url": base, "feed_url": f"{base.rstrip('/')}/feed.json"}
    return json.dumps({**feed, "items": list(items)}, ensure_ascii=False, indent=2) + "\n"


def atom_feed(items: Iterable[Item], words: Words, *, home: str = "") -> str:
    """Atom 1.0 of the same items."""
    entries = list(items)
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(
        f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": words("tag")}
    )
    base = safe_link(home).rstrip("/")
    _leaf(feed, "title", words("name"))
    _leaf(feed, "subtitle", words("tagline"))
    _leaf(feed, "id", f"{base}/atom.xml" if base else uuid.uuid5(uuid.NAMESPACE_URL, "unsealed:feed").urn)
    _leaf(feed, "updated", max((e["date_published"] for e in entries), default="1970-01-01T00:00:00Z"))
    _leaf(_leaf(feed, "author"), "name", words("name"))
    if base:
        _leaf(feed, "link", rel="self", type="application/atom+xml", href=f"{base}/atom.xml")
        _leaf(feed, "link", rel="alternate", type="text/html", href=f"{base}/")
    for item in entries:
        _entry(feed, item)
    ElementTree.indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="unicode") + "\n"


def _entry(feed: ElementTree.Element, item: Mapping[str, Any]) -> None:
    entry = _leaf(feed, "entry")
    _leaf(entry, "title", item["title"])
    _leaf(entry, "id", item["id"])
    _leaf(entry, "updated", item["date_published"])
    _leaf(entry, "published", item["date_published"])
    if "url" in item:
        _leaf(entry, "link", rel="alternate", href=item["url"])
    for author in item["authors"]:
        _leaf(_leaf(entry, "author"), "name", author["name"])
    for tag in item["tags"]:
        _leaf(entry, "category", term=tag)
    _leaf(entry, "content", item["content_html"], type="html")


def _leaf(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    element.text = text or None
    return element


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

"""JSON Feed 1.0 and 1.1, read tolerantly: a wrong type costs the field or the item, never the feed."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawler.bodies import refusal
from crawler.dates import parse_date
from crawler.reading import Collector, Draft, language_code
from crawler.sanitise import to_line


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """A JSON document that is a feed, its items not yet looked at."""

    version: str
    title: str
    language: str
    authors: tuple[str, ...]
    items: tuple[Any, ...]


def load_json_feed(text: str, body: bytes, url: str) -> JsonFeed:
    """Parse ``text``; ``body`` is the same undecoded, for the error. Raises FeedError if it is no JSON Feed."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal(body, "a feed", url) from error
    version = data.get("version") if isinstance(data, dict) else None
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or not isinstance(version, str) or "jsonfeed.org" not in version:
        raise refusal(body, "a feed", url)
    return JsonFeed(
        version="json11" if version.rstrip("/").endswith("1.1") else "json1",
        title=to_line(_text(data, "title"), 200),
        language=language_code(data.get("language")),
        authors=_authors(data),
        items=tuple(items),
    )


def collect_json_feed(feed: JsonFeed, collector: Collector, *, url: str, now: datetime) -> None:
    """Add the items of ``feed`` to ``collector``; ``url`` is the base of relative links."""
    for item in feed.items:
        if not isinstance(item, dict):
            collector.skip("they are no objects")
            continue
        collector.add(_draft(item, feed, url, now))


def _draft(item: dict[str, Any], feed: JsonFeed, url: str, now: datetime) -> Draft:
    plain = html.escape(_text(item, "content_text"), quote=False)
    markup = _text(item, "content_html")
    modified = parse_date(_scalar(item.get("date_modified")), now)
    tags = item.get("tags")
    return Draft(
        # external_url is what a link blog writes about; the item's own page comes first
        link=_text(item, "url") or _text(item, "external_url"),
        base=url,
        guid=str(_scalar(item.get("id")) or ""),
        title=_text(item, "title"),
        summary=html.escape(_text(item, "summary"), quote=False) or plain,
        content=markup or plain,
        authors=_authors(item) or feed.authors,
        published=parse_date(_scalar(item.get("date_published")), now) or modified,
        updated=modified,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        language=language_code(item.get("language")) or feed.language,
    )


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _scalar(value: object) -> str | float | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _authors(data: dict[str, Any]) -> tuple[str, ...]:
    several = data.get("authors")  # 1.1
    single = data.get("author")  # 1.0
    people = several if isinstance(several, list) else [single]
    names = (person.get("name") for person in people if isinstance(person, dict))
    return tuple(name for name in names if isinstance(name, str) and name.strip())

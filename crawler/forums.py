"""Forums: Hacker News and Reddit, where a story is a link to somebody else's page.

The entry is about that page, so it takes the page's address; the forum's own discussion is
the entry only where there is nothing behind it.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawler.bodies import decode, refusal
from crawler.dates import parse_date
from crawler.feeds import read_feed
from crawler.reading import Collector, Draft, Reading
from crawler.urls import absolute_url, canonical_url
from pipeline.model import Entry, Source

_ITEM = "https://news.ycombinator.com/item?id="
_OUT = re.compile(r'<a href="([^"]+)"[^>]*>\[link\]</a>')
#: What Reddit's feeds put under every post.
_SIGNATURE = re.compile(r"\s*submitted by\s+/u/\S+(?:\s+to\s+r/\S+)?\s*(?:\[link\])?\s*(?:\[comments\])?\s*$")
_REDDIT = ("reddit.com", "redd.it")


def read_hackernews(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
) -> Reading:
    """Read stories found by Algolia's search of Hacker News (``/api/v1/search_by_date?tags=story&query=…``).

    Comments and polls are passed over. Raises FeedError if the body is no such list.
    """
    try:
        found = json.loads(decode(body, content_type))
    except (ValueError, RecursionError) as error:
        raise refusal(body, "a list of stories", source.id, content_type) from error
    hits = found.get("hits") if isinstance(found, dict) else None
    if not isinstance(hits, list):
        raise refusal(body, "a list of stories", source.id, content_type)
    collector = Collector(source.id, limit)
    for hit in hits:
        if not isinstance(hit, dict) or not re.fullmatch(r"\d{1,12}", _text(hit, "objectID")):
            collector.skip("they have no number")
        elif _text(hit, "title"):
            collector.add(_story(hit, source, now))
    return Reading(collector.entries(), collector.problem())


def _story(hit: dict[str, Any], source: Source, now: datetime) -> Draft:
    discussion = _ITEM + _text(hit, "objectID")
    counts = [
        f"{value} {name}"
        for key, name in (("points", "points"), ("num_comments", "comments"))
        if isinstance(value := hit.get(key), int)
    ]
    return Draft(
        link=absolute_url(_text(hit, "url")) or discussion,
        base=discussion,
        guid=f"hn:{_text(hit, 'objectID')}",
        title=_text(hit, "title"),
        summary=_text(hit, "story_text") or (f"On Hacker News: {', '.join(counts)}." if counts else ""),
        authors=(_text(hit, "author"),),
        published=parse_date(_text(hit, "created_at"), now),
        language=source.language,
    )


def read_reddit(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
) -> Reading:
    """Read a subreddit's feed (``/r/NAME/.rss``, also ``/new/.rss`` and searches). FeedError if it is none."""
    feed = read_feed(body, url=url, source_id=source.id, content_type=content_type, now=now, limit=limit)
    return Reading(tuple(_post(entry) for entry in feed.entries), feed.problem)


def _post(entry: Entry) -> Entry:
    summary = _SIGNATURE.sub("", entry.summary)
    out = _OUT.search(entry.summary_html)
    target = absolute_url(out[1].replace("&amp;", "&")) if out else None
    if target is None or (urlsplit(target).hostname or "").endswith(_REDDIT):
        return replace(entry, summary=summary)
    try:
        return replace(entry, summary=summary, url=target, canonical_url=canonical_url(target))
    except ValueError:
        return replace(entry, summary=summary)


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""

"""What a page says of its site's feeds, name and language. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from parsel import Selector

from crawler.bodies import decode
from crawler.codes import LANGUAGES
from crawler.reading import language_code
from crawler.urls import absolute_url

__all__ = ["PageFacts", "read_page"]

#: Feeds stand in the head, their links in head or foot; a longer page is cut.
_MAX_CHARACTERS: Final = 2 * 2**20
_FEED_TYPES: Final = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "text/rss+xml",
    }
)
#: JSON and plain XML are feeds only if their address or title says so: WordPress names its API so.
_MAYBE_TYPES: Final = frozenset({"application/json", "application/xml", "text/xml"})
_FEEDISH: Final = re.compile(
    r"(?:^|[/._?=-])(?:rss|atom|feeds?)(?:$|[/._?=&-]|2?\.xml|\.json)", re.IGNORECASE
)
_CHANNEL: Final = re.compile(r'"(?:channelId|externalId)":"(UC[\w-]{22})"')


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What was found in a page; addresses absolute, each with its words."""

    url: str = ""
    name: str = ""  # the site's
    title: str = ""  # the page's
    language: str = ""
    generator: str = ""
    feeds: tuple[tuple[str, str], ...] = ()  # link rel=alternate
    links: tuple[tuple[str, str], ...] = ()  # links that look like feeds


def read_page(body: bytes, url: str, content_type: str = "") -> PageFacts:
    """Return what the page ``body``, fetched from ``url``, says of its site."""
    text = decode(body, content_type).replace("\x00", "")[:_MAX_CHARACTERS]
    page = Selector(text=text or " ", type="html", huge_tree=False)
    base = absolute_url(page.css("base::attr(href)").get() or "", url) or url
    language = language_code(page.css("html::attr(lang)").get() or page.css("html::attr(xml\\:lang)").get())
    return PageFacts(
        url=url,
        name=_line(page.css('meta[property="og:site_name"]::attr(content)').get()),
        title=_line(page.css("title::text").get()),
        language=language if language in LANGUAGES else "",
        generator=_line(page.css('meta[name="generator"]::attr(content)').get()),
        feeds=_alternates(page, base) + _channel(text, url),
        links=_feed_links(page, base),
    )


def _alternates(page: Any, base: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for link in page.css("link[href]"):
        rel = (link.attrib.get("rel") or "").lower().split()
        kind = (link.attrib.get("type") or "").partition(";")[0].strip().lower()
        href, title = link.attrib["href"], _line(link.attrib.get("title"))
        feed = kind in _FEED_TYPES and "alternate" in rel
        feed = feed or (
            kind in _MAYBE_TYPES and "alternate" in rel and bool(_FEEDISH.search(f"{href} {title}"))
        )
        feed = feed or "feed" in rel
        where = absolute_url(href, base) if feed else None
        if where:
            found.setdefault(where, title)
    return tuple(found.items())


def _feed_links(page: Any, base: str) -> tuple[tuple[str, str], ...]:
    """Return links whose address looks like a feed's, of the page's own site first."""
    found: dict[str, str] = {}
    for link in page.css("a[href]"):
        where = absolute_url(link.attrib["href"], base)
        if where is None:
            continue
        parts = urlsplit(where)
        if _FEEDISH.search(f"{parts.path}?{parts.query}"):
            found.setdefault(where, _line(" ".join(link.css("*::text").getall())))
    site = _site(base)
    return tuple(sorted(found.items(), key=lambda pair: _site(pair[0]) != site))


def _channel(text: str, url: str) -> tuple[tuple[str, str], ...]:
    """Return the feed of the YouTube channel that a page is of."""
    if not (urlsplit(url).hostname or "").endswith("youtube.com"):
        return ()
    match = _CHANNEL.search(text)
    return ((f"https://www.youtube.com/feeds/videos.xml?channel_id={match[1]}", ""),) if match else ()


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _line(text: str | None) -> str:
    return " ".join((text or "").split())[:200]

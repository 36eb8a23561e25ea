"""An outlet's news in the formats that publishers use: feeds, news sitemap, sitemap index.

Each function returns text; XML comes without its declaration, which `xmltree.to_bytes` adds
together with the encoding. Breaking it is the work of `unsealed.newsroom.faults`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from unsealed.newsroom.content import NewsItem
from unsealed.newsroom.places import TRACKING, Site
from unsealed.newsroom.xmltree import root, sub, to_text

ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_DC = "http://purl.org/dc/elements/1.1/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RSS1 = "http://purl.org/rss/1.0/"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_GENERATOR = "Press & Publish 4.2"

#: Pages that are no news, as sites list them in a sitemap of their own.
STANDING_PAGES = ("about", "contact", "privacy")
#: Older than what any reader of sitemaps takes for recent.
_STANDING_FOR = timedelta(days=400)


def rss2(site: Site) -> str:
    """RSS 2.0 with content:encoded, dc:creator and links that carry tracking parameters."""
    rss = root("rss", {"content": _CONTENT, "dc": _DC, "atom": ATOM}, version="2.0")
    channel = sub(rss, "channel")
    sub(channel, "title", site.outlet.name)
    sub(channel, "link", site.url("/"))
    sub(channel, "description", site.outlet.tagline)
    sub(channel, "language", f"{site.outlet.language}-{site.outlet.country}".lower())
    sub(channel, "lastBuildDate", format_datetime(site.now))
    sub(channel, "generator", _GENERATOR)
    sub(channel, f"{{{ATOM}}}link", href=site.url("/feed/"), rel="self", type="application/rss+xml")
    for item in _news(site):
        node = sub(channel, "item")
        sub(node, "title", item.title)
        sub(node, "link", site.item_url(item) + TRACKING)
        sub(node, "guid", site.item_url(item), isPermaLink="true")
        sub(node, "pubDate", format_datetime(site.published(item)))
        if item.author:
            sub(node, f"{{{_DC}}}creator", item.author)
        for tag in item.tags:
            sub(node, "category", tag)
        sub(node, "description", f"<p>{_escaped(item.summary)}</p>" if item.summary else "")
        # Blogs give away the whole text, papers only the teaser.
        if site.outlet.layout == 2:
            sub(node, f"{{{_CONTENT}}}encoded", str(site.html(item.body)))
    return to_text(rss)


def rss1(site: Site) -> str:
    """RSS 1.0 (RDF) with Dublin Core."""
    rdf = root(f"{{{_RDF}}}RDF", {"rdf": _RDF, "": _RSS1, "dc": _DC})
    channel = sub(rdf, f"{{{_RSS1}}}channel", **{f"{{{_RDF}}}about": site.url("/index.rdf")})
    sub(channel, f"{{{_RSS1}}}title", site.outlet.name)
    sub(channel, f"{{{_RSS1}}}link", site.url("/"))
    sub(channel, f"{{{_RSS1}}}description", site.outlet.tagline)
    sub(channel, f"{{{_DC}}}language", site.outlet.language)
    sequence = sub(sub(channel, f"{{{_RSS1}}}items"), f"{{{_RDF}}}Seq")
    for item in _news(site):
        url = site.item_url(item)
        sub(sequence, f"{{{_RDF}}}li", **{f"{{{_RDF}}}resource": url})
        node = sub(rdf, f"{{{_RSS1}}}item", **{f"{{{_RDF}}}about": url})
        sub(node, f"{{{_RSS1}}}title", item.title)
        sub(node, f"{{{_RSS1}}}link", url)
        sub(node, f"{{{_RSS1}}}description", item.summary)
        sub(node, f"{{{_DC}}}date", site.published(item).isoformat())
        if item.author:
            sub(node, f"{{{_DC}}}creator", item.author)
        for tag in item.tags:
            sub(node, f"{{{_DC}}}subject", tag)
    return to_text(rdf)


def atom(site: Site) -> str:
    """Atom 1.0 with the whole text of each item."""
    feed = root(f"{{{ATOM}}}feed", {"": ATOM})
    feed.set(_XML_LANG, site.outlet.language)
    sub(feed, f"{{{ATOM}}}title", site.outlet.name)
    sub(feed, f"{{{ATOM}}}subtitle", site.outlet.tagline)
    sub(feed, f"{{{ATOM}}}id", site.url("/"))
    sub(feed, f"{{{ATOM}}}link", rel="self", type="application/atom+xml", href=site.url("/atom.xml"))
    sub(feed, f"{{{ATOM}}}link", rel="alternate", type="text/html", href=site.url("/"))
    sub(feed, f"{{{ATOM}}}updated", site.now.isoformat(timespec="seconds"))
    sub(feed, f"{{{ATOM}}}generator", _GENERATOR)
    for item in _news(site):
        when = site.published(item).isoformat()
        node = sub(feed, f"{{{ATOM}}}entry")
        sub(node, f"{{{ATOM}}}title", item.title, type="text")
        sub(node, f"{{{ATOM}}}id", f"tag:{site.outlet.id}.example,2026:{item.id}")
        sub(node, f"{{{ATOM}}}link", rel="alternate", type="text/html", href=site.item_url(item))
        sub(node, f"{{{ATOM}}}published", when)
        sub(node, f"{{{ATOM}}}updated", when)
        if item.author:
            sub(sub(node, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", item.author)
        for tag in item.tags:
            sub(node, f"{{{ATOM}}}category", term=tag)
        sub(node, f"{{{ATOM}}}summary", item.summary, type="text")
        sub(node, f"{{{ATOM}}}content", str(site.html(item.body)), type="html")
    return to_text(feed)


def json_feed(site: Site) -> str:
    """JSON Feed 1.1."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.outlet.name,
        "description": site.outlet.tagline,
        "home_page_url": site.url("/"),
        "feed_url": site.url("/feed.json"),
        "language": site.outlet.language,
        "items": [
            {
                "id": site.item_url(item),
                "url": site.item_url(item),
                "title": item.title,
                "summary": item.summary,
                "content_html": str(site.html(item.body)),
                "date_published": site.published(item).isoformat(),
                "authors": [{"name": item.author}] if item.author else [],
                "tags": list(item.tags),
            }
            for item in _news(site)
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1)


def news_sitemap(site: Site) -> str:
    """A news sitemap: address, title, date and keywords of each article, no teaser."""
    urls = root(f"{{{_SITEMAP}}}urlset", {"": _SITEMAP, "news": _NEWS})
    for item in _news(site):
        url = sub(urls, f"{{{_SITEMAP}}}url")
        sub(url, f"{{{_SITEMAP}}}loc", site.item_url(item))
        news = sub(url, f"{{{_NEWS}}}news")
        publication = sub(news, f"{{{_NEWS}}}publication")
        sub(publication, f"{{{_NEWS}}}name", site.outlet.name)
        sub(publication, f"{{{_NEWS}}}language", site.outlet.language)
        sub(news, f"{{{_NEWS}}}publication_date", site.published(item).isoformat())
        sub(news, f"{{{_NEWS}}}title", item.title)
        if item.tags:
            sub(news, f"{{{_NEWS}}}keywords", ", ".join(item.tags))
    return to_text(urls)


def page_sitemap(site: Site) -> str:
    """A plain sitemap of the pages that stand for years."""
    urls = root(f"{{{_SITEMAP}}}urlset", {"": _SITEMAP})
    for name in STANDING_PAGES:
        url = sub(urls, f"{{{_SITEMAP}}}url")
        sub(url, f"{{{_SITEMAP}}}loc", site.url(f"/{name}"))
        sub(url, f"{{{_SITEMAP}}}lastmod", f"{site.now - _STANDING_FOR:%Y-%m-%d}")
    return to_text(urls)


def sitemap_index(site: Site) -> str:
    """The index of the two sitemaps."""
    index = root(f"{{{_SITEMAP}}}sitemapindex", {"": _SITEMAP})
    for name, changed in (("page", site.now - _STANDING_FOR), ("news", site.now)):
        node = sub(index, f"{{{_SITEMAP}}}sitemap")
        sub(node, f"{{{_SITEMAP}}}loc", site.url(f"/{name}-sitemap.xml"))
        sub(node, f"{{{_SITEMAP}}}lastmod", changed.isoformat(timespec="seconds"))
    return to_text(index)


def _news(site: Site) -> tuple[NewsItem, ...]:
    return tuple(item for item in site.newest_first() if isinstance(item, NewsItem))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

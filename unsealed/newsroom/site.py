"""What an outlet's server answers: each path with its body, and what of it is polled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import unquote, urlencode
from zlib import crc32

from pipeline.model import SourceKind
from unsealed.newsroom import feeds, hubs, pages, xmltree
from unsealed.newsroom.content import (
    Charset,
    Fault,
    HubType,
    NewsItem,
    Published,
    Publishes,
    moment,
    title_of,
)
from unsealed.newsroom.faults import spoil
from unsealed.newsroom.places import Site, item_path, repositories_of

#: Repositories that the hub lists unless asked for fewer.
_HUB_LIMIT = 20
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Resource:
    """What stands at a path. ``make`` gets the query's parameters and returns the body."""

    content_type: str
    modified: datetime
    make: Callable[[Mapping[str, str]], bytes]
    polled: bool = False  # where the outlet's fault, if any, strikes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Something of an outlet that is polled: one source."""

    source_id: str
    kind: SourceKind
    path: str  # with its query
    recipe: Mapping[str, str] = field(default_factory=dict)


def endpoints(site: Site) -> tuple[Endpoint, ...]:
    """What is polled of an outlet.

    News outlets have one endpoint. A hub has one for an owner's models and one for its
    datasets, a forge one for each repository: the first bears the outlet's id, others add
    their own name to it.
    """
    outlet = site.outlet
    match outlet.publishes:
        case Publishes.LISTING:
            return (Endpoint(outlet.id, SourceKind.LISTING, "/news/", pages.LISTING_RECIPE),)
        case Publishes.SITEMAP:
            return (Endpoint(outlet.id, SourceKind.SITEMAP, "/sitemap_index.xml"),)
        case Publishes.HUGGINGFACE:
            lists = dict.fromkeys((r.type, r.owner) for r in outlet.repositories)
            found = [
                (f"{kind.value}s", SourceKind.HUGGINGFACE, _hub_path(kind, owner)) for kind, owner in lists
            ]
        case Publishes.GITHUB:
            found = [
                (name.rpartition("/")[2], SourceKind.GITHUB_RELEASES, f"/{name}/releases.atom")
                for name, _ in repositories_of(outlet)
            ]
        case _:
            return (Endpoint(outlet.id, SourceKind.FEED, _FEEDS[outlet.publishes].path),)
    return tuple(
        Endpoint(outlet.id if number == 0 else f"{outlet.id}-{name.lower()}", kind, path)
        for number, (name, kind, path) in enumerate(found)
    )


def resources(site: Site) -> dict[str, Resource]:
    """Everything at an outlet's address, by path as it is after unquoting."""
    newest = moment(site.now, min(item.hours_ago for item in site.outlet.items))

    def page(text: Callable[[], str], modified: datetime = newest, kind: str = _HTML) -> Resource:
        return Resource(kind, modified, lambda _: text().encode())

    announced = _FEEDS.get(site.outlet.publishes)
    feed, feed_type = (announced.path, announced.content_type) if announced else ("", "")
    found = {
        "/": page(lambda: pages.front_page(site, "/", feed, feed_type)),
        "/robots.txt": page(lambda: robots(site), kind="text/plain; charset=utf-8"),
    }
    for name in feeds.STANDING_PAGES:
        found[f"/{name}"] = page(partial(pages.notice_page, site, f"/{name}", name, "standing"))
    for item in site.outlet.items:
        when = moment(site.now, item.hours_ago)
        if item.id not in site.outlet.missing:
            path = unquote(item_path(site.outlet, item, site.now))
            found[path] = page(partial(pages.article_page, site, item), when)
        found[f"/media/{item.id}.svg"] = page(partial(_picture, item), when, "image/svg+xml")
    for repository in site.outlet.repositories:
        path = f"{item_path(site.outlet, repository, site.now)}/raw/main/README.md"
        found[path] = page(partial(hubs.readme, repository), newest, "text/plain; charset=utf-8")
    found |= _polled(site, newest)
    return found


def robots(site: Site) -> str:
    """The site's robots.txt, with the pages that its owner keeps from crawlers."""
    forbidden = [
        item_path(site.outlet, item, site.now)
        for item in site.outlet.items
        if item.id in site.outlet.disallow
    ]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in ["/search", "/login", *forbidden])]
    if site.outlet.publishes is Publishes.SITEMAP:
        lines += ["", f"Sitemap: {site.url('/sitemap_index.xml')}"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Feed:
    path: str
    content_type: str
    render: Callable[[Site], str]


_FEEDS: Mapping[Publishes, _Feed] = {
    Publishes.RSS2: _Feed("/feed/", "application/rss+xml", feeds.rss2),
    Publishes.RSS1: _Feed("/index.rdf", "application/rdf+xml", feeds.rss1),
    Publishes.ATOM: _Feed("/atom.xml", "application/atom+xml", feeds.atom),
    Publishes.JSONFEED: _Feed("/feed.json", "application/feed+json", feeds.json_feed),
}


def _polled(site: Site, newest: datetime) -> Iterator[tuple[str, Resource]]:
    """The resources that pollers fetch, with what leads to them."""
    outlet = site.outlet

    def xml(render: Callable[[], str]) -> Callable[[Mapping[str, str]], bytes]:
        return lambda _: xmltree.to_bytes(render())

    match outlet.publishes:
        case Publishes.LISTING:
            body = partial(pages.front_page, site, "/news/")
            yield "/news/", Resource(_HTML, newest, lambda _: body().encode(), polled=True)
        case Publishes.SITEMAP:
            kind = "application/xml"
            index = xml(partial(feeds.sitemap_index, site))
            yield "/sitemap_index.xml", Resource(kind, newest, index, polled=True)
            yield "/news-sitemap.xml", Resource(kind, newest, xml(partial(feeds.news_sitemap, site)))
            yield "/page-sitemap.xml", Resource(kind, newest, xml(partial(feeds.page_sitemap, site)))
        case Publishes.HUGGINGFACE:
            for hub_type in HubType:
                listed = partial(_hub_list, site, hub_type)
                kind = "application/json; charset=utf-8"
                yield f"/api/{hub_type.value}s", Resource(kind, newest, listed, polled=True)
        case Publishes.GITHUB:
            for name, releases in repositories_of(outlet):
                atom = xml(partial(hubs.releases, site, name, releases))
                kind = "application/atom+xml; charset=utf-8"
                yield f"/{name}/releases.atom", Resource(kind, newest, atom, polled=True)
        case _:
            yield _FEEDS[outlet.publishes].path, _feed_resource(site, newest)


def _feed_resource(site: Site, newest: datetime) -> Resource:
    """The feed in the outlet's encoding, or as its fault has it."""
    outlet = site.outlet
    feed = _FEEDS[outlet.publishes]
    if outlet.publishes is Publishes.JSONFEED:
        return Resource(feed.content_type, newest, lambda _: feed.render(site).encode(), polled=True)
    declared, used = outlet.charset.value, outlet.charset.value
    if outlet.fault is Fault.WRONG_CHARSET:
        # The commonest lie: a template's old declaration over text that has long been UTF-8.
        declared, used = Charset.LATIN_1.value, Charset.UTF_8.value
    # RFC 7303: without a charset parameter the declaration of the XML itself counts.
    silent = outlet.charset is Charset.LATIN_1
    content_type = feed.content_type if silent else f"{feed.content_type}; charset={declared.upper()}"

    def make(_: Mapping[str, str]) -> bytes:
        text = feed.render(site)
        text = spoil(text) if outlet.fault is Fault.BROKEN_XML else text
        return xmltree.to_bytes(text, declared=declared, encoding=used)

    return Resource(content_type, newest, make, polled=True)


def _hub_path(kind: HubType, owner: str) -> str:
    query = {"author": owner, "sort": "createdAt", "direction": "-1", "limit": _HUB_LIMIT, "full": "true"}
    return f"/api/{kind.value}s?{urlencode(query)}"


def _hub_list(site: Site, kind: HubType, query: Mapping[str, str]) -> bytes:
    asked = query.get("limit", "")
    limit = min(int(asked), _HUB_LIMIT) if asked.isdecimal() else _HUB_LIMIT
    return hubs.repositories(site, kind, query.get("author", ""), limit).encode()


def _picture(item: Published) -> str:
    caption = item.caption if isinstance(item, NewsItem) else ""
    return pages.picture(caption or title_of(item), crc32(item.id.encode()))

"""Where everything of an outlet is: the addresses of its pages and of what is polled of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import assert_never
from urllib.parse import quote

from markupsafe import Markup

from unsealed.newsroom import markup
from unsealed.newsroom.content import (
    Content,
    HubType,
    NewsItem,
    Outlet,
    Published,
    Release,
    Repository,
    moment,
)

#: Hours that the newsrooms' clocks are ahead of UTC; feeds state local time, as real ones do.
_UTC_OFFSET = {
    **dict.fromkeys(("DE", "ES", "FR", "NL", "NO"), 1),
    **dict.fromkeys(("JP", "KR"), 9),
    **dict.fromkeys(("CA", "US"), -5),
    "AU": 10,
    "CN": 8,
}
#: What marks a visit that came from a feed. The page's canonical address has no such thing.
TRACKING = "?utm_source=rss&utm_medium=feed&utm_campaign=headlines"
#: An outlet's navigation: last part of the path, and the key of its label in pages/words.toml.
SECTIONS = ("models", "research", "business", "policy")


@dataclass(frozen=True, slots=True)
class Site:
    """An outlet at its address, at a time. ``origin`` has no slash at its end."""

    outlet: Outlet
    origin: str
    now: datetime
    content: Content
    origins: Mapping[str, str]  # of all outlets, by id

    def url(self, path: str) -> str:
        """The absolute address of a path of this site."""
        return self.origin + path

    def item_url(self, item: Published) -> str:
        """The canonical address of an item's page."""
        return self.url(item_path(self.outlet, item, self.now))

    def published(self, item: Published) -> datetime:
        """When the item was published, in the outlet's own time zone."""
        offset = timedelta(hours=_UTC_OFFSET.get(self.outlet.country, 0))
        return moment(self.now, item.hours_ago).astimezone(timezone(offset))

    def newest_first(self) -> tuple[Published, ...]:
        """The outlet's items as lists of news show them."""
        return tuple(sorted(self.outlet.items, key=lambda item: item.hours_ago))

    def resolve(self, reference: str) -> str:
        """The address of the item that a reference names."""
        outlet, item = self.referred(reference)
        return self.origins[outlet.id] + item_path(outlet, item, self.now)

    def referred(self, reference: str) -> tuple[Outlet, Published]:
        """The item that a reference names, and whose it is. The loader has checked that there is one."""
        place = self.content.locate(self.outlet.id, reference)
        if place is None:
            raise LookupError(f"{self.outlet.id}: no item {reference!r}")
        return place

    def html(self, body: str) -> Markup:
        """A body as HTML."""
        return markup.to_html(body, self.resolve)


def sites(content: Content, origins: Mapping[str, str], now: datetime) -> tuple[Site, ...]:
    """Put every outlet at its origin (outlet id -> ``http://host:port``)."""
    return tuple(Site(outlet, origins[outlet.id], now, content, origins) for outlet in content.outlets)


def item_path(outlet: Outlet, item: Published, now: datetime) -> str:
    """The path of an item's page; each page layout has its own habit, as publishing systems do."""
    if isinstance(item, Repository):
        return f"{'/datasets' if item.type is HubType.DATASET else ''}/{item.full_name}"
    if isinstance(item, Release):
        return f"/{item.full_name}/releases/tag/{quote(item.version, safe='')}"
    if isinstance(item, NewsItem):
        match outlet.layout:
            case 1:
                return f"/{moment(now, item.hours_ago):%Y/%m/%d}/{item.id}/"
            case 2:
                return f"/blog/{item.id}"
            case 3:
                return f"/news/{item.id}.html"
            case _:
                return f"/article/{item.id}"
    assert_never(item)


def repositories_of(outlet: Outlet) -> Sequence[tuple[str, tuple[Release, ...]]]:
    """A forge's repositories (``owner/name``) with their releases, in the order first named."""
    names = dict.fromkeys(release.full_name for release in outlet.releases)
    return [(name, tuple(r for r in outlet.releases if r.full_name == name)) for name in names]

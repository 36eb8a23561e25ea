"""An outlet's pages: articles in four layouts, front page, hub cards, releases, notices.

The layouts are as unlike as real sites are: one has JSON-LD, another only meta tags, one
states its date in bare text. What they share is the clutter that an extractor must leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import escape

from unsealed.newsroom import markup
from unsealed.newsroom.content import NewsItem, Published, Release, Repository, title_of
from unsealed.newsroom.places import SECTIONS, Site, item_path
from unsealed.newsroom.tables import read_toml

FOLDER = Path(__file__).parent / "pages"
#: What reads the front page: the recipe of an outlet that has no feed. See pages/index.html.j2.
LISTING_RECIPE: Mapping[str, str] = {
    "item": "article.card",
    "link": "h2 a",
    "title": "h2 a",
    "date": "time",
    "summary": "p.dek",
}
#: Titles in "most read" boxes.
_LATEST = 5


def article_page(site: Site, item: Published) -> str:
    """The page of an item, by what it is and the outlet's layout."""
    if isinstance(item, Repository):
        return _render(site, "card", item=_item_view(site, item), repository=item)
    if isinstance(item, Release):
        return _render(site, "release", item=_item_view(site, item), release=item)
    return _render(site, f"article{site.outlet.layout}", item=_item_view(site, item))


def front_page(site: Site, path: str, feed: str = "", feed_type: str = "") -> str:
    """The list of everything, newest first; ``feed`` is announced in its head."""
    listed = [_item_view(site, item) for item in site.newest_first()]
    return _render(site, "index", listed=listed, canonical=site.url(path), feed=feed, feed_type=feed_type)


def notice_page(site: Site, path: str, heading: str, text: str, status: int = 200) -> str:
    """A page with a heading and a sentence, both keys of pages/words.toml."""
    words = _words(site.outlet.language)
    return _render(
        site,
        "notice",
        canonical=site.url(path),
        heading=words[heading],
        text=words[text],
        status=status,
    )


def picture(title: str, tint: int) -> str:
    """An SVG that stands for the article's photograph; ``tint`` picks its colours (degrees)."""
    hue = tint % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 540" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="960" height="540" fill="hsl({hue},45%,32%)"/>'
        f'<circle cx="700" cy="180" r="230" fill="hsl({(hue + 40) % 360},60%,52%)"/>'
        f'<path d="M0 540 L330 210 L560 430 L700 310 L960 540Z" fill="hsl({hue},50%,20%)"/></svg>'
    )


def words_of_date(when: datetime, language: str) -> str:
    """A date as the language writes it."""
    words = _words(language)
    months: list[str] = words["months"]
    month = months[when.month - 1] if months else str(when.month)
    written: str = words["date"].format(day=when.day, month=month, year=when.year)
    return written


def _item_view(site: Site, item: Published) -> dict[str, Any]:
    """What the templates may know of an item."""
    when = site.published(item)
    news = item if isinstance(item, NewsItem) else None
    body = item.card if isinstance(item, Repository) else item.body
    view: dict[str, Any] = {
        "id": item.id,
        "url": site.item_url(item),
        "path": item_path(site.outlet, item, site.now),
        "title": title_of(item),
        "summary": news.summary if news else "",
        "author": news.author if news else "",
        "tags": news.tags if news else (),
        "caption": news.caption if news else "",
        "image": site.url(f"/media/{item.id}.svg"),
        "iso": when.isoformat(),
        "date": words_of_date(when, site.outlet.language),
        "clock": f"{when:%H:%M}",
        "html": site.html(body),
        "html_blocks": [site.html(block) for block in markup.blocks(body)],
        "related": [_link(site, reference) for reference in news.related] if news else [],
    }
    view["json_ld"] = _json_ld(site, view)
    return view


def _json_ld(site: Site, view: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": view["title"],
        "description": view["summary"],
        "datePublished": view["iso"],
        "dateModified": view["iso"],
        "inLanguage": site.outlet.language,
        "image": [view["image"]],
        "mainEntityOfPage": {"@type": "WebPage", "@id": view["url"]},
        "publisher": {"@type": "NewsMediaOrganization", "name": site.outlet.name},
    }
    if view["author"]:
        data["author"] = {"@type": "Person", "name": view["author"]}
    return data


def _link(site: Site, reference: str) -> dict[str, str]:
    return {"url": site.resolve(reference), "title": title_of(site.referred(reference)[1])}


def _render(site: Site, template: str, **values: Any) -> str:
    latest = [{"url": site.item_url(item), "title": title_of(item)} for item in site.newest_first()[:_LATEST]]
    defaults = {
        "site": site.outlet,
        "origin": site.origin,
        "sections": SECTIONS,
        "words": _words(site.outlet.language),
        "year": site.now.year,
        "latest": latest,
        "feed": "",
    }
    return _environment().get_template(f"{template}.html.j2").render(defaults | values)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,  # for every template: select_autoescape would not know ".html.j2"
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _all_words() -> Mapping[str, Mapping[str, Any]]:
    return read_toml(FOLDER / "words.toml")


def _words(language: str) -> Mapping[str, Any]:
    """The page furniture's words; English for a language that has none."""
    every = _all_words()
    return every.get(language, every["en"])

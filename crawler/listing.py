"""News pages without a feed, read by a recipe: CSS selectors as data.

A recipe is a table of a source in the catalogue:

====================  ==========================================================================
``item``              selects one element for each entry (needed)
``link``              within the item; default: the item's own ``href``, else its first link
``title``             within the item; default: its first heading, else the link's text
``date``              within the item; default: ``time``; an element's ``datetime`` counts first
``date_format``       strptime format, where `crawler.dates` would not understand the date
``summary``           within the item; default: none
====================  ==========================================================================

Selectors may end in ``::text`` or ``::attr(name)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from parsel import Selector
from parsel.csstranslator import HTMLTranslator

from crawler.bodies import decode, refusal
from crawler.dates import parse_date, parse_format
from crawler.reading import Collector, Draft, Reading
from pipeline.model import FeedError, Problem, Source

#: Keys a listing's recipe may hold.
RECIPE_KEYS = frozenset({"item", "link", "title", "date", "date_format", "summary"})

_TRANSLATOR = HTMLTranslator()


def check_selector(selector: str) -> str:
    """Return what is wrong with a CSS selector in words, "" if it can be used."""
    try:
        _TRANSLATOR.css_to_xpath(selector)
    except (ValueError, TypeError, NotImplementedError, SyntaxError) as error:
        return str(error) or type(error).__name__
    return ""


def read_listing(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
) -> Reading:
    """Read the entries of a listing page by ``source.recipe``.

    Raises FeedError if the page is empty or none of its elements fits the recipe: the site
    has changed, or shows programs another page.
    """
    recipe = source.recipe
    if not body.strip():
        raise refusal(b"", "a listing page", source.id)
    text = decode(body, content_type).replace("\x00", "")
    page = Selector(text=text or " ", type="html", base_url=url, huge_tree=False)
    base = page.css("base::attr(href)").get() or ""
    base = base if base.startswith(("http://", "https://")) else url
    items = page.css(recipe["item"])
    if not items:
        raise FeedError(
            f"No element of the page fits “{recipe['item']}”.",
            about=source.id,
            cure="The site was probably redesigned: give the source a new recipe.",
        )
    collector = Collector(source.id, limit)
    seen: set[str] = set()
    undated = 0
    for item in items:
        draft = _draft(item, recipe, base, source.language, now)
        # teasers of one article often hold its link several times: picture, headline, "read more"
        if draft.link in seen:
            continue
        if not draft.title:
            collector.skip("they have no title")
            continue
        seen.add(draft.link)
        undated += draft.published is None
        collector.add(draft)
    entries = collector.entries()
    problem = collector.problem()
    if problem is None and "date" in recipe and undated == len(entries) > 0:
        problem = Problem(
            "dates",
            f"None of the {undated} dates could be read by “{recipe['date']}”.",
            "Mend “date” or “date_format” in its recipe.",
        )
    return Reading(entries, problem)


def _draft(item: Any, recipe: Mapping[str, str], base: str, language: str, now: datetime) -> Draft:
    link, link_text = _link(item, recipe)
    title = _words(item, recipe.get("title") or "h1, h2, h3, h4") or ("" if "title" in recipe else link_text)
    return Draft(
        link=link,
        base=base,
        title=title,
        summary=_words(item, recipe["summary"]) if "summary" in recipe else "",
        published=_date(item, recipe, now),
        language=language,
    )


def _link(item: Any, recipe: Mapping[str, str]) -> tuple[str, str]:
    """Return the address and the words of an item's link."""
    selector = recipe.get("link")
    if selector and "::" in selector:
        return item.css(selector).get("").strip(), ""
    if selector:
        found = item.css(selector)[:1]
    else:
        found = item if item.attrib.get("href") else item.css("a[href]")[:1]
    return found.attrib.get("href", "").strip(), " ".join(" ".join(found.css("*::text").getall()).split())


def _words(item: Any, selector: str) -> str:
    found = item.css(selector)[:1]
    if not found:
        return ""
    if "::" in selector:
        return " ".join(str(found.get("")).split())
    return " ".join(" ".join(found.css("*::text").getall()).split())


def _date(item: Any, recipe: Mapping[str, str], now: datetime) -> datetime | None:
    selector = recipe.get("date", "time")
    found = item.css(selector)[:1]
    if not found:
        return None
    candidates = (
        [found.get("")] if "::" in selector else [found.attrib.get("datetime", ""), _words(item, selector)]
    )
    for text in filter(None, candidates):
        wanted = recipe.get("date_format")
        value = (parse_format(text, wanted, now) if wanted else None) or parse_date(text, now)
        if value is not None:
            return value
    return None

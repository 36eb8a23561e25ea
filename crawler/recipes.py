"""A recipe for a listing page, found in the page itself.

What makes a list of articles is repetition: blocks of one shape, each with a link of its own
whose words are a headline, most with a date. Each link's surroundings propose selectors; the
selector under which most blocks look like that wins, and is then tried by the very reader
that will use it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from lxml.cssselect import CSSSelector, SelectorError

from crawler.bodies import decode
from crawler.dates import parse_date
from crawler.listing import read_listing
from crawler.urls import absolute_url
from pipeline.model import FeedError, Source, SourceKind

__all__ = ["Recipe", "find_recipe"]

#: Fewer blocks of one shape are no list: menus, teasers and related links come in threes and fours.
LEAST = 5
#: Links looked at, from the top; and selectors tried.
_MAX_LINKS, _MAX_TRIED = 600, 60
_MAX_PAGE = 5 * 2**20
#: How far above its link a block may begin.
_LEVELS = 6
#: A headline has at least so many characters; Chinese needs a third of them.
_SHORT_TITLE = 16

#: Parts of a page whose links lead about the site.
_ABOUT_THE_SITE = frozenset(
    {"nav", "footer", "aside", "form", "head", "script", "style", "template", "noscript", "svg"}
)
_ROLES = frozenset({"navigation", "banner", "contentinfo", "menu", "search", "dialog"})
_MENU_CLASS = re.compile(
    r"\b(?:nav(?:bar|igation)?|menu|footer|breadcrumbs?|sidebar|cookie|share|social|pagination|newsletter)\b",
    re.IGNORECASE,
)
#: Classes that a build makes up anew, and those that say how a thing looks, not what it is.
_NO_NAME = re.compile(
    r"\d{3}|__[A-Za-z0-9]{5,}|^(?:css|sc|jsx|svelte|astro|_)[-_]?|[:/\[\]@!]|^-"
    r"|^(?:[mp][trblxy]?|w|h|min|max|gap|space|text|font|bg|border|rounded|shadow|flex|grid|row|cols?|order|items|justify|self|top"
    r"|left|right|bottom|inset|z|opacity|transition|duration|hover|focus|overflow|leading|tracking|line|g|d|is|has|js|no)(?:-|$)"
    r"|^(?:first|last|odd|even|active|hidden|block|inline|relative|absolute|sticky|container|clearfix|group|wrapper|underline|truncate)$"
)
_PLAIN_NAME = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]*")
_HEADINGS = ("h1", "h2", "h3", "h4")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Any date is one here; whether it is plausible is asked when the page is read.
_ALL_TIME = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recipe:
    """``selectors`` as `Source.recipe` wants them, and what they give on the page they were found in."""

    selectors: Mapping[str, str]
    entries: int
    dated: int
    sample: tuple[str, ...] = ()  # the first titles


@dataclass(slots=True)
class _Blocks:
    """The elements under one selector, looked at."""

    selector: str
    titles: list[str] = field(default_factory=list)
    links: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)  # selectors of the link, "" where the first will do
    dates: Counter[str] = field(default_factory=Counter)
    headed: int = 0
    without: int = 0
    crowded: int = 0  # blocks with several headlines

    @property
    def score(self) -> float:
        """How much this looks like the list of articles: their number, weighted by what they have."""
        count = len(self.titles)
        if len(self.links) < LEAST:
            return 0.0
        dated = sum(self.dates.values()) / count
        length = min(1.0, median(map(_width, self.titles)) / 45)
        clear = count / (count + self.without) * (1 - 0.8 * self.crowded / count)
        return (
            math.pow(len(self.links), 0.8)
            * (0.4 + 0.5 * self.headed / count + 0.9 * min(dated, 1.0))
            * length
            * clear
        )


def find_recipe(page: str | bytes, url: str) -> Recipe | None:
    """Return a recipe for the list of articles that ``page``, fetched from ``url``, shows; None if it shows none.

    Pure: nothing is fetched. At least `LEAST` entries come of the recipe.
    """
    text = (decode(page) if isinstance(page, bytes) else page)[:_MAX_PAGE].replace("\x00", "")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    proposals = _proposals(_article_links(root, url))
    best: list[tuple[float, Recipe]] = []
    looked = sorted((_look(root, selector, url) for selector in proposals), key=lambda b: -b.score)
    for blocks in looked[:8]:
        if blocks.score <= 0:
            break
        recipe = _tried(blocks, text, url)
        if recipe is not None:
            best.append((blocks.score * recipe.entries / max(1, len(blocks.links)), recipe))
    return max(best, key=lambda pair: pair[0])[1] if best else None


# ------------------------------------------------------------------------------- proposals


def _article_links(root: etree._Element, url: str) -> Iterator[etree._Element]:
    """Links whose words could be a headline, in the page's order, without those about the site."""
    count = 0
    for link in root.iter("a"):
        if count >= _MAX_LINKS:
            return
        if _width(_words(link)) < _SHORT_TITLE or _target(link, url) is None or _is_about_the_site(link):
            continue
        count += 1
        yield link


def _is_about_the_site(node: etree._Element) -> bool:
    for holder in node.iterancestors():
        if holder.tag in _ABOUT_THE_SITE or (holder.get("role") or "") in _ROLES:
            return True
        if holder.tag not in {"html", "body", "main"} and _MENU_CLASS.search(
            f"{holder.get('class') or ''} {holder.get('id') or ''}"
        ):
            return True
    return False


def _target(link: etree._Element, url: str) -> str | None:
    """Where a link leads, if that is a page of its own."""
    href = (link.get("href") or "").strip()
    target = absolute_url(href, url) if href and not href.startswith("#") else None
    if target is None:
        return None
    path = urlsplit(target).path.strip("/")
    return target if path and target.partition("#")[0] != url.partition("#")[0] else None


def _proposals(links: Iterable[etree._Element]) -> list[str]:
    """Selectors that many links' surroundings share, those of most links first."""
    votes: Counter[str] = Counter()
    for link in links:
        node: etree._Element | None = link
        for _ in range(_LEVELS):
            if node is None or node.tag in {"body", "html", "main"}:
                break
            votes.update(set(_selectors(node)))
            node = node.getparent()
    return [selector for selector, count in votes.most_common() if count >= LEAST][:_MAX_TRIED]


def _selectors(node: etree._Element) -> Iterator[str]:
    """Ways to name an element: by itself where it has a name, and by what holds it."""
    own = _named(node)
    if own != node.tag or node.tag in {"article", "time"}:
        yield own
    parent = node.getparent()
    if parent is None:
        return
    held = _named(parent)
    if held != parent.tag:
        yield f"{held} > {own}"
        return
    above = parent.getparent()
    if above is not None and _named(above) != above.tag:
        yield f"{_named(above)} > {held} > {own}"


def _named(node: etree._Element) -> str:
    names = [
        name
        for name in (node.get("class") or "").split()
        if _PLAIN_NAME.fullmatch(name) and not _NO_NAME.search(name)
    ]
    if names:
        return f"{node.tag}.{'.'.join(names[:2])}"
    ident = node.get("id") or ""
    return (
        f"{node.tag}#{ident}"
        if _PLAIN_NAME.fullmatch(ident) and not _NO_NAME.search(ident)
        else str(node.tag)
    )


# ------------------------------------------------------------------------------- judging


def _look(root: etree._Element, selector: str, url: str) -> _Blocks:
    blocks = _Blocks(selector)
    try:
        found: Any = CSSSelector(selector, translator="html")(root)
    except (SelectorError, etree.XPathError):
        return blocks
    for node in found[:300]:
        if _is_about_the_site(node):
            continue
        link, way = _headline(node, url)
        if link is None:
            blocks.without += 1
            continue
        target = _target(link, url)
        assert target is not None
        blocks.titles.append(_words(link))
        blocks.links[target] += 1
        blocks.ways[way] += 1
        blocks.headed += any(True for _ in node.iter(*_HEADINGS)) or any(
            up.tag in _HEADINGS for up in link.iterancestors(*_HEADINGS)
        )
        others = {_target(a, url) for a in node.iter("a") if _width(_words(a)) >= 2 * _SHORT_TITLE}
        blocks.crowded += len(others - {None, target}) > 0
        date = _dated(node)
        if date:
            blocks.dates[date] += 1
    return blocks


def _headline(node: etree._Element, url: str) -> tuple[etree._Element | None, str]:
    """Return a block's link with the headline, and the selector that finds it ("" for its first)."""
    links = [node] if node.tag == "a" else [a for a in node.iter("a") if _target(a, url)]
    links = [a for a in links if _target(a, url)]
    if not links:
        return None, ""
    for heading in _HEADINGS:
        for link in links:
            if (
                any(True for _ in link.iterancestors(heading))
                and node.tag != "a"
                and _width(_words(link)) >= _SHORT_TITLE
            ):
                return link, "" if link is links[0] else f"{heading} a"
    longest = max(links, key=lambda a: _width(_words(a)))
    if _width(_words(longest)) < _SHORT_TITLE:
        return None, ""
    if longest is links[0] or _target(longest, url) == _target(links[0], url):
        return longest, ""
    own = _named(longest)
    return longest, own if own != "a" else ""


def _dated(node: etree._Element) -> str:
    """Return a selector for the date in a block, "" if it shows none."""
    for inner in node.iter("time"):
        if parse_date(inner.get("datetime"), _ALL_TIME) or parse_date(_words(inner), _ALL_TIME):
            return "time"
    for inner in node.iter():
        text = (inner.text or "").strip(" \n\t·|-—,") if len(inner) == 0 and inner.tag != "a" else ""
        if 5 < len(text) < 40 and parse_date(text, _ALL_TIME):
            return _named(inner)
    return ""


def _tried(blocks: _Blocks, text: str, url: str) -> Recipe | None:
    """Make the recipe of what was seen and read the page by it."""
    selectors = {"item": blocks.selector}
    way = blocks.ways.most_common(1)[0][0]
    if way:
        selectors["link"] = way
    if blocks.dates:
        date = blocks.dates.most_common(1)[0][0]
        if date != "time":
            selectors["date"] = date
    source = Source("recipe", "recipe", SourceKind.LISTING, url, recipe=selectors)
    try:
        reading = read_listing(
            source,
            text.encode("utf-8", "replace"),
            url=url,
            content_type="text/html; charset=utf-8",
            now=_ALL_TIME,
            limit=500,
        )
    except FeedError:
        return None
    titled = [entry for entry in reading.entries if _width(entry.title) >= _SHORT_TITLE // 2]
    if len(titled) < LEAST or len(titled) < 0.6 * len(reading.entries):
        return None
    dated = sum(entry.published is not None for entry in reading.entries)
    return Recipe(selectors, len(reading.entries), dated, tuple(entry.title for entry in titled[:3]))


def _words(node: etree._Element) -> str:
    return " ".join("".join(map(str, node.itertext())).split())


def _width(text: str) -> int:
    return len(text) + 2 * len(_WIDE.findall(text))

"""What an article page states about itself: JSON-LD, Open Graph, meta tags, ``<time>``.

Everything here is read off the page's tree and given as found, per origin, for
`crawler.pages` to weigh. Broken JSON-LD is mended where the damage is a usual one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lxml import etree

#: JSON-LD blocks larger than this (product catalogues) are not worth the time.
_MAX_BLOCK = 500_000
#: Nodes looked at in all; a page has a dozen.
_MAX_NODES = 500
#: Stands for the end of a block until it is known what follows; no page's text holds it.
_BREAK = "\x1f"
_ARTICLE_TYPE = re.compile(r"Article$|Posting$|^Report$|^TechArticle$|^VideoObject$")
_WORK_TYPE = re.compile(r"^(?:WebPage|ItemPage|CreativeWork|BlogPosting)$")

_META_PUBLISHED = (
    "article:published_time", "og:article:published_time", "article:published", "datepublished", "og:published_time",
    "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "dc.date.issued", "dcterms.issued",
    "dcterms.created", "dc.date.created", "pubdate", "publishdate", "publish-date", "publish_date", "published_time",
    "article.published", "publication_date", "citation_publication_date", "dcterms.date", "dc.date", "date", "bt:pubdate", "rnews:datepublished",
)  # fmt: skip
_META_UPDATED = (
    "article:modified_time", "og:updated_time", "article:modified", "datemodified", "dcterms.modified", "dc.date.modified",
    "lastmod", "last-modified", "revision_date", "article.updated",
)  # fmt: skip
_META_AUTHOR = (
    "author",
    "article:author_name",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "citation_author",
)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a page says of itself; lists hold the best first, dates are still text."""

    headings: tuple[str, ...] = ()  # h1
    ld: Mapping[str, Any] = field(default_factory=dict)  # the article's node, {} if none
    metas: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # lower-case name or property -> contents
    title_tag: str = ""
    canonical: str = ""
    base: str = ""
    language: str = ""
    times: tuple[str, ...] = ()  # of <time> and itemprop that say they are of publication

    def meta(self, *names: str) -> str:
        """Return the first content of the first of ``names`` that there is."""
        return next((self.metas[name][0] for name in names if self.metas.get(name)), "")

    @property
    def published(self) -> tuple[tuple[str, str], ...]:
        """Candidates for the publication date as (origin, text)."""
        found = [
            ("json-ld", text) for text in _texts(self.ld.get("datePublished") or self.ld.get("dateCreated"))
        ]
        found += [("meta", content) for name in _META_PUBLISHED for content in self.metas.get(name, ())[:1]]
        return (*found, *(("time", text) for text in self.times))

    @property
    def updated(self) -> tuple[tuple[str, str], ...]:
        """Candidates for the date of the last change as (origin, text)."""
        found = [("json-ld", text) for text in _texts(self.ld.get("dateModified"))]
        return (
            *found,
            *(("meta", content) for name in _META_UPDATED for content in self.metas.get(name, ())[:1]),
        )

    @property
    def authors(self) -> tuple[str, tuple[str, ...]]:
        """Origin and names of the authors."""
        names = tuple(_people(self.ld.get("author") or self.ld.get("creator")))
        if names:
            return "json-ld", names
        names = tuple(content for name in _META_AUTHOR for content in self.metas.get(name, ()))
        return "meta", names

    @property
    def publisher(self) -> str:
        """The publisher's name in JSON-LD."""
        return next(_people(self.ld.get("publisher")), "")

    @property
    def image(self) -> str:
        """The lead image in JSON-LD."""
        return next(_texts(self.ld.get("image"), "url", "contentUrl"), "")


def read_metadata(root: etree._Element, url: str) -> Stated:
    """Collect what the tree ``root`` of the page at ``url`` states."""
    metas: dict[str, list[str]] = {}
    for node in root.iter("meta"):
        content = (node.get("content") or "").strip()
        name = (node.get("property") or node.get("name") or node.get("itemprop") or "").strip().lower()
        if content and name and len(content) <= 5000:
            metas.setdefault(name, []).append(content)
    headings = tuple(filter(None, (text_of(node) for node in root.iter("h1"))))
    head_title = next(root.iter("title"), None)
    canonical = next(
        (n.get("href") or "" for n in root.iter("link") if (n.get("rel") or "").lower() == "canonical"), ""
    )
    html_node = next(root.iter("html"), root)
    title = text_of(head_title) if head_title is not None else ""
    return Stated(
        headings=headings[:20],
        ld=_article_node(root, url, {*headings, title}),
        metas={name: tuple(values) for name, values in metas.items()},
        title_tag=title,
        canonical=canonical.strip(),
        base=next((n.get("href") or "" for n in root.iter("base")), ""),
        language=html_node.get("lang") or html_node.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        times=tuple(_times(root)),
    )


def text_of(node: etree._Element) -> str:
    """Return the words of a node on one line; a break or a block within it parts words."""
    pieces: list[str] = []
    for action, inner in islice(etree.iterwalk(node, events=("start", "end")), _MAX_NODES):
        apart = _BREAK if inner.tag in {"br", "div", "p"} else ""
        if action == "start":
            pieces += [apart, "" if inner.tag in {"script", "style"} else inner.text or ""]
        elif inner is not node:
            pieces += [apart, inner.tail or ""]
    words = re.sub(f"{_BREAK}+(?=[.,:;!?)])", "", "".join(pieces)).replace(_BREAK, " ")
    return " ".join(words.split())[:1000]


def _times(root: etree._Element) -> Iterator[str]:
    """Yield the dates that are marked as those of publication; then a lone ``<time>`` of the article."""
    for node in root.iter("time", "span", "abbr", "div", "p"):
        marks = f"{node.get('itemprop') or ''} {node.get('class') or '' if node.tag in ('time', 'abbr') else ''}".lower()
        marked = node.get("pubdate") is not None or re.search(r"publish|entry-date|post-date", marks)
        # "entry-date updated" is WordPress's mark of the date of change
        if marked and not re.search(r"updated(?!.*publish)|modified", marks):
            yield node.get("datetime") or node.get("content") or node.get("title") or text_of(node)
    for area in (*root.iter("article"), *root.iter("main")):
        stamps = {node.get("datetime") or text_of(node) for node in area.iter("time")}
        if len({stamp[:10] for stamp in stamps}) == 1:
            yield stamps.pop()
            return


# ------------------------------------------------------------------------------- JSON-LD


def _article_node(root: etree._Element, url: str, titles: set[str]) -> Mapping[str, Any]:
    """Return the JSON-LD node of the page's article: the one of its address or headline, else the first."""
    nodes = [
        node for node in _nodes(root) if any(_ARTICLE_TYPE.search(kind) for kind in _texts(node.get("@type")))
    ]
    if not nodes:
        nodes = [
            n
            for n in _nodes(root)
            if any(map(_WORK_TYPE.search, _texts(n.get("@type")))) and n.get("datePublished")
        ]
    path = url.partition("?")[0].rstrip("/")

    def fitness(node: Mapping[str, Any]) -> int:
        places = {
            place.partition("?")[0].rstrip("/")
            for key in ("url", "mainEntityOfPage", "@id")
            for place in _texts(node.get(key), "@id", "url")
        }
        headline = next(_texts(node.get("headline")), "")
        return (
            2 * bool(path and path in places)
            + bool(headline and headline in titles)
            + bool(node.get("datePublished"))
        )

    return max(nodes, key=fitness, default={})


def _nodes(root: etree._Element) -> Iterator[Mapping[str, Any]]:
    scripts = (
        script.text or "" for script in root.iter("script") if "ld+json" in (script.get("type") or "").lower()
    )
    waiting: list[Any] = [_load(text) for text in scripts if text and len(text) <= _MAX_BLOCK]
    seen = 0
    while waiting and seen < _MAX_NODES:
        value = waiting.pop(0)
        seen += 1
        if isinstance(value, list):
            waiting[:0] = value[:_MAX_NODES]
        elif isinstance(value, dict):
            yield value
            inner = (
                value.get(key)
                for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "hasPart")
            )
            waiting[:0] = [child for child in inner if isinstance(child, dict | list)]


def _load(text: str) -> Any:
    """Parse a JSON-LD block as publishers write them; None if nothing can be had of it."""
    text = (
        re.sub(r"^\s*(?://)?\s*<!(?:--|\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$", "", text.strip())
        .strip()
        .rstrip(";")
    )
    for attempt in (text, re.sub(r",\s*([}\]])", r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return _salvage(text)


def _salvage(text: str) -> dict[str, Any] | None:
    """Pick the plain facts out of a block that is no JSON (an unescaped quote in a headline, often)."""
    found: dict[str, Any] = {}
    for key in ("@type", "datePublished", "dateModified"):
        match = re.search(rf'"{key}"\s*:\s*"([^"\\]{{1,100}})"', text)
        if match:
            found[key] = match[1]
    match = re.search(r'"author"\s*:\s*[\[{][^\]}]{0,200}?"name"\s*:\s*"([^"\\]{1,100})"', text)
    if match:
        found["author"] = match[1]
    return found if _ARTICLE_TYPE.search(str(found.get("@type", ""))) else None


def _texts(value: object, *keys: str) -> Iterator[str]:
    """Yield the strings of a JSON-LD value: itself, a list's, or those under ``keys`` of an object."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item.strip():
            yield item.strip()
        elif isinstance(item, dict):
            yield from (
                text.strip() for key in keys if isinstance(text := item.get(key), str) and text.strip()
            )


def _people(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        name = item.get("name") if isinstance(item, dict) else item
        yield from _texts(name)

"""What an article page states about itself: JSON-LD, Open Graph, meta tags, microdata, ``<time>``.

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
#: Elements of the kinds that carry metadata; a page of ten thousand scripts is looked at no further.
_MAX_HEAD = 200_000
_MAX_SCRIPTS = 200
_MAX_HEADINGS = 20
_WITH_ITEMPROP = etree.XPath("descendant::*[@itemprop]")
_WITH_PROPERTY = etree.XPath("descendant::*[@property and not(self::meta)]")
_PROPS = frozenset({"datepublished", "datemodified", "author", "creator", "headline"})
_ARTICLE_TYPE = re.compile(r"Article$|Posting$|^Report$|^TechArticle$|^VideoObject$")
_NEWS_TYPE = re.compile(r"NewsArticle$|^Report$|LiveBlogPosting$|OpinionNews")
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
    props: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # microdata and RDFa: lower-case name -> values
    author_links: tuple[str, ...] = ()  # words of links marked rel="author"

    def meta(self, *names: str) -> str:
        """Return the first content of the first of ``names`` that there is."""
        return next((self.metas[name][0] for name in names if self.metas.get(name)), "")

    @property
    def published(self) -> tuple[tuple[str, str], ...]:
        """Candidates for the publication date as (origin, text), most trustworthy first."""
        found = [("json-ld", text) for text in _texts(self.ld.get("datePublished"))]
        found += [("meta", content) for name in _META_PUBLISHED for content in self.metas.get(name, ())[:1]]
        found += [("microdata", text) for text in self.props.get("datepublished", ())[:1]]
        found += [("json-ld", text) for text in _texts(self.ld.get("dateCreated"))]
        return (*found, *(("time", text) for text in self.times))

    @property
    def updated(self) -> tuple[tuple[str, str], ...]:
        """Candidates for the date of the last change as (origin, text)."""
        found = [("json-ld", text) for text in _texts(self.ld.get("dateModified"))]
        found += [("meta", content) for name in _META_UPDATED for content in self.metas.get(name, ())[:1]]
        return (*found, *(("microdata", text) for text in self.props.get("datemodified", ())[:1]))

    @property
    def authors(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Candidates for the authors as (origin, names), most trustworthy first."""
        return (
            ("json-ld", tuple(_people(self.ld.get("author") or self.ld.get("creator")))),
            ("meta", tuple(content for name in _META_AUTHOR for content in self.metas.get(name, ()))),
            ("microdata", self.props.get("author", ())),
        )

    @property
    def is_news(self) -> bool:
        """Whether the page's JSON-LD calls it a piece of journalism."""
        return any(map(_NEWS_TYPE.search, _texts(self.ld.get("@type"))))

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
    first: dict[str, etree._Element] = {}
    headings: list[str] = []
    scripts: list[str] = []
    canonical = ""
    for node in islice(root.iter("meta", "h1", "title", "link", "base", "html", "script"), _MAX_HEAD):
        tag = node.tag
        if tag == "meta":
            content = (node.get("content") or "").strip()
            name = (node.get("property") or node.get("name") or node.get("itemprop") or "").strip().lower()
            if content and name and len(content) <= 5000:
                metas.setdefault(name, []).append(content)
        elif tag == "h1":
            headings.append(text_of(node) if len(headings) < _MAX_HEADINGS else "")
        elif tag == "script":
            if "ld+json" in (node.get("type") or "").lower() and node.text and len(scripts) < _MAX_SCRIPTS:
                scripts.append(node.text)
        elif tag == "link":
            if not canonical and (node.get("rel") or "").lower() == "canonical":
                canonical = (node.get("href") or "").strip()
        elif tag not in first and not (tag == "title" and _in_drawing(node)):
            first[tag] = node
    html_node = first.get("html", root)
    title = text_of(first["title"]) if "title" in first else ""
    props = _props(root)
    return Stated(
        headings=tuple(filter(None, headings)),
        ld=_article_node(scripts, url, {*headings, title}),
        metas={name: tuple(values) for name, values in metas.items()},
        title_tag=title,
        canonical=canonical,
        base=(first["base"].get("href") or "") if "base" in first else "",
        language=html_node.get("lang") or html_node.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        times=tuple(_times(root)),
        props=props,
        author_links=tuple(
            dict.fromkeys(
                filter(
                    None,
                    (text_of(n)[:100] for n in root.iter("a") if "author" in (n.get("rel") or "").split()),
                )
            )
        )[:4],
    )


def _in_drawing(node: etree._Element) -> bool:
    parent = node.getparent()
    return parent is not None and parent.tag in {"svg", "symbol", "g"}


def _props(root: etree._Element) -> Mapping[str, tuple[str, ...]]:
    """Collect microdata and RDFa of the kinds we ask for; a person's name stands for the person."""
    found: dict[str, list[str]] = {}
    for node in _elements(_WITH_ITEMPROP, root):
        for name in (node.get("itemprop") or "").lower().split():
            if name not in _PROPS or (node.tag == "meta" and name == "author" and not node.get("content")):
                continue
            inner = None
            if name in {"author", "creator"}:
                inner = next(
                    (n for n in _elements(_WITH_ITEMPROP, node) if n.get("itemprop") == "name"), None
                )
            holder = node if inner is None else inner
            value = holder.get("datetime") or holder.get("content") or text_of(holder)
            if value and len(value) <= 200:
                found.setdefault("author" if name == "creator" else name, []).append(value.strip())
    for node in _elements(_WITH_PROPERTY, root):
        name = (node.get("property") or "").lower().rpartition(":")[2]
        if name in _PROPS and name not in found:
            value = node.get("content") or node.get("datetime") or text_of(node)
            if value and len(value) <= 200:
                found[name] = [value.strip()]
    return {name: tuple(dict.fromkeys(values)) for name, values in found.items()}


def _elements(path: etree.XPath, node: etree._Element) -> list[etree._Element]:
    found = path(node)
    return (
        [one for one in found[:_MAX_NODES] if isinstance(one, etree._Element)]
        if isinstance(found, list)
        else []
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
    for node in islice(root.iter("time", "abbr"), _MAX_NODES):
        marks = f"{node.get('itemprop') or ''} {node.get('class') or ''}".lower()
        marked = node.get("pubdate") is not None or re.search(r"publish|entry-date|post-date", marks)
        # "entry-date updated" is WordPress's mark of the date of change
        if marked and not re.search(r"updated(?!.*publish)|modified", marks):
            yield node.get("datetime") or node.get("content") or node.get("title") or text_of(node)
    for area in islice(root.iter("article", "main"), 20):
        stamps = {node.get("datetime") or text_of(node) for node in islice(area.iter("time"), 20)}
        if len({stamp[:10] for stamp in stamps}) == 1:
            yield stamps.pop()
            return


# ------------------------------------------------------------------------------- JSON-LD


def _article_node(scripts: list[str], url: str, titles: set[str]) -> Mapping[str, Any]:
    """Return the JSON-LD node of the page's article: the one of its address or headline, else the first."""
    every = list(_nodes(scripts))
    nodes = [node for node in every if any(_ARTICLE_TYPE.search(kind) for kind in _texts(node.get("@type")))]
    if not nodes:
        nodes = [
            n for n in every if any(map(_WORK_TYPE.search, _texts(n.get("@type")))) and n.get("datePublished")
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


def _nodes(scripts: list[str]) -> Iterator[Mapping[str, Any]]:
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

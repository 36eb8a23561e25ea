"""One entry of a well-formed feed, read element by element as feedparser would."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from feedparser.mixin import _FeedParserMixin
from lxml import etree

from crawler.feedtree import (
    INERT,
    MINDED,
    XML_BASE,
    XML_LANG,
    Doubt,
    Vocabulary,
    attributes,
    base_of,
    joined,
    lang_of,
    mended,
)

__all__ = ["EntryReader", "RawEntry"]

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_CONTENT_TYPES = {
    "text": "text/plain",
    "plain": "text/plain",
    "text/plain": "text/plain",
    "html": "text/html",
    "text/html": "text/html",
    "xhtml": "application/xhtml+xml",
    "application/xhtml+xml": "application/xhtml+xml",
}
_XHTML = "application/xhtml+xml"
#: What the ``source`` of an Atom entry may hold: it describes another feed.
_SOURCE_PARTS = frozenset(
    {"author", "category", "email", "generator", "icon", "id", "link", "logo", "name", "rights", "subtitle",
     "title", "updated", "uri"}
)  # fmt: skip


class RawEntry(dict[str, Any]):
    """An entry with those of feedparser's keys that we read."""

    __slots__ = ()


class EntryReader:
    """Reads one entry, element by element in their order."""

    __slots__ = (
        "base",
        "closed",
        "feed",
        "has_content",
        "lang",
        "name",
        "raw",
        "summarised",
        "tags",
        "titled",
    )

    def __init__(self, feed: Vocabulary, node: etree._Element, lang: str, base: str) -> None:
        self.feed = feed
        self.lang = lang
        self.base = base
        self.raw = RawEntry()
        self.tags: list[list[str | None]] = []
        self.titled = False  # a title with words was found
        self.closed = False  # after what makes feedparser take a further title
        self.summarised = False
        self.has_content = feed.has_content
        feed.has_content = False
        if node.attrib:
            if node.get("href") is not None or node.get("lastmod") is not None:
                raise Doubt
            about = node.get(_RDF + "about")
            if about:
                self.raw["id"] = about
        names = feed.names
        for child in node:
            name = names.get(child.tag) or feed.name(child)
            handler = _HANDLERS.get(name)
            self.name = name
            if handler is not None:
                handler(self, child)
            else:
                self._other(child, name)
        if self.tags:
            self.raw["tags"] = [{"term": term, "label": label} for term, _, label in self.tags]

    # ------------------------------------------------------------------ words and markup

    def _title(self, node: etree._Element) -> None:
        if self.titled:
            if self.closed:
                raise Doubt
            self._content_value(node, "text/plain")  # for its doubts
            return
        value, kind, base = self._content_value(node, "text/plain")
        self.raw["title"] = value
        self.raw["title_detail"] = {"base": base, "language": lang_of(node, self.lang), "type": kind}
        self.titled = bool(value)

    def _media_title(self, node: etree._Element) -> None:
        if not self.titled or self.closed:
            raise Doubt

    def _description(self, node: etree._Element) -> None:
        if self.summarised and not self.has_content:
            self._content(node)
        else:
            self._summary_detail(node, "text/html")

    def _summary(self, node: etree._Element) -> None:
        if self.summarised and not self.has_content:
            self._content(node)
        else:
            self._summary_detail(node, "text/plain")

    def _summary_detail(self, node: etree._Element, default: str) -> None:
        value, kind, base = self._content_value(node, default)
        self.raw["summary_detail"] = {"value": value, "type": kind, "base": base}
        self.summarised = True

    def _content(self, node: etree._Element) -> None:
        self._add_content(node, "text/plain")

    def _encoded(self, node: etree._Element) -> None:
        self._add_content(node, "text/html")

    def _add_content(self, node: etree._Element, default: str) -> None:
        self.has_content = True
        value, kind, base = self._content_value(node, default)
        self.raw.setdefault("content", []).append({"value": value, "type": kind, "base": base})
        self.summarised = True

    def _content_value(self, node: etree._Element, default: str) -> tuple[str, str, str]:
        """Return (markup or text, its content type, the base of links in it)."""
        kind, base = default, self.base
        if node.attrib:
            given = attributes(node)
            kind = _CONTENT_TYPES.get(given.get("type", default).lower(), "")
            if not kind or given.get("mode") == "base64":
                raise Doubt
            base = base_of(node, base)
        if kind == _XHTML:
            return self._inline(node), kind, base
        if len(node):
            raise Doubt
        value = (node.text or "").strip()
        if (
            kind == "text/plain"
            and not self.feed.version.startswith("atom")
            and _FeedParserMixin.looks_like_html(value)
        ):
            kind = "text/html"
        return mended(value), kind, base

    def _inline(self, node: etree._Element) -> str:
        """XHTML as it stands in the feed, written as HTML; without the div that Atom asks for."""
        pieces = list(_inline(node))
        if self.feed.version == "atom10":
            while len(pieces) > 1 and not pieces[-1].strip():
                del pieces[-1]
            while len(pieces) > 1 and not pieces[0].strip():
                del pieces[0]
            if _wrapped(pieces):
                pieces = pieces[1:-1]
        return mended("".join(pieces).strip())

    # ------------------------------------------------------------------ links and identity

    def _link(self, node: etree._Element) -> None:
        raw, base = self.raw, self.base
        links = raw.setdefault("links", [])
        given = attributes(node) if node.attrib else {}
        if "url" in given or "uri" in given:
            raise Doubt
        if given:
            base = base_of(node, base)
        relation = given.get("rel", "alternate").lower()
        if "href" in given:
            href = joined(base, given["href"])
            links.append({"rel": relation, "href": href})
            kind = given.get("type", "text/html").lower()
            if relation == "alternate" and _CONTENT_TYPES.get(kind) in {"text/html", _XHTML}:
                raw["link"] = href
            return
        text = self.feed.words(node)
        if text:
            text = joined(base, text)
            if "&" in text:
                text = re.sub("&([A-Za-z0-9_]+);", r"&\g<1>", text.replace("&amp;", "&"))
            links.append({"rel": relation, "href": text})
        raw["link"] = text

    def _guid(self, node: etree._Element) -> None:
        value, base, is_link = self.feed.words(node), self.base, True
        if node.attrib:
            is_link = attributes(node).get("ispermalink", "true") == "true"
            base = base_of(node, base)
        if is_link and value:
            value = joined(base, value)
        self.raw["id"] = value
        if is_link:
            self.raw.setdefault("link", value)

    def _origin(self, node: etree._Element) -> None:
        if node.attrib:
            raise Doubt
        self.raw["feedburner_origlink"] = self.feed.words(node)

    # ------------------------------------------------------------------ the rest

    def _published(self, node: etree._Element) -> None:
        self.raw["published"] = self.feed.words(node)

    def _updated(self, node: etree._Element) -> None:
        self.raw["updated"] = self.feed.words(node)

    def _created(self, node: etree._Element) -> None:
        self.raw["created"] = self.feed.words(node)

    def _author(self, node: etree._Element) -> None:
        raw = self.raw
        detail: dict[str, str] = {}
        raw.setdefault("authors", []).append(detail)
        if len(node):
            for part in node:
                name = self.feed.name(part)
                if name in {"name", "email", "itunes_name", "itunes_email"}:
                    if len(part):
                        raise Doubt
                    detail[name.rpartition("_")[2]] = (part.text or "").strip()
                elif name in {"uri", "url", "homepage"}:
                    detail["href"] = ""
                elif part.attrib and (part.text or "").strip():
                    raise Doubt  # its words would be the author's
                else:
                    self._other(part, name)
            raw["author"] = mended(_own_text(node))
        else:
            raw["author"] = self.feed.words(node)
        if detail or "@" in raw["author"]:
            _FeedParserMixin._sync_author_detail(_Context(raw))
        elif raw["author"]:
            detail["name"] = raw["author"]

    def _category(self, node: etree._Element) -> None:
        term = scheme = label = None
        if node.attrib:
            given = attributes(node)
            term, label = given.get("term"), given.get("label")
            scheme = given.get("scheme", given.get("domain"))
        if self.name == "media_category":
            scheme = scheme or "http://search.yahoo.com/mrss/category_schema"
        self._add_tag(term, scheme, label)
        value = self.feed.words(node)
        if value:
            if self.tags and not self.tags[-1][0]:
                self.tags[-1][0] = value
            else:
                self._add_tag(value, None, None)

    def _itunes_category(self, node: etree._Element) -> None:
        self._add_tag(node.get("text"), "http://www.itunes.com/", None)
        if self.feed.words(node):
            raise Doubt

    def _keywords(self, node: etree._Element) -> None:
        if node.attrib:
            raise Doubt
        for term in self.feed.words(node).split(","):
            if term.strip():
                self._add_tag(term.strip(), self.name, None)

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        if (term or scheme or label) and [term, scheme, label] not in self.tags:
            self.tags.append([term, scheme, label])

    def _source(self, node: etree._Element) -> None:
        self.closed = True
        for inner in node.iterdescendants():
            if self.feed.name(inner) not in _SOURCE_PARTS:
                raise Doubt

    def _group(self, node: etree._Element) -> None:
        """Media RSS: a wrapper, whose children count as if they stood by themselves."""
        for inner in node:
            self.name = name = self.feed.name(inner)
            handler = _HANDLERS.get(name) if name.startswith("media_") else None
            if handler is not None:
                handler(self, inner)
            else:
                self._other(inner, name)

    def _image(self, node: etree._Element) -> None:
        if len(node) or node.attrib:
            raise Doubt
        self.closed = True

    def _other(self, node: etree._Element, name: str) -> None:
        """An element that is nothing to us, unless something in it could be."""
        if name in MINDED and name not in INERT:
            raise Doubt
        if len(node):
            for inner in node.iterdescendants():
                name = self.feed.name(inner)
                if name in _HANDLERS or (name in MINDED and name not in INERT):
                    raise Doubt


class _Context:
    """What feedparser's rule for "Name (address)" asks of its parser."""

    def __init__(self, raw: RawEntry) -> None:
        self._raw = raw

    def _get_context(self) -> RawEntry:
        return self._raw


def _own_text(node: etree._Element) -> str:
    return ((node.text or "") + "".join(part.tail or "" for part in node)).strip()


def _inline(node: etree._Element) -> Iterator[str]:
    if node.text:
        yield escape(node.text)
    for inner in node:
        qname = etree.QName(inner)
        tag = qname.localname.lower()
        if qname.namespace != "http://www.w3.org/1999/xhtml" or tag in {"body", "math", "svg"}:
            raise Doubt
        yield f"<{tag}{''.join(_written(inner))}>"
        yield from _inline(inner)
        yield f"</{tag}>"
        if inner.tail:
            yield escape(inner.tail)


def _written(node: etree._Element) -> Iterator[str]:
    for written, value in node.attrib.items():
        name = str(written).lower()
        if name.startswith("{"):
            if written not in {XML_BASE, XML_LANG}:
                raise Doubt
            name = "xml:" + name.rpartition("}")[2]
        quoted = escape(str(value), {'"': "&quot;"})
        yield f' {name}="{quoted.lower() if name in {"rel", "type"} else quoted}"'


def _wrapped(pieces: list[str]) -> bool:
    """Whether one div holds all ``pieces``."""
    if not pieces or not (pieces[0] == "<div>" or pieces[0].startswith("<div ")) or pieces[-1] != "</div>":
        return False
    depth = 0
    for piece in pieces[:-1]:
        if piece.startswith("</"):
            depth -= 1
            if depth == 0:
                return False
        elif piece.startswith("<"):
            depth += 1
    return True


_HANDLERS: dict[str, Callable[[EntryReader, etree._Element], None]] = {
    "title": EntryReader._title,
    "dc_title": EntryReader._title,
    "media_title": EntryReader._media_title,
    "description": EntryReader._description,
    "dc_description": EntryReader._description,
    "media_description": EntryReader._description,
    "summary": EntryReader._summary,
    "itunes_summary": EntryReader._summary,
    "content": EntryReader._content,
    "content_encoded": EntryReader._encoded,
    "link": EntryReader._link,
    "guid": EntryReader._guid,
    "id": EntryReader._guid,
    "feedburner_origlink": EntryReader._origin,
    "pubdate": EntryReader._published,
    "published": EntryReader._published,
    "issued": EntryReader._published,
    "dcterms_issued": EntryReader._published,
    "updated": EntryReader._updated,
    "modified": EntryReader._updated,
    "lastbuilddate": EntryReader._updated,
    "dc_date": EntryReader._updated,
    "dcterms_modified": EntryReader._updated,
    "created": EntryReader._created,
    "dcterms_created": EntryReader._created,
    "author": EntryReader._author,
    "managingeditor": EntryReader._author,
    "dc_author": EntryReader._author,
    "dc_creator": EntryReader._author,
    "itunes_author": EntryReader._author,
    "category": EntryReader._category,
    "keywords": EntryReader._category,
    "dc_subject": EntryReader._category,
    "media_category": EntryReader._category,
    "itunes_category": EntryReader._itunes_category,
    "itunes_keywords": EntryReader._keywords,
    "media_keywords": EntryReader._keywords,
    "source": EntryReader._source,
    "media_group": EntryReader._group,
    "media_content": EntryReader._group,
    "image": EntryReader._image,
}

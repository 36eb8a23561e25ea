"""What the fast way knows of feedparser's rules: names of elements, what they touch, text put right."""

from __future__ import annotations

import contextlib
import re
from urllib.parse import urljoin

from feedparser.html import _cp1252
from feedparser.mixin import _FeedParserMixin
from lxml import etree

__all__ = [
    "INERT",
    "MINDED",
    "Doubt",
    "Vocabulary",
    "attributes",
    "base_of",
    "joined",
    "lang_of",
    "mended",
    "prefix_of",
]

XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_WEB_ADDRESS = re.compile(r"https?://[^/\s][^\s]*")
_EXTRA_SLASHES = re.compile(r"([A-Za-z][A-Za-z0-9+-.]*://)/+")
_HIGH_CONTROLS = re.compile("[\x80-\x9f]")

#: Prefixes by name space, as feedparser gives them, whatever the feed itself calls them.
_PREFIXES: dict[str, str] = {
    uri.lower(): prefix.lower() for uri, prefix in _FeedParserMixin.namespaces.items()
}

#: Those of the vocabularies we read something of.
_READ_PREFIXES = frozenset({"content", "dc", "dcterms", "feedburner", "itunes", "media", "rdf", "xhtml"})

#: Names that feedparser does something about, or keeps what we read under. A version of it that
#: minds more of them makes us leave more to it, never misread.
MINDED = frozenset(
    name.partition("_")[2].partition("_")[2].lower()
    for name in dir(_FeedParserMixin)
    if name.startswith(("_start_", "_end_"))
) | {
    "author_detail", "authors", "content_detail", "links", "summary_detail", "title_detail",
}  # fmt: skip
#: Those of them that touch nothing an entry of ours is made of.
INERT = frozenset(
    {
        "cloud", "contributor", "copyright", "dc_contributor", "dc_publisher", "dc_rights", "dcterms_valid",
        "email", "enclosure", "expirationdate", "feedburner_browserfriendly", "generator", "height", "homepage",
        "info", "itunes_block", "itunes_email", "itunes_explicit", "itunes_image", "itunes_link", "itunes_name",
        "itunes_subtitle", "language", "dc_language", "media_credit", "media_license", "media_player",
        "media_rating", "media_restriction", "media_thumbnail", "name", "cc_license", "creativecommons_license",
        "rights", "subtitle", "tagline", "uri", "url", "webmaster", "width",
    }
) | {name for name in MINDED if name.startswith(("geo_", "georss_", "gml_", "psc_"))}  # fmt: skip


class Doubt(Exception):  # noqa: N818 - no error: feedparser is asked instead
    """Something whose reading is feedparser's to decide."""


class Vocabulary:
    """The names in one document, and what its version and its head mean for its entries."""

    version = ""
    #: A channel's summaries count for its first item: feedparser forgets them only after one.
    has_content = False

    def __init__(self, root: etree._Element) -> None:
        self.names: dict[str, str] = {}
        self.prefixes: dict[str, str] = {}
        for prefix, uri in root.nsmap.items():
            known = prefix_of(str(uri))
            if prefix and known is not None:
                self.prefixes[prefix.lower()] = known
                if prefix in _READ_PREFIXES and known != prefix:
                    raise Doubt  # "media" for Dublin Core

    def name(self, node: etree._Element) -> str:
        """Feedparser's name of an element: "title", "dc_creator", "media_group"."""
        tag = node.tag
        name = self.names.get(tag)
        if name is None:
            name = self.names[tag] = self._new_name(node)
        return name

    def _new_name(self, node: etree._Element) -> str:
        qname = etree.QName(node)
        local = str(qname.localname).lower()
        if not qname.namespace:
            return local
        prefix = prefix_of(qname.namespace)
        if prefix is None:
            # another vocabulary: feedparser goes by what the feed calls it, and so takes a misspelt
            # address of Dublin Core for Dublin Core
            prefix = (node.prefix or "").lower()
            if self.prefixes.get(prefix, prefix) != prefix:
                raise Doubt
        return f"{prefix}_{local}" if prefix else local

    def words(self, node: etree._Element) -> str:
        """The text of an element that holds nothing else, put right as feedparser does."""
        if len(node):
            raise Doubt
        return mended((node.text or "").strip())


def prefix_of(uri: str) -> str | None:
    """Feedparser's prefix of a name space, "" for those of the formats themselves; None if unknown."""
    uri = uri.lower()
    return "" if "backend.userland.com/rss" in uri else _PREFIXES.get(uri)


def mended(text: str) -> str:
    """Undo UTF-8 that was taken for Latin-1, and Windows-1252 that was."""
    if text.isascii():
        return text
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    if _HIGH_CONTROLS.search(text):
        text = str(text.translate(_cp1252))
    return text


def lang_of(node: etree._Element, inherited: str) -> str:
    """The language an element is marked with, or its holder's."""
    found = node.get(XML_LANG)
    if found is None:
        found = node.get("lang")
    return inherited if found is None else found


def base_of(node: etree._Element, inherited: str) -> str:
    """What links in an element are relative to; raises Doubt unless it is a whole address."""
    found = node.get(XML_BASE) or node.get("base")
    if not found:
        return inherited
    if not _WEB_ADDRESS.fullmatch(found):
        raise Doubt
    return joined(inherited, found)


def joined(base: str, uri: str) -> str:
    """``uri`` made absolute as feedparser does it."""
    if "///" in uri:
        uri = _EXTRA_SLASHES.sub(r"\1", uri)
    return urljoin(base, uri) if base else uri


def attributes(node: etree._Element) -> dict[str, str]:
    """Attributes by their names in lower case; feedparser minds no case either.

    Nor does it mind a name space it does not know: "x:href" counts as "href" where there is none.
    """
    foreign: dict[str, str] = {}
    given: dict[str, str] = {}
    for written, value in node.attrib.items():
        name = str(written)
        if name[0] != "{":
            given[name.lower()] = str(value)
            continue
        uri, _, name = name[1:].partition("}")
        if not prefix_of(uri):
            foreign[name.lower()] = str(value)
    return foreign | given if foreign else given

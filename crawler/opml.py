"""OPML, both ways: what other readers understand, and nothing of ours lost on the way back.

What OPML has no word for stands in attributes of our namespace, by the names of
`crawler.source_table.KEYS`; tables (recipes) are JSON there. A source that another reader
could not poll is written as a link, so that it does not ask it for a feed in vain.

Files from strangers are read by `defusedxml`: no entity is expanded, nothing else opened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from io import BytesIO
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, register_namespace, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from crawler.reading import language_code
from crawler.source_table import CATEGORIES, KEYS, to_table
from pipeline.model import ConfigError, Source, SourceKind

__all__ = ["MAX_BYTES", "read_opml", "write_opml"]

NAMESPACE: Final = "urn:unsealed:source"
#: The longest lists that people share have some thousand feeds in less than 1 MiB.
MAX_BYTES: Final = 5 * 2**20
MAX_OUTLINES: Final = 20_000
#: Folders in folders: other readers know one level or two.
MAX_DEPTH: Final = 32

#: Kinds whose address is a feed to any reader.
_FEEDS: Final = frozenset({SourceKind.FEED, SourceKind.GITHUB_RELEASES})
#: OPML's own attributes for these keys.
_PLAIN: Final = {"name": "text", "homepage": "htmlUrl"}

register_namespace("unsealed", NAMESPACE)


def write_opml(
    sources: Iterable[Source], *, now: datetime, title: str = "Sources of unsealed", private: bool = False
) -> bytes:
    """Return ``sources`` as OPML 2.0 in UTF-8, in folders by category.

    Keys that may hold secrets are left out unless ``private`` is set.
    """
    root = Element("opml", version="2.0")
    head = SubElement(root, "head")
    SubElement(head, "title").text = title
    SubElement(head, "dateCreated").text = format_datetime(now)
    body = SubElement(root, "body")
    folders: dict[str, Element] = {}
    for source in sources:
        folder = folders.get(source.category)
        if folder is None:
            words = source.category.replace("_", " ").capitalize()
            folder = folders[source.category] = SubElement(body, "outline", text=words, title=words)
        SubElement(folder, "outline", _attributes(source, private))
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _attributes(source: Source, private: bool) -> dict[str, str]:
    table = to_table(source)
    feed = source.kind in _FEEDS
    attributes = {"type": "rss" if feed else "link", "text": source.name, "title": source.name}
    attributes["xmlUrl" if feed else "url"] = source.url
    if source.homepage:
        attributes["htmlUrl"] = source.homepage
    for key, value in table.items():
        if key in {"url", *_PLAIN} or (KEYS[key].private and not private):
            continue
        attributes[f"{{{NAMESPACE}}}{key}"] = (
            json.dumps(value, ensure_ascii=False) if KEYS[key].table else value
        )
    return attributes


def read_opml(data: bytes, origin: str) -> tuple[dict[str, Any], ...]:
    """Return what an OPML file lists, each as the keys it gives; `crawler.exchange` makes sources of them.

    Outlines without an address are folders: their name becomes the category where it is one of
    ours. Raises ConfigError about ``origin`` for what is no OPML, or is made to do harm.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(f"It is larger than {MAX_BYTES // 2**20} MiB.", about=origin, cure="Split it.")
    tables: list[dict[str, Any]] = []
    try:
        _walk(data, origin, tables)
    except DefusedXmlException as error:
        raise ConfigError(
            "It defines or calls entities, which no honest list of sources needs; it was not read.",
            about=origin,
        ) from error
    except (ParseError, LookupError, ValueError, UnicodeError) as error:
        raise ConfigError(
            f"This is no well-formed OPML ({error}).",
            about=origin,
            cure="Export it again, or mend that place.",
        ) from error
    return tuple(tables)


def _walk(data: bytes, origin: str, tables: list[dict[str, Any]]) -> None:
    depth = outlines = 0
    folders: list[str] = []
    for event, element in iterparse(BytesIO(data), events=("start", "end")):
        name = _local(element.tag)
        if event == "start":
            depth += 1
            if depth == 1 and name != "opml":
                raise ConfigError(f"This is no OPML but <{name[:40]}>.", about=origin)
            if depth > MAX_DEPTH:
                raise ConfigError(f"Its outlines are nested more than {MAX_DEPTH} deep.", about=origin)
            if name == "outline":
                outlines += 1
                if outlines > MAX_OUTLINES:
                    raise ConfigError(f"It lists more than {MAX_OUTLINES:,} outlines.", about=origin)
                table = _table(element.attrib, folders)
                folders.append("" if table else _category(_get(element.attrib, "text", "title")))
                if table:
                    tables.append(table)
        else:
            depth -= 1
            if name == "outline":
                folders.pop()
            element.clear()


def _table(attributes: Mapping[str, str], folders: list[str]) -> dict[str, Any]:
    """Return the keys an outline gives, none if it is a folder or comment."""
    kind = attributes.get(f"{{{NAMESPACE}}}kind", "")
    url = _get(attributes, "xmlUrl", "xmlurl") or (_get(attributes, "url") if kind else "")
    if not url:
        return {}
    ours = f"{{{NAMESPACE}}}id" in attributes
    table: dict[str, Any] = {"url": url}
    for key, attribute in _PLAIN.items():
        value = attributes.get(attribute) or ("" if key != "name" else attributes.get("title", ""))
        if value:
            # Names from elsewhere may hold line breaks; ours never do, and are kept to the letter.
            table[key] = value if ours else " ".join(value.split())
    for attribute, value in attributes.items():
        if attribute.startswith(f"{{{NAMESPACE}}}"):
            key = attribute.partition("}")[2]
            table[key] = _json(key, value) if key in KEYS and KEYS[key].table else value
    if not ours:
        language = language_code(attributes.get("language"))
        category = _category(attributes.get("category", "")) or next(filter(None, reversed(folders)), "")
        table |= {k: v for k, v in (("language", language), ("category", category)) if v and k not in table}
    return table


def _json(key: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the attribute unsealed:{key} holds no JSON") from error


def _category(words: str) -> str:
    """Return our category of that name, "" if there is none ("Lab Blogs", "/tech/press")."""
    for part in reversed(words.split(",")[0].split("/")):
        slug = re.sub(r"[^a-z]+", "_", part.lower()).strip("_")
        for candidate in (slug, slug.removesuffix("s"), f"{slug}s"):
            if candidate in CATEGORIES:
                return candidate
    return ""


def _get(attributes: Mapping[str, str], *names: str) -> str:
    return next((attributes[name].strip() for name in names if attributes.get(name, "").strip()), "")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]

"""XML made of elements, so that nothing of an item can break the markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

#: lxml-stubs names elements by this class only.
Element = etree._Element


def root(name: str, namespaces: Mapping[str, str], **attributes: str) -> Element:
    """A root element; the prefix "" is the default name space."""
    # The stubs know no None among prefixes, which is how lxml spells the default.
    nsmap: Any = {prefix or None: uri for prefix, uri in namespaces.items()}
    return etree.Element(name, attributes, nsmap=nsmap)


def sub(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    """Append a child element and return it."""
    node = etree.SubElement(parent, name, attributes)
    node.text = text or None
    return node


def to_text(tree: Element) -> str:
    """The tree as indented text, without a declaration."""
    etree.indent(tree, " ")
    return etree.tostring(tree, encoding="unicode")


def to_bytes(text: str, *, declared: str = "utf-8", encoding: str = "") -> bytes:
    """Encode XML with a declaration; what the encoding lacks becomes character references.

    ``encoding``, if given, is what is really used, whatever is declared.
    """
    head = f'<?xml version="1.0" encoding="{declared.upper()}"?>\n'
    return (head + text + "\n").encode(encoding or declared, "xmlcharrefreplace")

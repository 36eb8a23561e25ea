"""The light markup of bodies: blocks parted by blank lines, as HTML or as plain text.

A block that starts with ``## `` is a subheading, ``> `` a quotation, lines that all start with
``- `` a list, anything else a paragraph. ``[words](address)`` is a link; its address is an
http(s) URL or ``item:ID``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup, escape

_LINK = re.compile(r"\[([^\[\]]+)\]\((https?://[^\s()]+|item:[^\s()]+)\)")
_ITEM = "item:"

#: Turns an item's reference into its address.
Resolver = Callable[[str], str]


def item_references(body: str) -> Iterator[str]:
    """The items that a body links to."""
    for _, address in _LINK.findall(body):
        if address.startswith(_ITEM):
            yield address.removeprefix(_ITEM)


def blocks(body: str) -> tuple[str, ...]:
    """The blocks of a body, in order, with their markup. A subheading is one line, whatever follows."""
    parted = re.sub(r"^(## .*)$", r"\n\1\n", body, flags=re.MULTILINE)
    return tuple(block.strip() for block in re.split(r"\n\s*\n", parted) if block.strip())


def to_html(body: str, resolve: Resolver) -> Markup:
    """The body as HTML, everything in it escaped."""
    return Markup("\n").join(_block(block, resolve) for block in blocks(body))


def to_plain(body: str) -> str:
    """The body's words: links without their addresses, marks dropped, blocks parted by a blank line."""
    words = (_LINK.sub(r"\1", block) for block in blocks(body))
    return "\n\n".join(re.sub(r"^(?:## |> |- )", "", block, flags=re.MULTILINE) for block in words)


def _block(block: str, resolve: Resolver) -> Markup:
    if block.startswith("## "):
        return Markup("<h2>{}</h2>").format(_inline(block[3:], resolve))
    lines = block.splitlines()
    if all(line.startswith("- ") for line in lines):
        rows = (Markup("<li>{}</li>").format(_inline(line[2:], resolve)) for line in lines)
        return Markup("<ul>{}</ul>").format(Markup("").join(rows))
    if block.startswith("> "):
        quoted = "\n".join(line.removeprefix(">").strip() for line in lines)
        return Markup("<blockquote><p>{}</p></blockquote>").format(_inline(quoted, resolve))
    return Markup("<p>{}</p>").format(_inline(block, resolve))


def _inline(text: str, resolve: Resolver) -> Markup:
    parts: list[Markup] = []
    end = 0
    for match in _LINK.finditer(text):
        label, address = match.groups()
        if address.startswith(_ITEM):
            address = resolve(address.removeprefix(_ITEM))
        parts += [escape(text[end : match.start()]), Markup('<a href="{}">{}</a>').format(address, label)]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])

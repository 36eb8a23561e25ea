"""Well-nested markup in one pass: its words and a harmless copy at once.

Most of what feeds carry is simple: paragraphs, links, pictures, lists, all properly closed.
For that no tree is needed. `read_simple` cuts it at its tags and lets each tag stand for one
letter, so that a few patterns say whether all is nested as a parser would nest it; what they
leave in doubt (tags left open, tables, comments, scripts, odd quotes, bare ampersands) goes
to `crawler.sanitise`, which parses. A wrong cut could spoil words but do no harm: nothing of
the original is copied but text, escaped, and addresses that were checked.

nh3 (Rust, html5ever) was measured for this: about 50 microseconds for the harmless copy alone, with
a second look needed for the plain words, and a third for cutting at a length.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.entities import name2codepoint

from crawler.urls import MAX_URL

__all__ = ["LINE", "REL", "read_simple"]

#: What links of others get: no credit, no way back to our window, no word of where the reader was.
REL = ' rel="nofollow noopener noreferrer"'

#: Stands for the end of a line in the words: cannot be in clean text, where a line feed is a blank.
LINE = "\x1e"

_INLINE_KEPT = ("a", "b", "code", "em", "i", "q", "strong", "sub", "sup")
_INLINE_GONE = ("abbr", "cite", "del", "font", "ins", "mark", "s", "small", "span", "u")
#: Blocks that hold words, and so no further block.
_BLOCKS_KEPT = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "pre")
_BLOCKS_GONE = ("figcaption",)
#: Blocks that may hold blocks.
_BOXES_KEPT = ("blockquote", "li", "ol", "ul")
_BOXES_GONE = ("article", "aside", "div", "figure", "footer", "header", "section")
_VOID = (("br", "<br>", LINE * 2), ("hr", "<hr>", LINE * 2), ("img", "", ""), ("wbr", "", ""))

#: (its letter, its copy, its words) for one tag.
_Tag = tuple[str, str, str]

_CUT = re.compile(r"(<[^<>]*>)")
#: Attributes as they should be; with anything else, where a tag ends is for a parser to say.
_ATTRIBUTES = re.compile(
    r"""(?:\s+[^\s"'<>/=]+(?:\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=`]+))?)*\s*(/?)>""", re.DOTALL
)
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>=`]+))""", re.IGNORECASE)
#: A link whose address needs neither decoding nor checking nor escaping: most of them.
_PLAIN_LINK = re.compile(
    r"""<a href="(https?://[A-Za-z0-9.-]*[A-Za-z0-9](?:/(?!\.)[A-Za-z0-9_~%+=,@!*$:.-]*)*"""
    r"""(?:\?[A-Za-z0-9_~%+=,@!*$:.-]+(?:&amp;[A-Za-z0-9_~%+=,@!*$:.-]+)*)?(?:\#[A-Za-z0-9_~.-]+)?)\""""
    r"""(?:\s+[a-z-]+="[^"<>]*")*>"""
)
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)")
_AMPERSAND = re.compile(r"&(?:([A-Za-z]{2,8}[0-9]?)|#(\d{2,6})|#[xX]([0-9A-Fa-f]{2,5}));|&")


def _table() -> tuple[dict[str, _Tag], dict[str, str]]:
    """The plain tags, and the letters of opening and closing by name."""
    tags: dict[str, _Tag] = {}
    letters: dict[str, str] = {}
    for kept, names, line in (
        (True, _INLINE_KEPT, ""),
        (False, _INLINE_GONE, ""),
        (True, _BLOCKS_KEPT + _BOXES_KEPT, LINE),
        (False, _BLOCKS_GONE + _BOXES_GONE, LINE),
    ):
        for name in names:
            # upper and lower case of no alphabet but ours: two private characters each
            start, end = chr(0xE000 + 2 * len(letters)), chr(0xE001 + 2 * len(letters))
            letters[name] = start + end
            gone = " " if line else ""
            tags[f"<{name}>"] = (start, f"<{name}>" if kept else gone, line)
            tags[f"</{name}>"] = (end, f"</{name}>" if kept else gone, line)
    for name, copy, words in _VOID:
        for written in (f"<{name}>", f"<{name}/>", f"<{name} />"):
            tags[written] = ("", copy, words)
    return tags, letters


_TAGS, _LETTERS = _table()


_INLINE_LETTERS = frozenset(letter for name in _INLINE_KEPT + _INLINE_GONE for letter in _LETTERS[name])
#: What one of these letters opens and the other closes may go once nothing is in between.
_INLINE_PAIRS = {_LETTERS[name][0]: _LETTERS[name] for name in _INLINE_KEPT + _INLINE_GONE}
_BLOCK_PAIRS = {_LETTERS[name][0]: _LETTERS[name] for name in _BLOCKS_KEPT + _BLOCKS_GONE}
_BOX_PAIRS = re.compile(
    "|".join(_LETTERS[name] for name in ("blockquote", *_BOXES_GONE))
    + "".join(f"|{_LETTERS[name][0]}(?:{_LETTERS['li']})*{_LETTERS[name][1]}" for name in ("ol", "ul"))
)
_LINK, _LINK_END = _LETTERS["a"][0], _LETTERS["a"][1]
_LINK_IN_LINK = re.compile(f"{_LINK}[^{_LINK_END}]*{_LINK}")


def read_simple(markup: str, link: Callable[[str], str]) -> tuple[str, str] | None:
    """Return (words, harmless copy) of ``markup``, or None if it takes a parser to read it.

    ``markup`` must hold no characters to be removed. ``link`` makes the attributes of an
    address. Lines of the words end with `LINE`.
    """
    parts = _CUT.split(markup)
    tags = parts[1::2]
    if markup.count("<") != len(tags):
        return None
    letters: dict[str, str] = {}
    copy: dict[str, str] = {}
    line: dict[str, str] = {}
    for written in set(tags):
        tag = _TAGS.get(written) or _with_attributes(written, link)
        if tag is None:
            return None
        letters[written], copy[written], line[written] = tag
    if not _nested("".join(map(letters.__getitem__, tags))):
        return None
    text = "".join(parts[::2])
    if "&" in text or ">" in text:
        for place in range(0, len(parts), 2):
            decoded = _decoded(parts[place])
            if decoded is None:
                return None
            parts[place] = decoded
        copies = [_escaped(part) for part in parts]
    else:
        copies = parts.copy()
    copies[1::2] = map(copy.__getitem__, tags)
    parts[1::2] = map(line.__getitem__, tags)
    return "".join(parts), "".join(copies)


def _nested(letters: str) -> bool:
    """Whether every tag is closed where a browser would leave it open till then."""
    present = set(letters)
    if _LINK in present and _LINK_IN_LINK.search(letters):
        return False
    inline = [_INLINE_PAIRS[letter] for letter in present if letter in _INLINE_PAIRS]
    before = -1
    while len(letters) != before:
        before = len(letters)
        for pair in inline:
            letters = letters.replace(pair, "")
    for letter in present:
        if letter in _BLOCK_PAIRS:
            letters = letters.replace(_BLOCK_PAIRS[letter], "")
    if letters and not _INLINE_LETTERS.isdisjoint(letters):
        return False  # a block in what may hold none
    while letters:
        fewer = _BOX_PAIRS.sub("", letters)
        if len(fewer) == len(letters):
            return False
        letters = fewer
    return True


def _with_attributes(written: str, link: Callable[[str], str]) -> _Tag | None:
    plain = _PLAIN_LINK.fullmatch(written)
    if plain and len(written) < MAX_URL:
        return (_LINK, f'<a href="{plain[1]}"{REL}>', "")
    name = _NAME.match(written)
    if name is None:
        return None
    rest = _ATTRIBUTES.fullmatch(written, name.end())
    tag = _TAGS.get(f"{written[: name.start(1)]}{name[1].lower()}>")
    if rest is None or tag is None:
        return None
    if written[1] == "/":
        return tag if not written[name.end() : -1].strip() else None
    if rest[1] and tag[0]:
        return None  # "<p/>" opens a paragraph, "<svg/>" is whole
    if tag[0] != _LINK:
        return tag
    found = _HREF.search(written)
    if found is None:
        return tag
    address = _decoded(found[1] or found[2] or found[3] or "")
    return None if address is None else (tag[0], f"<a{link(address)}>", "")


def _decoded(text: str) -> str | None:
    """Text with its entities read; None where they leave a doubt."""
    if "&" not in text:
        return text
    for named, number, hexadecimal in _AMPERSAND.findall(text):
        if named:
            if named not in name2codepoint:
                return None
            continue
        code = int(number) if number else int(hexadecimal or "0", 16)
        # controls, and those that stand for characters of Windows
        if not (0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0x110000):
            return None
    return html.unescape(text)


def _escaped(text: str) -> str:
    if "&" in text:
        text = text.replace("&", "&amp;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text.replace("<", "&lt;") if "<" in text else text

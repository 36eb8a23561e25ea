"""Markup from outside, made plain or made harmless.

`to_text` gives words only; `to_html` gives markup rebuilt from an allow-list: nothing of the
original is copied but text, the names of allowed tags, and checked link addresses. Both
parse with lxml (iterating, so depth cannot exhaust the stack) and are bounded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from crawler.markup import LINE, REL, read_simple
from crawler.urls import absolute_url

#: Longest markup looked at, in characters; full-content feeds carry articles of up to some 200 kB.
MAX_MARKUP = 400_000
#: Longest sanitised markup kept, in characters.
MAX_HTML = 50_000

_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "dir", "div", "dl",
        "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "hr", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section", "summary",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_DROPPED = frozenset(
    {
        "applet", "audio", "base", "button", "canvas", "embed", "frame", "frameset", "head", "iframe",
        "input", "link", "math", "meta", "noembed", "noframes", "noscript", "object", "param", "picture",
        "script", "select", "source", "style", "svg", "template", "textarea", "title", "track", "video",
        "xml",
    }
)  # fmt: skip
_ALLOWED = frozenset(
    {
        "a", "b", "blockquote", "br", "code", "dd", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
        "hr", "i", "li", "ol", "p", "pre", "q", "strong", "sub", "sup", "table", "tbody", "td", "th",
        "thead", "tr", "ul",
    }
)  # fmt: skip
_VOID = frozenset({"br", "hr"})
_INLINE = frozenset(
    {
        "a", "abbr", "b", "big", "center", "cite", "del", "em", "font", "i", "img", "ins", "mark", "q",
        "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr",
    }
)  # fmt: skip
_TAGS = "|".join(sorted(_BLOCKS | _DROPPED | _ALLOWED | _INLINE | {"body", "html"}, key=len, reverse=True))

#: A real tag, as opposed to "a < b" or "List<T>" in a headline.
_TAG = re.compile(
    rf"<(?:/?(?:{_TAGS})(?:\s[^<>]*)?/?|!--.*?--|!\[CDATA\[.*?\]\])>", re.IGNORECASE | re.DOTALL
)
#: Where one may begin: enough to tell markup from plain text, and quick on comments that never end.
_TAG_START = re.compile(rf"<(?:/?(?:{_TAGS})[\s/>]|!--|!\[CDATA\[)", re.IGNORECASE)
_ESCAPED_TAG = re.compile(rf"&(?:amp;)*lt;/?(?:{_TAGS})(?:\s|/?&(?:amp;)*gt;)", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")

#: Control, surrogate, bidirectional-override and invisible characters: noise at best, spoofing at worst.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_ASCII_UNWANTED = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n")
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")

_PARSER_OPTIONS = {
    "encoding": "utf-8",
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def clean(text: str) -> str:
    """Remove characters that no reader can see or that turn text about; unify line ends."""
    if _is_clean(text):
        return text
    return _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))


def _is_clean(text: str) -> bool:
    """Whether `clean` would leave ``text`` as it is; quick, and False where that is not certain."""
    if text.isascii():
        return len(text.encode("ascii").translate(None, _ASCII_UNWANTED)) == len(text)
    return text.replace("\n", " ").replace("\t", " ").isprintable()


def shorten(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of ``text``, cut at a word with an ellipsis where it is longer."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, blank, _ = cut.rpartition(" ")
    # a text without blanks (Chinese) has no last word to spare
    return (head if blank and len(head) > limit * 0.6 else cut).rstrip() + "…"


def to_line(text: str, limit: int) -> str:
    """Return a headline as one plain line: known tags gone, entities read however often escaped."""
    text = clean(text[: 8 * limit])
    if "<" not in text and "&" not in text:
        return shorten(" ".join(text.split()), limit)
    for _ in range(3):
        before = text
        text = _TAG.sub(_gap, _HIDDEN.sub(" ", text)) if "<" in text else text
        if _ENTITY.search(text):
            text = html.unescape(text)
        if text == before:
            break
    return shorten(" ".join(clean(text).split()), limit)


def to_text(markup: str, limit: int) -> str:
    """Return the words of ``markup`` (HTML or plain), a line for each block, at most ``limit`` characters."""
    return to_text_and_html(markup, "", limit, 0)[0]


def to_html(markup: str, base: str = "", limit: int = MAX_HTML) -> str:
    """Return ``markup`` as harmless HTML: few tags, no attributes but an absolute http(s) ``href``.

    Always well-formed (cut at a tag boundary when longer than ``limit`` characters). Plain
    text comes back escaped.
    """
    return to_text_and_html(markup, base, 0, limit)[1]


def to_text_and_html(markup: str, base: str, text_limit: int, html_limit: int = MAX_HTML) -> tuple[str, str]:
    """Return what `to_text` and `to_html` do, from one look at ``markup``; a limit of 0 leaves one out."""
    markup = _unescaped(markup)
    if _is_clean(markup):
        simple = read_simple(markup, lambda href: _href(href, base))
        if simple is not None and (not html_limit or len(simple[1]) <= html_limit):
            words, copy = simple
            if not text_limit:
                words = ""
            elif "<" in markup:
                words = words.replace("\n", " ").replace(LINE, "\n")
            else:
                words = _entities(markup)
            return _lines(words, text_limit), copy.strip() if html_limit else ""
    events = list(_events(markup))
    text = ""
    if text_limit:
        text = _words(events) if _TAG_START.search(markup) else _entities(markup)
    return _lines(text, text_limit), _copy(events, base, html_limit) if html_limit else ""


def _lines(text: str, limit: int) -> str:
    if not limit:
        return ""
    lines = clean(text).split("\n")
    if not text.isascii() or "  " in text or "\t" in text:
        lines = [" ".join(line.split()) for line in lines]
    else:
        lines = [line.strip() for line in lines]
    return shorten("\n".join(filter(None, lines)), limit)


def _words(events: list[_Event]) -> str:
    pieces: list[str] = []
    for event in events:
        if event.text:
            pieces.append(" ".join(event.text.split("\n")))
        elif event.tag in _BLOCKS:
            pieces.append("\n")
    return "".join(pieces)


def _copy(events: list[_Event], base: str, limit: int) -> str:
    out: list[str] = []
    open_tags: list[str] = []
    size = 0
    for event in events:
        piece = ""
        if event.text:
            piece = html.escape(clean(event.text), quote=False)
        elif event.tag not in _ALLOWED:
            piece = " " if event.tag in _BLOCKS else ""
        elif event.tag in _VOID:
            piece = f"<{event.tag}>" if event.start else ""
        elif event.start:
            open_tags.append(event.tag)
            piece = f"<{event.tag}{_href(event.href, base) if event.tag == 'a' else ''}>"
        elif event.tag in open_tags:
            open_tags.pop()
            piece = f"</{event.tag}>"
        if size + len(piece) > limit and not piece.startswith("</"):
            if piece.startswith("<") and event.start and open_tags and event.tag not in _VOID:
                open_tags.pop()
            break
        out.append(piece)
        size += len(piece)
    out.extend(f"</{tag}>" for tag in reversed(open_tags))
    return "".join(out).strip()


@dataclass(frozen=True, slots=True)
class _Event:
    """A piece of a document in order: text, or the start or end of a tag."""

    text: str = ""
    tag: str = ""
    start: bool = False
    href: str = ""


def _href(href: str, base: str) -> str:
    if not href:
        return ""
    url = absolute_url(clean(href), base)
    return f' href="{html.escape(url)}"{REL}' if url else ""


def _events(markup: str) -> Iterator[_Event]:
    """Walk a document without recursion, leaving out dropped elements with all they hold."""
    source = clean(markup[:MAX_MARKUP]).encode("utf-8", "replace")
    if not source.strip():
        return
    parser = etree.HTMLParser(**_PARSER_OPTIONS)  # type: ignore[arg-type]
    try:
        root = etree.fromstring(b"<html><body>" + source, parser)
    except etree.XMLSyntaxError:
        yield _Event(text=markup[:MAX_MARKUP])
        return
    if root is None:
        return
    hidden = None  # the dropped element we are inside of
    for action, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if action == "start":
            if hidden is None and (tag in _DROPPED or not tag):
                hidden = node
            if hidden is None:
                yield _Event(tag=tag, start=True, href=node.get("href") or "")
                if node.text:
                    yield _Event(text=node.text)
            continue
        if hidden is None:
            yield _Event(tag=tag)
        elif hidden is node:
            hidden = None
        if hidden is None and node.tail:
            yield _Event(text=node.tail)


def _gap(tag: re.Match[str]) -> str:
    """What stands for a removed tag: nothing for one inside of a word, else a blank."""
    name = re.match(r"</?([A-Za-z0-9]+)", tag[0])
    return "" if name and name[1].lower() in _INLINE else " "


def _unescaped(markup: str) -> str:
    """Undo one escaping too many: "&lt;p&gt;Hello" is meant as "<p>Hello"."""
    markup = markup[:MAX_MARKUP]
    for _ in range(2):
        if _TAG_START.search(markup) or not _ESCAPED_TAG.search(markup):
            break
        markup = html.unescape(markup)
    return markup


def _entities(text: str) -> str:
    for _ in range(2):
        if not _ENTITY.search(text):
            break
        text = html.unescape(text)
    return text

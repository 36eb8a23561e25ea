"""RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed: from bytes to entries.

feedparser reads the XML formats. It is only ever given bytes (a string it would open as a
file or fetch), already decoded by us, and its verdict "bozo" is not taken for failure: a
feed that is not well-formed is mended where the damage is a known one, else read leniently,
and the reading says so.
"""

from __future__ import annotations

import calendar
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.entities import name2codepoint
from io import BytesIO
from itertools import islice
from typing import Any
from xml.sax import SAXParseException

import feedparser
from feedparser.datetimes import _parse_date

from crawler.bodies import charset_of, refusal
from crawler.dates import parse_date, plausible
from crawler.fastfeed import FastFeed, read_fast
from crawler.jsonfeed import collect_json_feed, load_json_feed
from crawler.reading import Collector, Draft, language_code
from crawler.sanitise import to_line
from crawler.urls import absolute_url
from pipeline.model import Entry, Problem

#: Entries read of one body; the longest real feeds hold a few hundred, archives some thousands.
DEFAULT_LIMIT = 2000

#: Items beyond this many are not even parsed: a million empty ones would keep the parser for minutes.
MAX_ITEMS = 20_000

#: Characters that XML 1.0 forbids; one of them makes a whole feed ill-formed.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_QUOTED_START = re.compile(r"<!\[CDATA\[|<!--")
_AMPERSAND = re.compile(r"&(?:(#\d{1,7}|#x[0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,30}))?(;?)")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ROOT = re.compile(r"<((?:\w+:)?(?:rss|rdf|feed))[\s>]", re.IGNORECASE)
_ITEM_END = re.compile(r"</((?:\w+:)?(?:item|entry))\s*>", re.IGNORECASE)
_ITEM_START = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_IDEOGRAPH = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_IN_BRACKETS = re.compile(r"@[^\s@]+\s*\(([^()]+)\)\s*$")
_MAIL_ADDRESS = re.compile(r"[<(]?[^\s@<>()]+@[^\s@<>()]+[>)]?")


@dataclass(frozen=True, slots=True)
class FeedReading:
    """A feed as read. ``version`` is feedparser's short name ("rss20", "atom10") or "json1", "json11"."""

    entries: tuple[Entry, ...]
    version: str
    title: str
    problem: Problem | None = None  # a warning: read leniently, items left out


def read_feed(
    body: bytes,
    *,
    url: str,
    source_id: str = "",
    content_type: str = "",
    now: datetime,
    limit: int = DEFAULT_LIMIT,
) -> FeedReading:
    """Read a feed's ``body`` as it was fetched from ``url`` (its base for relative links).

    ``content_type`` is the response header, for its charset. At most ``limit`` entries are
    returned, in the feed's order. Raises FeedError if the body is no feed: empty, a web page,
    another kind of XML or JSON.
    """
    if not body.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise refusal(b"", "a feed", url)
    charset, declared = charset_of(body, content_type)
    collector = Collector(source_id, limit)
    plain = body if charset == "utf-8" else body.decode(charset, "replace").encode("utf-8", "replace")
    plain = plain.removeprefix(b"\xef\xbb\xbf").lstrip()
    if plain.startswith((b"{", b"[")):
        feed = load_json_feed(plain.decode("utf-8", "replace"), body, url)
        collect_json_feed(feed, collector, url=url, now=now)
        return FeedReading(collector.entries(), feed.version, feed.title, collector.problem())

    damage = ""
    parsed = read_fast(plain)
    if parsed is None:
        parsed, damage = _read_leniently(plain.decode("utf-8", "replace"))
    # "<feed>" of another vocabulary or "<rss/>" within a page: a version alone proves little
    if not parsed.entries and not (
        parsed.version and _ROOT.search(plain[:20_000].decode("utf-8", "replace"))
    ):
        raise refusal(body, "a feed", url, content_type)
    language = language_code(parsed.language)
    for raw in parsed.entries:
        if collector.full:
            collector.skip(f"only the first {limit} are read", len(parsed.entries) - len(collector))
            break
        try:
            draft = _draft(raw, url, language, now)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
            collector.skip("they could not be read")
            continue
        collector.add(draft)
    return FeedReading(
        entries=collector.entries(),
        version=parsed.version,
        title=to_line(parsed.title, 200),
        problem=_warning(damage, _charset_words(charset, declared), collector),
    )


def _warning(damage: str, charset_words: str, collector: Collector) -> Problem | None:
    left_out = collector.left_out()
    if damage or charset_words:
        parts = [*filter(None, (damage, charset_words)), "it was read leniently"]
        message = f"The feed {', '.join(parts[:-1])}; {parts[-1]}"
        message += f"; {left_out}." if left_out else "."
        return Problem("lenient", message, "Entries may lack words; the publisher should mend the feed.")
    return collector.problem()


def _charset_words(charset: str, declared: str) -> str:
    def plain(name: str) -> str:
        return re.sub(r"[^a-z0-9]", "", name.lower())

    alike = {plain(charset), "utf8"} if charset == "utf-8" else {plain(charset)}
    if not declared or plain(declared) in alike or plain(declared).startswith("utf16"):
        return ""
    if {plain(declared), plain(charset)} <= {"gb2312", "gbk", "gb18030"} or plain(declared) in {
        "usascii",
        "ascii",
    }:
        return ""
    return f"says it is in {to_line(declared, 40)} but is in {charset.upper()}"


# ------------------------------------------------------------------------------- parsing


def _read_leniently(text: str) -> tuple[FastFeed, str]:
    """Read with feedparser; return (what it found, what was wrong with the XML or "")."""
    parsed, damage = _parse(text)
    title, language = str(parsed.feed.get("title") or ""), str(parsed.feed.get("language") or "")
    return FastFeed(parsed.version, title, language, parsed.entries), damage


def _parse(text: str) -> tuple[Any, str]:
    clean = _FORBIDDEN.sub("", text)
    damage = "holds characters that XML forbids" if len(clean) != len(text) else ""
    beyond = next(islice(_ITEM_START.finditer(clean), MAX_ITEMS, None), None)
    if beyond:
        clean = clean[: beyond.start()]
    parsed = _feedparser(clean)
    error = parsed.get("bozo_exception")
    if not parsed.bozo or not isinstance(error, SAXParseException):
        return parsed, damage
    damage = f"is not well-formed XML (line {error.getLineNumber()}: {to_line(str(error.getMessage()), 80)})"
    mended, cut = _mend(clean)
    if cut:
        damage += ", its last item is cut off"
    if mended != clean:
        # the lenient parser turns "AT&T opens" into "AT&T; opens": mended XML needs no leniency
        second = _feedparser(mended)
        if cut or not second.bozo or len(second.entries) > len(parsed.entries):
            return second, damage
    return parsed, damage


def _feedparser(text: str) -> Any:
    # without the address: feedparser would make a URL of every guid, and of a forbidden link the feed's own
    headers = {"content-type": "application/xml; charset=utf-8"}
    # markup is made harmless and links absolute by crawler.sanitise, of every type of text
    return feedparser.parse(
        BytesIO(text.encode("utf-8", "replace")),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _mend(text: str) -> tuple[str, bool]:
    """Escape bare ampersands, resolve HTML entities, close a feed that was cut off within an item."""
    text = "".join(
        part if quoted else _AMPERSAND.sub(_ampersand, part) for quoted, part in _quoted_parts(text)
    )
    root = _ROOT.search(text)
    ends = list(_ITEM_END.finditer(text))
    if not root or not ends or re.search(rf"</{re.escape(root[1])}\s*>", text[ends[-1].end() :]):
        return text, False
    rest = text[ends[-1].end() :]
    cut = bool(_ITEM_START.search(rest))
    if root[1].lower().endswith("rss") and not re.search(r"</channel\s*>", text):
        return f"{text[: ends[-1].end()]}</channel></{root[1]}>", cut
    return f"{text[: ends[-1].end()]}</{root[1]}>", cut


def _quoted_parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (whether it is a CDATA section or comment, part) in order; one that never ends is dropped.

    In one pass: a pattern would search on to the end for each of a million openings.
    """
    place = 0
    while start := _QUOTED_START.search(text, place):
        yield False, text[place : start.start()]
        closing = "]]>" if start[0].endswith("[") else "-->"
        end = text.find(closing, start.end())
        if end < 0:
            return
        place = end + len(closing)
        yield True, text[start.start() : place]
    yield False, text[place:]


def _ampersand(match: re.Match[str]) -> str:
    number, name, end = match.groups()
    if end and (number or name in _XML_ENTITIES):
        return match[0]
    if end and name in name2codepoint:
        return f"&#{name2codepoint[name]};"
    return "&amp;" + match[0][1:]


# ------------------------------------------------------------------------------- entries


def _draft(raw: Any, url: str, language: str, now: datetime) -> Draft:
    details = raw.get("summary_detail") or {}
    contents = raw.get("content") or []
    content = next((c for c in contents if "html" in (c.get("type") or "")), contents[0] if contents else {})
    titled = raw.get("title_detail") or {}
    base = details.get("base") or content.get("base") or titled.get("base") or ""
    updated = _date(raw, "updated", now)
    return Draft(
        link=_link(raw),
        # feedparser has resolved it by xml:base where there is one; that may be relative itself
        base=(absolute_url(base, url) or url) if base else url,
        guid=str(raw.get("id") or ""),
        title=str(raw.get("title") or ""),
        summary=_markup(details),
        content=_markup(content),
        authors=_authors(raw),
        # RSS 1.0 and many Atom feeds give but one date, which feedparser calls "updated"
        published=_date(raw, "published", now) or _date(raw, "created", now) or updated,
        updated=updated,
        tags=tuple(str(tag.get("label") or tag.get("term") or "") for tag in raw.get("tags") or []),
        language=language_code(titled.get("language")) or language,
    )


def _link(raw: Any) -> str:
    direct = raw.get("feedburner_origlink") or raw.get("link")
    if direct:
        return str(direct)
    links = [link for link in raw.get("links") or [] if link.get("href")]
    pages = [link for link in links if link.get("rel", "alternate") in {"alternate", "related"}]
    return str(pages[0]["href"]) if pages else ""


def _markup(detail: Any) -> str:
    value = str(detail.get("value") or "")
    return html.escape(value, quote=False) if detail.get("type") == "text/plain" else value


def _authors(raw: Any) -> tuple[str, ...]:
    # "mail@host (Name)", the way of RSS, which feedparser cuts in the wrong place for long host names
    author = str(raw.get("author") or "")
    in_brackets = _IN_BRACKETS.search(author) if "@" in author else None
    if in_brackets:
        return (in_brackets[1],)
    listed = [str(author.get("name") or "") for author in raw.get("authors") or []]
    names = [_MAIL_ADDRESS.sub("", name).strip(" ()<>,") for name in [*listed, author]]
    several = tuple(filter(None, names[:-1]))
    return several or tuple(filter(None, names[-1:]))


def _date(raw: Any, key: str, now: datetime) -> datetime | None:
    # raw.get("updated") would hand out the published date where there is no other
    if key not in raw:
        return None
    text = str(raw[key] or "")
    value = parse_date(text, now)
    if value is not None or not re.search(r"[^\W\d_]", text) or _IDEOGRAPH.search(text):
        return value
    parsed = _parse_date(text)
    if not parsed:
        return None
    try:
        return plausible(datetime.fromtimestamp(calendar.timegm(parsed), UTC), now)
    except (ValueError, OverflowError, OSError):
        return None

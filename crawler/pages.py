"""Article pages: what is written, by whom, when and where.

The main text is trafilatura's; title, dates, authors and the rest are weighed from what the
page states about itself (`crawler.metadata`), and `Page.origins` tells for each field where
it came from. What cannot be found stays empty: a wrong day is worse than none.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import trafilatura
from lxml import etree
from lxml.html import HTMLParser
from trafilatura.metadata import extract_metadata
from trafilatura.settings import Document

from crawler.dates import parse_date
from crawler.metadata import Stated, read_metadata, text_of
from crawler.reading import MAX_AUTHORS, MAX_NAME, MAX_TITLE, language_code
from crawler.sanitise import clean, to_line, to_text
from crawler.urls import absolute_url, canonical_url
from pipeline.model import Page

_log = logging.getLogger(__name__)

T = TypeVar("T")

#: More of a page is not looked at; the longest articles are below 2 MiB of HTML with their scripts.
MAX_HTML = 5 * 2**20
#: Elements looked at; long articles with all their navigation have some 10,000, and heuristics slow down with them.
MAX_ELEMENTS = 30_000
#: Longest text kept, in characters (a book chapter).
MAX_TEXT = 400_000
#: Outgoing links kept of one page.
MAX_LINKS = 300

#: Without ``now``, dates up to here are believed; "2 hours ago" then lands behind it and is not.
_FAR = datetime(2100, 1, 1, tzinfo=UTC)
_TOO_FAR = datetime(2098, 1, 1, tzinfo=UTC)

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«:]+\s+|\s*[|｜_]\s*|\s+::\s+")
#: Blocks whose words tell whether a link in them belongs to the main text.
_LINK_BLOCKS = ("p", "li", "blockquote", "td", "h2", "h3", "h4", "figcaption")
_KANA = re.compile(r"[\u3041-\u30fa]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_NAMES_END = re.compile(r"\s*[;|、]\s*|,\s+(?![A-Z][a-z]*\.?$)|\s+(?:and|und|et|y)\s+")
_NO_NAME = re.compile(r"@|^https?:|^www\.")
_BY = re.compile(r"^(?:by|von|par|por|di|作者|文)\s*[:：]?\s+", re.IGNORECASE)


def extract(html: str, url: str | None = None, *, now: datetime | None = None) -> Page:
    """Read the article page ``html`` that was fetched from ``url``.

    Only the first `MAX_HTML` characters count. With ``now``, dates more than a day later are
    not believed. Never raises on odd HTML: gives what there is, an empty page at worst.
    """
    html = html[:MAX_HTML].replace("\x00", "")
    origins: dict[str, str] = {}
    root = _tree(html)
    if root is None:
        return Page(url=url or "")
    elements = sum(1 for _ in root.iter())
    if elements > MAX_ELEMENTS:
        html = html[: len(html) * MAX_ELEMENTS // elements]
        root = _tree(html)
        if root is None:
            return Page(url=url or "")
    stated = read_metadata(root, url or "")
    base = absolute_url(stated.base, url or "") or url or ""
    text = _main_text(html, url, stated, origins)
    outlet = _outlet(stated, origins)
    title = _title(stated, outlet, url or "", origins)
    published = _first_date(stated.published, now, "published", origins)
    updated = _first_date(stated.updated, now, "updated", origins)
    authors = _authors(stated, origins)
    if not (title and published and authors):
        guessed = _guess(root, url)
        title = title or _note(origins, "title", "trafilatura", to_line(guessed.title or "", MAX_TITLE))
        authors = authors or _note(
            origins, "authors", "trafilatura", _names((guessed.author or "").split(";"))
        )
        published = published or _first_date([("trafilatura", guessed.date or "")], now, "published", origins)
    if published and updated and updated < published:
        updated = None  # the two are mixed up or of different zones; the earlier tells nothing
        origins.pop("updated")
    return Page(
        url=url or "",
        canonical_url=_canonical(stated, url or "", base, origins),
        title=title,
        text=text,
        authors=authors,
        published=published,
        updated=updated,
        language=_language(stated, text or title, origins),
        outlet=outlet,
        image=_image(stated, base, origins),
        links=_text_links(root, text, base, url or ""),
        origins=origins,
    )


def _tree(html: str) -> etree._Element | None:
    parser = HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    try:
        return etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _note(origins: dict[str, str], field: str, origin: str, value: T) -> T:
    if value:
        origins[field] = origin
    return value


# ---------------------------------------------------------------------------------- text


def _main_text(html: str, url: str | None, stated: Stated, origins: dict[str, str]) -> str:
    """Return the main text, paragraphs separated by a blank line."""
    # tables stay on: older pages lay their text out in them, and figures of models stand in them
    document = _guarded(lambda: trafilatura.bare_extraction(html, url=url, include_comments=False))
    found = clean(document.text or "") if isinstance(document, Document) else ""
    text = _note(origins, "text", "text", _spaced(found))
    whole = stated.ld.get("articleBody")
    # some pages show a teaser and carry the article in their JSON-LD
    if isinstance(whole, str) and len(whole) > 2 * len(text) + 200:
        text = _note(origins, "text", "json-ld", _spaced(to_text(whole, MAX_TEXT)))
    return text


def _spaced(lines: str) -> str:
    """Set a blank line between all lines of a text that has one paragraph a line."""
    return "\n\n".join(line.rstrip() for line in lines.split("\n") if line.strip())[:MAX_TEXT].rstrip()


def _text_links(root: etree._Element, text: str, base: str, url: str) -> tuple[str, ...]:
    """Return the links that stand in blocks of which the main text has the words."""
    words = "".join(text.split())
    own = url.partition("#")[0]
    known: dict[etree._Element, bool] = {}
    found: dict[str, None] = {}
    for anchor in root.iter("a"):
        link = absolute_url(anchor.get("href") or "", base)
        block = next(anchor.iterancestors(_LINK_BLOCKS), None)
        if link is None or block is None or link.partition("#")[0] == own:
            continue
        if block not in known:
            start = "".join(text_of(block).split())[:80]
            known[block] = len(start) >= 20 and start in words
        if known[block]:
            found[link] = None
    return tuple(found)[:MAX_LINKS]


def _guarded(extraction: Callable[[], T]) -> T | None:
    """Run a library on a hostile page: whatever it stumbles over, the page's other facts remain."""
    try:
        return extraction()
    except Exception:  # a library of thousands of heuristics; its failure means "found nothing"
        _log.warning("An extraction library failed on a page; its other facts are kept", exc_info=True)
        return None


def _guess(root: etree._Element, url: str | None) -> Document:
    return _guarded(lambda: extract_metadata(root, default_url=url)) or Document()


# --------------------------------------------------------------------------------- title


def _title(stated: Stated, outlet: str, url: str, origins: dict[str, str]) -> str:
    """Choose the headline: an h1 that the page's other titles bear out, else the best of those."""
    sites = {
        _loose(name) for name in (outlet, stated.meta("og:site_name"), stated.publisher, *_host_names(url))
    } - {""}
    headline = to_line(str(stated.ld.get("headline") or ""), MAX_TITLE)
    others = [("json-ld", headline)]
    others += [
        ("meta", _without_site(to_line(stated.meta(name), MAX_TITLE), sites))
        for name in ("og:title", "twitter:title")
    ]
    others += [("title", _without_site(to_line(stated.title_tag, MAX_TITLE), sites))]
    others = [(origin, title) for origin, title in others if title and _loose(title) not in sites]
    headings = [
        h
        for h in dict.fromkeys(to_line(h, MAX_TITLE) for h in stated.headings)
        if h and _loose(h) not in sites
    ]
    if headings:
        best = max(headings, key=lambda h: max((_agreement(h, title) for _, title in others), default=0.0))
        agreed = max((_agreement(best, title) for _, title in others), default=0.0)
        # a lone h1 worded otherwise than the title tag is still the headline readers see
        if agreed >= 0.5 or not others or (len(headings) == 1 and len(_loose(best)) >= 15):
            return _note(origins, "title", "h1", best)
    for origin, title in others:
        return _note(origins, "title", origin, title)
    return ""


def _without_site(title: str, sites: set[str]) -> str:
    """Cut the site's name off the end (or the start) of a title."""
    cuts = list(_SEPARATOR.finditer(title))
    if cuts:
        head, tail = title[: cuts[-1].start()], title[cuts[-1].end() :]
        if head and _names_site(tail, sites):
            return _without_site(head.strip(), sites)
        head, tail = title[: cuts[0].start()], title[cuts[0].end() :]
        if tail and _names_site(head, sites):
            return tail.strip()
    return title


def _names_site(part: str, sites: set[str]) -> bool:
    loose = _loose(part)
    return not loose or any(
        loose == site or loose.replace(" ", "") == site.replace(" ", "") for site in sites
    )


def _host_names(url: str) -> tuple[str, ...]:
    labels = (urlsplit(url).hostname or "").removeprefix("www.").split(".")
    return (".".join(labels), *labels[-2:-1], *(labels[-3:-2] if len(labels) > 2 else ()))


def _agreement(one: str, other: str) -> float:
    """How much of the shorter title's words the other has, 0 to 1."""
    a, b = set(_tokens(one)), set(_tokens(other))
    return len(a & b) / max(1, min(len(a), len(b))) if min(len(a), len(b)) >= 2 or a == b else 0.0


def _tokens(text: str) -> list[str]:
    return re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+", _loose(text))


def _loose(text: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


# ---------------------------------------------------------------------------- other facts


def _first_date(
    candidates: Iterable[tuple[str, str]], now: datetime | None, field: str, origins: dict[str, str]
) -> datetime | None:
    for origin, text in candidates:
        value = parse_date(text, now or _FAR)
        if value is not None and (now is not None or value < _TOO_FAR):
            return _note(origins, field, origin, value)
    return None


def _authors(stated: Stated, origins: dict[str, str]) -> tuple[str, ...]:
    origin, raw = stated.authors
    return _note(origins, "authors", origin, _names(raw))


def _names(raw: Iterable[str]) -> tuple[str, ...]:
    lines = (_BY.sub("", to_line(entry, 4 * MAX_NAME)) for entry in raw)
    split = (name.strip(" ,") for line in lines for name in _NAMES_END.split(line))
    return tuple(
        dict.fromkeys(name for name in split if name and not _NO_NAME.search(name) and len(name) <= MAX_NAME)
    )[:MAX_AUTHORS]


def _outlet(stated: Stated, origins: dict[str, str]) -> str:
    name = _note(
        origins, "outlet", "meta", to_line(stated.meta("og:site_name", "application-name"), MAX_NAME)
    )
    return name or _note(origins, "outlet", "json-ld", to_line(stated.publisher, MAX_NAME))


def _canonical(stated: Stated, url: str, base: str, origins: dict[str, str]) -> str:
    """Return the page's canonical address; what it names is believed only within its own site."""
    for origin, link in (("link", stated.canonical), ("meta", stated.meta("og:url"))):
        target = absolute_url(link, base) if link else None
        if target is None or (url and not _same_site(target, url)):
            continue
        # many sites name their front page on every page
        if url and urlsplit(target).path in {"", "/"} and urlsplit(url).path not in {"", "/"}:
            continue
        return _note(origins, "canonical_url", origin, canonical_url(target))
    try:
        return _note(origins, "canonical_url", "url", canonical_url(url))
    except ValueError:
        return ""


def _same_site(one: str, other: str) -> bool:
    a, b = (
        (urlsplit(u).hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("amp.")
        for u in (one, other)
    )
    return a == b or a.endswith(f".{b}") or b.endswith(f".{a}")


def _language(stated: Stated, text: str, origins: dict[str, str]) -> str:
    """Return the language: what the script of the text shows, else what the page says."""
    sample = text[:3000]
    han, kana, hangul = (len(script.findall(sample)) for script in (_HAN, _KANA, _HANGUL))
    if han + kana + hangul > 0.2 * len(sample):
        found = "ko" if hangul > han else "ja" if kana > 0.1 * (han + kana) else "zh"
        return _note(origins, "language", "text", found)
    for origin, tag in (
        ("html", stated.language),
        ("json-ld", stated.ld.get("inLanguage")),
        ("meta", stated.meta("og:locale", "content-language", "language", "dc.language")),
    ):
        code = language_code(tag)
        if code:
            return _note(origins, "language", origin, code)
    return ""


def _image(stated: Stated, base: str, origins: dict[str, str]) -> str:
    link = absolute_url(stated.meta("og:image", "og:image:url", "twitter:image"), base)
    if link:
        return _note(origins, "image", "meta", link)
    return _note(origins, "image", "json-ld", absolute_url(stated.image, base) or "")

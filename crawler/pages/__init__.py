"""Article pages: what is written, by whom, when and where.

One parse serves everything. The text is chosen block by block (`crawler.pages.text`); title,
dates, authors and the rest are weighed from what the page states about itself and what it shows
(`crawler.pages.stated`, `titles`, `bylines`). `Page.origins` tells for each field where it came
from. What cannot be found stays empty: a wrong day is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

from lxml import etree

from crawler.dates import parse_date
from crawler.pages.blocks import Cut, cut_page
from crawler.pages.bylines import names_of, shown_authors, shown_date, url_date
from crawler.pages.features import Hints
from crawler.pages.language import guess_language
from crawler.pages.stated import Stated, read_metadata
from crawler.pages.text import MAX_TEXT, main_text
from crawler.pages.titles import choose_title, loose
from crawler.reading import MAX_NAME, language_code
from crawler.sanitise import to_line, to_text
from crawler.urls import absolute_url, canonical_url
from pipeline.model import Page

__all__ = ["MAX_HTML", "extract", "hints_of", "parse"]

T = TypeVar("T")

#: More of a page is not looked at; the longest articles are below 2 MiB of HTML with their scripts.
MAX_HTML = 5 * 2**20
#: A longer tag loses its attributes: libxml2 looks for doubles among them in quadratic time, for minutes.
_LONG_TAG = re.compile(r"<([A-Za-z][\w:-]{0,40})[\s/][^<>]{50000,}>?")
#: Outgoing links kept of one page.
MAX_LINKS = 300

#: Without ``now``, dates up to here are believed; "2 hours ago" then lands behind it and is not.
_FAR = datetime(2100, 1, 1, tzinfo=UTC)
_TOO_FAR = datetime(2098, 1, 1, tzinfo=UTC)


def extract(html: str, url: str | None = None, *, now: datetime | None = None) -> Page:
    """Read the article page ``html`` that was fetched from ``url``.

    Only the first `MAX_HTML` characters count. With ``now``, dates more than a day later are
    not believed. Never raises on odd HTML: gives what there is, an empty page at worst.
    """
    html = bounded(html)
    root = parse(html)
    address = url or ""
    if root is None:
        return Page(url=address)
    origins: dict[str, str] = {}
    stated = read_metadata(root, address)
    cut = cut_page(root)
    base = absolute_url(stated.base, address) or address
    outlet = _outlet(stated, origins)
    title, origin = choose_title(stated, outlet, address)
    _note(origins, "title", origin, title)
    hints = hints_of(stated)
    headlines = {title, stated.meta("og:title"), *stated.headings[:1]}
    found = main_text(
        html, cut, hints, _body(stated), frozenset("".join(h.split()).lower() for h in headlines)
    )
    text = _note(origins, "text", found.origin, found.text)
    authors = _authors(stated, cut, title, outlet, origins)
    published, updated = _dates(stated, cut, address, now, origins)
    return Page(
        url=address,
        canonical_url=_canonical(stated, address, base, origins),
        title=title,
        text=text,
        authors=authors,
        published=published,
        updated=updated,
        language=_language(stated, title, text, origins),
        outlet=outlet,
        image=_image(stated, base, origins),
        links=_text_links(cut, found.chosen, base, address),
        access=_access(stated, found.origin, origins),
        origins=origins,
    )


def bounded(html: str) -> str:
    """Return ``html`` as far as it is looked at, without what parsers take minutes over."""
    return _LONG_TAG.sub(r"<\1>", html[:MAX_HTML].replace("\x00", ""))


def parse(html: str) -> etree._Element | None:
    """Return the tree of ``html``, None if there is nothing in it that could be one."""
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    html = bounded(html)
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root if isinstance(root, etree._Element) else None


def hints_of(stated: Stated) -> Hints:
    """Return what the metadata says about the text, as `crawler.pages.features` compares it."""
    body = _body(stated)
    titles = (*stated.headings[:1], stated.meta("og:title"), stated.title_tag)
    return Hints(
        _packed(body), _packed(stated.meta("og:description", "description")), "|".join(map(_packed, titles))
    )


def _body(stated: Stated) -> str:
    body = stated.ld.get("articleBody")
    # some sites put a sentence there
    return to_text(body, MAX_TEXT) if isinstance(body, str) and len(body) > 200 else ""


def _packed(text: str) -> str:
    return "".join(text.split())


def _note(origins: dict[str, str], field: str, origin: str, value: T) -> T:
    if value:
        origins[field] = origin
    return value


def _dates(
    stated: Stated, cut: Cut, url: str, now: datetime | None, origins: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """Return when the page was published and when last changed."""
    shown: tuple[datetime | None, datetime | None] | None = None
    published = _first_date(stated.published, now, "published", origins)
    updated = _first_date(stated.updated, now, "updated", origins)
    if published is None:
        shown = shown_date(cut, now or _TOO_FAR)
        by_url = url_date(url, now or _TOO_FAR)
        # the address keeps the day of first publication; what is shown may be the last change
        if by_url is not None:
            published = _note(origins, "published", "url", by_url)
        elif shown[0] is not None:
            published = _note(origins, "published", "byline", shown[0])
    if updated is None and shown and shown[1]:
        updated = _note(origins, "updated", "byline", shown[1])
    if published and updated and updated < published:
        updated = None  # the two are mixed up or of different zones; the earlier tells nothing
        origins.pop("updated")
    return published, updated


def _first_date(
    candidates: Iterable[tuple[str, str]], now: datetime | None, field: str, origins: dict[str, str]
) -> datetime | None:
    for origin, text in candidates:
        value = parse_date(text, now or _FAR)
        if value is not None and (now is not None or value < _TOO_FAR):
            return _note(origins, field, origin, value)
    return None


def _authors(stated: Stated, cut: Cut, title: str, outlet: str, origins: dict[str, str]) -> tuple[str, ...]:
    """Return the authors; a publisher that names itself is one only where no person is found."""
    own = {loose(name) for name in (outlet, stated.publisher, stated.meta("og:site_name"))} - {""}
    bodies: tuple[str, tuple[str, ...]] = ("", ())
    for origin, raw in stated.authors:
        names = names_of(raw)
        persons = tuple(n for n in names if loose(n) not in own and not _looks_like_account(n))
        if persons:
            return _note(origins, "authors", origin, persons)
        if names and not bodies[1]:
            bodies = (origin, names)
    shown = shown_authors(cut, title, outlet)
    if shown:
        return _note(origins, "authors", "byline", shown)
    linked = tuple(
        n for n in names_of(stated.author_links) if loose(n) not in own and not _looks_like_account(n)
    )
    if linked and not bodies[1]:
        return _note(origins, "authors", "link", linked)
    return _note(origins, "authors", bodies[0], bodies[1])


def _looks_like_account(name: str) -> bool:
    """Whether it is a login or a host rather than a name: one word in lower case, or with a dot inside."""
    return (
        " " not in name
        and (name.islower() or "." in name.strip(".") or "_" in name or name[0] == "#")
        and name.isascii()
    )


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
        try:
            return _note(origins, "canonical_url", origin, canonical_url(target))
        except ValueError:
            continue
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


def _language(stated: Stated, title: str, text: str, origins: dict[str, str]) -> str:
    """Return the language that the words show, else what the page says."""
    declared, said = "", ""
    for origin, tag in (
        ("html", stated.language),
        ("json-ld", stated.ld.get("inLanguage")),
        ("meta", stated.meta("og:locale", "content-language", "language", "dc.language")),
    ):
        declared = language_code(tag)
        if declared:
            said = origin
            break
    guess = guess_language(text if len(text) > 200 else f"{title}\n{text}", declared)
    if guess and guess != declared:
        return _note(origins, "language", "text", guess)
    return _note(origins, "language", said or "text", declared or guess)


def _image(stated: Stated, base: str, origins: dict[str, str]) -> str:
    link = absolute_url(stated.meta("og:image", "og:image:url", "twitter:image"), base)
    if link:
        return _note(origins, "image", "meta", link)
    return _note(origins, "image", "json-ld", absolute_url(stated.image, base) or "")


def _access(stated: Stated, text_origin: str, origins: dict[str, str]) -> str:
    """Return "paywalled" where the page says so, "partial" where it shows less than its metadata carries."""
    free = str(stated.ld.get("isAccessibleForFree", "")).lower()
    if free == "false":
        return _note(origins, "access", "json-ld", "paywalled")
    if stated.meta("article:content_tier", "og:article:content_tier").lower() in {"locked", "metered"}:
        return _note(origins, "access", "meta", "paywalled")
    return _note(origins, "access", "text", "partial") if text_origin == "json-ld" else ""


def _text_links(cut: Cut, chosen: frozenset[int], base: str, url: str) -> tuple[str, ...]:
    """Return where the links in the blocks of the main text lead."""
    own = url.partition("#")[0]
    found: dict[str, None] = {}
    for block, href in cut.links:
        if block in chosen and len(found) < MAX_LINKS:
            link = absolute_url(href, base)
            if link is not None and link.partition("#")[0] != own:
                found[link] = None
    return tuple(found)

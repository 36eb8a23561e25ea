"""Sitemaps: news sitemaps, plain ones, and indexes of them, also compressed.

lxml reads them with entities unresolved, no network, no DTD and its own limits on depth and
size in force; a sitemap that is not well-formed is read as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from lxml import etree

from crawler.bodies import charset_of, inflate, refusal
from crawler.dates import parse_date
from crawler.reading import Collector, Draft, Reading, language_code
from crawler.urls import absolute_url
from pipeline.model import Problem, Source

#: Keys a sitemap's recipe may hold: ``path`` keeps the addresses whose path begins so.
RECIPE_KEYS = frozenset({"path"})

#: The protocol's own limit for one sitemap, unpacked.
MAX_UNPACKED = 50 * 2**20
#: Sitemaps of an index that are followed, newest first: news is in the newest.
MAX_FOLLOW = 5
#: A plain sitemap lists the whole life of a site; what changed longer ago is no news.
RECENT = timedelta(days=30)

_UNDATED = datetime(1, 1, 1, tzinfo=UTC)


def read_sitemap(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
) -> Reading:
    """Read a sitemap, or name in ``follow`` the newest of those that an index lists.

    News sitemaps give title and publication date. Plain ones give only addresses and when
    they last changed: the title is then made of the address's last words, ``updated`` is set
    and ``published`` is not, and pages unchanged for `RECENT` are passed over. Newest first.

    Raises FeedError if the body is no sitemap.
    """
    text = inflate(body, MAX_UNPACKED)
    root = _parse(text, content_type)
    kind = _name(root) if root is not None else ""
    if root is None or kind not in {"urlset", "sitemapindex"}:
        raise refusal(text, "a sitemap", source.id, content_type)
    if kind == "sitemapindex":
        return Reading(follow=_newest(root, url, now))

    path = source.recipe.get("path", "/")
    drafts = [
        draft
        for node in _children(root, "url")
        if (draft := _draft(node, url, source.language, now)) is not None
        and urlsplit(draft.link).path.startswith(path)
    ]
    drafts.sort(key=lambda draft: draft.published or draft.updated or _UNDATED, reverse=True)
    collector = Collector(source.id, limit)
    for draft in drafts:
        if draft.published is None and draft.updated is not None and draft.updated < now - RECENT:
            continue
        if collector.full:
            break  # not a fault: the rest is older
        collector.add(draft)
    entries = collector.entries()
    problem = collector.problem()
    if not drafts:
        where = f" below “{path}”" if path != "/" else ""
        problem = Problem(
            "empty", f"The sitemap lists no address{where}.", "Check the source's address and path."
        )
    return Reading(entries, problem)


def _parse(body: bytes, content_type: str) -> etree._Element | None:
    charset, declared = charset_of(body, content_type)
    if charset != "utf-8" or declared.lower() not in {"", "utf-8", "utf8"}:
        # the parser would believe the prologue
        body = re.sub(r"^\s*<\?xml[^>]*\?>", "", body.decode(charset, "replace")).encode("utf-8", "replace")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    try:
        return etree.fromstring(body.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _newest(root: etree._Element, url: str, now: datetime) -> tuple[str, ...]:
    """Return the addresses of the newest sitemaps of an index; undated ones come last, in their order."""
    listed: list[tuple[datetime, str]] = []
    for node in _children(root, "sitemap"):
        address = absolute_url(_text(node, "loc"), url)
        if address and address != url:
            listed.append((parse_date(_text(node, "lastmod"), now) or _UNDATED, address))
    listed.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(dict.fromkeys(address for _, address in listed))[:MAX_FOLLOW]


def _draft(node: etree._Element, url: str, language: str, now: datetime) -> Draft | None:
    link = absolute_url(_text(node, "loc"), url)
    if link is None:
        return None
    changed = parse_date(_text(node, "lastmod"), now)
    news = next(_children(node, "news"), None)
    if news is None:
        return Draft(link=link, title=_slug_words(link), updated=changed, language=language)
    publication = next(_children(news, "publication"), None)
    keywords = _text(news, "keywords")
    return Draft(
        link=link,
        title=_text(news, "title") or _slug_words(link),
        published=parse_date(_text(news, "publication_date"), now) or changed,
        updated=changed,
        tags=tuple(word.strip() for word in keywords.split(",")),
        language=language_code(_text(publication, "language")) if publication is not None else language,
    )


def _slug_words(link: str) -> str:
    """Turn ".../news/open-weights-for-all.html" into "open weights for all"; "" if it has no words."""
    last = unquote(urlsplit(link).path).rstrip("/").rpartition("/")[2]
    words = re.split(r"[-_+\s]+", re.sub(r"\.[a-z]{2,5}$", "", last))
    return " ".join(filter(None, words))


def _name(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""


def _children(node: etree._Element, name: str) -> Iterator[etree._Element]:
    # by local name: prefixes and even name spaces are often wrong
    return (child for child in node if _name(child) == name)


def _text(node: etree._Element, name: str) -> str:
    child = next(_children(node, name), None)
    return (child.text or "").strip() if child is not None else ""

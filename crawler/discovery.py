"""Finding out how a site publishes: from any address of it to a source that really reads.

Where to look is decided by pure functions (`places_known`, `read_page`, `places_usual`);
`discover` asks, through the one gate and in turn, and believes only what could be read:
a candidate counts when its entries came out of it. In this order, until one does:

1. the address itself is a feed or a sitemap,
2. hosts whose addresses tell where their feeds are (Hugging Face, GitHub, Reddit, YouTube …),
3. what the page names: ``<link rel="alternate">``, links that look like feeds,
4. where the software that made it, and most sites, have them,
5. no feed: the page itself by a recipe, if one can be found, else a news sitemap.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from crawler.exchange import kind_of
from crawler.feeds import read_feed
from crawler.gather import CrawlSettings, Look, PollJob, fetch_bodies, poll_sources
from crawler.page_links import PageFacts, read_page
from crawler.places import MOST, Candidate, places_known, places_linked, places_named, places_usual
from crawler.readers import read_source
from crawler.recipes import find_recipe
from crawler.source_table import url_key
from crawler.urls import absolute_url
from pipeline.model import (
    Entry,
    FeedError,
    PagePolicy,
    Poll,
    PollOutcome,
    Problem,
    Source,
    SourceError,
    SourceKind,
    SourceState,
)

__all__ = ["Discovery", "Finding", "discover"]

_COMMENTS: Final = re.compile(r"comment|/replies|kommentar|commentaire", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A candidate that was read."""

    source: Source  # the caller gives it its id: only a catalogue knows which are free
    entries: tuple[Entry, ...]
    how: str
    problem: Problem | None = None  # a warning of its reader

    @property
    def newest(self) -> datetime | None:
        """The date of its newest entry, None if none is dated."""
        return max((e.published for e in self.entries if e.published), default=None)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found at an address, best first, and what was tried without result."""

    findings: tuple[Finding, ...] = ()
    tried: tuple[tuple[str, str], ...] = ()  # address, why it is none


@dataclass(frozen=True, slots=True)
class _Trail:
    """What `discover` carries along."""

    settings: CrawlSettings
    now: Callable[[], datetime]
    step: Callable[[str], None]
    tried: list[tuple[str, str]]


async def discover(
    address: str,
    settings: CrawlSettings,
    *,
    now: Callable[[], datetime],
    step: Callable[[str], None] = lambda what: None,
) -> Discovery:
    """Return how ``address`` can be polled. ``step`` hears in words what is being tried.

    Raises SourceError if the address is none, or nothing there can be read at all.
    """
    url = absolute_url(address if "://" in address else f"https://{address}")
    if url is None:
        raise SourceError(
            "This is no web address.", about=address, cure="Write it like https://lab.example/blog."
        )
    trail = _Trail(settings, now, step, [])
    if found := await _read(places_known(url), PageFacts(), trail):
        return Discovery(_ranked(found, url), tuple(trail.tried))
    step(url)
    look = (await fetch_bodies([url], settings, now=now))[url]
    if look.problem is not None:
        raise SourceError(look.problem.message, about=url, cure=look.problem.cure)
    if found := await _itself(look, trail):
        return Discovery(tuple(found), tuple(trail.tried))
    page = read_page(look.body, look.url, look.content_type)
    for places in (places_named(page), places_linked(page), places_usual(look.url, page.generator)):
        if found := await _read(places, page, trail):
            return Discovery(_ranked(found, look.url), tuple(trail.tried))
    return Discovery(tuple(await _without_feed(look, page, trail)), tuple(trail.tried))


async def _itself(look: Look, trail: _Trail) -> list[Finding]:
    """Return the address itself where it is a feed or a sitemap."""
    head = look.body[:4096].lstrip()
    if re.match(rb"(?:<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*)?<(?:sitemapindex|urlset)\b", head, re.DOTALL):
        candidate = Candidate(look.url, SourceKind.SITEMAP, "the address itself")
        return await _read([candidate], PageFacts(), trail)
    try:
        feed = read_feed(look.body, url=look.url, now=trail.now(), content_type=look.content_type)
    except FeedError:
        return []
    kind = kind_of(look.url)
    source = _source(Candidate(look.url, kind, "", feed.title), PageFacts())
    return [Finding(source, feed.entries, "the address itself", feed.problem)]


async def _without_feed(look: Look, page: PageFacts, trail: _Trail) -> list[Finding]:
    """Return the page itself by a recipe found in it, else the site's news sitemap."""
    if listing := await asyncio.to_thread(_listing, look, page, trail.now()):
        return [listing]
    trail.tried.append((look.url, "No list of articles was recognised in the page."))
    root = urljoin(look.url, "/")
    places = [
        Candidate(urljoin(root, path), SourceKind.SITEMAP, "a usual place of news sitemaps")
        for path in ("news-sitemap.xml", "sitemap-news.xml", "sitemap_news.xml")
    ]
    return (await _read(places, page, trail))[:1]


def _listing(look: Look, page: PageFacts, now: datetime) -> Finding | None:
    """Return the page as a listing, if it shows a list of articles and its reader gets them out."""
    recipe = find_recipe(look.body, look.url)
    if recipe is None:
        return None
    place = Candidate(look.url, SourceKind.LISTING, "a list of articles in the page itself")
    source = replace(_source(place, page), recipe=dict(recipe.selectors))
    try:
        reading = read_source(source, look.body, url=look.url, content_type=look.content_type, now=now)
    except FeedError:
        return None
    return Finding(source, reading.entries, place.how, reading.problem) if reading.entries else None


async def _read(places: Iterable[Candidate], page: PageFacts, trail: _Trail) -> list[Finding]:
    """Poll candidates and return those that hold entries, in their order."""
    chosen: dict[str, Candidate] = {}
    for place in places:
        chosen.setdefault(url_key(place.url), place)
    polls: dict[str, Poll] = {}

    async def keep(poll: Poll) -> None:
        polls[poll.source_id] = poll
        trail.step(jobs[poll.source_id].url)

    jobs = {
        f"candidate-{number}": _source(place, page)
        for number, place in enumerate(list(chosen.values())[:MOST])
    }
    jobs = {id_: replace(source, id=id_) for id_, source in jobs.items()}
    await poll_sources(
        [PollJob(source, SourceState()) for source in jobs.values()], trail.settings, keep, now=trail.now
    )
    findings = []
    for (id_, source), place in zip(jobs.items(), chosen.values(), strict=False):
        poll = polls[id_]
        if poll.outcome is PollOutcome.FAILED or not poll.entries:
            trail.tried.append((source.url, poll.problem.message if poll.problem else "It holds no entries."))
        else:
            findings.append(Finding(source, poll.entries, place.how, poll.problem))
    return findings


def _source(place: Candidate, page: PageFacts) -> Source:
    hub = place.kind in {SourceKind.HUGGINGFACE, SourceKind.GITHUB_RELEASES}
    return Source(
        id="candidate",
        name=_name(place, page),
        kind=place.kind,
        url=place.url,
        homepage=page.url,
        category="release_hub" if hub else "press",
        language=page.language,
        pages=PagePolicy.NEVER if place.kind is SourceKind.HUGGINGFACE else PagePolicy.AUTO,
    )


def _name(place: Candidate, page: PageFacts) -> str:
    """Return what the outlet calls itself: the site's name, else the feed's, else the host."""
    for words in (page.name, place.title, page.title):
        plain = " ".join(words.split())
        plain = re.sub(
            r"\s*[-–—|»:]*\s*\b(?:RSS|Atom|JSON)?\s*feed\b\s*$", "", plain, flags=re.IGNORECASE
        ).strip(" »|-–—")
        if plain:
            return plain[:120]
    return (urlsplit(place.url).hostname or place.url).removeprefix("www.")


def _ranked(findings: Iterable[Finding], asked: str) -> tuple[Finding, ...]:
    """Return findings best first: no comment feeds, dated, of the part of the site asked for."""
    section = urlsplit(asked).path.rstrip("/")

    def rank(finding: Finding) -> tuple[bool, bool, bool]:
        path = urlsplit(finding.source.url).path
        comments = bool(_COMMENTS.search(finding.source.url) or _COMMENTS.search(finding.source.name))
        elsewhere = bool(section) and not path.startswith(section)
        return (comments, elsewhere, finding.newest is None)

    return tuple(sorted(findings, key=rank))

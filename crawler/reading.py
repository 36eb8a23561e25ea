"""What every reader gives back, and the one place where its entries are made.

`Collector` turns raw fields into `Entry` objects: bounded, plain, with a link that may be
followed and an identity that lasts. What it leaves out it counts, and says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from crawler.sanitise import to_html, to_line, to_text, to_text_and_html
from crawler.urls import MAX_URL, absolute_url, canonical_url
from pipeline.model import Artifact, Entry, Problem

#: Headlines are rarely above 200 characters; social feeds put whole posts there.
MAX_TITLE = 500
#: Enough for a long lead or a release note; the article's own text comes from its page.
MAX_SUMMARY = 6000
MAX_GUID = 512
MAX_AUTHORS = 20
MAX_TAGS = 50
MAX_NAME = 120


_LANGUAGE = re.compile(r"\s*([A-Za-z]{2})(?:[-_][A-Za-z0-9_-]+)?\s*$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body held. ``problem`` is a warning; ``follow`` names further bodies to fetch (sitemaps)."""

    entries: tuple[Entry, ...] = ()
    problem: Problem | None = None
    follow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """The raw fields of an entry, as listed: nothing cleaned, nothing bounded."""

    link: str
    title: str
    guid: str = ""
    base: str = ""  # what relative links in it are relative to
    summary: str = ""  # plain text or markup
    content: str = ""  # markup, the longer form if there is one
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    tags: tuple[str, ...] = ()
    language: str = ""
    artifact: Artifact | None = None


class Collector:
    """Collects the entries of one body; nothing in a single item can spoil the rest."""

    def __init__(self, source_id: str, limit: int) -> None:
        self._source_id = source_id
        self._limit = limit
        self._entries: list[Entry] = []
        self._left_out: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        """Whether the limit of entries is reached."""
        return len(self._entries) >= self._limit

    def skip(self, reason: str, count: int = 1) -> None:
        """Count items left out; ``reason`` completes "2 left out because …"."""
        self._left_out[reason] += count

    def add(self, draft: Draft) -> None:
        """Make an entry of ``draft`` unless it has no usable link or the limit is reached."""
        if self.full:
            self.skip(f"only the first {self._limit} are read")
            return
        url = absolute_url(draft.link, draft.base) if draft.link else None
        if url is None and re.match(r"https?://", draft.guid):
            url = absolute_url(draft.guid)
        if url is None:
            self.skip("they have no web link" if not draft.link else "their link is no web address")
            return
        try:
            canonical = canonical_url(url)
        except ValueError:
            self.skip("their link is no web address")
            return
        title = to_line(draft.title, MAX_TITLE)
        longer, base = draft.content or draft.summary, draft.base or url
        if longer == (draft.summary or draft.content):
            summary, summary_html = to_text_and_html(longer, base, MAX_SUMMARY) if longer else ("", "")
        else:
            summary, summary_html = to_text(draft.summary, MAX_SUMMARY), to_html(longer, base)
        self._entries.append(
            Entry(
                source_id=self._source_id,
                guid=_bounded_guid(draft.guid.strip()) or url,
                url=url,
                canonical_url=canonical if len(canonical) <= MAX_URL else url,
                title=title,
                summary=summary,
                summary_html=summary_html,
                authors=_names(draft.authors, MAX_AUTHORS),
                published=draft.published,
                updated=draft.updated,
                tags=_names(draft.tags, MAX_TAGS),
                language=draft.language,
                artifact=draft.artifact,
            )
        )

    def entries(self) -> tuple[Entry, ...]:
        """Return the entries in the order listed, each with a guid of its own.

        Some feeds give every item the same guid, or none and the same link. All that share one
        get it lengthened by what tells them apart, so that the result does not depend on their
        order; only items alike in link, title and date are taken for one.
        """
        shared = {guid for guid, count in Counter(e.guid for e in self._entries).items() if count > 1}
        unique: dict[str, Entry] = {}
        for entry in self._entries:
            if entry.guid in shared:
                entry = replace(entry, guid=f"{entry.guid}#{fingerprint(entry)}")  # noqa: PLW2901
            if entry.guid in unique:
                self.skip("they are listed twice")
            else:
                unique[entry.guid] = entry
        return tuple(unique.values())

    def left_out(self) -> str:
        """Say in words what was left out and why, "" if nothing was. Call it after `entries`."""
        return "; ".join(
            f"{count} left out because {reason}" for reason, count in sorted(self._left_out.items())
        )

    def problem(self) -> Problem | None:
        """Return the warning about what was left out, None if nothing was."""
        words = self.left_out()
        return Problem("left-out", f"Of the items listed, {words}.") if words else None


def fingerprint(entry: Entry) -> str:
    """Return a short hash of what tells an entry apart: link, title and date."""
    return _hash(f"{entry.canonical_url}\n{entry.title}\n{entry.published and entry.published.isoformat()}")


def language_code(tag: object) -> str:
    """Return the ISO 639-1 code of a language tag such as "en-US" or "zh_CN", "" if it is none."""
    match = _LANGUAGE.match(tag) if tag and isinstance(tag, str) else None
    return match[1].lower() if match else ""


def _names(raw: Iterable[str], most: int) -> tuple[str, ...]:
    if not raw:
        return ()
    return tuple(dict.fromkeys(filter(None, (to_line(name, MAX_NAME) for name in raw))))[:most]


def _bounded_guid(guid: str) -> str:
    guid = "".join(guid.split())
    return guid.encode("utf-8", "replace").decode() if len(guid) <= MAX_GUID else f"sha256:{_hash(guid)}"


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:20]

"""Entries into articles: recognised, inserted or updated, a batch at a time.

A batch is what one or several polls brought. What is stored is looked up once for all of it; entries
are then decided in their order, each seeing what those before it did, and written together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.archive.codec import to_plain
from pipeline.archive.rows import chunks, insert_missing, insert_numbered
from pipeline.archive.schema import articles, sightings
from pipeline.archive.search_index import index_articles
from pipeline.archive.tombstones import buried, keys_of
from pipeline.model import Entry, Poll


@dataclass(frozen=True, slots=True)
class SavedPoll:
    """What one poll changed: articles that are new, and known ones whose words changed."""

    added: int
    changed: int


@dataclass(slots=True)
class _Article:
    """An article an entry may be: stored already (``id``), or of this batch (``row``)."""

    source_id: str
    title: str
    summary: str
    text: str = ""
    id: int = 0
    row: dict[str, object] | None = None
    change: dict[str, object] | None = None


@dataclass(slots=True)
class _Batch:
    """What is known of the articles this batch may be about, and what it adds and changes."""

    by_url: dict[str, _Article] = field(default_factory=dict)
    by_guid: dict[tuple[str, str], _Article] = field(default_factory=dict)
    seen: dict[tuple[str, str], tuple[_Article, datetime]] = field(default_factory=dict)
    buried: frozenset[str] = frozenset()

    def recognise(self, entry: Entry) -> _Article | None:
        """The article this entry is, by its URL, else by its guid.

        A guid alone is believed only if the title agrees: some feeds give every item the same one.
        """
        found = self.by_url.get(entry.canonical_url)
        if found is None:
            same = self.by_guid.get((entry.source_id, entry.guid))
            found = same if same is not None and same.title == entry.title else None
        return found

    def sight(self, entry: Entry, article: _Article, now: datetime) -> None:
        """Note that the source lists the article under this guid."""
        key = (entry.source_id, entry.guid)
        if key not in self.seen:
            self.seen[key] = (article, now)
            self.by_guid.setdefault(key, article)


def save_entries(
    tx: sa.Connection, sources: Mapping[str, sa.Row[Any]], polls: Sequence[Poll]
) -> tuple[SavedPoll, ...]:
    """Keep the entries of these polls; ``sources`` are the rows of those polled, by id."""
    cleaned = [[storable(entry) for entry in poll.entries] for poll in polls]
    batch = _load(tx, [entry for entries in cleaned for entry in entries])
    saved: list[SavedPoll] = []
    for poll, entries in zip(polls, cleaned, strict=True):
        fates = [_decide(batch, sources[poll.source_id], entry, poll.at) for entry in entries]
        saved.append(SavedPoll(fates.count("added"), fates.count("changed")))
    _write(tx, batch)
    return tuple(saved)


def _load(tx: sa.Connection, entries: Sequence[Entry]) -> _Batch:
    batch = _Batch()
    columns = (
        articles.c.id,
        articles.c.source_id,
        articles.c.canonical_url,
        articles.c.title,
        articles.c.summary,
    )
    stored: dict[int, _Article] = {}

    def article(r: Any) -> _Article:
        return stored.setdefault(r.id, _Article(r.source_id, r.title, r.summary, id=r.id))

    for urls in chunks(list(dict.fromkeys(e.canonical_url for e in entries))):
        for r in tx.execute(sa.select(*columns).where(articles.c.canonical_url.in_(urls))):
            batch.by_url[r.canonical_url] = article(r)
    strangers = [e for e in entries if e.canonical_url not in batch.by_url]
    batch.buried = buried(tx, strangers)
    unknown: dict[str, dict[str, None]] = {}
    for entry in strangers:
        unknown.setdefault(entry.source_id, {})[entry.guid] = None
    for source_id, guids in unknown.items():
        for chunk in chunks(list(guids)):
            query = (
                sa.select(*columns, sightings.c.guid)
                .join(sightings, sightings.c.article_id == articles.c.id)
                .where(sightings.c.source_id == source_id, sightings.c.guid.in_(chunk))
            )
            for listed in tx.execute(query):
                batch.by_guid[source_id, listed.guid] = article(listed)
    return batch


def _decide(batch: _Batch, source: sa.Row[Any], entry: Entry, now: datetime) -> str:
    """What becomes of one entry: "added", "changed", "known" or "buried"."""
    found = batch.recognise(entry)
    fate = "known"
    if found is None and batch.buried and not batch.buried.isdisjoint(keys_of(entry)):
        return "buried"
    if found is None:
        found = _Article(entry.source_id, entry.title, entry.summary, row=_row(source, entry, now))
        batch.by_url[entry.canonical_url] = found
        fate = "added"
    elif found.source_id == entry.source_id and (found.title, found.summary) != (entry.title, entry.summary):
        _take_over(found, entry)
        fate = "changed"
    batch.sight(entry, found, now)
    return fate


def _row(source: sa.Row[Any], entry: Entry, now: datetime) -> dict[str, object]:
    return {
        "source_id": entry.source_id,
        "canonical_url": entry.canonical_url,
        "url": entry.url,
        "outlet": source.name,
        "category": source.category,
        "organisation": source.organisation,
        "country": source.country,
        "language": entry.language or source.language,
        "title": entry.title,
        "summary": entry.summary,
        "authors": list(entry.authors),
        "tags": list(entry.tags),
        "links": [],
        "artifact": to_plain(entry.artifact) if entry.artifact else None,
        "published": entry.published,
        "updated": entry.updated,
        "first_seen": now,
        "dated": entry.published or now,
        "input_hash": input_hash(entry.title, entry.summary, ""),
    }


def _take_over(article: _Article, entry: Entry) -> None:
    """An edited title or summary; the new words are judged again."""
    article.title, article.summary = entry.title, entry.summary
    change: dict[str, object] = {"title": entry.title, "summary": entry.summary}
    # What the entry does not say leaves what is stored.
    if entry.updated is not None:
        change["updated"] = entry.updated
    if entry.artifact is not None:
        change["artifact"] = to_plain(entry.artifact)
    if article.row is not None:
        article.row |= change | {"input_hash": input_hash(entry.title, entry.summary, "")}
    else:
        article.change = (article.change or {}) | change


def _write(tx: sa.Connection, batch: _Batch) -> None:
    touched = _unique([*batch.by_url.values(), *batch.by_guid.values()])
    new = [a for a in touched if a.row is not None]
    for article, number in zip(
        new, insert_numbered(tx, articles, [a.row for a in new if a.row is not None]), strict=True
    ):
        article.id = number
    changed = {a.id: a for a in touched if a.change is not None}
    for ids in chunks(list(changed)):
        for r in tx.execute(sa.select(articles.c.id, articles.c.text).where(articles.c.id.in_(ids))):
            changed[r.id].text = r.text
    for article in changed.values():
        words = {"input_hash": input_hash(article.title, article.summary, article.text)}
        tx.execute(
            sa.update(articles).where(articles.c.id == article.id).values((article.change or {}) | words)
        )
    index_articles(tx, [a.id for a in new], new=True)
    index_articles(tx, changed)
    insert_missing(
        tx,
        sightings,
        [
            {"source_id": source_id, "guid": guid, "article_id": article.id, "first_seen": at}
            for (source_id, guid), (article, at) in batch.seen.items()
        ],
    )


def _unique(found: Iterable[_Article]) -> list[_Article]:
    return list({id(a): a for a in found}.values())


def storable(entry: Entry) -> Entry:
    """The entry without characters that a database refuses; nearly always the entry itself."""
    fields = ("title", "summary", "guid", "url", "canonical_url", "language")
    changes: dict[str, Any] = {f: kept for f in fields if (kept := plain(v := getattr(entry, f))) != v}
    for name in ("authors", "tags"):
        values = getattr(entry, name)
        if any(plain(v) != v for v in values):
            changes[name] = tuple(plain(v) for v in values)
    return replace(entry, **changes) if changes else entry


def plain(text: str) -> str:
    """Text that can be stored: PostgreSQL keeps no NUL, and neither database half a surrogate pair."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def input_hash(*fields: str) -> str:
    """SHA-256 over what the classifier reads of an article; fields cannot run into each other."""
    digest = hashlib.sha256()
    for text in fields:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()

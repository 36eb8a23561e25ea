"""What gathering reads and writes: sources and their state, entries, article pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa

from pipeline.archive import remembering
from pipeline.archive.database import Database
from pipeline.archive.saving import SavedPoll, input_hash, plain, save_entries
from pipeline.archive.schema import articles, polls, source_states, sources, verdicts
from pipeline.archive.search_index import index_articles
from pipeline.model import (
    ANNOUNCING_KINDS,
    Health,
    Page,
    PageFetch,
    PagePolicy,
    PageRequest,
    Poll,
    PollOutcome,
    Source,
    SourceEvent,
    SourceState,
)

#: Polls remembered for each source; enough to tell a bad hour from a bad month.
POLLS_KEPT = 30
#: A page that failed is tried again at later runs, so often in all; most that fail thrice never come.
PAGE_TRIES = 3
#: Between these, title and summary do not settle it and the page is worth its request.
UNDECIDED = (0.2, 0.9)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source as the last poll left it."""

    source_id: str
    name: str
    polled_at: datetime | None
    problem_code: str
    problem: str
    problem_since: datetime | None
    health: Health = Health.NEW
    health_why: str = ""
    next_at: datetime | None = None


class _Trouble(NamedTuple):
    """What a poll needs to know of those before it."""

    failures: int
    since: datetime | None


class Gathering:
    """The crawler's side of the archive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def sync_sources(self, catalogue: Iterable[Source]) -> None:
        """Make the table agree with the catalogue; sources no longer in it become inactive."""
        with self._db.write() as tx:
            known = set(tx.scalars(sa.select(sources.c.id)))
            tx.execute(sa.update(sources).values(active=False))
            for source in catalogue:
                row = {
                    "name": source.name,
                    "kind": source.kind.value,
                    "url": source.url,
                    "homepage": source.homepage,
                    "category": source.category,
                    "language": source.language,
                    "country": source.country,
                    "organisation": source.organisation,
                    "pages": source.pages.value,
                    "active": True,
                }
                if source.id in known:
                    tx.execute(sa.update(sources).where(sources.c.id == source.id).values(row))
                else:
                    tx.execute(sa.insert(sources).values(id=source.id, **row))

    def states(self) -> Mapping[str, SourceState]:
        """What is remembered of each source, by its id."""
        with self._db.read() as tx:
            return remembering.read_states(tx)

    def events(self, since: datetime) -> tuple[SourceEvent, ...]:
        """Changes of sources' health at or after ``since``, oldest first."""
        with self._db.read() as tx:
            return remembering.read_events(tx, since)

    def waits(self, now: datetime) -> Mapping[str, datetime]:
        """Hosts that have asked to be left alone beyond ``now``, and until when."""
        with self._db.read() as tx:
            return remembering.read_waits(tx, now)

    def keep_waits(self, waits: Mapping[str, datetime]) -> None:
        """Put ``waits`` in the place of those known."""
        with self._db.write() as tx:
            remembering.keep_waits(tx, waits)

    def health(self) -> tuple[SourceHealth, ...]:
        """Active sources with the problem of their last poll, if it had one, by name."""
        with self._db.read() as tx:
            rows = tx.execute(
                sa.select(
                    sources, source_states.c.health, source_states.c.health_why, source_states.c.next_at
                )
                .outerjoin(source_states, source_states.c.source_id == sources.c.id)
                .where(sources.c.active)
                .order_by(sources.c.name, sources.c.id)
            )
            return tuple(
                SourceHealth(
                    r.id,
                    r.name,
                    r.polled_at,
                    r.problem_code,
                    r.problem,
                    r.problem_since,
                    Health(r.health or Health.NEW),
                    r.health_why or "",
                    r.next_at,
                )
                for r in rows
            )

    def save_poll(self, poll: Poll) -> SavedPoll:
        """Keep a poll's entries and what to remember of the source, in one transaction.

        Validators are stored together with the entries they stand for: a kill between the two
        could otherwise make the server answer "unchanged" about entries we never kept.
        """
        return self.save_polls([poll])[0]

    def save_polls(self, batch: Sequence[Poll]) -> tuple[SavedPoll, ...]:
        """Keep several polls, all in one transaction: one wait for the disk instead of one a poll."""
        with self._db.write() as tx:
            asked = {p.source_id for p in batch}
            known = {r.id: r for r in tx.execute(sa.select(sources).where(sources.c.id.in_(asked)))}
            saved = save_entries(tx, known, batch)
            health = {i: _Trouble(r.failures, r.problem_since) for i, r in known.items()}
            updates = [_health(health, poll) for poll in batch]
            update = sa.update(sources).where(sources.c.id == sa.bindparam("of"))
            for _, changes in groupby(_in_few_runs(updates), key=_columns):
                tx.execute(update, list(changes))
            remembering.remember(tx, batch)
            tx.execute(sa.insert(polls), [_line(p, s) for p, s in zip(batch, saved, strict=True)])
            _forget_old_polls(tx, asked)
        return saved

    def page_requests(
        self, policy: PagePolicy = PagePolicy.AUTO, limit: int = 500
    ) -> tuple[PageRequest, ...]:
        """Articles whose page is worth fetching now, newest first.

        A source's own policy counts where the general one is ``auto``.
        """
        if policy is PagePolicy.NEVER:
            return ()
        worth = sa.or_(
            verdicts.c.kind.in_([k.value for k in ANNOUNCING_KINDS]),
            verdicts.c.probability.between(*UNDECIDED),
        )
        wanted = sa.and_(articles.c.artifact.is_(None), worth)
        by_source = sa.or_(
            sources.c.pages == PagePolicy.ALL.value, sa.and_(sources.c.pages == PagePolicy.AUTO.value, wanted)
        )
        query = (
            sa.select(
                articles.c.id, articles.c.url, articles.c.source_id, articles.c.outlet, articles.c.title
            )
            .join(sources, sources.c.id == articles.c.source_id)
            .join(verdicts, verdicts.c.id == articles.c.verdict_id)
            .where(
                articles.c.page_state != "fetched",
                articles.c.page_tries < PAGE_TRIES,
                sa.true() if policy is PagePolicy.ALL else by_source,
            )
            .order_by(articles.c.dated.desc(), articles.c.id.desc())
            .limit(limit)
        )
        with self._db.read() as tx:
            return tuple(PageRequest(r.id, r.url, r.source_id, r.outlet, r.title) for r in tx.execute(query))

    def save_page(self, fetch: PageFetch) -> None:
        """Keep a page's text, or why it could not be had."""
        with self._db.write() as tx:
            row = tx.execute(sa.select(articles).where(articles.c.id == fetch.article_id)).one()
            values: dict[str, object] = {"page_at": fetch.at, "page_tries": row.page_tries + 1}
            text = plain(fetch.page.text) if fetch.page else ""
            if fetch.page is not None:
                values |= _page_values(row, fetch.page, text)
            elif fetch.problem is not None:
                values |= {
                    "page_state": "failed",
                    "page_problem_code": fetch.problem.code,
                    "page_problem": fetch.problem.message,
                }
            tx.execute(sa.update(articles).where(articles.c.id == fetch.article_id).values(values))
            if fetch.page is not None:
                index_articles(tx, [row.id])


def _page_values(row: sa.Row[tuple[object, ...]], page: Page, text: str) -> dict[str, object]:
    published = row.published or page.published
    return {
        "page_state": "fetched",
        "page_problem_code": "",
        "page_problem": "",
        "text": text,
        "authors": row.authors or list(page.authors),
        "language": row.language or page.language,
        "links": list(page.links),
        "image": page.image,
        "published": published,
        "updated": row.updated or page.updated,
        "dated": published or row.first_seen,
        "input_hash": input_hash(row.title, row.summary, text),
    }


def _failed(poll: Poll) -> bool:
    return poll.outcome is PollOutcome.FAILED


def _health(health: dict[str, _Trouble], poll: Poll) -> dict[str, object]:
    """What a source's row says after the poll; ``health`` goes on with it, should it be polled twice."""
    before, failed = health[poll.source_id], _failed(poll)
    after = _Trouble(before.failures + 1, before.since or poll.at) if failed else _Trouble(0, None)
    health[poll.source_id] = after
    problem = poll.problem
    values: dict[str, object] = {
        "of": poll.source_id,
        "polled_at": poll.at,
        "failures": after.failures,
        "problem_code": problem.code if failed and problem else "",
        "problem": problem.message if failed and problem else "",
        "problem_since": after.since,
    }
    if not failed:
        values["ok_at"] = poll.at
    if not failed or poll.state.asked:  # the policy may take validators back after a failure
        values |= {
            "etag": poll.state.etag,
            "last_modified": poll.state.last_modified,
            "body_hash": poll.state.body_hash,
        }
    return values


def _in_few_runs(updates: list[dict[str, object]]) -> list[dict[str, object]]:
    """Those that set the same columns side by side; as they are if a source was polled twice."""
    if len({u["of"] for u in updates}) < len(updates):
        return updates
    return sorted(updates, key=_columns)


def _columns(update: dict[str, object]) -> tuple[bool, bool]:
    return "ok_at" in update, "etag" in update


def _line(poll: Poll, saved: SavedPoll) -> dict[str, object]:
    return {
        "source_id": poll.source_id,
        "at": poll.at,
        "outcome": poll.outcome.value,
        "status": poll.status,
        "entries": len(poll.entries),
        "added": saved.added,
        "seconds": poll.seconds,
        "problem_code": poll.problem.code if poll.problem else "",
        "problem": poll.problem.message if poll.problem else "",
    }


def _forget_old_polls(tx: sa.Connection, source_ids: Iterable[str]) -> None:
    of = sa.bindparam("of", type_=sa.Text)
    oldest = (
        sa.select(polls.c.id)
        .where(polls.c.source_id == of)
        .order_by(polls.c.id.desc())
        .limit(1)
        .offset(POLLS_KEPT)
        .scalar_subquery()
    )
    old = sa.delete(polls).where(polls.c.source_id == of, polls.c.id <= oldest)
    tx.execute(old, [{"of": source_id} for source_id in sorted(source_ids)])

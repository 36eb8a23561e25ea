"""Editions and the ledger of their deliveries.

An edition is decided and stored whole before anything is sent; each delivery then moves
pending -> sending -> sent | failed | unknown, a transaction on either side of the send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipeline.archive.codec import from_json, to_json
from pipeline.archive.database import Database
from pipeline.archive.schema import deliveries, edition_stories, editions
from pipeline.model import ArchiveError, Delivery, DeliveryState, Digest


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A delivery and the edition it is of."""

    delivery: Delivery
    subscription: str
    slot: str  # "daily:2026-11-23"
    permanent: bool  # failed for good: it is not tried again


@dataclass(frozen=True, slots=True)
class LastEdition:
    """A subscription's newest edition and how many of its deliveries arrived."""

    slot: str
    until: datetime
    stories: int
    sent: int
    deliveries: int


_OUTSTANDING = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.FAILED)


class Editions:
    """Decided editions, and who has had which."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, subscription: str, slot: str) -> tuple[int, Digest] | None:
        """The edition of a slot, with its id; None if it has not been decided."""
        query = sa.select(editions.c.id, editions.c.digest).where(
            editions.c.subscription == subscription, editions.c.slot == slot
        )
        with self._db.read() as tx:
            row = tx.execute(query).one_or_none()
        return (row.id, from_json(Digest, row.digest)) if row else None

    def last_until(self, subscription: str, kind: str, before: datetime) -> datetime | None:
        """Where this subscription's previous edition of that kind ended, None if there was none."""
        query = sa.select(sa.func.max(editions.c.until)).where(
            editions.c.subscription == subscription,
            editions.c.slot.startswith(f"{kind}:"),
            editions.c.until < before,
        )
        with self._db.read() as tx:
            found: datetime | None = tx.scalar(query)
            return found

    def last(self, subscription: str) -> LastEdition | None:
        """A subscription's newest edition, None if it has had none."""
        query = (
            sa.select(editions.c.id, editions.c.slot, editions.c.until)
            .where(editions.c.subscription == subscription)
            .order_by(editions.c.until.desc(), editions.c.id.desc())
            .limit(1)
        )
        with self._db.read() as tx:
            row = tx.execute(query).one_or_none()
            if row is None:
                return None
            states = list(tx.scalars(sa.select(deliveries.c.state).where(deliveries.c.edition_id == row.id)))
            stories = tx.scalar(
                sa.select(sa.func.count())
                .select_from(edition_stories)
                .where(edition_stories.c.edition_id == row.id)
            )
        sent = states.count(DeliveryState.SENT.value)
        return LastEdition(row.slot, row.until, int(stories or 0), sent, len(states))

    def sent_stories(self, subscription: str) -> frozenset[int]:
        """Stories that an edition of this subscription has carried."""
        query = (
            sa.select(edition_stories.c.story_id)
            .join(editions, editions.c.id == edition_stories.c.edition_id)
            .where(editions.c.subscription == subscription)
        )
        with self._db.read() as tx:
            return frozenset(tx.scalars(query))

    def decide(self, digest: Digest, recipients: Sequence[tuple[str, str]], now: datetime) -> int:
        """Store an edition and a pending delivery for each (channel, recipient); gives its id.

        If the slot was decided already, that edition stands and only recipients it lacks are added.
        """
        with self._db.write() as tx:
            found = tx.scalar(
                sa.select(editions.c.id).where(
                    editions.c.subscription == digest.subscription, editions.c.slot == digest.slot
                )
            )
            edition_id = int(found) if found is not None else _insert_edition(tx, digest, now)
            known = {
                (r.channel, r.recipient)
                for r in tx.execute(sa.select(deliveries).where(deliveries.c.edition_id == edition_id))
            }
            for channel, recipient in recipients:
                if (channel, recipient) not in known:
                    tx.execute(
                        sa.insert(deliveries).values(
                            edition_id=edition_id,
                            channel=channel,
                            recipient=recipient,
                            state=DeliveryState.PENDING.value,
                            updated_at=now,
                        )
                    )
            return edition_id


def _insert_edition(tx: sa.Connection, digest: Digest, now: datetime) -> int:
    result = tx.execute(
        sa.insert(editions).values(
            subscription=digest.subscription,
            slot=digest.slot,
            since=digest.since,
            until=digest.until,
            digest=to_json(digest),
            created_at=now,
        )
    )
    assert result.inserted_primary_key is not None
    edition_id = int(result.inserted_primary_key[0])
    for story in (*digest.stories, *digest.reversals):
        tx.execute(sa.insert(edition_stories).values(edition_id=edition_id, story_id=story.id))
    return edition_id


class Ledger:
    """The deliveries' book; satisfies ``alerts.deliver.Ledger``."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def outstanding(self) -> tuple[Delivery, ...]:
        """Deliveries that are not finished, oldest edition first; refused-for-good ones left out."""
        query = (
            sa.select(deliveries)
            .where(deliveries.c.state.in_([s.value for s in _OUTSTANDING]), sa.not_(deliveries.c.permanent))
            .order_by(deliveries.c.edition_id, deliveries.c.id)
        )
        with self._db.read() as tx:
            return tuple(_delivery(r) for r in tx.execute(query))

    def all(self, limit: int = 200) -> tuple[Delivery, ...]:
        """The newest lines of the ledger, newest first."""
        return tuple(line.delivery for line in self.lines(limit=limit))

    def lines(
        self, *, limit: int = 200, state: DeliveryState | None = None, channel: str = ""
    ) -> tuple[LedgerLine, ...]:
        """The newest lines with the edition each is of, newest first; of one state or channel if given."""
        query = (
            sa.select(deliveries, editions.c.subscription, editions.c.slot)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .order_by(deliveries.c.id.desc())
            .limit(limit)
        )
        if state is not None:
            query = query.where(deliveries.c.state == state.value)
        if channel:
            query = query.where(deliveries.c.channel == channel)
        with self._db.read() as tx:
            return tuple(
                LedgerLine(_delivery(r), r.subscription, r.slot, bool(r.permanent)) for r in tx.execute(query)
            )

    def digest(self, edition_id: int) -> Digest:
        """The edition a delivery carries; ArchiveError if it is gone."""
        with self._db.read() as tx:
            text = tx.scalar(sa.select(editions.c.digest).where(editions.c.id == edition_id))
        if text is None:
            raise ArchiveError("this edition is not in the archive.", about=f"edition {edition_id}")
        return from_json(Digest, text)

    def sending(self, delivery_id: int, message_id: str, at: datetime) -> None:
        """Note that a send begins: after a kill we know that it may have gone out."""
        self._set(
            delivery_id,
            at,
            state=DeliveryState.SENDING.value,
            message_id=message_id,
            attempts=deliveries.c.attempts + 1,
            error="",
        )

    def part_sent(self, delivery_id: int, parts: int, at: datetime) -> None:
        """Note that the first ``parts`` messages of a split post were taken."""
        self._set(delivery_id, at, parts_sent=parts)

    def sent(self, delivery_id: int, at: datetime) -> None:
        """Note that it was taken."""
        self._set(delivery_id, at, state=DeliveryState.SENT.value, error="")

    def failed(self, delivery_id: int, error: str, permanent: bool, at: datetime) -> None:
        """Note that it was certainly not taken; permanent ones are not tried again."""
        self._set(delivery_id, at, state=DeliveryState.FAILED.value, error=error, permanent=permanent)

    def unknown(self, delivery_id: int, error: str, at: datetime) -> None:
        """Note that it may or may not have been taken."""
        self._set(delivery_id, at, state=DeliveryState.UNKNOWN.value, error=error)

    def _set(self, delivery_id: int, at: datetime, **values: object) -> None:
        with self._db.write() as tx:
            tx.execute(
                sa.update(deliveries).where(deliveries.c.id == delivery_id).values(updated_at=at, **values)
            )


def _delivery(r: sa.Row[tuple[object, ...]]) -> Delivery:
    return Delivery(
        id=r.id,
        edition_id=r.edition_id,
        channel=r.channel,
        recipient=r.recipient,
        state=DeliveryState(r.state),
        attempts=r.attempts,
        parts_sent=r.parts_sent,
        message_id=r.message_id,
        error=r.error,
        updated_at=r.updated_at,
    )

"""What was pruned stays away: an entry is known by the hash of its address, or of its guid and title."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from pipeline.archive.rows import chunks
from pipeline.archive.schema import tombstones
from pipeline.model import Entry

#: 128 bits: among a billion addresses two that collide are as likely as a coin that lands on its edge twice.
_HEX_DIGITS = 32


def address_key(canonical_url: str) -> str:
    """The key of an article's address."""
    return _hash("url", canonical_url)


def guid_key(source_id: str, guid: str, title: str) -> str:
    """The key of an entry as its source lists it; a guid is believed only together with its title."""
    return _hash("guid", source_id, guid, title)


def keys_of(entry: Entry) -> tuple[str, str]:
    """Either of these says that the entry was here and was pruned."""
    return address_key(entry.canonical_url), guid_key(entry.source_id, entry.guid, entry.title)


def buried(tx: sa.Connection, entries: Sequence[Entry]) -> frozenset[str]:
    """Those keys of these entries that have a tombstone."""
    if not entries or tx.scalar(sa.select(tombstones.c.key).limit(1)) is None:
        return frozenset()  # an archive that was never pruned hashes nothing
    return frozenset(_found(tx, list(dict.fromkeys(key for entry in entries for key in keys_of(entry)))))


def _found(tx: sa.Connection, keys: Sequence[str]) -> Iterable[str]:
    for chunk in chunks(keys):
        yield from tx.scalars(sa.select(tombstones.c.key).where(tombstones.c.key.in_(chunk)))


def _hash(*parts: str) -> str:
    raw = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(raw).hexdigest()[:_HEX_DIGITS]

"""What the polling policy remembers of each source, and the changes of health that come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.archive.schema import host_waits, source_events, source_states, sources
from pipeline.model import Health, Poll, SourceEvent, SourceState

#: Events remembered for each source: years for most, months for one that is down every other day.
EVENTS_KEPT = 100

_COLUMNS = tuple(column.name for column in source_states.c if column.name != "source_id")


def read_states(tx: sa.Connection) -> Mapping[str, SourceState]:
    """What is remembered of every source, by its id."""
    query = sa.select(
        sources.c.id,
        sources.c.etag,
        sources.c.last_modified,
        sources.c.body_hash,
        sources.c.failures,
        *(source_states.c[name] for name in _COLUMNS),
    ).select_from(sources.outerjoin(source_states, source_states.c.source_id == sources.c.id))
    states = {}
    for id_, etag, last_modified, body_hash, failures, *more in tx.execute(query):
        values: dict[str, Any] = dict(zip(_COLUMNS, more, strict=True))
        if values["health"] is None:  # not polled since the table was made
            values = {}
        else:
            values["health"] = Health(values["health"])
        states[id_] = SourceState(etag, last_modified, body_hash, failures, **values)
    return states


def remember(tx: sa.Connection, batch: Sequence[Poll]) -> None:
    """Keep what ``batch`` left to remember, and a line for each source whose health it changed.

    Polls without a decision of the policy (`SourceState.asked`) leave what is known as it is.
    """
    decided = [poll for poll in batch if poll.state.asked]
    if not decided:
        return
    ids = sorted({poll.source_id for poll in decided})
    query = sa.select(source_states.c.source_id, source_states.c.health)
    rows = tx.execute(query.where(source_states.c.source_id.in_(ids)))
    known: dict[str, str] = {row.source_id: row.health for row in rows}
    new = [id_ for id_ in ids if id_ not in known]
    last = {poll.source_id: poll for poll in decided}
    if new:
        tx.execute(sa.insert(source_states), [{"source_id": i, **_values(last[i].state)} for i in new])
    old = [{"of": i, **_values(last[i].state)} for i in ids if i in known]
    if old:
        tx.execute(sa.update(source_states).where(source_states.c.source_id == sa.bindparam("of")), old)
    events = []
    for poll in decided:
        before, after = known.get(poll.source_id, Health.NEW.value), poll.state.health.value
        if before != after:
            events.append(
                {
                    "source_id": poll.source_id,
                    "at": poll.at,
                    "before": before,
                    "after": after,
                    "why": poll.state.health_why,
                }
            )
        known[poll.source_id] = after
    if events:
        tx.execute(sa.insert(source_events), events)
        _forget_old_events(tx, sorted({str(event["source_id"]) for event in events}))


def read_events(tx: sa.Connection, since: datetime) -> tuple[SourceEvent, ...]:
    """Changes of health at or after ``since``, oldest first; a new source that answers is none."""
    query = (
        sa.select(source_events, sources.c.name)
        .join(sources, sources.c.id == source_events.c.source_id)
        .where(
            source_events.c.at >= since,
            sa.not_(sa.and_(source_events.c.before == Health.NEW, source_events.c.after == Health.HEALTHY)),
        )
        .order_by(source_events.c.at, source_events.c.id)
    )
    return tuple(
        SourceEvent(row.source_id, row.name, row.at, Health(row.before), Health(row.after), row.why)
        for row in tx.execute(query)
    )


def read_waits(tx: sa.Connection, now: datetime) -> Mapping[str, datetime]:
    """Hosts that have asked to be left alone beyond ``now``, and until when."""
    rows = tx.execute(sa.select(host_waits).where(host_waits.c.until > now))
    return {row.host: row.until for row in rows}


def keep_waits(tx: sa.Connection, waits: Mapping[str, datetime]) -> None:
    """Put ``waits`` in the place of those known."""
    tx.execute(sa.delete(host_waits))
    if waits:
        tx.execute(sa.insert(host_waits), [{"host": h, "until": at} for h, at in sorted(waits.items())])


def _values(state: SourceState) -> dict[str, object]:
    names = {field.name for field in fields(SourceState)}
    assert names.issuperset(_COLUMNS)
    return {name: getattr(state, name) for name in _COLUMNS} | {"health": state.health.value}


def _forget_old_events(tx: sa.Connection, source_ids: Sequence[str]) -> None:
    of = sa.bindparam("of", type_=sa.Text)
    oldest = (
        sa.select(source_events.c.id)
        .where(source_events.c.source_id == of)
        .order_by(source_events.c.id.desc())
        .limit(1)
        .offset(EVENTS_KEPT)
        .scalar_subquery()
    )
    old = sa.delete(source_events).where(source_events.c.source_id == of, source_events.c.id <= oldest)
    tx.execute(old, [{"of": source_id} for source_id in source_ids])

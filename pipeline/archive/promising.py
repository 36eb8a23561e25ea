"""Promises and what became of them: opened from planned stories, settled by later ones or by time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.rows import load_stories
from pipeline.archive.schema import promises, stories
from pipeline.archive.search_index import index_stories, unindex_stories
from pipeline.model import Kind, Promise, PromiseState
from pipeline.promises import match_release, open_promise, refreshed, settle

#: A release may be reported a little before the promise's own story is; see pipeline.promises.
_OVERLAP = timedelta(days=1)
_UNSETTLED = (PromiseState.OPEN.value, PromiseState.OVERDUE.value)


class Promising:
    """The promise keeper's side of the archive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def settle(self, now: datetime) -> None:
        """Bring every promise up to date, in one transaction; doing it again changes nothing."""
        with self._db.write() as tx:
            opened = _open_new(tx, now)
            unsettled = before = {p.id: p for p in _load(tx, promises.c.state.in_(_UNSETTLED))}
            if not unsettled:
                return
            planned = load_stories(tx, [p.story_id for p in unsettled.values()])
            unsettled = {i: refreshed(p, planned[p.story_id]) for i, p in unsettled.items()}
            earliest = min(p.said_at for p in unsettled.values()) - _OVERLAP
            for story in load_stories(tx, _answering(tx, earliest)).values():
                answered = match_release(unsettled.values(), story)
                if answered is not None:
                    unsettled[answered] = settle(unsettled[answered], story, now)
            changed = set(opened)
            for promise in unsettled.values():
                settled = settle(promise, None, now)
                if settled != before[promise.id]:
                    _save(tx, settled)
                    changed.add(promise.story_id)
            index_stories(tx, sorted(changed))

    def changed_between(self, since: datetime, until: datetime) -> tuple[Promise, ...]:
        """Promises made, kept, broken or withdrawn in the period, latest change first."""
        with self._db.read() as tx:
            return _load(tx, sa.and_(promises.c.changed_at > since, promises.c.changed_at <= until))


def _open_new(tx: sa.Connection, now: datetime) -> list[int]:
    """A promise for each planned story that has none; one whose story is planned no more goes.

    Gives the stories whose promise is new.
    """
    gone = tx.scalars(
        sa.select(promises.c.id).where(
            promises.c.story_id.in_(sa.select(stories.c.id).where(stories.c.stage != Kind.PLANNED.value)),
            promises.c.state.in_(_UNSETTLED),
        )
    ).all()
    if gone:
        unindex_stories(tx, (), gone)
        tx.execute(sa.delete(promises).where(promises.c.id.in_(gone)))
    missing = (
        sa.select(stories.c.id)
        .outerjoin(promises, promises.c.story_id == stories.c.id)
        .where(stories.c.stage == Kind.PLANNED.value, promises.c.id.is_(None))
        .order_by(stories.c.first_dated, stories.c.id)
    )
    planned = load_stories(tx, list(tx.scalars(missing)))
    for story_id, story in planned.items():
        promise = open_promise(0, story, now)
        tx.execute(sa.insert(promises).values(story_id=story_id, **_values(promise)))
    return list(planned)


def _answering(tx: sa.Connection, since: datetime) -> Sequence[int]:
    query = (
        sa.select(stories.c.id)
        .where(
            stories.c.stage.in_([Kind.RELEASED.value, Kind.REVERSED.value]),
            stories.c.first_dated >= since,
        )
        .order_by(stories.c.first_dated, stories.c.id)
    )
    return list(tx.scalars(query))


def _load(tx: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[Promise, ...]:
    rows = tx.execute(
        sa.select(promises).where(condition).order_by(promises.c.changed_at.desc(), promises.c.id.desc())
    )
    return tuple(
        Promise(
            id=r.id,
            story_id=r.story_id,
            who=tuple(r.who),
            what=tuple(r.what),
            said_at=r.said_at,
            due=r.due,
            state=PromiseState(r.state),
            quote=r.quote,
            url=r.url,
            outlet=r.outlet,
            changed_at=r.changed_at,
            kept_by=r.kept_by,
        )
        for r in rows
    )


def _values(promise: Promise) -> dict[str, object]:
    return {
        "who": list(promise.who),
        "what": list(promise.what),
        "said_at": promise.said_at,
        "due": promise.due,
        "state": promise.state.value,
        "quote": promise.quote,
        "url": promise.url,
        "outlet": promise.outlet,
        "changed_at": promise.changed_at,
        "kept_by": promise.kept_by,
    }


def _save(tx: sa.Connection, promise: Promise) -> None:
    tx.execute(sa.update(promises).where(promises.c.id == promise.id).values(_values(promise)))

"""Searching the archive: pages of what fits, newest first or by relevance, and how many there are."""

# ruff: noqa: S608 - SQL is put together from names of ours alone; every value is bound.
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.query_keys import KEYS, Form, Of
from pipeline.archive.query_tree import Not, Query
from pipeline.archive.search_groups import Group, grouped
from pipeline.archive.search_plan import Planner
from pipeline.archive.search_rank import ranked
from pipeline.archive.search_rows import load
from pipeline.archive.search_sql import COLUMNS, Arm, only_words
from pipeline.archive.search_values import Values, suggestion
from pipeline.archive.sort_key import ID_MASK
from pipeline.model import QueryError

T = TypeVar("T")


class Sort(StrEnum):
    """In which order hits come."""

    NEWEST = "newest"
    RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the rows found. ``after`` asks for those that follow; "" on the last page."""

    rows: tuple[T, ...]
    after: str = ""


#: Where a page ended: the sort key and, where that does not tell, the row; or a rank. In base 36.
_CURSOR = re.compile(r"n(-?[0-9a-z]{1,13})(?:\.([0-9a-z]{1,13}))?|r(\d{1,6})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Searching:
    """The reader's side of the archive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def page(
        self, query: Query, of: Of = Of.ARTICLE, *, limit: int = 50, after: str = "", sort: Sort = Sort.NEWEST
    ) -> Page[Any]:
        """Rows that fit: Hit, FoundAnnouncement, FoundStory or FoundPromise.

        ``after`` is a former page's; what came in since then moves nothing. Raises QueryError.
        """
        usable(query, of)
        if sort is Sort.RELEVANCE and not any(only_words(p) and not isinstance(p, Not) for p in query.parts):
            sort = Sort.NEWEST  # without words nothing is more relevant than anything else
        with self._db.read() as tx:
            if sort is Sort.RELEVANCE:
                return self._ranked(tx, query, of, limit, after)
            last = _last(after)
            rows = find(tx, query, of, limit + 1, last)
            ids = [row_id for _, row_id in rows[:limit]]
            more = _cursor(*rows[limit - 1]) if len(rows) > limit else ""
            return Page(tuple(load(tx, of, ids)), more)

    def count(self, query: Query, of: Of = Of.ARTICLE) -> int:
        """How many fit."""
        usable(query, of)
        with self._db.read() as tx:
            sql, values = everything(tx, query, of)
            return tx.scalar(sa.text(f"SELECT count(*) FROM ({sql}) AS found"), values) or 0

    def group(self, query: Query, by: str, of: Of = Of.ARTICLE) -> tuple[Group, ...]:
        """How many fit by value, largest first, or by time, oldest first. Raises QueryError."""
        usable(query, of)
        with self._db.read() as tx:
            return grouped(tx, of, by, *everything(tx, query, of))

    def suggestions(self, query: Query, of: Of = Of.ARTICLE) -> tuple[str, ...]:
        """For filters whose value occurs nowhere in the archive: what may have been meant, in words."""
        with self._db.read() as tx:
            values = Values(tx)
            return tuple(
                line
                for key, spec in KEYS.items()
                if spec.form in (Form.NAME, Form.PART, Form.FAMILY)
                for found in query.filters(key)
                for value in found.values
                if (line := suggestion(values, of, key, value, column=of is Of.ARTICLE and key in COLUMNS))
            )

    def _ranked(self, tx: sa.Connection, query: Query, of: Of, limit: int, after: str) -> Page[Any]:
        start = _rank(after)
        ids = ranked(tx, query, of, find)
        shown = ids[start : start + limit]
        more = f"r{start + limit}" if len(ids) > start + limit else ""
        return Page(tuple(load(tx, of, shown)), more)


def usable(query: Query, of: Of) -> None:
    """Refuse filters that mean nothing for what is asked for. Raises QueryError."""
    for key, spec in KEYS.items():
        if of not in spec.of and query.filters(key):
            known = ", ".join(k for k, s in KEYS.items() if of in s.of)
            raise QueryError(f"{of.value} has no {key}:", about=f"{key}:", cure=f"There are {known}.")


def find(
    tx: sa.Connection, query: Query, of: Of, limit: int, last: tuple[int, int] | None = None
) -> list[tuple[int, int]]:
    """The newest rows that fit, below ``last``, as sort key and row."""
    sql, values = newest(tx, query, of, limit, last)
    rows = tx.execute(sa.text(sql), values).all()
    return list(dict.fromkeys((r[0], r[1]) for r in rows))[:limit]


def newest(
    tx: sa.Connection, query: Query, of: Of, limit: int, last: tuple[int, int] | None = None
) -> tuple[str, Mapping[str, Any]]:
    """The SQL for the newest rows that fit, and its values."""
    planner = Planner(tx, query, of)
    arms = planner.arms(limit)
    # A row found by several arms comes from each; with as many of each, enough different ones remain.
    parts = [_select(arm, limit, planner, last) for arm in arms]
    if len(parts) == 1:
        return parts[0], planner.values
    union = " UNION ALL ".join(f"SELECT * FROM ({part}) AS a{i}" for i, part in enumerate(parts))
    return f"{union} ORDER BY 1 DESC, 2 DESC LIMIT {limit * len(arms)}", planner.values


def everything(tx: sa.Connection, query: Query, of: Of) -> tuple[str, Mapping[str, Any]]:
    """The SQL for all rows that fit, each once, in no order."""
    planner = Planner(tx, query, of)
    arms = planner.arms(float("inf"))
    parts = [
        f"SELECT {a.key} AS sort_key, {a.row} AS row_id FROM {_source(a, planner)} WHERE {_where(a, *a.via)}"
        for a in arms
    ]
    alone = len(parts) == 1 and arms[0].ordered
    return parts[0] if alone else " UNION ".join((*parts, parts[0])), planner.values


def _join(planner: Planner) -> str:
    return "CROSS JOIN" if planner.sqlite else "JOIN"  # SQLite then reads the left side first


def _source(arm: Arm, planner: Planner) -> str:
    if not arm.via:
        return arm.source
    join = _join(planner)
    return f"search_words w {join} {arm.source} ON {arm.key} = {planner.compiler.words_key}"


def _select(arm: Arm, limit: int, planner: Planner, last: tuple[int, int] | None) -> str:
    source = arm.source
    if last is not None:
        key, row = (planner.compiler.bind(v) for v in last)
        arm = arm.but(f"{arm.key} < {key}" if arm.words else f"({arm.key}, {arm.row}) < ({key}, {row})")
    if arm.via:
        # The newest articles with the words that lead to a row; then the rows of those articles.
        entry = planner.compiler.words_key
        below = (f"{entry} <= {key}",) if last is not None else ()
        source = (
            f"(SELECT {entry} AS k FROM search_words w WHERE {' AND '.join((*arm.via, *below))} AND EXISTS"
            f" (SELECT 1 FROM {arm.source} WHERE {_where(arm)} AND {arm.key} = {entry})"
            f" ORDER BY {entry} DESC LIMIT {limit}) AS w {_join(planner)} {arm.source} ON {arm.key} = w.k"
        )
    # FTS5 has its rows in this order only if nothing else is asked for.
    order = f"{arm.key} DESC" if arm.words else f"{arm.key} DESC, {arm.row} DESC"
    distinct = "" if arm.ordered else "DISTINCT "
    return (
        f"SELECT {distinct}{arm.key} AS sort_key, {arm.row} AS row_id FROM {source}"
        f" WHERE {_where(arm)} ORDER BY {order} LIMIT {limit}"
    )


def _where(arm: Arm, *further: str) -> str:
    return " AND ".join((*further, *arm.conditions)) or "1 = 1"


def _cursor(key: int, row: int) -> str:
    return f"n{_base36(key)}" + (f".{_base36(row)}" if row != key & ID_MASK else "")


def _base36(number: int) -> str:
    digits, rest = "", abs(number)
    while rest or not digits:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return f"-{digits}" if number < 0 else digits


def _last(after: str) -> tuple[int, int] | None:
    if not after:
        return None
    found = _CURSOR.fullmatch(after)
    if found is None or found.group(1) is None:
        raise QueryError("this is no place to go on from.", about=after, cure="Take it from the page before.")
    key = int(found.group(1), 36)
    return key, int(found.group(2), 36) if found.group(2) else key & ID_MASK


def _rank(after: str) -> int:
    if not after:
        return 0
    found = _CURSOR.fullmatch(after)
    if found is None or found.group(3) is None:
        raise QueryError("this is no place to go on from.", about=after, cure="Take it from the page before.")
    return int(found.group(3))

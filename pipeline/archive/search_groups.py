# ruff: noqa: S608 - SQL is put together from names of ours alone; every value is bound.
"""Counting what fits by a value or by time: licences, makers, weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipeline.archive.query_keys import KEYS, Form, Of
from pipeline.archive.search_sql import COLUMNS
from pipeline.archive.sort_key import ID_BITS
from pipeline.model import QueryError

#: Groups by time, and what a day is called in them.
TIMES: dict[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "week": lambda d: f"{d.isocalendar().year}-W{d.isocalendar().week:02d}",
    "month": lambda d: f"{d:%Y-%m}",
    "year": lambda d: f"{d:%Y}",
}
#: Groups by value: every filter that names something.
VALUES = tuple(
    k for k, s in KEYS.items() if s.form in (Form.NAME, Form.PART, Form.FAMILY, Form.CHOICE, Form.ID)
)
BY = (*VALUES, *TIMES)


@dataclass(frozen=True, slots=True)
class Group:
    """How many rows have one value, written as it was found."""

    label: str
    count: int


def grouped(tx: sa.Connection, of: Of, by: str, found: str, values: Mapping[str, Any]) -> tuple[Group, ...]:
    """Counts by value, largest first, or by time, oldest first.

    ``found`` is the SQL that gives ``sort_key, row_id`` of all rows, ``values`` what is bound in
    it. A row with several makers counts for each; one with none, for none. Raises QueryError.
    """
    if by in TIMES:
        return _by_time(tx, by, found, values)
    if by not in VALUES or of not in KEYS[by].of:
        known = ", ".join((*(v for v in VALUES if of in KEYS[v].of), *TIMES))
        raise QueryError("this is nothing to group by.", about=by, cure=f"There are {known}.")
    if of is Of.ARTICLE and by in COLUMNS:
        sql = (
            f"SELECT x.{by}, count(*) FROM ({found}) AS found JOIN search_articles x"
            f" ON x.sort_key = found.sort_key WHERE x.{by} <> '' GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return tuple(Group(r[0], r[1]) for r in tx.execute(sa.text(sql), dict(values)))
    sql = (
        f"SELECT g.value, max(g.label), count(*) FROM ({found}) AS found JOIN search_facts g ON g.of = :g_of"
        " AND g.row_id = found.row_id AND g.key = :g_key WHERE g.label IS NOT NULL"
        " GROUP BY 1 ORDER BY 3 DESC, 1"
    )
    rows = tx.execute(sa.text(sql), {**values, "g_of": of.value, "g_key": by})
    return tuple(Group(r[1], r[2]) for r in rows)


def _by_time(tx: sa.Connection, by: str, found: str, values: Mapping[str, Any]) -> tuple[Group, ...]:
    day = f"(found.sort_key >> {ID_BITS}) / 86400"
    sql = f"SELECT {day}, count(*) FROM ({found}) AS found GROUP BY 1 ORDER BY 1"
    counted: Counter[str] = Counter()
    days = tx.execute(sa.text(sql), dict(values)).all()
    if days:
        # Times without any are groups too: a gap in a chart over time must be seen.
        first, last = (_date(days[i][0]) for i in (0, -1))
        if (last - first).days <= 366 * 20:
            for n in range((last - first).days + 1):
                counted[TIMES[by](first + timedelta(days=n))] += 0
    for number, count in days:
        counted[TIMES[by](_date(number))] += count
    return tuple(Group(label, count) for label, count in sorted(counted.items()))


def _date(day: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(day))).date()

"""Which values there are in the database: what a beginning stands for, and what may have been meant."""

# ruff: noqa: S608 - SQL is put together from names of ours alone; every value is bound.
from __future__ import annotations

import difflib

import sqlalchemy as sa

from pipeline.archive.query_keys import KEYS, Form, Of, fold
from pipeline.archive.query_tree import Value
from pipeline.archive.search_facts import indexed
from pipeline.archive.search_sql import COLUMNS, LAST, MAX_ARMS, start_of


class Values:
    """Which values there are in the database: the compiler's resolver."""

    def __init__(self, tx: sa.Connection) -> None:
        self._tx = tx

    def values(self, of: Of, key: str, value: Value, *, column: bool) -> list[str] | None:
        """Those that begin as asked; None if there are too many to name."""
        start = start_of(key, value)
        if start is None:
            return []
        if column:
            low = start if key != "outlet" else ""
            found = self.distinct(of, key, low, low + LAST, column=True)
            return [v for v in found if any(text.startswith(start) for text, _ in indexed(key, v))]
        if KEYS[key].form is Form.FAMILY and value.op != "^":
            own = self.distinct(of, key, start, start + "\x01", column=False)
            found = own + self.distinct(
                of, key, f"{start}-", f"{start}-{LAST}", column=False, limit=MAX_ARMS + 1
            )
        else:
            found = self.distinct(of, key, start, start + LAST, column=False, limit=MAX_ARMS + 1)
        return found if len(found) <= MAX_ARMS else None

    def distinct(
        self, of: Of, key: str, low: str, high: str, *, column: bool, limit: int = 5_000
    ) -> list[str]:
        """The values between two, each once, jumping from one to the next in the index."""
        if column:
            assert key in COLUMNS
            table, name, where = "search_articles", key, ""
        else:
            table, name, where = "search_facts", "value", "of = :of AND key = :key AND "
        statement = sa.text(
            f"WITH RECURSIVE v(x) AS (SELECT min({name}) FROM {table} WHERE {where}{name} >= :low AND {name} < :high"
            f" UNION ALL SELECT (SELECT min({name}) FROM {table} WHERE {where}{name} > v.x AND {name} < :high)"
            " FROM v WHERE v.x IS NOT NULL) SELECT x FROM v WHERE x IS NOT NULL LIMIT :most"
        )
        bound = {"of": of.value, "key": key} if not column else {}
        return list(self._tx.scalars(statement, {**bound, "low": low, "high": high, "most": limit}))


def suggestion(values: Values, of: Of, key: str, value: Value, *, column: bool) -> str:
    """For a value that occurs nowhere, a sentence that says so, with the nearest one; "" for one that does."""
    ranged = value.op == "^" or KEYS[key].form in (Form.PART, Form.FAMILY)
    start = start_of(key, value) or ""
    found = (
        values.values(of, key, value, column=column)
        if ranged
        else values.distinct(of, key, start, start + "\x01", column=column)
    )
    if found is None or found:
        return ""
    known = values.distinct(of, key, "", LAST, column=column)
    folded = {fold(v): v for v in known}
    near = difflib.get_close_matches(fold(value.text), folded, n=1, cutoff=0.6)
    asked = f"{key}:{value.text}{'*' if value.op == '^' else ''}"
    return f"Nothing here has {asked}." + (f" Did you mean {key}:{_quoted(folded[near[0]])}?" if near else "")


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value

"""Which part of a query is the way in, and which are tests on what comes in.

Newest first, a common word is read from the word index's newest end until enough rows fit; a
rare maker's few articles are read whole, and each is asked whether it has the word. Which is
cheaper depends on how many rows each part has and how soon they fit the others: both are
estimated from the newest two hundred rows of each part, a fraction of a millisecond.
"""

# ruff: noqa: S608 - SQL is put together from names of ours alone; every value is bound.
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import sqlalchemy as sa

from pipeline.archive.query_keys import KEYS, Form, Of
from pipeline.archive.query_tree import And, Filter, Node, Not, Query
from pipeline.archive.search_sql import Arm, Compiler, match, only_words
from pipeline.archive.search_values import Values

#: Rows looked at to estimate a part.
SAMPLE = 200
#: Rows counted of a part that no index has in order.
COUNTED = 2_000
#: Microseconds, measured with SQLite on 300,000 articles: a row read from an index, and from the
#: word index; a test of a filter; an entry of a list made of all rows with a word, and looking a
#: row up in it; asking the word index about one row, and for each word of the question again.
_ROW, _WORD_ROW, _TEST, _LISTED, _LISTED_TEST, _ASKED, _ASKED_WORD = 1.0, 0.3, 2.5, 1.7, 0.5, 30.0, 70.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a query, with the ways in it offers (none: it can only be a test)."""

    node: Node
    arms: tuple[Arm, ...] = ()
    matched: str = ""  # for words: the database's full-text query

    @property
    def words(self) -> bool:
        """Whether it is made of words alone."""
        return only_words(self.node)


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows fit a part, which share of the newest rows do, and what a test of it costs."""

    rows: float
    share: float
    asked: float = _TEST  # microseconds a row
    listed: float = float("inf")  # microseconds once, to make a list of all rows first
    entry: bool = True  # it can be the way in
    row: float = _ROW  # microseconds to read one
    ordered: bool = True  # newest first; else all of its rows are read and tested before they are sorted

    def test(self, steps: float) -> float:
        """Microseconds of testing so many rows, the cheaper way."""
        return min(steps * self.asked, self.listed + steps * _LISTED_TEST)

    def lists(self, steps: float) -> bool:
        """Whether a list of all rows is cheaper than asking for each."""
        return self.listed + steps * _LISTED_TEST < steps * self.asked


def choose(sizes: Sequence[Size], wanted: float) -> tuple[int | None, float]:
    """Which part is the cheapest way in, and how many rows will be read through it. Pure.

    None: no part is one, all rows are walked. ``wanted`` rows are enough. Parts are taken as
    independent of each other: where they are not, the walk is longer, but never longer than the
    part's own rows.
    """
    best: tuple[float, int | None, float] = (float("inf"), None, wanted)
    for i, size in enumerate(sizes):
        if not size.entry:
            continue
        others = [s for j, s in enumerate(sizes) if j != i]
        share = prod(max(s.share, 1e-9) for s in others)
        steps = min(size.rows, wanted / share) if size.ordered else size.rows
        cost = steps * size.row + sum(s.test(steps) for s in others)
        best = min(best, (cost, i, steps), key=lambda b: b[0])
    if best[1] is None:
        return None, wanted / prod(max(s.share, 1e-9) for s in sizes) if sizes else wanted
    return best[1], best[2]


def _all(words: Sequence[Node]) -> Node:
    return words[0] if len(words) == 1 else And(tuple(words))


class Planner:
    """Plans one query in one transaction."""

    def __init__(self, tx: sa.Connection, query: Query, of: Of) -> None:
        self._tx = tx
        self._of = of
        self.sqlite = tx.dialect.name == "sqlite"
        self.compiler = Compiler(query, of, tx.dialect.name, Values(tx))
        self._times = [n for n in query.parts if isinstance(n, Filter) and _is_time(n)]
        self._parts = self._split([n for n in query.parts if not (isinstance(n, Filter) and _is_time(n))])
        self._low: int | None = None
        self._high: int | None = None
        for node in self._times:
            low, high = self.compiler.period(node)
            self._low = low if self._low is None or (low is not None and low > self._low) else self._low
            self._high = (
                high if self._high is None or (high is not None and high < self._high) else self._high
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """What the SQL's names stand for."""
        return self.compiler.bind.values

    def _split(self, nodes: Sequence[Node]) -> list[Part]:
        words = [n for n in nodes if only_words(n)]
        wanted = [n for n in words if not isinstance(n, Not)]
        # A word that is not wanted must be in no article of a story, not just missing in one.
        together = words if self._of in (Of.ARTICLE, Of.ANNOUNCEMENT) else wanted
        parts = []
        if wanted and (matched := match(_all(together), self.compiler.dialect)):
            arm = self.compiler.words_arm(matched)
            parts.append(Part(_all(together), (arm,) if arm else (), matched))
            words = [n for n in words if n not in together]
        for node in words:
            inner = node.node if isinstance(node, Not) else node
            parts.append(Part(node, matched=match(inner, self.compiler.dialect) or ""))
        others = (n for n in nodes if not only_words(n))
        return parts + [Part(n, tuple(self.compiler.arms(n) or ())) for n in others]

    def arms(self, wanted: float) -> list[Arm]:
        """The ways in, with every test on them. ``wanted`` rows are enough; infinity: all of them."""
        base = self.compiler.all_rows()
        sizes = (
            self._sizes(base)
            if len(self._parts) > 1 or not any(p.arms for p in self._parts)
            else [Size(1, 1)]
        )
        chosen, steps = choose(sizes, wanted)
        ways = list(self._parts[chosen].arms) if chosen is not None else [base]
        rest = [(p, s) for i, (p, s) in enumerate(zip(self._parts, sizes, strict=False)) if i != chosen]
        return [self._within(arm).but(*self._tests(arm, rest, steps)) for arm in ways]

    def words_way_in(self) -> tuple[Arm, str] | None:
        """The word index as the way in, whatever it costs, and what is matched in it; None without."""
        for part in self._parts:
            if part.words and part.arms and part.arms[0].words:
                rest = [(p, Size(1, 1)) for p in self._parts if p is not part]
                arm = part.arms[0]
                return self._within(arm).but(*self._tests(arm, rest, 1.0)), part.matched
        return None

    def _tests(self, arm: Arm, parts: Sequence[tuple[Part, Size]], steps: float) -> list[str]:
        tests = []
        for part, size in sorted(parts, key=lambda p: p[1].asked):  # cheap ones first
            listed = part.words and size.lists(steps)
            tests.append((self.compiler.words_listed if listed else self.compiler.test)(part.node, arm))
        return tests

    def _bounds(self, arm: Arm) -> list[str]:
        return self._between(arm.key)

    def _between(self, key: str) -> list[str]:
        bounds = []
        if self._low is not None:
            bounds.append(f"{key} >= {self.compiler.bind(self._low)}")
        if self._high is not None:
            bounds.append(f"{key} < {self.compiler.bind(self._high)}")
        return bounds

    def _within(self, arm: Arm) -> Arm:
        """The arm, kept to the period asked for."""
        via = (*arm.via, *self._between(self.compiler.words_key)) if arm.via else ()
        return replace(arm.but(*self._bounds(arm)), via=via)

    # -- estimates

    def _sizes(self, base: Arm) -> list[Size]:
        self._total, self._rate = self._base(base)
        sizes = []
        for part in self._parts:
            if part.words:
                sizes.append(self._words_size(part))
            elif not part.arms:
                sizes.append(Size(self._total, 0.3, entry=False))  # nothing known; most such are turned round
            else:
                each = [self._arm_size(arm) for arm in part.arms]
                ordered = all(s.ordered for s in each)
                sizes.append(
                    Size(sum(s.rows for s in each), min(1.0, sum(s.share for s in each)), ordered=ordered)
                )
        return sizes

    def _base(self, base: Arm) -> tuple[float, float]:
        """How many rows there are, and how many a unit of sort key among the newest."""
        if self._of is Of.ARTICLE:
            return self._articles()
        counted = f"SELECT count(*) FROM {base.source} WHERE {' AND '.join(base.conditions)}"
        total = float(self._tx.scalar(sa.text(counted), self.values) or 0)
        count, span = self._newest(base)
        return max(total, 1.0), max(count, 1) / span

    def _articles(self) -> tuple[float, float]:
        """The same of articles; ids are given in turn, so the greatest tells how many."""
        total = float(self._tx.scalar(sa.text("SELECT max(article_id) FROM search_articles")) or 1)
        count, span = self._newest(Arm("search_articles b", row="b.article_id"), {})
        return total, max(count, 1) / span

    def _newest(self, arm: Arm, values: Mapping[str, Any] | None = None) -> tuple[int, float]:
        bounds = self._bounds(arm) if values is None else []
        where = " AND ".join((*arm.conditions, *bounds)) or "1 = 1"
        values = self.values if values is None else values
        inner = (
            f"SELECT {arm.key} AS k FROM {arm.source} WHERE {where} ORDER BY {arm.key} DESC LIMIT {SAMPLE}"
        )
        row = self._tx.execute(
            sa.text(f"SELECT count(*), min(k), max(k) FROM ({inner}) AS newest"), values
        ).one()
        return row[0], float((row[2] or 0) - (row[1] or 0)) or 1.0

    def _arm_size(self, arm: Arm) -> Size:
        if arm.words and not self.sqlite:
            return self._explained(arm)
        if not arm.ordered:
            where = " AND ".join(arm.conditions)
            counted = (
                f"SELECT count(*) FROM (SELECT 1 FROM {arm.source} WHERE {where} LIMIT {COUNTED}) AS counted"
            )
            rows = float(self._tx.scalar(sa.text(counted), self.values) or 0)
            rows = rows if rows < COUNTED else self._total / 10
            return Size(rows, rows / self._total, ordered=False)
        count, span = self._newest(arm)
        if count < SAMPLE:
            return Size(count, count / self._total)
        share = min(1.0, (count / span) / self._rate)
        return Size(max(count, share * self._total), share)

    def _words_size(self, part: Part) -> Size:
        """Of articles; among announcements and stories words are taken to be as common."""
        if not part.matched:
            return Size(self._total, 0.5, asked=10 * _ASKED, entry=False)
        values: Mapping[str, Any] | None = None
        if part.arms and part.arms[0].words:
            arm = part.arms[0]
        else:
            articles = Compiler(self.compiler.query, Of.ARTICLE, self.compiler.dialect, Values(self._tx))
            found = articles.words_arm(part.matched)
            assert found is not None
            arm, values = found, articles.bind.values
        if self.sqlite:
            count, span = self._newest(arm, values)
            total, rate = self._articles()
            share = count / total if count < SAMPLE else min(1.0, (count / span) / rate)
            rows = count if count < SAMPLE else max(count, share * total)
        else:
            size = self._explained(arm, values)
            rows, share = size.rows, size.share
        question = part.matched.count(" ") + 1
        # A beginning is looked up by merging all words that have it: once for a list, or for each row.
        each = _ASKED + _ASKED_WORD * question + (_LISTED * rows if "*" in part.matched else 0)
        share = 1 - share if isinstance(part.node, Not) else share
        return Size(rows, share, asked=each, listed=_LISTED * rows, entry=bool(part.arms), row=_WORD_ROW)

    def _explained(self, arm: Arm, values: Mapping[str, Any] | None = None) -> Size:
        """PostgreSQL's own estimate: to count, it would have to read all."""
        where = " AND ".join(arm.conditions)
        plan = self._tx.scalar(
            sa.text(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {arm.source} WHERE {where}"), values or self.values
        )
        found = json.loads(plan) if isinstance(plan, str) else plan
        total = float(self._tx.scalar(sa.text("SELECT max(article_id) FROM search_articles")) or 1)
        rows = float(found[0]["Plan"]["Plan Rows"])
        return Size(rows, min(1.0, rows / total))


def _is_time(node: Filter) -> bool:
    return KEYS[node.key].form in (Form.SINCE, Form.UNTIL)

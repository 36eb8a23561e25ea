"""By relevance: the newest few thousand that fit are ranked, not all.

BM25 reads each hit's length; over all articles with a common word that takes seconds, and what
is old and mentions it once is never at the top. Ranked are the newest ``CANDIDATES`` hits and
the newest ``TITLED`` that have the words in their title.
"""

# ruff: noqa: S608 - SQL is put together from names of ours alone; every value is bound.
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.archive.query_keys import Of
from pipeline.archive.query_tree import Query
from pipeline.archive.search_plan import Planner
from pipeline.archive.search_sql import Arm

CANDIDATES = 1_000
TITLED = 250
#: A word in the title says most of what an article is about, one in the text least.
WEIGHTS = (8.0, 3.0, 1.0)

Find = Callable[[sa.Connection, Query, Of, int], Sequence[tuple[int, int]]]


def ranked(tx: sa.Connection, query: Query, of: Of, find: Find) -> list[int]:
    """Row ids, most relevant first."""
    planner = Planner(tx, query, of)
    scored = planner.words_way_in()
    if scored is None:  # stories and promises have no words of their own: newest first it is
        return [row for _, row in find(tx, query, of, CANDIDATES)]
    arm, matched = scored
    return (_bm25 if planner.sqlite else _ts_rank)(tx, planner, arm, matched)


def _bm25(tx: sa.Connection, planner: Planner, arm: Arm, matched: str) -> list[int]:
    best: dict[int, float] = {}
    for expression, limit in ((f"{{title}} : {matched}", TITLED), (matched, CANDIDATES)):
        values = {name: expression if v == matched else v for name, v in planner.values.items()}
        sql = (
            f"SELECT {arm.row} AS row_id, bm25(search_words, {', '.join(map(str, WEIGHTS))}) AS score"
            f" FROM search_words b WHERE {' AND '.join(arm.conditions)} ORDER BY b.rowid DESC LIMIT {limit}"
        )
        for row_id, score in tx.execute(sa.text(sql), values):
            best[row_id] = min(score, best.get(row_id, 0.0))
    return _ordered(best)


def _ts_rank(tx: sa.Connection, planner: Planner, arm: Arm, matched: str) -> list[int]:
    sql = (
        f"SELECT row_id, -ts_rank('{{0.1, 0.2, 0.4, 1.0}}', words, CAST(:matched AS tsquery), 1) AS score FROM"
        f" (SELECT {arm.row} AS row_id, b.words FROM search_words b WHERE {' AND '.join(arm.conditions)}"
        f" ORDER BY {arm.key} DESC LIMIT {CANDIDATES}) AS newest"
    )
    values: dict[str, Any] = {**planner.values, "matched": matched}
    return _ordered({r[0]: r[1] for r in tx.execute(sa.text(sql), values)})


def _ordered(scores: dict[int, float]) -> list[int]:
    """Lowest score first; of equals the newer."""
    return sorted(scores, key=lambda row: (scores[row], -row))

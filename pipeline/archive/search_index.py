"""The full-text index: kept in the same transaction as the words it stands for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from pipeline.archive.words import segment

#: PostgreSQL counts no positions beyond this, and no word longer than 2,046 bytes.
_LAST_POSITION = 16383
_LONGEST_WORD = 500
#: How the names of derived tables begin: they are never copied, but made anew.
TABLES = ("articles_fts", "search_")
_WORD = re.compile(r"\w+")


class Words(NamedTuple):
    """An article's words, as they stand in its row."""

    article_id: int
    title: str
    summary: str
    text: str


def index_articles(tx: sa.Connection, words: Sequence[Words], *, new: bool = False) -> None:
    """Make the index agree with these articles' present words; ``new`` ones are not in it yet."""
    if not words:
        return
    if not new:
        unindex_articles(tx, [w.article_id for w in words])
    if tx.dialect.name == "sqlite":
        statement = "INSERT INTO articles_fts(rowid, title, summary, text) VALUES (?, ?, ?, ?)"
        rows = [(w.article_id, segment(w.title), segment(w.summary), segment(w.text)) for w in words]
    else:
        statement = "INSERT INTO articles_fts(rowid, words) VALUES (%s, %s::tsvector)"
        rows = [(w.article_id, _vector(w)) for w in words]  # type: ignore[misc]
    tx.exec_driver_sql(statement, rows)


def unindex_articles(tx: sa.Connection, ids: Iterable[int]) -> None:
    """Take articles out of the index, before their words change or they are deleted."""
    mark = "?" if tx.dialect.name == "sqlite" else "%s"
    tx.exec_driver_sql(f"DELETE FROM articles_fts WHERE rowid = {mark}", [(i,) for i in ids])  # noqa: S608


def index_article(tx: sa.Connection, article_id: int, title: str, summary: str, text: str) -> None:
    """Make the index agree with one article's present words."""
    index_articles(tx, [Words(article_id, title, summary, text)])


def check(tx: sa.Connection) -> int:
    """How many articles the index lacks, and how many it has that are gone."""
    lacking = "SELECT count(*) FROM articles WHERE id NOT IN (SELECT rowid FROM articles_fts)"
    left = "SELECT count(*) FROM articles_fts WHERE rowid NOT IN (SELECT id FROM articles)"
    return sum(int(tx.exec_driver_sql(query).scalar() or 0) for query in (lacking, left))


def rebuild(tx: sa.Connection) -> None:
    """Make the index anew from the articles."""
    tx.exec_driver_sql("DELETE FROM articles_fts")
    last = 0
    while True:
        query = sa.text(
            "SELECT id, title, summary, text FROM articles WHERE id > :last ORDER BY id LIMIT 1000"
        )
        words = [Words(r.id, r.title, r.summary, r.text) for r in tx.execute(query, {"last": last})]
        if not words:
            return
        index_articles(tx, words, new=True)
        last = words[-1].article_id


def matching(tx_dialect: str, phrase_of: str) -> sa.TextClause:
    """Ids of articles that have these words side by side; ``phrase_of`` is ``words.phrase``'s."""
    if tx_dialect == "sqlite":
        found = sa.text("SELECT rowid FROM articles_fts WHERE articles_fts MATCH :m")
        return found.bindparams(sa.bindparam("m", phrase_of, unique=True))
    asked = " <-> ".join(f"'{w}'" for w in tokens(phrase_of))
    found = sa.text("SELECT rowid FROM articles_fts WHERE words @@ CAST(:m AS tsquery)")
    return found.bindparams(sa.bindparam("m", asked, unique=True))


def tokens(text: str) -> list[str]:
    """Words as SQLite's unicode61 cuts them: letters and digits, small, without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", segment(text)) if not unicodedata.combining(c))
    return [w[:_LONGEST_WORD] for w in _WORD.findall(unicodedata.normalize("NFC", plain).lower())]


def _vector(words: Words) -> str:
    placed: list[str] = []
    for field in (words.title, words.summary, words.text):
        start = len(placed) + 1  # a gap, so that no phrase runs from one field into the next
        placed.append("")
        placed += [f"'{w}':{min(start + i + 1, _LAST_POSITION)}" for i, w in enumerate(tokens(field))]
    return " ".join(p for p in placed if p)

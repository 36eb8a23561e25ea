"""From the tree of a query to SQL: ways in, and tests on what comes in. Values are always bound.

An ``Arm`` is a way in: a source of rows in order of their sort key, newest first, without
sorting where an index has that order. A test is a condition on one such row, called ``b`` in
SQL (``b.sort_key``, ``b.row_id``). Which part of a query becomes the way in is decided by
``search_plan``; the others become tests.
"""

# ruff: noqa: S608 - SQL is put together from names of ours alone; every value is bound.
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pipeline.archive.query_keys import KEYS, Form, Of, fold
from pipeline.archive.query_times import instant
from pipeline.archive.query_tree import And, Filter, Node, Not, Or, Query, Value, Words
from pipeline.archive.search_facts import ANY, number
from pipeline.archive.sort_key import ID_BITS, ID_MASK, first_key
from pipeline.archive.words import Phrase, phrases, tokens

#: Keys of articles that are columns of search_articles; all others are facts.
COLUMNS = frozenset({"source", "outlet", "lang", "country", "kind", "tagged", "probability"})
#: A filter that stands for more values than these is one range, sorted, instead of an arm each.
MAX_ARMS = 8
#: Above any text: the end of the range of what begins with something, in byte order.
LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way in: ``SELECT sort_key, row_id FROM source b WHERE conditions``."""

    source: str
    conditions: tuple[str, ...] = ()
    key: str = "b.sort_key"
    row: str = "b.row_id"
    ordered: bool = True  # an index hands it out newest first, each row once
    words: bool = False  # it is the word index itself
    via: tuple[str, ...] = ()  # conditions on the word index ``w``, whose articles lead to the rows

    def but(self, *tests: str) -> Arm:
        """The same with further conditions."""
        return replace(self, conditions=(*self.conditions, *tests))


@dataclass
class Binder:
    """Values by the names they have in the SQL."""

    values: dict[str, Any] = field(default_factory=dict)

    def __call__(self, value: Any) -> str:
        """Bind a value; gives what stands for it."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def each(self, values: Iterable[Any]) -> str:
        """Bind several, separated by commas."""
        return ", ".join(self(v) for v in values)


# --------------------------------------------------------------------------------- words


def match(node: Node, dialect: str) -> str | None:
    """A part made of words alone as the database's own full-text query; None where it is not one.

    FTS5 knows "this but not that" and no "not" alone. PostgreSQL does, and is not asked it: both
    are to mean the same, also where a part is looked up for several articles of a story.
    """
    sqlite = dialect == "sqlite"
    match node:
        case Words():
            found = phrases(node.text, exact=node.exact, prefix=node.prefix)
            one = [_fts5(p) if sqlite else _lexemes(p) for p in found]
            return f"({(' OR ' if sqlite else ' | ').join(one)})" if one else None
        case Or():
            parts = [match(n, dialect) for n in node.nodes]
            return None if None in parts else f"({(' OR ' if sqlite else ' | ').join(p for p in parts if p)})"
        case And():
            wanted = [match(n, dialect) for n in node.nodes if not isinstance(n, Not)]
            unwanted = [match(n.node, dialect) for n in node.nodes if isinstance(n, Not)]
            if not wanted or None in wanted or None in unwanted:
                return None
            have = f"({(' AND ' if sqlite else ' & ').join(p for p in wanted if p)})"
            have_not = f"({(' OR ' if sqlite else ' | ').join(p for p in unwanted if p)})"
            return f"({have} {'NOT' if sqlite else '& !'} {have_not})" if unwanted else have
    return None


def _fts5(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.words)}"' + (" *" if phrase.prefix else "")


def _lexemes(phrase: Phrase) -> str:
    # Words hold letters, digits, emoji, + and # alone (words.py): nothing that a quote would not hold.
    last = len(phrase.words) - 1
    words = (f"'{w}'" + (":*" if phrase.prefix and i == last else "") for i, w in enumerate(phrase.words))
    return "(" + " <-> ".join(words) + ")"


def only_words(node: Node) -> bool:
    """Whether a part is made of words alone."""
    match node:
        case Words():
            return True
        case Not():
            return only_words(node.node)
        case And() | Or():
            return all(only_words(n) for n in node.nodes)
    return False


# ------------------------------------------------------------------------------- compile


class Resolver(Protocol):
    """Knows which values there are in the database."""

    def values(self, of: Of, key: str, value: Value, *, column: bool) -> list[str] | None:
        """Those that begin as asked; None if there are too many to name."""


class Compiler:
    """SQL pieces for one query on one kind of row. ``resolve`` gives the values a beginning stands for."""

    def __init__(self, query: Query, of: Of, dialect: str, resolve: Resolver) -> None:
        self.query = query
        self.of = of
        self.sqlite = dialect == "sqlite"
        self.dialect = dialect
        self.bind = Binder()
        self._resolve = resolve

    # -- ways in

    def all_rows(self) -> Arm:
        """Every row there is, newest first."""
        if self.of is Of.ARTICLE:
            return Arm("search_articles b", row="b.article_id")
        return self._facts(ANY, "b.value = ''")

    def words_arm(self, matched: str) -> Arm | None:
        """The word index, where its articles lead straight to what is asked for."""
        if self.of is Of.ANNOUNCEMENT:
            return replace(self.all_rows(), via=(self._words(matched)[1],))
        if self.of is not Of.ARTICLE:
            return None
        if self.sqlite:
            condition = f"b.search_words MATCH {self.bind(matched)}"
            return Arm(
                "search_words b", (condition,), key="b.rowid", row=f"(b.rowid & {ID_MASK})", words=True
            )
        condition = f"b.words @@ CAST({self.bind(matched)} AS tsquery)"
        return Arm("search_words b", (condition,), row=f"(b.sort_key & {ID_MASK})", words=True)

    def arms(self, node: Node) -> list[Arm] | None:
        """Ways in that together give every row that fits this part; None where there are none."""
        match node:
            case Filter():
                return self._filter_arms(node)
            case Or():
                found: list[Arm] = []
                for part in node.nodes:
                    some = self.arms(part)
                    if some is None or len(found) + len(some) > MAX_ARMS:
                        return None
                    found += some
                return found
            case And():
                for i, part in enumerate(node.nodes):
                    some = self.arms(part)
                    if some is not None:
                        rest = [n for j, n in enumerate(node.nodes) if j != i]
                        return [arm.but(*(self.test(n, arm) for n in rest)) for arm in some]
                return None
            case Words():
                matched = match(node, self.dialect)
                arm = self.words_arm(matched) if matched else None
                return [arm] if arm else None
        return None

    def _filter_arms(self, node: Filter) -> list[Arm] | None:
        form = KEYS[node.key].form
        if form in (Form.SINCE, Form.UNTIL):
            return None
        column = self.of is Of.ARTICLE and node.key in COLUMNS
        if column and node.key == "probability":
            return None
        if form is Form.NUMBER:
            return [
                self._facts(node.key, self._value_condition(node.key, v, "b"), sort=True) for v in node.values
            ]
        values: list[str] = []
        for value in node.values:
            some = self._concrete(node.key, value)
            if some is None:
                return [
                    self._facts(node.key, self._value_condition(node.key, v, "b"), sort=True)
                    for v in node.values
                ]
            values += some
        values = list(dict.fromkeys(values))
        if not values:
            return [self._facts(node.key, "1 = 0")]
        if len(values) > MAX_ARMS:
            if column:
                return None
            return [self._facts(node.key, f"b.value IN ({self.bind.each(values)})", sort=True)]
        if column:
            return [
                Arm("search_articles b", (f"b.{node.key} = {self.bind(v)}",), row="b.article_id")
                for v in values
            ]
        return [self._facts(node.key, f"b.value = {self.bind(v)}") for v in values]

    def _facts(self, key: str, condition: str, *, sort: bool = False) -> Arm:
        where = (f"b.of = {self.bind(self.of.value)}", f"b.key = {self.bind(key)}", condition)
        return Arm("search_facts b", where, ordered=not sort)

    # -- tests

    def test(self, node: Node, arm: Arm) -> str:
        """A condition on a row of this arm."""
        if only_words(node):
            return self._words_test(node, arm)
        match node:
            case Filter():
                return self._filter_test(node, arm)
            case Not():
                return f"NOT {self.test(node.node, arm)}"
            case And():
                return "(" + " AND ".join(self.test(n, arm) for n in node.nodes) + ")"
            case Or():
                return "(" + " OR ".join(self.test(n, arm) for n in node.nodes) + ")"
        raise AssertionError(node)

    def _words_test(self, node: Node, arm: Arm, *, whole: bool = False) -> str:
        """Words looked up for the row at hand; with ``whole``, in a list of all that have them."""
        if isinstance(node, Not):
            return f"NOT {self._words_test(node.node, arm, whole=whole)}"
        matched = match(node, self.dialect)
        if matched is None:  # FTS5 knows no "not" alone: apart into what it knows
            assert isinstance(node, And | Or)
            sign = " AND " if isinstance(node, And) else " OR "
            return "(" + sign.join(self._words_test(n, arm, whole=whole) for n in node.nodes) + ")"
        key, found = self._words(matched)
        if self.of in (Of.ARTICLE, Of.ANNOUNCEMENT):
            if whole:
                return f"{arm.key} IN (SELECT {key} FROM search_words w WHERE {found})"
            return f"EXISTS (SELECT 1 FROM search_words w WHERE {found} AND {key} = {arm.key})"
        row = "s.story_id" if self.of is Of.STORY else "p.id"
        promises = "" if self.of is Of.STORY else " JOIN promises p ON p.story_id = s.story_id"
        if whole:
            return (
                f"{arm.row} IN (SELECT {row} FROM search_words w {'CROSS ' if self.sqlite else ''}JOIN"
                f" story_articles s ON s.article_id = ({key} & {ID_MASK}){promises} WHERE {found})"
            )
        return (
            f"EXISTS (SELECT 1 FROM story_articles s{promises} JOIN search_articles x"
            f" ON x.article_id = s.article_id WHERE {row} = {arm.row} AND EXISTS (SELECT 1 FROM search_words w"
            f" WHERE {found} AND {key} = x.sort_key))"
        )

    def words_listed(self, node: Node, arm: Arm) -> str:
        """The words of this part looked up once, as a list of all rows that have them."""
        return self._words_test(node, arm, whole=True)

    @property
    def words_key(self) -> str:
        """The sort key of an entry ``w`` of the word index."""
        return "w.rowid" if self.sqlite else "w.sort_key"

    def _words(self, matched: str) -> tuple[str, str]:
        if self.sqlite:
            return "w.rowid", f"w.search_words MATCH {self.bind(matched)}"
        return "w.sort_key", f"w.words @@ CAST({self.bind(matched)} AS tsquery)"

    def _filter_test(self, node: Filter, arm: Arm) -> str:
        form = KEYS[node.key].form
        if form in (Form.SINCE, Form.UNTIL):
            low, high = self.period(node)
            bound = f"{arm.key} >= {self.bind(low)}" if low is not None else f"{arm.key} < {self.bind(high)}"
            return f"({bound})"
        if self.of is Of.ARTICLE and node.key in COLUMNS:
            if arm.source == "search_articles b":
                return f"({self._column_condition(node, 'b')})"
            condition = self._column_condition(node, "x")
            return f"EXISTS (SELECT 1 FROM search_articles x WHERE x.sort_key = {arm.key} AND {condition})"
        either = " OR ".join(self._value_condition(node.key, v, "f") for v in node.values)
        return (
            f"EXISTS (SELECT 1 FROM search_facts f WHERE f.of = {self.bind(self.of.value)} AND"
            f" f.row_id = {arm.row} AND f.key = {self.bind(node.key)} AND ({either}))"
        )

    def _column_condition(self, node: Filter, table: str) -> str:
        if node.key == "probability":
            # Both databases compare with NULL to "unknown": not judged fits no comparison, turned round or not.
            either = (f"{table}.probability {v.op} {self.bind(float(v.text))}" for v in node.values)
            return f"COALESCE({' OR '.join(either)}, {'0' if self.sqlite else 'FALSE'})"
        values: list[str] = []
        for value in node.values:
            values += self._concrete(node.key, value) or ()
        if not values:
            return "1 = 0"
        return f"{table}.{node.key} IN ({self.bind.each(dict.fromkeys(values))})"

    # -- values

    def _value_condition(self, key: str, value: Value, table: str) -> str:
        if KEYS[key].form is Form.NUMBER:
            return f"{table}.value {value.op} {self.bind(number(float(value.text)))}"
        start = start_of(key, value)
        if not self._ranged(key, value):
            return f"{table}.value = {self.bind(start)}"
        if start is None:
            return "1 = 0"
        if KEYS[key].form is Form.FAMILY and value.op != "^":
            family = f"{start}-"
            return (
                f"({table}.value = {self.bind(start)} OR"
                f" ({table}.value >= {self.bind(family)} AND {table}.value < {self.bind(family + LAST)}))"
            )
        return f"({table}.value >= {self.bind(start)} AND {table}.value < {self.bind(start + LAST)})"

    @staticmethod
    def _ranged(key: str, value: Value) -> bool:
        return value.op == "^" or KEYS[key].form in (Form.PART, Form.FAMILY)

    def _concrete(self, key: str, value: Value) -> list[str] | None:
        """The values in the database that this one stands for; None: too many to name."""
        column = self.of is Of.ARTICLE and key in COLUMNS
        if not self._ranged(key, value):
            return [fold(value.text)]
        return self._resolve.values(self.of, key, value, column=column)

    def period(self, node: Filter) -> tuple[int | None, int | None]:
        """The sort keys that since: and until: allow: from the first on, and below the second."""
        since = KEYS[node.key].form is Form.SINCE
        at = instant(node.values[0].text, self.query.now, end=not since)
        return (first_key(at), None) if since else (None, first_key(at) + (1 << ID_BITS))


def start_of(key: str, value: Value) -> str | None:
    """What a value's beginning is in the index; None where it has none that could be found."""
    if KEYS[key].form is Form.PART:
        words = " ".join(tokens(value.text)) if value.op == "^" else " ".join(_asked(value.text))
        return words or (fold(value.text) if value.text else "")
    return fold(value.text)


def _asked(text: str) -> tuple[str, ...]:
    found = phrases(text, exact=True)
    return found[0].words if found else ()

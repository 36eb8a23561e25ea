"""The query language: ``licence:mit who:deepseek,meta since:7d "video model" -tutorial``.

Parsing is pure; nothing here knows SQL. All parts must fit; ``OR`` joins its two neighbours,
brackets group, ``-`` (or ``NOT``) turns a part round, ``key:a,b`` means either, ``word*`` its
beginning. Whatever else is typed is searched as words. Errors name the place in the text.
"""

from __future__ import annotations

import re
from datetime import datetime

from pipeline.archive.query_keys import ALIASES, KEYS, Form, checked, known, near
from pipeline.archive.query_tree import And, Filter, Node, Not, Or, Query, Value, Words, unparse
from pipeline.archive.words import tokens
from pipeline.model import QueryError

__all__ = ["KEYS", "And", "Filter", "Node", "Not", "Or", "Query", "Value", "Words", "parse", "unparse"]

#: Longer ones are refused: a pasted article is not a query, and each word costs an index lookup.
MAX_QUERY = 1_000
#: Parts of one query: far beyond what a person types, well within what both databases take.
MAX_PARTS = 100
#: Brackets within brackets.
MAX_DEPTH = 20

#: What no database takes: NUL, and the halves of characters that broken input holds.
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_QUOTES = str.maketrans("“”„«»", '"""""')
_KEY = re.compile(r"([A-Za-z][A-Za-z_]*)[:：]")
_OPERATOR = re.compile(r"(AND|OR|NOT)(?=[\s(]|$)")
_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.S)
_STAR_WITHIN = re.compile(r"\w\*+\w")


def parse(text: str, now: datetime) -> Query:
    """Read a query. Raises QueryError, which quotes the part it could not read and says where it is.

    ``now`` (aware) is what relative times count from, and whose time zone dates are in.
    """
    if len(text) > MAX_QUERY:
        raise QueryError(f"a query may have {MAX_QUERY} characters, this one has {len(text)}.")
    parser = _Parser(text, now)
    return Query(_flat(parser.sequence(0), And), now)


class _Parser:
    def __init__(self, text: str, now: datetime) -> None:
        # One character for one: places stay the same.
        self.text = _BROKEN.sub("\ufffd", text.translate(_QUOTES))
        self.original = text
        self.now = now
        self.at = 0
        self.parts = 0

    def sequence(self, depth: int, opened: int = 0) -> list[Node]:
        """Parts up to the end, or to the bracket that closes this group."""
        if depth > MAX_DEPTH:
            raise self.error("there are too many brackets within brackets.", opened, self.at)
        found: list[Node] = []
        while self.more(depth):
            start = self.at
            operator = _OPERATOR.match(self.text, self.at)
            if operator and operator.group(1) != "NOT" and found:
                self.at = operator.end()
                if self.more(depth):  # else it is a word like any other
                    right = self.operand(depth)
                    if right is not None and operator.group(1) == "OR":
                        found[-1] = Or(_flat([found[-1], right], Or))
                    elif right is not None:
                        found.append(right)
                    continue
                self.at = start
            node = self.operand(depth)
            if node is not None:
                found.append(node)
        if depth:
            if self.at >= len(self.text):
                cure = 'Close it, or write the words in "quotes".'
                raise self.error("this bracket is not closed.", opened, opened + 1, cure)
            self.at += 1
        return found

    def more(self, depth: int) -> bool:
        """Skip space; whether another part follows in this group."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text) and not (depth and self.text[self.at] == ")")

    def operand(self, depth: int) -> Node | None:
        """One part; None where it is only punctuation, which says nothing about any article."""
        start = self.at
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise self.error(f"a query may have {MAX_PARTS} parts.", start, len(self.text))
        operator = _OPERATOR.match(self.text, self.at)
        if operator:
            self.at = operator.end()
            if operator.group(1) == "NOT" and self.more(depth):
                return _turned(self.operand(depth))
            self.at = operator.end()
            return Words(operator.group(1).lower())
        if self.text[start] == "-":
            # "--x" is a slip of "-x": read on as a word, its second dash would hide what it is.
            self.at += len(self.text) - start - len(self.text[start:].lstrip("-"))
            following = self.text[self.at : self.at + 1]
            return _turned(self.plain(depth)) if following and not following.isspace() else None
        return self.plain(depth)

    def plain(self, depth: int) -> Node | None:
        """A group, a phrase, a filter or a word."""
        start = self.at
        if self.text[start] == "(":
            self.at += 1
            nodes = _flat(self.sequence(depth + 1, start), And)
            return And(nodes) if len(nodes) > 1 else (nodes[0] if nodes else None)
        if self.text[start] == '"':
            phrase = self.quoted()
            return Words(phrase, exact=True, prefix=self.star()) if tokens(phrase) else None
        key = _KEY.match(self.text, start)
        if key and self.is_filter(key):
            return self.filter(key, depth)
        word = self.bare(depth, ends="").lstrip("-")
        if inner := _STAR_WITHIN.search(word):
            place = start + self.text[start : self.at].index(word) + inner.start()
            raise self.error("a * can only end a word.", place, place + len(inner.group()))
        text = word.rstrip("*")
        if text in ("AND", "OR", "NOT"):
            text = text.lower()
        return Words(text, prefix=word.endswith("*")) if tokens(text) else None

    def is_filter(self, key: re.Match[str]) -> bool:
        """Whether ``word:`` is meant as a filter: not in ``https://…``, ``std::sort`` or ``Llama: the herd``."""
        after = self.text[key.end() : key.end() + 1]
        if after in (":", "/"):
            return False
        return known(key.group(1)) is not None or not (after == "" or after.isspace())

    def filter(self, key: re.Match[str], depth: int) -> Filter:
        start = self.at
        name = known(key.group(1))
        self.at = key.end()
        places = self.values(depth)
        if name is None:
            proposal = near(key.group(1), [*KEYS, *ALIASES])
            hint = f"Did you mean {ALIASES.get(proposal, proposal)}:?" if proposal else None
            raise self.error(
                f"there is no filter {key.group(1)}:",
                start,
                self.at,
                f'{hint or "Known are " + ", ".join(KEYS) + "."} Write it in "quotes" to search the words.',
            )
        if not places:
            raise self.error(
                f"{name}: needs a value, without a space before it.", start, key.end(), f"({KEYS[name]})"
            )
        if KEYS[name].form in (Form.SINCE, Form.UNTIL) and len(places) > 1:
            raise self.error(f"{name}: takes one time.", start, self.at)
        values: list[Value] = []
        for value, first, last in places:
            try:
                values.append(checked(name, _compared(name, value), self.now))
            except ValueError as error:
                message, cure = error.args
                raise self.error(message, first, last, cure, about=f"{name}:{value.text}") from error
        return Filter(name, tuple(dict.fromkeys(values)))

    def values(self, depth: int) -> list[tuple[Value, int, int]]:
        """The values of a filter, each with its place."""
        found: list[tuple[Value, int, int]] = []
        while self.at < len(self.text) and not self.text[self.at].isspace():
            start = self.at
            if self.text[start] == ",":
                self.at += 1
                ended = self.at < len(self.text) and self.text[self.at].isspace()
                if found and ended and self.text[self.at :].strip():
                    raise self.error("a list has no spaces after its commas.", start, start + 1)
                continue
            if self.text[start] == ")" and depth:
                break
            if self.text[start] == '"':
                text = self.quoted().strip()
                value = Value(text, "^" if self.star() else "=")
            else:
                text = self.bare(depth, ends=",")
                value = Value(text.rstrip("*"), "^") if text.endswith("*") else Value(text)
            if value.text or value.op == "^":
                found.append((value, start, self.at))
        return found

    def quoted(self) -> str:
        """What stands in the quotes that open here; unclosed ones reach to the end."""
        end = self.text.find('"', self.at + 1)
        end = len(self.text) if end < 0 else end
        inner = self.text[self.at + 1 : end]
        self.at = min(end + 1, len(self.text))
        return inner

    def star(self) -> bool:
        """Take a star that stands here."""
        found = self.text.startswith("*", self.at)
        while self.text.startswith("*", self.at):
            self.at += 1
        return found

    def bare(self, depth: int, ends: str) -> str:
        """Up to space, a quote, or the bracket that closes the group; brackets in pairs belong to the word."""
        start, within = self.at, 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char.isspace() or char == '"' or char in ends:
                break
            if char == ")" and depth and not within:
                break
            within += (char == "(") - (char == ")" and within > 0)
            self.at += 1
        return self.text[start : self.at]

    def error(self, message: str, start: int, end: int, cure: str = "", *, about: str = "") -> QueryError:
        about = about or self.original[start:end]
        return QueryError(message, about=about, cure=cure, query=self.original, start=start, end=end)


def _compared(key: str, value: Value) -> Value:
    """A number's comparison taken off it: ``>=5``."""
    if KEYS[key].form is Form.NUMBER and value.op == "=":
        found = _COMPARISON.fullmatch(value.text)
        assert found is not None  # the sign is optional
        return Value(found.group(2), found.group(1) or "=")
    return value


def _turned(node: Node | None) -> Node | None:
    """The opposite; the opposite of an opposite is the thing itself."""
    if node is None:
        return None
    return node.node if isinstance(node, Not) else Not(node)


def _flat(nodes: list[Node], kind: type[And] | type[Or]) -> tuple[Node, ...]:
    """Nodes of the same kind within one another taken apart."""
    out: list[Node] = []
    for node in nodes:
        out.extend(node.nodes if isinstance(node, And | Or) and isinstance(node, kind) else (node,))
    return tuple(out)

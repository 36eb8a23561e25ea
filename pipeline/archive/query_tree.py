"""A query as a tree: what the parser makes, and the text that makes it again.

Frozen dataclasses without any SQL. ``unparse(parse(text))`` is the query in its plainest
spelling, and parsing that gives the same tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Words:
    """Words that stand side by side in title, summary or text."""

    text: str
    exact: bool = False  # written in quotes: these words, no other spelling of them
    prefix: bool = False  # the last word may go on: ``quant*``


@dataclass(frozen=True, slots=True)
class Value:
    """What a filter is compared with. ``op`` is one of ``= > >= < <=``, or ``^`` for "begins with"."""

    text: str
    op: str = "="


@dataclass(frozen=True, slots=True)
class Filter:
    """``key:value,value``: a match with any of the values fits."""

    key: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever does not fit the part within."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """All parts must fit; at least two."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the parts must fit; at least two."""

    nodes: tuple[Node, ...]


Node = Words | Filter | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: all ``parts`` must fit. ``now`` is what relative times are counted from."""

    parts: tuple[Node, ...]
    now: datetime

    def walk(self) -> Iterator[Node]:
        """Every node, outer ones first."""
        todo: list[Node] = list(reversed(self.parts))
        while todo:
            node = todo.pop()
            yield node
            if isinstance(node, And | Or):
                todo.extend(reversed(node.nodes))
            elif isinstance(node, Not):
                todo.append(node.node)

    def filters(self, key: str) -> tuple[Filter, ...]:
        """All filters by this key, wherever they stand."""
        return tuple(n for n in self.walk() if isinstance(n, Filter) and n.key == key)


def unparse(query: Query) -> str:
    """The query in its plainest spelling; ``parse`` reads the same tree out of it."""
    return " ".join(_text(node) for node in query.parts)


def _text(node: Node) -> str:
    match node:
        case Words():
            body = f'"{node.text}"' if node.exact else node.text
            return body + ("*" if node.prefix else "")
        case Filter():
            return f"{node.key}:" + ",".join(_value(v) for v in node.values)
        case Not():
            return "-" + (f"({_text(node.node)})" if isinstance(node.node, Or) else _text(node.node))
        case And():
            return "(" + " ".join(_text(n) for n in node.nodes) + ")"
        case Or():
            # OR binds its two neighbours only, so that alternatives need brackets just within one another.
            return " OR ".join(f"({_text(n)})" if isinstance(n, Or) else _text(n) for n in node.nodes)


def _value(value: Value) -> str:
    # After the key's own colon, another or a slash would make it an address (std::sort, https://).
    plain = value.text[:1] not in ("", ":", "/") and not any(
        c.isspace() or c in '",()*“”„<>=' for c in value.text
    )
    body = value.text if plain or (value.op == "^" and not value.text) else f'"{value.text}"'
    return body + "*" if value.op == "^" else (body if value.op == "=" else value.op + body)

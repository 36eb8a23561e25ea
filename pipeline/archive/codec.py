"""Vocabulary to JSON and back, by the types of the dataclasses themselves."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}  # building one costs milliseconds, using one microseconds


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def to_json(value: object) -> str:
    """One of the model's dataclasses as JSON text."""
    return _adapter(type(value)).dump_json(value).decode()


def to_plain(value: object) -> Any:
    """One of the model's dataclasses as dicts, lists and strings (for a JSON column)."""
    return _adapter(type(value)).dump_python(value, mode="json")


def from_json(kind: type[T], text: str) -> T:
    """The dataclass that ``to_json`` wrote."""
    value: T = _adapter(kind).validate_json(text)
    return value


def from_plain(kind: type[T], value: Any) -> T:
    """The dataclass that ``to_plain`` gave."""
    out: T = _adapter(kind).validate_python(value)
    return out

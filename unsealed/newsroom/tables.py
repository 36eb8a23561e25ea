"""TOML tables read key by key: each fault names file, table and key."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pipeline.model import ConfigError

E = TypeVar("E", bound=StrEnum)


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content. Raises ConfigError if it is missing or no TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"this is not TOML: {error}.", about=str(path)) from error
    except OSError as error:
        raise ConfigError(f"it cannot be read ({error.strerror}).", about=str(path)) from error


def read_tables(path: Path, key: str) -> tuple[Table, ...]:
    """Return the ``[[key]]`` tables of a file that may hold nothing else. Raises ConfigError."""
    raw = read_toml(path)
    whole = Table(raw, path, "the file")
    listed = raw.get(key)
    if not isinstance(listed, list) or not listed:
        whole.fail(f"it needs at least one [[{key}]] table.")
    for other in raw:
        if other != key:
            whole.fail(f"unknown key {other!r}; only [[{key}]] tables stand here.")
    return tuple(
        Table(table, path, f"{key} {_label(table) or f'number {number}'}")
        for number, table in enumerate(listed, 1)
    )


def _label(table: object) -> str:
    name = (table.get("id") or table.get("name")) if isinstance(table, Mapping) else None
    return f"{name!r}" if isinstance(name, str) and name else ""


class Table:
    """One table while it is read; `finish` complains of keys that nobody asked for."""

    def __init__(self, raw: object, file: Path, where: str) -> None:
        self._where = f"{file}, {where}"
        if not isinstance(raw, Mapping):
            self.fail("it is no table.")
        self._raw: Mapping[str, Any] = raw
        self._asked: list[str] = []

    def fail(self, message: str, cure: str = "") -> NoReturn:
        """Raise a ConfigError about this table."""
        raise ConfigError(message, about=self._where, cure=cure)

    def _get(self, key: str, needed: bool) -> Any:
        self._asked.append(key)
        value = self._raw.get(key)
        if value is None and needed:
            self.fail(f"key {key!r} is missing.")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string, stripped; must not be empty unless there is a default."""
        value = self._get(key, default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.fail(f"key {key!r} must be a text, not {value!r}.")
        return value.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty if the key is absent."""
        value = self._get(key, needed=False)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            self.fail(f"key {key!r} must be a list of texts, not {value!r}.")
        return tuple(v.strip() for v in value)

    def number(self, key: str, least: float, most: float) -> float:
        """A number between ``least`` and ``most``."""
        value = self._get(key, needed=True)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.fail(f"key {key!r} must be a number from {least:g} to {most:g}, not {value!r}.")
        return float(value)

    def count(self, key: str, default: int) -> int:
        """A whole number, not negative."""
        value = self._get(key, needed=False)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.fail(f"key {key!r} must be a whole number from 0, not {value!r}.")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._get(key, needed=False)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fail(f"key {key!r} must be true or false, not {value!r}.")
        return value

    def choice(self, key: str, kinds: type[E], default: E | None = None) -> E:
        """One of the values of ``kinds``."""
        value = self._get(key, default is None)
        if value is None and default is not None:
            return default
        known = [kind.value for kind in kinds]
        if value not in known:
            near = difflib.get_close_matches(str(value), known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
            self.fail(f"key {key!r} must not be {value!r}.", hint)
        return kinds(value)

    def finish(self) -> None:
        """Raise ConfigError if the table holds a key that was not asked for."""
        for key in self._raw:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                hint = (
                    f"Did you mean {near[0]!r}?"
                    if near
                    else f"Known here are {', '.join(dict.fromkeys(self._asked))}."
                )
                self.fail(f"unknown key {key!r}.", hint)

"""The catalogue of sources: the shipped one, and a user's own file that adds, overrides and mutes.

Both are TOML, checked so that a slip is named where it stands (`crawler.source_table`)::

    [[source]]
    id = "techcrunch-ai"  # an id of the shipped catalogue: what is not given stays as shipped
    pages = "all"

    [mute]
    ids = ["product-hunt"]
    categories = ["community"]
    patterns = ["hf-*", "medium.com/*"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from crawler.source_table import CATEGORIES, Where, fail, read_table, suggest, url_key
from pipeline.model import ConfigError, Source

__all__ = [
    "Catalogue",
    "LeftOut",
    "Mute",
    "UserFile",
    "combine",
    "find_twin",
    "left_out",
    "load_catalogue",
    "load_user_file",
    "parse_catalogue",
    "parse_user_file",
]

#: A user's catalogue of this size has some 20,000 sources; a larger file is a mistake.
_MAX_FILE: Final = 5 * 2**20
_SHIPPED: Final = "the shipped catalogue"
_MUTE_KEYS: Final = ("ids", "categories", "patterns")


@dataclass(frozen=True, slots=True)
class Mute:
    """What a user does not want polled, of the shipped catalogue and of their own file."""

    ids: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()  # shell patterns over ids, and over addresses without http(s)://

    def reason(self, source: Source) -> str:
        """Say why ``source`` is muted, "" if it is not."""
        if source.id in self.ids:
            return "muted by its id"
        if source.category in self.categories:
            return f"muted with its category “{source.category}”"
        address = source.url.partition("://")[2].lower()
        for pattern in self.patterns:
            wanted = pattern.lower()
            if fnmatchcase(source.id, wanted) or fnmatchcase(address, wanted):
                return f"muted by the pattern “{pattern}”"
        return ""


@dataclass(frozen=True, slots=True)
class UserFile:
    """What a user's own file says."""

    sources: tuple[Source, ...] = ()
    mute: Mute = Mute()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sources to poll, and those that are not, each with the reason in words."""

    sources: tuple[Source, ...]
    muted: tuple[tuple[Source, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An address that was looked at and not taken into the shipped catalogue."""

    name: str
    url: str
    reason: str  # blocked, bridge, broken, dead, moved, no-evidence, no-reader, no-recipe, noise, off-topic …
    checked: date | None = None
    instead: str = ""  # id of the shipped source to use


def load_catalogue(path: Path | None = None) -> tuple[Source, ...]:
    """Read the sources of the file ``path``, or the shipped catalogue, in its order.

    Raises ConfigError naming file, source and key where a table is not as it should be.
    """
    if path is not None:
        return load_user_file(path).sources
    return tuple(
        read_table(table, Where(_SHIPPED, table["id"]), check_recipe=False)
        for table in _shipped_tables().values()
    )


def load_user_file(path: Path) -> UserFile:
    """Read a user's own file. Raises ConfigError naming file, source and key."""
    try:
        if path.stat().st_size > _MAX_FILE:
            raise ConfigError(f"The catalogue is larger than {_MAX_FILE // 2**20} MiB.", about=str(path))
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The catalogue cannot be read: {error.strerror}.", about=str(path), cure="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            "The catalogue is not UTF-8 text.", about=str(path), cure="Save it as UTF-8."
        ) from error
    return parse_user_file(text, str(path))


def parse_catalogue(text: str, origin: str) -> tuple[Source, ...]:
    """Read the sources of a catalogue's TOML; ``origin`` names it in errors. Raises ConfigError."""
    return parse_user_file(text, origin).sources


def parse_user_file(text: str, origin: str) -> UserFile:
    """Read the TOML of a user's file; ``origin`` names it in errors. Raises ConfigError.

    A source with the id of a shipped one inherits from it every key it does not give, except
    that a new ``kind`` or ``url`` leaves the shipped recipe behind.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"This is no valid TOML: {error}.", about=origin) from error
    where = Where(origin)
    for key in data:
        if key not in {"source", "mute"}:
            fail(
                where,
                f"unknown table or key “{key}”",
                suggest(key, ("source", "mute")) or "Sources are [[source]] tables.",
            )
    tables = data.get("source", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        fail(where, "“source” is no list of tables", "Write [[source]] with double brackets.")
    sources = tuple(_source(table, number, origin) for number, table in enumerate(tables, start=1))
    _check_unique(sources, origin)
    mute = _mute(data.get("mute", {}), Where(origin, "mute"), {source.id for source in sources})
    return UserFile(sources, mute)


def combine(shipped: Iterable[Source], user: UserFile) -> Catalogue:
    """Return what is polled: ``shipped``, changed, extended and muted by the user's file.

    Shipped sources keep their place, the user's own come after them. A shipped source whose
    address the user polls under another id is muted: nothing is asked for twice.
    """
    own = {source.id: source for source in user.sources}
    addresses = {url_key(source.url): source.id for source in user.sources}
    chosen: list[Source] = []
    muted: list[tuple[Source, str]] = []
    for source in (*(own.pop(source.id, source) for source in shipped), *own.values()):
        reason = user.mute.reason(source)
        twin = addresses.get(url_key(source.url), source.id)
        if not reason and twin != source.id:
            reason = f"its address is polled as “{twin}” of your file"
        if reason:
            muted.append((source, reason))
        else:
            chosen.append(source)
    return Catalogue(tuple(chosen), tuple(muted))


def find_twin(url: str, sources: Iterable[Source]) -> Source | None:
    """Return the source that polls ``url`` (scheme and "www." aside), None if none does."""
    wanted = url_key(url)
    return next((source for source in sources if url_key(source.url) == wanted), None)


@cache
def left_out() -> Mapping[str, LeftOut]:
    """Return the addresses left out of the shipped catalogue, by their `url_key`."""
    text = (files("crawler") / "data" / "left_out.toml").read_text(encoding="utf-8")
    rows = [LeftOut(**row) for row in tomllib.loads(text)["left_out"]]
    return MappingProxyType({url_key(row.url): row for row in rows})


@cache
def _shipped_tables() -> Mapping[str, Mapping[str, Any]]:
    """The tables of the shipped files by id, one file for each category."""
    folder = files("crawler") / "data" / "catalogue"
    tables: dict[str, Mapping[str, Any]] = {}
    for category in CATEGORIES:
        data = tomllib.loads((folder / f"{category}.toml").read_text(encoding="utf-8"))
        for table in data["source"]:
            tables[table["id"]] = MappingProxyType(table)
    return MappingProxyType(tables)


def _source(table: Mapping[str, Any], number: int, origin: str) -> Source:
    named = table.get("id")
    who = f"source “{named}”" if isinstance(named, str) and named else f"source number {number}"
    shipped = _shipped_tables().get(named) if isinstance(named, str) else None
    if shipped is not None:
        moved = any(key in table and table[key] != shipped.get(key) for key in ("kind", "url"))
        kept = {k: v for k, v in shipped.items() if not (moved and k in {"recipe", "note"})}
        table = {**kept, **table}
    return read_table(table, Where(origin, who))


def _mute(table: object, where: Where, own: set[str]) -> Mute:
    if not isinstance(table, dict):
        fail(where, "it must be a table", "Write [mute] and its keys below.")
    lists: dict[str, list[str]] = {}
    for key, value in table.items():
        if key not in _MUTE_KEYS:
            fail(
                where,
                f"unknown key “{key}”",
                suggest(key, _MUTE_KEYS) or f"Known keys: {', '.join(_MUTE_KEYS)}.",
            )
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            fail(where, f"“{key}” must be a list of texts", f'Write {key} = ["…"].')
        lists[key] = [v.strip() for v in value]
    known = {"ids": (*_shipped_tables(), *own), "categories": CATEGORIES}
    for key, names in known.items():
        for value in lists.get(key, ()):
            if value not in names:
                cure = suggest(value, names) or "`unsealed sources list` shows those there are; remove it."
                fail(where, f"“{key}” names “{value}”, which does not exist", cure)
    return Mute(
        frozenset(lists.get("ids", ())),
        frozenset(lists.get("categories", ())),
        tuple(lists.get("patterns", ())),
    )


def _check_unique(sources: tuple[Source, ...], origin: str) -> None:
    ids: set[str] = set()
    addresses: dict[str, str] = {}
    for source in sources:
        where = Where(origin, f"source “{source.id}”")
        if source.id in ids:
            fail(where, "“id” is given twice")
        ids.add(source.id)
        other = addresses.setdefault(url_key(source.url), source.id)
        if other != source.id:
            fail(where, f"“url” is that of source “{other}” too", "Remove one of them.")

"""Lists of sources from and to files: OPML, CSV, TOML and JSON, and what is new in them.

Reading has two steps. A format gives tables of what it knows (`read_file`); `take_in` makes
sources of them, fills in what they lack, and says of each that is not taken why.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import tomlkit

from crawler.catalogue import parse_user_file
from crawler.opml import MAX_BYTES, read_opml, write_opml
from crawler.source_table import KEYS, Where, read_table, suggest, to_table, url_key
from pipeline.model import ConfigError, Source, SourceKind

__all__ = [
    "FORMATS",
    "Intake",
    "NotTaken",
    "kind_of",
    "make_id",
    "read_file",
    "take_in",
    "toml_text",
    "write_sources",
]

Format = Literal["opml", "csv", "toml", "json"]
FORMATS: Final[tuple[Format, ...]] = ("opml", "csv", "toml", "json")

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A listed source that was not taken in, and why."""

    name: str
    reason: str
    known: str = ""  # id of the source that is the same


@dataclass(frozen=True, slots=True)
class Intake:
    """What a list adds: new sources, and changes to known ones by id."""

    new: tuple[Source, ...]
    changed: tuple[Source, ...]
    known: tuple[NotTaken, ...]  # nothing to do: already polled
    refused: tuple[NotTaken, ...]  # faulty


def read_file(data: bytes, form: str, origin: str) -> tuple[dict[str, Any], ...]:
    """Return the tables that a file of the format ``form`` lists. Raises ConfigError about ``origin``."""
    if form == "opml":
        return read_opml(data, origin)
    if len(data) > MAX_BYTES:
        raise ConfigError(f"It is larger than {MAX_BYTES // 2**20} MiB.", about=origin, cure="Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("It is not UTF-8 text.", about=origin, cure="Save it as UTF-8.") from error
    if form == "toml":
        return tuple(to_table(source) for source in parse_user_file(text, origin).sources)
    if form == "csv":
        return _read_csv(text, origin)
    raise ConfigError(f"“{form}” cannot be imported.", about=origin, cure="Give OPML, CSV or TOML.")


def take_in(
    tables: Iterable[Mapping[str, Any]], known: Collection[Source], origin: str, *, category: str = ""
) -> Intake:
    """Return what ``tables`` add to the sources ``known``. Pure.

    What a table lacks is filled in: an id from its name or host, the kind from its address,
    ``category`` where none is given. An address already polled is not taken again; a known id
    with other values is a change.
    """
    ids = {source.id: source for source in known}
    addresses = {url_key(source.url): source.id for source in known}
    new: dict[str, Source] = {}
    changed: list[Source] = []
    same: list[NotTaken] = []
    refused: list[NotTaken] = []
    for number, table in enumerate(tables, start=1):
        name = str(table.get("name") or table.get("url") or f"number {number}")
        try:
            source = _complete(table, {*ids, *new}, Where(origin, f"“{name}”"), category)
        except ConfigError as error:
            fault = error.message.removeprefix(f"“{name}”: ")
            refused.append(NotTaken(name, f"{fault} {error.cure}".strip()))
            continue
        old = ids.get(source.id)
        twin = addresses.get(url_key(source.url))
        if old == source:
            same.append(NotTaken(name, "known already, with the same values", source.id))
        elif twin is not None and twin != source.id:
            same.append(NotTaken(name, f"its address is polled as “{twin}” already", twin))
        elif old is not None:
            changed.append(source)
        else:
            new[source.id] = source
            addresses[url_key(source.url)] = source.id
    return Intake(tuple(new.values()), tuple(changed), tuple(same), tuple(refused))


def _complete(table: Mapping[str, Any], taken: set[str], where: Where, category: str) -> Source:
    url = str(table.get("url") or "").strip()
    name = str(table.get("name") or "").strip() or (urlsplit(url).hostname or "")
    given = {key: value for key, value in table.items() if value}
    given |= {"url": url, "name": name[:120]}
    given.setdefault("kind", kind_of(url).value)
    given.setdefault("category", category)
    if "id" not in given:
        given["id"] = make_id(name, url, taken)
    return read_table(given, where)


def kind_of(url: str) -> SourceKind:
    """Return the kind that an address shows; most are feeds."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return SourceKind.FEED
    host = (parts.hostname or "").removeprefix("www.")
    if host == "github.com" and re.fullmatch(r"/[^/]+/[^/]+/(?:releases|tags)\.atom", parts.path):
        return SourceKind.GITHUB_RELEASES
    if host == "huggingface.co" and re.fullmatch(r"/api/(?:models|datasets)", parts.path):
        return SourceKind.HUGGINGFACE
    if host == "hn.algolia.com" and re.fullmatch(r"/api/v1/search(?:_by_date)?", parts.path):
        return SourceKind.HACKERNEWS
    if host in {"reddit.com", "old.reddit.com"} and re.fullmatch(r"/r/\w+/(?:\w+/)?\.rss", parts.path):
        return SourceKind.REDDIT
    if re.search(r"sitemap[^/]*\.xml(?:\.gz)?$", parts.path):
        return SourceKind.SITEMAP
    return SourceKind.FEED


def make_id(name: str, url: str, taken: Collection[str]) -> str:
    """Return an id for a source that is none of ``taken``: its name in Latin letters, else its host."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if len(slug) < 3:
        host = (urlsplit(url).hostname or "source").removeprefix("www.")
        slug = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-") or "source"
    slug = slug[:60].strip("-")
    number, candidate = 1, slug
    while candidate in taken:
        number += 1
        candidate = f"{slug}-{number}"
    return candidate


def write_sources(sources: Iterable[Source], form: str, *, now: datetime, private: bool = False) -> bytes:
    """Return ``sources`` in the format ``form``, UTF-8.

    Keys that may hold secrets are left out unless ``private`` is set.
    """
    if form == "opml":
        return write_opml(sources, now=now, private=private)
    tables = [
        {key: value for key, value in to_table(source).items() if private or not KEYS[key].private}
        for source in sources
    ]
    if form == "json":
        return (json.dumps(tables, ensure_ascii=False, indent=2) + "\n").encode()
    if form == "csv":
        return _write_csv(tables, private)
    return toml_text(tables).encode()


def toml_text(tables: Iterable[Mapping[str, Any]]) -> str:
    """Return sources' tables as TOML, [[source]] after [[source]]."""
    rows = tomlkit.aot()
    for table in tables:
        rows.append(_toml_table(table))
    document = tomlkit.document()
    if rows:
        document.append("source", rows)
    return tomlkit.dumps(document)


def _toml_table(table: Mapping[str, Any]) -> tomlkit.items.Table:
    """Return a source's table as TOML, inner tables on one line."""
    row = tomlkit.table()
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = tomlkit.inline_table()
            inner.update(value)
            row.append(key, inner)
        else:
            row.append(key, value)
    return row


def _write_csv(tables: list[dict[str, Any]], private: bool) -> bytes:
    keys = [key for key in KEYS if private or not KEYS[key].private]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=keys)
    writer.writeheader()
    for table in tables:
        writer.writerow({key: _cell(table.get(key, "")) for key in keys})
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)
    return f"'{text}" if text.startswith(("'", *_FORMULA)) else text


def _read_csv(text: str, origin: str) -> tuple[dict[str, Any], ...]:
    # The csv module's own limit on a field (128 KiB) stays in force.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [(column or "").strip().lower() for column in reader.fieldnames or ()]
        for column in columns:
            if column not in KEYS:
                raise ConfigError(
                    f"Unknown column “{column}”.",
                    about=origin,
                    cure=suggest(column, tuple(KEYS)) or f"Known columns: {', '.join(KEYS)}.",
                )
        if "url" not in columns:
            raise ConfigError(
                "There is no column “url”.", about=origin, cure="The first line names the columns."
            )
        reader.fieldnames = columns
        return tuple(_csv_table(row, reader.line_num, origin) for row in reader)
    except csv.Error as error:
        raise ConfigError(f"Line {reader.line_num} is no CSV ({error}).", about=origin) from error


def _csv_table(row: Mapping[str | None, Any], line: int, origin: str) -> dict[str, Any]:
    if None in row:
        raise ConfigError(f"Line {line} has more cells than there are columns.", about=origin)
    table: dict[str, Any] = {}
    for key, cell in row.items():
        text = (cell or "").strip()
        if key is None or not text:
            continue
        text = text[1:] if text.startswith("'") else text
        if KEYS[key].table:
            try:
                table[key] = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise ConfigError(f"Line {line}: “{key}” is no JSON.", about=origin) from error
        else:
            table[key] = text
    return table

"""The catalogue of sources: TOML tables, checked so that a slip is named where it stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from crawler.urls import canonical_url
from pipeline.model import ConfigError, PagePolicy, Source, SourceKind

#: A user's catalogue of this size has some 20,000 sources; a larger file is a mistake.
_MAX_FILE = 5 * 2**20

CATEGORIES = ("press", "lab_blog", "newsletter", "community", "china_press", "research", "release_hub")
_KEYS = (
    "id",
    "name",
    "kind",
    "url",
    "homepage",
    "category",
    "language",
    "country",
    "organisation",
    "pages",
    "recipe",
)
_NEEDED = ("id", "name", "kind", "url")
_SHAPES = {
    "id": (re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*"), "lower-case letters, digits and single hyphens"),
    "language": (re.compile(r"(?:[a-z]{2})?"), "two lower-case letters (ISO 639-1), such as “en”"),
    "country": (re.compile(r"(?:[A-Z]{2})?"), "two capital letters (ISO 3166-1), such as “DE”"),
}


def load_catalogue(path: Path | None = None) -> tuple[Source, ...]:
    """Read the sources of the catalogue file ``path``, or of the shipped one, in its order.

    Raises ConfigError naming file, source and key where a table is not as it should be.
    """
    if path is None:
        shipped = files("crawler") / "data" / "catalogue.toml"
        return parse_catalogue(shipped.read_text(encoding="utf-8"), "the shipped catalogue")
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
    return parse_catalogue(text, str(path))


def parse_catalogue(text: str, origin: str) -> tuple[Source, ...]:
    """Read a catalogue's TOML; ``origin`` names it in errors. Raises ConfigError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"This is no valid TOML: {error}.", about=origin) from error
    for key in data:
        if key != "source":
            _fail(
                origin,
                "",
                f"unknown table or key “{key}”",
                _suggest(key, ("source",)) or "Sources are [[source]] tables.",
            )
    tables = data.get("source", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        _fail(origin, "", "“source” is no list of tables", "Write [[source]] with double brackets.")
    sources = tuple(_source(table, number, origin) for number, table in enumerate(tables, start=1))
    _check_unique(sources, origin)
    return sources


def _source(table: Mapping[str, Any], number: int, origin: str) -> Source:
    named = table.get("id")
    who = f"source “{named}”" if isinstance(named, str) and named else f"source number {number}"
    for key, value in table.items():
        if key not in _KEYS:
            _fail(
                origin,
                who,
                f"unknown key “{key}”",
                _suggest(key, _KEYS) or f"Known keys: {', '.join(_KEYS)}.",
            )
        if key != "recipe" and not isinstance(value, str):
            _fail(origin, who, f"“{key}” must be text in quotes")
    for key in _NEEDED:
        if not table.get(key, "").strip():
            _fail(origin, who, f"“{key}” is missing")
    for key, (shape, words) in _SHAPES.items():
        if not shape.fullmatch(table.get(key, "")):
            _fail(origin, who, f"“{key}” is “{table[key]}”", f"It must be {words}.")
    for key in ("url", "homepage"):
        if table.get(key) and not _is_address(table[key]):
            _fail(origin, who, f"“{key}” is “{table[key]}”", "It must be a whole http or https address.")
    kind = SourceKind(_choice(table, "kind", tuple(SourceKind), "", origin, who))
    return Source(
        id=table["id"],
        name=table["name"].strip(),
        kind=kind,
        url=table["url"].strip(),
        homepage=table.get("homepage", "").strip(),
        category=_choice(table, "category", CATEGORIES, "press", origin, who),
        language=table.get("language", ""),
        country=table.get("country", ""),
        organisation=table.get("organisation", "").strip(),
        pages=PagePolicy(_choice(table, "pages", tuple(PagePolicy), PagePolicy.AUTO, origin, who)),
        recipe=_recipe(table.get("recipe", {}), kind, origin, who),
    )


def _is_address(text: str) -> bool:
    try:
        canonical_url(text)
    except ValueError:
        return False
    return True


def _choice(
    table: Mapping[str, Any], key: str, known: tuple[str, ...], default: str, origin: str, who: str
) -> str:
    value = str(table.get(key, default))
    if value not in known:
        _fail(
            origin,
            who,
            f"“{key}” is “{value}”",
            _suggest(value, known) or f"It must be one of {', '.join(known)}.",
        )
    return value


def _recipe(recipe: object, kind: SourceKind, origin: str, who: str) -> dict[str, str]:
    # imported late: listing pulls in the HTML parser, and a catalogue may have no recipe
    from crawler import listing, sitemaps

    if not isinstance(recipe, dict):
        _fail(origin, who, "“recipe” must be a table", 'Write recipe = { item = "…" }.')
    known = {SourceKind.LISTING: listing.RECIPE_KEYS, SourceKind.SITEMAP: sitemaps.RECIPE_KEYS}.get(
        kind, frozenset()
    )
    for key, value in recipe.items():
        if key not in known:
            names = tuple(sorted(known))
            help_ = _suggest(key, names) or (
                f"Known keys: {', '.join(names)}." if names else f"The kind “{kind}” takes no recipe."
            )
            _fail(origin, who, f"unknown key “recipe.{key}”", help_)
        if not isinstance(value, str) or not value.strip():
            _fail(origin, who, f"“recipe.{key}” must be text in quotes, not empty")
        fault = listing.check_selector(value) if kind is SourceKind.LISTING and key != "date_format" else ""
        if fault:
            _fail(origin, who, f"“recipe.{key}” is no CSS selector ({fault})")
    if kind is SourceKind.LISTING and "item" not in recipe:
        _fail(origin, who, "“recipe.item” is missing", "A listing needs the CSS selector of its entries.")
    return dict(recipe)


def _check_unique(sources: tuple[Source, ...], origin: str) -> None:
    ids: set[str] = set()
    addresses: dict[str, str] = {}
    for source in sources:
        who = f"source “{source.id}”"
        if source.id in ids:
            _fail(origin, who, "“id” is given twice")
        ids.add(source.id)
        other = addresses.setdefault(canonical_url(source.url), source.id)
        if other != source.id:
            _fail(origin, who, f"“url” is that of source “{other}” too", "Remove one of them.")


def _suggest(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"Did you mean “{close[0]}”?" if close else ""


def _fail(origin: str, who: str, fault: str, cure: str = "") -> NoReturn:
    raise ConfigError(
        f"{who}: {fault}." if who else f"{fault[0].upper()}{fault[1:]}.", about=origin, cure=cure
    )

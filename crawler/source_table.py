"""One source as a table: read from TOML, OPML or CSV and checked, and written again.

`KEYS` is the whole schema. Whatever reads or writes sources goes by it, so that a key added
there is known to the catalogue, the user's file, OPML, CSV and `unsealed sources` at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from crawler.codes import COUNTRIES, LANGUAGES, MISTAKEN
from crawler.policy import parse_cadence
from crawler.urls import canonical_url
from pipeline.model import ConfigError, PagePolicy, Source, SourceKind

__all__ = ["CATEGORIES", "KEYS", "NEEDED", "Where", "fail", "read_table", "suggest", "to_table", "url_key"]

CATEGORIES: Final = (
    "press",
    "lab_blog",
    "newsletter",
    "community",
    "china_press",
    "research",
    "release_hub",
)
NEEDED: Final = ("id", "name", "kind", "url")

#: A name longer than this breaks every table it is shown in.
_MAX_NAME: Final = 120
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
#: A header's name (RFC 9110), and those that HTTP itself or the polling policy sets.
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_NOT_OURS: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "accept-encoding"),
        *("proxy-authorization", "if-none-match", "if-modified-since"),
    }
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a table, for errors: a file and a source in it."""

    origin: str
    who: str = ""


Check = Callable[[str, Where, str], None]


def _one_line(key: str, where: Where, value: str) -> None:
    if _CONTROL.search(value):
        fail(where, f"“{key}” holds a line break or control character", "Write it on one line.")


def _name(key: str, where: Where, value: str) -> None:
    _one_line(key, where, value)
    if len(value) > _MAX_NAME:
        fail(where, f"“{key}” is longer than {_MAX_NAME} characters", "Shorten it.")


def _identity(key: str, where: Where, value: str) -> None:
    if not _ID.fullmatch(value) or len(value) > _MAX_NAME:
        fail(where, f"“{key}” is “{value}”", "It must be lower-case letters, digits and single hyphens.")


def _address(key: str, where: Where, value: str) -> None:
    _one_line(key, where, value)
    try:
        canonical_url(value)
    except ValueError:
        fail(where, f"“{key}” is “{value}”", "It must be a whole http or https address.")


def _code(known: frozenset[str], words: str) -> Check:
    def check(key: str, where: Where, value: str) -> None:
        if value not in known:
            meant = MISTAKEN[key].get(value) or next(
                (code for code in (value.lower(), value.upper()) if code in known), ""
            )
            fail(
                where,
                f"“{key}” is “{value}”",
                f"Did you mean “{meant}”?" if meant else f"It must be {words}.",
            )

    return check


def _one_of(known: tuple[str, ...]) -> Check:
    def check(key: str, where: Where, value: str) -> None:
        if value not in known:
            fail(
                where,
                f"“{key}” is “{value}”",
                suggest(value, known) or f"It must be one of {', '.join(known)}.",
            )

    return check


def _cadence(key: str, where: Where, value: str) -> None:
    try:
        parse_cadence(value)
    except ConfigError as error:
        fail(where, f"“{key}” is “{value}”", error.cure)


def _proxy(key: str, where: Where, value: str) -> None:
    # The value may hold a password: it is never quoted.
    _one_line(key, where, value)
    try:
        parts = urlsplit(value)
        sound = parts.scheme == "http" and parts.hostname and parts.path in ("", "/") and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        fail(where, f"“{key}” is no proxy", "Write it like http://proxy.example:3128.")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a source: what it holds, for people, and how a text in it is checked.

    ``table`` marks a key that holds a table of texts instead of a text, ``private`` one that may
    hold a secret and leaves this machine only when that is asked for.
    """

    meaning: str
    check: Check = _one_line
    table: bool = False
    private: bool = False


KEYS: Final[Mapping[str, Key]] = {
    "id": Key("what it is called in commands, unique", _identity),
    "name": Key("the outlet's name as readers know it", _name),
    "kind": Key("how it publishes", _one_of(tuple(SourceKind))),
    "url": Key("what is polled", _address),
    "homepage": Key("where people read it", _address),
    "category": Key("what sort of outlet it is", _one_of(CATEGORIES)),
    "language": Key("ISO 639-1; none: the feed tells", _code(LANGUAGES, "an ISO 639-1 code, such as “en”")),
    "country": Key("ISO 3166-1", _code(COUNTRIES, "an ISO 3166-1 code, such as “DE”")),
    "organisation": Key("the maker it speaks for", _name),
    "pages": Key("whether its articles' pages are fetched", _one_of(tuple(PagePolicy))),
    "recipe": Key("how a listing page or sitemap is read", table=True),
    "cadence": Key("shortest and longest time between polls", _cadence),
    "user_agent": Key("sent instead of the program's own name"),
    "headers": Key("sent to its site and to nobody else", table=True, private=True),
    "proxy": Key("by which its requests go", _proxy, private=True),
    "note": Key("what is known of it"),
}


def read_table(table: Mapping[str, Any], where: Where, *, check_recipe: bool = True) -> Source:
    """Return the source of a table, with defaults for what is not given.

    Raises ConfigError naming ``where`` and the key. ``check_recipe`` off spares loading the
    HTML parser for recipes that are known to be sound.
    """
    for key, value in table.items():
        if key not in KEYS:
            fail(
                where, f"unknown key “{key}”", suggest(key, tuple(KEYS)) or f"Known keys: {', '.join(KEYS)}."
            )
        if KEYS[key].table:
            if not isinstance(value, Mapping):
                fail(where, f"“{key}” must be a table", f'Write {key} = {{ item = "…" }}.')
        elif not isinstance(value, str):
            fail(where, f"“{key}” must be text in quotes")
    texts = {key: value.strip() for key, value in table.items() if not KEYS[key].table}
    for key in NEEDED:
        if not texts.get(key):
            fail(where, f"“{key}” is missing")
    for key, value in texts.items():
        if value:
            KEYS[key].check(key, where, value)
    kind = SourceKind(texts["kind"])
    recipe = table.get("recipe", {})
    if check_recipe:
        _check_recipe(recipe, kind, where)
    headers = table.get("headers", {})
    _check_headers(headers, where)
    return Source(
        id=texts["id"],
        name=texts["name"],
        kind=kind,
        url=texts["url"],
        homepage=texts.get("homepage", ""),
        category=texts.get("category") or "press",
        language=texts.get("language", ""),
        country=texts.get("country", ""),
        organisation=texts.get("organisation", ""),
        pages=PagePolicy(texts.get("pages") or PagePolicy.AUTO),
        recipe=dict(recipe),
        cadence=texts.get("cadence", ""),
        user_agent=texts.get("user_agent", ""),
        headers=dict(headers),
        proxy=texts.get("proxy", ""),
        note=texts.get("note", ""),
    )


def to_table(source: Source) -> dict[str, Any]:
    """Return the table of ``source``, keys in the order of `KEYS`, without what is default."""
    table: dict[str, Any] = {}
    for key in KEYS:
        value = getattr(source, key)
        if isinstance(value, Mapping):
            value = dict(value)
        elif value is not None:
            value = str(value)
        if value and not (key == "pages" and value == PagePolicy.AUTO):
            table[key] = value
    return table


def url_key(url: str) -> str:
    """Return what tells two sources' addresses apart: http or https and "www." do not."""
    address = canonical_url(url).partition("://")[2]
    return address.removeprefix("www.").removesuffix("/")


def _check_recipe(recipe: Mapping[str, Any], kind: SourceKind, where: Where) -> None:
    # imported late: listing pulls in the HTML parser, and most sources have no recipe
    if not recipe and kind is not SourceKind.LISTING:
        return
    from crawler import listing, sitemaps

    known = {SourceKind.LISTING: listing.RECIPE_KEYS, SourceKind.SITEMAP: sitemaps.RECIPE_KEYS}.get(
        kind, frozenset()
    )
    for key, value in recipe.items():
        if key not in known:
            names = tuple(sorted(known))
            help_ = suggest(key, names) or (
                f"Known keys: {', '.join(names)}." if names else f"The kind “{kind}” takes no recipe."
            )
            fail(where, f"unknown key “recipe.{key}”", help_)
        if not isinstance(value, str) or not value.strip():
            fail(where, f"“recipe.{key}” must be text in quotes, not empty")
        fault = listing.check_selector(value) if kind is SourceKind.LISTING and key != "date_format" else ""
        if fault:
            fail(where, f"“recipe.{key}” is no CSS selector ({fault})")
    if kind is SourceKind.LISTING and "item" not in recipe:
        fail(where, "“recipe.item” is missing", "A listing needs the CSS selector of its entries.")


def _check_headers(headers: Mapping[str, Any], where: Where) -> None:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or name.lower() in _NOT_OURS:
            fail(where, f"“headers.{name}” is no header that can be set")
        if not isinstance(value, str) or not value.isascii() or _CONTROL.search(value):
            fail(where, f"“headers.{name}” must be text in quotes, one line of ASCII")


def suggest(word: str, known: tuple[str, ...]) -> str:
    """Return “Did you mean …?” with the nearest of ``known``, "" if none is near."""
    close = get_close_matches(word, known, n=1)
    return f"Did you mean “{close[0]}”?" if close else ""


def fail(where: Where, fault: str, cure: str = "") -> NoReturn:
    """Raise the ConfigError of ``fault`` at ``where``."""
    raise ConfigError(
        f"{where.who}: {fault}." if where.who else f"{fault[0].upper()}{fault[1:]}.",
        about=where.origin,
        cure=cure,
    )

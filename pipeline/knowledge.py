"""What an informed reader knows: organisations, model families, licences, telling phrases.

All of it is data (``pipeline/data/*.toml``). A user's own file of the same shape adds to it::

    organisation = [{ name = "Northlight AI", aliases = ["Northlight"] }]
    family = [{ name = "Aurora", maker = "Northlight AI", members = "open" }]
    licence = [{ id = "Custom", class = "custom", names = ["Aurora Community License"] }]
    [phrases.open_verb]
    en = ["sets free"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipeline.lexicon import Lexicon, listed
from pipeline.model import ConfigError

#: Lists of phrases the rules ask for; a list by another name would never be read.
GROUPS = listed(
    "open_source open_weights open_data open_verb release_verb planned reversed adoption free_only update howto "
    "opinion funding legal roundup negation closed ai weights hub restricted licence_word newness "
    "first_person show_hn launch_hn background attribution type_model type_dataset type_code "
    "type_benchmark type_hardware type_protocol"
)
LANGUAGES = frozenset({"en", "zh", "ja", "ko", "de", "fr", "es"})
LICENCE_CLASSES = frozenset({"osi", "open-data", "custom", "restricted", "non-commercial"})
MEMBERS = frozenset({"open", "mixed", "closed"})
_FILES = ("organisations.toml", "families.toml", "licences.toml", "phrases.toml")

#: A data file is read whole; no honest one is larger.
_FILE_BYTES = 2 * 2**20


@dataclass(frozen=True, slots=True)
class Organisation:
    """A maker, under its usual short English name."""

    name: str
    aliases: tuple[str, ...] = ()
    context: bool = False  # an everyday word: counts only as the subject of a sentence
    platform: bool = False  # more often the place of an opening than its maker
    country: str = ""  # ISO 3166-1 alpha-2, "" not given
    homepage: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A line of models (or of software) and how open its members are."""

    name: str
    maker: str  # organisation name, "" none in particular
    members: str  # "open", "mixed", "closed"
    aliases: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()  # lower-cased words after the name that mark an API-only member
    open: tuple[str, ...] = ()  # the same for an open member of a mixed family
    named: tuple[str, ...] = ()  # words that must follow, where the name alone is a company or a word
    digits: bool = False  # counts only with a number or one of ``named`` after it
    strict: bool = False  # counts only in a sentence that names the maker too
    software: bool = False
    licence: str = ""  # the licence every member is under, "" varies


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: SPDX id or the codebook's name, and its class."""

    id: str
    kind: str  # one of LICENCE_CLASSES

    @property
    def free(self) -> bool:
        """Whether it lets anybody use the thing for anything."""
        return self.kind in {"osi", "open-data"}


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything known, and the lexicon that finds it in a text."""

    organisations: Mapping[str, Organisation]
    families: Mapping[str, Family]
    licences: Mapping[str, Licence]
    hub_licences: Mapping[str, str]
    phrases: Mapping[str, Mapping[str, tuple[str, ...]]]
    hosts: Mapping[str, str]  # letters and digits of a Latin spelling -> organisation name
    lexicon: Lexicon

    def hub_licence(self, written: str) -> Licence | None:
        """Return the licence a release hub means, None where it says nothing."""
        key = written.strip().lower().removeprefix("license:")
        if not key or key in {"unknown", "none", "-", "n/a"}:
            return None
        for name, licence in self.licences.items():
            if name.lower() == key:
                return licence
        return self.licences[self.hub_licences.get(key, "Custom")]


def load_knowledge(extra: Path | None = None) -> Knowledge:
    """Read the shipped data and merge a user's own file over it.

    A family or licence of the same name replaces the shipped one; an organisation's aliases and
    the phrases are added. Raises ConfigError naming the file and the key.
    """
    draft = _Draft()
    root = files("pipeline") / "data"
    for name in _FILES:
        draft.read(name, (root / name).read_text(encoding="utf-8"), phrases_only=name == "phrases.toml")
    if extra is not None:
        try:
            if extra.stat().st_size > _FILE_BYTES:
                raise ConfigError("is larger than 2 MB.", about=str(extra), cure="Split or shorten it.")
            text = extra.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cannot be read ({error}).", about=str(extra), cure="Give a readable UTF-8 TOML file."
            ) from error
        draft.read(str(extra), text)
    return draft.finish()


class _Draft:
    """Knowledge while files are being read; checks every key on the way."""

    def __init__(self) -> None:
        self.organisations: dict[str, Organisation] = {}
        self.families: dict[str, Family] = {}
        self.licences: dict[str, tuple[Licence, tuple[str, ...], tuple[str, ...]]] = {}
        self.hub: dict[str, str] = {}
        self.phrases: dict[str, dict[str, tuple[str, ...]]] = {}
        self.origin: dict[str, str] = {}

    def read(self, file: str, text: str, *, phrases_only: bool = False) -> None:
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"is not valid TOML ({error}).", about=file) from error
        if phrases_only:
            data = {"phrases": data}
        sections = {
            "organisation": self._organisation,
            "family": self._family,
            "licence": self._licence,
        }
        for key, value in data.items():
            if key in sections:
                for index, row in enumerate(_rows(file, key, value)):
                    sections[key](file, f"{key}[{index}]", row)
            elif key == "hub":
                self.hub.update({k.lower(): _text(file, f"hub.{k}", v) for k, v in _table(file, key, value)})
            elif key == "phrases":
                self._phrases(file, value)
            else:
                raise _bad(
                    file, key, "is not a section", "Known: organisation, family, licence, hub, phrases."
                )

    def _organisation(self, file: str, key: str, row: dict[str, Any]) -> None:
        _only(file, key, row, {"name", "aliases", "context", "platform", "country", "homepage"})
        name = _text(file, f"{key}.name", row.get("name"))
        aliases = _texts(file, f"{key}.aliases", row.get("aliases", []))
        known = self.organisations.get(name)
        self.organisations[name] = Organisation(
            name,
            tuple(dict.fromkeys((known.aliases if known else ()) + aliases)),
            _flag(file, f"{key}.context", row.get("context", known.context if known else False)),
            _flag(file, f"{key}.platform", row.get("platform", known.platform if known else False)),
            _text(file, f"{key}.country", row.get("country", known.country if known else ""), empty=True),
            _text(file, f"{key}.homepage", row.get("homepage", known.homepage if known else ""), empty=True),
        )

    def _family(self, file: str, key: str, row: dict[str, Any]) -> None:
        _only(
            file,
            key,
            row,
            {
                "name",
                "maker",
                "members",
                "aliases",
                "closed",
                "open",
                "members_named",
                "digits",
                "strict",
                "context",
                "software",
                "licence",
            },
        )
        name = _text(file, f"{key}.name", row.get("name"))
        members = _text(file, f"{key}.members", row.get("members", "open"))
        if members not in MEMBERS:
            raise _bad(file, f"{key}.members", f"is {members!r}", "Use open, mixed or closed.")
        self.origin[name] = file
        self.families[name] = Family(
            name=name,
            maker=_text(file, f"{key}.maker", row.get("maker", ""), empty=True),
            members=members,
            aliases=_texts(file, f"{key}.aliases", row.get("aliases", [])),
            closed=tuple(w.lower() for w in _texts(file, f"{key}.closed", row.get("closed", []))),
            open=tuple(w.lower() for w in _texts(file, f"{key}.open", row.get("open", []))),
            named=tuple(
                w.lower() for w in _texts(file, f"{key}.members_named", row.get("members_named", []))
            ),
            digits=_flag(file, f"{key}.digits", row.get("digits", False)),
            strict=_flag(file, f"{key}.strict", row.get("strict", False) or row.get("context", False)),
            software=_flag(file, f"{key}.software", row.get("software", False)),
            licence=_text(file, f"{key}.licence", row.get("licence", ""), empty=True),
        )

    def _licence(self, file: str, key: str, row: dict[str, Any]) -> None:
        _only(file, key, row, {"id", "class", "names", "bare"})
        name = _text(file, f"{key}.id", row.get("id"))
        kind = _text(file, f"{key}.class", row.get("class"))
        if kind not in LICENCE_CLASSES:
            raise _bad(
                file, f"{key}.class", f"is {kind!r}", f"Use one of {', '.join(sorted(LICENCE_CLASSES))}."
            )
        old = self.licences.get(name)
        spelled = _texts(file, f"{key}.names", row.get("names", []))
        bare = _texts(file, f"{key}.bare", row.get("bare", []))
        self.licences[name] = (
            Licence(name, kind),
            tuple(dict.fromkeys((old[1] if old else ()) + spelled)),
            tuple(dict.fromkeys((old[2] if old else ()) + bare)),
        )

    def _phrases(self, file: str, value: object) -> None:
        for group, by_language in _table(file, "phrases", value):
            key = f"phrases.{group}"
            if group not in GROUPS:
                raise _bad(file, key, "is not a list the rules read", f"Known: {', '.join(sorted(GROUPS))}.")
            mine = self.phrases.setdefault(group, {})
            for language, phrases in _table(file, key, by_language):
                if language not in LANGUAGES:
                    raise _bad(
                        file, f"{key}.{language}", "is not a language we read", "Use en zh ja ko de fr es."
                    )
                found = _texts(file, f"{key}.{language}", phrases)
                mine[language] = tuple(dict.fromkeys(mine.get(language, ()) + found))

    def finish(self) -> Knowledge:
        lexicon = Lexicon()

        def add(words: Iterable[str], tag: str, value: object, *, name: bool = False) -> None:
            for word in words:
                try:
                    lexicon.add(word, tag, value, name=name)
                except ValueError as error:
                    raise ConfigError(
                        f"{error}.", about=f"{tag} {value}", cure="Mend this phrase."
                    ) from error

        for family in self.families.values():
            if family.maker and family.maker not in self.organisations:
                raise _bad(
                    self.origin[family.name],
                    f"family {family.name}: maker",
                    f"{family.maker!r} is no known organisation",
                    "Add it to the organisations.",
                )
            if family.licence and family.licence not in self.licences:
                raise _bad(
                    self.origin[family.name],
                    f"family {family.name}: licence",
                    f"{family.licence!r} is not known",
                    "Add it to the licences.",
                )
            add((family.name, *family.aliases), "family", family, name=True)
        for organisation in self.organisations.values():
            add((organisation.name, *organisation.aliases), "org", organisation, name=True)
        for licence, spelled, bare in self.licences.values():
            add(spelled, "licence", licence)
            add((f"={word}" for word in bare), "licence_bare", licence)
        for group, by_language in self.phrases.items():
            for phrases in by_language.values():
                add(phrases, group, group)
        return Knowledge(
            organisations=MappingProxyType(self.organisations),
            families=MappingProxyType(self.families),
            licences=MappingProxyType({name: row[0] for name, row in self.licences.items()}),
            hub_licences=MappingProxyType(self.hub),
            phrases=MappingProxyType(self.phrases),
            hosts=MappingProxyType(self._hosts()),
            lexicon=lexicon,
        )

    def _hosts(self) -> dict[str, str]:
        return {
            "".join(c for c in spelled.lower() if c.isalnum()): organisation.name
            for organisation in self.organisations.values()
            if not (organisation.platform or organisation.context)
            for spelled in (organisation.name, *organisation.aliases)
            if spelled.isascii()
        }


def _bad(file: str, key: str, message: str, cure: str) -> ConfigError:
    return ConfigError(f"{key} {message}.", about=file, cure=cure)


def _rows(file: str, key: str, value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise _bad(file, key, "is not a list of tables", f'Write {key} = [{{ name = "…" }}].')
    return value


def _table(file: str, key: str, value: object) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise _bad(file, key, "is not a table", f"Write [{key}] and its keys below.")
    return value.items()


def _only(file: str, key: str, row: dict[str, Any], allowed: set[str]) -> None:
    for name in row:
        if name not in allowed:
            raise _bad(file, f"{key}.{name}", "is not known", f"Known: {', '.join(sorted(allowed))}.")


def _text(file: str, key: str, value: object, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (value.strip() or empty):
        raise _bad(file, key, "must be a text that is not empty", "Write it in quotes.")
    return value


def _texts(file: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise _bad(file, key, "must be a list of texts", 'Write ["one", "two"].')
    return tuple(value)


def _flag(file: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _bad(file, key, "must be true or false", "Write it without quotes.")
    return value

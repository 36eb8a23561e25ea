"""Read and check the files of knowledge: every key, every name, nothing listed twice.

A file is refused as a whole, naming file, entry and key, rather than read in part: a list that
silently lacks half its names would only be noticed by what the digests miss.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pipeline.known import GROUPS, LANGUAGES, LICENCE_CLASSES, MEMBERS, Family, Licence, Organisation
from pipeline.lexicon import words
from pipeline.model import ConfigError

_ORGANISATION_KEYS = {
    *("name", "aliases", "context", "platform", "country", "homepage", "sites", "accounts", "override"),
}
_FAMILY_KEYS = {
    *("name", "maker", "members", "aliases", "closed", "open", "members_named", "digits", "strict"),
    *("context", "software", "licence", "since", "override"),
}
_LICENCE_KEYS = {"id", "class", "names", "bare", "spdx", "override"}
_SECTIONS = "organisation, family, licence, hub, phrases, drop"
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


@dataclass(slots=True)
class Spelled:
    """A licence and its spellings: those that say it, and those that need a word for licence beside them."""

    licence: Licence
    names: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """Knowledge while files are being read; ``read`` them in order, the user's own last."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    licences: dict[str, Spelled] = field(default_factory=dict)
    hub: dict[str, str] = field(default_factory=dict)
    phrases: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)  # family -> file
    #: Which entry a spelling belongs to: (section, words of the spelling) -> name.
    taken: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self, file: str, text: str, *, phrases_only: bool = False) -> None:
        """Read one file over what is there. Raises ConfigError naming file and key."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"is not valid TOML ({error}).", about=file) from error
        if phrases_only:
            data = {"phrases": data}
        entries = {"organisation": self._organisation, "family": self._family, "licence": self._licence}
        if "drop" in data:
            # First, so that a file may drop an entry and write its own of the same name.
            self._drop(file, data.pop("drop"))
        for key, value in data.items():
            if key in entries:
                seen: set[str] = set()
                for index, row in enumerate(_rows(file, key, value)):
                    entries[key](file, f"{key}[{index}]", row, seen)
            elif key == "hub":
                self.hub.update({k.lower(): _text(file, f"hub.{k}", v) for k, v in _table(file, key, value)})
            elif key == "phrases":
                self._phrases(file, value)
            else:
                raise refused(file, key, "is not a section", f"Known: {_SECTIONS}.")

    def check(self) -> None:
        """Check what one file says of another's: makers and licences of families, licences of hubs."""
        for family in self.families.values():
            about = self.origin[family.name], f"family {family.name}"
            if family.maker and family.maker not in self.organisations:
                raise refused(
                    about[0],
                    f"{about[1]}: maker",
                    f"{family.maker!r} is no known organisation",
                    f"Add it to the organisations{_meant(family.maker, self.organisations)}.",
                )
            if family.licence and family.licence not in self.licences:
                raise refused(
                    about[0],
                    f"{about[1]}: licence",
                    f"{family.licence!r} is not known",
                    f"Add it to the licences{_meant(family.licence, self.licences)}.",
                )
        for written, licence in self.hub.items():
            if licence not in self.licences:
                raise refused("licences", f"hub.{written}", f"{licence!r} is not known", "Add it.")

    def _organisation(self, file: str, key: str, row: dict[str, Any], seen: set[str]) -> None:
        _only(file, key, row, _ORGANISATION_KEYS)
        name = _name(file, key, row, "name", seen)
        override = _flag(file, f"{key}.override", row.get("override", False))
        old = self.organisations.get(name)
        if override and old is not None:
            self._forget("organisation", name)
            old = None
        old = old or Organisation(name)
        aliases = _texts(file, f"{key}.aliases", row.get("aliases", []))
        sites = tuple(_host(file, f"{key}.sites", site) for site in _list(file, key, row, "sites"))
        accounts = tuple(account.lower() for account in _list(file, key, row, "accounts"))
        about = file, key, name
        self._take(about, "organisation", (name, *aliases), override=override)
        self._take(about, "site", sites, override=override)
        self._take(about, "account", accounts, override=override)
        self.organisations[name] = Organisation(
            name,
            _joined(old.aliases, aliases),
            _flag(file, f"{key}.context", row.get("context", old.context)),
            _flag(file, f"{key}.platform", row.get("platform", old.platform)),
            _text(file, f"{key}.country", row.get("country", old.country), empty=True),
            _text(file, f"{key}.homepage", row.get("homepage", old.homepage), empty=True),
            _joined(old.sites, sites),
            _joined(old.accounts, accounts),
        )

    def _family(self, file: str, key: str, row: dict[str, Any], seen: set[str]) -> None:
        _only(file, key, row, _FAMILY_KEYS)
        name = _name(file, key, row, "name", seen)
        members = _text(file, f"{key}.members", row.get("members", "open"))
        if members not in MEMBERS:
            raise refused(file, f"{key}.members", f"is {members!r}", "Use open, mixed or closed.")
        override = _flag(file, f"{key}.override", row.get("override", False))
        if name in self.families:
            self._forget("family", name)
        aliases = _texts(file, f"{key}.aliases", row.get("aliases", []))
        self._take((file, key, name), "family", (name, *aliases), override=override)
        self.origin[name] = file

        def lowered(part: str) -> tuple[str, ...]:
            return tuple(word.lower() for word in _texts(file, f"{key}.{part}", row.get(part, [])))

        self.families[name] = Family(
            name=name,
            maker=_text(file, f"{key}.maker", row.get("maker", ""), empty=True),
            members=members,
            aliases=aliases,
            closed=lowered("closed"),
            open=lowered("open"),
            named=lowered("members_named"),
            digits=_flag(file, f"{key}.digits", row.get("digits", False)),
            strict=_flag(file, f"{key}.strict", row.get("strict", False) or row.get("context", False)),
            software=_flag(file, f"{key}.software", row.get("software", False)),
            licence=_text(file, f"{key}.licence", row.get("licence", ""), empty=True),
            since=_month(file, f"{key}.since", row.get("since")),
        )

    def _licence(self, file: str, key: str, row: dict[str, Any], seen: set[str]) -> None:
        _only(file, key, row, _LICENCE_KEYS)
        name = _name(file, key, row, "id", seen)
        kind = _text(file, f"{key}.class", row.get("class"))
        if kind not in LICENCE_CLASSES:
            raise refused(
                file, f"{key}.class", f"is {kind!r}", f"Use one of {', '.join(sorted(LICENCE_CLASSES))}."
            )
        override = _flag(file, f"{key}.override", row.get("override", False))
        if override and name in self.licences:
            self._forget("licence", name)
        names = _texts(file, f"{key}.names", row.get("names", []))
        bare = _texts(file, f"{key}.bare", row.get("bare", []))
        self._take((file, key, name), "licence", (*names, *bare), override=override)
        old = self.licences.get(name) if not override else None
        spdx = _flag(file, f"{key}.spdx", row.get("spdx", old.licence.spdx if old else True))
        self.licences[name] = Spelled(
            Licence(name, kind, spdx),
            _joined(old.names if old else (), names),
            _joined(old.bare if old else (), bare),
        )

    def _phrases(self, file: str, value: object) -> None:
        for group, by_language in _table(file, "phrases", value):
            key = f"phrases.{group}"
            if group not in GROUPS:
                raise refused(
                    file,
                    key,
                    f"is not a list the rules read{_meant(group, GROUPS)}",
                    f"Known: {', '.join(sorted(GROUPS))}.",
                )
            mine = self.phrases.setdefault(group, {})
            for language, phrases in _table(file, key, by_language):
                if language not in LANGUAGES:
                    raise refused(
                        file, f"{key}.{language}", "is not a language we read", "Use en zh ja ko de fr es."
                    )
                found = _texts(file, f"{key}.{language}", phrases)
                twice = _twice(found)
                if twice:
                    raise refused(file, f"{key}.{language}", f"lists {twice!r} twice", "Keep one of them.")
                mine[language] = _joined(mine.get(language, ()), found)

    def _drop(self, file: str, value: object) -> None:
        """Leave out what a user does not want: whole entries, or single phrases."""
        shelves: dict[str, tuple[str, dict[str, Any]]] = {
            "organisations": ("organisation", self.organisations),
            "families": ("family", self.families),
            "licences": ("licence", self.licences),
        }
        for part, names in _table(file, "drop", value):
            if part == "phrases":
                self._drop_phrases(file, names)
                continue
            if part not in shelves:
                raise refused(file, f"drop.{part}", "is not known", f"Known: {', '.join(shelves)}, phrases.")
            section, shelf = shelves[part]
            for name in _texts(file, f"drop.{part}", names):
                if name not in shelf:
                    raise refused(
                        file, f"drop.{part}", f"{name!r} is not there{_meant(name, shelf)}", "Mend the name."
                    )
                del shelf[name]
                self._forget(section, name)
        for family in list(self.families.values()):
            if family.maker and family.maker not in self.organisations:
                del self.families[family.name]
                self._forget("family", family.name)

    def _drop_phrases(self, file: str, value: object) -> None:
        for group, by_language in _table(file, "drop.phrases", value):
            for language, phrases in _table(file, f"drop.phrases.{group}", by_language):
                key = f"drop.phrases.{group}.{language}"
                there = self.phrases.get(group, {}).get(language, ())
                for phrase in _texts(file, key, phrases):
                    if phrase not in there:
                        raise refused(
                            file, key, f"{phrase!r} is not there{_meant(phrase, there)}", "Mend it."
                        )
                    there = tuple(other for other in there if other != phrase)
                self.phrases[group][language] = there

    def _take(
        self, about: tuple[str, str, str], section: str, spelled: Iterable[str], *, override: bool
    ) -> None:
        """Note whose a spelling is; another entry's is refused, or taken over where the row says so."""
        file, key, name = about
        spelled = tuple(spelled)
        twice = _twice(spelled)
        if twice:
            raise refused(file, key, f"({name}) lists {twice!r} twice", "Keep one of them.")
        for one in spelled:
            place = section, _spelling(one) if section not in {"site", "account"} else one
            owner = self.taken.get(place, name)
            if owner != name:
                if not override:
                    raise refused(
                        file,
                        key,
                        f"({name}): {one!r} already belongs to {owner}",
                        "Leave it out, or write override = true in this entry to take it over.",
                    )
                self._give_up(section, owner, place[1])
            self.taken[place] = name

    def _give_up(self, section: str, owner: str, spelling: str) -> None:
        """Take a spelling from the entry that had it."""

        def left(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(one for one in names if one != spelling and _spelling(one) != spelling)

        if section == "family" and owner in self.families:
            old = self.families[owner]
            self.families[owner] = replace(old, aliases=left(old.aliases))
        elif section == "licence" and owner in self.licences:
            spelled = self.licences[owner]
            self.licences[owner] = Spelled(spelled.licence, left(spelled.names), left(spelled.bare))
        elif owner in self.organisations:
            maker = self.organisations[owner]
            self.organisations[owner] = replace(
                maker, aliases=left(maker.aliases), sites=left(maker.sites), accounts=left(maker.accounts)
            )

    def _forget(self, section: str, name: str) -> None:
        sections = {section, "site", "account"} if section == "organisation" else {section}
        for place in [p for p, owner in self.taken.items() if owner == name and p[0] in sections]:
            del self.taken[place]


def refused(file: str, key: str, message: str, cure: str) -> ConfigError:
    """Return the error of a file that cannot be used."""
    return ConfigError(f"{key} {message}.", about=file, cure=cure)


def _spelling(phrase: str) -> str:
    """How the lexicon tells spellings apart: by their words."""
    return " ".join(words(phrase)) or phrase


def _joined(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _meant(name: str, known: Iterable[str] | Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _name(file: str, key: str, row: dict[str, Any], part: str, seen: set[str]) -> str:
    name = _text(file, f"{key}.{part}", row.get(part))
    if name in seen:
        raise refused(file, key, f"({name}) is listed twice in this file", "Keep one entry.")
    seen.add(name)
    return name


def _rows(file: str, key: str, value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise refused(file, key, "is not a list of tables", f'Write {key} = [{{ name = "…" }}].')
    return value


def _table(file: str, key: str, value: object) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise refused(file, key, "is not a table", f"Write [{key}] and its keys below.")
    return value.items()


def _only(file: str, key: str, row: dict[str, Any], allowed: set[str]) -> None:
    for name in row:
        if name not in allowed:
            raise refused(
                file,
                f"{key}.{name}",
                f"is not known{_meant(name, allowed)}",
                f"Known: {', '.join(sorted(allowed))}.",
            )


def _text(file: str, key: str, value: object, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (value.strip() or empty):
        raise refused(file, key, "must be a text that is not empty", "Write it in quotes.")
    return value


def _texts(file: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise refused(file, key, "must be a list of texts", 'Write ["one", "two"].')
    return tuple(value)


def _list(file: str, key: str, row: dict[str, Any], part: str) -> tuple[str, ...]:
    return _texts(file, f"{key}.{part}", row.get(part, []))


def _host(file: str, key: str, value: str) -> str:
    host = value.strip().lower().removeprefix("www.")
    if not _HOST.fullmatch(host):
        raise refused(file, key, f"{value!r} is no host name", 'Write it like "example.org".')
    return host


def _flag(file: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise refused(file, key, "must be true or false", "Write it without quotes.")
    return value


def _month(file: str, key: str, value: object) -> date | None:
    if value is None:
        return None
    match = _MONTH.fullmatch(value) if isinstance(value, str) else None
    try:
        if match is None:
            raise ValueError
        return date(int(match[1]), int(match[2]), 1)
    except ValueError as error:
        raise refused(file, key, f"is {value!r}, not a month", 'Write it like "2025-01".') from error

"""What an informed reader knows: organisations, model families, licences, telling phrases.

All of it is data (``pipeline/data/*.toml``). A user's own file of the same shape adds to it::

    organisation = [{ name = "Northlight AI", aliases = ["Northlight"], accounts = ["northlight-ai"] }]
    family = [{ name = "Aurora", maker = "Northlight AI", members = "open" }]
    licence = [{ id = "Custom", class = "custom", names = ["Aurora Community License"] }]
    [phrases.open_verb]
    en = ["sets free"]

How to write one, and what is in the shipped files: docs/knowledge.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from pipeline.gate import MOVES, NEEDED, Gate
from pipeline.knowledge_files import Draft
from pipeline.known import GROUPS as GROUPS
from pipeline.known import LANGUAGES as LANGUAGES
from pipeline.known import Family as Family
from pipeline.known import Licence as Licence
from pipeline.known import Organisation as Organisation
from pipeline.lexicon import Lexicon
from pipeline.model import ConfigError

_FILES = ("organisations.toml", "families.toml", "licences.toml", "phrases.toml")

#: A data file is read whole; no honest one is larger.
_FILE_BYTES = 2 * 2**20


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything known, and the lexicon that finds it in a text."""

    organisations: Mapping[str, Organisation]
    families: Mapping[str, Family]
    licences: Mapping[str, Licence]
    hub_licences: Mapping[str, str]
    phrases: Mapping[str, Mapping[str, tuple[str, ...]]]
    hosts: Mapping[str, str]  # letters and digits of a Latin spelling -> organisation name
    sites: Mapping[str, str]  # host name -> organisation name
    accounts: Mapping[str, str]  # name on GitHub, Hugging Face or ModelScope, lower case -> organisation name
    lexicon: Lexicon
    gate: Gate

    def hub_licence(self, written: str) -> Licence | None:
        """Return the licence a release hub means, None where it says nothing."""
        key = written.strip().lower().removeprefix("license:")
        if not key or key in {"unknown", "none", "-", "n/a"}:
            return None
        for name, licence in self.licences.items():
            if name.lower() == key:
                return licence
        return self.licences[self.hub_licences.get(key, "Custom")]

    def account_holder(self, account: str) -> str:
        """Return whose an account on a release hub is, ``""`` where that is not known."""
        known = self.accounts.get(account.lower())
        if known:
            return known
        return self.hosts.get("".join(c for c in account.lower() if c.isalnum()), "")


def load_knowledge(extra: Path | None = None) -> Knowledge:
    """Read the shipped data and merge a user's own file over it.

    An organisation's or licence's spellings and the phrases are added, a family of the same name
    replaces the shipped one; ``override = true`` makes any entry do that and take over names that
    are another's; ``[drop]`` leaves entries and phrases out. Raises ConfigError naming the file
    and the key.
    """
    draft = Draft()
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
    draft.check()
    return _finished(draft)


def _finished(draft: Draft) -> Knowledge:
    return Knowledge(
        organisations=MappingProxyType(draft.organisations),
        families=MappingProxyType(draft.families),
        licences=MappingProxyType({name: row.licence for name, row in draft.licences.items()}),
        hub_licences=MappingProxyType(draft.hub),
        phrases=MappingProxyType(draft.phrases),
        hosts=MappingProxyType(_hosts(draft.organisations.values())),
        sites=MappingProxyType({s: o.name for o in draft.organisations.values() for s in o.sites}),
        accounts=MappingProxyType({a: o.name for o in draft.organisations.values() for a in o.accounts}),
        lexicon=_lexicon(draft),
        gate=Gate(_things(draft), _spoken(draft, MOVES)),
    )


def _spoken(draft: Draft, groups: Iterable[str]) -> Iterable[str]:
    for group in groups:
        for phrases in draft.phrases.get(group, {}).values():
            yield from phrases


def _things(draft: Draft) -> Iterable[str]:
    """Every phrase and name of which an opening needs at least one."""
    yield from _spoken(draft, NEEDED)
    for row in draft.licences.values():
        yield from (*row.names, *row.bare)
    for family in draft.families.values():
        if family.members != "closed" and not family.software:
            yield from (family.name, *family.aliases)


def _lexicon(draft: Draft) -> Lexicon:
    lexicon = Lexicon()

    def add(phrases: Iterable[str], tag: str, value: object, *, name: bool = False) -> None:
        for phrase in phrases:
            try:
                lexicon.add(phrase, tag, value, name=name)
            except ValueError as error:
                raise ConfigError(f"{error}.", about=f"{tag} {value}", cure="Mend this phrase.") from error

    for family in draft.families.values():
        add((family.name, *family.aliases), "family", family, name=True)
    for organisation in draft.organisations.values():
        add((organisation.name, *organisation.aliases), "org", organisation, name=True)
    for row in draft.licences.values():
        add(row.names, "licence", row.licence)
        add((f"={word}" for word in row.bare), "licence_bare", row.licence)
    for group, by_language in draft.phrases.items():
        for phrases in by_language.values():
            add(phrases, group, group)
    return lexicon


def _hosts(organisations: Iterable[Organisation]) -> dict[str, str]:
    return {
        "".join(c for c in spelled.lower() if c.isalnum()): organisation.name
        for organisation in organisations
        if not (organisation.platform or organisation.context)
        for spelled in (organisation.name, *organisation.aliases)
        if spelled.isascii()
    }

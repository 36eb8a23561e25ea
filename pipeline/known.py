"""The kinds of things an informed reader knows, as the data files state them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipeline.lexicon import listed

#: Lists of phrases the rules ask for; a list by another name would never be read.
GROUPS = listed(
    "open_source open_weights open_data open_verb release_verb planned reversed adoption hosting free_only update howto "
    "opinion funding legal roundup negation closed ai weights hub restricted licence_word newness "
    "first_person show_hn launch_hn background attribution type_model type_dataset type_code "
    "type_benchmark type_hardware type_protocol"
)
LANGUAGES = frozenset({"en", "zh", "ja", "ko", "de", "fr", "es"})
LICENCE_CLASSES = frozenset({"osi", "open-data", "custom", "restricted", "non-commercial"})
MEMBERS = frozenset({"open", "mixed", "closed"})


@dataclass(frozen=True, slots=True)
class Organisation:
    """A maker, under its usual short English name."""

    name: str
    aliases: tuple[str, ...] = ()
    context: bool = False  # an everyday word: counts only as the subject of a sentence
    platform: bool = False  # more often the place of an opening than its maker
    country: str = ""  # ISO 3166-1 alpha-2, "" not given
    homepage: str = ""
    sites: tuple[str, ...] = ()  # its own host names, lower case, without "www."
    accounts: tuple[str, ...] = ()  # its names on GitHub, Hugging Face and ModelScope, lower case


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
    since: date | None = None  # first day of the month its weights were first published, None unknown


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: SPDX id or the codebook's name, and its class."""

    id: str
    kind: str  # one of LICENCE_CLASSES
    spdx: bool = True  # whether ``id`` is on the SPDX licence list

    @property
    def free(self) -> bool:
        """Whether it lets anybody use the thing for anything."""
        return self.kind in {"osi", "open-data"}

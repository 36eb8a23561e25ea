"""Every filter of the query language, a line each, and what its values may be.

To add one: a line in ``KEYS``, and its value in ``pipeline.archive.search_facts`` (or a column of
the same name in ``search_articles``). Parser, help, did-you-mean and SQL read this table.
"""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.archive.query_times import FORMS, instant
from pipeline.archive.query_tree import Value
from pipeline.model import ArtifactType, Kind, Openness, PromiseState


class Of(StrEnum):
    """What a query is asked of; the name stands in the search tables."""

    ARTICLE = "article"
    ANNOUNCEMENT = "announcement"
    STORY = "story"
    PROMISE = "promise"


class Form(StrEnum):
    """How a filter's value is read and compared."""

    NAME = "name"  # the whole value, case and accents apart; a trailing * for its beginning
    PART = "part"  # begins with it, or has a word that does: part of a name
    FAMILY = "family"  # the whole value, or its beginning up to a hyphen: an SPDX id
    CHOICE = "choice"  # one of a closed list
    NUMBER = "number"  # compared: 5, >5, >=5, <5, <=5
    ID = "id"
    SINCE = "since"
    UNTIL = "until"


_ALL = frozenset(Of)
_YES = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Key:
    """One filter. ``of`` says which commands know it."""

    form: Form
    help: str
    choices: tuple[str, ...] = ()
    of: frozenset[Of] = _ALL

    def __str__(self) -> str:
        return f"{self.help}{', '.join(self.choices)}"


def _values(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(v.value for v in kind)


KEYS: dict[str, Key] = {
    "who": Key(Form.NAME, "the maker, as in who:deepseek"),
    "what": Key(Form.PART, "the artifact, or a word its name has or begins with, as in what:qwen3"),
    "licence": Key(Form.FAMILY, "SPDX id or its beginning, as in licence:apache"),
    "openness": Key(Form.CHOICE, "", _values(Openness)),
    "claimed": Key(Form.CHOICE, "what the text calls it where that is more than it is: ", _values(Openness)),
    "type": Key(Form.CHOICE, "", _values(ArtifactType)),
    "stage": Key(Form.CHOICE, "", ("released", "planned", "reversed")),
    "kind": Key(Form.CHOICE, "", _values(Kind)),
    "tagged": Key(Form.CHOICE, "announces an opening, released or planned: ", _YES),
    "probability": Key(
        Form.NUMBER, "that it announces one, as in probability:>0.8", of=_ALL - {Of.STORY, Of.PROMISE}
    ),
    "source": Key(Form.NAME, "id of the source"),
    "outlet": Key(Form.PART, "the outlet, or a word its name has or begins with"),
    "lang": Key(Form.NAME, "ISO 639-1, as in lang:zh"),
    "country": Key(Form.NAME, "ISO 3166-1, as in country:cn"),
    "story": Key(Form.ID, "number of the story"),
    "outlets": Key(Form.NUMBER, "how many outlets tell its story, as in outlets:>=5"),
    "state": Key(Form.CHOICE, "what became of the promise: ", _values(PromiseState), frozenset({Of.PROMISE})),
    "since": Key(Form.SINCE, FORMS),
    "until": Key(Form.UNTIL, "the same, to its end"),
}
#: Other spellings people use.
ALIASES = {
    "license": "licence",
    "language": "lang",
    "from": "since",
    "after": "since",
    "to": "until",
    "before": "until",
    "maker": "who",
    "org": "who",
    "model": "what",
    "site": "outlet",
    "p": "probability",
}

_TRUE = {"yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"}
_MAX_ID = 2**31 - 1  # what PostgreSQL's integer holds


def known(key: str) -> str | None:
    """The filter's proper name, None where there is none."""
    low = ALIASES.get(key.lower(), key.lower())
    return low if low in KEYS else None


def near(word: str, among: list[str] | tuple[str, ...]) -> str | None:
    """The most similar of some words, if one is similar at all."""
    found = difflib.get_close_matches(word.lower(), list(among), n=1, cutoff=0.6)
    return found[0] if found else None


def fold(name: str) -> str:
    """A name as it is compared: case, accents, width and doubled spaces do not matter."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")
    return " ".join(unicodedata.normalize("NFC", bare).split())


def checked(key: str, value: Value, now: datetime) -> Value:
    """The value as the tree keeps it. Raises ValueError: message, then cure, as its two arguments."""
    spec = KEYS[key]
    text = value.text
    if value.op == "^" and spec.form not in (Form.NAME, Form.PART, Form.FAMILY):
        raise ValueError(f"{key}: takes no *.", _takes(key))
    match spec.form:
        case Form.CHOICE:
            low = _TRUE.get(text.lower(), text.lower()) if spec.choices == _YES else text.lower()
            if low not in spec.choices:
                proposal = near(low, spec.choices)
                cure = f"Did you mean {proposal}?" if proposal else f"It is one of {', '.join(spec.choices)}."
                raise ValueError(f"{key}: cannot be {text!r}.", cure)
            return Value(low)
        case Form.ID:
            bare = text.lower().removeprefix("s").removeprefix("#")
            if not (bare.isascii() and bare.isdigit() and len(bare) <= 10 and int(bare) <= _MAX_ID):
                raise ValueError(
                    "a story is given by its number.", "The tables of `unsealed stories` show it."
                )
            return Value(str(int(bare)))
        case Form.NUMBER:
            return _number(key, value)
        case Form.SINCE | Form.UNTIL:
            try:
                instant(text, now, end=spec.form is Form.UNTIL)
            except ValueError as error:
                raise ValueError(f"{text!r} is no time.", f"{str(error).capitalize()}.") from error
            return Value(text.lower())
    return value


def _number(key: str, value: Value) -> Value:
    try:
        number = float(value.text)
    except ValueError as error:
        raise ValueError(f"{key}: takes a number.", _takes(key)) from error
    if not 0 <= number <= 1_000_000:  # also refuses nan
        raise ValueError(f"{key}: {value.text} is out of range.", _takes(key))
    return Value(f"{number:g}" if number < 1_000 else f"{number:.0f}", value.op)


def _takes(key: str) -> str:
    return f"It takes {KEYS[key]}."

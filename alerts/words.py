"""The words of the frame around the news, as data: one table a language.

``load_words("zh")`` gives a :class:`Words`; ``words("story.outlets", n=12)`` a finished phrase.
The shipped tables are in ``alerts/data/strings.toml``; a user's ``strings.toml`` of the same form
replaces phrases one by one and may add languages.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.model import ConfigError

#: What a language falls back to for phrases it lacks.
BASE = "en"
_SHIPPED = Path(__file__).parent / "data" / "strings.toml"


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language: dotted key -> text, list, or ``{one, other}``."""

    language: str  # as asked for: "en", "zh"
    phrases: Mapping[str, Any]
    reasons: Mapping[str, str]  # English reason for leaving something out -> this language's

    def __call__(self, key: str, /, **values: object) -> str:
        """The phrase ``key`` with ``values`` filled in; ``n`` chooses between one and other."""
        phrase = self._find(key)
        if isinstance(phrase, Mapping):
            phrase = phrase.get("one", phrase["other"]) if values.get("n") == 1 else phrase["other"]
        return str(phrase).format_map(values)

    def get(self, key: str, default: str) -> str:
        """The phrase ``key``, or ``default`` where there is none (a language or edition we have no name for)."""
        return str(self.phrases.get(key, default))

    def reason(self, english: str) -> str:
        """A reason of ``Digest.left_out`` in this language; unknown ones pass as they are."""
        return self.reasons.get(english, english)

    def day(self, day: date, form: str = "medium") -> str:
        """``day`` in the form "long" (with weekday), "medium" (with year) or "short"."""
        month = self._find("date.months")[day.month - 1]
        return self(
            f"date.{form}",
            weekday=self._find("date.weekdays")[day.weekday()],
            day=day.day,
            month=month,
            mon=month[:3],
            monthnumber=day.month,
            year=day.year,
        )

    def time(self, moment: datetime, *, today: date) -> str:
        """Clock time of ``moment``, with the day in front where it is not ``today``."""
        clock = f"{moment:%H:%M}"
        return clock if moment.date() == today else f"{self.day(moment.date(), 'short')} {clock}"

    def _find(self, key: str) -> Any:
        try:
            return self.phrases[key]
        except KeyError:
            raise ConfigError(
                f"there is no phrase {key!r} in language {self.language!r}.",
                about="strings.toml",
                cure="Check the key in your template, or add the phrase to your strings.toml.",
            ) from None


def load_words(language: str = BASE, extra: Path | None = None) -> Words:
    """The phrases of ``language`` ("en", "zh", or one that the file ``extra`` adds).

    Raises ConfigError for an unknown language and for a file that cannot be used.
    """
    stamp = extra.stat().st_mtime_ns if extra is not None and extra.is_file() else 0
    return _load(language, extra if stamp else None, stamp)


@lru_cache(maxsize=32)
def _load(language: str, extra: Path | None, stamp: int) -> Words:
    """Cached by the file's time of change, so that an edited translation shows at once."""
    tables = _read(_SHIPPED)
    if extra is not None:
        shipped = tables[BASE]
        for name, phrases in _read(extra).items():
            _check(phrases, shipped, f"{extra} [{name}]")
            tables[name] = {**tables.get(name, {}), **phrases}
    if language not in tables:
        raise ConfigError(
            f"there is no frame in language {language!r}.",
            about="language",
            cure=f"Choose one of {', '.join(sorted(tables))}, or add it to strings.toml in your templates folder.",
        )
    phrases = {**tables[BASE], **tables[language]}
    reasons = {
        str(english): str(phrases[key])
        for key, english in _read(_SHIPPED)[BASE].items()
        if key.startswith("left_out.")
    }
    return Words(language, phrases, reasons)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Tables of a strings file: language -> dotted key -> phrase."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"cannot be read: {error}.",
            about=str(path),
            cure="Mend the file or take it out of the templates folder.",
        ) from error
    tables: dict[str, dict[str, Any]] = {}
    for language, table in raw.items():
        if not isinstance(table, dict):
            raise ConfigError(
                f"{language!r} is not a table of phrases.", about=str(path), cure="Write [en] and so on."
            )
        tables[language] = dict(_flat(table))
    return tables


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in table.items():
        plural = isinstance(value, dict) and "other" in value and value.keys() <= {"one", "other"}
        if isinstance(value, dict) and not plural:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((prefix + key, value))
    return rows


def _check(phrases: Mapping[str, Any], base: Mapping[str, Any], where: str) -> None:
    """Refuse phrases that would fail only when an edition is due."""
    for key, phrase in phrases.items():
        if key in base and fields(phrase) - fields(base[key]) - _DATE_FIELDS:
            odd = ", ".join(sorted(fields(phrase) - fields(base[key])))
            raise ConfigError(
                f"{key} uses {{{odd}}}, which is not filled in there.",
                about=where,
                cure=f"Use only {', '.join(sorted(fields(base[key]))) or 'plain text'}.",
            )


_DATE_FIELDS = frozenset({"weekday", "day", "month", "mon", "monthnumber", "year"})


def fields(phrase: Any) -> set[str]:
    """Names filled into a phrase: ``fields("{n} of {total}") == {"n", "total"}``."""
    if isinstance(phrase, Mapping):
        return set().union(*(fields(p) for p in phrase.values()))
    if not isinstance(phrase, str):
        return set()
    try:
        return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}
    except ValueError:
        return {"unbalanced braces"}

"""The query language: ``licence:mit who:deepseek since:7d "video model" -tutorial``.

Parsing is pure; nothing here knows SQL. Words and "phrases" must all occur; ``-`` turns a
word or filter round; ``key:a,b`` means either. Errors quote the part at fault.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.model import ArtifactType, Kind, Openness, QueryError

#: Longer ones are refused: a pasted article is not a query, and each word costs an index lookup.
MAX_QUERY = 1_000

_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_CLOSED: dict[str, tuple[str, ...]] = {
    "kind": tuple(k.value for k in Kind),
    "openness": tuple(o.value for o in Openness),
    "type": tuple(t.value for t in ArtifactType),
    "tagged": tuple(_YES),
}
_ALIASES = {"license": "licence", "language": "lang", "from": "since", "to": "until"}
#: Every key, and what it filters by.
KEYS = {
    "who": "the maker, as in who:deepseek",
    "what": "part of the artifact's name, as in what:qwen3",
    "licence": "SPDX id or its beginning, as in licence:apache",
    "openness": ", ".join(_CLOSED["openness"]),
    "type": ", ".join(_CLOSED["type"]),
    "kind": ", ".join(_CLOSED["kind"]),
    "tagged": "yes or no",
    "source": "id of the source",
    "outlet": "part of the outlet's name",
    "lang": "ISO 639-1, as in lang:zh",
    "country": "ISO 3166-1, as in country:cn",
    "story": "number of the story",
    "since": "7d, 24h, 2w, today, 2026-06 or 2026-06-30",
    "until": "the same, to its end",
}

_TOKEN = re.compile(
    r"\s*(-?)(?:([A-Za-z_]+):)?((?:\"[^\"]*\"|[^\s\",]+)(?:,(?:\"[^\"]*\"|[^\s\",]+))*|\"[^\"]*$)?"
)
_VALUE = re.compile(r'"([^"]*)"?|([^\s",]+)')
_SPAN = re.compile(r"^(\d{1,4})([hdwmy])$")
_DAY = re.compile(r"^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must (or must not) occur side by side."""

    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """One ``key:value,value``; a match with any of the values fits."""

    key: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; times already turned into instants."""

    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def parse(text: str, now: datetime) -> Query:
    """Read a query. Raises QueryError, which quotes the part it could not read."""
    if len(text) > MAX_QUERY:
        raise QueryError(f"a query may have {MAX_QUERY} characters, this one has {len(text)}.")
    terms: list[Term] = []
    filters: list[Filter] = []
    since: datetime | None = None
    until: datetime | None = None
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None  # every part of the pattern is optional
        if match.end() == position or not match.group(0).strip():
            position += 1
            continue
        position = match.end()
        dash, key, raw = match.group(1), match.group(2), match.group(3) or ""
        values = tuple(a or b for a, b in _VALUE.findall(raw) if a or b)
        if key is None:
            terms.extend(Term(v, bool(dash)) for v in values)
            continue
        key = _known(key, match.group(0).strip())
        if not values:
            raise QueryError(f"{key}: needs a value ({KEYS[key]}).", about=match.group(0).strip())
        if key in ("since", "until"):
            if dash or len(values) > 1:
                raise QueryError(f"{key}: takes one time and no minus.", about=match.group(0).strip())
            if key == "since":
                since = _instant(values[0], now, end=False)
            else:
                until = _instant(values[0], now, end=True)
            continue
        filters.append(Filter(key, tuple(_checked(key, v) for v in values), bool(dash)))
    return Query(tuple(terms), tuple(filters), since, until)


def yes(value: str) -> bool:
    """The truth value of a checked ``tagged:`` value."""
    return _YES[value]


def _known(key: str, part: str) -> str:
    low = key.lower()
    low = _ALIASES.get(low, low)
    if low in KEYS:
        return low
    near = difflib.get_close_matches(low, [*KEYS, *_ALIASES], n=1)
    hint = f"Did you mean {_ALIASES.get(near[0], near[0])}:?" if near else f"Known are {', '.join(KEYS)}."
    raise QueryError(
        f"there is no filter {key}:", about=part, cure=f'{hint} Write it in "quotes" to search the words.'
    )


def _checked(key: str, value: str) -> str:
    if key == "story":
        bare = value.lower().removeprefix("s")
        if not bare.isascii() or not bare.isdigit() or len(bare) > 12:
            raise QueryError("a story is given by its number.", about=f"story:{value}")
        return bare
    allowed = _CLOSED.get(key)
    low = value.lower()
    if allowed and low not in allowed:
        near = difflib.get_close_matches(low, allowed, n=1)
        raise QueryError(
            f"{key}: cannot be {value!r}.",
            about=f"{key}:{value}",
            cure=f"Did you mean {near[0]}?" if near else f"It is one of {', '.join(allowed)}.",
        )
    return low if allowed else value


def _instant(value: str, now: datetime, *, end: bool) -> datetime:
    """A time as people write it; for ``end`` the last instant of the day, month or year named."""
    low = value.lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start: datetime | None = None
    length = timedelta(days=1)
    try:
        if low in ("now",):
            return now
        if low in ("today", "yesterday"):
            start = midnight - (timedelta(days=1) if low == "yesterday" else timedelta())
        elif span := _SPAN.match(low):
            hours = {"h": 1, "d": 24, "w": 168, "m": 730, "y": 8766}[span.group(2)]
            return now - timedelta(hours=int(span.group(1)) * hours)
        elif day := _DAY.match(low):
            year, month, date_ = int(day.group(1)), int(day.group(2) or 1), int(day.group(3) or 1)
            start = datetime(year, month, date_, tzinfo=UTC)
            if not day.group(2):
                length = datetime(year + 1, 1, 1, tzinfo=UTC) - start
            elif not day.group(3):
                following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
                length = following - start
    except (ValueError, OverflowError) as error:
        raise QueryError(f"{value!r} is no date ({error}).", about=value) from error
    if start is None:
        raise QueryError(
            f"{value!r} is no time.", about=value, cure="Write 7d, 24h, today, 2026-06 or 2026-06-30."
        )
    return start + length - timedelta(microseconds=1) if end else start

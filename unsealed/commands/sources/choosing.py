"""What the subcommands share: the catalogue with how each source does, and filters over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeVar

import click

from crawler.source_table import CATEGORIES
from pipeline.archive import Archive
from pipeline.model import ArchiveError, ConfigError, Health, Source, SourceKind
from unsealed.catalogue import catalogue
from unsealed.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

#: States a source may be in, with the colour each has on a terminal.
STATES = {
    "new": "dim",
    "healthy": "green",
    "moved": "yellow",
    "silent": "yellow",
    "blocked": "red",
    "failing": "red",
    "gone": "red",
    "muted": "bright_black",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A source and how it does."""

    source: Source
    state: str  # "" where there is no archive
    words: str = ""  # why, for failing and muted ones
    polled_at: datetime | None = None


def rows(settings: Settings) -> tuple[Row, ...]:
    """Every source, muted ones last, with the state that the archive remembers, if there is one."""
    found = catalogue(settings)
    health = _health(settings)
    polled = [health.get(source.id, Row(source, "new" if health else "")) for source in found.sources]
    return (
        *(
            Row(source, row.state, row.words, row.polled_at)
            for source, row in zip(found.sources, polled, strict=True)
        ),
        *(Row(source, "muted", reason) for source, reason in found.muted),
    )


def _health(settings: Settings) -> Mapping[str, Row]:
    try:
        archive = Archive.open(settings.archive.url, create=False)
    except ArchiveError:
        return {}
    with archive:
        known: dict[str, Row] = {}
        for seen in archive.gathering.health():
            # "new" with a past: an archive of before states were kept, not polled since
            past = "failing" if seen.problem_code else "healthy" if seen.polled_at else "new"
            state = past if seen.health is Health.NEW else seen.health.value
            source = Source(seen.source_id, seen.name, SourceKind.FEED, "")
            known[seen.source_id] = Row(source, state, seen.health_why or seen.problem, seen.polled_at)
        return known


def filters(command: F) -> F:
    """Add the options that choose sources."""
    for option in (
        click.option(
            "--state", multiple=True, type=click.Choice(tuple(STATES)), help="As the archive remembers."
        ),
        click.option("--kind", multiple=True, type=click.Choice([kind.value for kind in SourceKind])),
        click.option("--country", multiple=True, metavar="CODE", help="ISO 3166-1, such as DE."),
        click.option("--language", multiple=True, metavar="CODE", help="ISO 639-1, such as zh."),
        click.option("--category", multiple=True, type=click.Choice(CATEGORIES)),
    ):
        command = option(command)
    return command


def chosen(
    listed: Sequence[Row],
    words: Sequence[str] = (),
    *,
    category: Sequence[str] = (),
    language: Sequence[str] = (),
    country: Sequence[str] = (),
    kind: Sequence[str] = (),
    state: Sequence[str] = (),
) -> tuple[Row, ...]:
    """The rows that fit every filter given, and hold every word in id, name, maker or address.

    Muted ones are among them only when ``state`` asks for them.
    """
    languages, countries = [code.lower() for code in language], [code.upper() for code in country]

    def fits(row: Row) -> bool:
        source = row.source
        text = f"{source.id} {source.name} {source.organisation} {source.url} {source.homepage}".lower()
        return (
            (not category or source.category in category)
            and (not languages or source.language in languages)
            and (not countries or source.country in countries)
            and (not kind or source.kind in kind)
            and (row.state in state if state else row.state != "muted")
            and all(word.lower() in text for word in words)
        )

    return tuple(row for row in listed if fits(row))


def by_ids(listed: Sequence[Row], ids: Sequence[str]) -> tuple[Row, ...]:
    """The rows with these ids, in their order. ConfigError with a did-you-mean for an unknown one."""
    known = {row.source.id: row for row in listed}
    for id_ in ids:
        if id_ not in known:
            near = get_close_matches(id_, known, n=1)
            raise ConfigError(
                f"there is no source {id_!r}.",
                cure=f"Did you mean {near[0]}?" if near else "`unsealed sources list` shows them.",
            )
    return tuple(known[id_] for id_ in dict.fromkeys(ids))

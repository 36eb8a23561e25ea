"""What the commands that query the archive share: options, formats, pages, and a word when nothing is found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from pipeline.archive import Archive, FoundAnnouncement, FoundPromise, FoundStory, Hit, Of, Sort
from pipeline.archive.query import KEYS, parse
from unsealed.cli import config_of
from unsealed.rows import write_rows
from unsealed.settings import find_config, load_settings

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "json", "jsonl", "csv")
_KINDS: dict[Of, type[Any]] = {
    Of.ARTICLE: Hit,
    Of.ANNOUNCEMENT: FoundAnnouncement,
    Of.STORY: FoundStory,
    Of.PROMISE: FoundPromise,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as given on the command line."""

    query: tuple[str, ...]
    style: str | None
    limit: int
    after: str
    count: bool
    by: str | None
    sort: Sort = Sort.NEWEST


def filters_help(of: Of) -> str:
    """The filters a command knows, one a line, for the end of its help."""
    known = [(f"{key}:", str(spec)) for key, spec in KEYS.items() if of in spec.of]
    lines = "\n".join(f"  {key:<13}{text}" for key, text in known)
    return (
        '\b\nWords and "phrases" must all occur; -part turns a part round, OR joins its two\n'
        "neighbours, ( ) group, key:a,b means either, word* its beginning.\n\n\b\nFilters:\n" + lines
    )


def query_options(command: F) -> F:
    """The options every querying command has."""
    for option in reversed(
        (
            click.argument("query", nargs=-1),
            click.option(
                "--format",
                "style",
                type=click.Choice(FORMATS),
                help="Default: table on a terminal, jsonl in a pipe.",
            ),
            click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True),
            click.option(
                "--after",
                default="",
                metavar="CURSOR",
                help="Go on where a former page ended (it says where).",
            ),
            click.option("--count", is_flag=True, help="Print how many fit, and nothing else."),
            click.option(
                "--group-by",
                "by",
                metavar="KEY",
                help="Count by a filter's value, or by day, week, month, year.",
            ),
        )
    ):
        command = option(command)
    return command


def answer(ctx: click.Context, of: Of, asked: Asked) -> None:
    """Run a query and print what it finds. Raises QueryError, ArchiveError."""
    if asked.count and asked.by:
        raise click.UsageError("--count and --group-by exclude each other.", ctx)
    parsed = parse(join_words(asked.query), datetime.now(UTC))
    table = asked.style == "table" or (asked.style is None and sys.stdout.isatty())
    style = asked.style or "jsonl"
    with Archive.open(load_settings(find_config(config_of(ctx))).archive.url, create=False) as archive:
        if asked.count:
            click.echo(str(archive.searching.count(parsed, of)))
            return
        if asked.by:
            groups = archive.searching.group(parsed, asked.by, of)
            if table:
                from unsealed.charts import print_bars

                print_bars(groups, asked.by, asked.limit)
            else:
                write_rows(
                    [{asked.by: g.label, "count": g.count} for g in groups], style, (asked.by, "count")
                )
            found = bool(groups)
        else:
            page = archive.searching.page(parsed, of, limit=asked.limit, after=asked.after, sort=asked.sort)
            if table:
                from unsealed.found_tables import print_found

                print_found(of, page.rows)
            else:
                write_rows([asdict(r) for r in page.rows], style, [f.name for f in fields(_KINDS[of])])
            sys.stdout.flush()
            if page.after:
                click.echo(f"There are more: add --after {page.after}", err=True)
            found = bool(page.rows)
        if not found:
            hints = archive.searching.suggestions(parsed, of)
            click.echo(" ".join(("Nothing fits.", *hints)), err=True)


def join_words(words: Sequence[str]) -> str:
    """Words as the shell gave them, back to one query: what had spaces was quoted there."""
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{w}"' if " " in w and ":" not in w and '"' not in w else w for w in words)

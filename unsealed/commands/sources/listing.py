"""``unsealed sources list``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from crawler.source_table import KEYS
from unsealed.cli import config_of
from unsealed.commands.sources.choosing import STATES, Row, chosen, filters, rows
from unsealed.rows import write_rows
from unsealed.settings import find_config, load_settings


@click.command("list")
@click.argument("words", nargs=-1)
@filters
@click.option("--format", "style", type=click.Choice(["table", "json", "jsonl", "csv"]), default=None)
@click.pass_context
def command(
    ctx: click.Context, /, words: tuple[str, ...], style: str | None, **filters: Sequence[str]
) -> None:
    """List sources that hold all WORDS in id, name, maker or address, and fit all filters.

    An option given twice takes either. Without --format: a table on a terminal, JSON lines in a
    pipe. Muted sources are shown with --state muted.

    \b
    Example:
      unsealed sources list --language zh --language ja
      unsealed sources list --state failing
      unsealed sources list github --format csv
    """
    found = chosen(rows(load_settings(find_config(config_of(ctx)))), words, **filters)
    if style == "table" or (style is None and sys.stdout.isatty()):
        _show(found)
    else:
        write_rows([machine_row(row) for row in found], style or "jsonl")


def machine_row(row: Row) -> dict[str, Any]:
    """A row for programs: every key of the source that is no secret, and how it does."""
    values = {key: getattr(row.source, key) for key, about in KEYS.items() if not about.private}
    plain = {key: dict(v) if about.table else str(v) for (key, v), about in _with(values)}
    return {**plain, "state": row.state, "problem": row.words, "polled_at": row.polled_at}


def _with(values: dict[str, Any]) -> Sequence[tuple[tuple[str, Any], Any]]:
    return [((key, value), KEYS[key]) for key, value in values.items()]


def _show(found: Sequence[Row]) -> None:
    console = Console()
    states = any(row.state for row in found)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    for column, ratio in (("id", 3), ("name", 4)):
        table.add_column(column, no_wrap=True, overflow="ellipsis", ratio=ratio)
    for column in ("kind", "category", "lang", "in"):
        table.add_column(column, no_wrap=True)
    if states:
        table.add_column("state", no_wrap=True, overflow="ellipsis", ratio=4)
    for row in found:
        source = row.source
        cells: list[str | Text] = [
            source.id,
            Text(source.name, style=f"link {source.homepage or source.url}"),
            source.kind.value,
            source.category,
            source.language,
            source.country,
        ]
        if states:
            words = f"{row.state}: {row.words}" if row.words else row.state
            cells.append(Text(words, style=STATES.get(row.state, "")))
        table.add_row(*(escape(cell) if isinstance(cell, str) else cell for cell in cells))
    if found:
        console.print(table)
    noun = "source" if len(found) == 1 else "sources"
    Console(stderr=True).print(f"[dim]{len(found)} {noun}")

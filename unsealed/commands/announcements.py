"""``unsealed announcements``: the openings themselves, one row each."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime

import click

from pipeline.archive import Archive
from pipeline.archive.query import parse
from unsealed.cli import config_of
from unsealed.commands.search import FILTERS, join_words, write_rows
from unsealed.settings import find_config, load_settings


@click.command("announcements", epilog=FILTERS)
@click.argument("query", nargs=-1)
@click.option("--format", "style", type=click.Choice(["table", "json", "jsonl", "csv"]), default=None)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.pass_context
def command(ctx: click.Context, query: tuple[str, ...], style: str | None, limit: int) -> None:
    """List openings by the same filters as search: who, what, licence, openness, and the proof.

    \b
    Example:
      unsealed announcements 'openness:open-weights since:30d'
      unsealed announcements licence:apache --format csv > openings.csv
    """
    parsed = parse(join_words(query), datetime.now(UTC))
    with Archive.open(load_settings(find_config(config_of(ctx))).archive.url, create=False) as archive:
        found = archive.search.announcements(parsed, limit=limit)
    if style == "table" or (style is None and sys.stdout.isatty()):
        from unsealed.tables import announcement_table

        announcement_table(found)
    else:
        write_rows([asdict(a) for a in found], style or "jsonl")

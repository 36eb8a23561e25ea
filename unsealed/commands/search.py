"""``unsealed search``: articles of the archive."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from pipeline.archive import Archive
from pipeline.archive.query import KEYS, parse
from unsealed.cli import config_of
from unsealed.lines import write_line
from unsealed.settings import find_config, load_settings

FILTERS = "Filters: " + "; ".join(f"{key}: ({what})" for key, what in KEYS.items()) + "."


@click.command("search", epilog=FILTERS)
@click.argument("query", nargs=-1)
@click.option("--format", "style", type=click.Choice(["table", "json", "jsonl", "csv"]), default=None)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--count", "only_count", is_flag=True, help="Print how many fit, and nothing else.")
@click.pass_context
def command(
    ctx: click.Context, query: tuple[str, ...], style: str | None, limit: int, only_count: bool
) -> None:
    """Search articles by words and filters, newest first.

    Without --format: a table on a terminal, JSON lines in a pipe. Quote the whole query, or
    put -- before a word with a minus.

    \b
    Example:
      unsealed search 'licence:mit since:7d "video model" -tutorial'
      unsealed search tagged:yes lang:zh --format csv
    """
    parsed = parse(join_words(query), datetime.now(UTC))
    with Archive.open(load_settings(find_config(config_of(ctx))).archive.url, create=False) as archive:
        if only_count:
            click.echo(str(archive.search.count(parsed)))
            return
        hits = archive.search.articles(parsed, limit=limit)
    if style == "table" or (style is None and sys.stdout.isatty()):
        from unsealed.tables import hit_table

        hit_table(hits)
    else:
        write_rows([asdict(h) for h in hits], style or "jsonl")


def join_words(words: Sequence[str]) -> str:
    """Words as the shell gave them, back to one query: what had spaces was quoted there."""
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{w}"' if " " in w and ":" not in w and '"' not in w else w for w in words)


def write_rows(rows: Sequence[Mapping[str, Any]], style: str) -> None:
    """Rows on stdout as json, jsonl or csv; lists are joined by "; " in csv."""
    plain = [{k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()} for row in rows]
    if style == "jsonl":
        for row in plain:
            write_line(row)
    elif style == "json":
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
    elif plain:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(plain[0]))
        writer.writeheader()
        for row in plain:
            writer.writerow({k: _cell(v) for k, v in row.items()})


def _cell(value: Any) -> Any:
    """A value fit for a spreadsheet, where a leading = + - @ would be taken as a formula."""
    if isinstance(value, list | tuple):
        value = "; ".join(str(v) for v in value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value

"""``unsealed corrections``: what people have corrected, as a list or as labelled rows."""

from __future__ import annotations

import sys

import click

from pipeline.archive import Archive
from pipeline.corrections import labelled_row
from unsealed.cli import config_of
from unsealed.lines import write_line
from unsealed.settings import find_config, load_settings
from unsealed.tables import record_table


@click.command("corrections")
@click.option("--format", "style", type=click.Choice(["table", "jsonl"]), default=None)
@click.pass_context
def command(ctx: click.Context, /, style: str | None) -> None:
    """List corrections, in the order they were made.

    Without --format: a table on a terminal, in a pipe labelled rows (JSON lines) as `unsealed
    train` and `unsealed evaluate` read them: title, summary, text, and the corrected verdict under "gold".

    \b
    Example:
      unsealed corrections
      unsealed corrections --format jsonl > corrections.jsonl
    """
    with Archive.open(load_settings(find_config(config_of(ctx))).archive.url, create=False) as archive:
        found = archive.correcting.all()
    if style == "table" or (style is None and sys.stdout.isatty()):
        rows = [
            {
                "article": each.article.id,
                "made": f"{each.made_at:%Y-%m-%d}",
                "says": ", ".join(
                    f"{name}: {_shown(getattr(each.correction, name))}" for name in each.correction.given
                ),
                "note": each.correction.note,
                "title": each.article.title,
            }
            for each in found
        ]
        if rows:
            record_table(rows, fold=("says", "note", "title"))
        click.echo(f"{len(rows)} corrections", err=True)
        return
    for each in found:
        write_line({**labelled_row(each.article, each.verdict), "note": each.correction.note})


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "nobody"
    return str(value) or "none"

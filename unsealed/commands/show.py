"""``unsealed show``: everything known of one article, story or promise."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from pipeline.archive import Archive
from unsealed.cli import config_of
from unsealed.settings import find_config, load_settings


@click.command("show")
@click.argument("reference", metavar="ID")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json"]),
    help="Default: table on a terminal, json in a pipe.",
)
@click.pass_context
def command(ctx: click.Context, reference: str, style: str | None) -> None:
    """Show an article, a story or a promise with evidence, verdicts, coverage and links.

    ID is 12 for an article, s12 for a story, p12 for a promise, as the tables of search,
    stories and promises show them, or an article's URL.

    \b
    Example:
      unsealed show s12
      unsealed show https://example.org/news/1 --format json
    """
    with Archive.open(load_settings(find_config(config_of(ctx))).archive.url, create=False) as archive:
        shown = archive.show(reference)
    if style == "table" or (style is None and sys.stdout.isatty()):
        from unsealed.shown import print_shown

        print_shown(shown)
    else:
        text = json.dumps(asdict(shown), ensure_ascii=False, indent=2, default=_plain)
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")


def _plain(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)

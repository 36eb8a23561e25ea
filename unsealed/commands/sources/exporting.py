"""``unsealed sources export``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from crawler.exchange import FORMATS, write_sources
from pipeline.model import ConfigError
from unsealed.cli import config_of
from unsealed.commands.sources.choosing import chosen, filters, rows
from unsealed.settings import find_config, load_settings


@click.command("export")
@filters
@click.option("--format", "form", type=click.Choice(FORMATS), default="opml", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; default: stdout.")
@click.option("--own", is_flag=True, help="Only what your own file adds or overrides.")
@click.option("--private", is_flag=True, help="With keys that may hold secrets; for yourself, not to share.")
@click.pass_context
def command(
    ctx: click.Context, /, form: str, output: Path | None, own: bool, private: bool, **filters: Sequence[str]
) -> None:
    """Write the sources that are polled, for other readers (OPML), tables (CSV) or another machine.

    Nothing is lost on the way back through `unsealed sources import`: what OPML has no word for
    stands in attributes of our own namespace.

    \b
    Example:
      unsealed sources export > unsealed.opml
      unsealed sources export --format csv --category newsletter --output newsletters.csv
    """
    settings = load_settings(find_config(config_of(ctx)))
    found = [row.source for row in chosen(rows(settings), **filters)]
    if own:
        from crawler.catalogue import load_user_file

        file = settings.sources.file
        mine = {source.id for source in load_user_file(file).sources} if file is not None else set()
        found = [source for source in found if source.id in mine]
    data = write_sources(found, form, now=datetime.now(UTC), private=private)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"it cannot be written ({error.strerror}).", about=str(output)) from error
    click.echo(f"unsealed: {len(found)} sources written to {output}.", err=True)

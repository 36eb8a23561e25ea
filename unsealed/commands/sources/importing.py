"""``unsealed sources import``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from crawler.exchange import Intake, NotTaken, read_file, take_in
from crawler.opml import MAX_BYTES
from crawler.source_table import CATEGORIES
from pipeline.model import ConfigError
from unsealed.catalogue import catalogue
from unsealed.cli import config_of
from unsealed.settings import find_config, load_settings
from unsealed.sources_file import OwnFile

#: Names shown of one sort; the rest is counted.
_NAMES = 12


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False), metavar="FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["opml", "csv", "toml"]),
    default=None,
    help="Default: by the file's ending.",
)
@click.option(
    "--category",
    type=click.Choice(CATEGORIES),
    default="press",
    help="For those that name none. Default: press.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be taken in, and write nothing.")
@click.pass_context
def command(ctx: click.Context, /, file: str, form: str | None, category: str, dry_run: bool) -> None:
    """Take sources of a list into your own file: another reader's OPML, a table, another catalogue.

    What is polled already is not taken again; a known id with other values becomes an override.
    The exit code is 1 if sources of the list are faulty; the others are taken. "-" reads stdin.

    \b
    Example:
      unsealed sources import subscriptions.opml
      unsealed sources import list.csv --category newsletter --dry-run
    """
    config = find_config(config_of(ctx))
    settings = load_settings(config)
    form = form or Path(file).suffix.lower().removeprefix(".").replace("xml", "opml")
    own = OwnFile(settings, config)
    found = catalogue(settings)
    known = [*found.sources, *(source for source, _ in found.muted)]
    intake = take_in(read_file(_read(file), form, file), known, file, category=category)
    _say(intake, dry_run)
    if not dry_run and (intake.new or intake.changed):
        own.replace(intake.changed)
        own.add(intake.new)
        click.echo(f"unsealed: written to {own.save()}.", err=True)
    if intake.refused:
        ctx.exit(1)


def _read(file: str) -> bytes:
    try:
        stream = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115
        with stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"it cannot be read ({error.strerror}).", about=file) from error


def _say(intake: Intake, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for sources, words in ((intake.new, f"{would}added"), (intake.changed, f"{would}changed")):
        if sources:
            click.echo(f"{len(sources)} {words}: {_names([s.id for s in sources])}", err=True)
    if intake.known:
        click.echo(f"{len(intake.known)} known already: {_names([n.known for n in intake.known])}", err=True)
    for refused in intake.refused:
        click.echo(f"not taken: {_line(refused)}", err=True)
    if not (intake.new or intake.changed or intake.known or intake.refused):
        click.echo("unsealed: the list holds no sources.", err=True)


def _line(refused: NotTaken) -> str:
    return f"“{refused.name}”: {refused.reason}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more

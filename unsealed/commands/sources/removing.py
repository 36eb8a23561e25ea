"""``unsealed sources remove``: own sources are taken out of the file, shipped ones muted."""

from __future__ import annotations

import click

from crawler.catalogue import load_catalogue
from unsealed.cli import config_of
from unsealed.commands.sources.choosing import by_ids, rows
from unsealed.settings import find_config, load_settings
from unsealed.sources_file import OwnFile


@click.command("remove")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_context
def command(ctx: click.Context, /, ids: tuple[str, ...]) -> None:
    """Stop polling sources. Articles that came from them stay in the archive.

    A source of yours is taken out of your file; a shipped one is muted there, and
    `unsealed sources add ID` brings it back.

    \b
    Example:
      unsealed sources remove product-hunt example-lab
    """
    config = find_config(config_of(ctx))
    settings = load_settings(config)
    wanted = {row.source.id: row for row in by_ids(rows(settings), ids)}
    file = OwnFile(settings, config)
    own = {source.id for source in file.read().sources} & set(wanted)
    shipped = {source.id for source in load_catalogue()} if settings.sources.catalogue else set()
    muted_already = file.read().mute.ids
    mute = [id_ for id_ in wanted if id_ in shipped and id_ not in muted_already]
    said = []
    if own:
        file.remove(own)
        said.append(f"taken out: {', '.join(sorted(own))}")
    if mute:
        file.mute(mute)
        said.append(f"muted: {', '.join(mute)}")
    if not said:
        click.echo(f"unsealed: {', '.join(wanted)}: muted already.", err=True)
        return
    where = file.save()
    click.echo(f"unsealed: {'; '.join(said)}. Written to {where}.", err=True)

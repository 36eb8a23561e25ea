"""``unsealed sources add``: from an address to a source in the user's file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from crawler.catalogue import find_twin, left_out
from crawler.exchange import make_id, toml_text
from crawler.source_table import CATEGORIES, Where, read_table, to_table, url_key
from crawler.urls import absolute_url
from pipeline.model import ConfigError, PagePolicy, Source, SourceError, SourceKind
from unsealed.catalogue import catalogue
from unsealed.cli import config_of
from unsealed.settings import Settings, find_config, load_settings
from unsealed.sources_file import OwnFile

#: Headlines shown of what was found: enough to see whether it is news or the site's menu.
_HEADLINES = 8
#: Failed places told when nothing was found.
_TRIED = 6


@click.command("add")
@click.argument("address", metavar="URL|ID")
@click.option("--id", "id_", metavar="ID", help="Default: made from its name.")
@click.option("--name", help="Default: what the site calls itself.")
@click.option("--category", type=click.Choice(CATEGORIES), help="Default: press; release_hub for hubs.")
@click.option("--language", metavar="CODE", help="ISO 639-1. Default: what the page declares.")
@click.option("--country", metavar="CODE", help="ISO 3166-1.")
@click.option("--organisation", help="The maker this source speaks for.")
@click.option("--pages", type=click.Choice([policy.value for policy in PagePolicy]), help="Default: auto.")
@click.option("--yes", is_flag=True, help="Take a listing page's recipe without asking.")
@click.pass_context
def command(ctx: click.Context, /, address: str, yes: bool, **given: Any) -> None:
    """Find out how a site publishes, read it, and add it to your own file.

    URL may be any page of the site: feeds named in it, the usual places, and those of known hosts
    (Substack, Medium, WordPress, Ghost, YouTube, GitHub, Hugging Face, Reddit, Hacker News) are
    tried, and only what could be read counts. Where there is no feed, a recipe for the page itself
    is proposed with what it finds. The new table is written to stdout too. A muted source's ID
    brings that one back.

    \b
    Example:
      unsealed sources add https://lab.example/blog --category lab_blog --organisation "Example Lab"
      unsealed sources add https://huggingface.co/Qwen
      unsealed sources add product-hunt
    """
    config = find_config(config_of(ctx))
    settings = load_settings(config)
    file = OwnFile(settings, config)
    found = catalogue(settings)
    muted = {source.id: reason for source, reason in found.muted}
    if address in muted:
        _bring_back(address, muted[address], file)
        return
    known = [*found.sources, *(source for source, _ in found.muted)]
    _refuse_known(address, known)
    source = _discovered(address, known, settings, yes)
    table = {key: value for key, value in given.items() if value}
    id_ = table.pop("id_", None)
    named = table.get("name") or source.name
    final = {
        **to_table(source),
        **table,
        "id": id_ or make_id(named, source.url, {each.id for each in known}),
    }
    added = read_table(final, Where("the new source", f"“{final['id']}”"))
    if any(each.id == added.id for each in known):
        raise ConfigError(f"there is a source {added.id!r} already.", cure="Give another --id.")
    file.add([added])
    where = file.save()
    click.echo(toml_text([to_table(added)]), nl=False)
    click.echo(
        f"unsealed: added “{added.id}” to {where}. `unsealed run --source {added.id}` polls it.", err=True
    )


def _bring_back(id_: str, reason: str, file: OwnFile) -> None:
    if id_ not in file.read().mute.ids:
        raise ConfigError(f"{id_!r} is {reason}.", cure=f"Change that in {file.path}.")
    file.unmute(id_)
    click.echo(f"unsealed: “{id_}” is polled again. Written to {file.save()}.", err=True)


def _refuse_known(address: str, known: Sequence[Source]) -> None:
    """Refuse an address that is polled already; tell what is known of one that was left out."""
    url = absolute_url(address if "://" in address else f"https://{address}")
    if url is None:
        return
    twin = find_twin(url, known)
    if twin is not None:
        raise _known(twin)
    row = left_out().get(url_key(url))
    if row is not None:
        checked = f", checked {row.checked}" if row.checked else ""
        instead = f" Its place is taken by “{row.instead}”." if row.instead else ""
        click.echo(
            f"unsealed: {row.name} was left out of the shipped catalogue ({row.reason}{checked}).{instead} "
            "It is tried all the same.",
            err=True,
        )


def _known(twin: Source) -> SourceError:
    return SourceError(
        f"it is in the catalogue already as “{twin.id}” ({twin.name}, {twin.url}).",
        about=twin.id,
        cure=f"`unsealed sources check {twin.id}` says how it does; a muted one comes back with "
        f"`unsealed sources add {twin.id}`.",
    )


def _discovered(address: str, known: Sequence[Source], settings: Settings, yes: bool) -> Source:
    """The source found at ``address``, confirmed where that needs a person's eye."""
    from crawler.discovery import Finding, discover
    from crawler.loop import run
    from unsealed.wiring import crawl_settings

    console = Console(stderr=True)
    with console.status("looking") as status:

        def step(what: str) -> None:
            status.update(f"looking at {escape(what)}")

        found = run(
            lambda: discover(address, crawl_settings(settings), now=lambda: datetime.now(UTC), step=step)
        )
    if not found.findings:
        for url, why in found.tried[:_TRIED]:
            console.print(f"  [dim]{escape(url)}: {escape(why)}")
        raise SourceError(
            "neither a feed nor a list of articles was found there.",
            about=address,
            cure="Give the address of its news or blog page, or write a [[source]] with a recipe yourself.",
        )
    best: Finding = found.findings[0]
    twin = find_twin(best.source.url, known)
    if twin is not None:
        raise _known(twin)
    _show(best, console)
    others = [each.source.url for each in found.findings[1:] if find_twin(each.source.url, known) is None]
    if others:
        console.print(f"[dim]Also there: {escape(', '.join(others[:5]))}")
    if best.source.kind is SourceKind.LISTING and not yes:
        _ask()
    return best.source


def _ask() -> None:
    if not sys.stdin.isatty():
        raise SourceError(
            "a recipe is a guess that a person should look at.",
            cure="Look at what it finds above; --yes takes it.",
        )
    click.confirm("Are these the articles?", abort=True, err=True)


def _show(finding: Any, console: Console) -> None:
    source = finding.source
    newest = f", the newest of {finding.newest:%Y-%m-%d}" if finding.newest else ", none dated"
    console.print(
        f"[bold]{escape(source.name)}[/]  {source.kind.value}  {escape(source.url)}\n"
        f"[dim]{escape(finding.how)}; {len(finding.entries)} entries{newest}"
    )
    if source.recipe:
        console.print("[dim]" + escape("; ".join(f"{key}: {value}" for key, value in source.recipe.items())))
    for entry in finding.entries[:_HEADLINES]:
        day = f"{entry.published:%Y-%m-%d}" if entry.published else "          "
        console.print(f"  {day}  {escape(entry.title)}", no_wrap=True, overflow="ellipsis", crop=True)
    if len(finding.entries) > _HEADLINES:
        console.print(f"  [dim]and {len(finding.entries) - _HEADLINES} more")

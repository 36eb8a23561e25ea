"""``unsealed knowledge``: what the judge knows, the user's own file included."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from pipeline.knowledge import Knowledge, Licence, load_knowledge
from pipeline.known import Family, Organisation
from unsealed.cli import config_of
from unsealed.settings import find_config, load_settings


@click.command("knowledge")
@click.argument("text", required=False)
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_context
def command(ctx: click.Context, text: str | None, style: str) -> None:
    """Show how much is known, or what is heard in a TEXT: organisations, families, licences, phrases.

    Reads your own file too (`[knowledge] file`), and names the entry and key where it is wrong.

    \b
    Examples:
      unsealed knowledge
      unsealed knowledge "阿里云开源 Qwen4 under Apache 2.0"
    """
    known = load_knowledge(load_settings(find_config(config_of(ctx))).knowledge.file)
    rows = heard(text, known) if text else [{"what": key, "count": n} for key, n in counts(known).items()]
    if style == "json":
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not rows:
        click.echo("nothing known is named there")
        return
    shown = [[str(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def counts(known: Knowledge) -> dict[str, int]:
    """Return how many entries and spellings there are of each kind."""
    makers, families, licences = (
        known.organisations.values(),
        known.families.values(),
        known.licences.values(),
    )
    told = {
        "organisations": len(makers),
        "names of organisations": sum(1 + len(o.aliases) for o in makers),
        "sites": len(known.sites),
        "accounts on hubs": len(known.accounts),
        "model families": sum(not f.software for f in families),
        "open software": sum(f.software for f in families),
        "licences": len(licences),
    }
    told |= {f"licences, {kind}": n for kind, n in sorted(Counter(x.kind for x in licences).items())}
    spoken = Counter[str]()
    for by_language in known.phrases.values():
        spoken.update({language: len(phrases) for language, phrases in by_language.items()})
    told["phrases"] = spoken.total()
    return told | {f"phrases, {language}": n for language, n in sorted(spoken.items())}


def heard(text: str, known: Knowledge) -> list[dict[str, Any]]:
    """Return what the lexicon finds in a text, in order."""
    return [
        {"heard": text[hit.start : hit.end], "list": hit.tag, "is": _said(hit.value)}
        for hit in known.lexicon.scan(text)
    ]


def _said(value: object) -> str:
    if isinstance(value, Organisation):
        return value.name
    if isinstance(value, Family):
        by = f" by {value.maker}" if value.maker else ""
        return f"{value.name}{by}, {'software' if value.software else value.members}"
    if isinstance(value, Licence):
        return f"{value.id}, {value.kind}"
    return ""

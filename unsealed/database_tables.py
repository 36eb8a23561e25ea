"""The archive's figures, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from pipeline.archive.checking import Stats


def stats_text(found: Stats) -> str:
    """All of it as JSON; times as ISO text in UTC."""
    values = asdict(found)
    for name in ("oldest", "newest"):
        values[name] = values[name].isoformat().replace("+00:00", "Z") if values[name] else None
    return json.dumps(values, ensure_ascii=False, indent=2)


def stats_table(found: Stats) -> None:
    """All of it on the terminal."""
    console = Console()
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_row("archive", found.name)
    facts.add_row("schema", found.revision)
    facts.add_row("size", f"{found.size / 1e6:,.1f} MB")
    if found.oldest and found.newest:
        facts.add_row("articles of", f"{found.oldest:%Y-%m-%d} to {found.newest:%Y-%m-%d}")
    facts.add_row("await a verdict", f"{found.awaiting_verdict:,}")
    facts.add_row("await a story", f"{found.awaiting_story:,}")
    console.print(facts)
    for title, counts in (("rows", found.rows), ("articles by kind", found.kinds)):
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
        table.add_column(title)
        table.add_column("", justify="right")
        for name, count in counts.items():
            table.add_row(name, f"{count:,}")
        console.print()
        console.print(table)

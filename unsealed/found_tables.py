"""What a query found, as a table that fits the terminal: columns give way before titles do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.archive import FoundAnnouncement, FoundPromise, FoundStory, Hit, Of
from unsealed.tables import grade, linked

#: Room that a title or an evidence sentence keeps; narrower columns of prose cannot be read.
_PROSE = 36
#: No other column takes more: a product name of seventy letters is cut instead.
_CELL = 24
_STATES = {"open": "cyan", "kept": "green", "overdue": "yellow", "withdrawn": "red"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column; those of the least ``weight`` go first where the terminal is narrow."""

    name: str
    cell: Callable[[Any], Text]
    weight: int
    prose: bool = False
    right: bool = False


def _names(names: Sequence[str]) -> Text:
    return Text(", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else ""))


def _day(moment: datetime) -> Text:
    return Text(f"{moment:%Y-%m-%d}", style="dim")


def _mark(stage: str, openness: str | None, claimed: str | None = None) -> Text:
    """The grade of what is released, with a sign where the text calls it more than it is; else the stage."""
    if stage == "planned":
        return Text("◇ planned", style="magenta")
    if stage == "reversed":
        return Text("✗ reversed", style="red")
    if stage != "released":
        return Text(stage, style="dim")
    found = grade(openness)
    return found.append(" ≠", style="bold red") if claimed and claimed != openness else found


_COLUMNS: dict[Of, tuple[Column, ...]] = {
    Of.ARTICLE: (
        Column("id", lambda h: Text(str(h.id), style="dim"), 6, right=True),
        Column("date", lambda h: _day(h.published), 8),
        Column("opens", lambda h: _mark(h.kind, h.openness), 7),
        Column("licence", lambda h: Text(h.licence or ""), 5),
        Column("who", lambda h: _names(h.who), 4),
        Column("title", lambda h: linked(h.title, h.url), 9, prose=True),
        Column("outlet", lambda h: Text(h.outlet), 3),
        Column("lang", lambda h: Text(h.lang), 1),
        Column("story", lambda h: Text(f"s{h.story}" if h.story else ""), 2, right=True),
    ),
    Of.ANNOUNCEMENT: (
        Column("date", lambda a: _day(a.published), 6),
        Column("opens", lambda a: _mark(a.stage, a.openness, a.claimed), 8),
        Column("licence", lambda a: Text(a.licence or ""), 7),
        Column("who", lambda a: _names(a.who), 5),
        Column("what", lambda a: _names(a.what), 4),
        Column("evidence", lambda a: linked(a.evidence, a.url), 9, prose=True),
        Column("outlet", lambda a: Text(a.outlet), 2),
        Column("story", lambda a: Text(f"s{a.story}" if a.story else ""), 3, right=True),
    ),
    Of.STORY: (
        Column("story", lambda s: Text(f"s{s.id}", style="dim"), 8, right=True),
        Column("first", lambda s: _day(s.first), 6),
        Column("opens", lambda s: _mark(s.stage, s.openness, s.claimed), 7),
        Column("licence", lambda s: Text(s.licence or ""), 5),
        Column("who", lambda s: _names(s.who), 4),
        Column("title", lambda s: linked(s.title, s.url), 9, prose=True),
        Column(
            "told by", lambda s: Text(str(s.outlets), style="bold" if s.outlets > 2 else ""), 2, right=True
        ),
        Column("✓", lambda s: Text("✓" if s.verified else "", style="green"), 1),
    ),
    Of.PROMISE: (
        Column("promise", lambda p: Text(f"p{p.id}", style="dim"), 5, right=True),
        Column("said", lambda p: _day(p.said), 6),
        Column("state", lambda p: Text(p.state, style=_STATES.get(p.state, "")), 8),
        Column("due", lambda p: Text(p.due.isoformat() if p.due else ""), 7),
        Column("who", lambda p: _names(p.who), 4),
        Column("what", lambda p: _names(p.what), 3),
        Column("quote", lambda p: linked(p.quote, p.url), 9, prose=True),
        Column("kept by", lambda p: Text(f"s{p.kept_by}" if p.kept_by else ""), 2, right=True),
        Column("outlet", lambda p: Text(p.outlet), 1),
    ),
}


def print_found(
    of: Of,
    rows: Sequence[Hit | FoundAnnouncement | FoundStory | FoundPromise],
    console: Console | None = None,
) -> None:
    """Rows on stdout; nothing at all where there are none."""
    console = console or Console()
    if not rows:
        return
    cells = {c.name: [c.cell(r) for r in rows] for c in _COLUMNS[of]}
    columns = fitting(_COLUMNS[of], cells, console.width)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for c in columns:
        table.add_column(
            c.name,
            justify="right" if c.right else "left",
            no_wrap=not c.prose,
            overflow="fold" if c.prose else "ellipsis",
            ratio=1 if c.prose else None,
            max_width=None if c.prose else _CELL,
        )
    for n in range(len(rows)):
        table.add_row(*(cells[c.name][n] for c in columns))
    console.print(table)


def fitting(columns: Sequence[Column], cells: dict[str, list[Text]], width: int) -> list[Column]:
    """The columns there is room for; those that are empty in every row are left out as well."""
    kept = [c for c in columns if c.prose or any(cell.plain for cell in cells[c.name])]
    while len(kept) > 2:
        taken = sum(_width(c, cells[c.name]) + 2 for c in kept if not c.prose)
        if taken + _PROSE <= width:
            break
        kept.remove(min((c for c in kept if not c.prose), key=lambda c: c.weight))
    return kept


def _width(column: Column, cells: Sequence[Text]) -> int:
    return min(_CELL, max(cell_len(column.name), *(cell_len(cell.plain) for cell in cells)))

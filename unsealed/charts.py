"""Counts as bars on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from pipeline.archive import Group
from pipeline.archive.search_groups import TIMES
from unsealed.tables import GRADES

#: Eighths of a block, so that a bar's length tells counts apart that differ by little.
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LABEL = 28
_COLOUR = "cyan"


def print_bars(groups: Sequence[Group], by: str, limit: int, console: Console | None = None) -> None:
    """A bar for each group on stdout: the largest ``limit`` by value, the latest by time."""
    console = console or Console()
    shown = groups[-limit:] if by in TIMES else groups[:limit]
    if not shown:
        return
    most = max(g.count for g in shown)
    labels = min(_LABEL, max(cell_len(g.label) for g in shown))
    numbers = len(f"{most:,}")
    # Two spaces between the columns, and one left free at the edge.
    room = max(8, console.width - labels - numbers - 5)
    for group in shown:
        symbol, colour = (
            GRADES.get(group.label, ("", _COLOUR)) if by in ("openness", "claimed") else ("", _COLOUR)
        )
        label = f"{symbol} {group.label}" if symbol else group.label
        width = (
            labels + 2 if any(g.label in GRADES for g in shown) and by in ("openness", "claimed") else labels
        )
        line = Text(_fitted(label, width), style=colour if symbol else "")
        line.append(f"  {group.count:>{numbers},}  ", style="bold")
        line.append(bar(group.count, most, room - (width - labels)), style=colour)
        console.print(line, no_wrap=True, overflow="crop")
    if len(shown) < len(groups):
        left = sum(g.count for g in groups) - sum(g.count for g in shown)
        which = "earlier ones" if by in TIMES else "others"
        console.print(
            Text(f"and {len(groups) - len(shown):,} {which} ({left:,}): --limit shows more", style="dim")
        )


def bar(count: int, most: int, room: int) -> str:
    """A bar as long as its share of the largest; a count that is not zero is never invisible."""
    if not count or not most:
        return ""
    eighths = max(1, round(count / most * room * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _fitted(label: str, width: int) -> str:
    if cell_len(label) <= width:
        return set_cell_size(label, width)
    return set_cell_size(set_cell_size(label, width - 1).rstrip() + "…", width)

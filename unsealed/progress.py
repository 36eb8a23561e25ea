"""Progress bars on stderr for people; nothing at all where stderr is no terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

#: Called with what was just done ("The Daily Model"); moves the bar by one.
Step = Callable[[str], None]


class Bars:
    """One bar a station, kept on screen as a record of what was done."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[now]}"),
            console=console,
            disable=not console.is_terminal,
            transient=False,
        )

    @contextlib.contextmanager
    def station(self, name: str, total: int) -> Iterator[Step]:
        """A bar for one station; ``total`` 0 shows none."""
        if total <= 0:
            yield lambda _what: None
            return
        task = self._progress.add_task(name, total=total, now="")

        def step(what: str) -> None:
            # Rich reads [brackets] as markup, and outlets may be called anything.
            self._progress.update(task, advance=1, now=what[:40].replace("[", "("))

        yield step
        self._progress.update(task, completed=total, now="")

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

"""``unsealed sources check``: each source fetched now, and what is wrong with it in words."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipeline.model import Poll, PollOutcome, Source, SourceState
from unsealed.cli import config_of
from unsealed.commands.sources.choosing import by_ids, chosen, filters, rows
from unsealed.rows import write_rows
from unsealed.settings import Settings, find_config, load_settings

#: Longer without anything new, a source is probably given up: the rarest live ones write twice a year.
SILENT = timedelta(days=240)
#: So many rows are shown whole; of more, those that have something wrong with them.
_WHOLE = 25
_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    id: str
    name: str
    result: str  # ok, warning, failed
    words: str
    entries: int
    newest: datetime | None
    code: str
    status: int | None
    seconds: float
    url: str


@click.command("check")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@filters
@click.option("--format", "style", type=click.Choice(["table", "json", "jsonl", "csv"]), default=None)
@click.pass_context
def command(ctx: click.Context, /, ids: tuple[str, ...], style: str | None, **filters: Sequence[str]) -> None:
    """Fetch sources now, those named or all that fit the filters, and say what is wrong with each.

    Nothing is stored. The exit code is 1 if a source could not be read; one that was read but is
    silent, empty or damaged is a warning.

    \b
    Example:
      unsealed sources check golem heise-ki
      unsealed sources check --category lab_blog
      unsealed sources check --state failing --format csv
    """
    settings = load_settings(find_config(config_of(ctx)))
    listed = rows(settings)
    # A muted source is checked too, if it is asked for by name.
    picked = by_ids(listed, ids) if ids else chosen(listed, **filters)
    done = check_sources([row.source for row in picked], settings)
    if style == "table" or (style is None and sys.stdout.isatty()):
        _show(done)
    else:
        write_rows([asdict(row) for row in done], style or "jsonl")
    if any(row.result == "failed" for row in done):
        ctx.exit(1)


def check_sources(sources: Sequence[Source], settings: Settings) -> list[Checked]:
    """Fetch ``sources`` through the gate, politely, with progress; results in their order."""
    from crawler.gather import PollJob, poll_sources
    from crawler.loop import run
    from unsealed.progress import Bars
    from unsealed.wiring import crawl_settings

    by_id = {source.id: source for source in sources}
    found: dict[str, Checked] = {}
    with Bars(Console(stderr=True)) as bars, bars.station("checking sources", len(by_id)) as step:

        async def keep(poll: Poll) -> None:
            source = by_id[poll.source_id]
            found[source.id] = judged(source, poll, datetime.now(UTC))
            step(source.name)

        jobs = [PollJob(source, SourceState()) for source in by_id.values()]
        if jobs:
            run(lambda: poll_sources(jobs, crawl_settings(settings), keep, now=lambda: datetime.now(UTC)))
    return [found[id_] for id_ in by_id]


def judged(source: Source, poll: Poll, now: datetime) -> Checked:
    """What a poll without memory says of a source. Pure."""
    dates = [entry.published for entry in poll.entries if entry.published]
    newest = max(dates, default=None)
    problem = poll.problem
    if poll.outcome is PollOutcome.FAILED:
        result, words = "failed", f"{problem.message} {problem.cure}".strip() if problem else "It failed."
    elif not poll.entries:
        result, words = "warning", "It was read, but lists nothing."
    elif newest is not None and now - newest > SILENT:
        days = (now - newest).days
        result, words = (
            "warning",
            f"Nothing new since {newest:%Y-%m-%d}, {days} days ago: it may be given up.",
        )
    elif problem is not None:
        result, words = "warning", f"{problem.message} {problem.cure}".strip()
    else:
        count = f"{len(poll.entries)} entr{'y' if len(poll.entries) == 1 else 'ies'}"
        result = "ok"
        words = f"{count}, the newest of {newest:%Y-%m-%d}." if newest else f"{count}, none of them dated."
    if result != "ok" and source.note:
        words = f"{words} ({source.note})"
    return Checked(
        source.id,
        source.name,
        result,
        words,
        len(poll.entries),
        newest,
        problem.code if problem else "",
        poll.status,
        round(poll.seconds, 2),
        source.url,
    )


def _show(done: Sequence[Checked]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=32)
    table.add_column(overflow="fold")
    order = {"failed": 0, "warning": 1, "ok": 2}
    shown = done if len(done) <= _WHOLE else [row for row in done if row.result != "ok"]
    for row in sorted(shown, key=lambda row: order[row.result]):
        mark, colour = _MARKS[row.result]
        table.add_row(Text(mark, style=colour), escape(row.id), escape(row.words))
    if shown:
        Console().print(table)
    counts = {result: sum(row.result == result for row in done) for result in order}
    Console(stderr=True).print(
        f"[dim]{len(done)} checked: {counts['ok']} ok, {counts['warning']} with a warning, {counts['failed']} failed"
    )

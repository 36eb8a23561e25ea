"""Tables for people, on the terminal: verdicts, records, a run's report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from alerts.view import LOOKS
from pipeline.model import Item, Verdict
from unsealed.report import RunReport, Trouble

#: The digest's colours as a terminal has them.
_COLOURS = {"blue": "cyan", "violet": "magenta", "amber": "yellow", "grey": "bright_black", "rose": "red"}
#: Grade -> symbol and colour, the symbol as in every digest.
GRADES = {grade.value: (symbol, _COLOURS.get(colour, colour)) for grade, (symbol, colour) in LOOKS.items()}
#: Names listed of those that fail for one reason: without a network that is every source.
_NAMES = 8


def grade(openness: str | None) -> Text:
    """A grade as symbol and word."""
    if not openness:
        return Text("")
    symbol, colour = GRADES.get(openness, ("?", "white"))
    return Text(f"{symbol} {openness}", style=colour)


def linked(title: str, url: str) -> Text:
    """Words that open a page where they are clicked, on terminals that know links."""
    return Text(title, style=f"link {url}" if url.startswith(("http://", "https://")) else "")


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    for column in columns:
        wide = column in ("title", "evidence")
        table.add_column(
            column, overflow="fold" if wide else "ellipsis", no_wrap=not wide, ratio=1 if wide else None
        )
    return table


def verdict_table(judged: Sequence[tuple[Item, Verdict]]) -> None:
    """Verdicts on stdout."""
    table = _table("kind", "p", "openness", "licence", "who", "what", "title")
    for item, verdict in judged:
        lead = verdict.announcements[0] if verdict.announcements else None
        table.add_row(
            Text(verdict.kind.value, style="bold" if verdict.tagged else "dim"),
            f"{verdict.probability:.2f}",
            grade(lead.openness.value if lead else None),
            (lead.licence or "") if lead else "",
            escape(", ".join(lead.who)) if lead else "",
            escape(", ".join(lead.what)) if lead else "",
            linked(item.title, item.url),
        )
    Console().print(table)


#: States of deliveries that are told by colour as well as by word.
_STATES = {"sent": "green", "failed": "red", "refused": "red", "unknown": "yellow", "sending": "yellow"}


#: Colours of sources' health.
_HEALTH = {"healthy": "green", "failing": "red", "blocked": "red", "gone": "red"}


def record_table(rows: Sequence[dict[str, Any]], *, fold: Sequence[str] = ()) -> None:
    """Records of equal keys on stdout, a column a key; those in ``fold`` take what room is left."""
    if not rows:
        Console(stderr=True).print("none", style="dim")
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    for key, value in rows[0].items():
        number = isinstance(value, int)
        table.add_column(
            key,
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=key not in fold,
            ratio=1 if key in fold else None,
        )
    for row in rows:
        table.add_row(
            *(Text(str(v), style=_STATES.get(str(v), "") if k == "state" else "") for k, v in row.items())
        )
    Console().print(table)


def report_table(report: RunReport, console: Console) -> None:
    """What a run did: stories by openness, sources, failures in words."""
    if report.stories:
        table = _table("", "title", "licence", "told by")
        for s in report.stories:
            mark = grade(s.openness) if s.stage == "released" else Text(f"◇ {s.stage}", style="bold magenta")
            table.add_row(mark, Text(s.title), s.licence, _told(s.outlets, len(s.languages)))
        console.print(table)
        console.print()
    counts = "  ".join(f"{GRADES.get(k, ('◇', ''))[0]} {n} {k}" for k, n in report.openness().items())
    console.print(
        Text(f"stories   {len(report.stories)}" + (f"  ({counts})" if counts else ""), style="bold")
    )
    ok = report.sources_ok + report.sources_unchanged
    console.print(
        f"sources   {ok} ok ({report.sources_unchanged} unchanged), {len(report.sources_failed)} failed; "
        f"{report.articles_new} new articles"
    )
    _troubles(console, report.sources_failed, "red", "✗")
    _troubles(console, report.warnings, "yellow", "!")
    _troubles(console, report.waiting, "bright_black", "…")
    for change in report.changes:
        colour = _HEALTH.get(change.after, "yellow")
        # Why a source fails stands above already.
        why = "" if colour == "red" else change.why
        console.print(
            Text.assemble(
                "  ",
                (change.what, colour),
                f" was {change.before}, is ",
                (change.after, colour),
                f". {why}".rstrip(),
            )
        )
    pages = f"pages     {report.pages_fetched} read, {len(report.pages_failed)} failed"
    pages += f", {report.pages_waiting} put off: their servers ask to wait" if report.pages_waiting else ""
    console.print(pages)
    _troubles(console, report.pages_failed, "red", "✗")
    _troubles(console, report.misjudged, "red", "✗")
    for line in report.editions:
        console.print(Text(f"edition   {line}"))
    for line in report.delivered:
        console.print(Text(f"sent      {line}"))
    _troubles(console, report.undelivered, "red", "not sent: ")
    console.print(f"[dim]took      {report.seconds:.1f} s")


def _told(outlets: int, languages: int) -> str:
    told = f"{outlets} outlet{'s' if outlets > 1 else ''}"
    return f"{told}, {languages} languages" if languages > 1 else told


def _troubles(console: Console, troubles: Sequence[Trouble], colour: str, mark: str) -> None:
    """A line for each, those with the same cause together."""
    same: dict[tuple[str, str], list[str]] = {}
    for t in troubles:
        same.setdefault((t.message, t.cure), []).append(t.what)
    for (message, cure), names in same.items():
        shown = ", ".join(names[:_NAMES]) + (
            f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        )
        console.print(
            Text.assemble(f"  {mark} ", (shown, colour), f": {message}", f" {cure}" if cure else "")
        )

"""The report of ``unsealed evaluate`` for people: plain tables that also read well in a file."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.evaluation import Error, Report
from pipeline.figures import Calibration, Score, Share

#: Languages and types of fewer items are counted and not scored: an interval of 0 to 1 says nothing.
_FEW = 20


def show(report: Report, console: Console) -> None:
    """Print everything the report holds."""
    console.print(f"{report.items:,} items, {report.positives:,} of them tagged by their reader")
    if report.without_guess:
        console.print(f"[yellow]{report.without_guess:,} have no verdict and count as untagged")
    console.print()
    table = _scores("tag")
    _row(table, "all", report.tag)
    _row(table, "marked sure", report.tag_sure)
    for group, scores in report.by_group.items():
        _group(table, group, scores)
    console.print(table)
    console.print()
    table = _scores("kind")
    for kind, score in report.by_kind.items():
        _row(table, kind, score)
    console.print(table)
    console.print(f"kind right     {_percent(report.kind)}")
    _confusion(report, console)
    _facts(report, console)
    if report.calibration is not None:
        _calibration(report.calibration, console)
    if report.errors:
        _errors(report.errors, console)


def _scores(what: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(what, no_wrap=True)
    table.add_column("items", justify="right")
    for column in ("precision", "recall", "F1"):
        table.add_column(column, no_wrap=True)
    table.add_column("tp/fp/fn", justify="right", no_wrap=True)
    return table


def _row(table: Table, name: str, score: Score) -> None:
    table.add_row(
        escape(name),
        f"{score.count:,}",
        _figure(score.precision),
        _figure(score.recall),
        _figure(score.f1),
        f"{score.hits}/{score.false}/{score.missed}",
    )


def _group(table: Table, group: str, scores: Mapping[str, Score]) -> None:
    few = 0
    table.add_row(f"[dim]by {group}")
    for name, score in scores.items():
        if score.count < _FEW:
            few += score.count
        else:
            _row(table, f"  {name}", score)
    if few:
        table.add_row("  rarer ones", f"{few:,}", "", "", "", "")


def _figure(share: Share) -> str:
    """A share and its 95 % interval: "0.741 .71-.77"."""
    low, high = (f"{value:.2f}".removeprefix("0") for value in (share.low, share.high))
    return f"{share.value:.3f} {low}-{high}"


def _percent(share: Share) -> str:
    return f"{_figure(share)} of {share.count:,}"


def _confusion(report: Report, console: Console) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("reader ↓ verdict →", no_wrap=True)
    for kind in report.confusion:
        table.add_column(kind, justify="right")
    for kind, row in report.confusion.items():
        cells = [f"[bold]{n}[/]" if other == kind else str(n or "·") for other, n in row.items()]
        table.add_row(kind, *cells)
    console.print()
    console.print(table)
    console.print()


def _facts(report: Report, console: Console) -> None:
    if report.openness is not None:
        console.print(f"openness right {_percent(report.openness)} tagged by both")
    if report.licence_named is not None:
        console.print(f"licence right  {_percent(report.licence_named)} that name one")
    console.print(
        f"licence        invented for {report.licence_invented} of {report.licence_none} that name none"
    )
    if report.who is not None and report.what is not None:
        table = _scores("names")
        _row(table, "who", report.who)
        _row(table, "what", report.what)
        console.print(table)


def _calibration(found: Calibration, console: Console) -> None:
    console.print(f"\ncalibration    error {found.error:.3f}, Brier score {found.brier:.4f}")
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("probability", "items", "said", "found", ""):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for each in found.bins:
        bar = "█" * round(20 * each.found) or "▏"
        table.add_row(
            f"{each.low:.3f} to {each.high:.3f}",
            str(each.count),
            f"{each.said:.3f}",
            f"{each.found:.3f}",
            bar,
        )
    console.print(table)


def _errors(errors: tuple[Error, ...], console: Console) -> None:
    console.print(f"\n[bold]worst errors[/] ({len(errors)} shown, clear ones first)")
    for error in errors:
        p = f"{error.guess.probability:.2f}" if error.guess.probability is not None else " -  "
        fate = "missed" if error.kind in ("released", "planned") else "false "
        console.print(
            f"  {fate} {p}  {error.kind:10} {(error.guess.kind or '-'):10} {escape(error.title[:90])}  [dim]{escape(error.id)}"
        )

"""``unsealed run``: one full cycle now."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.console import Console

from pipeline.model import ConfigError
from unsealed.cli import config_of
from unsealed.settings import find_config, load_settings


@click.command("run")
@click.option("--source", metavar="ID", default=None, help="Poll this source alone.")
@click.option("--no-send", is_flag=True, help="Gather and judge; decide and send no edition.")
@click.pass_context
def command(ctx: click.Context, source: str | None, no_send: bool) -> None:
    """Gather from all sources, judge, group, and send the edition of today, once.

    The report goes to stderr. A source that fails does not fail the run; the exit code is 1
    when no source could be reached or a message could not be sent.

    \b
    Example:
      unsealed run
      unsealed run --source hugging-face-blog --no-send
    """
    from crawler.loop import run
    from unsealed.cycle import run_cycle
    from unsealed.progress import Bars
    from unsealed.tables import report_table
    from unsealed.wiring import build

    parts = build(load_settings(find_config(config_of(ctx))))
    if source is not None and source not in {s.id for s in parts.catalogue}:
        raise ConfigError(
            f"there is no source {source!r} in the catalogue.", cure="Check the id in your sources file."
        )
    console = Console(stderr=True)
    try:
        with Bars(console) as bars:
            report = run(
                lambda: run_cycle(
                    parts, clock=lambda: datetime.now(UTC), bars=bars, only=source, send=not no_send
                )
            )
        report_table(report, console)
        outdated = parts.archive.judging.count_outdated(parts.classifier.model)
    finally:
        parts.archive.close()
    if outdated:
        click.echo(
            f"unsealed: {outdated:,} stored articles were judged by an older model; "
            "`unsealed reclassify --dry-run` shows what would change.",
            err=True,
        )
    if not report.reached:
        click.echo(
            f"unsealed: none of the {len(report.sources_failed)} sources could be reached; nothing was lost, and "
            "nothing was sent. Check this machine's network; `make demo` (or `unsealed demo`) shows the whole job without one.",
            err=True,
        )
    if not report.reached or report.undelivered:
        ctx.exit(1)

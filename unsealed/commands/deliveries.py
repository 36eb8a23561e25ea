"""``unsealed deliveries``: the ledger of what was sent to whom."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import Any

import click

from pipeline.model import DeliveryState
from unsealed.cli import config_of
from unsealed.settings import find_config, load_settings


@click.command("deliveries")
@click.option(
    "--state", type=click.Choice([s.value for s in DeliveryState]), default=None, help="Only those."
)
@click.option("--channel", default="", help="Only that channel's.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--format", "style", type=click.Choice(["table", "json", "jsonl", "csv"]), default=None)
@click.pass_context
def command(ctx: click.Context, state: str | None, channel: str, limit: int, style: str | None) -> None:
    """List deliveries, newest first: edition, channel, recipient, state, attempts, and why one failed.

    "unknown" means that the other side may have taken it and could not say so; docs/delivery.md tells
    what is done about it on each channel.

    \b
    Example:
      unsealed deliveries --state failed
      unsealed deliveries --channel mail --limit 200 --format csv
    """
    from pipeline.archive import Archive

    url = load_settings(find_config(config_of(ctx))).archive.url
    with Archive.open(url, create=False) as archive:
        wanted = DeliveryState(state) if state else None
        rows = [_row(line) for line in archive.ledger.lines(limit=limit, state=wanted, channel=channel)]
    if style == "table" or (style is None and sys.stdout.isatty()):
        from unsealed.tables import record_table

        record_table([_short(row) for row in rows], fold=("what happened",))
    else:
        from unsealed.rows import write_rows

        write_rows(rows, style or "jsonl")


def _row(line: Any) -> dict[str, Any]:
    delivery = line.delivery
    at = delivery.updated_at.astimezone(UTC) if delivery.updated_at else None
    return {
        "id": delivery.id,
        "subscription": line.subscription,
        "edition": line.slot,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "state": "refused" if line.permanent else delivery.state.value,
        "attempts": delivery.attempts,
        "at": at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else "",
        "error": delivery.error,
    }


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """What of a row fits a terminal of 80 columns; the machine formats have the rest."""
    tries = f", {row['attempts']} attempts" if row["attempts"] > 1 else ""
    where = (
        row["channel"] if row["channel"] == row["recipient"] else f"{row['channel']} to {row['recipient']}"
    )
    return {
        "at (UTC)": row["at"][5:16].replace("T", " "),
        "edition": row["edition"].partition(":")[2],
        "state": row["state"],
        "what happened": f"{where}{tries}{': ' if row['error'] else ''}{row['error']}",
    }

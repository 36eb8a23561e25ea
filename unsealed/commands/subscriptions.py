"""``unsealed subscriptions``: who gets which edition, when last and when next."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from unsealed.cli import config_of
from unsealed.settings import Settings, SubscriptionSettings, find_config, load_settings


@click.command("subscriptions")
@click.option("--format", "style", type=click.Choice(["table", "json", "jsonl", "csv"]), default=None)
@click.pass_context
def command(ctx: click.Context, style: str | None) -> None:
    """List the subscriptions of the settings, with their last edition and the next one due.

    \b
    Example:
      unsealed subscriptions
      unsealed subscriptions --format json
    """
    settings = load_settings(find_config(config_of(ctx)))
    rows = _rows(settings, datetime.now(UTC))
    if style == "table" or (style is None and sys.stdout.isatty()):
        from unsealed.tables import record_table

        record_table([_short(row) for row in rows], fold=("channels",))
    else:
        from unsealed.rows import write_rows

        write_rows(rows, style or "jsonl")


def _rows(settings: Settings, now: datetime) -> list[dict[str, Any]]:
    from pipeline.archive import Archive
    from pipeline.model import ArchiveError

    try:
        archive = Archive.open(settings.archive.url, create=False)
    except ArchiveError:
        # Nothing was sent yet: the settings alone can be told.
        return [_row(s, None, now) for s in settings.subscription]
    with archive:
        return [_row(s, archive.editions.last(s.name), now) for s in settings.subscription]


def _row(subscription: SubscriptionSettings, last: Any, now: datetime) -> dict[str, Any]:
    from zoneinfo import ZoneInfo

    from unsealed.schedule import next_slot

    zone = ZoneInfo(subscription.timezone)
    due = next_slot(subscription, now)
    return {
        "name": subscription.name,
        "edition": subscription.edition,
        "next": due.astimezone(zone).isoformat(timespec="minutes") if due else "",
        "zone": subscription.timezone,
        "last": last.slot.partition(":")[2] if last else "",
        "stories": last.stories if last else 0,
        "delivered": f"{last.sent}/{last.deliveries}" if last else "",
        "channels": ", ".join(subscription.channels),
    }


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """What of a row fits a terminal of 80 columns."""
    last = f"{row['last']}, {row['delivered']} delivered" if row["last"] else "none yet"
    return {
        "name": row["name"],
        "edition": row["edition"],
        "next": f"{row['next'][:16].replace('T', ' ')} {row['zone']}"
        if row["next"]
        else "when there is news",
        "last": last,
        "channels": row["channels"],
    }

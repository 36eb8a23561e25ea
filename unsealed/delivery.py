"""Delivering what the ledger holds, with progress and a report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from alerts.deliver import Outcome, deliver
from pipeline.model import DeliveryState
from unsealed.lock import LockedError, hold
from unsealed.progress import Bars
from unsealed.report import RunReport, Trouble
from unsealed.wiring import Parts


def deliver_outstanding(parts: Parts, report: RunReport, clock: Callable[[], datetime], bars: Bars) -> None:
    """Send every delivery that is due, also those an earlier run left behind."""
    total = len(parts.archive.ledger.outstanding())
    with bars.station("delivering", total) as step:

        def notice(outcome: Outcome) -> None:
            where = _where(outcome)
            step(where)
            if outcome.state is DeliveryState.SENT:
                report.delivered.append(where)
            else:
                when = f"It will be tried again after {outcome.next_at:%H:%M} UTC." if outcome.next_at else ""
                report.undelivered.append(Trouble(where, outcome.state.value, outcome.message, when))

        try:
            # A delivery found under way is taken for one that a killed process left: that holds only
            # while no living one is at it.
            with hold(parts.archive, "delivering"):
                deliver(parts.archive.ledger, parts.channels, now=clock, notice=notice)
        except LockedError as error:
            message = f"process {error.pid} is delivering from this archive."
            report.undelivered.append(
                Trouble("deliveries", "busy", message, "It sends them, or run again later.")
            )


def _where(outcome: Outcome) -> str:
    channel, recipient = outcome.delivery.channel, outcome.delivery.recipient
    return channel if channel == recipient else f"{channel} to {recipient}"

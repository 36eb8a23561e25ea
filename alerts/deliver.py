"""Getting decided editions to their recipients, exactly once as far as the world allows.

A delivery moves pending -> sending -> sent | failed | unknown, with a transaction of the ledger on
either side of every send, so that a kill at any instant leaves one of these behind:

- ``pending``, ``failed``: certainly not taken (of a post in parts: the part after ``parts_sent``);
- ``sending``: we died between the two notes, so it may have been taken; ``unknown``: the other side
  may have taken it and could not say so. Both are sent again by the rule of their channel: mail under
  the same Message-ID, a webhook once more from the part in doubt (a signed one under the same id), a
  folder by writing the same files; where the other side can be asked what it has, it is asked first.

What to do now is decided by :func:`next_step`, from the line of the ledger and the time alone;
:func:`deliver` only does it. There must be one deliverer at a time on a ledger: it takes what it
finds in ``sending`` for left behind by a dead one. The application sees to that.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from alerts.channels import Channel, ChannelError, Inquiring, Part
from pipeline.model import Delivery, DeliveryError, DeliveryState, Digest, UnsealedError

_log = logging.getLogger(__name__)

#: A server that asks for a pause is given it within the run this often for one delivery, then the
#: delivery waits its turn like any other.
_PAUSES: Final = 3
_DOUBT: Final = " (An earlier attempt may have been taken.)"


class Ledger(Protocol):
    """The deliveries' book. Each call is one transaction, durable when it returns.

    ``at`` becomes the delivery's ``updated_at``; pauses count from it. It is a little ahead of now
    where the other side has asked for a longer pause than ours.
    """

    def outstanding(self) -> tuple[Delivery, ...]:
        """Deliveries that are not finished, oldest edition first; those refused for good left out."""

    def digest(self, edition_id: int) -> Digest:
        """The edition a delivery carries."""

    def sending(self, delivery_id: int, message_id: str, at: datetime) -> None:
        """A send begins: one attempt more."""

    def part_sent(self, delivery_id: int, parts: int, at: datetime) -> None:
        """The first ``parts`` parts were taken."""

    def sent(self, delivery_id: int, at: datetime) -> None:
        """All of it was taken."""

    def failed(self, delivery_id: int, error: str, permanent: bool, at: datetime) -> None:
        """It was certainly not taken; ``permanent``: never try again."""

    def unknown(self, delivery_id: int, error: str, at: datetime) -> None:
        """It may or may not have been taken."""


# ----------------------------------------------------------------------------- deciding


@dataclass(frozen=True, slots=True)
class Policy:
    """When to try again, and when to stop.

    The first pause suits greylisting, which wants a minute; the longest, an outage of hours. After
    ``deadline`` (counted from the end of the edition's period) a digest is no news, but it has had at
    least ``attempts`` tries: a machine that runs once a day must not lose an edition to one busy
    server. An unknown outcome's pauses are not capped, so that a server that takes messages and
    cannot say so gets about ten copies in a day, not thirty.
    """

    first: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=1)
    deadline: timedelta = timedelta(hours=24)
    attempts: int = 3
    patience: float = 30.0  # seconds that a run waits where the other side asks for a pause
    strikes: int = 3  # failures of a channel in a row after which a run leaves it alone


@dataclass(frozen=True, slots=True)
class Send:
    """Send it now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Leave it until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will not be tried again."""

    reason: str


Step = Send | Wait | GiveUp


def next_step(delivery: Delivery, now: datetime, policy: Policy, *, since: datetime) -> Step:
    """What to do with an outstanding delivery; ``since`` is the end of its edition's period."""
    assert delivery.state is not DeliveryState.SENT
    if delivery.state in (DeliveryState.PENDING, DeliveryState.SENDING):
        return Send()  # never tried, or we died over it: neither has had an answer
    if delivery.attempts >= policy.attempts and now >= since + policy.deadline:
        hours = round(policy.deadline / timedelta(hours=1))
        return GiveUp(f"given up after {delivery.attempts} attempts and {hours} hours")
    tried = delivery.updated_at
    until = tried + _pause(delivery, policy) if tried else now
    # A note from the far future comes of a clock set back: no reason to wait for it to come true.
    if now >= until or (tried and tried > now + policy.longest):
        return Send()
    return Wait(until)


def _pause(delivery: Delivery, policy: Policy) -> timedelta:
    # 2**20 minutes are two years: more doublings only overflow
    pause = policy.first * (1 << min(max(delivery.attempts - 1, 0), 20))
    return pause if delivery.state is DeliveryState.UNKNOWN else min(pause, policy.longest)


# -------------------------------------------------------------------------------- doing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery in a run; ``state`` PENDING means that it was not its turn."""

    delivery: Delivery  # as it was found
    state: DeliveryState
    message: str = ""  # why it was not sent, in a sentence; "" if it was
    final: bool = False  # nothing more will be tried
    next_at: datetime | None = None  # when it is tried again


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every outstanding delivery, in the order they were dealt with."""

    outcomes: tuple[Outcome, ...] = ()

    @property
    def sent(self) -> tuple[Outcome, ...]:
        """Those that were taken."""
        return tuple(o for o in self.outcomes if o.state is DeliveryState.SENT)

    @property
    def unsent(self) -> tuple[Outcome, ...]:
        """The others: failed, unknown, or waiting."""
        return tuple(o for o in self.outcomes if o.state is not DeliveryState.SENT)

    @property
    def next_at(self) -> datetime | None:
        """When the next one is due again, None if none is."""
        return min((o.next_at for o in self.outcomes if o.next_at), default=None)


@dataclass(slots=True)
class _Run:
    """One call of :func:`deliver`."""

    ledger: Ledger
    now: Callable[[], datetime]
    policy: Policy
    sleep: Callable[[float], None]
    notice: Callable[[Outcome], None]
    digests: dict[int, Digest] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def digest(self, edition_id: int) -> Digest:
        if edition_id not in self.digests:
            self.digests[edition_id] = self.ledger.digest(edition_id)
        return self.digests[edition_id]

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.notice(outcome)


def deliver(
    ledger: Ledger,
    channels: Iterable[Channel],
    *,
    now: Callable[[], datetime],
    policy: Policy = Policy(),
    sleep: Callable[[float], None] = time.sleep,
    notice: Callable[[Outcome], None] = lambda outcome: None,
) -> Report:
    """Send every outstanding delivery that is due; ``notice`` hears of each as it is settled.

    One recipient's failure stops no other, nor one channel's; each is noted with its reason. Raises
    only what the ledger raises (nothing can be promised without it). A kill, also by an exception
    such as KeyboardInterrupt, may come anywhere: the next call goes on.
    """
    run = _Run(ledger, now, policy, sleep, notice)
    known = {channel.name: channel for channel in channels}
    waiting: dict[str, list[Delivery]] = {}
    for delivery in ledger.outstanding():
        if _is_due(delivery, known.get(delivery.channel), run):
            waiting.setdefault(delivery.channel, []).append(delivery)
    for name, deliveries in waiting.items():
        try:
            _through(known[name], deliveries, run)
        finally:
            known[name].close()
    return Report(tuple(run.outcomes))


def _is_due(delivery: Delivery, channel: Channel | None, run: _Run) -> bool:
    """Whether to send it now; if not, it is settled or left."""
    now, since = run.now(), run.digest(delivery.edition_id).until
    step = next_step(delivery, now, run.policy, since=since)
    if isinstance(step, Wait):
        run.add(Outcome(delivery, delivery.state, delivery.error, next_at=step.until))
    elif isinstance(step, GiveUp):
        _refuse(delivery, f"{step.reason}: {delivery.error}", run)
    elif channel is None:
        message = f"the settings have no channel {delivery.channel!r} any more."
        if now >= since + run.policy.deadline:
            _refuse(delivery, message, run)
        else:
            run.add(Outcome(delivery, delivery.state, message))
    elif delivery.recipient not in channel.recipients:
        _refuse(delivery, "no longer among the channel's recipients.", run)
    else:
        return True
    return False


def _refuse(delivery: Delivery, message: str, run: _Run) -> None:
    """Note that it will not be tried again, and whether it may have arrived all the same."""
    if _in_doubt(delivery):
        message += _DOUBT
    run.ledger.failed(delivery.id, message, True, run.now())
    run.add(Outcome(delivery, DeliveryState.FAILED, message, final=True))


def _in_doubt(delivery: Delivery) -> bool:
    return delivery.state in (DeliveryState.SENDING, DeliveryState.UNKNOWN)


def _through(channel: Channel, deliveries: list[Delivery], run: _Run) -> None:
    """Send deliveries of one channel in order; one that is plainly out of order is left alone."""
    strikes = 0
    down: ChannelError | None = None
    for delivery in deliveries:
        digest = run.digest(delivery.edition_id)
        message_id = delivery.message_id or channel.message_id(digest, delivery.recipient)
        run.ledger.sending(delivery.id, message_id, run.now())
        if down is not None:
            _settle(delivery, down, run, in_doubt=_in_doubt(delivery))
            continue
        error, taken = _attempt(channel, delivery, digest, message_id, run)
        if error is None:
            strikes = 0
            run.ledger.sent(delivery.id, run.now())
            run.add(Outcome(delivery, DeliveryState.SENT, final=True))
            continue
        # What was in doubt is the first part of this attempt: once that was taken, nothing is.
        _settle(delivery, error, run, in_doubt=_in_doubt(delivery) and taken == delivery.parts_sent)
        strikes = strikes + 1 if isinstance(error, ChannelError) else 0
        if isinstance(error, ChannelError) and (strikes >= run.policy.strikes or _hopeless(error, run)):
            down = ChannelError(
                f"not tried, as the channel was failing: {error.message}",
                about=error.about,
                cure=error.cure,
                permanent=error.permanent,
                retry_after=error.retry_after,
            )


def _hopeless(error: ChannelError, run: _Run) -> bool:
    return error.permanent or (error.retry_after or 0.0) > run.policy.patience


def _attempt(
    channel: Channel, delivery: Delivery, digest: Digest, message_id: str, run: _Run
) -> tuple[DeliveryError | None, int]:
    """Send what has not been taken yet: what went wrong, if anything, and how many parts are taken now."""
    taken = delivery.parts_sent
    try:
        parts = channel.compose(digest, delivery.recipient, message_id=message_id)
        channel.open()
        if isinstance(channel, Inquiring) and (_in_doubt(delivery) or taken):
            found = min(channel.taken(parts, delivery.recipient, noted=taken), len(parts))
            if found > taken:
                taken = found
                run.ledger.part_sent(delivery.id, taken, run.now())
    except DeliveryError as error:
        return error, taken
    except UnsealedError as error:
        return DeliveryError(error.message, about=error.about, cure=error.cure), taken
    except Exception as error:
        return _bug(error, unknown=False), taken
    for part in parts[taken:]:
        problem = _hand_over(channel, part, delivery.recipient, run)
        if problem is not None:
            return problem, taken
        taken += 1
        if taken < len(parts):
            run.ledger.part_sent(delivery.id, taken, run.now())
    return None, taken


def _hand_over(channel: Channel, part: Part, recipient: str, run: _Run) -> DeliveryError | None:
    """Send one part, with the pauses the other side asks for."""
    pauses = 0
    while True:
        try:
            channel.send(part, recipient)
            return None
        except ChannelError as error:
            if error.retry_after is None or error.retry_after > run.policy.patience or pauses == _PAUSES:
                return error
            pause = error.retry_after
        except DeliveryError as error:
            return error
        except Exception as error:
            return _bug(error, unknown=True)
        pauses += 1
        run.sleep(pause)


def _bug(error: Exception, *, unknown: bool) -> DeliveryError:
    """An error of our own code. Its text stays out of log and ledger: it may quote a secret."""
    kind = type(error).__name__
    _log.error(
        "internal error (%s) while delivering\n%s", kind, "".join(traceback.format_tb(error.__traceback__))
    )
    return DeliveryError(f"internal error ({kind}).", cure="Please report it with the log.", unknown=unknown)


def _settle(delivery: Delivery, error: DeliveryError, run: _Run, *, in_doubt: bool) -> None:
    """Note a send that did not succeed, and when it is tried again."""
    now, message = run.now(), str(error)
    unknown = error.unknown or (in_doubt and not error.permanent)
    state = DeliveryState.UNKNOWN if unknown else DeliveryState.FAILED
    tried = replace(delivery, state=state, attempts=delivery.attempts + 1, updated_at=now)
    at = now
    if isinstance(error, ChannelError) and error.retry_after is not None:
        # The pause counts from ``at``: put ahead, so that it ends no sooner than we were asked to wait.
        asked = min(timedelta(seconds=error.retry_after), run.policy.longest)
        at = max(now, now + asked - _pause(tried, run.policy))
    if unknown:
        run.ledger.unknown(delivery.id, message, at)
    else:
        message += _DOUBT if in_doubt else ""
        run.ledger.failed(delivery.id, message, error.permanent, at)
    final = error.permanent and not unknown
    next_at = None if final else at + _pause(tried, run.policy)
    run.add(Outcome(delivery, state, message, final, next_at))

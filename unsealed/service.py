"""The service: polls on schedule, decides each edition at its local time, delivers, for months.

What is due is read from the archive, never remembered: the scheduler only says when to look. So a
machine that slept through 07:30, a killed process and a clock change all come to the same thing,
the next look. Cycle, decision and delivery never overlap.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from rich.console import Console

from alerts.deliver import Ledger, Outcome, deliver
from alerts.plain import clean
from pipeline.model import BREAKING, DeliveryState, UnsealedError
from unsealed.cycle import plan_polls, run_cycle
from unsealed.editions import decide_breaking, decide_edition
from unsealed.lock import LockedError, hold
from unsealed.progress import Bars
from unsealed.report import Change, RunReport
from unsealed.schedule import due_slot, is_fresh
from unsealed.settings import SubscriptionSettings
from unsealed.wiring import Parts

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

Clock = Callable[[], datetime]

#: A job that is late runs late (the scheduler's own grace is one second), once, and never twice at a time.
JOB_DEFAULTS: Mapping[str, object] = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
#: Seconds after which a job is held to hang. Each wait within is bounded by itself, so these are reached
#: by defects only: 500 sources and 500 pages that all time out (30 s, 32 at once) take 16 minutes, a
#: thousand recipients at one message a second 17; deciding asks nobody but the archive.
LIMITS: Mapping[str, float] = {"gathering": 7200.0, "deciding": 600.0, "delivering": 3600.0}
#: Seconds in which a stopping service must have ended. Half of them are for work to finish by itself.
STOP_SECONDS = 10.0
#: Seconds between two looks at the clock for a jump back. The pauses of the scheduler are counted
#: on a clock of the machine's own, so that it sleeps on if the hour it waits for has moved away.
_LOOK_SECONDS = 30.0
#: Characters of a reason in the log: those of a server's answer and what to do about it.
_WORDS = 600
#: How often is looked for sources whose time has come; `crawler.policy` says when that is.
_LOOK_EVERY = timedelta(minutes=5)
#: A clock that is set by a time server goes back by less, and no edition cares.
_JUMP = timedelta(minutes=2)
#: Stories told of within these days count as new when a cycle finds them; as far back as editions look.
_RECENT = timedelta(days=7)


def change_line(change: Change) -> str:
    """A source's change of health in one line."""
    why = f": {clean(change.why, _WORDS)}" if change.why else ""
    return f"source {change.what} was {change.before}, is {change.after}{why}"


def cycle_line(
    number: int, report: RunReport, stories: int, *, now: datetime, next_at: datetime | None
) -> str:
    """A cycle in one line; times are in the machine's own zone, as the log has them."""
    told = f"{stories} {'story' if stories == 1 else 'stories'}"
    then = f"; next at {_hour(next_at, now)}" if next_at else ""
    return (
        f"cycle {number}: {report.sources_ok + report.sources_unchanged} sources ok, "
        f"{len(report.sources_failed)} failed, {report.articles_new} new articles, {told}{then}"
    )


def _hour(at: datetime, now: datetime) -> str:
    local = at.astimezone()
    return f"{local:%H:%M}" if at - now < timedelta(hours=23) else f"{local:%F %H:%M}"


def schedule_line(subscription: SubscriptionSettings) -> str:
    """When a subscription's editions are sent, in words."""
    if subscription.edition == BREAKING:
        return f"edition {subscription.name}: as soon as there is news"
    day = subscription.weekday.capitalize() if subscription.edition == "weekly" else "every day"
    return f"edition {subscription.name}: {day} at {subscription.at}, {subscription.timezone}"


class _HaltError(Exception):
    """The service stops: a delivery that has not begun is left to the next start."""


class _HaltingLedger:
    """A ledger through which no send begins once ``halt`` is set. What is under way is still noted."""

    def __init__(self, ledger: Ledger, halt: threading.Event) -> None:
        self._sending = ledger.sending
        self._halt = halt
        self.outstanding = ledger.outstanding
        self.digest = ledger.digest
        self.part_sent = ledger.part_sent
        self.sent = ledger.sent
        self.failed = ledger.failed
        self.unknown = ledger.unknown

    def sending(self, delivery_id: int, message_id: str, at: datetime) -> None:
        """Note that a send begins; _HaltError if none should."""
        if self._halt.is_set():
            raise _HaltError
        self._sending(delivery_id, message_id, at)


class Service:
    """Runs until told to stop. Make it in the loop it runs on; ``clock`` gives the time, aware."""

    def __init__(self, parts: Parts, *, clock: Clock) -> None:
        self._parts = parts
        self._clock = clock
        self._every = min(timedelta(minutes=parts.settings.service.every_minutes), _LOOK_EVERY)
        self._lock = asyncio.Lock()
        self._halt = threading.Event()
        self._hanging: dict[str, asyncio.Future[Any]] = {}
        self._cycles = 0
        self._waiting: set[str] = set()
        self._reached_at: datetime | None = None
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=dict(JOB_DEFAULTS))
        self._scheduler.add_listener(_left_out, EVENT_JOB_MAX_INSTANCES)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set; work under way then has half of STOP_SECONDS to finish."""
        self._schedule()
        self._scheduler.start()
        try:
            last = self._clock()
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await stop.wait()
                now = self._clock()
                if now < last - _JUMP:
                    _log.warning("the clock went back from %s to %s UTC", f"{last:%F %T}", f"{now:%F %T}")
                    self._schedule()
                last = now
        finally:
            await self._wind_down()

    def _schedule(self) -> None:
        """Put every job on the clock, in place of what was there."""
        add, zone = self._scheduler.add_job, ZoneInfo("UTC")
        every = IntervalTrigger(minutes=self._every // timedelta(minutes=1), timezone=zone)
        add(self.gather_turn, every, id="gathering", next_run_time=self._clock(), replace_existing=True)
        minutely = IntervalTrigger(minutes=1, timezone=zone)
        add(self.deliver_turn, minutely, id="delivering", replace_existing=True)
        for subscription in self._parts.settings.subscription:
            if subscription.edition == BREAKING:
                continue  # looked at after each cycle
            add(
                self.edition_turn,
                _cron(subscription),
                id=f"edition {subscription.name}",
                replace_existing=True,
            )

    async def _wind_down(self) -> None:
        self._halt.set()
        self._scheduler.pause()
        try:
            async with asyncio.timeout(STOP_SECONDS / 2):
                await self._lock.acquire()
        except TimeoutError:
            self._scheduler.shutdown()  # cancels what runs
            await self._lock.acquire()
        else:
            self._scheduler.shutdown()

    # The turns: what the scheduler calls. None of them raises.

    async def gather_turn(self) -> None:
        """One cycle; then whatever edition is due, and what waits to be delivered."""
        async with self._lock:
            await self._bounded("gathering", self._gather)
            await self._bounded("deciding", self._decide)
            await self._bounded("delivering", self._deliver)

    async def edition_turn(self) -> None:
        """An edition's time has come."""
        async with self._lock:
            await self._bounded("deciding", self._decide)
            await self._bounded("delivering", self._deliver)

    async def deliver_turn(self) -> None:
        """Each minute: deliver what is outstanding and due. Other work ends with that anyway."""
        if not self._lock.locked():
            async with self._lock:
                await self._bounded("delivering", self._deliver)

    async def _bounded(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` for as long as LIMITS allows; whatever becomes of it is logged and the service goes on."""
        if self._halt.is_set() or what in self._hanging:
            return
        limit = asyncio.timeout(LIMITS[what])
        try:
            async with limit:
                await work()
        except asyncio.CancelledError:
            if not self._halt.is_set():
                raise
            _log.info("%s was interrupted; the next start goes on from there", what)
        except _HaltError:
            _log.info("%s was stopped between two messages; the next start goes on from there", what)
        except UnsealedError as error:
            _log.error("%s failed: %s", what, error)
        except Exception:
            if limit.expired():
                _log.error("%s was given up after %.0f minutes: it hangs", what, LIMITS[what] / 60)
            else:
                _log.exception("%s failed", what)

    async def _beside(self, what: str, work: Callable[[], _T]) -> _T:
        """Run ``work`` in a thread, which nothing can cancel: until one left behind ends, no other begins.

        Two deliverers at once would send twice what is between them.
        """
        future = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            self._hanging[what] = future
            future.add_done_callback(lambda done: self._ended(what, done))
            raise

    def _ended(self, what: str, future: asyncio.Future[_T]) -> None:
        del self._hanging[what]
        error = None if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, _HaltError):
            _log.error("%s, given up earlier, failed", what, exc_info=error)
        elif not self._halt.is_set():
            _log.info("%s, given up earlier, has ended", what)

    async def _gather(self) -> None:
        due = await asyncio.to_thread(plan_polls, self._parts, self._clock(), due_only=True)
        if self._cycles and not due.polled:
            # All that can be known is known: an edition may be decided.
            self._reached_at = self._clock() if due.resting else self._reached_at
            return
        self._cycles += 1
        known = await asyncio.to_thread(self._stories)
        bars = Bars(Console(quiet=True))
        report = await run_cycle(self._parts, clock=self._clock, bars=bars, send=False, due_only=True)
        if report.reached:
            self._reached_at = self._clock()
        known_now = await asyncio.to_thread(self._stories)
        for trouble in report.waiting:
            if trouble.what not in self._waiting:
                _log.info("source %s is not asked: %s", trouble.what, clean(trouble.message, _WORDS))
        self._waiting = {trouble.what for trouble in report.waiting}
        for change in report.changes:
            _log.info("%s", change_line(change))
        job = self._scheduler.get_job("gathering")
        line = cycle_line(
            self._cycles,
            report,
            len(known_now - known),
            now=self._clock(),
            next_at=job.next_run_time if job else None,
        )
        _log.info("%s", line)
        if not report.reached:
            _log.error("no source could be reached; no edition is decided before one is")

    def _stories(self) -> frozenset[int]:
        """Which stories of late are known."""
        now = self._clock()
        return frozenset(self._parts.archive.storying.ids_between(now - _RECENT, now))

    async def _decide(self) -> None:
        if is_fresh(self._reached_at, self._clock(), self._every):
            await self._beside("deciding", self._decide_due)

    def _decide_due(self) -> None:
        for subscription in self._parts.settings.subscription:
            now, name = self._clock(), subscription.name
            try:
                if subscription.edition == BREAKING:
                    alert = decide_breaking(self._parts, subscription, now)
                    if alert is not None:
                        _log.info("alert of %s: %s", name, alert.slot)
                    continue
                day = due_slot(subscription, now, partial(self._is_decided, name))
                if day is not None:
                    digest, _ = decide_edition(self._parts, subscription, now, day=day)
                    _log.info("edition %s of %s: %d stories", name, day, len(digest.stories))
            except Exception as error:  # one subscription's trouble is not the others'
                known = isinstance(error, UnsealedError)
                _log.error("edition %s could not be decided: %s", name, error, exc_info=not known)

    def _is_decided(self, subscription: str, slot: str) -> bool:
        return self._parts.archive.editions.find(subscription, slot) is not None

    async def _deliver(self) -> None:
        await self._beside("delivering", self._deliver_outstanding)

    def _deliver_outstanding(self) -> None:
        archive = self._parts.archive
        if not archive.ledger.outstanding():
            return
        ledger = _HaltingLedger(archive.ledger, self._halt)
        try:
            with hold(archive, "delivering"):
                deliver(ledger, self._parts.channels, now=self._clock, sleep=self._pause, notice=_told)
        except LockedError as error:
            _log.info("process %s is delivering; what it leaves is tried in a minute", error.pid)

    def _pause(self, seconds: float) -> None:
        if self._halt.wait(seconds):
            raise _HaltError


def _cron(subscription: SubscriptionSettings) -> CronTrigger:
    """When to look for a subscription's edition. In nights of clock changes it may call twice or leave
    a day out; due_slot answers for the first, the look after each cycle for the second.
    """
    at = subscription.local_time
    weekly = subscription.edition == "weekly"
    return CronTrigger(
        day_of_week=subscription.weekday[:3] if weekly else None,
        hour=at.hour,
        minute=at.minute,
        timezone=ZoneInfo(subscription.timezone),
    )


def _left_out(event: JobSubmissionEvent) -> None:
    if event.job_id == "gathering":
        _log.warning("the last cycle still runs; this turn is left out (service.every_minutes is short)")


def _told(outcome: Outcome) -> None:
    """Log a delivery that was made, or whose state or reason is new; not each that waits its turn."""
    delivery = outcome.delivery
    where = delivery.channel
    if delivery.recipient != delivery.channel:
        where += f" to {delivery.recipient}"
    if outcome.state is DeliveryState.SENT:
        _log.info("delivered: %s", where)
    elif outcome.state is not delivery.state or outcome.message != delivery.error or outcome.final:
        then = f" Tried again after {outcome.next_at.astimezone():%H:%M}." if outcome.next_at else ""
        _log.warning("not delivered: %s: %s%s", where, clean(outcome.message, _WORDS), then)


async def serve(parts: Parts, *, clock: Clock) -> None:
    """Serve until SIGTERM or SIGINT, then return within STOP_SECONDS, or end the process with 0.

    Needs the process's main thread. A second signal ends the process at once, as it would any other.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)

    def asked(number: signal.Signals) -> None:
        _log.info("%s: stopping", number.name)
        for each in signals:
            loop.remove_signal_handler(each)
        threading.Thread(target=_last_resort, name="last resort", daemon=True).start()
        stop.set()

    for number in signals:
        loop.add_signal_handler(number, asked, number)
    service = Service(parts, clock=clock)
    _log.info(
        "serving: %d sources, each every %d to %d minutes by its own rhythm",
        len(parts.catalogue),
        parts.settings.service.every_minutes,
        max(parts.settings.service.slowest_minutes, parts.settings.service.every_minutes),
    )
    for subscription in parts.settings.subscription:
        _log.info("%s", schedule_line(subscription))
    await service.run(stop)


def _last_resort() -> None:
    """End the process although a thread hangs, as one may in a name server or a mail server.

    Threads cannot be cancelled and Python waits for them. The archive takes it as it takes kill -9.
    """
    time.sleep(STOP_SECONDS)
    _log.warning("something has not ended in %.0f seconds and is left; nothing is lost", STOP_SECONDS)
    os._exit(0)

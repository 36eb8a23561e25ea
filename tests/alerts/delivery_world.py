"""A small world for delivery tests: two ledgers, channels whose servers have moods, and death at any step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.channels import Channel, ChannelError, Part, edition_key
from alerts.deliver import Report, deliver
from pipeline.model import Delivery, DeliveryError, DeliveryState, Digest
from tests.alerts import samples


class KilledError(BaseException):
    """The process is gone: nothing after this runs, not even handlers of Exception."""


class Steps:
    """Counts the steps around every send, and kills at those that are named."""

    def __init__(self, kill_at: Iterable[int] = ()) -> None:
        self.kill_at = set(kill_at)
        self.count = 0
        self.kills = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count in self.kill_at:
            self.kills += 1
            raise KilledError


class MemoryLedger:
    """A ledger whose every note is a step before and a step after it is durable."""

    def __init__(self, digests: dict[int, Digest], steps: Callable[[], None] = lambda: None) -> None:
        self.digests = digests
        self.steps = steps
        self.lines: dict[int, tuple[Delivery, bool]] = {}  # delivery, permanent

    def add(self, edition_id: int, channel: str, recipient: str) -> None:
        number = len(self.lines) + 1
        line = Delivery(number, edition_id, channel, recipient, DeliveryState.PENDING)
        self.lines[number] = (line, False)
        self.keep(number)

    def line(self, delivery_id: int) -> Delivery:
        return self.lines[delivery_id][0]

    def outstanding(self) -> tuple[Delivery, ...]:
        return tuple(
            d for d, permanent in self.lines.values() if not permanent and d.state is not DeliveryState.SENT
        )

    def digest(self, edition_id: int) -> Digest:
        return self.digests[edition_id]

    def sending(self, delivery_id: int, message_id: str, at: datetime) -> None:
        attempts = self.line(delivery_id).attempts + 1
        self._note(
            delivery_id, at, state=DeliveryState.SENDING, message_id=message_id, attempts=attempts, error=""
        )

    def part_sent(self, delivery_id: int, parts: int, at: datetime) -> None:
        self._note(delivery_id, at, parts_sent=parts)

    def sent(self, delivery_id: int, at: datetime) -> None:
        self._note(delivery_id, at, state=DeliveryState.SENT)

    def failed(self, delivery_id: int, error: str, permanent: bool, at: datetime) -> None:
        self._note(delivery_id, at, permanent, state=DeliveryState.FAILED, error=error)

    def unknown(self, delivery_id: int, error: str, at: datetime) -> None:
        self._note(delivery_id, at, state=DeliveryState.UNKNOWN, error=error)

    def _note(self, delivery_id: int, at: datetime, permanent: bool = False, **changes: Any) -> None:
        self.steps()
        self.lines[delivery_id] = (replace(self.line(delivery_id), updated_at=at, **changes), permanent)
        self.keep(delivery_id)
        self.steps()

    def keep(self, delivery_id: int) -> None:
        """In memory there is nothing to keep."""


_FIELDS = [f.name for f in fields(Delivery)]


class FileLedger(MemoryLedger):
    """The same as a journal in a file: a line a note, read from the beginning by the next process."""

    def __init__(
        self, path: Path, digests: dict[int, Digest], steps: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(digests, steps)
        self.path = path
        for note in path.read_text().splitlines() if path.exists() else ():
            values, permanent = json.loads(note)
            known = dict(zip(_FIELDS, values, strict=True))
            at = known["updated_at"] and datetime.fromisoformat(known["updated_at"])
            line = Delivery(**known | {"state": DeliveryState(known["state"]), "updated_at": at})
            self.lines[line.id] = (line, permanent)

    def keep(self, delivery_id: int) -> None:
        line, permanent = self.lines[delivery_id]
        values = [getattr(line, name) for name in _FIELDS]
        with self.path.open("a") as file:
            file.write(json.dumps((values, permanent), default=datetime.isoformat) + "\n")


# ----------------------------------------------------------------------------- the world

#: How a server may treat one part, once: then it is in a better mood.
MOODS = ("later", "lost", "taken, then silent", "silent", "pause", "long pause", "bug")


@dataclass
class World:
    """What every server took, and how it will treat what comes."""

    moods: dict[tuple[str, str], list[str]] = field(
        default_factory=dict
    )  # (channel, recipient) -> next moods
    refused: set[str] = field(default_factory=set)  # recipients that are refused for good
    down: Counter[str] = field(default_factory=Counter)  # channel -> how often it cannot be opened
    taken: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # key -> copies
    ids: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)  # recipient's edition -> ids
    excused: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # copies that may follow
    fresh: tuple[str, str, str, str] | None = None  # taken, and not yet noted

    def take(self, key: tuple[str, str, str, str], message_id: str) -> None:
        self.taken[key] += 1
        self.ids.setdefault(key[:3], set()).add(message_id)
        self.fresh = key

    def excuse(self) -> None:
        """We died or lost the connection between acceptance and note: one repetition is lawful."""
        if self.fresh:
            self.excused[self.fresh] += 1
        self.fresh = None


class NotingLedger(FileLedger):
    """Tells the world when an acceptance has been noted."""

    world: World

    def keep(self, delivery_id: int) -> None:
        super().keep(delivery_id)
        self.world.fresh = None


class FakeChannel:
    """A channel of ``count`` parts whose server lives in a :class:`World`."""

    kind = "fake"

    def __init__(
        self, name: str, recipients: tuple[str, ...], count: int, world: World, steps: Steps
    ) -> None:
        self.name, self.recipients, self.count = name, recipients, count
        self.world, self.steps = world, steps
        self.closed = 0

    def message_id(self, digest: Digest, recipient: str) -> str:
        return edition_key(digest, self.name, recipient)

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        return tuple(
            Part(f"{n}/{self.count}", f"{digest.slot} {message_id}".encode())
            for n in range(1, self.count + 1)
        )

    def open(self) -> None:
        self.steps()
        if self.world.down[self.name] > 0:
            self.world.down[self.name] -= 1
            raise ChannelError("nobody there.")

    def close(self) -> None:
        self.closed += 1

    def send(self, part: Part, recipient: str) -> None:
        self.steps()
        slot, message_id = part.content.decode().split(" ")
        if recipient in self.world.refused:
            raise DeliveryError("550 no such user.", permanent=True)
        moods = self.world.moods.get((self.name, recipient), [])
        mood = moods.pop(0) if moods else "good"
        if mood in ("good", "taken, then silent"):
            self.world.take((self.name, recipient, slot, part.name), message_id)
            self.steps()
        if mood == "good":
            return
        if mood == "taken, then silent":
            self.world.excuse()
        raise _FAULTS[mood]()


#: A new one each time: an exception raised twice carries the traceback of both.
_FAULTS: dict[str, Callable[[], Exception]] = {
    "later": lambda: DeliveryError("451 greylisted."),
    "lost": lambda: ChannelError("connection lost."),
    "taken, then silent": lambda: ChannelError("no answer.", unknown=True),
    "silent": lambda: ChannelError("no answer.", unknown=True),
    "pause": lambda: ChannelError("429.", retry_after=2),
    "long pause": lambda: ChannelError("429.", retry_after=900),
    "bug": lambda: ValueError("https://hooks.example/SECRET"),
}

NOW = datetime(2026, 11, 23, 6, 5, tzinfo=UTC)
#: Two editions: a second one must not disturb the first.
DIGESTS = {
    1: samples.quiet(),
    2: replace(samples.quiet(), edition="weekly", subscription="week"),
}


def run_until_done(
    make: Callable[[], tuple[MemoryLedger, list[Channel]]],
    world: World,
    *,
    pauses: Iterable[timedelta],
) -> int:
    """Run the deliverer again and again, after kills too, until nothing is outstanding; how often it ran."""
    now, runs = NOW, 0
    for pause in pauses:
        ledger, channels = make()
        runs += 1
        try:
            deliver_now(ledger, *channels, now=now)
        except KilledError:
            world.excuse()
        if not make()[0].outstanding():
            return runs
        now += pause
    raise AssertionError(f"still outstanding after {runs} runs: {make()[0].outstanding()}")


def deliver_now(
    ledger: MemoryLedger, *channels: Channel, now: datetime = NOW, naps: list[float] | None = None
) -> Report:
    """One run at a fixed moment."""
    return deliver(ledger, channels, now=lambda: now, sleep=(naps if naps is not None else []).append)

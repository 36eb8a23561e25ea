"""Death at every step around every send, on servers with every mood: nobody lacks an edition, nobody has two."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path

import pytest

from alerts.channels import Channel
from pipeline.model import DeliveryState
from tests.alerts.delivery_world import (
    DIGESTS,
    MOODS,
    FakeChannel,
    NotingLedger,
    Steps,
    World,
    run_until_done,
)

MAIL = ("ada", "ben", "cy", "gone")
#: (name, recipients, parts): like mail, a split post, a folder.
CHANNELS = (("mail", MAIL, 1), ("slack", ("slack",), 3), ("folder", ("folder",), 2))
#: Scripts whose every step is died at once, and schedules of several deaths.
SCRIPTS, SCHEDULES = 4, 300


class Case:
    """One world with its ledger's file, whose deliverer dies at given steps."""

    def __init__(self, seed: int, path: Path, kill_at: set[int]) -> None:
        draw = random.Random(seed)
        self.path, self.steps = path, Steps(kill_at)
        self.world = World(refused={"gone"})
        for name, recipients, _ in CHANNELS:
            for recipient in recipients:
                moods = [draw.choice(MOODS) for _ in range(draw.choice((0, 0, 1, 2)))]
                self.world.moods[name, recipient] = ["good"] * draw.choice((0, 0, 1)) + moods
            self.world.down[name] = draw.choice((0, 0, 0, 1))
        self.pauses = [timedelta(minutes=draw.choice((0, 1, 5, 61))) for _ in range(8)]
        path.unlink(missing_ok=True)
        ledger = self.ledger()
        for edition in DIGESTS:
            for name, recipients, _ in CHANNELS:
                for recipient in recipients:
                    ledger.add(edition, name, recipient)

    def ledger(self) -> NotingLedger:
        ledger = NotingLedger(self.path, DIGESTS, self.steps)
        ledger.world = self.world
        return ledger

    def parts(self) -> tuple[NotingLedger, list[Channel]]:
        return self.ledger(), [
            FakeChannel(name, who, parts, self.world, self.steps) for name, who, parts in CHANNELS
        ]

    def play(self) -> None:
        run_until_done(self.parts, self.world, pauses=chain(self.pauses, repeat(timedelta(hours=1), 20)))
        self.judge()

    def judge(self) -> None:
        ledger, world = self.ledger(), self.world
        for line, permanent in ledger.lines.values():
            slot = DIGESTS[line.edition_id].slot
            parts = next(parts for name, _, parts in CHANNELS if name == line.channel)
            copies = [
                world.taken[line.channel, line.recipient, slot, f"{n}/{parts}"] for n in range(1, parts + 1)
            ]
            if line.recipient == "gone":
                assert copies == [0] and permanent and line.state is DeliveryState.FAILED
                continue
            assert line.state is DeliveryState.SENT
            assert all(copies), f"lacks an edition: {line}"
            assert len(world.ids[line.channel, line.recipient, slot]) == 1, "two identities"
        extra = {key: copies - 1 for key, copies in world.taken.items() if copies > 1}
        assert all(more <= world.excused[key] for key, more in extra.items()), (
            f"repeated for no reason: {extra}"
        )


def test_death_at_every_single_step_loses_and_repeats_nothing(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for seed in range(SCRIPTS):
        calm = Case(seed, tmp_path / "ledger.json", set())
        calm.play()
        for step in range(1, calm.steps.count + 1):
            case = Case(seed, tmp_path / "ledger.json", {step})
            case.play()
            assert case.steps.kills == 1
            counts["deaths"] += 1
            counts["repeated"] += sum(copies > 1 for copies in case.world.taken.values())
            counts["excused"] += sum(case.world.excused.values())
    print(dict(counts))
    assert counts["deaths"] >= 300
    assert 0 < counts["repeated"] <= counts["excused"]


@pytest.mark.parametrize("batch", range(3))
def test_several_deaths_in_a_row_lose_and_repeat_nothing(tmp_path: Path, batch: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(batch * SCHEDULES // 3, (batch + 1) * SCHEDULES // 3):
        draw = random.Random(f"deaths {seed}")
        kill_at, step = set(), 0
        for _ in range(draw.randint(2, 6)):
            step += draw.randint(1, 40)
            kill_at.add(step)
        case = Case(1000 + seed, tmp_path / "ledger.json", kill_at)
        case.play()
        counts["deaths"] += case.steps.kills
        counts["repeated"] += sum(copies > 1 for copies in case.world.taken.values())
    print(dict(counts))
    assert counts["deaths"] >= SCHEDULES // 3 * 2


def test_the_judge_would_notice(tmp_path: Path) -> None:
    case = Case(0, tmp_path / "ledger.json", set())
    case.play()
    key = next(iter(case.world.taken))
    case.world.taken[key] += 5
    with pytest.raises(AssertionError, match="repeated for no reason"):
        case.judge()
    case.world.taken[key] = 0
    with pytest.raises(AssertionError, match="lacks an edition"):
        case.judge()

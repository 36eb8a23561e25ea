"""Scores, shares and calibration with their uncertainty: the arithmetic of `pipeline.evaluation`. Pure.

Intervals are 95 % by bootstrap over items with a fixed seed: the same rows give the same figures.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

__all__ = ["Bin", "Calibration", "Score", "Share", "calibration", "name_score", "score", "share"]

#: Enough for two stable digits of a 95 % interval; more changes the third.
RESAMPLES: Final = 400
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A share of items with its 95 % interval."""

    value: float
    low: float
    high: float
    count: int  # items it is of


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 with their 95 % intervals, and the counts behind them."""

    precision: Share
    recall: Share
    f1: Share
    hits: int
    false: int
    missed: int
    count: int  # items judged


@dataclass(frozen=True, slots=True)
class Bin:
    """Items of about one probability: what was said and what was so."""

    low: float
    high: float
    said: float  # mean probability
    found: float  # share that is tagged
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether "80 %" is right 80 times of 100."""

    error: float  # expected calibration error
    brier: float
    bins: tuple[Bin, ...]


def score(pairs: Sequence[tuple[bool, bool]]) -> Score:
    """Score (truth, guess) pairs; a bootstrap over items is one over the four cells they fall into."""
    counted = Counter(pairs)
    cells = [counted[True, True], counted[False, True], counted[True, False], counted[False, False]]
    samples = [_rates(hits, false, missed) for hits, false, missed, _ in _resampled(cells)]
    exact = _rates(*cells[:3])
    precision, recall, f1 = (
        _interval(value, [sample[place] for sample in samples], count)
        for place, (value, count) in enumerate(
            zip(exact, (cells[0] + cells[1], cells[0] + cells[2], len(pairs)), strict=True)
        )
    )
    return Score(precision, recall, f1, cells[0], cells[1], cells[2], len(pairs))


def _rates(hits: int, false: int, missed: int) -> tuple[float, float, float]:
    return (
        hits / (hits + false) if hits + false else 0.0,
        hits / (hits + missed) if hits + missed else 0.0,
        2 * hits / (2 * hits + false + missed) if hits else 0.0,
    )


def share(right: Sequence[bool]) -> Share:
    """Return the share of ``right`` ones."""
    count = len(right)
    if not count:
        return Share(0.0, 0.0, 0.0, 0)
    hits = sum(right)
    samples = [sample[0] / count for sample in _resampled([hits, count - hits])]
    return _interval(hits / count, samples, count)


def _resampled(cells: Sequence[int]) -> Iterable[list[int]]:
    """Yield how many items fall into each cell in resamples of as many items."""
    count = sum(cells)
    chance = random.Random(0)  # noqa: S311 - nothing secret; the report must repeat
    bounds = list(accumulate(cells))
    for _ in range(RESAMPLES if count else 0):
        drawn = Counter(chance.choices(range(len(cells)), cum_weights=bounds, k=count))
        yield [drawn[cell] for cell in range(len(cells))]


def _interval(value: float, samples: list[float], count: int) -> Share:
    if not samples:
        return Share(value, value, value, count)
    ordered = sorted(samples)
    margin = round(len(ordered) * 0.025)
    return Share(value, ordered[margin], ordered[-1 - margin], count)


def name_score(
    pairs: Sequence[tuple[frozenset[str], frozenset[str]]], same: Callable[[str, str], bool]
) -> Score:
    """Micro scores over names; the bootstrap draws items, as names of one item stand or fall together."""
    rows = [
        (
            sum(any(same(name, other) for other in guess) for name in gold),
            sum(any(same(name, other) for other in gold) for name in guess),
            len(gold),
            len(guess),
        )
        for gold, guess in pairs
    ]

    def rates(chosen: Iterable[tuple[int, int, int, int]]) -> tuple[float, float, float]:
        found, right, wanted, given = (sum(column) for column in zip(*chosen, strict=True))
        precision, recall = right / given if given else 0.0, found / wanted if wanted else 0.0
        return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    chance = random.Random(0)  # noqa: S311 - nothing secret; the report must repeat
    samples = [rates(chance.choices(rows, k=len(rows))) for _ in range(RESAMPLES)]
    exact = rates(rows)
    wanted, given = sum(row[2] for row in rows), sum(row[3] for row in rows)
    shares = [
        _interval(exact[place], [sample[place] for sample in samples], count)
        for place, count in enumerate((given, wanted, len(rows)))
    ]
    right = sum(row[1] for row in rows)
    missed = wanted - sum(row[0] for row in rows)
    return Score(shares[0], shares[1], shares[2], right, given - right, missed, len(rows))


def calibration(pairs: Iterable[tuple[float, bool]]) -> Calibration | None:
    """Compare probabilities with what was so, in bins of equally many; None without any."""
    said = sorted(pairs, key=lambda pair: pair[0])
    if not said:
        return None
    count = len(said)
    bins = []
    for number in range(min(BINS, count)):
        part = (
            said[number * count // BINS : (number + 1) * count // BINS] if count >= BINS else [said[number]]
        )
        bins.append(
            Bin(
                low=part[0][0],
                high=part[-1][0],
                said=sum(p for p, _ in part) / len(part),
                found=sum(so for _, so in part) / len(part),
                count=len(part),
            )
        )
    error = sum(each.count / count * abs(each.said - each.found) for each in bins)
    brier = sum((p - so) ** 2 for p, so in said) / count
    return Calibration(error, brier, tuple(bins))

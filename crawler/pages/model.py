"""The block model: an additive model of step functions, fitted by benchmarks/fit_pages.py.

A block's score is a sum over its features, each of which gives a linear part and a step for
every threshold it has passed. That bends where a plain logistic regression cannot, and still
says for each feature what it contributed.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import accumulate
from math import exp
from operator import mul
from typing import Any

from crawler.pages.blocks import Cut
from crawler.pages.features import AREA_FEATURES, BLOCK_FEATURES, Hints, rows

_FILE = "page_blocks.json"


@dataclass(frozen=True, slots=True)
class _Part:
    """Weights of one list of features: linear ones, and steps as (index, thresholds, sums up to each)."""

    linear: tuple[float, ...]
    steps: tuple[tuple[int, tuple[float, ...], tuple[float, ...]], ...]

    def score(self, row: Sequence[float]) -> float:
        total: float = sum(map(mul, self.linear, row))
        for index, thresholds, sums in self.steps:
            total += sums[bisect_left(thresholds, row[index])]
        return total


@dataclass(frozen=True, slots=True)
class BlockModel:
    """Tells how likely a block is part of the article."""

    bias: float
    area: _Part
    block: _Part
    threshold: float

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> BlockModel:
        """Make a model of its stored form; KeyError if it is of other features than these."""

        def part(names: Sequence[str]) -> _Part:
            weights, steps = plain["weights"], plain["steps"]
            return _Part(
                tuple(weights[name] for name in names),
                tuple(
                    (
                        n,
                        tuple(step[0] for step in steps[name]),
                        tuple(accumulate((step[1] for step in steps[name]), initial=0.0)),
                    )
                    for n, name in enumerate(names)
                    if steps.get(name)
                ),
            )

        return cls(plain["bias"], part(AREA_FEATURES), part(BLOCK_FEATURES), plain["threshold"])

    def probabilities(self, cut: Cut, hints: Hints) -> list[float]:
        """Return for each block of ``cut`` how likely it is the article's, 0 to 1."""
        areas: dict[int, float] = {}
        found = [0.0] * len(cut.blocks)
        for number, context, own in rows(cut, hints):
            area = cut.blocks[number].area
            base = areas.get(area)
            if base is None:
                base = areas[area] = self.bias + self.area.score(context)
            score = base + self.block.score(own)
            found[number] = 1 / (1 + exp(-max(-30.0, min(30.0, score))))
        return found


@lru_cache(maxsize=1)
def shipped() -> BlockModel:
    """Return the model that comes with the package."""
    text = (resources.files("crawler") / "data" / _FILE).read_text(encoding="utf-8")
    return BlockModel.of(json.loads(text))

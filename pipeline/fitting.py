"""Fit the weights of the classifier to labelled items, and say honestly how good they are.

A logistic regression for each of three questions, every weight drawn towards a hand-set one
(``data/priors.toml``; 0 where none is set): the rules lightly, the runs of words strongly, as
there are many of them and each has been heard a few times. All rows of one calendar week are in one
fold, so that the coverage of an announcement is never on both sides. Calibration and the cut come
from sums of weights that had not seen the items.

Needs the extra ``train`` (scipy); judging does not.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import os
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from pipeline.classify import Classifier, item_from
from pipeline.features import group_of
from pipeline.linear import TARGETS, Weights
from pipeline.model import TAGGED_KINDS, ConfigError

# Vectors this short gain nothing by threads: five times the CPU, and sums that hang on their number.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

FOLDS = 5
#: A feature heard fewer times teaches nothing but its few items by heart.
HEARD_MIN = {"rule": 3, "run": 3}
#: Pull towards the prior by group of features. Half and double were no better by grouped folds (half tied on F1).
PULL = {"rule": 4.0, "t|": 16.0, "l|": 40.0, "c|": 16.0, "p|": 24.0, "h|": 16.0}
#: A reader who was not sure teaches less.
UNSURE = 0.6
#: The answer "no" of a week's readers is as good as the "yes"; F1 within so much of the best is a tie,
#: and readers would rather miss one than be misled.
_TIE = 0.002
#: Weights that move no sum by as much are left out of the file.
_LEAST = 0.005

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled item as the fit sees it."""

    heard: frozenset[str]
    kind: str
    sure: bool
    week: str
    read: bool = True  # False: the first look found nothing to read in it

    @property
    def tagged(self) -> bool:
        """Whether its reader tagged it."""
        return self.kind in {k.value for k in TAGGED_KINDS}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What weights that had not seen an item say of it."""

    sums: tuple[tuple[float, float, float], ...]
    probabilities: tuple[float, ...]
    cuts: tuple[float, ...]  # the cut that was chosen without the item's week
    folds: tuple[int, ...]
    weights: tuple[Weights, ...]  # by fold: weights, calibration and cut of all other folds


def rows_from(lines: Sequence[Mapping[str, Any]], judge: Classifier) -> list[Row]:
    """Return labelled JSON rows (label under ``gold``) as the fit sees them. ValueError: no label."""
    out = []
    for line in lines:
        gold = line.get("gold")
        if not isinstance(gold, Mapping) or not isinstance(gold.get("kind"), str):
            raise ValueError("it has no label: “gold” must hold a “kind” of the codebook")
        item = item_from(line)
        out.append(
            Row(
                judge.features_of(item),
                gold["kind"],
                bool(gold.get("sure", 1)),
                week_of(line),
                judge.worth_reading(item),
            )
        )
    return out


def week_of(line: Mapping[str, Any]) -> str:
    """Return the ISO week an item appeared in, or its outlet where no date is known."""
    try:
        year, week, _ = dt.date.fromisoformat(str(line.get("published") or "")[:10]).isocalendar()
    except ValueError:
        return f"o:{line.get('outlet') or ''}"
    return f"{year}-{week}"


def fold_of(week: str, seed: int = 0) -> int:
    """Return the fold of a week; another seed deals them anew."""
    return int(hashlib.sha1(f"{seed or ''}{week}".encode()).hexdigest(), 16) % FOLDS  # noqa: S324


def fit(
    rows: Sequence[Row], *, seed: int = 0, groups: frozenset[str] | None = None
) -> tuple[Weights, HeldOut]:
    """Return weights fitted on all rows, and what held-out ones say of each.

    ``groups`` leaves only these groups of features (for an ablation). Raises ConfigError where the
    rows are too few or of one kind.
    """
    tagged = sum(row.tagged for row in rows)
    if tagged < 2 * FOLDS or len(rows) - tagged < 2 * FOLDS:
        raise ConfigError(
            f"{tagged} tagged and {len(rows) - tagged} other items are too few to fit on.",
            cure=f"Give at least {2 * FOLDS} of each.",
        )
    held = hold_out(rows, seed=seed, groups=groups)
    unread = _unread(rows)
    table, constants = _all_targets(rows, groups)
    slope, offset = _calibrate([s[0] for s in held.sums], rows)
    cut = _best_cut(held.probabilities, rows)
    about = {"items": str(len(rows)), "tagged": str(tagged), "seed": str(seed)}
    return Weights(table, constants, slope, offset, cut, unread, about), held


def hold_out(rows: Sequence[Row], *, seed: int = 0, groups: frozenset[str] | None = None) -> HeldOut:
    """Judge every row by weights, calibration and cut that come from other weeks alone."""
    folds = [fold_of(row.week, seed) for row in rows]
    fitted = []
    sums: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)] * len(rows)
    for fold in range(FOLDS):
        mine = [row for row, f in zip(rows, folds, strict=True) if f != fold]
        table, constants = _all_targets(mine, groups)
        fitted.append(Weights(table, constants, 1.0, 0.0, 0.5, _unread(mine)))
        for i, row in enumerate(rows):
            if folds[i] == fold:
                sums[i] = fitted[fold].sums(row.heard)
    probabilities = [0.0] * len(rows)
    for fold in range(FOLDS):
        others = [i for i in range(len(rows)) if folds[i] != fold]
        theirs = [rows[i] for i in others]
        slope, offset = _calibrate([sums[i][0] for i in others], theirs)
        one = replace(fitted[fold], slope=slope, offset=offset)
        fitted[fold] = replace(one, cut=_best_cut([_chance(one, sums[i], rows[i]) for i in others], theirs))
        for i in range(len(rows)):
            if folds[i] == fold:
                probabilities[i] = _chance(one, sums[i], rows[i])
    cuts = tuple(fitted[fold].cut for fold in folds)
    return HeldOut(tuple(sums), tuple(probabilities), cuts, tuple(folds), tuple(fitted))


def _chance(weights: Weights, sums: tuple[float, float, float], row: Row) -> float:
    return weights.probability(sums[0]) if row.read else weights.unread


def _all_targets(
    rows: Sequence[Row], groups: frozenset[str] | None
) -> tuple[dict[str, tuple[float, float, float]], tuple[float, float, float]]:
    priors = load_priors()
    columns = [_fit_one([r for r in rows if r.read], target, priors[target], groups) for target in TARGETS]
    constants = tuple(column.pop("") for column in columns)
    names = sorted({n for column in columns for n, w in column.items() if abs(w) >= _LEAST})
    table = {n: tuple(round(column.get(n, 0.0), 4) for column in columns) for n in names}
    return table, constants  # type: ignore[return-value]  # three targets, three columns


def load_priors() -> dict[str, dict[str, float]]:
    """Return the hand-set weights by target."""
    return tomllib.loads((files("pipeline") / "data" / "priors.toml").read_text(encoding="utf-8"))


def _fit_one(
    rows: Sequence[Row], target: str, prior: Mapping[str, float], groups: frozenset[str] | None
) -> dict[str, float]:
    """Return weight by feature for one question, the constant under ``""``."""
    if target != "tag":
        rows = [row for row in rows if not row.tagged]
    counts = Counter(name for row in rows for name in row.heard)
    names = sorted(
        {
            n
            for n, c in counts.items()
            if c >= HEARD_MIN["rule" if group_of(n) == "rule" else "run"]
            and (groups is None or group_of(n) in groups)
        }
        | (set(prior) if groups is None or "rule" in groups else set())
    )
    index = {name: i for i, name in enumerate(names)}
    heard = [sorted(index[n] for n in row.heard if n in index) for row in rows]
    ends = np.cumsum([0, *map(len, heard)])
    flat = [i for line in heard for i in line]
    data = csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(rows), len(names)))
    labels = np.array([row.tagged if target == "tag" else row.kind == target for row in rows], dtype=float)
    trust = np.array([1.0 if row.sure else UNSURE for row in rows])
    centre = np.array([prior.get(n, 0.0) for n in names])
    pull = np.array([PULL[group_of(n)] for n in names])

    def loss(w: Array) -> tuple[float, Array]:
        z = data @ w[:-1] + w[-1]
        away = w[:-1] - centre
        cost = (trust * (np.logaddexp(0, z) - labels * z)).sum() + 0.5 * (pull * away * away).sum()
        miss = trust * (1 / (1 + np.exp(-np.clip(z, -30, 30))) - labels)
        return float(cost), np.append(data.T @ miss + pull * away, miss.sum())

    start = np.append(centre, -2.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 400, "ftol": 1e-9}).x
    return {**dict(zip(names, map(float, found[:-1]), strict=True)), "": float(found[-1])}


def _unread(rows: Sequence[Row]) -> float:
    """How likely an item is tagged in which the first look found nothing; Laplace's rule of succession."""
    passed = [row for row in rows if not row.read]
    return (sum(row.tagged for row in passed) + 1) / (len(passed) + 2) if passed else 0.01


def _logistic(z: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def _calibrate(sums: Sequence[float], rows: Sequence[Row]) -> tuple[float, float]:
    """Fit slope and offset of the probability on sums of weights that did not see the items."""
    pairs = [(z, row.tagged) for z, row in zip(sums, rows, strict=True) if row.read]
    a, b = 1.0, 0.0
    for _ in range(30):
        g0 = g1 = h00 = h01 = h11 = 0.0
        for z, y in pairs:
            p = _logistic(a * z + b)
            g0, g1, v = g0 + (y - p) * z, g1 + (y - p), p * (1 - p)
            h00, h01, h11 = h00 + v * z * z, h01 + v * z, h11 + v
        det = h00 * h11 - h01 * h01 + 1e-9
        a, b = a + (h11 * g0 - h01 * g1) / det, b + (h00 * g1 - h01 * g0) / det
    return a, b


def _best_cut(probabilities: Sequence[float], rows: Sequence[Row]) -> float:
    """Return the highest probability from which on tagging gives an F1 within ``_TIE`` of the best."""
    truth = [row.tagged for row in rows]
    scores = []
    for cut in (x / 100 for x in range(20, 66)):
        said = [p >= cut for p in probabilities]
        hit = sum(s and t for s, t in zip(said, truth, strict=True))
        scores.append((2 * hit / max(1, sum(said) + sum(truth)), cut))
    top = max(score for score, _ in scores)
    return max(cut for score, cut in scores if score >= top - _TIE)

"""Fit the weights of the rules, offline: writes pipeline/data/rules.toml.

    UNSEALED_SHARED=../shared python benchmarks/fit_rules.py [--write]

Three logistic regressions over the rules that speak (tag against all; among untagged: update,
discussion), each by Newton's method with an L2 pull towards the hand-set prior of the rule, zero
for most. The probability is then calibrated by a second logistic fit on predictions from
five folds grouped by ISO week (by outlet where undated), the same folds the printed figures come
from, so no item is judged by weights that saw its week. Deterministic; plain Python.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import math
import os
from pathlib import Path

from pipeline.classify import Classifier, item_from
from pipeline.model import TAGGED_KINDS

ROOT = Path(__file__).resolve().parent.parent
FOLDS = 5
#: Pull towards the prior. Grouped F1 by pull: 2 gave 0.720, 4 gave 0.729, 8 gave 0.723.
RIDGE = 4.0
#: The longest step of one iteration in any weight.
STEP_MAX = 2.0
#: A rule heard fewer times teaches nothing but its few items by heart.
HEARD_MIN = 8
#: Hand-set: what the sample, nearly all English and Chinese, shows too rarely to be fitted.
PRIORS = {
    "tag": {
        "title=licence": 2.5,
        "title=verb": 2.0,
        "title=release": 1.5,
        "title:licence": 1.0,
        "title=planned": 1.5,
        "title=planned+planned": 0.7,
        "lead:planned": 0.3,
        "lead=planned": 0.5,
        "read:title_what": 0.3,
        "read:title_who": 0.3,
        "title:negation": -2.0,
        "lead:negation": -1.0,
        "title:reversed": -1.5,
        "title=free": -1.5,
        "no_ai": -1.5,
        "no_ai_no_maker": -3.0,
        "title=verb+no_ai": -1.0,
        "title=licence+no_ai": -1.5,
        "title=release+no_ai": -1.0,
        "text=trend": 1.5,
        "text=trend+open": 3.0,
        "model_only": -0.5,
        "title=licence+bare": 0.3,
        "text=early": 0.5,
        "lead=licence": 0.7,
        "lead=verb": 0.5,
        "lead=parts_promised": 3.0,
        "parted_verb": 1.0,
        "about_head": 1.0,
        "about_title": 0.5,
        "talk:howto": -0.7,
        "talk:opinion": -0.3,
        "talk:funding": -1.0,
        "talk:legal": -1.0,
        "talk:negation": -1.0,
        "open_edition": -1.0,
        "tried_named": -1.0,
    },
    "update": {"version": 1.0, "title:update": 1.0, "family:software": 0.7, "open_edition": 4.0},
    "discussion": {
        "title:open_source": 0.7,
        "title:howto": 0.7,
        "title:opinion": 0.5,
        "open+howto": 0.5,
        "subject_open": 1.0,
        "talk:howto": 2.0,
        "talk:opinion": 1.5,
        "talk:funding": 2.5,
        "talk:legal": 2.5,
        "talk:negation": 2.0,
        "tried_named": 3.5,
        "open_edition": -1.0,
    },
}


def fold_of(row: dict) -> int:
    """Return the fold of a row: all rows of one week are in one."""
    try:
        year, week, _ = dt.date.fromisoformat((row.get("published") or "")[:10]).isocalendar()
        key = f"{year}-{week}"
    except ValueError:
        key = "o:" + (row.get("outlet") or "")
    return int(hashlib.sha1(key.encode()).hexdigest(), 16) % FOLDS


def newton(rows: list[list[int]], labels: list[int], prior: list[float], ridge: float) -> list[float]:
    """Return the weights of a logistic regression; feature 0 is the constant and is not pulled."""
    size = len(prior)
    weights = list(prior)
    for _ in range(20):
        gradient = [
            (-ridge * (w - p)) if i else 0.0 for i, (w, p) in enumerate(zip(weights, prior, strict=True))
        ]
        hessian = [[0.0] * size for _ in range(size)]
        for i in range(size):
            hessian[i][i] = ridge if i else 1e-9
        for active, label in zip(rows, labels, strict=True):
            p = 1 / (1 + math.exp(-max(-30.0, min(30.0, sum(weights[i] for i in active)))))
            miss, curve = label - p, p * (1 - p)
            for i in active:
                gradient[i] += miss
                line = hessian[i]
                for j in active:
                    line[j] += curve
        step = solve(hessian, gradient)
        # A full step from priors far from the data can overshoot and never come back.
        short = min(1.0, STEP_MAX / max(abs(s) for s in step))
        weights = [w + short * s for w, s in zip(weights, step, strict=True)]
        if max(abs(s) for s in step) < 1e-3:
            break
    return weights


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a symmetric positive system by Cholesky's method."""
    n = len(right)
    low = [[0.0] * n for _ in range(n)]
    for i in range(n):
        mine = low[i]
        for j in range(i + 1):
            theirs = low[j]
            rest = matrix[i][j] - sum(map(float.__mul__, mine[:j], theirs[:j]))
            mine[j] = math.sqrt(max(rest, 1e-12)) if i == j else rest / theirs[j]
    y = [0.0] * n
    for i in range(n):
        y[i] = (right[i] - sum(map(float.__mul__, low[i][:i], y[:i]))) / low[i][i]
    x = [0.0] * n
    for i in reversed(range(n)):
        x[i] = (y[i] - sum(low[j][i] * x[j] for j in range(i + 1, n))) / low[i][i]
    return x


def fit(rows: list[tuple[frozenset[str], dict]], target: str) -> dict[str, float]:
    """Fit one of the three targets; returns weight by rule, the constant under ``""``."""
    kinds = {"tag": None, "update": "update", "discussion": "discussion"}
    positive = {k.value for k in TAGGED_KINDS}
    if target != "tag":
        rows = [r for r in rows if r[1]["kind"] not in positive]
    counts: dict[str, int] = {}
    for heard, _ in rows:
        for rule in heard:
            counts[rule] = counts.get(rule, 0) + 1
    prior = PRIORS[target]
    names = ["", *sorted({r for r, n in counts.items() if n >= HEARD_MIN} | set(prior))]
    index = {name: i for i, name in enumerate(names)}
    data = [[0, *sorted(index[r] for r in heard if r in index)] for heard, _ in rows]
    labels = [int(g["kind"] in positive if target == "tag" else g["kind"] == kinds[target]) for _, g in rows]
    found = newton(data, labels, [prior.get(n, 0.0) for n in names], RIDGE)
    return dict(zip(names, found, strict=True))


def logit(weights: dict[str, float], heard: frozenset[str]) -> float:
    """Return the summed weights of the rules heard."""
    return weights[""] + sum(weights.get(rule, 0.0) for rule in heard)


def cross_validated(rows: list[tuple[frozenset[str], dict]], folds: list[int]) -> dict[str, list[float]]:
    """Return for each target the logit of every row by weights that did not see its week."""
    out = {target: [0.0] * len(rows) for target in PRIORS}
    for fold in range(FOLDS):
        train = [r for r, f in zip(rows, folds, strict=True) if f != fold]
        for target in PRIORS:
            weights = fit(train, target)
            for i, (heard, _) in enumerate(rows):
                if folds[i] == fold:
                    out[target][i] = logit(weights, heard)
    return out


def calibrate(logits: list[float], labels: list[int]) -> tuple[float, float]:
    """Fit slope and offset of the probability on logits the weights did not see."""
    a, b = 1.0, 0.0
    for _ in range(30):
        g0 = g1 = h00 = h01 = h11 = 0.0
        for z, y in zip(logits, labels, strict=True):
            p = 1 / (1 + math.exp(-max(-30.0, min(30.0, a * z + b))))
            g0, g1, v = g0 + (y - p) * z, g1 + (y - p), p * (1 - p)
            h00, h01, h11 = h00 + v * z * z, h01 + v * z, h11 + v
        det = h00 * h11 - h01 * h01 + 1e-9
        a, b = a + (h11 * g0 - h01 * g1) / det, b + (h00 * g1 - h01 * g0) / det
    return a, b


def best_cut(probabilities: list[float], labels: list[int]) -> float:
    """Return the highest probability from which on tagging gives an F1 within 0.002 of the best.

    The curve is flat at its top; where F1 does not choose, readers would rather miss one than be misled.
    """
    scores = []
    for cut in (x / 100 for x in range(25, 66)):
        hit = sum(p >= cut and y for p, y in zip(probabilities, labels, strict=True))
        said = sum(p >= cut for p in probabilities)
        score = 2 * hit / (said + sum(labels))
        scores.append((score, cut))
    top = max(score for score, _ in scores)
    return max(cut for score, cut in scores if score >= top - 0.002)


def load_rows(path: Path) -> tuple[list[dict], list[tuple[frozenset[str], dict]]]:
    """Return the labelled rows and the rules heard in each."""
    raw = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    judge = Classifier.load()
    return raw, [(judge.rules_heard(item_from(row)), row["gold"]) for row in raw]


def main() -> None:
    """Print the grouped figures; with --write, fit on all rows and write the data file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    labelled = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "labels" / "train.jsonl"
    if not labelled.is_file():
        print(f"skipped: no labelled items at {labelled}; set UNSEALED_SHARED")
        return
    raw, rows = load_rows(labelled)
    folds = [fold_of(row) for row in raw]
    positive = {k.value for k in TAGGED_KINDS}
    labels = [int(g["kind"] in positive) for _, g in rows]
    held_out = cross_validated(rows, folds)
    slope, offset = calibrate(held_out["tag"], labels)
    probabilities = [1 / (1 + math.exp(-(slope * z + offset))) for z in held_out["tag"]]
    cut = best_cut(probabilities, labels)
    hit = sum(p >= cut and y for p, y in zip(probabilities, labels, strict=True))
    said = sum(p >= cut for p in probabilities)
    print(
        f"grouped: slope {slope:.3f} offset {offset:.3f} cut {cut:.2f} F1 {2 * hit / (said + sum(labels)):.3f}"
    )
    if not options.write:
        return
    lines = [
        "# Weights of the rules, fitted by benchmarks/fit_rules.py; do not edit by hand.",
        "# The probability is 1 / (1 + exp(-(slope * sum + offset))); slope, offset and cut come from",
        "# five folds grouped by week, so they are those of items the weights had not seen.",
        "[calibration]",
        f"slope = {slope:.4f}",
        f"offset = {offset:.4f}",
        f"cut = {cut:.2f}",
    ]
    for target in PRIORS:
        lines.append(f"\n[{target}]")
        lines += [f'"{rule}" = {weight:.4f}' for rule, weight in sorted(fit(rows, target).items())]
    (ROOT / "pipeline" / "data" / "rules.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

from __future__ import annotations

import pytest

from pipeline.classify import Classifier
from pipeline.fitting import FOLDS, fit, fold_of, rows_from, week_of
from pipeline.model import ConfigError, Item

MAKERS = ("Northlight AI", "Cierzo", "Hespéride", "Lindwurm", "Kisaragi Labs")


def labelled() -> list[dict]:
    """Two hundred made-up items over twenty weeks, half of them openings."""
    lines = []
    for n in range(100):
        maker = MAKERS[n % len(MAKERS)]
        day = f"2026-{1 + n % 5:02}-{1 + (n * 7) % 28:02}"
        for kind, title in (
            ("released", f"{maker} open-sources Vessel-{n}, a language model, under Apache 2.0"),
            ("other", f"{maker} opens an AI office in town number {n}"),
        ):
            lines.append(
                {"id": f"{n}{kind}", "title": title, "published": day, "gold": {"kind": kind, "sure": n % 3}}
            )
    return lines


LINES = labelled()
ROWS = rows_from(LINES, Classifier.load())


def test_what_is_fitted_tells_openings_from_the_rest():
    weights, held = fit(ROWS)
    right = [
        (p >= cut) == row.tagged for row, p, cut in zip(ROWS, held.probabilities, held.cuts, strict=True)
    ]
    assert sum(right) / len(right) > 0.97
    judge = Classifier(Classifier.load().knowledge, weights)
    assert judge.judge(Item("Fenwick Labs open-sources Plover-7, a language model, under Apache 2.0")).tagged
    assert not judge.judge(Item("Fenwick Labs opens an AI office in town number 9")).tagged


def test_the_same_rows_and_seed_give_the_same_weights():
    assert fit(ROWS, seed=3)[0].dump() == fit(list(ROWS), seed=3)[0].dump()


def test_a_week_is_never_on_both_sides():
    assert {fold_of(week_of(line)) for line in LINES} <= set(range(FOLDS))
    assert week_of({"published": "2026-03-02"}) == week_of({"published": "2026-03-08T23:59:59+00:00"})
    assert week_of({"published": "2026-03-09"}) != week_of({"published": "2026-03-08"})
    assert week_of({"outlet": "Harbour Letter"}) == "o:Harbour Letter"
    _, held = fit(ROWS)
    by_week: dict[str, set[int]] = {}
    for row, fold in zip(ROWS, held.folds, strict=True):
        by_week.setdefault(row.week, set()).add(fold)
    assert all(len(folds) == 1 for folds in by_week.values())


def test_too_few_items_of_one_kind_are_an_error():
    with pytest.raises(ConfigError, match="too few"):
        fit([row for row in ROWS if not row.tagged])

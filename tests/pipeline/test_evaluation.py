"""Figures against labels: right by hand on small sets, equal to the labels' own judge on the large one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluation import Gold, Guess, evaluate, gold_from, guess_from, key
from pipeline.figures import calibration, name_score, score, share
from pipeline.model import Kind


def gold(number: int, kind: str, **more: object) -> Gold:
    return Gold(str(number), f"Title {number}", kind, **more)  # type: ignore[arg-type]


def guess(kind: str, probability: float | None = None, **more: object) -> Guess:
    return Guess(kind, kind in {"released", "planned"}, probability, **more)  # type: ignore[arg-type]


def test_precision_recall_and_f1_are_those_of_the_counts() -> None:
    found = score([(True, True)] * 6 + [(False, True)] * 2 + [(True, False)] * 4 + [(False, False)] * 8)
    assert (found.hits, found.false, found.missed, found.count) == (6, 2, 4, 20)
    assert (found.precision.value, found.recall.value) == (0.75, 0.6)
    assert found.f1.value == pytest.approx(2 * 0.75 * 0.6 / 1.35)
    for each in (found.precision, found.recall, found.f1):
        assert each.low < each.value < each.high
    assert (found.precision.count, found.recall.count, found.f1.count) == (8, 10, 20)


def test_intervals_narrow_as_items_grow_and_repeat() -> None:
    few = share([True] * 30 + [False] * 10)
    many = share([True] * 3000 + [False] * 1000)
    assert few.value == many.value == 0.75
    assert many.high - many.low < (few.high - few.low) / 5
    # Normal approximation: 1.96 * sqrt(.75 * .25 / 4000) is 0.0134.
    assert many.high - many.low == pytest.approx(2 * 0.0134, rel=0.2)
    assert few == share([True] * 30 + [False] * 10)


def test_nothing_is_scored_as_nothing() -> None:
    assert share([]).count == 0
    assert score([]).f1.value == 0.0
    assert score([(False, False)] * 3).precision.value == 0.0
    with pytest.raises(ValueError, match="nothing to judge"):
        evaluate([])


def test_reversed_items_are_left_out_of_the_tag_and_kept_in_the_kinds() -> None:
    report = evaluate(
        [
            (gold(1, "reversed"), guess("released")),
            (gold(2, "released"), guess("released")),
            (gold(3, "other"), None),
        ]
    )
    assert (report.items, report.positives, report.without_guess) == (3, 1, 1)
    assert (report.tag.count, report.tag.f1.value) == (2, 1.0)
    assert report.confusion["reversed"]["released"] == 1
    assert report.by_kind["released"].precision.value == 0.5
    assert report.kind.value == pytest.approx(1 / 3)


def test_facts_are_judged_where_both_tag() -> None:
    rows = [
        (
            gold(
                1,
                "released",
                openness="open-source",
                licence="MIT",
                who=("Qwen",),
                what=("Qwen3-Coder", "R1"),
            ),
            guess(
                "released", openness="open-source", licence="mit", who=("Alibaba",), what=("Qwen3 Coder 30B",)
            ),
        ),
        (gold(2, "planned", openness="unclear"), guess("released", openness="open-weights", licence="MIT")),
        (gold(3, "released", licence="MIT"), guess("other")),
        (gold(4, "other"), guess("released", licence="MIT")),
    ]
    report = evaluate(rows, maker=lambda name: {"Qwen": "Alibaba"}.get(name, name))
    assert report.openness is not None
    assert (report.openness.value, report.openness.count) == (0.5, 2)
    assert report.licence_named is not None
    assert (report.licence_named.value, report.licence_named.count) == (1.0, 1)
    assert (report.licence_invented, report.licence_none) == (1, 1)
    assert report.who is not None
    assert report.who.f1.value == 1.0
    assert report.what is not None
    assert (report.what.precision.value, report.what.recall.value) == (1.0, 0.5)


def test_without_common_tags_there_are_no_figures_of_facts() -> None:
    report = evaluate([(gold(1, "released"), guess("other"))])
    assert (report.openness, report.licence_named, report.who, report.what, report.calibration) == (None,) * 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＤｅｅｐＳｅｅｋ", "deep-seek"),
        ("Motif Technologies Inc.", "motif technologies"),
        ("GPT-OSS 120B", "gpt_oss-120b"),
        ("Cohere Labs", "Cohere"),
    ],
)
def test_names_agree_whatever_their_dress(one: str, other: str) -> None:
    assert key(one) == key(other)


def test_short_names_agree_only_when_equal() -> None:
    same = evaluate([(gold(1, "released", what=("R1",)), guess("released", what=("R1-Zero",)))])
    assert same.what is not None
    assert same.what.f1.value == 0.0


def test_calibration_compares_what_was_said_with_what_was_so() -> None:
    honest = calibration([(0.8, n % 10 < 8) for n in range(1000)])
    boasting = calibration([(0.9, n % 2 == 0) for n in range(1000)])
    assert honest is not None
    assert honest.error == pytest.approx(0.0, abs=1e-9)
    assert honest.brier == pytest.approx(0.16)
    assert boasting is not None
    assert boasting.error == pytest.approx(0.4)
    assert [each.count for each in boasting.bins] == [100] * 10
    assert calibration([]) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_bins_hold_every_item_once_and_in_order(pairs: list[tuple[float, bool]]) -> None:
    found = calibration(pairs)
    assert found is not None
    assert sum(each.count for each in found.bins) == len(pairs)
    assert all(a.high <= b.low for a, b in zip(found.bins, found.bins[1:], strict=False))
    assert 0 <= found.error <= 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from(Kind)), min_size=1, max_size=30))
def test_every_item_falls_into_one_cell(kinds: list[tuple[Kind, Kind]]) -> None:
    report = evaluate([(gold(n, k), guess(g)) for n, (k, g) in enumerate(kinds)])
    assert sum(sum(row.values()) for row in report.confusion.values()) == len(kinds)
    tag = report.tag
    assert tag.count == sum(k != Kind.REVERSED for k, _ in kinds)
    assert 0 <= tag.f1.low <= tag.f1.high <= 1


def test_the_worst_errors_are_the_sure_and_confident_ones() -> None:
    rows = [
        (gold(1, "other"), guess("released", 0.6)),
        (gold(2, "other"), guess("released", 0.99)),
        (gold(3, "released"), guess("other", 0.2)),
        (gold(4, "released", sure=False), guess("other", 0.0)),
        (gold(5, "released"), guess("released", 0.9)),
    ]
    assert [error.id for error in evaluate(rows).errors] == ["2", "3", "1", "4"]
    assert [error.id for error in evaluate(rows, worst=1).errors] == ["2"]


def test_groups_are_scored_each_largest_first() -> None:
    rows = [(gold(n, "released", groups={"language": "zh"}), guess("released")) for n in range(3)]
    rows += [(gold(9, "released", groups={"language": "en"}), guess("other"))]
    by_language = evaluate(rows).by_group["language"]
    assert list(by_language) == ["zh", "en"]
    assert (by_language["zh"].f1.value, by_language["en"].f1.value) == (1.0, 0.0)


def test_rows_are_read_as_the_codebook_writes_them() -> None:
    label = gold_from(
        {"id": 7, "title": "T", "gold": {"kind": "other", "openness": "-", "who": "A;B", "sure": 0}}
    )
    assert (label.id, label.openness, label.who, label.sure, label.tagged) == (
        "7",
        "",
        ("A", "B"),
        False,
        False,
    )
    said = guess_from({"kind": "planned", "licence": ["MIT"], "probability": True, "what": ["R1", "-"]})
    assert (said.tagged, said.licence, said.probability, said.what) == (True, "MIT", None, ("R1",))
    for row in ({}, {"gold": {}}, {"gold": {"kind": "openly"}}, {"gold": "released"}):
        with pytest.raises(ValueError, match="no label"):
            gold_from(row)


LABELS = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "labels"


@pytest.mark.skipif(
    not (LABELS / "evaluate.py").is_file(), reason="the labelled items are not on this machine"
)
def test_figures_agree_with_the_labels_own_judge(tmp_path: Path) -> None:
    lines = (LABELS / "train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    # Any classifier will do: this one reads the label and errs in ways that hit every figure.
    predictions = []
    for n, row in enumerate(rows):
        label = row["gold"]
        kind = ("released" if n % 3 else "other") if n % 7 == 0 else label["kind"]
        predictions.append(
            {
                "id": row["id"],
                "kind": kind,
                "tagged": kind in {"released", "planned"},
                "probability": (n * 37 % 100) / 100,
                "openness": "unclear" if n % 5 == 0 else label["openness"],
                "licence": "MIT" if n % 11 == 0 else label["licence"],
                "who": label["who"][:1] if n % 4 else ["Nobody"],
                "what": [name[:6] for name in label["what"]],
            }
        )
    file = tmp_path / "predictions.jsonl"
    file.write_text("".join(json.dumps(p) + "\n" for p in predictions), encoding="utf-8")
    command = [sys.executable, str(LABELS / "evaluate.py"), str(LABELS / "train.jsonl"), str(file)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout

    report = evaluate([(gold_from(row), guess_from(p)) for row, p in zip(rows, predictions, strict=True)])
    assert report.openness
    assert report.licence_named
    assert report.who
    assert report.what
    assert report.calibration
    tag = re.search(
        r"tag +P ([\d.]+) +R ([\d.]+) +F1 ([\d.]+) +\[([\d.]+), ([\d.]+)\]  tp (\d+) fp (\d+) fn (\d+)", told
    )
    assert tag
    assert [f"{s.value:.3f}" for s in (report.tag.precision, report.tag.recall, report.tag.f1)] == [
        *tag.groups()[:3]
    ]
    assert report.tag.f1.low == pytest.approx(float(tag[4]), abs=0.008)
    assert report.tag.f1.high == pytest.approx(float(tag[5]), abs=0.008)
    assert [str(n) for n in (report.tag.hits, report.tag.false, report.tag.missed)] == [*tag.groups()[5:]]
    for words, value in (
        (r"sure only F1 ([\d.]+)", report.tag_sure.f1.value),
        (r"kind accuracy +([\d.]+)", report.kind.value),
        (r"openness acc +([\d.]+)", report.openness.value),
        (r"licence named +([\d.]+)", report.licence_named.value),
        (r"ECE ([\d.]+)", report.calibration.error),
    ):
        match = re.search(words, told)
        assert match
        assert f"{value:.3f}" == match[1], words
    assert f"invented {report.licence_invented} of {report.licence_none}" in told
    brier = re.search(r"Brier ([\d.]+)", told)
    assert brier
    assert f"{report.calibration.brier:.4f}" == brier[1]
    # The judge knows some makers by a list of its own, so names may differ by a hair.
    for name, found in (("who", report.who), ("what", report.what)):
        match = re.search(rf"^{name} +P ([\d.]+) +R ([\d.]+) +F1 ([\d.]+)", told, re.M)
        assert match
        assert found.f1.value == pytest.approx(float(match[3]), abs=0.006), name


def test_name_scores_count_names_not_items() -> None:
    pairs = [(frozenset("ab"), frozenset("a")), (frozenset("c"), frozenset("cd"))]
    found = name_score(pairs, lambda one, other: one == other)
    assert (found.hits, found.false, found.missed) == (2, 1, 1)
    assert found.precision.value == found.recall.value == pytest.approx(2 / 3)

"""What each part of the judge is worth: F1 of the tag with parts of the features left out.

    UNSEALED_SHARED=../shared python benchmarks/ablate_tagging.py [--all]

Every line is judged by weights, calibration and cut of other weeks (five folds by ISO week). Without
``--all`` only the two ends are run, as each line is fifteen fits.
"""

from __future__ import annotations

import argparse

from judge_labels import confirming, read_labels

from pipeline.classify import Classifier
from pipeline.figures import score
from pipeline.fitting import HeldOut, Row, hold_out, rows_from

PARTS = {
    "words of title and lead alone": {"t|", "l|"},
    "rules alone": {"rule"},
    "rules, concepts in order": {"rule", "c|", "p|"},
    "rules, words of title": {"rule", "t|"},
    "rules, words of title and lead": {"rule", "t|", "l|"},
    "rules, words, concepts": {"rule", "t|", "l|", "c|", "p|"},
    "all (with hosts): as shipped": {"rule", "t|", "l|", "c|", "p|", "h|"},
}
ENDS = ("words of title and lead alone", "all (with hosts): as shipped")


def f1(rows: list[Row], held: HeldOut, chosen: list[bool]) -> float:
    """F1 over the chosen rows; withdrawn openings are no part of the tag's figures."""
    pairs = [
        (row.tagged, p >= cut)
        for row, p, cut, c in zip(rows, held.probabilities, held.cuts, chosen, strict=True)
        if c and row.kind != "reversed"
    ]
    return score(pairs).f1.value


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    found = read_labels()
    if found is None:
        return
    lines = found[1]
    rows = rows_from(lines, Classifier.load())
    views = {
        "all": [True] * len(lines),
        "sure": [row.sure for row in rows],
        "en": [line.get("lang") == "en" for line in lines],
        "zh": [line.get("lang") == "zh" for line in lines],
        "unread weeks": [confirming(line) for line in lines],
    }
    print(f"{'features':<34}" + "".join(f"{name:>14}" for name in views))
    for name, groups in PARTS.items():
        if options.all or name in ENDS:
            held = hold_out(rows, groups=frozenset(groups))
            print(f"{name:<34}" + "".join(f"{f1(rows, held, c):>14.3f}" for c in views.values()), flush=True)


if __name__ == "__main__":
    main()

"""How good the verdicts are, by the measures of the labels' own evaluate.py, beside the keyword.

    UNSEALED_SHARED=../shared python benchmarks/judge_labels.py [--confirm] [--errors 20]

"other weeks": every item is judged, kind and facts and all, by weights, calibration and cut that come
from other weeks alone. ``--confirm`` instead fits on four fifths of the weeks and judges the fifth
whose errors nobody read while rules were written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline.classify import Classifier, item_from
from pipeline.fitting import fit, hold_out, rows_from, week_of
from unsealed.commands.classify import verdict_line

KEYWORD = re.compile(
    r"open[- ]?sourc|open[- ]weight|开源|開源|オープンソース|오픈소스|código abierto|quelloffen", re.I
)


def confirming(line: dict) -> bool:
    """Whether an item's week is of the fifth that is set apart."""
    return int(hashlib.sha256(f"confirm:{week_of(line)}".encode()).hexdigest(), 16) % 5 == 0


def read_labels() -> tuple[Path, list[dict]] | None:
    """Return the labels' folder and rows, None (with a word why) where there are none."""
    folder = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "labels"
    if not (folder / "train.jsonl").is_file():
        print(f"skipped: no labelled items in {folder}; set UNSEALED_SHARED to the folder that holds labels/")
        return None
    lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return folder, [json.loads(line) for line in lines if line.strip()]


def evaluate(folder: Path, name: str, gold: list[dict], guesses: list[dict], errors: int = 0) -> None:
    """Run the labels' own measures on predictions and print what they say."""
    with tempfile.TemporaryDirectory() as place:
        paths = Path(place) / "gold.jsonl", Path(place) / "guesses.jsonl"
        for path, rows in zip(paths, (gold, guesses), strict=True):
            path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
        command = [sys.executable, str(folder / "evaluate.py"), *map(str, paths), "--errors", str(errors)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(f"== {name}\n{done.stdout}")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--confirm", action="store_true")
    options = parser.parse_args()
    found = read_labels()
    if found is None:
        return
    folder, lines = found
    judge = Classifier.load()
    rows = rows_from(lines, judge)
    apart = [confirming(line) for line in lines]
    if options.confirm:
        weights, _ = fit([row for row, a in zip(rows, apart, strict=True) if not a])
        lines = [line for line, a in zip(lines, apart, strict=True) if a]
        judges = [Classifier(judge.knowledge, weights)] * len(lines)
    else:
        held = hold_out(rows)
        by_fold = [Classifier(judge.knowledge, weights) for weights in held.weights]
        judges = [by_fold[fold] for fold in held.folds]
    keyword = [
        {"id": r["id"], "tagged": bool(KEYWORD.search(r["title"] + "\n" + (r.get("summary") or "")))}
        for r in lines
    ]
    evaluate(folder, "keyword 'open source'", lines, keyword)
    guesses = [
        {"id": line["id"], **verdict_line(one.judge(item_from(line)))}
        for line, one in zip(lines, judges, strict=True)
    ]
    name = "confirmation weeks" if options.confirm else "weights of other weeks"
    evaluate(folder, f"{judge.model}, {name}", lines, guesses, options.errors)


if __name__ == "__main__":
    main()

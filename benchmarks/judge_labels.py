"""Our figures beside the keyword baseline, by the measures of the labels' own evaluate.py.

    UNSEALED_SHARED=../shared python benchmarks/judge_labels.py [--errors 20]

Two lines of figures for us: "grouped", where the tag of an item comes from weights that never saw
its week (honest), and "shipped", with the weights as they are (facts are the same in both, as no
part of the reading is fitted). Also prints the speed of title and summary alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fit_rules import calibrate, cross_validated, fold_of, load_rows

from pipeline.classify import Classifier, item_from
from pipeline.facts import gather, headline_announcement, readings
from pipeline.model import TAGGED_KINDS, Kind

KEYWORD = re.compile(
    r"open[- ]?sourc|open[- ]weight|开源|開源|オープンソース|오픈소스|código abierto|quelloffen", re.I
)


def line_of(judge: Classifier, row: dict, verdict, tagged: bool, probability: float) -> dict:
    """Return the prediction line of one item, its tag decided by the caller."""
    announcements = verdict.announcements
    kind = verdict.kind
    if tagged and not verdict.tagged:
        item = item_from(row)
        clauses = judge._clauses(item)
        found = [r for r in readings(item, judge.knowledge, clauses) if r.opening.grade != "free"]
        kind = found[0].opening.stage if found else Kind.RELEASED
        kind = Kind.RELEASED if kind is Kind.REVERSED else kind
        one = headline_announcement(item, clauses, kind, judge.knowledge)
        announcements = gather(found) or ((one,) if one else ())
    elif not tagged and verdict.tagged:
        kind = Kind.OTHER
    first = announcements[0] if announcements and tagged else None
    return {
        "id": row["id"],
        "kind": kind.value,
        "tagged": tagged,
        "probability": probability,
        "openness": first.openness.value if first else None,
        "licence": first.licence if first else None,
        "who": list(first.who) if first else [],
        "what": list(first.what) if first else [],
        "type": first.type.value if first else None,
    }


def evaluate(shared: Path, title: str, lines: list[dict], errors: int = 0) -> None:
    """Run the labels' own measures on predictions and print what they say."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        file.flush()
        labels = shared / "labels"
        done = subprocess.run(
            [
                sys.executable,
                str(labels / "evaluate.py"),
                str(labels / "train.jsonl"),
                file.name,
                "--errors",
                str(errors),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    print(f"== {title}\n{done.stdout}")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--errors", type=int, default=0)
    options = parser.parse_args()
    shared = Path(os.environ.get("UNSEALED_SHARED", "../shared"))
    if not (shared / "labels" / "train.jsonl").is_file():
        print(
            f"skipped: no labelled items under {shared}; set UNSEALED_SHARED to the folder that holds labels/"
        )
        return
    raw, rows = load_rows(shared / "labels" / "train.jsonl")
    judge = Classifier.load()
    evaluate(
        shared,
        "keyword 'open source'",
        [
            {"id": r["id"], "tagged": bool(KEYWORD.search(r["title"] + "\n" + (r.get("summary") or "")))}
            for r in raw
        ],
    )

    labels = [int(gold["kind"] in {k.value for k in TAGGED_KINDS}) for _, gold in rows]
    held_out = cross_validated(rows, [fold_of(r) for r in raw])["tag"]
    slope, offset = calibrate(held_out, labels)
    verdicts = [judge.judge(item_from(row)) for row in raw]
    grouped = []
    for row, verdict, z in zip(raw, verdicts, held_out, strict=True):
        p = 1 / (1 + math.exp(-(slope * z + offset)))
        grouped.append(line_of(judge, row, verdict, p >= judge.cut, p))
    evaluate(shared, f"{judge.model}, weights fitted without the item's week", grouped, options.errors)
    evaluate(
        shared,
        f"{judge.model}, as shipped (weights have seen these items)",
        [line_of(judge, r, v, v.tagged, v.probability) for r, v in zip(raw, verdicts, strict=True)],
    )
    items = [dataclasses.replace(item_from(row), text="") for row in raw]
    start = time.process_time()
    for item in items:
        judge.judge(item)
    print(f"speed: {len(items) / (time.process_time() - start):.0f} title+summary items a CPU second")


if __name__ == "__main__":
    main()

"""Facts read out of labelled items: who, what, openness and licence, with the tag taken as given.

    UNSEALED_SHARED=../shared python benchmarks/fact_labels.py [--errors 20]

``judge_labels.py`` measures facts only where our own tag agrees with the label; here every item
that is labelled as an announcement is read, so a better or worse tag moves nothing. Figures are
printed apart for a fixed fifth of the weeks (by a hash of the ISO week) whose errors were never
looked at while the grammar was written; ``--errors`` never shows one of them. The measures are
those of the labels' own ``evaluate.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import random
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.classify import Classifier, item_from
from pipeline.facts import proven, readings
from pipeline.model import TAGGED_KINDS, Kind


def measures(labels: Path) -> ModuleType:
    """Return the labels' own evaluate.py as a module: its normalisation of names is the yardstick."""
    spec = importlib.util.spec_from_file_location("label_measures", labels / "evaluate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def set_apart(week: str) -> bool:
    """Return whether a week is of the fifth whose errors are never read."""
    return int(hashlib.sha1(f"facts:{week}".encode()).hexdigest(), 16) % 5 == 0


def read_row(judge: Classifier, row: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of the leading announcement, the labelled kind taken as given."""
    item = item_from(row)
    clauses = judge._clauses(item)
    found = readings(item, judge.knowledge, clauses)
    rows = judge._announcements(item, clauses, found, Kind(row["gold"]["kind"]))
    first = proven(rows[0], clauses) if rows else None
    return {
        "openness": first.openness.value if first else None,
        "licence": first.licence if first else None,
        "who": list(first.who) if first else [],
        "what": list(first.what) if first else [],
        "type": first.type.value if first else None,
    }


def figures(tools: ModuleType, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """Return one line of figures over (gold, read) pairs."""
    count = len(pairs)
    if not count:
        return "no items"
    told = [f"{key} {sum(g[key] == p[key] for g, p in pairs) / count:.3f}" for key in ("openness", "type")]
    named = [(g, p) for g, p in pairs if g["licence"] not in ("-", "", None)]
    bare = [(g, p) for g, p in pairs if g["licence"] in ("-", "", None)]
    right = sum(tools.norm(g["licence"]) == tools.norm(p["licence"] or "") for g, p in named)
    told.append(f"licence {right / max(1, len(named)):.3f} of {len(named)} named")
    told.append(f"{sum(bool(p['licence']) for _, p in bare)} given of {len(bare)} without")
    for key in ("who", "what"):
        sets = [(tools.names(g[key]), tools.names(p[key])) for g, p in pairs]
        if key == "what":
            hit_gold = sum(tools.overlap(g, p) for g, p in sets)
            hit_read = sum(tools.overlap(p, g) for g, p in sets)
        else:
            hit_gold = hit_read = sum(len(g & p) for g, p in sets)
        precision = hit_read / max(1, sum(len(p) for _, p in sets))
        recall = hit_gold / max(1, sum(len(g) for g, _ in sets))
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        told.append(f"{key} P {precision:.3f} R {recall:.3f} F1 {f1:.3f}")
    return f"n {count:4}  " + "  ".join(told)


def main() -> None:
    """Print the figures, and some errors of the weeks that may be read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--of", choices=("openness", "licence", "who", "what", "type"), default="who")
    options = parser.parse_args()
    labels = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "labels"
    if not (labels / "train.jsonl").is_file():
        print(
            f"skipped: no labelled items under {labels}; set UNSEALED_SHARED to the folder that holds labels/"
        )
        return
    tools = measures(labels)
    judge = Classifier.load()
    gold = [r for r in tools.read(labels / "train.jsonl") if r["gold"]["kind"] in TAGGED_KINDS]
    read = [(row, read_row(judge, row)) for row in gold]
    parts = {
        "all": read,
        "weeks read": [(r, p) for r, p in read if not set_apart(tools.week(r))],
        "set apart": [(r, p) for r, p in read if set_apart(tools.week(r))],
    }
    for language in ("en", "zh"):
        parts[f"all {language}"] = [(r, p) for r, p in read if r.get("lang") == language]
    for name, part in parts.items():
        print(f"{name:12} {figures(tools, [(r['gold'], p) for r, p in part])}")
    if options.errors:
        key = options.of
        wrong = [(r, p) for r, p in parts["weeks read"] if _differs(tools, key, r["gold"][key], p[key])]
        print(f"\n{len(wrong)} with another {key}")
        random.Random(7).shuffle(wrong)
        for row, facts in wrong[: options.errors]:
            print(f"  gold {row['gold'][key]!r:32} read {facts[key]!r:32} | {row['title'][:150]}")
            print(
                f"      {row.get('outlet')} {row.get('url', '')[:80]} | {(row.get('summary') or '')[:220]!r}"
            )


def _differs(tools: ModuleType, key: str, gold: str, read: Any) -> bool:
    if key in {"who", "what"}:
        mine, theirs = tools.names(read), tools.names(gold)
        if key == "what":
            return tools.overlap(mine, theirs) < len(mine) or tools.overlap(theirs, mine) < len(theirs)
        return bool(mine != theirs)
    return bool(tools.norm(gold.strip("-")) != tools.norm(read or ""))


if __name__ == "__main__":
    main()

"""Judge grouping on the labelled stories: ``python benchmarks/group_labels.py``.

Reads ``labels/stories.jsonl`` under $UNSEALED_SHARED (default ../shared). Each line is an item
with its gold ``story`` and ``role``. Prints B-cubed precision, recall and F1 over coverage, for
our grouping and for every item alone, the stories told in several languages apart.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.classify import Classifier, item_from
from pipeline.group import group_items, subject_of

Row = dict[str, Any]


def b_cubed(
    ids: Sequence[str], gold: Mapping[str, Hashable], ours: Mapping[str, Hashable]
) -> tuple[float, ...]:
    """Precision, recall and F1: per item, how much of its group is its own story, and of its story its group."""
    groups: defaultdict[tuple[str, Hashable], set[str]] = defaultdict(set)
    for i in ids:
        groups["gold", gold[i]].add(i)
        groups["ours", ours[i]].add(i)
    shared = {i: len(groups["gold", gold[i]] & groups["ours", ours[i]]) for i in ids}
    precision = sum(shared[i] / len(groups["ours", ours[i]]) for i in ids) / len(ids)
    recall = sum(shared[i] / len(groups["gold", gold[i]]) for i in ids) / len(ids)
    return precision, recall, 2 * precision * recall / (precision + recall)


def when(written: object) -> datetime | None:
    """A time as the file writes it; its seconds at least, where the zone is garbled."""
    if not isinstance(written, str):
        return None
    for text in (written, written[:19]):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def grouped(rows: Sequence[Row]) -> dict[str, Hashable]:
    """The story of each row by its id; one that has none is alone."""
    classifier = Classifier.load()
    items = [replace(item_from(row), published=when(row.get("published"))) for row in rows]
    subjects = [
        subject_of(item, classifier.judge(item), identity=str(row["id"]))
        for item, row in zip(items, rows, strict=True)
    ]
    began = time.perf_counter()
    found: dict[str, Hashable] = {
        str(s.id): d.story_id or f"alone {s.id}"
        for s, d in group_items(sorted(subjects, key=lambda s: s.dated))
    }
    print(f"{len(rows)} items, {1000 * (time.perf_counter() - began) / len(rows):.2f} ms each to group")
    return found


def report(rows: Sequence[Row], ours: Mapping[str, Hashable]) -> None:
    """Print the figures of ours beside those of every item alone."""
    gold: dict[str, Hashable] = {str(r["id"]): r["story"] for r in rows}
    alone: dict[str, Hashable] = {i: i for i in gold}
    cover = [r for r in rows if r["role"] == "cover"]
    tongues: defaultdict[Hashable, set[object]] = defaultdict(set)
    for row in cover:
        tongues[row["story"]].add(row.get("lang"))
    sets = {
        "coverage": [str(r["id"]) for r in cover],
        "in several languages": [str(r["id"]) for r in cover if len(tongues[r["story"]]) > 1],
        "with follow-ups": [str(r["id"]) for r in rows if r["role"] in {"cover", "rel"}],
    }
    print(f"{'':22}{'n':>5}  {'precision':>9} {'recall':>7} {'F1':>6}   alone F1")
    for name, ids in sets.items():
        figures = b_cubed(ids, gold, ours)
        print(
            f"{name:22}{len(ids):5}  {figures[0]:9.3f} {figures[1]:7.3f} {figures[2]:6.3f}   {b_cubed(ids, gold, alone)[2]:.3f}"
        )
    covered = {ours[str(r["id"])] for r in cover}
    loose = [r for r in rows if r["role"] == "-"]
    print(
        f"{sum(ours[str(r['id'])] in covered for r in loose)} of {len(loose)} items of no announcement joined one's story"
    )


def main() -> int:
    """Print the report; 0 also where the labels are absent, saying so."""
    path = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "labels" / "stories.jsonl"
    if not path.is_file():
        print(f"skipped: no labelled stories at {path}; set UNSEALED_SHARED to the folder that holds labels/")
        return 0
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    report(rows, grouped(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

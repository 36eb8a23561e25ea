"""What an edition costs to render: ``python benchmarks/render_digest.py``.

CPU milliseconds of each format for a full edition of 25 stories, the best of five, beside a named
baseline in the same run: Jinja2 filling a table with the same titles and nothing else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alerts.render import FORMATS, render
from alerts.slack import payloads
from tests.alerts.samples import sized

STORIES = 25


def best(work: Callable[[], object]) -> float:
    """CPU milliseconds of the quickest of five runs, after one that fills caches."""
    work()
    spent = []
    for _ in range(5):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent) * 1000


def main() -> None:
    digest = sized(STORIES)
    bare = Environment(autoescape=True).from_string(
        "{% for s in stories %}<tr><td>{{ s.title }}</td><td>{{ s.evidence }}</td></tr>{% endfor %}"
    )
    base = best(lambda: bare.render(stories=digest.stories))
    print(f"{STORIES} stories; baseline (Jinja2, a bare table of titles and proofs): {base:.2f} ms CPU")
    for format in FORMATS:
        spent = best(lambda format=format: render(digest, format))
        print(f"{format:10} {spent:6.1f} ms CPU   {spent / base:6.1f} x baseline")
    spent = best(lambda: payloads(digest))
    print(f"{'slack':10} {spent:6.1f} ms CPU   {spent / base:6.1f} x baseline")


if __name__ == "__main__":
    main()

"""Reading article pages, beside trafilatura on the same pages in the same run.

    UNSEALED_SHARED=../shared python benchmarks/extract_pages.py [--memory 10000]

Figures by the judge that comes with the pages. Printed for all pages and for the third of the hosts
that was never looked into (see fit_pages.py). ``--memory N`` reads N pages in a row, the same ones
again and again, and says how the process grew.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import resource
import sys
import time
import warnings

from fit_pages import SHARED, host_of, is_held, judge

from crawler.pages import extract
from crawler.pages import text as main_text

CORPORA = ("fundus", "wcxb", "aeb", "trafilatura")
BARS = {
    ("fundus", "text_f1"): 0.97, ("wcxb", "text_f1"): 0.95, ("aeb", "text_f1"): 0.965, ("fundus", "title"): 0.92,
    ("fundus", "date"): 0.985, ("wcxb", "date"): 0.90, ("fundus", "author"): 0.90,
}  # fmt: skip


def load(corpus: str) -> list[tuple[dict, str]]:
    pages = []
    for line in (SHARED / corpus / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        packed = (SHARED / corpus / "pages" / f"{row['id']}.html.gz").read_bytes()
        pages.append((row, gzip.decompress(packed).decode("utf-8")))
    return pages


def told(figures: dict, key: str, corpus: str, ours: bool) -> str:
    if key not in figures:
        return "    -  "
    bar = BARS.get((corpus, key)) if ours else None
    return f"{figures[key]:.3f}{'  ' if bar is None else ' ✓' if figures[key] >= bar else ' ✗'}"


def memory(pages: list[tuple[dict, str]], count: int) -> None:
    def used() -> float:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20

    slowest, marks = 0.0, []
    for number in range(count):
        row, html = pages[number % len(pages)]
        began = time.process_time()
        extract(html, row["url"])
        slowest = max(slowest, time.process_time() - began)
        if number in {count // 10, count // 2, count - 1}:
            marks.append(f"{used():.0f} MiB after {number + 1}")
    print(f"memory: {', '.join(marks)}; slowest page {slowest:.2f} s of CPU")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--memory", type=int, default=400, help="pages read in a row")
    options = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit(print(f"skipped: {SHARED} is not there (set UNSEALED_SHARED)"))
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    module = judge()
    fallbacks = 0
    real = main_text._fallback

    def counted(html: str) -> str:
        nonlocal fallbacks
        fallbacks += 1
        return real(html)

    main_text._fallback = counted
    peer = module.LIBS["trafilatura"]()
    spent = {"ours": 0.0, "trafilatura": 0.0}
    everything: list[tuple[dict, str]] = []
    slowest = 0.0
    print(f"{'':26}pages  text P R F1              title    day      wrong    author   crashed  pages/CPU s")
    for corpus in CORPORA:
        pages = load(corpus)
        everything += pages
        for part in ("all", "never seen"):
            chosen = [p for p in pages if part == "all" or is_held(host_of(p[0]["url"]))]
            for name, function in (("ours", extract), ("trafilatura", peer)):
                figures = module.run(function, chosen, timeout=30)
                if part == "all":
                    spent[name] += figures["pages"] / figures["pages_per_cpu_s"]
                    if name == "ours":
                        slowest = max(slowest, figures["slowest_s"])
                shares = " ".join(
                    told(figures, k, corpus, name == "ours") for k in ("text_p", "text_r", "text_f1")
                )
                rest = "  ".join(
                    told(figures, k, corpus, name == "ours")
                    for k in ("title", "date", "date_wrong", "author")
                )
                crashed = figures["crashed"] + figures["timed_out"]
                print(
                    f"{corpus + ', ' + part if name == 'ours' else '':23}{name[:2]:2} {len(chosen):4}  {shares}  {rest}"
                    f"  {crashed:4}     {figures['pages_per_cpu_s']:6}",
                    flush=True,
                )
    ratio = spent["trafilatura"] / spent["ours"]
    print(
        f"speed: {len(everything) / spent['ours']:.1f} pages a CPU second, trafilatura "
        f"{len(everything) / spent['trafilatura']:.1f}: {ratio:.2f} times (bar 3); slowest page {slowest:.2f} s (bar 2)"
    )
    print(f"trafilatura was asked for {fallbacks} of the pages read")
    main_text._fallback = real
    memory(everything, options.memory)


if __name__ == "__main__":
    main()

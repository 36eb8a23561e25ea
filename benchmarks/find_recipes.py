"""On how many real index pages a recipe for a listing finds itself.

A page counts as found if the recipe gives at least five entries with different addresses and titles of
16 characters or more, read back by the reader that polls would use. Needs index pages saved by
somebody (UNSEALED_SHARED); skips without.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from crawler.listing import read_listing
from crawler.recipes import find_recipe
from pipeline.model import Source, SourceKind

PAGES = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "sources" / "listing_pages"


def main() -> None:
    if not PAGES.is_dir():
        print(f"skipped: {PAGES} is not there (set UNSEALED_SHARED)")
        return
    pages = [json.loads(line) for line in (PAGES / "index.jsonl").read_text().splitlines()]
    found = titled = dated = 0
    began = time.process_time()
    for page in pages:
        body = gzip.decompress((PAGES / page["file"]).read_bytes())
        recipe = find_recipe(body, page["url"])
        if recipe is None:
            print(f"     none  {page['url']}")
            continue
        source = Source("s", "s", SourceKind.LISTING, page["url"], recipe=recipe.selectors)
        reading = read_listing(
            source, body, url=page["url"], content_type="", now=datetime.now(UTC), limit=500
        )
        good = sum(len(entry.title) >= 16 for entry in reading.entries)
        found += good >= 5
        titled += good >= 10 and good >= 0.9 * len(reading.entries)
        dated += recipe.dated >= 0.5 * recipe.entries
        print(f"{good:4} of {len(reading.entries):3}  {page['url']}  {dict(recipe.selectors)}")
    seconds = time.process_time() - began
    print(
        f"index pages: {len(pages)}; with 5 or more titled links: {found} ({found / len(pages):.0%}); with 10 or more, nine in "
        f"ten of them titled: {titled}; most entries dated: {dated}; {1000 * seconds / len(pages):.0f} ms CPU a page"
    )


if __name__ == "__main__":
    sys.exit(main())

"""One gathering of all feeds by this program, as `unsealed run` does it: poll, save, index. Prints JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path


def main(port: str, folder: str, feeds: str) -> None:
    from crawler.loop import run
    from crawler.scrapy_settings import CrawlSettings
    from pipeline.archive import Archive
    from pipeline.model import Source, SourceKind
    from unsealed.gathering import gather_sources

    catalogue = tuple(
        Source(f"feed-{n}", f"Outlet {n}", SourceKind.FEED, f"http://127.0.0.1:{port}/feeds/{n}")
        for n in range(int(feeds))
    )
    archive = Archive.open(f"sqlite:///{Path(folder) / 'ours.db'}")
    crawl = CrawlSettings(
        user_agent="unsealed-bench/1 (+https://unsealed.example)",
        allow=("127.0.0.1",),
        per_host=32,
        delay=0.0,
        obey_robots=False,
    )
    counts = {"added": 0, "failed": 0, "unchanged": 0}
    longest = 0.0

    async def heartbeat() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began - 0.005)

    async def cycle() -> None:
        beat = asyncio.create_task(heartbeat())
        await asyncio.to_thread(archive.gathering.sync_sources, catalogue)

        def told(poll, saved):  # type: ignore[no-untyped-def]
            counts["added"] += saved.added
            counts["failed"] += poll.outcome == "failed"
            counts["unchanged"] += poll.outcome == "unchanged"

        await gather_sources(archive, catalogue, crawl, told, clock=lambda: datetime.now(UTC))
        beat.cancel()

    began = time.perf_counter()
    run(cycle)
    archive.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            counts
            | {
                "cpu": usage.ru_utime + usage.ru_stime,
                "wall": time.perf_counter() - began,
                "memory": usage.ru_maxrss / 1024,
                "blocked": longest,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

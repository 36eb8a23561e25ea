"""One update of all feeds by the library `reader`, ten workers. Prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from reader import make_reader


def main(port: str, folder: str, feeds: str) -> None:
    reader = make_reader(str(Path(folder) / "reader.db"))
    known = {feed.url for feed in reader.get_feeds()}
    for number in range(int(feeds)):
        url = f"http://127.0.0.1:{port}/feeds/{number}"
        if url not in known:
            reader.add_feed(url)
    before = reader.get_entry_counts().total or 0
    began = time.perf_counter()
    reader.update_feeds(workers=10, scheduled=False)
    added = (reader.get_entry_counts().total or 0) - before
    failed = sum(1 for feed in reader.get_feeds() if feed.last_exception)
    reader.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "added": added,
                "failed": failed,
                "cpu": usage.ru_utime + usage.ru_stime,
                "wall": time.perf_counter() - began,
                "memory": usage.ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

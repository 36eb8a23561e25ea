"""`unsealed reclassify` in a process of its own, killed with SIGKILL right before a given commit.

    python -m tests.unsealed.reclassify_driver BATCH COMMIT

Prints how many commits of write transactions it saw.
"""

from __future__ import annotations

import sys

from tests.unsealed.crash_driver import Killer
from unsealed import cli
from unsealed.commands import reclassify

if __name__ == "__main__":
    _, batch, commit = sys.argv
    reclassify.BATCH = int(batch)
    killer = Killer(int(commit), "")
    sys.argv = ["unsealed", "reclassify"]
    try:
        cli.main()
    finally:
        print(f"commits {killer.seen}", file=sys.stderr)

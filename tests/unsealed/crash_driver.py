"""One cycle in a process of its own, killed with SIGKILL right before a given commit.

    python -m tests.unsealed.crash_driver CONFIG NOW [COMMIT [TABLE]]

Prints how many commits it saw. With TABLE only transactions that write to it are counted.
Right before commit N+1 is the state right after commit N with everything done in between, so
counting commits covers both sides of each.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from crawler.loop import run
from unsealed.cycle import run_cycle
from unsealed.progress import Bars
from unsealed.settings import load_settings
from unsealed.wiring import build


class Killer:
    """Counts commits of write transactions and dies before the one it was told."""

    def __init__(self, kill_at: int, table: str) -> None:
        self.seen = 0
        self._kill_at = kill_at
        self._table = table
        self._touched = False
        event.listen(Engine, "before_cursor_execute", self._on_statement)
        event.listen(Engine, "commit", self._on_commit)

    def _on_statement(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        writes = statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE")
        self._touched |= writes and self._table in statement

    def _on_commit(self, connection: Connection) -> None:
        if connection.get_execution_options().get("unsealed_write") and (self._touched or not self._table):
            self.seen += 1
            if self.seen == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        self._touched = False


def main(config: str, now: str, kill_at: int, table: str) -> None:
    killer = Killer(kill_at, table)
    start, began = datetime.fromisoformat(now), time.monotonic()

    def clock() -> datetime:
        return start + timedelta(seconds=time.monotonic() - began)

    parts = build(load_settings(Path(config)))
    run(lambda: run_cycle(parts, clock=clock, bars=Bars(Console(stderr=True))))
    parts.archive.close()
    print(killer.seen)


if __name__ == "__main__":
    _, config, now, *rest = sys.argv
    main(config, now, int(rest[0]) if rest else 0, rest[1] if len(rest) > 1 else "")

"""Work done in a process of its own that dies with SIGKILL at a chosen instant."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

#: Told by the work what it has been promised, that is, what a caller was told is kept.
Acknowledge = Callable[[str], None]


def run(
    work: Callable[[Acknowledge], None],
    *,
    statement: int = 0,
    prepare: Callable[[], None] = lambda: None,
) -> tuple[int, list[str], int]:
    """Do ``work`` in a fork; kill it right before its SQL statement or commit of that number, if not 0.

    Gives its exit code (-9: killed), what it acknowledged, and how many statements and commits it made.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(writing, work, statement, prepare)
    os.close(writing)
    with os.fdopen(reading) as stream:
        lines = stream.read().splitlines()
    _, status = os.waitpid(child, 0)
    acknowledged = [line[4:] for line in lines if line.startswith("ack ")]
    seen = [int(line[5:]) for line in lines if line.startswith("seen ")]
    failures = "\n".join(line[6:] for line in lines if line.startswith("error "))
    assert not failures, failures
    return os.waitstatus_to_exitcode(status), acknowledged, seen[-1] if seen else 0


def _work(
    pipe: int, work: Callable[[Acknowledge], None], statement: int, prepare: Callable[[], None]
) -> None:
    seen = 0

    def tell(line: str) -> None:
        os.write(pipe, f"{line}\n".encode())

    def before(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 0
    try:
        prepare()
        event.listen(Engine, "before_cursor_execute", before)
        event.listen(Engine, "commit", before)
        work(lambda what: tell(f"ack {what}"))
        tell(f"seen {seen}")
    except BaseException:
        for line in traceback.format_exc().splitlines()[-30:]:
            tell(f"error {line}")
        code = 1
    finally:
        sys.stderr.flush()
        os._exit(code)

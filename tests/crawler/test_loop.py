"""The loop runs once in a process, so each test has a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipeline.model import SourceKind

_ROOT = Path(__file__).parents[2]


def _start(body: str) -> subprocess.Popen[str]:
    source = "import asyncio, logging, sys\nfrom crawler.loop import run\n" + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-c", source], cwd=_ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def test_the_result_is_returned_and_a_second_run_refused() -> None:
    code, out, err = _finish(
        _start(
            """
            async def main():
                await asyncio.sleep(0)
                return await asyncio.to_thread(lambda: 42)
            print(run(main))
            try:
                run(main)
            except RuntimeError as error:
                print(error)
            """
        )
    )
    assert (code, err) == (0, "")
    assert out == "42\nA reactor is installed already; the loop can be run once per process.\n"


def test_an_exception_is_raised_and_what_was_left_running_is_stopped() -> None:
    code, out, err = _finish(
        _start(
            """
            async def forever():
                try:
                    await asyncio.sleep(1000)
                finally:
                    print("stopped")
            async def main():
                asyncio.create_task(forever())
                await asyncio.sleep(0)
                raise LookupError("gone")
            try:
                run(main)
            except LookupError as error:
                print(error)
            """
        )
    )
    assert (code, out, err) == (0, "stopped\ngone\n", "")


@pytest.mark.parametrize(
    ("number", "name", "code"), [(signal.SIGINT, "KeyboardInterrupt", 0), (signal.SIGTERM, "SystemExit", 143)]
)
def test_a_signal_cancels_main_lets_it_clean_up_and_is_told_to_the_caller(
    number: signal.Signals, name: str, code: int
) -> None:
    process = _start(
        """
        async def main():
            print("ready", flush=True)
            try:
                await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(0.01)
                print("cleaned up")
        try:
            run(main)
        except BaseException as error:
            print(type(error).__name__, flush=True)
            if isinstance(error, SystemExit):
                raise
        """
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert _finish(process) == (code, f"cleaned up\n{name}\n", "")


def test_the_failure_of_a_clean_up_is_not_lost() -> None:
    process = _start(
        """
        async def main():
            print("ready", flush=True)
            try:
                await asyncio.sleep(1000)
            finally:
                raise OSError("disk full")
        try:
            run(main)
        except KeyboardInterrupt as error:
            print(repr(error.__cause__))
        """
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert _finish(process) == (0, "OSError('disk full')\n", "")


def test_a_gathering_of_failures_writes_nothing_to_the_log_at_info_and_imports_no_reactor_early() -> None:
    code, out, err = _finish(
        _start(
            """
            from datetime import datetime, UTC
            from crawler.gather import CrawlSettings, PollJob, poll_sources
            from pipeline.model import Source, SourceKind, SourceState
            assert "twisted.internet.reactor" not in sys.modules
            logging.basicConfig(level=logging.INFO)
            polls = []
            async def take(poll):
                polls.append(poll)
            async def main():
                urls = ["http://127.0.0.1:1/", "http://[::1]:1/", "nothing", "http://localhost:1/feed"]
                jobs = [
                    PollJob(Source(str(n), "N", kind, url), SourceState())
                    for n, url in enumerate(urls) for kind in SourceKind
                ]
                settings = CrawlSettings("test/1", allow=("127.0.0.1",), delay=0)
                await poll_sources(jobs, settings, take, now=lambda: datetime.now(UTC))
                handlers = logging.getLogger().handlers
                assert len(handlers) == 1, handlers
            run(main)
            print(sorted({poll.problem.code for poll in polls}), len(polls))
            """
        )
    )
    assert (code, err) == (0, "")
    assert out == f"['address-refused', 'bad-address', 'refused'] {4 * len(SourceKind)}\n"

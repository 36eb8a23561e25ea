"""CPU seconds of one gathering of many feeds (poll, save, index), beside the library `reader`.

Five passes over a local newsroom, each in a process of its own, start-up and all: cold; nothing
changed (304); one item in a hundred new; nothing changed but no validators to tell by; and how
long the loop was kept from turning, and how much memory it took at most. `reader` does the same
with ten workers; its own search index is not updated (it would cost it more). The server's CPU
is not counted.

    python benchmarks/poll_sources.py            200 feeds, once
    python benchmarks/poll_sources.py --long     1,000 feeds, three times, medians
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from statistics import median

Results = dict[tuple[str, str], dict[str, float]]

HERE = Path(__file__).resolve().parent
#: (name, state of the newsroom, with validators, times as cheap as `reader` it is meant to be)
PASSES = (
    ("cold", 0, True, 5.0),
    ("all 304", 0, True, 1.0),
    ("1 % new", 1, True, 4.0),
    ("unchanged, no validators (learns)", 1, False, 0.0),
    ("unchanged, no validators", 1, False, 8.0),
)


def poll(python: str, script: str, port: str, folder: str, feeds: int) -> dict[str, float]:
    environment = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent}"}
    done = subprocess.run(
        [python, str(HERE / "newsroom" / f"{script}.py"), port, folder, str(feeds)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_once(feeds: int, items: int, peers: dict[str, str]) -> Results:
    """Results of all passes by (pass, script)."""
    results: Results = {}
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    command = [sys.executable, "-m", "newsroom.server", "--feeds", str(feeds), "--items", str(items)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        for name, state, validators, _ in PASSES:
            urllib.request.urlopen(
                f"http://127.0.0.1:{port}/round?n={state}&validators={int(validators)}"
            ).close()
            for peer, python in peers.items():
                results[name, peer] = poll(python, peer, port, folder, feeds)
        server.stdin.close()
    return results


def middle(all_runs: list[Results], name: str, peer: str, key: str) -> float:
    return median(run[name, peer].get(key, 0.0) for run in all_runs)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--long", action="store_true", help="1,000 feeds, three runs")
    parser.add_argument("--alone", action="store_true", help="without the peer")
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has the library reader")
    chosen = parser.parse_args()
    feeds = chosen.feeds or (1000 if chosen.long else 100)
    runs = chosen.runs or (3 if chosen.long else 1)
    peers = {"poll_ours": sys.executable, "poll_reader": chosen.peer_python}
    if (
        chosen.alone
        or subprocess.run(
            [chosen.peer_python, "-c", "import reader"], capture_output=True, check=False
        ).returncode
    ):
        print(
            "without the peer: the library “reader” is not installed (pip install reader, or --peer-python)"
        )
        del peers["poll_reader"]
    all_runs = [run_once(feeds, chosen.items, peers) for _ in range(runs)]
    print(f"{feeds} feeds x {chosen.items} items, {runs} runs; CPU seconds of the whole process, medians")
    print(
        f"{'':34} {'ours':>7} {'feeds/s':>8} {'reader':>8} {'ratio':>6} {'bar':>5} {'MB':>5} {'blocked ms':>10} {'new':>7}"
    )
    for name, _, _, bar in PASSES:
        ours = middle(all_runs, name, "poll_ours", "cpu")
        theirs = middle(all_runs, name, "poll_reader", "cpu") if len(peers) > 1 else 0.0
        print(
            f"{name:34} {ours:7.2f} {feeds / ours:8.0f} {theirs:8.2f} {theirs / ours:6.1f} {bar:5.1f}"
            f" {middle(all_runs, name, 'poll_ours', 'memory'):5.0f} {1000 * middle(all_runs, name, 'poll_ours', 'blocked'):10.0f} {middle(all_runs, name, 'poll_ours', 'added'):7.0f}"
        )
        failures = [run[name, peer]["failed"] for run in all_runs for peer in peers]
        if any(failures):
            print(f"    polls that failed: {failures}")


if __name__ == "__main__":
    main()

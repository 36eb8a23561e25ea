"""What servers ask for is kept to from one run to the next, and said."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.archive import Archive
from pipeline.model import Health

FEED = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><item><title>One</title>'
    b"<link>https://news.example/1</link><guid>1</guid></item></channel></rss>"
)


class Server(ThreadingHTTPServer):
    """Answers by path, and remembers what was asked."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked.append(self.path)
        status, body = {"/feed": (200, FEED), "/gone": (410, b""), "/busy": (429, b"")}.get(
            self.path, (404, b"")
        )
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    made = Server(("127.0.0.1", 0)), Server(("127.0.0.2", 0))
    for server in made:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield made
    for server in made:
        server.shutdown()
        server.server_close()


def source(id_: str, server: Server, path: str) -> str:
    host, port = server.server_address[:2]
    return f'[[source]]\nid = "{id_}"\nname = "{id_.title()}"\nkind = "feed"\nurl = "http://{host!s}:{port}{path}"\n'


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unsealed", "--config", str(folder / "unsealed.toml"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.timeout(400)
def test_the_next_run_leaves_alone_who_asked_for_it_and_says_so(
    servers: tuple[Server, Server], tmp_path: Path
) -> None:
    here, busy = servers
    (tmp_path / "mine.toml").write_text(
        source("well", here, "/feed") + source("over", here, "/gone") + source("slow", busy, "/busy"), "utf-8"
    )
    url = f"sqlite:///{tmp_path / 'archive.db'}"
    (tmp_path / "unsealed.toml").write_text(
        f'[archive]\nurl = "{url}"\n[sources]\ncatalogue = false\nfile = "{tmp_path / "mine.toml"}"\n'
        '[network]\nallow = ["127.0.0.0/8"]\n[gather]\ndelay = 0\n',
        "utf-8",
    )
    first = run(tmp_path, "run", "--no-send")
    assert first.returncode == 0, first.stderr
    told = " ".join(first.stderr.split())
    assert "asks to wait 60 minutes" in told
    assert "Over was new, is gone." in told
    assert "Slow was new, is blocked." in told
    assert "Well was" not in told
    before = datetime.now(UTC)
    with Archive.open(url) as archive:
        states = archive.gathering.states()
        assert {id_: state.health for id_, state in states.items()} == {
            "well": Health.HEALTHY,
            "over": Health.GONE,
            "slow": Health.BLOCKED,
        }
        well = states["well"].next_at
        assert well is not None
        assert before + timedelta(minutes=25) < well < before + timedelta(minutes=90)

    here.asked.clear()
    busy.asked.clear()
    second = run(tmp_path, "run", "--no-send")
    assert second.returncode == 0, second.stderr
    told = " ".join(second.stderr.split())
    assert "Slow: Its server 127.0.0.2 has asked us to wait until" in told
    assert "Over: Its server says it is gone for good; it is looked at again on" in told
    assert (here.asked.count("/feed"), here.asked.count("/gone"), busy.asked) == (1, 0, [])

    run(tmp_path, "run", "--no-send", "--source", "over")
    assert here.asked.count("/gone") == 1, "whoever names a source wants it asked"

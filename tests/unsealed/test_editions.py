"""Alerts and quiet editions decided on a real archive of the bundled newsroom, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unsealed.newsroom_settings import write_settings
from unsealed.editions import decide_edition
from unsealed.newsroom import Newsroom, newsroom
from unsealed.settings import load_settings
from unsealed.wiring import build

ALERT = """
[[subscription]]
name = "alerts"
edition = "breaking"
min_outlets = 3
channels = ["files"]
"""


def unsealed(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unsealed", "--config", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with newsroom(datetime.now(UTC), folder=tmp_path_factory.mktemp("room"), slow=0.1) as made:
        yield made


def test_an_alert_goes_out_once_with_what_enough_outlets_tell(tmp_path: Path, room: Newsroom) -> None:
    config = write_settings(tmp_path, room)
    config.write_text(config.read_text() + ALERT)
    for _ in range(2):
        done = unsealed(config, "run")
        assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "editions").glob("alerts-breaking-*")
    alert = json.loads((folder / "digest.json").read_text("utf-8"))
    assert alert["edition"] == "breaking" and alert["stories"]
    assert all(len(s["outlets"]) >= 3 and s["stage"] == "released" for s in alert["stories"])
    rows = [json.loads(line) for line in unsealed(config, "deliveries").stdout.splitlines()]
    assert [r["state"] for r in rows if r["subscription"] == "alerts"] == ["sent"]
    told = [json.loads(line) for line in unsealed(config, "subscriptions").stdout.splitlines()]
    assert {r["name"]: r["next"] for r in told}["alerts"] == ""


@pytest.mark.parametrize(("quiet", "deliveries"), [("send", 1), ("line", 1), ("skip", 0)])
def test_an_edition_without_news_is_sent_or_kept_back_by_setting_and_stays_decided(
    tmp_path: Path, quiet: str, deliveries: int
) -> None:
    path = tmp_path / "unsealed.toml"
    path.write_text(f'[[subscription]]\nname = "daily"\nquiet = "{quiet}"\nchannels = ["folder"]\n')
    parts = build(load_settings(path))
    try:
        now = datetime(2026, 11, 23, 8, tzinfo=UTC)
        for again in (False, True):
            _, is_new = decide_edition(parts, parts.settings.subscription[0], now)
            assert is_new is not again
        assert len(parts.archive.ledger.all()) == deliveries
    finally:
        parts.archive.close()

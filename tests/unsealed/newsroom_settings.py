"""Settings for a cycle on the bundled newsroom, as a user would write them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from unsealed.newsroom import Newsroom


def write_settings(folder: Path, room: Newsroom, *, leave_out: frozenset[str] = frozenset()) -> Path:
    """A settings file in ``folder``: the newsroom's sources without some, mail, Slack and a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = replace(room, sources=tuple(s for s in room.sources if s.id not in leave_out))
    (folder / "sources.toml").write_text(chosen.catalogue_toml(), encoding="utf-8")
    (folder / "hook").write_text(room.slack_url, encoding="utf-8")
    path = folder / "unsealed.toml"
    path.write_text(
        f"""
[archive]
url = "sqlite:///archive.db"
[sources]
catalogue = false
file = "sources.toml"
[gather]
delay = 0.0
per_host = 8
timeout = 3.0
[network]
allow = {json.dumps(list(room.allow))}
[knowledge]
file = {json.dumps(str(room.knowledge))}
[[channel]]
name = "mail"
kind = "mail"
host = "{room.smtp_host}"
port = {room.smtp_port}
security = "none"
sender = "digest@unsealed.example"
recipients = ["a@example.org", "b@example.org"]
[[channel]]
name = "slack"
kind = "slack"
url_file = "hook"
[[channel]]
name = "files"
kind = "folder"
path = "editions"
[[subscription]]
name = "daily"
channels = ["mail", "slack", "files"]
""",
        encoding="utf-8",
    )
    return path

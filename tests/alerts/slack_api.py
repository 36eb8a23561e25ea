"""A stand-in for Slack's Web API: the three methods we call, with the refusals that are documented.

It checks what Slack checks (token, channel, membership, content types, blocks by the rules of the
webhook's stand-in, metadata, threads) and can be in a mood for the next calls.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from unsealed.newsroom.slack_rules import refusal

TOKEN, CHANNEL = "xoxb-SECRETTOKEN", "C0NEWSROOM"
#: methods/conversations.history: at most 999 a page, 100 by default.
_PAGE_MAX = 999


@dataclass
class Workspace:
    """One channel of one workspace, and how its next calls go."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    #: Next calls of chat.postMessage: an error word, "drop" (before), "eat" (taken, then dropped), (429, seconds).
    moods: list[Any] = field(default_factory=list)
    may_read: bool = True
    calls: list[str] = field(default_factory=list)
    url: str = ""

    def in_channel(self) -> list[dict[str, Any]]:
        return [m for m in self.messages if "thread_ts" not in m]

    def post(self, told: dict[str, Any]) -> dict[str, Any]:
        if told.get("channel") != CHANNEL:
            return _no("channel_not_found")
        if told.get("thread_ts") and told["thread_ts"] not in {m["ts"] for m in self.in_channel()}:
            return _no("thread_not_found")
        metadata = told.get("metadata")
        if metadata is not None and not (
            isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
        ):
            return _no("invalid_metadata_schema")
        if answer := refusal(json.dumps({k: told[k] for k in ("text", "blocks") if k in told}).encode()):
            return _no(answer)
        ts = f"{1_790_000_000 + len(self.messages)}.000100"
        self.messages.append({**told, "ts": ts})
        return {"ok": True, "ts": ts, "channel": CHANNEL}

    def read(self, method: str, form: dict[str, str]) -> dict[str, Any]:
        if not self.may_read:
            return _no("missing_scope")
        if form.get("channel") != CHANNEL:
            return _no("channel_not_found")
        limit = int(form.get("limit", "100"))
        if not 1 <= limit <= _PAGE_MAX:
            return _no("invalid_limit")
        if method == "conversations.history":
            found = list(reversed(self.in_channel()))
        else:
            found = [m for m in self.messages if form["ts"] in (m["ts"], m.get("thread_ts"))]
        start = int(form.get("cursor") or 0)
        page = [
            dict(m) for m in found[start : start + min(limit, 2)]
        ]  # small pages, so that paging is needed
        if form.get("include_all_metadata") not in ("1", "true"):
            for message in page:
                message.pop("metadata", None)
        more = str(start + len(page)) if start + len(page) < len(found) else ""
        return {"ok": True, "messages": page, "response_metadata": {"next_cursor": more}}


def _no(word: str) -> dict[str, Any]:
    return {"ok": False, "error": word}


def _handler(workspace: Workspace) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            method = self.path.rpartition("/")[2]
            workspace.calls.append(method)
            mood = workspace.moods.pop(0) if method == "chat.postMessage" and workspace.moods else None
            if isinstance(mood, tuple):
                self._answer(_no("ratelimited"), mood[0], {"Retry-After": str(mood[1])})
            elif mood == "drop":
                self.close_connection = True
            elif isinstance(mood, str) and mood != "eat":
                self._answer(_no(mood))
            else:
                answer = self._result(method, body)
                if mood == "eat":
                    self.close_connection = True
                else:
                    self._answer(answer)

        def _result(self, method: str, body: bytes) -> dict[str, Any]:
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return _no("invalid_auth")
            kind = self.headers["Content-Type"].partition(";")[0]
            if method == "chat.postMessage":
                return (
                    workspace.post(json.loads(body))
                    if kind == "application/json"
                    else _no("invalid_post_type")
                )
            if kind != "application/x-www-form-urlencoded":
                return _no("invalid_arguments")
            return workspace.read(method, dict(parse_qsl(body.decode())))

        def _answer(
            self, told: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
        ) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def slack_workspace() -> Iterator[Workspace]:
    workspace = Workspace()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(workspace))
    server.daemon_threads = True
    workspace.url = f"http://127.0.0.1:{server.server_address[1]}/api/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield workspace
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A stand-in for Slack's incoming webhooks that refuses what Slack refuses and keeps the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from unsealed.newsroom.background import in_background
from unsealed.newsroom.keeping import Keeper
from unsealed.newsroom.server import listen
from unsealed.newsroom.slack_rules import refusal

#: The one webhook there is. Any other path is a webhook that was revoked.
WEBHOOK = "/services/T0NEWSROOM/B0DIGESTS/newsroom-webhook-of-the-demo"
#: Slack allows one message a second with short bursts and does not say how short (apis/rate-limits).
BURST = 5
#: Bytes of a body: the longest valid post is far below.
_MAX_BODY = 2**20


@dataclass(frozen=True, slots=True)
class SlackRules:
    """How the stand-in treats posts."""

    burst: int = BURST  # posts within a second that are not answered with 429
    strict: bool = True  # refuse mentions such as <!channel> (ours, not Slack's)


@dataclass(slots=True)
class SlackServer:
    """A running stand-in. Counts are of this run."""

    url: str  # of the webhook
    posts: Path  # folder of accepted payloads
    accepted: int = 0

    def payloads(self) -> tuple[Path, ...]:
        """The kept payloads, oldest first."""
        return tuple(sorted(self.posts.glob("*.json")))


class _Webhook:
    def __init__(self, server: SlackServer, rules: SlackRules) -> None:
        self._server = server
        self._rules = rules
        self._keeper = Keeper(server.posts, ".json")
        self._recent: deque[float] = deque()

    async def receive(self, request: web.Request) -> web.Response:
        """Answer as Slack does: a status and one word of plain text."""
        if request.path != WEBHOOK:
            return web.Response(status=404, text="no_service")
        if self._too_fast(asyncio.get_running_loop().time()):
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": "1"})
        body = await self._payload(request)
        if answer := refusal(body, strict=self._rules.strict):
            return web.Response(status=400, text=answer)
        await asyncio.to_thread(self._keeper.keep, body)
        self._server.accepted += 1
        return web.Response(text="ok")

    def _too_fast(self, now: float) -> bool:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self._rules.burst:
            return True
        self._recent.append(now)
        return False

    @staticmethod
    async def _payload(request: web.Request) -> bytes:
        """The JSON: the body itself, or the ``payload`` field of a form (both are documented)."""
        if request.content_type == "application/x-www-form-urlencoded":
            field = (await request.post()).get("payload")
            return field.encode() if isinstance(field, str) else b""
        return await request.read()


@asynccontextmanager
async def serve_slack(posts: Path, rules: SlackRules = SlackRules()) -> AsyncIterator[SlackServer]:
    """Serve the webhook on loopback in the running loop until left."""
    bound = listen("127.0.0.1")
    host, port = bound.getsockname()[:2]
    server = SlackServer(f"http://{host}:{port}{WEBHOOK}", posts)
    app = web.Application(client_max_size=_MAX_BODY)
    app.router.add_post("/{path:.*}", _Webhook(server, rules).receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        yield server
    finally:
        await runner.cleanup()
        bound.close()


@contextmanager
def slack_server(posts: Path, rules: SlackRules = SlackRules()) -> Iterator[SlackServer]:
    """`serve_slack` in a thread of its own, for synchronous callers."""
    with in_background(lambda: serve_slack(posts, rules), "newsroom-slack") as server:
        yield server

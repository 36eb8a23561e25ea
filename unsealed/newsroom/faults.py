"""The ways in which an outlet's feed misbehaves.

`spoil` damages a body before it is sent; the faults of the wire (`FaultyWire`) are acted by the
server while it answers.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from aiohttp import web

from unsealed.newsroom.content import Fault

_DESCRIPTION = re.compile(r"<(?:\w+:)?(?:description|summary|content|encoded)\b[^>]*[^/]>|<title[^>]*>")
#: The query that tells one end of a redirect loop from the other.
_MOVED = "moved"


def spoil(xml: str) -> str:
    """Break a feed's XML as careless templates do: bare ampersands, a tag left open amid the items.

    Every item is still there for a lenient reader.
    """
    bare = xml.replace("&amp;", "&")
    openings = list(_DESCRIPTION.finditer(bare))
    middle = openings[len(openings) // 2].end()
    return f"{bare[:middle]}<br>{bare[middle:]}"


@dataclass(frozen=True, slots=True)
class FaultyWire:
    """Acts the faults that happen while answering; ``closing`` ends every wait at shutdown."""

    slow: float  # seconds
    closing: asyncio.Event

    async def act(self, request: web.Request, fault: Fault, body: bytes) -> web.StreamResponse | None:
        """Answer in the fault's manner; None if the proper answer is now due."""
        if fault is Fault.SLOW:
            await self._pause(self.slow)
        if fault is Fault.REDIRECT_LOOP:
            return self._around(request)
        if fault is Fault.STALL:
            return await self._half(request, body)
        return None

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            return

    def _around(self, request: web.Request) -> web.Response:
        """Send the client to the same path with a mark, and from there back again."""
        other = request.path if _MOVED in request.query else f"{request.path}?{_MOVED}=1"
        return web.Response(status=302, headers={"Location": other})

    async def _half(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Promise the whole, send half, then say nothing until the client has had enough."""
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        response.content_type = "application/xml"
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        await self._pause(None)
        if request.transport is not None:
            request.transport.abort()
        return response

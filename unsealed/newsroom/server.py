"""The outlets' web servers: conditional requests, compression, robots.txt, and the faults."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import ETag, web

from unsealed.newsroom import pages
from unsealed.newsroom.content import Fault
from unsealed.newsroom.faults import FaultyWire
from unsealed.newsroom.places import Site
from unsealed.newsroom.site import Resource, resources

#: Smaller bodies are not worth compressing.
_COMPRESS_FROM = 500
#: Seconds that answers under way may take when the newsroom closes; every wait of ours ends at once.
_SHUTDOWN = 1.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as an outlet's server saw it."""

    outlet: str
    method: str
    path: str  # with its query
    status: int  # 0: the client hung up before the answer was complete


def listen(address: str, port: int = 0) -> socket.socket:
    """A listening socket on ``address``, or on 127.0.0.1 where the system lacks that address.

    A ``port`` that is taken is replaced by a free one. Raises OSError if loopback itself is closed.
    """
    for number in (port, 0):
        try:
            return _bound(address, number)
        except OSError:
            continue
    return _bound("127.0.0.1", 0)


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(64)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


@asynccontextmanager
async def serve_sites(
    sites: Sequence[Site], sockets: Mapping[str, socket.socket], visits: list[Visit], *, slow: float
) -> AsyncIterator[None]:
    """Serve each site on its socket (by outlet id) until left.

    Every request is appended to ``visits``. ``slow`` is in seconds.
    """
    over = asyncio.Event()
    servers = {
        sockets[site.outlet.id].getsockname()[:2]: _Server(site, FaultyWire(slow, over), visits)
        for site in sites
    }

    async def dispatch(request: web.Request) -> web.StreamResponse:
        # By the address that was connected to: a Host header is the client's to invent.
        place = request.get_extra_info("sockname")
        return await servers[place[0], place[1]].answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", dispatch)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN)
    await runner.setup()
    try:
        for bound in sockets.values():
            await web.SockSite(runner, bound).start()
        yield
    finally:
        over.set()
        await runner.cleanup()


class _Server:
    """One outlet's server."""

    def __init__(self, site: Site, wire: FaultyWire, visits: list[Visit]) -> None:
        self._site = site
        self._wire = wire
        self._visits = visits
        self._resources = resources(site)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request as the outlet would, and note it."""
        response = await self._respond(request)
        self._visits.append(Visit(self._site.outlet.id, request.method, request.path_qs, response.status))
        return response

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"}, text="Method not allowed\n")
        resource = self._resources.get(request.path)
        if resource is None:
            return self._notice(request, 404, "not_found")
        body = resource.make(request.query)
        fault = self._site.outlet.fault if resource.polled else Fault.NONE
        if fault is Fault.HTTP_500:
            return self._notice(request, 500, "failed")
        acted = await self._wire.act(request, fault, body)
        return acted or _conditional(request, resource, body)

    def _notice(self, request: web.Request, status: int, key: str) -> web.Response:
        page = pages.notice_page(self._site, request.path, key, f"{key}_text", status)
        return web.Response(status=status, text=page, content_type="text/html")


def _conditional(request: web.Request, resource: Resource, body: bytes) -> web.Response:
    """The body, compressed if that is accepted, or 304 if the client has it already."""
    tag = hashlib.sha256(body).hexdigest()[:20]
    headers = {
        "ETag": f'W/"{tag}"',  # weak: the compressed and the plain body share it
        "Last-Modified": format_datetime(resource.modified.astimezone(UTC), usegmt=True),
        "Cache-Control": "max-age=60",
        "Vary": "Accept-Encoding",
    }
    if _is_known(request, tag, resource.modified):
        return web.Response(status=304, headers=headers)
    if len(body) >= _COMPRESS_FROM and _accepts_gzip(request):
        body = gzip.compress(body, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers | {"Content-Type": resource.content_type})


def _is_known(request: web.Request, tag: str, modified: datetime) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides alone where it is given."""
    tags = request.if_none_match
    if tags is not None:
        return any(known.value in (tag, "*") for known in tags if isinstance(known, ETag))
    since = request.if_modified_since
    return since is not None and modified <= since


def _accepts_gzip(request: web.Request) -> bool:
    accepted = (
        part.replace(" ", "").lower() for part in request.headers.get("Accept-Encoding", "").split(",")
    )
    return any(part.partition(";")[0] == "gzip" and not part.endswith(";q=0") for part in accepted)

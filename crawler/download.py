"""Scrapy's download handler with our gate, our turns and a brake.

`Traffic`, shared by all crawls of one gathering, gives turns and can stop everything;
`GatedHandler` opens connections only where the gate lets it.
"""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _BindAddressAgent,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _ScrapyAgent,
    _ScrapyProxyAgent,
    _TunnelingAgent,
)
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IResolutionReceiver,
)
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS, ParseError
from twisted.web.client import Agent
from zope.interface import implementer

from crawler.gate import Gate, check_url
from crawler.manners import Manners, wait_asked
from crawler.scrapy_settings import CrawlSettings

__all__ = ["PRIVATE", "PROXY", "GatedHandler", "Stopped", "ToldToWait", "Traffic"]

T = TypeVar("T")

#: Seconds of downloading a request and the redirects before it have taken, in ``Request.meta``.
SPENT = "unsealed_spent"
#: A proxy (http://[user:password@]host:port) that a source's requests go by, in ``Request.meta``.
PROXY = "unsealed_proxy"
#: Names of headers that only the source's own site may see, in ``Request.meta``.
PRIVATE = "unsealed_private"


#: Header lines of one answer; browsers stop at 256 KiB, most servers send under 8. Twisted bounds each
#: line, not their number, and reads them on the loop.
HEAD_BYTES = 128 * 2**10


class Stopped(IgnoreRequest):
    """The gathering is being stopped."""


class ToldToWait(IgnoreRequest):
    """The host has asked to be left alone for a while; nothing was sent."""


@dataclass(slots=True)
class _Lane:
    """One host's turns."""

    free: asyncio.Semaphore
    next_at: float = 0.0


class Traffic:
    """What the crawls of one gathering share: the gate, whose turn it is, manners, and the brake."""

    def __init__(self, settings: CrawlSettings, manners: Manners, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self.manners = manners
        self.now = now
        self.gate = Gate(settings.allow)
        self.stopping = asyncio.Event()
        self._lanes: dict[str, _Lane] = {}
        self._roads = asyncio.Semaphore(settings.concurrency)
        self._running: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until ``host`` may be asked again, and hold one of its connections meanwhile."""
        lane = self._lanes.get(host)
        if lane is None:
            lane = self._lanes[host] = _Lane(asyncio.Semaphore(self.settings.per_host))
        clock = asyncio.get_running_loop().time
        async with lane.free:
            now = clock()
            start = max(now, lane.next_at)
            lane.next_at = start + self.settings.delay
            if start > now:
                await asyncio.sleep(start - now)
            async with self._roads:
                yield

    async def stoppable(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of ``work``; raise `Stopped` once the gathering is stopped.

        Scrapy never sees CancelledError: its bookkeeping would wait for ever.
        """
        if self.stopping.is_set():
            work.close()
            raise Stopped
        task = asyncio.ensure_future(work)
        self._running.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if self.stopping.is_set():
                raise Stopped from None
            raise
        finally:
            self._running.discard(task)

    def stop(self) -> None:
        """Start nothing more and break off what is under way."""
        self.stopping.set()
        for task in self._running:
            task.cancel()


@implementer(IHostnameResolver)
@implementer(IReactorPluggableNameResolver, IReactorTCP, IReactorTime)
class GatedReactor:
    """As much of a reactor as one request needs to connect; each connection passes the gate.

    Twisted's endpoints resolve the name with ``nameResolver`` and call ``connectTCP`` with
    each address found. Both are here, so the gate knows the name asked for and sees the very
    address that is connected to; whatever else an endpoint might connect by is missing.
    """

    def __init__(self, reactor: Any, gate: Gate, host: str | None = None) -> None:
        self._reactor = reactor
        self._gate = gate
        self._host = host or ""  # the name asked for, where it has been resolved already
        self.callLater = reactor.callLater
        self.seconds = reactor.seconds
        self.getDelayedCalls = reactor.getDelayedCalls

    @property
    def nameResolver(self) -> GatedReactor:  # noqa: N802 - Twisted's name
        """The reactor's resolver, by way of us."""
        return self

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Any = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        """Resolve ``hostName`` as the reactor does, and note it for the gate.

        Raises UnicodeError for what cannot be a host name ("a..b"): Twisted's resolver would
        leave the caller waiting.
        """
        hostName.encode("idna")
        self._host = self._host or hostName
        resolution: IHostResolution = self._reactor.nameResolver.resolveHostName(
            resolutionReceiver, hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution

    def connectTCP(  # noqa: N802 - Twisted's name
        self,
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30,
        bindAddress: IAddress | None = None,  # noqa: N803
    ) -> Any:
        """Connect to the address ``host``; raise GateError where that is not allowed."""
        self._gate.check(self._host or host, host, port)
        return self._reactor.connectTCP(host, port, factory, timeout, bindAddress)


class _GatedAgent(_ScrapyAgent):
    """Scrapy's way of doing one request, over `GatedReactor`; by a proxy only where its source has one.

    ``proxy_address`` is that proxy's, resolved and let pass.
    """

    def __init__(self, *, traffic: Traffic, proxy_address: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._traffic = traffic
        self._proxy_address = proxy_address

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        from twisted.internet import reactor

        shared: Any = {
            "reactor": GatedReactor(
                reactor, self._traffic.gate, urlsplit(request.meta.get(PROXY, "")).hostname
            ),
            "contextFactory": self._contextFactory,
            "connectTimeout": min(timeout, self._traffic.settings.connect_timeout),
            "pool": self._pool,
        }
        proxy = request.meta.get(PROXY)
        if not proxy:
            return _BindAddressAgent(**shared)
        parts = urlsplit(proxy)
        address, port = self._proxy_address, parts.port or 80
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        basic = b"Basic " + b64encode(login.encode()) if parts.username else None
        if urlparse_cached(request).scheme == "https":
            return _TunnelingAgent(proxyConf=(address, port, basic), **shared)
        if basic:
            request.headers[b"Proxy-Authorization"] = basic
        host = f"[{address}]" if ":" in address else address
        return _ScrapyProxyAgent(proxyURI=f"http://{host}:{port}".encode(), **shared)


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    """Scrapy's, which gives up on an answer whose headers never end."""

    _head = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Count ``data`` while headers are read, and pass it on."""
        if self._parser is not None and self._parser.state in {STATUS, HEADER}:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._giveUp(Failure(ParseError("Headers without end", b"")))  # type: ignore[no-untyped-call]
                return
        else:
            self._head = 0
        super().dataReceived(data)  # type: ignore[no-untyped-call]


class _BoundedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> _BoundedProtocol:  # noqa: N802 - Twisted's name
        return _BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class GatedHandler(HTTP11DownloadHandler):
    """Downloads http and https: in turn, through the gate, within the time left.

    The spider carries the gathering's `Traffic` as its attribute ``traffic``.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _BoundedFactory

    async def download_request(self, request: Request) -> Response:
        """Return the answer to ``request``, redirects not followed."""
        traffic: Traffic = self._crawler.spider.traffic  # type: ignore[union-attr]
        return await traffic.stoppable(self._in_turn(request, traffic))

    async def _in_turn(self, request: Request, traffic: Traffic) -> Response:
        host = urlparse_cached(request).hostname or ""
        clock = asyncio.get_running_loop().time
        async with traffic.turn(host):
            left = traffic.settings.timeout - request.meta.get(SPENT, 0.0)
            if left <= 0:
                raise DownloadTimeoutError
            if traffic.manners.waits_for(host, traffic.now()):
                raise ToldToWait(host)
            request.meta["download_timeout"] = left
            begun = clock()
            try:
                response = await self._fetch(request, traffic)
            finally:
                request.meta[SPENT] = request.meta.get(SPENT, 0.0) + clock() - begun
        until = wait_asked(response.status, plain_headers(response), traffic.now())
        if until is not None:
            traffic.manners.wait(host, until)
        return response

    async def _fetch(self, request: Request, traffic: Traffic) -> Response:
        check_url(request.url)
        agent = _GatedAgent(
            traffic=traffic,
            proxy_address=await _proxy_address(request, traffic.gate),
            contextFactory=self._contextFactory,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=0,
            fail_on_dataloss=True,
            crawler=self._crawler,
        )
        with wrap_twisted_exceptions():
            return await maybe_deferred_to_future(agent.download_request(request))


async def _proxy_address(request: Request, gate: Gate) -> str:
    """The address of the proxy that ``request`` goes by, "" for none. Raises GateError.

    Scrapy's tunnels connect to a name without asking our resolver, so it is resolved here. Beyond
    the proxy nobody can see which address is connected to: what can be checked is an address in
    the URL itself.
    """
    proxy = request.meta.get(PROXY)
    if not proxy:
        return ""
    gate.check_literal(urlparse_cached(request).hostname or "", urlparse_cached(request).port)
    parts = urlsplit(proxy)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, parts.port or 80, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise CannotResolveHostError(f"proxy {parts.hostname}") from error
    address = str(found[0][4][0])
    gate.check(parts.hostname or "", address, parts.port or 80)
    return address


def plain_headers(response: Response) -> dict[str, str]:
    """Header names in lower case with their first values, as text."""
    return {
        name.decode("latin-1").lower(): values[0].decode("latin-1")
        for name, values in response.headers.items()
        if values
    }

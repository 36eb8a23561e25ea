"""Scrapy's downloader middlewares, with loops named and hostile sizes bounded."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections import defaultdict
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from crawler.download import PRIVATE, PROXY
from crawler.gate import check_url

__all__ = ["Decompression", "RedirectLoop", "Redirects", "Robots", "RobotsForbid", "TooManyRedirects"]

#: RFC 9309 asks for at least 500 KiB of a robots.txt to be read. More is not rules but an attack
#: on the parser, which runs on the loop.
ROBOTS_BYTES = 500 * 2**10


#: Encodings stacked upon each other. One is usual, two happen by mistake.
_LAYERS = 3
_GZIP = b"\x1f\x8b\x08"

_log = logging.getLogger(__name__)


class RobotsForbid(IgnoreRequest):
    """The site's robots.txt forbids the address."""


class RedirectLoop(IgnoreRequest):
    """A redirect leads back to an address already asked."""


class TooManyRedirects(IgnoreRequest):
    """A chain of redirects is longer than the settings allow."""


class Redirects(RedirectMiddleware):
    """Scrapy's, with loops told from long chains, and no Referer header."""

    def _engine_started(self) -> None:
        """Without the parent's search for a Referer middleware: there is none."""

    def handle_referer(self, request: Request, response: Response) -> None:
        """Tell no site where we come from."""
        request.headers.pop("Referer", None)

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Follow a redirect. Raises AddressError for one to an address that nobody should go to.

        A backslash is looked for in the header as it came: Scrapy would quote it, and others read
        it as a slash.
        """
        if 300 <= response.status < 400 and b"\\" in (response.headers.get(b"Location") or b""):
            check_url("http://redirect/\\")
        return super().process_response(request, response)

    def _build_redirect_request(
        self, source_request: Request, response: Response, *, url: str, **kwargs: Any
    ) -> Request:
        """Scrapy's, without the headers that are meant for the source's own site alone."""
        redirected = super()._build_redirect_request(source_request, response, url=url, **kwargs)
        if _origin(redirected) != _origin(source_request):
            for name in source_request.meta.get(PRIVATE, ()):
                redirected.headers.pop(name, None)
        return redirected

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        hops = request.meta.get("redirect_times", 0)
        if redirected.url in {*request.meta.get("redirect_urls", ()), request.url}:
            raise RedirectLoop(f"after {hops + 1} redirects")
        if hops >= self.max_redirect_times:
            raise TooManyRedirects(f"more than {self.max_redirect_times}")
        check_url(redirected.url)
        return super()._redirect(redirected, request, reason)


class Robots(RobotsTxtMiddleware):
    """Scrapy's, with a refusal that can be told from others, and rules kept across gatherings.

    Errors fetching robots.txt mean the rules last known, if any, else "no rules", as in Scrapy:
    the request itself then meets the same server.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rules: dict[str, RobotParser] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of a request's site.

        Scrapy lets all requests that wait for one robots.txt share a Deferred, and the first to
        take its result leaves None to the others: they would be sent whatever it forbids. So they
        queue, and only the first finds it still missing.
        """
        url = urlparse_cached(request)
        site = f"{url.scheme}://{url.netloc}"
        async with self._turns[site]:
            if site not in self._rules:
                body = await self._body(site, request)
                # Beside the loop: rules for the parser may be an attack on it.
                self._rules[site] = await asyncio.to_thread(
                    build_from_crawler, self._parserimpl, self.crawler, body
                )
            return self._rules[site]

    async def _body(self, site: str, request: Request) -> bytes:
        traffic = self.crawler.spider.traffic  # type: ignore[union-attr]
        manners, now = traffic.manners, traffic.now
        known: bytes | None = manners.robots(site, now())
        if known is not None:
            return known
        meta: dict[str, Any] = {"dont_obey_robotstxt": True}
        if PROXY in request.meta:
            meta[PROXY] = request.meta[PROXY]
        asked = Request(
            f"{site}/robots.txt", priority=self.DOWNLOAD_PRIORITY, meta=meta, callback=NO_CALLBACK
        )
        rules: bytes | None = None
        try:
            response = await self.crawler.engine.download_async(asked)
        except Exception as error:
            if traffic.stopping.is_set():
                raise
            _log.debug("%s could not be had: %r", asked.url, error)
        else:
            if 200 <= response.status < 300:
                rules = response.body
                if len(rules) > ROBOTS_BYTES:  # half a line would be another rule
                    rules = rules[:ROBOTS_BYTES].rpartition(b"\n")[0]
            elif 400 <= response.status < 500 and response.status != 429:
                rules = b""  # RFC 9309: there are none
        manners.keep_robots(site, rules, now())
        return manners.robots(site, now()) or b""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raise `RobotsForbid` if ``rp`` forbids ``request``."""
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as error:
            raise RobotsForbid from error


class Decompression(HttpCompressionMiddleware):
    """Scrapy's, under its cap, for bodies that will be read, whatever their headers say of them.

    Others are left alone: a 304 has none, whatever encoding its headers name, and what is
    wrong with a 404 is not that its body is damaged.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return ``response`` decompressed if it is a good one."""
        if not 200 <= response.status < 300 or not response.body:
            return response
        encodings = b",".join(response.headers.getlist(b"Content-Encoding")).lower()
        if encodings.count(b",") >= _LAYERS:
            raise IgnoreRequest from ValueError("encoded over and over")
        if b"gzip" in encodings and encodings.count(b",") == 0 and not response.body.startswith(_GZIP[:2]):
            # Some servers name the encoding and forget to encode.
            response = response.replace(headers=_without(response, b"Content-Encoding"))
        try:
            answer = super().process_response(request, response)
        except IgnoreRequest:
            raise
        except Exception as error:
            # Each library has its own errors for a damaged body, and none of them in common.
            raise EOFError("damaged body") from error
        if isinstance(answer, Response) and answer.body.startswith(_GZIP):
            return self._unpacked(answer)
        return answer

    def _unpacked(self, response: Response) -> Response:
        """A body that is gzip though no header says so: a file served as it lies there."""
        unpacker = zlib.decompressobj(wbits=31)
        try:
            body = unpacker.decompress(response.body, self._max_size + 1)
        except zlib.error as error:
            raise EOFError("damaged gzip") from error
        if len(body) > self._max_size:
            raise IgnoreRequest from ValueError("larger than the cap when unpacked")
        if not unpacker.eof and not body:
            raise EOFError("gzip without content")
        return response.replace(body=body)


def _without(response: Response, header: bytes) -> Headers:
    headers = response.headers.copy()
    del headers[header]
    return headers


def _origin(request: Request) -> tuple[str, str]:
    url = urlparse_cached(request)
    return url.scheme, url.netloc

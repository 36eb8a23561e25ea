"""Scrapy's downloader middlewares, with loops named and hostile sizes bounded."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

__all__ = ["Decompression", "RedirectLoop", "Redirects", "Robots", "RobotsForbid", "TooManyRedirects"]

#: RFC 9309 asks for at least 500 KiB of a robots.txt to be read. More is not rules but an attack
#: on the parser, which runs on the loop.
ROBOTS_BYTES = 500 * 2**10


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

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        hops = request.meta.get("redirect_times", 0)
        if redirected.url in {*request.meta.get("redirect_urls", ()), request.url}:
            raise RedirectLoop(f"after {hops + 1} redirects")
        if hops >= self.max_redirect_times:
            raise TooManyRedirects(f"more than {self.max_redirect_times}")
        return super()._redirect(redirected, request, reason)


class Robots(RobotsTxtMiddleware):
    """Scrapy's, with a refusal that can be told from others and a bound on what is parsed.

    Errors fetching robots.txt mean "no rules", as in Scrapy: the request itself then meets
    the same server.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of a request's host, None for none.

        Scrapy lets all requests that wait for one robots.txt share a Deferred, and the first to
        take its result leaves None to the others: they would be sent whatever it forbids. So they
        queue, and only the first finds it still missing.
        """
        host = urlparse_cached(request).netloc
        async with self._turns[host]:
            try:
                return await super().robot_parser(request)
            except BaseException:
                # Cancelled: whoever asks next must not wait for an answer that never comes.
                self._parsers.pop(host, None)
                raise

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raise `RobotsForbid` if ``rp`` forbids ``request``."""
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as error:
            raise RobotsForbid from error

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        rules = response.body[:ROBOTS_BYTES] if 200 <= response.status < 300 else b""
        await super()._parse_robots(response.replace(body=rules), netloc, request)


class Decompression(HttpCompressionMiddleware):
    """Scrapy's, under its cap, for bodies that will be read.

    Others are left alone: a 304 has none, whatever encoding its headers name, and what is
    wrong with a 404 is not that its body is damaged.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return ``response`` decompressed if it is a good one."""
        if not 200 <= response.status < 300 or not response.body:
            return response
        return super().process_response(request, response)

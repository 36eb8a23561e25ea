"""Looking at an address: its body as it is, for finding out how a site publishes."""

from __future__ import annotations

from dataclasses import dataclass

from scrapy import Request
from scrapy.http import Response

from crawler import problems
from crawler.spiders.base import GatheringSpider
from crawler.spiders.polling import refusal
from pipeline.model import Problem

__all__ = ["Look", "ProbeSpider"]


@dataclass(frozen=True, slots=True)
class Look:
    """What an address answered: a body, or the problem."""

    asked: str
    url: str  # after redirects
    body: bytes = b""
    content_type: str = ""
    problem: Problem | None = None


class ProbeSpider(GatheringSpider[str, Look]):
    """Fetches addresses, whatever they hold."""

    name = "probe"
    accept = "text/html, application/xhtml+xml, application/atom+xml, application/rss+xml, */*;q=0.5"

    def request(self, errand: str) -> Request:
        """Ask for the address."""
        return Request(errand)

    async def read(self, errand: str, response: Response) -> Look:
        """Return the body as it is."""
        if problem := refusal(response, self.gathering.now()):
            return Look(errand, response.url, problem=problem)
        return Look(errand, response.url, response.body, problems.content_type(response))

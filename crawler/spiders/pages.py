"""Article pages: fetched, decoded as a browser would, and read beside the loop."""

from __future__ import annotations

from scrapy import Request
from scrapy.http import HtmlResponse, Response

from crawler import problems
from crawler.pages.workers import Readers
from crawler.spiders.base import Gathering, GatheringSpider
from crawler.spiders.polling import refusal
from pipeline.model import PageFetch, PageRequest, Problem

__all__ = ["PageGathering", "PageSpider"]


class PageGathering(Gathering[PageRequest, PageFetch]):
    """A gathering of pages, with the worker processes that read them."""

    readers: Readers


class PageSpider(GatheringSpider[PageRequest, PageFetch]):
    """Fetches article pages, each once."""

    name = "pages"
    gathering: PageGathering
    accept = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

    def request(self, errand: PageRequest) -> Request:
        """Ask for the article's URL."""
        return Request(errand.url)

    async def read(self, errand: PageRequest, response: Response) -> PageFetch:
        """Return the page, or the problem of what is none."""
        problem = refusal(response, self.gathering.now())
        if problem is None and not isinstance(response, HtmlResponse):
            kind = problems.content_type(response).partition(";")[0].strip() or "of unknown kind"
            problem = Problem("not-html", f"The answer is no web page but {kind}.", "Read it in a browser.")
        if problem is not None:
            return self.gathering.failed(errand, problem, response.status, self.seconds(response))
        assert isinstance(response, HtmlResponse)
        page = await self.gathering.readers.read(response.text, response.url, now=self.gathering.now())
        if isinstance(page, Problem):
            return self.gathering.failed(errand, page, response.status, self.seconds(response))
        return PageFetch(errand.article_id, self.gathering.now(), page=page)

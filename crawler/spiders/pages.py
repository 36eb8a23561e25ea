"""Article pages: fetched, decoded as a browser would, and read beside the loop."""

from __future__ import annotations

from scrapy import Request
from scrapy.http import HtmlResponse, Response

from crawler import problems
from crawler.pages import extract
from crawler.spiders.base import GatheringSpider
from crawler.spiders.polling import refusal
from pipeline.model import Page, PageFetch, PageRequest, Problem

__all__ = ["PageSpider"]


class PageSpider(GatheringSpider[PageRequest, PageFetch]):
    """Fetches article pages, each once."""

    name = "pages"
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
        html, now = response, self.gathering.now()

        def work() -> Page:
            return extract(html.text, html.url, now=now)

        page = await self.gathering.beside(work)
        return PageFetch(errand.article_id, self.gathering.now(), page=page)

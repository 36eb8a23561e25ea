"""``unsealed extract``: an article page as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from crawler.pages import extract
from pipeline.model import PageError

#: The same cap as for pages fetched from the network.
MAX_PAGE = 5 * 2**20


@click.command("extract")
@click.argument("page")
@click.option("--url", default=None, help="Where the page came from; needed to make relative links absolute.")
def command(page: str, url: str | None) -> None:
    """Read an article page (an HTML file, or - for stdin) and write it as JSON.

    \b
    Example:
      unsealed extract saved.html --url https://news.example/2026/open-model
    """
    try:
        stream = sys.stdin.buffer if page == "-" else Path(page).open("rb")  # noqa: SIM115
        with stream:
            body = stream.read(MAX_PAGE + 1)
    except OSError as error:
        raise PageError(f"it cannot be read ({error.strerror}).", about=page) from error
    if len(body) > MAX_PAGE:
        raise PageError(f"it is larger than {MAX_PAGE // 2**20} MiB.", about=page)
    from scrapy.http import HtmlResponse

    # The response class knows how browsers find out a page's encoding.
    found = extract(HtmlResponse(url or "http://localhost/", body=body).text, url)
    click.echo(
        json.dumps(
            {
                "url": url,
                "canonical_url": found.canonical_url or None,
                "title": found.title,
                "authors": list(found.authors),
                "published": found.published.isoformat() if found.published else None,
                "updated": found.updated.isoformat() if found.updated else None,
                "lang": found.language or None,
                "outlet": found.outlet or None,
                "image": found.image or None,
                "access": found.access or None,
                "text": found.text,
                "origins": dict(found.origins),
            },
            ensure_ascii=False,
            indent=2,
        )
    )

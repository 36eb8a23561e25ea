"""A kind of source is a value, a reader and a small spider; the recipe of docs/add-a-source-kind.md."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from crawler import gather as gathering
from crawler import readers
from crawler.reading import Collector, Draft, Reading
from crawler.spiders import POLL_SPIDERS
from crawler.spiders.polling import PollSpider
from pipeline.model import PollOutcome, Source, SourceKind

from .conftest import FaultyServer, Gatherer, answer, job

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("kind", SourceKind)
def test_every_kind_has_a_reader_and_a_spider_of_its_own_and_a_line_in_the_docs(kind: SourceKind) -> None:
    assert kind in readers._READERS
    assert POLL_SPIDERS[kind].kind is kind
    assert f"`{kind.value}`" in (DOCS / "sources.md").read_text()


def test_a_spider_is_one_small_class() -> None:
    for spider in POLL_SPIDERS.values():
        body = ast.parse(inspect.getsource(spider)).body[0]
        assert isinstance(body, ast.ClassDef)
        assert len(POLL_SPIDERS) == len({each.name for each in POLL_SPIDERS.values()})


def test_a_kind_added_by_the_recipe_is_polled(
    server: FaultyServer, gather: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LinesSpider(PollSpider):
        """A page of lines, each an address and a title."""

        name = "lines"
        kind = SourceKind.LISTING
        accept = "text/plain"

    def read_lines(
        source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
    ) -> Reading:
        collector = Collector(source.id, limit)
        for line in body.decode().splitlines():
            link, _, title = line.partition(" ")
            collector.add(Draft(link=link, base=url, title=title))
        return Reading(collector.entries(), collector.problem())

    spiders: Mapping[SourceKind, type[PollSpider]] = {**POLL_SPIDERS, SourceKind.LISTING: LinesSpider}
    monkeypatch.setattr(gathering, "POLL_SPIDERS", MappingProxyType(spiders))
    monkeypatch.setattr(readers, "_READERS", {**readers._READERS, SourceKind.LISTING: read_lines})
    server.answers["/lines"] = answer(200, b"/one First\n/two Second", Content_Type="text/plain")
    poll = gather.poll(job("lines", server.url("/lines"), kind=SourceKind.LISTING))
    assert poll.outcome is PollOutcome.OK
    assert [(entry.url, entry.title) for entry in poll.entries] == [
        (server.url("/one"), "First"),
        (server.url("/two"), "Second"),
    ]
    assert server.visits[0].headers["accept"] == "text/plain"

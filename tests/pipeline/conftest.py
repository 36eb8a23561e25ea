from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.archive import Archive
from tests.pipeline.builders import source


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    """A new archive with three sources, on each database."""
    with Archive.open(archive_url) as archive:
        archive.gathering.sync_sources(
            [source(), source("zhi-bao", language="zh"), source("labor", language="de")]
        )
        yield archive

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.archive import Archive
from tests.pipeline.builders import source


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """A new archive with three sources."""
    with Archive.open(f"sqlite:///{tmp_path}/archive.db") as archive:
        archive.gathering.sync_sources(
            [source(), source("zhi-bao", language="zh"), source("labor", language="de")]
        )
        yield archive

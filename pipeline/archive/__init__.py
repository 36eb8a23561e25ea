"""The archive: everything gathered, judged, grouped and sent, in one database.

with Archive.open("sqlite:///unsealed.db") as archive:
    for hit in archive.find('licence:mit since:7d'):
        print(hit.title, hit.url)
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from pipeline.archive.database import Database
from pipeline.archive.gathering import Gathering
from pipeline.archive.judging import Judging
from pipeline.archive.ledger import Editions, Ledger
from pipeline.archive.material import Material
from pipeline.archive.promising import Promising
from pipeline.archive.query import parse
from pipeline.archive.runs import Runs
from pipeline.archive.search import FoundAnnouncement, Hit, Search
from pipeline.archive.storying import Storying

__all__ = ["Archive", "FoundAnnouncement", "Hit"]


class Archive:
    """One database, seen from each station's side."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.gathering = Gathering(database)
        self.judging = Judging(database)
        self.storying = Storying(database)
        self.promising = Promising(database)
        self.material = Material(database)
        self.editions = Editions(database)
        self.ledger = Ledger(database)
        self.runs = Runs(database)
        self.search = Search(database)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open ``sqlite:///path`` or ``postgresql://user@host/database``; an older one is upgraded.

        With ``create`` a missing one is made. Raises ArchiveError.
        """
        return cls(Database.open(url, create=create))

    @property
    def name(self) -> str:
        """The file it is kept in, or the server's URL without its password."""
        return self._database.name

    @property
    def database(self) -> Database:
        """What lies beneath, for upkeep: export, backup, pruning, checks."""
        return self._database

    def find(self, query: str, *, limit: int = 50, now: datetime | None = None) -> tuple[Hit, ...]:
        """Articles that fit a query such as ``licence:mit who:deepseek since:7d "video model"``.

        Newest first. ``now`` anchors relative times. Raises QueryError, which quotes what it cannot read.
        """
        return self.search.articles(parse(query, now or datetime.now(UTC)), limit=limit)

    def close(self) -> None:
        """Give up the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

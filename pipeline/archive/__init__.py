"""The archive: everything gathered, judged, grouped and sent, in one database.

with Archive.open("sqlite:///unsealed.db") as archive:
    for hit in archive.search("licence:mit since:7d"):
        print(hit.title, hit.url)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline.archive.database import Database
from pipeline.archive.query import parse
from pipeline.archive.query_keys import Of
from pipeline.archive.query_tree import Query
from pipeline.archive.search import Page, Searching, Sort
from pipeline.archive.search_groups import Group
from pipeline.archive.search_rows import FoundAnnouncement, FoundPromise, FoundStory, Hit

if TYPE_CHECKING:
    from pipeline.archive.correcting import Correcting
    from pipeline.archive.gathering import Gathering
    from pipeline.archive.judging import Judging
    from pipeline.archive.ledger import Editions, Ledger
    from pipeline.archive.material import Material
    from pipeline.archive.promising import Promising
    from pipeline.archive.reclassifying import Reclassifying
    from pipeline.archive.runs import Runs
    from pipeline.archive.showing import Shown, ShownArticle, ShownPromise, ShownStory
    from pipeline.archive.storying import Storying

__all__ = [
    "Archive",
    "FoundAnnouncement",
    "FoundPromise",
    "FoundStory",
    "Group",
    "Hit",
    "Of",
    "Page",
    "Shown",
    "ShownArticle",
    "ShownPromise",
    "ShownStory",
    "Sort",
]

#: Rows read at once while a caller iterates: one short transaction each.
_PAGE = 200


class Archive:
    """One database, seen from each station's side; ``search`` and its sisters are the reader's.

    Queries are those of ``unsealed search``. ``now`` (aware; default: the present) is what
    relative times count from. All methods raise ArchiveError when the database cannot be read,
    and QueryError, which names the place, when a query cannot.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # A station is imported when it is first asked for: a search needs none of them, and together they
    # take longer to import than it takes.

    @cached_property
    def gathering(self) -> Gathering:
        """The crawler's side."""
        from pipeline.archive.gathering import Gathering

        return Gathering(self._database)

    @cached_property
    def judging(self) -> Judging:
        """The classifier's side."""
        from pipeline.archive.judging import Judging

        return Judging(self._database)

    @cached_property
    def correcting(self) -> Correcting:
        """The side of who corrects a verdict."""
        from pipeline.archive.correcting import Correcting

        return Correcting(self._database)

    @cached_property
    def reclassifying(self) -> Reclassifying:
        """The side of judging stored articles anew."""
        from pipeline.archive.reclassifying import Reclassifying

        return Reclassifying(self._database)

    @cached_property
    def storying(self) -> Storying:
        """The grouper's side."""
        from pipeline.archive.storying import Storying

        return Storying(self._database)

    @cached_property
    def promising(self) -> Promising:
        """The promise keeper's side."""
        from pipeline.archive.promising import Promising

        return Promising(self._database)

    @cached_property
    def material(self) -> Material:
        """The digest maker's side."""
        from pipeline.archive.material import Material

        return Material(self._database)

    @cached_property
    def editions(self) -> Editions:
        """Decided editions."""
        from pipeline.archive.ledger import Editions

        return Editions(self._database)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of deliveries."""
        from pipeline.archive.ledger import Ledger

        return Ledger(self._database)

    @cached_property
    def runs(self) -> Runs:
        """The log of runs."""
        from pipeline.archive.runs import Runs

        return Runs(self._database)

    @cached_property
    def searching(self) -> Searching:
        """The reader's side, with parsed queries."""
        return Searching(self._database)

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

    def search(
        self,
        query: str = "",
        *,
        limit: int | None = None,
        sort: Sort | str = Sort.NEWEST,
        now: datetime | None = None,
    ) -> Iterator[Hit]:
        """Articles that fit a query such as ``licence:mit who:deepseek since:7d "video model"``.

        Read from the database while you iterate, newest first (or ``sort="relevance"``: of the
        newest few thousand), all of them or ``limit``.
        """
        return self._rows(query, Of.ARTICLE, limit, Sort(sort), now)

    def announcements(
        self, query: str = "", *, limit: int | None = None, now: datetime | None = None
    ) -> Iterator[FoundAnnouncement]:
        """Openings that fit, newest first; filters on facts hold for the very opening given."""
        return self._rows(query, Of.ANNOUNCEMENT, limit, Sort.NEWEST, now)

    def stories(
        self, query: str = "", *, limit: int | None = None, now: datetime | None = None
    ) -> Iterator[FoundStory]:
        """Stories that fit, latest first told first; words and outlets are those of any of their articles."""
        return self._rows(query, Of.STORY, limit, Sort.NEWEST, now)

    def promises(
        self, query: str = "", *, limit: int | None = None, now: datetime | None = None
    ) -> Iterator[FoundPromise]:
        """Promises that fit, the latest made first."""
        return self._rows(query, Of.PROMISE, limit, Sort.NEWEST, now)

    def page(
        self,
        query: str = "",
        *,
        of: Of | str = Of.ARTICLE,
        limit: int = 50,
        after: str = "",
        sort: Sort | str = Sort.NEWEST,
        now: datetime | None = None,
    ) -> Page[Any]:
        """``limit`` rows, and where to go on (``after``): for pages on a screen."""
        return self.searching.page(_parsed(query, now), Of(of), limit=limit, after=after, sort=Sort(sort))

    def count(self, query: str = "", *, of: Of | str = Of.ARTICLE, now: datetime | None = None) -> int:
        """How many articles, announcements, stories or promises fit."""
        return self.searching.count(_parsed(query, now), Of(of))

    def group(
        self, query: str = "", *, by: str, of: Of | str = Of.ARTICLE, now: datetime | None = None
    ) -> tuple[Group, ...]:
        """How many fit by value (``licence``, ``who``, ``outlet`` …), largest first, or by time
        (``day``, ``week``, ``month``, ``year``), oldest first.
        """
        return self.searching.group(_parsed(query, now), by, Of(of))

    def show(self, reference: str) -> Shown:
        """Everything known of an article (``12`` or its URL), a story (``s12``) or a promise (``p12``)."""
        from pipeline.archive.showing import Showing

        return Showing(self._database).show(reference)

    def _rows(self, query: str, of: Of, limit: int | None, sort: Sort, now: datetime | None) -> Iterator[Any]:
        parsed = _parsed(query, now)  # here and not in the generator: a wrong query is told at once
        first = self.searching.page(
            parsed, of, limit=_PAGE if limit is None else max(1, min(limit, _PAGE)), sort=sort
        )
        return self._following(first, parsed, of, limit, sort)

    def _following(
        self, page: Page[Any], query: Query, of: Of, limit: int | None, sort: Sort
    ) -> Iterator[Any]:
        given = 0
        while True:
            for row in page.rows:
                if limit is not None and given >= limit:
                    return
                given += 1
                yield row
            if not page.after or (limit is not None and given >= limit):
                return
            page = self.searching.page(query, of, limit=_PAGE, after=page.after, sort=sort)

    def close(self) -> None:
        """Give up the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _parsed(query: str, now: datetime | None) -> Query:
    return parse(query, now or datetime.now(UTC))


def __getattr__(name: str) -> Any:
    """What ``show`` gives, imported when it is asked for."""
    if name.startswith("Shown") and name in __all__:
        from pipeline.archive import showing

        return getattr(showing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

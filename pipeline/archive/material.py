"""What an edition may be made of, read in one consistent view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.schema import articles, stories, story_articles, verdicts
from pipeline.model import Brief, Kind, Openness, TrendWeek

#: Kinds that are worth a line when nothing was opened.
_BRIEF_KINDS = (Kind.DISCUSSION, Kind.UPDATE)


class Material:
    """Queries of the digest's maker."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def briefs(self, since: datetime, until: datetime, limit: int = 200) -> tuple[Brief, ...]:
        """Updates and discussion of open AI in the period that hang on no story, newest first."""
        query = (
            sa.select(articles, verdicts.c.kind)
            .join(verdicts, verdicts.c.id == articles.c.verdict_id)
            .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
            .where(
                articles.c.dated > since,
                articles.c.dated <= until,
                verdicts.c.kind.in_([k.value for k in _BRIEF_KINDS]),
                story_articles.c.story_id.is_(None),
            )
            .order_by(articles.c.dated.desc(), articles.c.id.desc())
            .limit(limit)
        )
        with self._db.read() as tx:
            return tuple(
                Brief(r.title, r.url, r.outlet, r.language, Kind(r.kind), r.dated) for r in tx.execute(query)
            )

    def trend(self, until: datetime, weeks: int = 8) -> tuple[TrendWeek, ...]:
        """Stories opened in each of the last ISO weeks by openness, oldest first, free-access left out."""
        this_monday = _monday(until)
        first = this_monday - timedelta(weeks=weeks - 1)
        query = sa.select(stories.c.first_dated, stories.c.openness).where(
            stories.c.stage == Kind.RELEASED.value,
            stories.c.openness != Openness.FREE_ACCESS.value,
            stories.c.first_dated >= datetime.combine(first, datetime.min.time(), until.tzinfo),
            stories.c.first_dated <= until,
        )
        counts: Mapping[date, dict[Openness, int]] = defaultdict(lambda: defaultdict(int))
        with self._db.read() as tx:
            for row in tx.execute(query):
                counts[_monday(row.first_dated)][Openness(row.openness)] += 1
        mondays = (first + timedelta(weeks=i) for i in range(weeks))
        return tuple(TrendWeek(monday, dict(counts.get(monday, {}))) for monday in mondays)

    def articles_between(self, since: datetime, until: datetime) -> int:
        """How many articles of the period are stored."""
        query = (
            sa.select(sa.func.count())
            .select_from(articles)
            .where(articles.c.dated > since, articles.c.dated <= until)
        )
        with self._db.read() as tx:
            return tx.scalar(query) or 0


def _monday(moment: datetime) -> date:
    return (moment - timedelta(days=moment.weekday())).date()

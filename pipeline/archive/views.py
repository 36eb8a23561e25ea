"""The read views: what people and other programs may query. Their columns are the public contract.

Tables beneath them may change with any version; a column of a view is only ever added. Explained in
docs/schema.md (a test keeps the two equal), on PostgreSQL also as comments of the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipeline.archive.schema import (
    announcements,
    articles,
    deliveries,
    editions,
    promises,
    sources,
    stories,
    story_articles,
    verdicts,
)


@dataclass(frozen=True, slots=True)
class View:
    """A view's columns with a sentence each, and the query that fills it, columns in the same order."""

    name: str
    about: str
    columns: Mapping[str, str]
    query: sa.Select[*tuple[Any, ...]]

    @property
    def table(self) -> sa.TableClause:
        """The view as something to select from, its columns typed."""
        typed = (sa.column(c.name, c.type) for c in self.query.selected_columns)
        return sa.table(self.name, *typed)


def _view(
    name: str, about: str, columns: Mapping[str, tuple[sa.ColumnElement[object], str]], source: sa.FromClause
) -> View:
    chosen = [column.label(label) for label, (column, _) in columns.items()]
    explained = {label: sentence for label, (_, sentence) in columns.items()}
    query = sa.select(*chosen).select_from(source)
    return View(name, about, explained, query)


_a, _v, _n, _s, _m = articles.c, verdicts.c, announcements.c, stories.c, story_articles.c
_judged = articles.outerjoin(verdicts, verdicts.c.id == articles.c.verdict_id).outerjoin(
    story_articles, story_articles.c.article_id == articles.c.id
)
#: Only what the verdict in force says; an earlier verdict's announcements stay out.
_announced = announcements.join(
    articles,
    sa.and_(articles.c.id == announcements.c.article_id, articles.c.verdict_id == announcements.c.verdict_id),
).outerjoin(story_articles, story_articles.c.article_id == articles.c.id)

_ARTICLES = _view(
    "articles_v",
    "Every stored article with the verdict in force.",
    {
        "id": (_a.id, "Number of the article."),
        "title": (_a.title, "Headline as its source lists it."),
        "summary": (_a.summary, "Summary from the source, as plain text; empty if it gives none."),
        "text": (_a.text, "Full text of the page; empty while the page has not been fetched."),
        "url": (_a.url, "Address as the source lists it."),
        "canonical_url": (
            _a.canonical_url,
            "The same address without tracking and other accidents; unique.",
        ),
        "source": (_a.source_id, "Id of the source that listed it first (sources_v.id)."),
        "outlet": (_a.outlet, "Name of the outlet."),
        "category": (_a.category, "Category of the source, such as press, lab_blog or release_hub."),
        "organisation": (_a.organisation, "Organisation that speaks for itself there; empty for the press."),
        "country": (_a.country, "ISO 3166 code of the outlet's country; empty if unknown."),
        "language": (_a.language, "BCP 47 tag of its language; empty if unknown."),
        "authors": (_a.authors, "Authors' names, a JSON array."),
        "tags": (_a.tags, "The source's own tags, a JSON array."),
        "published": (_a.published, "When it was published, by its source; null if it does not say."),
        "updated": (_a.updated, "When it was last changed, by its source; null if it does not say."),
        "first_seen": (_a.first_seen, "When it was stored."),
        "dated": (_a.dated, "published, else first_seen: the time to sort and filter by."),
        "page": (_a.page_state, "none, fetched or failed: whether its page has been read."),
        "kind": (
            _v.kind,
            "released, planned, reversed, update, discussion or other; null until it is judged.",
        ),
        "tagged": (_v.tagged, "Whether it tells of an opening (SQLite: 1 and 0); null until it is judged."),
        "probability": (_v.probability, "How likely it tells of an opening, 0 to 1."),
        "basis": (_v.basis, "What was judged: summary (title and summary) or text (with the page's text)."),
        "model": (_v.model, "Version of the model that judged."),
        "story": (_m.story_id, "Story it belongs to (stories_v.id); null if none."),
        "role": (_m.role, "cover: it tells the story; rel: it is about it."),
    },
    _judged,
)

_ANNOUNCEMENTS = _view(
    "announcements_v",
    "Openings read out of articles, a row each; a round-up has many.",
    {
        "id": (_n.id, "Number of the announcement; new when its article is judged again."),
        "article": (_n.article_id, "Article it was read from (articles_v.id)."),
        "story": (_m.story_id, "Story of that article (stories_v.id); null if none."),
        "position": (_n.position, "Its place among the article's announcements, from 0."),
        "who": (_n.who, "Who opens, a JSON array of names."),
        "what": (_n.what, "What is opened, a JSON array of names."),
        "type": (_n.type, "model, dataset, code and so on."),
        "stage": (_n.stage, "released, planned or reversed."),
        "openness": (_n.openness, "How open it is by its licence and parts."),
        "claimed": (_n.claimed, "How open its maker calls it, where that differs; else null."),
        "licence": (_n.licence, "SPDX id, or LicenseRef- id, of its licence; null if not said."),
        "due": (_n.due, "Day it is promised for (planned ones); null if not said."),
        "evidence": (_n.evidence, "The sentence it was read from."),
        "evidence_field": (_n.evidence_field, "Where that sentence stands: title, summary or text."),
        "evidence_start": (
            _n.evidence_start,
            "Offset of its first character in that field, from 0.",
        ),
        "evidence_end": (_n.evidence_end, "Offset behind its last character."),
        "title": (_a.title, "Headline of the article."),
        "url": (_a.url, "Address of the article."),
        "outlet": (_a.outlet, "Outlet of the article."),
        "source": (_a.source_id, "Source of the article (sources_v.id)."),
        "language": (_a.language, "Language of the article."),
        "country": (_a.country, "Country of the outlet."),
        "dated": (_a.dated, "When the article was published, else first seen."),
    },
    _announced,
)

_STORIES = _view(
    "stories_v",
    "All coverage of one announcement, in any language, with its facts merged.",
    {
        "id": (_s.id, "Number of the story."),
        "title": (_s.title, "Headline of its best article."),
        "url": (_s.url, "Address of its best article."),
        "stage": (_s.stage, "released, planned or reversed."),
        "openness": (_s.openness, "How open it is, by its articles taken together."),
        "claimed": (_s.claimed, "How open its maker calls it, where that differs; else null."),
        "licence": (_s.licence, "SPDX id, or LicenseRef- id; null if no article says."),
        "who": (_s.who, "Who opens, a JSON array of names."),
        "what": (_s.what, "What is opened, a JSON array of names."),
        "type": (_s.type, "model, dataset, code and so on."),
        "evidence": (_s.evidence, "The sentence that says it best."),
        "outlets": (_s.outlets, "How many outlets tell it."),
        "articles": (_s.articles, "How many articles tell it."),
        "verified": (_s.verified, "Whether the artefact itself was seen at a release hub (SQLite: 1 and 0)."),
        "first_dated": (_s.first_dated, "Time of its earliest article."),
        "last_dated": (_s.last_dated, "Time of its latest article."),
        "first_seen": (_s.first_seen, "When the story was opened here."),
    },
    stories,
)

_p = promises.c
_PROMISES = _view(
    "promises_v",
    "Planned openings and what became of them.",
    {
        "id": (_p.id, "Number of the promise."),
        "story": (_p.story_id, "Story that tells of the plan (stories_v.id)."),
        "who": (_p.who, "Who promised, a JSON array of names."),
        "what": (_p.what, "What was promised, a JSON array of names."),
        "said_at": (_p.said_at, "When it was said."),
        "due": (_p.due, "Last day by which it was promised; null if no time was named."),
        "state": (_p.state, "open, kept, overdue or withdrawn."),
        "quote": (_p.quote, "The sentence that promises."),
        "url": (_p.url, "Article the sentence stands in."),
        "outlet": (_p.outlet, "Outlet of that article."),
        "changed_at": (_p.changed_at, "When its state last changed."),
        "kept_by": (_p.kept_by, "Story that keeps it (stories_v.id); null while none does."),
    },
    promises,
)

_o = sources.c
_SOURCES = _view(
    "sources_v",
    "Places that are or were polled, as their last poll left them.",
    {
        "id": (_o.id, "Id of the source, as in the catalogue or the user's file."),
        "name": (_o.name, "Name of the outlet."),
        "kind": (_o.kind, "feed, listing, sitemap and so on: how it is read."),
        "url": (_o.url, "Address that is polled."),
        "homepage": (_o.homepage, "Address for people; empty if not given."),
        "category": (_o.category, "Category, such as press, lab_blog or release_hub."),
        "language": (_o.language, "BCP 47 tag of its language; empty if it has several."),
        "country": (_o.country, "ISO 3166 code of its country; empty if unknown."),
        "organisation": (_o.organisation, "Organisation that speaks for itself there; empty for the press."),
        "active": (_o.active, "Whether it is polled now (SQLite: 1 and 0)."),
        "polled_at": (_o.polled_at, "When it was last polled; null if never."),
        "ok_at": (_o.ok_at, "When it last answered as it should; null if never."),
        "failures": (_o.failures, "Polls that failed since."),
        "problem_code": (_o.problem_code, "Code of the present problem; empty if there is none."),
        "problem": (_o.problem, "The present problem in words; empty if there is none."),
        "problem_since": (_o.problem_since, "When it began; null if there is none."),
    },
    sources,
)

_d, _e = deliveries.c, editions.c
_DELIVERIES = _view(
    "deliveries_v",
    "One edition to one recipient of one channel, a row each: who was sent what, and how it went.",
    {
        "id": (_d.id, "Number of the delivery."),
        "edition": (_d.edition_id, "Number of the edition."),
        "subscription": (_e.subscription, "Subscription the edition is of."),
        "slot": (_e.slot, "Kind and local day of the edition, such as daily:2026-11-23."),
        "since": (_e.since, "Begin of the period the edition covers."),
        "until": (_e.until, "End of that period."),
        "channel": (_d.channel, "Channel it goes through, by its name in the settings."),
        "recipient": (_d.recipient, "Mail address, or the channel's own name."),
        "state": (_d.state, "pending, sending, sent, unknown or failed."),
        "attempts": (_d.attempts, "How often it was tried."),
        "parts_sent": (_d.parts_sent, "Messages of a split post that were taken."),
        "message_id": (_d.message_id, "Message-ID of the mail; the same at each attempt."),
        "error": (_d.error, "Why the last attempt failed; empty if it did not."),
        "permanent": (_d.permanent, "Whether it was refused for good (SQLite: 1 and 0)."),
        "updated_at": (_d.updated_at, "When the state last changed."),
    },
    deliveries.join(editions, editions.c.id == deliveries.c.edition_id),
)

#: Every view, by name.
VIEWS: Mapping[str, View] = {
    v.name: v for v in (_ARTICLES, _ANNOUNCEMENTS, _STORIES, _PROMISES, _SOURCES, _DELIVERIES)
}


def create(tx: sa.Connection) -> None:
    """Make the views."""
    for view in VIEWS.values():
        query = view.query.compile(tx, compile_kwargs={"literal_binds": True})
        tx.exec_driver_sql(f"CREATE VIEW {view.name} AS {query}")
        if tx.dialect.name == "postgresql":
            _comment(tx, view)


def drop(tx: sa.Connection) -> None:
    """Remove the views, those of any version."""
    for view in VIEWS.values():
        tx.exec_driver_sql(f"DROP VIEW IF EXISTS {view.name}")


def _comment(tx: sa.Connection, view: View) -> None:
    remarks = {f"VIEW {view.name}": view.about} | {
        f'COLUMN {view.name}."{column}"': sentence for column, sentence in view.columns.items()
    }
    for what, sentence in remarks.items():
        quoted = sentence.replace("'", "''")
        tx.execute(sa.text(f"COMMENT ON {what} IS '{quoted}'".replace(":", "\\:")))

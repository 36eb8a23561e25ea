from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from typing import Any

import pytest

from crawler.readers import Reading, read_source
from pipeline.model import FeedError, Source, SourceKind

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SEARCH = "https://hn.example/api/v1/search_by_date?tags=story&query=open"
SUB = "https://www.reddit.example/r/models/.rss"
HIT = {
    "objectID": "4711",
    "title": "Kite 2 is open",
    "url": "https://kite.example/open?utm_source=hn",
    "points": 120,
    "num_comments": 45,
    "created_at": "2026-11-24T10:00:00Z",
    "author": "ada",
}


def hackernews(found: Any) -> Reading:
    source = Source("hn", "HN", SourceKind.HACKERNEWS, SEARCH)
    return read_source(
        source, json.dumps(found).encode(), url=SEARCH, content_type="application/json", now=NOW
    )


def reddit(content: str) -> Reading:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>models</title><entry><author><name>/u/ada</name></author>'
        f'<content type="html">{escape(content)}</content><id>t3_abc</id><link href="https://www.reddit.com/r/models/comments/abc/kite/"/>'
        "<updated>2026-11-24T10:00:00+00:00</updated><title>Kite 2 is open</title></entry></feed>"
    )
    return read_source(
        Source("r", "R", SourceKind.REDDIT, SUB), body.encode(), url=SUB, content_type="", now=NOW
    )


def test_a_story_on_hacker_news_leads_to_the_page_it_is_about() -> None:
    (entry,) = hackernews({"hits": [HIT]}).entries
    assert (entry.guid, entry.canonical_url) == ("hn:4711", "https://kite.example/open")
    assert entry.summary == "On Hacker News: 120 points, 45 comments."
    assert (entry.authors, entry.published) == (("ada",), datetime(2026, 11, 24, 10, tzinfo=UTC))


def test_a_question_on_hacker_news_leads_to_its_discussion() -> None:
    (entry,) = hackernews({"hits": [HIT | {"url": None, "story_text": "<p>Which licence?</p>"}]}).entries
    assert (entry.url, entry.summary) == ("https://news.ycombinator.com/item?id=4711", "Which licence?")


@pytest.mark.parametrize("found", [[], {}, {"hits": 3}, "x", None])
def test_what_is_no_list_of_stories_is_refused(found: object) -> None:
    with pytest.raises(FeedError, match="list of stories"):
        hackernews(found)


JUNK = [None, 7, "x", [], {}, {"objectID": 3}, {"objectID": "x"}, {"objectID": "1", "title": 5}, {"objectID": "2", "title": ""},
        {"objectID": "3", "title": "t", "url": "javascript:x()"}, {"objectID": "4", "title": "t", "created_at": [], "points": "many"}]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_junk_costs_at_most_its_story(junk: object) -> None:
    assert "hn:4711" in {entry.guid for entry in hackernews({"hits": [junk, HIT]}).entries}


def test_a_post_on_reddit_leads_to_the_page_posted_and_loses_its_signature() -> None:
    signature = '&#32; submitted by &#32; <a href="https://www.reddit.com/user/ada">/u/ada</a> <br/> <span><a href="{}">[link]</a></span> &#32; <span><a href="https://www.reddit.com/x">[comments]</a></span>'
    (entry,) = reddit(
        "<p>Weights are up.</p>" + signature.format("https://kite.example/a?x=1&amp;y=2")
    ).entries
    assert (entry.url, entry.summary) == ("https://kite.example/a?x=1&y=2", "Weights are up.")
    (own,) = reddit(
        "<p>Thoughts?</p>" + signature.format("https://www.reddit.com/r/models/comments/abc/kite/")
    ).entries
    assert (own.url, own.summary) == ("https://www.reddit.com/r/models/comments/abc/kite/", "Thoughts?")

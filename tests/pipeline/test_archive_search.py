from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.archive import Archive
from pipeline.archive.query import parse
from pipeline.archive.words import phrase, segment
from pipeline.model import Kind, Openness, QueryError
from tests.pipeline.builders import NOW, announcement, entry, hours_ago, poll, verdict

TITLES = {
    "en": "GPT-4o rival: Llama 3.1 fine-tune opened under Apache-2.0, it's fast AND small",
    "cpp": "A C++ inference engine",
    "zh": "晨星智能宣布开源视频模型",
    "ja": "新しい大規模言語モデルを公開",
    "ko": "한국어 모델을 오픈소스로 공개했다",
    "de": "Offene Gewichte für Übersetzer",
}


@pytest.fixture
def stocked(archive: Archive) -> Archive:
    archive.gathering.save_poll(
        poll(*(entry(slug, title=title, summary="") for slug, title in TITLES.items()))
    )
    judged = []
    for article in archive.judging.due("m", 100):
        slug = article.url.rsplit("/", 1)[1]
        if slug == "en":
            told = (announcement(), announcement(who=("Baidu",), licence=None, openness=Openness.FREE_ACCESS))
            judged.append((article, verdict(Kind.RELEASED, *told, model="m")))
        else:
            judged.append((article, verdict(Kind.OTHER, model="m")))
    archive.judging.save(judged, NOW)
    return archive


def slugs(archive: Archive, query: str) -> set[str]:
    return {hit.url.rsplit("/", 1)[1] for hit in archive.find(query, now=NOW)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("GPT-4o", {"en"}),
        ("apache-2.0", {"en"}),
        ("llama 3.1", {"en"}),
        ("C++", {"cpp"}),
        ("it's", {"en"}),
        ("AND", {"en"}),
        ("开源", {"zh"}),
        ("模型", {"zh"}),
        ("公開", {"ja"}),
        ("모델", {"ko"}),
        ("ubersetzer", {"de"}),
        ('"inference engine"', {"cpp"}),
        ('"engine inference"', set()),
        ("", set(TITLES)),
        ("- ''", set(TITLES)),
        ("-模型 -모델", {"en", "cpp", "ja", "de"}),
        ("tagged:yes", {"en"}),
        ("tagged:no", set(TITLES) - {"en"}),
        ("kind:other llama", set()),
        ("licence:apache", {"en"}),
        ("licence:apache-2.0", {"en"}),
        ("licence:apa", set()),
        ("who:baidu", {"en"}),
        ("who:northlight,nobody", {"en"}),
        ("-who:northlight", set(TITLES) - {"en"}),
        ("what:aurora", {"en"}),
        ("openness:free-access", {"en"}),
        ("type:model", {"en"}),
        ("outlet:daily", set(TITLES)),
        ("source:zhi-bao", set()),
        ("lang:EN", set(TITLES)),
        ("since:1h", set()),
        ("since:3h until:now", set(TITLES)),
        ("story:7", set()),
        ("-story:7", set(TITLES)),
    ],
)
def test_what_users_type_is_found(stocked: Archive, query: str, expected: set[str]) -> None:
    assert slugs(stocked, query) == expected
    assert stocked.search.count(parse(query, NOW)) == len(expected)


def test_filters_on_facts_hold_for_the_announcement_shown(stocked: Archive) -> None:
    (found,) = stocked.search.announcements(parse("who:baidu", NOW))
    assert (found.who, found.openness, found.licence) == (("Baidu",), "free-access", None)
    assert len(stocked.search.announcements(parse("llama", NOW))) == 2
    assert stocked.search.announcements(parse("who:baidu licence:apache", NOW)) == ()


def test_hits_come_newest_first(archive: Archive) -> None:
    archive.gathering.save_poll(
        poll(entry("old", published=hours_ago(9)), entry("new", published=hours_ago(1)))
    )
    assert [h.url.rsplit("/", 1)[1] for h in archive.find("")] == ["new", "old"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_no_words_are_an_error_to_the_index(stocked: Archive, text: str) -> None:
    try:
        stocked.find(text, now=NOW)
    except QueryError as error:
        assert error.message  # the query language may refuse, SQLite may not


@given(st.text(max_size=80))
def test_segmenting_twice_changes_nothing_and_a_phrase_is_one_literal(text: str) -> None:
    assert segment(segment(text)) == segment(text)
    literal = phrase(text)
    assert literal == "" or (
        literal[0] == literal[-1] == '"' and literal[1:-1].replace('""', "").count('"') == 0
    )

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.archive.query import KEYS, Filter, Term, parse
from pipeline.model import QueryError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_words_phrases_filters_and_minus_are_told_apart() -> None:
    query = parse('licence:mit,apache who:"Hugging Face" "video model" -tutorial -lang:zh agents', NOW)
    assert query.terms == (Term("video model"), Term("tutorial", negated=True), Term("agents"))
    assert query.filters == (
        Filter("licence", ("mit", "apache")),
        Filter("who", ("Hugging Face",)),
        Filter("lang", ("zh",), negated=True),
    )


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("since:7d", datetime(2026, 11, 16, 12, tzinfo=UTC), None),
        ("since:24h", datetime(2026, 11, 22, 12, tzinfo=UTC), None),
        ("since:2026-06", datetime(2026, 6, 1, tzinfo=UTC), None),
        ("since:today", datetime(2026, 11, 23, tzinfo=UTC), None),
        ("until:2026-06", None, datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)),
        ("until:2026", None, datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("until:2026-12", None, datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("until:yesterday", None, datetime(2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them(
    text: str, since: datetime | None, until: datetime | None
) -> None:
    query = parse(text, NOW)
    assert (query.since, query.until) == (since, until)


@pytest.mark.parametrize(
    ("text", "about", "hint"),
    [
        ("lisence:mit", "lisence:mit", "licence:"),
        ("openness:open-sorce", "openness:open-sorce", "Did you mean open-source?"),
        ("who:", "who:", "needs a value"),
        ("since:soon", "soon", "2026-06-30"),
        ("since:2026-02-30", "2026-02-30", "no date"),
        ("-since:7d", "-since:7d", "no minus"),
        ("story:abc", "story:abc", "number"),
        ("tagged:maybe", "tagged:maybe", "yes"),
    ],
)
def test_what_cannot_be_read_is_quoted_with_a_cure(text: str, about: str, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(f"agents {text}", NOW)
    assert caught.value.about == about
    assert hint in str(caught.value)


def test_a_pasted_article_is_refused() -> None:
    with pytest.raises(QueryError, match="1000 characters"):
        parse("x" * 1001, NOW)


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused_in_words(text: str) -> None:
    try:
        query = parse(text, NOW)
    except QueryError as error:
        assert error.message
    else:
        assert all(f.key in KEYS and f.values for f in query.filters)


@given(
    st.lists(
        st.sampled_from(["agents", "开源", '"video model"', "who:deepseek", "-lang:zh", "licence:mit,apache"])
    )
)
def test_parts_are_read_the_same_alone_and_together(parts: list[str]) -> None:
    together = parse(" ".join(parts), NOW)
    assert together.terms == tuple(t for p in parts for t in parse(p, NOW).terms)
    assert together.filters == tuple(f for p in parts for f in parse(p, NOW).filters)

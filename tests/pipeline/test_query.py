"""The query language: what it reads, what it refuses and where, and that a tree survives its spelling."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.archive.query import KEYS, And, Filter, Node, Not, Or, Query, Value, Words, parse, unparse
from pipeline.archive.query_keys import Form, checked
from pipeline.archive.query_times import instant
from pipeline.model import QueryError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def parts(text: str) -> tuple[Node, ...]:
    return parse(text, NOW).parts


def filter_(key: str, *values: str) -> Filter:
    return Filter(key, tuple(Value(v) for v in values))


def test_words_phrases_filters_and_minus_are_told_apart() -> None:
    assert parts('licence:mit,apache who:"Hugging Face" "video model" -tutorial -lang:zh agents quant*') == (
        filter_("licence", "mit", "apache"),
        filter_("who", "Hugging Face"),
        Words("video model", exact=True),
        Not(Words("tutorial")),
        Not(filter_("lang", "zh")),
        Words("agents"),
        Words("quant", prefix=True),
    )


def test_or_binds_its_two_neighbours_and_brackets_group() -> None:
    a, b, c, d = (Words(w) for w in "abcd")
    assert parts("a b OR c d") == (a, Or((b, c)), d)
    assert parts("a OR b OR c") == (Or((a, b, c)),)
    assert parts("(a b) OR c") == (Or((And((a, b)), c)),)
    assert parts("-(a OR b) c") == (Not(Or((a, b))), c)
    assert parts("((a)) (b (c d))") == (a, b, c, d)
    assert parts("a AND b NOT c") == (a, b, Not(c))
    assert parts("licence:mit OR who:meta a") == (Or((filter_("licence", "mit"), filter_("who", "meta"))), a)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AND", ("and",)),
        ("OR", ("or",)),
        ("NOT", ("not",)),
        ("open OR", ("open", "or")),
        ("AND open", ("and", "open")),
        ("C++", ("C++",)),
        ("https://a.example/x?y=1,2", ("https://a.example/x?y=1,2",)),
        ("std::sort 10:30 Llama: the herd", ("std::sort", "10:30", "Llama:", "the", "herd")),
        ("f(x) g(a b)", ("f(x)", "g(a", "b)")),
        (":) - -- !! it's", ("it's",)),
        ("--word", None),
    ],
)
def test_what_only_looks_like_syntax_is_words(text: str, expected: tuple[str, ...] | None) -> None:
    wanted = (Not(Words("word")),) if expected is None else tuple(Words(w) for w in expected)
    assert parts(text) == wanted


def test_curly_quotes_and_full_width_colons_are_read_as_plain_ones() -> None:
    assert parts("“video model” who：百度") == (Words("video model", exact=True), filter_("who", "百度"))


def test_numbers_are_compared_and_names_may_go_on() -> None:
    assert parts("probability:>0.8 outlets:>=5,1 licence:* who:deep*") == (
        Filter("probability", (Value("0.8", ">"),)),
        Filter("outlets", (Value("5", ">="), Value("1"))),
        Filter("licence", (Value("", "^"),)),
        Filter("who", (Value("deep", "^"),)),
    )


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("7d", datetime(2026, 11, 16, 12, tzinfo=UTC), datetime(2026, 11, 16, 12, tzinfo=UTC)),
        ("24h", datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("today", datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-06", datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-W30", datetime(2026, 7, 20, tzinfo=UTC), datetime(2026, 7, 27, tzinfo=UTC)),
        ("2026-06-30", datetime(2026, 6, 30, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),
        (
            "2026-06-30T12:30",
            datetime(2026, 6, 30, 12, 30, tzinfo=UTC),
            datetime(2026, 6, 30, 12, 30, tzinfo=UTC),
        ),
    ],
)
def test_times_are_read_as_people_write_them(text: str, start: datetime, end: datetime) -> None:
    assert instant(text, NOW, end=False) == start
    last = instant(text, NOW, end=True)
    assert last == end or (end - last).total_seconds() < 0.001
    assert parse(f"since:{text} until:{text}", NOW).parts == (
        filter_("since", text.lower()),
        filter_("until", text.lower()),
    )


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("lisence:mit", "lisence:mit", "Did you mean licence:?"),
        ("openness:open-sorce", "open-sorce", "Did you mean open-source?"),
        ("openness:unclear,opensource", "opensource", "Did you mean open-source?"),
        ("who:", "who:", "needs a value"),
        ("who:,", "who:", "needs a value"),
        ("licence:mit, apache", ",", "no spaces"),
        ("since:soon", "soon", "2026-06-30"),
        ("since:2026-02-30", "2026-02-30", "no time"),
        ("since:7d,8d", "since:7d,8d", "one time"),
        ("since:7*", "7*", "takes no *"),
        ("story:abc", "abc", "number"),
        ("story:99999999999", "99999999999", "number"),
        ("tagged:maybe", "maybe", "yes"),
        ("outlets:many", "many", "takes a number"),
        ("probability:nan", "nan", "out of range"),
        ("(a b", "(", "not closed"),
        ("op*n", "p*n", "only end"),
        ("(" * 30 + "a" + ")" * 30, "(" * 21, "too many brackets"),
    ],
)
def test_what_cannot_be_read_is_quoted_at_its_place_with_a_cure(text: str, place: str, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(f"日本 {text}", NOW)
    error = caught.value
    assert hint in str(error)
    assert error.query == f"日本 {text}"
    assert error.query[error.start : error.end].startswith(place[: error.end - error.start])
    assert error.query[error.start : error.end] in text


def test_what_no_database_takes_is_replaced() -> None:
    assert parts("who:a\x00b,\ud800") == (filter_("who", "a\ufffdb", "\ufffd"),)


def test_a_pasted_article_is_refused() -> None:
    with pytest.raises(QueryError, match="1000 characters"):
        parse("x" * 1001, NOW)
    with pytest.raises(QueryError, match="100 parts"):
        parse("x " * 101, NOW)


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused_in_words_and_its_plain_spelling_means_the_same(text: str) -> None:
    try:
        query = parse(text, NOW)
    except QueryError as error:
        assert error.message
        assert 0 <= error.start <= error.end <= len(text)
    else:
        assert all(n.key in KEYS and n.values for n in query.walk() if isinstance(n, Filter))
        assert parse(unparse(query), NOW) == query


PIECES = ["a", "b*", '"c d"', "-", "(", ")", " ", "OR", "AND", "NOT", "who:", "x", ",", "licence:mit", "since:7d", "*", '"', "outlets:>2", ":"]  # fmt: skip


@example(["-", "-", "licence:mit"])
@given(st.lists(st.sampled_from(PIECES), max_size=20))
def test_any_heap_of_syntax_means_the_same_in_its_plain_spelling(pieces: list[str]) -> None:
    try:
        query = parse("".join(pieces), NOW)
    except QueryError:
        return
    assert parse(unparse(query), NOW) == query


WORD = st.text(st.characters(categories=["Ll", "Lo", "Nd"]), min_size=1, max_size=6).filter(
    lambda w: w.isalnum()
)
NAME = st.text(st.characters(categories=["Ll", "Lu", "Lo", "Nd", "Zs", "Po"], exclude_characters='"*'), min_size=1, max_size=8).map(str.strip).filter(bool)  # fmt: skip


def _filters(key: str) -> st.SearchStrategy[Filter]:
    spec = KEYS[key]
    match spec.form:
        case Form.CHOICE:
            value: st.SearchStrategy[Value] = st.sampled_from(spec.choices).map(Value)
        case Form.NUMBER:
            value = st.builds(
                Value, st.integers(0, 999).map(str), st.sampled_from(["=", ">", ">=", "<", "<="])
            )
        case Form.ID:
            value = st.integers(0, 2**31 - 1).map(lambda n: Value(str(n)))
        case Form.SINCE | Form.UNTIL:
            return st.sampled_from(["7d", "2026-06", "yesterday"]).map(lambda t: filter_(key, t))
        case _:
            value = st.builds(Value, NAME, st.sampled_from(["=", "^"]))
    return st.lists(value, min_size=1, max_size=3, unique=True).map(lambda v: Filter(key, tuple(v)))


LEAF = st.one_of(
    st.builds(Words, WORD, prefix=st.booleans()),
    st.builds(
        Words, st.lists(WORD, min_size=1, max_size=3).map(" ".join), exact=st.just(True), prefix=st.booleans()
    ),
    *(_filters(key) for key in KEYS),
)


def _several(kind: type[And] | type[Or], inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.lists(inner.filter(lambda n: not isinstance(n, kind)), min_size=2, max_size=3).map(
        lambda nodes: kind(tuple(nodes))
    )


NODE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        inner.filter(lambda n: not isinstance(n, Not)).map(Not), _several(And, inner), _several(Or, inner)
    ),
    max_leaves=5,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(NODE.filter(lambda n: not isinstance(n, And)), max_size=3))
def test_a_tree_survives_its_spelling(nodes: list[Node]) -> None:
    query = Query(tuple(nodes), NOW)
    assert parse(unparse(query), NOW) == query


@pytest.mark.parametrize("key", KEYS)
def test_every_key_says_what_it_takes(key: str) -> None:
    assert str(KEYS[key])
    if KEYS[key].choices:
        assert checked(key, Value(KEYS[key].choices[0].upper()), NOW) == Value(KEYS[key].choices[0])

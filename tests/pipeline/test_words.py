"""How text is cut: the same words for both databases, in every script we gather."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.archive.search_index import tsvector
from pipeline.archive.words import FILLER, MAX_POSITIONS, MAX_REPEATS, bounded, phrases, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPT-4o, Llama 3.1 & apache-2.0", ["gpt", "4o", "llama", "3", "1", "apache", "2", "0"]),
        ("C++ and C#, not #AI or 1++", ["c", "++", "and", "c", "#", "not", "ai", "or", "1", "++"]),
        ("Über naïve Ærø — “Łódź” ßtraße", ["uber", "naive", "aero", "lodz", "sstrasse"]),
        ("开源模型", ["开源", "源模", "模型", "型"]),
        ("ＧＰＴ模型が公開", ["gpt", "模型", "型が", "が公", "公開", "開"]),
        ("모델을 공개", ["모델", "델을", "을", "공개", "개"]),
        ("नई मॉडल किताब", ["नई", "मॉडल", "किताब"]),
        ("مُحَمَّد", ["محمد"]),
        ("🤗 Hub 👍🏽", ["🤗", "hub", "👍"]),
        ("\x00\ud800 ' \" ()", []),
    ],
)
def test_text_is_cut_into_the_words_people_look_for(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("qwen3", {"qwen3", "qwen 3"}),
        ("GPT-4o", {"gpt 4o", "gpt4o"}),
        ("llama-3.1", {"llama 3 1", "llama3 1"}),
        ("weights", {"weights"}),
        ("开源", {"开源"}),
        ("开源模型!", {"开源 源模 模型"}),
    ],
)
def test_a_word_is_looked_for_in_the_spellings_makers_use(text: str, spellings: set[str]) -> None:
    assert {" ".join(p.words) for p in phrases(text)} == spellings


def test_quoted_words_have_one_spelling_and_one_sign_is_a_beginning() -> None:
    assert [p.words for p in phrases("qwen3", exact=True)] == [("qwen3",)]
    assert phrases("开")[0].prefix
    assert not phrases("开源")[0].prefix


@given(st.text(max_size=200))
def test_neither_database_could_cut_a_word_further(text: str) -> None:
    for word in tokens(text):
        assert word
        assert not any(c.isspace() or c in "'\"\\:&|!()<>*,-" for c in word)
        assert all(c.isalnum() or c in "+#" or ord(c) > 127 for c in word)
        assert word.encode()


@given(st.text(max_size=60))
def test_cutting_words_again_changes_nothing(text: str) -> None:
    once = [w for w in tokens(text) if w.isascii()]
    assert [t for w in once for t in tokens(w)] == [w for w in once if w not in ("++", "#")]


def test_what_a_tsvector_cannot_hold_is_left_out_on_both_databases_alike() -> None:
    title, text = bounded("a", "again " * 300 + "last " + "x1 y2 z3 " * MAX_POSITIONS)
    assert len(title) + len(text) <= MAX_POSITIONS
    assert text[MAX_REPEATS - 1] == "again"
    assert text[MAX_REPEATS] == FILLER
    assert text[300] == "last"
    written = tsvector((title, text, []))
    assert "'last':303B" in written
    assert len(written) < 2**20
    assert FILLER not in written


def test_no_phrase_runs_from_the_title_into_the_summary() -> None:
    assert tsvector((["a"], ["b"], ["c"])) == "'a':1A 'b':3B 'c':5"

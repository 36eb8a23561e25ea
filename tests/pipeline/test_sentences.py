from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sentences import SENTENCE_MAX, split_sentences


def texts(text):
    return [s.text for s in split_sentences(text)]


def test_stops_of_latin_and_cjk_scripts_end_sentences():
    assert texts("It is open. Is it? Yes!") == ["It is open.", "Is it?", "Yes!"]
    assert texts("开源了。真的吗？是的！") == ["开源了。", "真的吗？", "是的！"]
    assert texts("公開した。次は「評価だ。」と言う。") == ["公開した。", "次は「評価だ。」", "と言う。"]


def test_versions_abbreviations_and_initials_do_not_end_sentences():
    assert texts("Ernie 4.5 by Baidu Inc. is out. U.S. firms use v2.0 e.g. at home.") == [
        "Ernie 4.5 by Baidu Inc. is out.",
        "U.S. firms use v2.0 e.g. at home.",
    ]


def test_a_number_spaced_by_a_careless_hand_is_one():
    assert texts("智谱GLM-5. 2 全量开源。好") == ["智谱GLM-5. 2 全量开源。", "好"]


def test_lines_are_sentences_of_their_own():
    assert texts("Tencent\nLocation: China\n\nIn the world") == ["Tencent", "Location: China", "In the world"]


@given(st.text(alphabet="ab .。！?\n\u3000\u200f\x00中A1", max_size=3_000))
def test_sentences_are_slices_of_the_text_in_order_and_lose_only_space(text):
    sentences = split_sentences(text)
    end = 0
    for sentence in sentences:
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.text == sentence.text.strip()
        assert sentence.start >= end
        assert not text[end : sentence.start].strip()
        assert len(sentence.text) <= SENTENCE_MAX
        end = sentence.end
    assert not text[end:].strip()


def test_a_text_without_stops_is_cut_into_bounded_pieces():
    assert all(len(s.text) <= SENTENCE_MAX for s in split_sentences("word " * 50_000))
    assert all(len(s.text) <= SENTENCE_MAX for s in split_sentences("x" * 50_000))

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.classify import Classifier
from pipeline.features import fingerprint
from pipeline.linear import Weights, load_weights, parse_weights
from pipeline.model import ConfigError, Item, Kind

JUDGE = Classifier.load()


def test_the_shipped_weights_were_fitted_on_the_features_as_they_are():
    """Where this fails, the features have moved on: fit anew (docs/model.md says how)."""
    fitted = load_weights().about["features"].split(" ")
    now = fingerprint(JUDGE.features_of).split(" ")
    assert len(fitted) == len(now)
    same = sum(a == b for a, b in zip(fitted, now, strict=True))
    # A phrase added to a list may change an item or two; a changed feature changes all.
    assert same >= len(now) - 3


def test_names_are_read_as_what_they_are():
    heard = JUDGE.features_of(Item("Meta releases Llama 9 weights, 70B parameters"))
    assert "t|^ ORG releases" in heard
    assert "t|ORG releases FAMILY:open" in heard
    assert "t|SIZE" in heard
    assert "t|meta" not in heard


def test_a_new_makers_headline_reads_like_a_known_ones():
    known = JUDGE.features_of(Item("Meta open-sources Zephyrine, a speech model"))
    other = JUDGE.features_of(Item("Google open-sources Zephyrine, a speech model"))
    assert known == other


def test_a_family_offered_by_somebody_else_is_told_from_its_makers_own():
    theirs = JUDGE.features_of(Item("Amazon launches Qwen3 on its cloud"))
    own = JUDGE.features_of(Item("Alibaba launches Qwen3"))
    assert "other_first_family:open" in theirs | {f for f in theirs if f.startswith("other_first_family")}
    assert any(f.startswith("maker_first_family") for f in own)
    assert not any(f.startswith("maker_first_family") for f in theirs)


@pytest.mark.parametrize(
    "item",
    [
        Item("Stock markets close higher after a quiet week"),
        Item("十部最佳科幻电影"),
        Item("Recipe: lentil soup for six", summary="It takes an hour. " * 40),
    ],
)
def test_what_holds_no_word_of_opening_is_passed_over_with_a_reason(item):
    assert not JUDGE.worth_reading(item)
    verdict = JUDGE.judge(item)
    assert verdict.kind is Kind.OTHER
    assert verdict.probability == JUDGE.weights.unread < 0.03
    assert verdict.reasons == ("no_word_of_opening",)


@pytest.mark.parametrize(
    "item",
    [
        Item("Northlight open-sources Borealis"),
        Item("晨星智能开源 Dawn-7B"),
        Item("Das Start-up veröffentlicht ein Sprachmodell"),
        Item("한빛AI, 누리-8B 오픈소스로 공개"),
        Item("Lantern: notes", url="https://github.com/northlight/lantern"),
        Item("Nothing to see", text="A page's text is always read."),
        Item("Qwen9 is here"),
    ],
)
def test_what_may_be_an_opening_is_read(item):
    assert JUDGE.worth_reading(item)


def test_a_users_own_phrases_are_heard_at_the_first_look(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[phrases.open_verb]\nen = ["sets utterly free"]\n', encoding="utf-8")
    item = Item("Northlight sets Borealis; it sets utterly free everything")
    assert not JUDGE.worth_reading(item)
    assert Classifier.load(own).worth_reading(item)


NAMES = st.text("ab |^:$开\u2028", min_size=1, max_size=12)
NUMBERS = st.floats(-9, 9).map(lambda x: round(x, 4))


# The check measures wall time, which on a loaded machine says nothing of the strategy.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=8))
def test_weights_are_read_back_as_they_were_written(table):
    weights = Weights(table, (-1.0, -2.0, -3.0), 1.0, 0.5, 0.3, 0.01, {"items": "8"})
    again = parse_weights(weights.dump(), "x")
    assert again.table == table
    assert (again.constants, again.cut, again.about["items"]) == ((-1.0, -2.0, -3.0), 0.3, "8")


@pytest.mark.parametrize(
    "text", ["", "# slope 1\nname\t1\t2\n", "# slope 1\nname\t1\tnan\t2\n", "name 1 2 3"]
)
def test_a_file_that_holds_no_weights_is_an_error_that_says_what_to_do(text):
    with pytest.raises(ConfigError, match="unsealed train"):
        parse_weights(text, "mine.tsv")


def test_a_sum_does_not_hang_on_the_order_of_what_is_heard():
    table = {str(i): (0.1 * i, 1e-9 * i, -0.3 * i) for i in range(50)}
    weights = Weights(table, (0.0, 0.0, 0.0), 1.0, 0.0, 0.5, 0.0)
    assert weights.sums(list(table)) == weights.sums(list(reversed(table)))
    assert math.isclose(weights.sums(["1"])[0], 0.1)

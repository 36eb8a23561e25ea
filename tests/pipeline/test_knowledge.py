from __future__ import annotations

import pytest

from pipeline.classify import Classifier
from pipeline.knowledge import GROUPS, LANGUAGES, load_knowledge
from pipeline.lexicon import Lexicon
from pipeline.model import ConfigError, Item


@pytest.fixture(scope="module")
def knowledge():
    return load_knowledge()


def found(knowledge, text, tag="org"):
    return [
        getattr(h.value, "name", getattr(h.value, "id", None))
        for h in knowledge.lexicon.scan(text)
        if h.tag == tag
    ]


def test_the_shipped_knowledge_is_large_enough_and_every_list_is_there(knowledge):
    assert len(knowledge.organisations) >= 120
    assert len(knowledge.families) >= 80
    assert len(knowledge.licences) >= 30
    assert set(knowledge.phrases) == GROUPS


@pytest.mark.parametrize(
    "group",
    sorted(set(GROUPS) - {"show_hn", "launch_hn"}),
)
def test_every_list_speaks_all_seven_languages_except_names_of_english_boards(knowledge, group):
    assert set(knowledge.phrases[group]) == LANGUAGES


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Qwen team at Alibaba Cloud", "Alibaba"),
        ("阿里云发布", "Alibaba"),
        ("グーグルが公開", "Google"),
        ("카카오가 공개", "Kakao"),
        ("腾讯混元开源", "Tencent"),
        ("Google DeepMind unveils", "Google"),
        ("NVIDIA and Nvidia", "NVIDIA"),
    ],
)
def test_an_organisation_is_found_by_any_of_its_names(knowledge, text, name):
    assert name in found(knowledge, text)


@pytest.mark.parametrize(
    "text", ["rain and a metamorphosis", "the block is an apple pie", "드라마 메타버스", "marm MSRP"]
)
def test_names_are_not_found_inside_other_words(knowledge, text):
    assert found(knowledge, text) == []
    assert found(knowledge, text, "family") == []


def test_ai_is_not_heard_in_rain_or_french_have(knowledge):
    heard = {h.tag for h in knowledge.lexicon.scan("Rain in Spain, j'ai plu")}
    assert "ai" not in heard


def test_the_longest_spelling_of_a_licence_wins(knowledge):
    assert found(knowledge, "under CC BY-NC-SA 4.0", "licence") == ["CC-BY-NC-SA-4.0"]
    assert found(knowledge, "under CC-BY-4.0", "licence") == ["CC-BY-4.0"]


@pytest.mark.parametrize(
    ("written", "licence"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("MIT", "MIT"),
        ("llama3.1", "Llama-Community"),
        ("other", "Custom"),
        ("brand-new-1", "Custom"),
    ],
)
def test_a_hubs_licence_field_is_understood(knowledge, written, licence):
    assert knowledge.hub_licence(written).id == licence


def test_a_hub_that_states_no_licence_is_not_given_one(knowledge):
    assert knowledge.hub_licence("") is None
    assert knowledge.hub_licence("unknown") is None


def test_a_users_file_adds_makers_families_and_phrases(tmp_path):
    extra = tmp_path / "mine.toml"
    extra.write_text(
        'organisation = [{ name = "Alibaba", aliases = ["Cloudberry"] }, { name = "Northlight AI", aliases = ["Nordlicht"] }]\n'
        'family = [{ name = "Aurora", maker = "Northlight AI", members = "open" }]\n'
        '[phrases.open_verb]\nen = ["sets free"]\n',
        encoding="utf-8",
    )
    judge = Classifier.load(extra)
    assert "Alibaba" in found(judge.knowledge, "Cloudberry says")
    assert "阿里巴巴" in judge.knowledge.organisations["Alibaba"].aliases
    verdict = judge.judge(Item(title="Nordlicht sets free its new AI model Aurora 3"))
    assert verdict.tagged
    assert verdict.announcements[0].who == ("Northlight AI",)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("organisation = [{ nam = 'x' }]", "organisation[0].nam"),
        ("organisation = [{ name = '' }]", "organisation[0].name"),
        ("organisation = [{ name = 'X', aliases = 'Y' }]", "organisation[0].aliases"),
        ("organisation = 'X'", "organisation"),
        ("family = [{ name = 'X', members = 'ajar' }]", "family[0].members"),
        ("family = [{ name = 'X', maker = 'Nobody Known' }]", "family X: maker"),
        ("licence = [{ id = 'X', class = 'free' }]", "licence[0].class"),
        ("organization = []", "organization"),
        ("[phrases.opening]\nen = ['x']", "phrases.opening"),
        ("[phrases.planned]\nxx = ['x']", "phrases.planned.xx"),
        ("organisation = [{ name = '!!!' }]", "'!!!'"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_key(tmp_path, body, key):
    extra = tmp_path / "mine.toml"
    extra.write_text(body, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_knowledge(extra)
    assert key in str(caught.value)
    assert key == "'!!!'" or "mine.toml" in str(caught.value)


def test_broken_toml_and_missing_files_are_named(tmp_path):
    extra = tmp_path / "mine.toml"
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        load_knowledge(extra)
    extra.write_text("organisation = [", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_knowledge(extra)


def test_a_phrase_without_words_is_refused():
    with pytest.raises(ValueError, match="no word"):
        Lexicon().add("--", "x", "x")


def test_hits_point_at_what_they_found(knowledge):
    text = "DeepSeek open-sources R2 under the MIT License，阿里云开源"
    for hit in knowledge.lexicon.scan(text):
        assert 0 <= hit.start < hit.end <= len(text)
        assert text[hit.start : hit.end].strip()

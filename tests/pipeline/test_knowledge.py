from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from pipeline.classify import Classifier
from pipeline.clauses import families_in, read_clauses
from pipeline.knowledge import GROUPS, LANGUAGES, load_knowledge
from pipeline.known import LICENCE_CLASSES
from pipeline.lexicon import Lexicon
from pipeline.model import ConfigError, Item
from pipeline.sites import site_owner


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
    assert len(knowledge.organisations) >= 800
    assert len(knowledge.families) >= 280
    assert len(knowledge.licences) >= 100
    assert set(knowledge.phrases) == GROUPS


@pytest.mark.parametrize(
    ("script", "at_least"),
    [("[\u4e00-\u9fff]", 330), ("[\u3041-\u30ff]", 110), ("[\uac00-\ud7a3]", 110)],
)
def test_organisations_are_known_in_chinese_japanese_and_korean_script(knowledge, script, at_least):
    spelled = [o for o in knowledge.organisations.values() if any(re.search(script, a) for a in o.aliases)]
    assert len(spelled) >= at_least


def test_every_licence_that_claims_an_spdx_id_has_a_real_one(knowledge):
    for licence in knowledge.licences.values():
        if licence.spdx:
            canonicalize_license_expression(licence.id)
        else:
            with pytest.raises(InvalidLicenseExpression):
                canonicalize_license_expression(licence.id)


def test_licences_of_every_class_are_there(knowledge):
    classes = Counter(licence.kind for licence in knowledge.licences.values())
    assert set(classes) == LICENCE_CLASSES
    assert classes["osi"] >= 25
    assert classes["custom"] >= 25


@pytest.mark.parametrize(
    ("written", "licence", "kind"),
    [
        ("unter der Apache-2.0-Lizenz", "Apache-2.0", "osi"),
        ("sous licence MIT", "MIT", "osi"),
        ("bajo licencia Apache 2.0", "Apache-2.0", "osi"),
        ("MITライセンスで公開", "MIT", "osi"),
        ("아파치 2.0 라이선스로 공개", "Apache-2.0", "osi"),
        ("采用 Apache 2.0 许可协议", "Apache-2.0", "osi"),
        ("under the GNU AGPLv3", "AGPL-3.0", "osi"),
        ("under a modified MIT license", "Custom", "custom"),
        ("修改版 MIT 许可", "Custom", "custom"),
        ("under the Llama 3.1 Community License", "Llama-Community", "custom"),
        ("under the Gemma Terms of Use", "Gemma", "custom"),
        ("under the Tencent Hunyuan Community License", "Tencent-Hunyuan-Community", "custom"),
        ("under the NVIDIA Open Model License", "NVIDIA-Open-Model", "custom"),
        ("under the Mistral Research License", "Mistral-Research", "non-commercial"),
        ("under the Mistral Non-Production License", "Mistral-NonProduction", "non-commercial"),
        ("under CreativeML OpenRAIL-M", "OpenRAIL-M", "restricted"),
        ("under the BigCode OpenRAIL-M license", "BigCode-OpenRAIL-M", "restricted"),
        ("under the Stability AI Community License", "Stability-Community", "custom"),
        ("under the FAIR Noncommercial Research License", "FAIR-NC", "non-commercial"),
        ("under the Apple Machine Learning Research Model License", "Apple-AMLR", "non-commercial"),
        ("under the Business Source License 1.1", "BUSL-1.1", "restricted"),
        ("under ELv2", "Elastic-2.0", "restricted"),
        ("MIT with Commons Clause", "Commons-Clause", "restricted"),
        ("under CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0", "non-commercial"),
        ("under CC0", "CC0-1.0", "open-data"),
    ],
)
def test_licences_are_known_as_seven_languages_write_them(knowledge, written, licence, kind):
    hits = [h.value for h in knowledge.lexicon.scan(written) if h.tag == "licence"]
    assert [(h.id, h.kind) for h in hits][:1] == [(licence, kind)]


@pytest.mark.parametrize(
    ("text", "family", "openness"),
    [
        ("Qwen3-Max", "Qwen", "closed"),
        ("Qwen3-Coder", "Qwen", "open"),
        ("FLUX.2 [pro]", "FLUX", "closed"),
        ("FLUX.1 schnell", "FLUX", "open"),
        ("Mistral Medium 3", "Mistral", "closed"),
        ("Grok-2.5", "Grok-1", "open"),
        ("Grok 4", "Grok", "closed"),
        ("HyperCLOVA X SEED", "HyperCLOVA", "open"),
    ],
)
def test_members_of_a_family_are_told_apart(knowledge, text, family, openness):
    (clause,) = read_clauses(text, knowledge)
    told = {f.name: o for _, f, o in families_in(clause)}
    assert told[family] == openness


def test_a_family_knows_its_maker_and_since_when_its_weights_are_out(knowledge):
    gpt = knowledge.families["gpt-oss"]
    assert (gpt.maker, gpt.members, gpt.licence, gpt.since) == (
        "OpenAI",
        "open",
        "Apache-2.0",
        date(2025, 8, 1),
    )
    assert sum(1 for f in knowledge.families.values() if f.since) >= 120


@pytest.mark.parametrize(
    ("url", "maker"),
    [
        ("https://github.com/QwenLM/Qwen3", "Alibaba"),
        ("https://huggingface.co/deepseek-ai/DeepSeek-R9", "DeepSeek"),
        ("https://huggingface.co/datasets/allenai/dolma", "Ai2"),
        ("https://huggingface.co/blog/nvidia/something", "NVIDIA"),
        ("https://huggingface.co/blog/something", "Hugging Face"),
        ("https://huggingface.co/papers/2501.00001", ""),
        ("https://huggingface.co/somebody/a-model", ""),
        ("https://modelscope.cn/models/ZhipuAI/GLM-9", "Zhipu AI"),
        ("https://qwenlm.github.io/blog/x/", "Alibaba"),
        ("https://machinelearning.apple.com/research/x", "Apple"),
        ("https://crfm.stanford.edu/x", "Stanford"),
        ("https://sites.google.com/view/somebody", ""),
        ("https://news.ycombinator.com/item?id=1", ""),
        ("https://github.com/somebody/thing", ""),
        ("https://evil.example/https://github.com/QwenLM/x", ""),
        ("https://mistral.ai/news/x", "Mistral"),
        ("not an address", ""),
    ],
)
def test_an_address_names_its_maker(knowledge, url, maker):
    assert site_owner(url, knowledge) == maker


def test_phrases_about_what_happens_to_openness_are_many_in_every_language(knowledge):
    for group in (
        "open_verb",
        "planned",
        "reversed",
        "adoption",
        "hosting",
        "free_only",
        "negation",
        "attribution",
    ):
        for language in LANGUAGES:
            assert len(knowledge.phrases[group][language]) >= 5, (group, language)


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
        ("organisation = [{ name = 'X' }, { name = 'X' }]", "organisation[1] (X) is listed twice"),
        ("organisation = [{ name = 'X', aliases = ['Y', 'Y'] }]", "organisation[0] (X) lists 'Y' twice"),
        ("organisation = [{ name = 'X', aliases = ['Google-DeepMind'] }]", "already belongs to Google"),
        ("organisation = [{ name = 'X', accounts = ['QwenLM'] }]", "already belongs to Alibaba"),
        ("organisation = [{ name = 'X', sites = ['http://x'] }]", "organisation[0].sites"),
        ("family = [{ name = 'X', aliases = ['Qwen'] }]", "already belongs to Qwen"),
        ("family = [{ name = 'X', maker = 'Alibabba' }]", "did you mean 'Alibaba'"),
        ("family = [{ name = 'X', since = '2025' }]", "family[0].since"),
        ("family = [{ name = 'X', since = '2025-13' }]", "family[0].since"),
        ("licence = [{ id = 'X', class = 'osi', names = ['MIT License'] }]", "already belongs to MIT"),
        ("[hub]\nx = 'Nope'", "hub.x"),
        ("[phrases.planned]\nen = ['a', 'a']", "phrases.planned.en lists 'a' twice"),
        ("[phrases.open_verbs]\nen = ['x']", "did you mean 'open_verb'"),
        ("[drop]\norganisations = ['Gogle']", "did you mean 'Google'"),
        ("[drop]\nthings = ['x']", "drop.things"),
        ("[drop.phrases.open_verb]\nen = ['never there']", "drop.phrases.open_verb.en"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_key(tmp_path, body, key):
    extra = tmp_path / "mine.toml"
    extra.write_text(body, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_knowledge(extra)
    assert key in str(caught.value)
    assert key in {"'!!!'", "hub.x"} or "mine.toml" in str(caught.value)


def test_a_users_entry_may_take_over_a_name_and_replace_an_entry(tmp_path):
    extra = tmp_path / "mine.toml"
    extra.write_text(
        'organisation = [{ name = "Northlight AI", aliases = ["DeepMind"], accounts = ["qwen"], override = true },'
        ' { name = "Figure", aliases = ["Figure AI"], override = true }]\n'
        'licence = [{ id = "MIT", class = "osi", names = ["Emity License"], override = true }]\n',
        encoding="utf-8",
    )
    mine = load_knowledge(extra)
    assert found(mine, "DeepMind says") == ["Northlight AI"]
    assert "DeepMind" not in mine.organisations["Google"].aliases
    assert found(mine, "Google says") == ["Google"]
    assert site_owner("https://huggingface.co/Qwen/Qwen9", mine) == "Northlight AI"
    assert mine.organisations["Figure"].context is False
    assert found(mine, "under the MIT License", "licence") == []
    assert found(mine, "under the Emity License", "licence") == ["MIT"]


def test_a_users_file_may_drop_what_is_shipped(tmp_path):
    extra = tmp_path / "mine.toml"
    extra.write_text(
        '[drop]\norganisations = ["Figure", "Unbabel"]\nfamilies = ["Hermes"]\nlicences = ["WTFPL"]\n'
        '[drop.phrases.open_verb]\nen = ["donates"]\n',
        encoding="utf-8",
    )
    mine = load_knowledge(extra)
    assert found(mine, "Figure releases") == []
    assert "Tower" not in mine.families, "a family whose maker is gone has nobody to name"
    assert "Hermes" not in mine.families
    assert "WTFPL" not in mine.licences
    assert not any(h.tag == "open_verb" for h in mine.lexicon.scan("she donates"))


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

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.classify import Classifier
from pipeline.model import ANNOUNCING_KINDS, Artifact, Item, Kind, Openness

JUDGE = Classifier.load()

OPENINGS = [
    "Northlight AI releases Aurora-2 weights under Apache 2.0",
    "Northlight open-sources Borealis, its agent framework",
    "晨星智能开源 Dawn-7B 模型，采用 MIT 许可证",
    "Kisaragi研究所が大規模言語モデル「Sakura-13B」をApache 2.0で公開",
    "Das Start-up Lindwurm veröffentlicht sein Sprachmodell Tatzel-7B unter Apache 2.0",
    "La start-up Hespéride publie son modèle Vesper-8B sous licence Apache 2.0",
    "Hespéride dévoile Vesper, un modèle de langage open source",
    "Cierzo libera Moncayo-3B, un modelo de lenguaje de código abierto",
    "한빛AI, 한국어 모델 '누리-8B' 오픈소스로 공개",
    "月之暗面开源 Kimi K3 模型，2.8 万亿参数",
    "Show HN: Erdos – open-source, AI data science IDE",
]

DECOYS = {
    "free of charge": "Helix makes its Orion-3 chatbot free for all users",
    "free of charge, Chinese": "Helix AI 免费开放 Orion-3 聊天助手",
    "free of charge, French": "Helix rend Orion-3 gratuit pour tous",
    "free of charge, Spanish": "Orión es ahora gratis para todos los usuarios",
    "adoption": "US companies are integrating DeepSeek's R1",
    "adoption, Chinese": "企业纷纷接入 DeepSeek R1",
    "hosting": "Amazon Bedrock adds Qwen3 models",
    "tutorial": "How to run Aurora-2 open-source model on your laptop",
    "tutorial, Japanese": "Ollama で Sakura-13B を動かす方法",
    "ranking": "Best open-source LLMs of 2026",
    "funding": "Northlight AI raises $200 million to build open-source models",
    "funding, German": "Lindwurm sammelt 40 Millionen Euro für offene Sprachmodelle ein",
    "closed launch": "Halcyon launches Orion-3, its most capable closed model yet",
    "update": "vLLM 0.9 adds support for FP4",
    "denied": "Northlight won't open-source Aurora-3",
    "denied politely": "Orion stops short of open-sourcing its new model",
    "lawsuit": "Lawsuit says open-source AI dataset infringes copyright",
    "not AI": "Editor Quill is now open source under MIT",
}


@pytest.mark.parametrize("title", OPENINGS)
def test_openings_are_tagged_whoever_makes_them(title):
    verdict = JUDGE.judge(Item(title=title))
    assert verdict.kind is Kind.RELEASED
    assert verdict.announcements
    assert verdict.reasons
    assert verdict.evidence[0].quote


@pytest.mark.parametrize("title", DECOYS.values(), ids=DECOYS.keys())
def test_decoys_are_not_tagged(title):
    verdict = JUDGE.judge(Item(title=title))
    assert not verdict.tagged
    assert verdict.probability < JUDGE.cut
    assert all(row.openness is Openness.FREE_ACCESS for row in verdict.announcements)
    assert verdict.reasons


def test_a_promise_is_planned_and_a_tightening_reversed():
    assert (
        JUDGE.judge(
            Item(title="Northlight AI plans to open-source its Aurora-2 model in the coming weeks")
        ).kind
        is Kind.PLANNED
    )
    assert JUDGE.judge(Item(title="晨星智能宣布将开源 Dawn-70B 大模型")).kind is Kind.PLANNED
    verdict = JUDGE.judge(
        Item(title="Northlight AI tightens licence of its model Aurora-2: no longer open source")
    )
    assert verdict.kind is Kind.REVERSED
    assert verdict.probability < JUDGE.cut


def test_a_new_version_of_open_software_is_an_update():
    assert (
        JUDGE.judge(
            Item(
                title="LangChain v1.3.2: new features and bug fixes",
                summary="Release notes: adds streaming to agents.",
            )
        ).kind
        is Kind.UPDATE
    )


def test_a_page_whose_matter_is_openings_is_tagged_and_a_passing_mention_is_not():
    trend = (
        "Labs across three countries have turned to open models. Northlight AI released its Aurora-2 model as open source "
        "under Apache 2.0. Cierzo has released new open-source models for speech, while Kisaragi Labs plans to open-source "
        "a translation model."
    )
    verdict = JUDGE.judge(Item(title="Three labs, one idea: open-source AI models", text=trend))
    assert verdict.kind is Kind.RELEASED
    assert {row.who[0] for row in verdict.announcements} == {"Northlight AI", "Cierzo", "Kisaragi Labs"}
    passing = "Halcyon sells chips. " * 40 + "Last year Northlight AI released an open-source model."
    assert not JUDGE.judge(Item(title="Halcyon reports record quarterly earnings", text=passing)).tagged


@pytest.mark.parametrize(
    ("artifact", "openness", "licence"),
    [
        (
            Artifact("Aurora-2", "model", "Northlight AI", "apache-2.0", files_present=True),
            "open-source",
            "Apache-2.0",
        ),
        (
            Artifact("Aurora-2", "model", "Northlight AI", "llama3.1", files_present=True),
            "open-weights",
            "Llama-Community",
        ),
        (Artifact("Aurora-2", "model", "Northlight AI", ""), "open-weights", None),
        (
            Artifact("Aurora-2", "model", "Northlight AI", "apache-2.0", gated=True),
            "restricted",
            "Apache-2.0",
        ),
        (Artifact("Aurora-2", "model", "Northlight AI", "cc-by-nc-4.0"), "restricted", "CC-BY-NC-4.0"),
        (Artifact("Choir", "dataset", "Northlight AI", "cc-by-4.0"), "open-data", "CC-BY-4.0"),
    ],
)
def test_a_hub_entry_is_judged_by_what_the_hub_states(artifact, openness, licence):
    verdict = JUDGE.judge(Item(title="northlight/Aurora-2", artifact=artifact))
    assert verdict.kind is Kind.RELEASED
    (row,) = verdict.announcements
    assert (row.who, row.what) == (("Northlight AI",), (artifact.name,))
    assert (row.openness, row.licence) == (openness, licence)


def test_a_hub_entry_without_files_opens_nothing():
    verdict = JUDGE.judge(Item(title="x", artifact=Artifact("A", "model", "B", "mit", files_present=False)))
    assert verdict.kind is Kind.OTHER
    assert verdict.announcements == ()


def test_judging_many_is_judging_each_in_order_and_always_the_same():
    items = [Item(title=t) for t in (*OPENINGS, *DECOYS.values())]
    assert list(JUDGE.judge_many(items)) == [Classifier.load().judge(i) for i in items]


def test_an_empty_item_is_nothing():
    verdict = JUDGE.judge(Item(title=""))
    assert verdict.kind is Kind.OTHER
    assert verdict.evidence == ()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.text(max_size=400), st.text(max_size=400), st.sampled_from(OPENINGS))
def test_every_quote_is_an_exact_slice_and_every_probability_one(title, summary, text, seed):
    item = Item(title=title + seed, summary=summary + "\n" + seed, text=text)
    verdict = JUDGE.judge(item)
    assert 0 <= verdict.probability <= 1
    assert (verdict.kind in ANNOUNCING_KINDS) or all(
        a.openness is Openness.FREE_ACCESS for a in verdict.announcements
    )
    for evidence in (*verdict.evidence, *(a.evidence for a in verdict.announcements)):
        assert evidence.quote == getattr(item, evidence.field)[evidence.start : evidence.end]


HOSTILE = {
    "one letter": "a",
    "capitals": "A ",
    "phrase": "open source ",
    "half a phrase": "open ",
    "verb": "open-sources ",
    "Chinese verb": "开源",
    "quotes": "「",
    "closing quotes": "」“",
    "brackets": "((((",
    "controls": "\x00\x1b\u202e",
    "hyphens": "a-",
    "points": "1.",
    "newlines": "\n",
    "stops": "...",
    "org": "Meta ",
    "numbers": "9",
    "plan": "plans to open, while ",
    "licence": "under the Kimi K3 ",
    "spaces": " ",
}


@pytest.mark.timeout(60)  # quadratic work on texts of this length takes many minutes
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_judged_all_the_same(piece):
    text = (piece * 200_000)[:200_000]
    verdict = JUDGE.judge(Item(title=text, summary=text, text=text))
    assert 0 <= verdict.probability <= 1


@pytest.mark.timeout(60)
def test_a_title_of_a_megabyte_is_read_in_part():
    verdict = JUDGE.judge(Item(title="open source AI " * 70_000, summary="x" * 10**6))
    assert all(e.end <= 20_000 for e in verdict.evidence)


@pytest.mark.parametrize(
    "summary",
    ["Fixes a crash and adds FP4.", "Security release. All users should upgrade.", ""],
)
def test_a_release_of_a_repository_is_an_update_and_opens_nothing(summary):
    code = Artifact("halyard", "code", "Northlight AI", files_present=True)
    verdict = JUDGE.judge(Item(title="Halyard 3.2.0", summary=summary, artifact=code))
    assert verdict.kind is Kind.UPDATE
    assert verdict.announcements == ()
    assert verdict.probability < JUDGE.cut


def test_a_repository_that_says_this_is_its_first_release_opens():
    code = Artifact("halyard", "code", "Northlight AI", files_present=True)
    verdict = JUDGE.judge(Item(title="Halyard 1.0.0", summary="First public release.", artifact=code))
    assert verdict.kind is Kind.RELEASED


TALK = {
    "funding": "Halyard, the company behind the open-source AI engine, raises $46 million",
    "funding, French": "Hespéride, spécialiste de l’IA open source pour les écoles, lève 14 millions d’euros",
    "in name only": "No, Orion One is not open source, whatever the maker of the model said",
    "opinion": "Opinion: open weights are not source, and AI labs should stop pretending",
    "tutorial, Spanish": "Cómo montar un corrector privado con modelos abiertos, paso a paso",
    "tutorial, French": "Tutoriel : affiner un modèle ouvert avec 200 exemples",
    "tutorial, Chinese": "手把手教程：用一张显卡微调开源模型",
    "law, French": "Modèles ouverts : les députés veulent une définition de l’IA open source",
    "own test": "I ran the open model Aurora-2 on an old gaming laptop, here is how",
}


@pytest.mark.parametrize("title", TALK.values(), ids=TALK.keys())
def test_talk_of_open_ai_is_discussion(title):
    assert JUDGE.judge(Item(title=title)).kind is Kind.DISCUSSION


def test_a_german_how_to_is_discussion():
    item = Item(
        title="Anleitung: So läuft ein offenes Sprachmodell im Keller",
        summary="Vom Speicher bis zum ersten Satz, Schritt für Schritt erklärt.",
    )
    assert JUDGE.judge(item).kind is Kind.DISCUSSION


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Halyard 0.9 is out: faster joins", "Release notes for the open-source vector store."),
        ("オープンソースの学習ライブラリー「Kawara」がバージョン2.1に", "分散学習の再開が速くなった。"),
        ("开源推理框架青松更新至2.4版，显存占用下降", "新版本改进了调度器。"),
        (
            "Winkelmaß 1.4: Offene Bibliothek für Bilderkennung",
            "Das Update der quelloffenen KI-Bibliothek ist da.",
        ),
    ],
)
def test_a_new_version_of_an_open_library_is_an_update_in_any_language(title, summary):
    assert JUDGE.judge(Item(title=title, summary=summary)).kind is Kind.UPDATE


OPENED_BELOW = {
    "data on its maker's own blog": Item(
        title="Choirbook: 1.4 million letters in nine languages",
        summary="We are publishing our training data as an open dataset. Choirbook is licensed under CC BY 4.0.",
        organisation="Northlight AI",
    ),
    "weights for research": Item(
        title="Sandbar: weights of our river model for non-commercial use",
        summary="Northlight AI releases the weights of Sandbar under CC BY-NC 4.0.",
    ),
}


@pytest.mark.parametrize("item", OPENED_BELOW.values(), ids=OPENED_BELOW.keys())
def test_a_title_that_only_names_is_read_with_its_summary(item):
    verdict = JUDGE.judge(item)
    assert verdict.kind is Kind.RELEASED
    assert verdict.announcements[0].what[0] in item.title


def test_a_letter_that_leads_with_an_opening_is_tagged():
    item = Item(
        title="Harbour Letter 31: Aurora-2 goes Apache, a GPL engine from Jena, quiet voices",
        summary="Two openings in one day, led by Mistral. Also: a licence taken back.",
    )
    assert JUDGE.judge(item).kind is Kind.RELEASED
    assert not JUDGE.judge(
        Item(title="Harbour Letter 32: what the rules mean, and a month in numbers")
    ).tagged


def test_german_that_lays_parts_open_is_tagged():
    item = Item(
        title="Mistral legt Teile seiner KI zur Wegplanung offen",
        summary="Das Start-up gibt Komponenten seines Assistenten frei.",
    )
    verdict = JUDGE.judge(item)
    assert verdict.kind is Kind.RELEASED
    assert verdict.announcements[0].openness is Openness.UNCLEAR
    assert verdict.announcements[0].what == ()


def test_a_paper_that_promises_its_code_and_weights_is_planned():
    verdict = JUDGE.judge(
        Item(
            title="Paper: Sandbar, a foundation model of rivers",
            summary="Researchers predict floods. Code and weights will be released when the paper is accepted.",
        )
    )
    assert verdict.kind is Kind.PLANNED

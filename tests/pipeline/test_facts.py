from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.classify import Classifier
from pipeline.clauses import _opening, read_clauses
from pipeline.facts import read_announcements
from pipeline.gate import MOVES, NEEDED
from pipeline.knowledge import load_knowledge
from pipeline.model import ArtifactType, Item, Kind, Openness

KNOWLEDGE = load_knowledge()
SHARED = Path(os.environ.get("UNSEALED_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))


def read(title="", summary="", text="", **more):
    return read_announcements(Item(title=title, summary=summary, text=text, **more), KNOWLEDGE)


@pytest.fixture(scope="module")
def seed():
    folder = SHARED / "labels"
    if not (folder / "seed-article.txt").exists():
        pytest.skip("the seed article is not beside the project; set UNSEALED_SHARED")
    text = (folder / "seed-article.txt").read_text(encoding="utf-8")
    return Item(title=text.split("\n")[0], text=text), json.loads(
        (folder / "seed-article.json").read_text("utf-8")
    )


def test_the_seed_article_gives_its_five_rows_and_no_more(seed):
    item, gold = seed
    rows = read_announcements(item, KNOWLEDGE)
    by_maker = {row.who: row for row in rows}
    assert len(rows) == len(by_maker) == len(gold["announcements"])
    for want in gold["announcements"]:
        row = by_maker[tuple(want["who"])]
        assert list(row.what) == want["what"]
        assert (row.type, row.stage, row.openness, row.licence) == (
            want["type"],
            want["stage"],
            want["openness"],
            want["licence"],
        )
        assert (
            want["evidence_has"] in row.evidence.quote.replace("’", "'")
            or want["evidence_has"] in row.evidence.quote
        )


def test_the_seed_article_is_tagged_as_released(seed):
    verdict = Classifier.load().judge(seed[0])
    assert verdict.kind is Kind.RELEASED
    assert verdict.basis == "text"
    assert len(verdict.announcements) == 5


CASES = [
    (
        "Northlight AI releases Aurora-2 weights under Apache 2.0",
        "Northlight AI",
        "Aurora-2",
        "open-source",
        "Apache-2.0",
    ),
    ("晨星智能开源 Dawn-7B 模型，采用 MIT 许可证", "晨星智能", "Dawn-7B", "open-source", "MIT"),
    (
        "Kisaragi研究所が大規模言語モデル「Sakura-13B」をApache 2.0で公開",
        "Kisaragi研究所",
        "Sakura-13B",
        "open-source",
        "Apache-2.0",
    ),
    (
        "Das Start-up Lindwurm veröffentlicht sein Sprachmodell Tatzel-7B unter Apache 2.0",
        "Lindwurm",
        "Tatzel-7B",
        "open-source",
        "Apache-2.0",
    ),
    ("Lindwurm stellt KI-Modell Tatzel-7B als Open Source vor", "Lindwurm", "Tatzel-7B", "open-source", None),
    (
        "La start-up Hespéride publie son modèle Vesper-8B sous licence Apache 2.0",
        "Hespéride",
        "Vesper-8B",
        "open-source",
        "Apache-2.0",
    ),
    (
        "Cierzo libera Moncayo-3B, un modelo de lenguaje de código abierto",
        "Cierzo",
        "Moncayo-3B",
        "open-source",
        None,
    ),
    ("한빛AI, 한국어 모델 '누리-8B' 오픈소스로 공개", "한빛AI", "누리-8B", "open-source", None),
    ("月之暗面开源 Kimi K3 模型，2.8 万亿参数", "Moonshot AI", "Kimi K3", "open-source", None),
    (
        "Meta releases Llama 4 under the Llama 4 Community License",
        "Meta",
        "Llama 4",
        "open-weights",
        "Llama-Community",
    ),
    ("Google releases Gemma 4 12B", "Google", "Gemma 4 12B", "open-weights", None),
    ("Tencent Releases Hy3: An Open 295B Mixture-of-Experts Model", "Tencent", "Hy3", "open-weights", None),
    (
        "Northlight AI releases model Aurora-3 under CC BY-NC 4.0",
        "Northlight AI",
        "Aurora-3",
        "restricted",
        "CC-BY-NC-4.0",
    ),
    (
        "Northlight AI releases speech dataset Choir-9 under CC BY 4.0",
        "Northlight AI",
        "Choir-9",
        "open-data",
        "CC-BY-4.0",
    ),
    (
        "Northlight AI releases Aurora-4 weights under a modified MIT license",
        "Northlight AI",
        "Aurora-4",
        "open-weights",
        "Custom",
    ),
]


@pytest.mark.parametrize(("title", "who", "what", "openness", "licence"), CASES)
def test_who_opens_what_and_how_is_read(title, who, what, openness, licence):
    (row,) = read(title)
    assert row.who == (who,)
    assert row.what == (what,)
    assert row.openness == openness
    assert row.licence == licence
    assert row.stage is Kind.RELEASED
    assert row.evidence.quote == title


def test_called_open_source_under_a_licence_that_is_not_is_its_own_finding():
    (row,) = read("Northlight AI open-sources its model Aurora-5 under a non-commercial licence")
    assert (row.openness, row.claimed) == (Openness.RESTRICTED, Openness.OPEN_SOURCE)
    (row,) = read("Meta open-sources Llama 4 under the Llama 4 Community License")
    assert (row.openness, row.claimed) == (Openness.OPEN_WEIGHTS, Openness.OPEN_SOURCE)
    (row,) = read("Northlight AI open-sources its model Aurora-5 under Apache 2.0")
    assert (row.openness, row.claimed) == (Openness.OPEN_SOURCE, None)


@pytest.mark.parametrize(
    "title",
    [
        "Northlight AI plans to open-source its Aurora-6 model in the coming weeks",
        "晨星智能宣布将开源 Dawn-70B 大模型",
        "Northlight AI will open-source its Aurora-6 model",
    ],
)
def test_a_promise_is_planned(title):
    (row,) = read(title)
    assert row.stage is Kind.PLANNED
    assert row.who in {("Northlight AI",), ("晨星智能",)}


def test_a_tightened_licence_is_reversed_and_names_where_it_went():
    (row,) = read("Northlight AI moves Aurora-2 from Apache 2.0 to a source-available licence")
    assert row.stage is Kind.REVERSED
    assert row.who == ("Northlight AI",)
    assert row.what == ("Aurora-2",)
    assert row.openness is Openness.RESTRICTED
    assert row.licence is None


@pytest.mark.parametrize(
    "sentence",
    [
        "US companies are integrating DeepSeek's R1.",
        "Northlight won't open-source Aurora-3.",
        "Orion stops short of open-sourcing its new model.",
        "Android opened its doors to developers.",
        "OpenAI, which keeps its models closed, raised billions.",
        "The race for open-source supremacy is on.",
        "晨星智能表示不会开源 Dawn-70B。",
        "Das Modell ist nicht quelloffen.",
        "Le modèle n'est pas open source.",
    ],
)
def test_denial_adoption_contrast_and_analogy_announce_nothing(sentence):
    assert read(text=sentence) == ()


def test_free_of_charge_is_free_access():
    (row,) = read(text="Helix Labs has launched its latest model, Orion-3, making it available for free.")
    assert row.openness is Openness.FREE_ACCESS
    assert row.who == ("Helix Labs",)


def test_it_means_the_maker_last_spoken_of():
    rows = read(text="Baidu has changed its mind. On Monday, it open-sourced its model Ernie 4.5.")
    assert [row.who for row in rows] == [("Baidu",)]


def test_two_halves_of_a_sentence_are_two_announcements():
    rows = read(
        text="Alibaba open-sourced its model Wan 2.9 on Monday, while Tencent plans to open-source a video model."
    )
    assert [(row.who, row.stage) for row in rows] == [
        (("Alibaba",), Kind.RELEASED),
        (("Tencent",), Kind.PLANNED),
    ]


def test_a_licence_is_never_invented():
    (row,) = read(
        "Northlight AI open-sources its model Aurora-2",
        "Researchers at MIT and Apache helicopters were there.",
    )
    assert row.licence is None
    (row,) = read(
        "Northlight AI open-sources its model Aurora-2", "The story first ran in [MIT Technology Review](x)."
    )
    assert row.licence is None


def test_the_summary_may_name_the_licence_of_the_headline():
    (row,) = read(
        "Northlight AI open-sources its model Aurora-2",
        "The weights are available under the Apache 2.0 license.",
    )
    assert row.licence == "Apache-2.0"


def test_our_own_blog_says_we():
    (row,) = read("Today we are open-sourcing our agent framework Borealis-1", organisation="Northlight AI")
    assert row.who == ("Northlight AI",)
    assert row.type is ArtifactType.CODE


WORDS = st.sampled_from(
    [
        "Meta",
        "open-sources",
        "Llama",
        "4",
        "under",
        "MIT",
        "License",
        ".",
        "。",
        "\n",
        "开源",
        "腾讯",
        "「",
        "」",
        "(",
        ")",
        ",",
        "while",
        "plans",
        "to",
        "free",
        "weights",
        "\u202e",
        "\x00",
        "é",
        "한",
        "released",
        "it",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=40), st.lists(WORDS, max_size=40), st.text(max_size=80))
def test_evidence_is_always_an_exact_slice_of_its_field(title, summary, text):
    item = Item(title=" ".join(title), summary="".join(summary), text=text + " ".join(summary))
    for row in read_announcements(item, KNOWLEDGE):
        assert row.evidence.quote == getattr(item, row.evidence.field)[row.evidence.start : row.evidence.end]


NAMES = [
    ("Northlight AI publishes the weights of Aurora V2", ("Aurora V2",)),
    ("Northlight AI opens the weights of Seabright, a speech model for radio", ("Seabright",)),
    ("Northlight AI releases Compline-mini, an open-source model for notes", ("Compline-mini",)),
    ("Cierzo pone a disposición los pesos de Águeda-7B bajo licencia Apache 2.0", ("Águeda-7B",)),
    ("Hespéride diffuse le modèle juridique Aristide sous licence Apache 2.0", ("Aristide",)),
    ("L’Institut Hespéride ouvre Manuscrit, un modèle qui lit les cartes", ("Manuscrit",)),
    ("Lindwurm veröffentlicht Inferenz-Engine Haspel unter GPL-3.0", ("Haspel",)),
    ("Lindwurm veröffentlicht den Datensatz „Burgruine“ unter CC BY 4.0", ("Burgruine",)),
    ("晨星智能开源语音大模型惊蛰3，采用MIT许可证", ("惊蛰3",)),
    ("晨星智能：视频模型谷雨V2今日开源", ("谷雨V2",)),
    ("Kisaragi研究所、音声モデル「Tsubame」の重みを公開", ("Tsubame",)),
    ("한빛AI, 언어모델 ‘누리 2(Nuri 2)’ 오픈소스로 공개", ("Nuri 2",)),
    ("Northlight AI releases Aurora-2 for Ollama and macOS under MIT License", ("Aurora-2",)),
    ("Northlight AI releases Aurora-2: a 120B-parameter open-weight model that beats Orion-3", ("Aurora-2",)),
]


@pytest.mark.parametrize(("title", "what"), NAMES)
def test_the_thing_opened_is_named_and_nothing_else(title, what):
    assert read(title)[0].what == what


@pytest.mark.parametrize(
    "title",
    [
        "L’Institut Hespéride publie son modèle en open source",
        "Northlight AI open-sources its model under the Apache 2.0 license",
        "晨星智能开源100亿参数模型，上下文长度达128K",
        "Researchers at Northlight AI release the code of their study in Nature under MIT License",
        "Northlight AI open-sources a model that runs on NVIDIA and AMD",
    ],
)
def test_makers_licences_counts_and_articles_are_no_names(title):
    names = " ".join(name for row in read(title) for name in row.what)
    assert not any(
        word in names for word in ("L’", "Institut", "Apache", "参数", "长度", "NVIDIA", "AMD", "MIT")
    )
    assert names not in {"L", "Q"}


def test_a_phrase_is_never_a_maker():
    rows = read("山小屋の気象記録800時間、AI研究用データセットとして公開 CC BY 4.0")
    assert [row.who for row in rows] == [()]
    assert rows[0].what == ()
    assert rows[0].openness is Openness.OPEN_DATA


def test_the_summary_names_what_the_headline_left_unnamed():
    (row,) = read(
        "Northlight AI will open the weights of its video model in the coming weeks",
        "Aurora V3 is available through an interface for now.",
    )
    assert row.what == ("Aurora V3",)
    (row,) = read(
        "山小屋の気象記録800時間、AI研究用データセットとして公開 CC BY 4.0",
        "大学と気象台が、風の音を集めた音声データ「Hibari」を配っている。",
    )
    assert row.what == ("Hibari",)


def test_a_local_name_gets_its_latin_spelling_from_the_text_first():
    (row,) = read("晨星智能：视频模型谷雨V2今日开源", "视频模型谷雨V2（Guyu V2）今天上线，以MIT许可证发布。")
    assert row.what == ("Guyu V2", "谷雨V2")


@pytest.mark.parametrize(
    ("title", "summary", "maker"),
    [
        (
            "Robotique : Hespéride promet un bras pour tous le mois prochain",
            "La société lyonnaise annonce qu’elle publiera son modèle sous licence Apache 2.0.",
            "Hespéride",
        ),
        (
            "Lindwurm verspricht ein Modell für Archive und Ämter",
            "Das Jenaer Unternehmen will sein Modell unter Apache 2.0 veröffentlichen.",
            "Lindwurm",
        ),
    ],
)
def test_the_company_below_is_the_one_of_the_headline(title, summary, maker):
    assert {row.who for row in read(title, summary)} == {(maker,)}


def test_a_licence_in_the_last_bracket_of_a_headline_counts():
    assert read("Show HN: Tackle – open-source agents that survive a crash (MIT)")[0].licence == "MIT"
    (row,) = read("Cierzo Lab publica Alcor-ES, un conjunto de datos abierto (CC BY 4.0)")
    assert (row.licence, row.openness) == ("CC-BY-4.0", Openness.OPEN_DATA)
    rows = read("Northlight AI open-sources a robot hand, say researchers at a university (MIT)")
    assert all(row.licence is None or row.openness is Openness.OPEN_SOURCE for row in rows)


@pytest.mark.parametrize(
    "aside",
    [
        "By contrast, the rival Borealis-4 is under the Apache 2.0 license.",
        "A companion viewer is under the MIT License.",
        "Das Vorgängermodell stand unter der Apache-2.0-Lizenz, anders als die Konkurrenz.",
        "与上一代采用的Apache 2.0许可证相比，限制更多。",
    ],
)
def test_the_licence_of_a_rival_or_a_thing_beside_it_is_not_the_licence(aside):
    (row,) = read("Northlight AI publishes the weights of Aurora-7", aside)
    assert row.licence is None


@pytest.mark.parametrize(
    "title",
    [
        "Hochschule Lindau stellt 900 Karten als offenen Datensatz für KI bereit",
        "Hespéride publie Cadastre, un jeu de données ouvert pour l’IA",
        "Cierzo publica Alcor-ES, un conjunto de datos abierto",
        "Northlight AI releases Choir-9 as an open dataset",
    ],
)
def test_an_open_data_set_is_open_data(title):
    assert read(title)[0].openness is Openness.OPEN_DATA


def test_german_parts_its_verbs():
    assert read("Lindwurm legt Teile seines Modells zur Wegplanung offen")[0].who == ("Lindwurm",)
    assert read("Lindwurm lässt Preise seines Modells offen") == ()
    assert read("Lindwurm stellt klar: Termin für das Modell bleibt offen") == ()


def test_the_sentence_that_names_the_licence_is_the_proof_where_the_headline_does_not():
    item = Item(
        title="Solveig opens Harrow, a speech model",
        summary="It runs on a phone. The weights of Harrow are out under the MIT licence.",
    )
    (row,) = Classifier.load().judge(item).announcements
    assert row.licence == "MIT"
    assert (row.evidence.field, row.evidence.quote) == (
        "summary",
        "The weights of Harrow are out under the MIT licence.",
    )
    assert item.summary[row.evidence.start : row.evidence.end] == row.evidence.quote


def test_a_headline_that_names_the_licence_stays_the_proof():
    item = Item(
        title="Solveig opens the language model Harrow under the MIT licence",
        summary="The MIT licence is short.",
    )
    (row,) = Classifier.load().judge(item).announcements
    assert (row.evidence.field, row.evidence.quote) == ("title", item.title)


def test_a_promise_knows_its_day_whichever_sentence_names_it():
    item = Item(
        title="Solveig promises to open the weights of its speech model Harrow within two weeks",
        summary="Harrow will be open-sourced under the MIT licence.",
        published=datetime(2026, 11, 2, 9, tzinfo=UTC),
    )
    (row,) = Classifier.load().judge(item).announcements
    assert (row.stage, row.licence, row.due) == (Kind.PLANNED, "MIT", date(2026, 11, 16))


def test_who_builds_on_it_must_disclose_is_no_announcement():
    rows = read(
        title="Harwick veröffentlicht die KI-Engine Taldur unter GPL-3.0",
        text="Wer Taldur in ein eigenes Produkt einbaut, muss dessen Quellcode ebenfalls offenlegen.",
    )
    assert [row.who for row in rows] == [("Harwick",)]


@pytest.mark.parametrize(
    ("title", "who", "what"),
    [
        ("Show HN: Sx – an open-source package manager for AI skills, MCPs, and commands", (), ("Sx",)),
        ("Launch HN: Larkspur (YC W25) – Open-source agent framework", ("Larkspur",), ("Larkspur",)),
        ("GitHub - larkspur-dev/petrel: An open source LLM server", ("larkspur-dev",), ("petrel",)),
        ("Northlight AI Releases Borealis: A 4B Open-Weight Model That Fits on a Phone", ("Northlight AI",), ("Borealis",)),
        ("Meet Petrel: An Open-Source Agent Framework for Ports", (), ("Petrel",)),
        ("Introducing Whimbrel", (), ()),
        ("Aurora-Med: an open model that reads scans (Stanford, ETH Zurich, Google)", ("Stanford", "ETH Zurich", "Google"), ("Aurora-Med",)),
        ("晨星智能开源文档模型 Dawn-OCR2，登顶 OmniDocBench", ("晨星智能",), ("Dawn-OCR2",)),
        ("英伟达联手宇树开源机器人模型 Dawn-VLA", ("NVIDIA", "Unitree"), ("Dawn-VLA",)),
        ("晨星智能推出开源 AI 智能体开发框架 Eve", ("晨星智能",), ("Eve",)),
        ("Northlight AI open-sources Petrel, which combines OpenClaw with its own tools", ("Northlight AI",), ("Petrel",)),
        ("Tatzel-7B by Lindwurm is now open source", ("Lindwurm",), ("Tatzel-7B",)),
    ],
)  # fmt: skip
def test_the_shape_of_a_headline_tells_maker_and_thing(title, who, what):
    rows = read(title)
    assert [(row.who, row.what) for row in rows] == ([(who, what)] if rows else [])
    assert rows or not what


@pytest.mark.parametrize(
    "title",
    [
        "Show HN: Sim – Apache-2.0 n8n alternative",
        "Kaku 开源：终端里的 AI 助手",
        "有人打包开源了一套论文流水线 AI 工具",
        "GitHub 上的开源 AI 工具 Larkspur 发布",
    ],
)
def test_what_a_thing_is_like_or_lies_on_is_no_maker(title):
    assert {row.who for row in read(title)} <= {()}


def test_a_thing_for_an_open_family_is_neither_its_makers_nor_open_weights():
    (row,) = read(
        "Show HN: Larkspur – open-source inference for Qwen3 in pure C++",
        url="https://github.com/somebody/larkspur",
    )
    assert row.who == ()
    assert row.openness is Openness.OPEN_SOURCE


def test_a_makers_own_page_need_not_say_its_name():
    (row,) = read("Petrel: an open-source auditing tool", url="https://www.anthropic.com/research/petrel")
    assert row.who == ("Anthropic",)
    (row,) = read("Petrel: an open model for ports", url="https://huggingface.co/blog/allenai/petrel")
    assert row.who == ("Ai2",)


@pytest.mark.parametrize(
    ("title", "openness", "claimed"),
    [
        ("Northlight AI releases the weights of Aurora-9", "open-weights", None),
        ("Northlight AI open-sources the weights of Aurora-9", "open-source", None),
        ("Northlight AI releases Choir-Bench, an open-source benchmark for agents", "open-data", None),
        ("Northlight AI open-sources Aurora-9 under the Business Source License", "restricted", "open-source"),
        ("Northlight AI releases the open-source model Aurora-9 under a Llama Community License", "open-weights", "open-source"),
        ("晨星智能开源 Dawn-9 模型，仅限非商业用途", "restricted", "open-source"),
    ],
)  # fmt: skip
def test_weights_data_and_licences_decide_how_open_it_is(title, openness, claimed):
    (row,) = read(title)
    assert (row.openness, row.claimed) == (openness, claimed)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=30))
def test_the_gate_never_stops_an_opening(words):
    for clause in read_clauses(" ".join(words), KNOWLEDGE):
        for headline in (True, False):
            if _opening(clause, headline=headline) is not None:
                assert KNOWLEDGE.gate.may_open(clause.text, headline=headline)


def test_every_phrase_an_opening_needs_passes_the_gate():
    for group in NEEDED:
        for phrases in KNOWLEDGE.phrases[group].values():
            for phrase in phrases:
                assert KNOWLEDGE.gate.may_open(f"so {phrase.strip('=*')} it", headline=True), phrase
    for group in MOVES:
        for phrases in KNOWLEDGE.phrases[group].values():
            for phrase in phrases:
                assert KNOWLEDGE.gate.may_open(f"open source {phrase.strip('=*')} it"), phrase


def test_it_is_found_far_back_and_in_linear_time():
    far = "Baidu has news. " + "Nothing of note happened on that day. " * 40
    (row,) = read(text=far + "On Monday, it open-sourced its model Ernie 4.5.")
    assert row.who == ("Baidu",)
    many = read(text="Baidu has news. " + "On Monday, it open-sourced a new model. " * 3_000)
    assert len(many) == 1


def test_a_hubs_own_post_about_a_family_names_the_familys_maker():
    (row,) = read("Welcome Gemma 9: open models for phones", url="https://huggingface.co/blog/gemma9")
    assert row.who == ("Google",)
    rows = read("Gemma-9-larkspur weights released", url="https://huggingface.co/somebody/gemma-9-larkspur")
    assert {r.who for r in rows} <= {()}


@pytest.mark.parametrize(
    "title",
    [
        "Aurora-2, the open-source model, is available in Amazon Bedrock",
        "Qwen9 launches as a hosted model on SageMaker JumpStart",
        "Qwen9 est proposé sur le cloud, hébergé à Lyon",
    ],
)
def test_hosting_what_is_open_already_announces_nothing(title):
    assert read(title) == ()

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language import guess_language
from pipeline.names import name_key


def test_spellings_of_one_name_share_a_key():
    keys = {
        name_key(n)
        for n in ("Qwen3-Coder-480B", "Qwen 3 Coder 480b", "QWEN3 Coder (480B)", "Qwen３-Coder-480B")
    }
    assert keys == {"qwen 3 coder 480 b"}


def test_versions_are_told_apart():
    assert name_key("Ernie 4.5") != name_key("Ernie 4.0")
    assert name_key("Aurora v2") == name_key("Aurora-2") == name_key("Aurora 2 model")


def test_a_name_of_filler_words_only_keeps_them():
    assert name_key("Model") == "model"
    assert name_key("…") == ""


@given(st.text(max_size=300))
def test_the_key_of_a_key_is_itself(name):
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Northlight AI releases Aurora-2 weights for the community", "en"),
        ("晨星智能开源 Dawn-7B 模型，采用 MIT 许可证", "zh"),
        ("Kisaragi研究所が大規模言語モデル「Sakura-13B」を公開", "ja"),
        ("한빛AI, 한국어 모델 '누리-8B' 오픈소스로 공개", "ko"),
        ("Das Start-up Lindwurm veröffentlicht ein Sprachmodell für die Forschung", "de"),
        ("La start-up Hespéride publie un modèle de langage sous licence libre", "fr"),
        ("Cierzo libera un modelo de lenguaje y lo publica en la red para todos", "es"),
        ("", ""),
        ("1234 !!", ""),
        ("Qwen3-Coder", ""),
    ],
)
def test_a_language_is_guessed_or_left_open(text, language):
    assert guess_language(text) == language


@given(st.text())
def test_any_text_gets_one_of_seven_languages_or_none(text):
    assert guess_language(text) in {"", "en", "zh", "ja", "ko", "de", "fr", "es"}

"""Sentences of our own in five languages: opened, promised, withdrawn, denied, adopted, free, licensed."""

from __future__ import annotations

import pytest

from pipeline.facts import read_announcements
from pipeline.knowledge import load_knowledge
from pipeline.model import Item

KNOWLEDGE = load_knowledge()

OPENED, PROMISED, BACK, FREE, NOTHING = "released", "planned", "reversed", "free", "nothing"

#: language: (headline, what happens, openness, licence)
SENTENCES: dict[str, list[tuple[str, str, str, str | None]]] = {
    "ja": [
        ("朝霧AI、日本語モデル「Asagiri-8B」をオープンソースで公開", OPENED, "open-source", None),
        ("朝霧AIが大規模言語モデル「Asagiri-8B」をMITライセンスで公開", OPENED, "open-source", "MIT"),
        ("朝霧AI、音声認識モデルAsagiri-ASRの重みをHugging Faceで公開", OPENED, "open-weights", None),
        ("朝霧AIは推論エンジン「Hayate」のソースコードをGitHubで公開した", OPENED, "open-source", None),
        (
            "朝霧AI、画像生成モデル「Iroha-2」をApache 2.0ライセンスで提供開始",
            OPENED,
            "open-source",
            "Apache-2.0",
        ),
        ("朝霧AI、方言の音声データセット「Kotoba」をCC BY 4.0で公開", OPENED, "open-data", "CC-BY-4.0"),
        ("朝霧AI、視覚言語モデル「Asagiri-VL」を非商用ライセンスで公開", OPENED, "restricted", None),
        ("朝霧AI、翻訳モデル「Asagiri-MT」を研究目的に限り公開", OPENED, "restricted", None),
        (
            "朝霧AI、「Asagiri-30B」を独自ライセンスで公開 重みはダウンロード可能",
            OPENED,
            "open-weights",
            "Custom",
        ),
        ("朝霧AI、エージェント基盤「Kaze」をOSSとして公開", OPENED, "open-source", None),
        ("朝霧AI、来月にモデル「Asagiri-70B」をオープンソースで公開する予定", PROMISED, "open-source", None),
        ("朝霧AI、「Asagiri-70B」の重みを年内に公開へ", PROMISED, "open-weights", None),
        ("朝霧AI、学習コードのオープンソース化を検討", PROMISED, "open-source", None),
        ("朝霧AI、モデル「Asagiri-8B」のライセンスを変更し商用利用を禁止", BACK, "restricted", None),
        ("朝霧AI、「Asagiri-8B」のオープンソース公開を終了", BACK, "open-source", None),
        ("朝霧AI、新モデル「Asagiri-X」を発表 重みは公開しない", NOTHING, "", None),
        ("朝霧AIの新モデルはオープンソースではない", NOTHING, "", None),
        ("朝霧AI、「Asagiri-X」はAPIのみで提供 オープンソース化の予定はない", NOTHING, "", None),
        ("自治体が朝霧AIの公開モデル「Asagiri-8B」を採用", NOTHING, "", None),
        ("青空銀行、オープンソースのLLMを社内基盤に導入", NOTHING, "", None),
        ("朝霧AI、対話アプリ「Hanasu」を無料で提供開始", FREE, "free-access", None),
        ("朝霧AI、モデル「Asagiri-X」を全ユーザーに無料公開", FREE, "free-access", None),
    ],
    "ko": [
        ("한빛AI, 한국어 모델 '누리-8B' 오픈소스로 공개", OPENED, "open-source", None),
        ("한빛AI가 언어모델 '누리-8B'를 MIT 라이선스로 공개했다", OPENED, "open-source", "MIT"),
        ("한빛AI, 음성 인식 모델 '소리-2' 가중치를 허깅페이스에 공개", OPENED, "open-weights", None),
        ("한빛AI, 추론 엔진 '바람' 소스코드를 깃허브에 공개", OPENED, "open-source", None),
        ("한빛AI, 이미지 모델 '그림-3'을 아파치 2.0 라이선스로 배포", OPENED, "open-source", "Apache-2.0"),
        ("한빛AI, 사투리 음성 데이터셋 '말결' CC BY 4.0으로 공개", OPENED, "open-data", "CC-BY-4.0"),
        ("한빛AI, 비전 모델 '눈-1'을 비상업적 라이선스로 공개", OPENED, "restricted", None),
        ("한빛AI, 번역 모델 '다리-7B'를 연구용으로만 공개", OPENED, "restricted", None),
        ("한빛AI, '누리-30B' 자체 라이선스로 공개… 가중치 다운로드 가능", OPENED, "open-weights", "Custom"),
        ("한빛AI, 에이전트 프레임워크 '이음'을 오픈소스로 출시", OPENED, "open-source", None),
        ("한빛AI, 내달 '누리-70B' 오픈소스로 공개할 예정", PROMISED, "open-source", None),
        ("한빛AI, '누리-70B' 가중치를 연내 공개하겠다고 밝혀", PROMISED, "open-weights", None),
        ("한빛AI, 학습 코드 오픈소스화를 검토", PROMISED, "open-source", None),
        ("한빛AI, '누리-8B' 라이선스 변경해 상업적 이용 금지", BACK, "restricted", None),
        ("한빛AI, '누리' 오픈소스 중단… 비공개로 전환", BACK, "open-source", None),
        ("한빛AI, 새 모델 '누리-X' 발표… 가중치는 공개하지 않아", NOTHING, "", None),
        ("한빛AI의 새 모델은 오픈소스가 아니다", NOTHING, "", None),
        ("한빛AI, '누리-X' API로만 제공… 오픈소스 공개 계획은 없어", NOTHING, "", None),
        ("서울시, 한빛AI 공개 모델 '누리-8B' 도입", NOTHING, "", None),
        ("푸른은행, 오픈소스 언어모델을 사내 시스템에 적용", NOTHING, "", None),
        ("한빛AI, 대화 앱 '도란' 무료로 출시", FREE, "free-access", None),
        ("한빛AI, 모델 '누리-X' 전 이용자에게 무료 공개", FREE, "free-access", None),
    ],
    "de": [
        ("Lindwurm veröffentlicht Sprachmodell Tatzel-7B als Open Source", OPENED, "open-source", None),
        ("Lindwurm stellt das Sprachmodell Tatzel-7B unter die MIT-Lizenz", OPENED, "open-source", "MIT"),
        ("Lindwurm gibt die Gewichte von Tatzel-7B frei", OPENED, "open-weights", None),
        ("Lindwurm veröffentlicht den Quellcode der Inferenz-Engine Haspel", OPENED, "open-source", None),
        (
            "Lindwurm macht Bildmodell Tatzel-Bild unter Apache 2.0 verfügbar",
            OPENED,
            "open-source",
            "Apache-2.0",
        ),
        ("Lindwurm stellt den Datensatz „Mundart“ unter CC BY 4.0 bereit", OPENED, "open-data", "CC-BY-4.0"),
        ("Lindwurm veröffentlicht Tatzel-VL, nur für nicht-kommerzielle Nutzung", OPENED, "restricted", None),
        ("Lindwurm veröffentlicht Tatzel-MT ausschließlich für Forschungszwecke", OPENED, "restricted", None),
        (
            "Lindwurm veröffentlicht Tatzel-30B unter eigener Lizenz, Gewichte zum Herunterladen",
            OPENED,
            "open-weights",
            "Custom",
        ),
        ("Tatzel-7B von Lindwurm ist jetzt quelloffen", OPENED, "open-source", None),
        (
            "Lindwurm will Tatzel-70B im Dezember als Open Source veröffentlichen",
            PROMISED,
            "open-source",
            None,
        ),
        (
            "Lindwurm kündigt an, die Gewichte von Tatzel-70B zu veröffentlichen",
            PROMISED,
            "open-weights",
            None,
        ),
        ("Lindwurm erwägt, den Trainingscode als Open Source freizugeben", PROMISED, "open-source", None),
        (
            "Lindwurm verschärft die Lizenz von Tatzel-7B und untersagt kommerzielle Nutzung",
            BACK,
            "restricted",
            None,
        ),
        ("Tatzel-7B von Lindwurm ist nicht mehr quelloffen", BACK, "open-source", None),
        ("Lindwurm stellt Tatzel-X vor, die Gewichte bleiben unter Verschluss", NOTHING, "", None),
        ("Das neue Modell von Lindwurm ist nicht quelloffen", NOTHING, "", None),
        ("Lindwurm bietet Tatzel-X nur über eine API an, keine Pläne für Open Source", NOTHING, "", None),
        ("Die Stadt Lindau setzt auf das offene Modell Tatzel-7B", NOTHING, "", None),
        ("Seebank führt ein quelloffenes Sprachmodell ein", NOTHING, "", None),
        ("Lindwurm veröffentlicht die App Plausch, kostenlos für alle", FREE, "free-access", None),
        ("Lindwurm startet KI-Modell Tatzel-X kostenlos für alle Nutzer", FREE, "free-access", None),
    ],
    "fr": [
        ("Hespéride publie son modèle Vesper-8B en open source", OPENED, "open-source", None),
        ("Hespéride publie le modèle Vesper-8B sous licence MIT", OPENED, "open-source", "MIT"),
        ("Hespéride met en ligne les poids de Vesper-8B sur Hugging Face", OPENED, "open-weights", None),
        ("Hespéride ouvre le code de son moteur d’inférence Rouet", OPENED, "open-source", None),
        (
            "Hespéride lance le modèle d’images Vesper-Image sous licence Apache 2.0",
            OPENED,
            "open-source",
            "Apache-2.0",
        ),
        (
            "Hespéride diffuse le jeu de données « Patois » sous licence CC BY 4.0",
            OPENED,
            "open-data",
            "CC-BY-4.0",
        ),
        ("Hespéride publie Vesper-VL, réservé à un usage non commercial", OPENED, "restricted", None),
        (
            "Hespéride publie le modèle Vesper-MT à des fins de recherche uniquement",
            OPENED,
            "restricted",
            None,
        ),
        (
            "Hespéride publie Vesper-30B sous une licence maison, poids téléchargeables",
            OPENED,
            "open-weights",
            "Custom",
        ),
        ("Vesper-8B de Hespéride passe en open source", OPENED, "open-source", None),
        ("Hespéride publiera Vesper-70B en open source en décembre", PROMISED, "open-source", None),
        ("Hespéride promet d’ouvrir les poids de Vesper-70B", PROMISED, "open-weights", None),
        (
            "Hespéride envisage de publier le code d’entraînement en open source",
            PROMISED,
            "open-source",
            None,
        ),
        ("Hespéride durcit la licence de Vesper-8B et interdit l’usage commercial", BACK, "restricted", None),
        ("Hespéride abandonne l’open source pour Vesper-8B", BACK, "open-source", None),
        ("Hespéride présente Vesper-X, dont les poids ne seront pas publiés", NOTHING, "", None),
        ("Le nouveau modèle de Hespéride n’est pas open source", NOTHING, "", None),
        ("Hespéride propose Vesper-X uniquement via une API, sans ouvrir le code", NOTHING, "", None),
        ("La ville de Lyon adopte le modèle ouvert Vesper-8B", NOTHING, "", None),
        ("La Banque du Lac utilise un modèle open source en interne", NOTHING, "", None),
        ("Hespéride lance l’application Parlotte, gratuite pour tous", FREE, "free-access", None),
        ("Hespéride lance le modèle Vesper-X gratuitement pour tous", FREE, "free-access", None),
    ],
    "es": [
        ("Cierzo publica su modelo Moncayo-3B como código abierto", OPENED, "open-source", None),
        ("Cierzo publica el modelo Moncayo-3B bajo licencia MIT", OPENED, "open-source", "MIT"),
        ("Cierzo publica los pesos de Moncayo-3B en Hugging Face", OPENED, "open-weights", None),
        ("Cierzo abre el código de su motor de inferencia Rueca", OPENED, "open-source", None),
        (
            "Cierzo lanza el modelo de imagen Moncayo-Imagen con licencia Apache 2.0",
            OPENED,
            "open-source",
            "Apache-2.0",
        ),
        (
            "Cierzo publica el conjunto de datos «Habla» bajo licencia CC BY 4.0",
            OPENED,
            "open-data",
            "CC-BY-4.0",
        ),
        ("Cierzo publica Moncayo-VL solo para uso no comercial", OPENED, "restricted", None),
        ("Cierzo publica el modelo Moncayo-MT con fines de investigación", OPENED, "restricted", None),
        (
            "Cierzo publica Moncayo-30B bajo licencia propia, con los pesos descargables",
            OPENED,
            "open-weights",
            "Custom",
        ),
        ("Cierzo libera Moncayo-3B en código abierto", OPENED, "open-source", None),
        ("Cierzo publicará Moncayo-70B como código abierto en diciembre", PROMISED, "open-source", None),
        ("Cierzo promete abrir los pesos de Moncayo-70B", PROMISED, "open-weights", None),
        ("Cierzo estudia abrir el código de entrenamiento", PROMISED, "open-source", None),
        ("Cierzo endurece la licencia de Moncayo-3B y prohíbe el uso comercial", BACK, "restricted", None),
        ("Cierzo abandona el código abierto con Moncayo-3B", BACK, "open-source", None),
        ("Cierzo presenta Moncayo-X, pero no publicará los pesos", NOTHING, "", None),
        ("El nuevo modelo de Cierzo no es de código abierto", NOTHING, "", None),
        ("Cierzo ofrece Moncayo-X solo a través de una API, sin abrir el código", NOTHING, "", None),
        ("El Ayuntamiento de Teruel adopta el modelo abierto Moncayo-3B", NOTHING, "", None),
        ("El Banco del Ebro utiliza un modelo de código abierto", NOTHING, "", None),
        ("Cierzo lanza la aplicación Charla, gratis para todos", FREE, "free-access", None),
        ("Cierzo lanza el modelo Moncayo-X gratis para todos", FREE, "free-access", None),
    ],
}
MAKER = {"ja": "朝霧AI", "ko": "한빛AI", "de": "Lindwurm", "fr": "Hespéride", "es": "Cierzo"}
CASES = [(language, *row) for language, rows in SENTENCES.items() for row in rows]


def test_every_language_is_tried_with_twenty_sentences_over_all_that_can_happen() -> None:
    for rows in SENTENCES.values():
        assert len(rows) >= 20
        assert {row[1] for row in rows} == {OPENED, PROMISED, BACK, FREE, NOTHING}


@pytest.mark.parametrize(("language", "headline", "happens", "openness", "licence"), CASES)
def test_a_headline_is_read_for_what_happens(
    language: str, headline: str, happens: str, openness: str, licence: str | None
) -> None:
    rows = read_announcements(Item(title=headline, language=language), KNOWLEDGE)
    if happens == NOTHING:
        assert [row for row in rows if row.openness != "free-access"] == []
        return
    assert len(rows) == 1, rows
    assert rows[0].stage == ("released" if happens == FREE else happens)
    assert rows[0].openness == openness
    assert rows[0].licence == licence
    assert MAKER[language] in rows[0].who

"""Small archives with the same articles in each database, for the tests of searching."""

from __future__ import annotations

import random
from datetime import timedelta

from pipeline.archive import Archive
from pipeline.model import Announcement, ArtifactType, Entry, Kind, Openness, Page, PageFetch
from tests.pipeline.builders import NOW, announcement, entry, hours_ago, poll, source, verdict

TITLES = {
    "en": "GPT-4o rival: Llama 3.1 fine-tune opened under Apache-2.0, it's fast AND small",
    "cpp": "A C++ inference engine",
    "zh": "晨星智能宣布开源视频模型",
    "ja": "新しい大規模言語モデルを公開",
    "ko": "한국어 모델을 오픈소스로 공개했다",
    "de": "Offene Gewichte für Übersetzer",
}

MAKERS = ["Northlight", "DeepSeek", "Hugging Face", "智谱AI", "Mistral", "Élan Labs", "深度求索"]
NAMES = ["Aurora-2", "Qwen3-Coder 480B", "文心一言", "Mistral Large 3", "Voxtral", "aurora", "C++Kit"]
LICENCES = ["MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-NC-4.0", "Llama-3.1", None]
PIECES = [
    "GPT-4o", "gpt4o", "gpt 4o", "Llama 3.1", "llama-3", "apache-2.0", "Apache 2", "C++", "C", "C#", "qwen3", "Qwen 3",
    "Qwen2.5-VL-7B", "open weights", "open", "weights", "it's", "AND", "OR", "naïve café", "Über", "開源", "开源",
    "开源模型", "视频模型", "模型", "宣布", "大規模言語モデル", "モデル", "公開", "한국어", "모델을", "오픈소스", "🤗", "👍🏽",
    "дообучение", "модель", "نموذج", "ภาษาไทย", "हिन्दी", "don’t", "1,000", "state-of-the-art", "x", "99.9%", "“quoted”",
]  # fmt: skip


def stock(archive: Archive) -> None:
    """The six titles, one of which opens two things."""
    archive.gathering.sync_sources(
        [source(), source("zhi-bao", language="zh"), source("labor", language="de")]
    )
    archive.gathering.save_poll(
        poll(*(entry(slug, title=title, summary="") for slug, title in TITLES.items()))
    )
    judged = []
    for article in archive.judging.due(100):
        if article.url.endswith("/en"):
            told = (announcement(), announcement(who=("Baidu",), licence=None, openness=Openness.FREE_ACCESS))
            judged.append((article, verdict(Kind.RELEASED, *told, model="m")))
        else:
            judged.append((article, verdict(Kind.OTHER, model="m")))
    archive.judging.save(judged, NOW)


def fill(archive: Archive, count: int = 150) -> None:
    """Articles in many scripts, with openings, stories and promises; the same in every archive."""
    rng = random.Random(5)
    archive.gathering.sync_sources(
        [
            source("daily-model", language="en", country="us"),
            source("zhi-bao", name="智报 News", language="zh", country="cn"),
            source("labor", name="Labor & Werk", language="de", country="de"),
        ]
    )
    for source_id in ("daily-model", "zhi-bao", "labor"):
        entries = [_entry(rng, source_id, n) for n in range(count // 3)]
        archive.gathering.save_poll(poll(*entries, source_id=source_id))
    due = archive.judging.due(count)
    for article in due[::5]:
        text = " ".join(rng.choices(PIECES, k=60))
        archive.gathering.save_page(PageFetch(article.id, NOW, page=Page(url=article.url, text=text)))
    due = archive.judging.due(count)
    archive.judging.save([(a, _verdict(rng)) for a in due], NOW)
    archive.storying.group(archive.storying.due(count), NOW)
    archive.promising.settle(NOW)


def _entry(rng: random.Random, source_id: str, n: int) -> Entry:
    words = rng.choices(PIECES, k=rng.randint(2, 9))
    return entry(
        f"{source_id}-{n}",
        source_id,
        title=" ".join(words[:4]),
        summary=" ".join(words[4:]),
        published=NOW - timedelta(hours=rng.randint(1, 4000)) if rng.random() < 0.9 else None,
    )


def _verdict(rng: random.Random):  # type: ignore[no-untyped-def]
    kind = rng.choice([*Kind, Kind.RELEASED, Kind.PLANNED])
    if kind not in (Kind.RELEASED, Kind.PLANNED, Kind.REVERSED):
        return verdict(kind, model="m", probability=rng.random() / 3)
    told = [_opening(rng, kind) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return verdict(kind, *told, model="m", probability=0.5 + rng.random() / 2)


def _opening(rng: random.Random, kind: Kind) -> Announcement:
    return announcement(
        who=tuple(rng.sample(MAKERS, rng.choice([0, 1, 1, 2]))),
        what=tuple(rng.sample(NAMES, rng.choice([1, 1, 2]))),
        type=rng.choice(list(ArtifactType)),
        stage=kind,
        licence=rng.choice(LICENCES),
        openness=rng.choice(list(Openness)),
        claimed=rng.choice([None, None, Openness.OPEN_SOURCE]),
    )


def queries(count: int) -> list[str]:
    """Queries of every kind, from a fixed seed."""
    rng = random.Random(8)
    makers = [
        "deepseek",
        '"hugging face"',
        "智谱ai",
        "mistral",
        "elan*",
        "深度求索",
        "nobody",
        "northlight,mistral",
    ]
    filters = [
        *(f"who:{m}" for m in makers),
        "what:aurora", "what:coder", "what:文心", "what:mistral,voxtral", "what:c++kit", "what:480", "what:q*",
        "licence:mit", "licence:apache", "licence:cc", "licence:cc-by", "licence:*", "licence:mit,apache-2.0", "licence:gpl",
        *(f"openness:{o.value}" for o in Openness), "openness:open-source,open-weights", "claimed:open-source",
        "type:model", "type:dataset,code", "stage:planned", "kind:released", "kind:other,discussion", "tagged:yes", "tagged:no",
        "probability:>0.8", "probability:<=0.2", "probability:>=0.5", "source:zhi-bao", "source:labor,daily-model",
        "outlet:daily", "outlet:werk", "outlet:智报", "lang:zh", "lang:EN,de", "country:cn", "story:1", "story:2,3", "outlets:>=2",
        "outlets:1", "outlets:>1", "since:30d", "since:2026-09 until:2026-10", "until:60d", "since:2026-W40", "state:open",
    ]  # fmt: skip
    pieces = [p.strip("“”") for p in PIECES]
    found = [*pieces, *filters, *(f'"{p}"' for p in pieces)]
    while len(found) < count:
        word, other, third = rng.choices(pieces, k=3)
        one, two = rng.choices(filters, k=2)
        found.append(
            rng.choice(
                [
                    f"{word} {other}", f"{word} OR {other}", f"{word} -{other}", f"-{word}", f"{word} {one}", f"{one} {two}",
                    f"{one} -{two}", f"({word} {one}) OR {two}", f"{one} OR {two}", f"{word} ({other} OR {one}) -{third}",
                    f"{word[:3]}*", f"-({word} {other})", f"{word} OR -{other}", f"({word} OR {other}) {one} -{two}",
                ]
            )
        )  # fmt: skip
    return found


__all__ = ["NOW", "TITLES", "fill", "hours_ago", "queries", "stock"]

"""An archive of generated articles for `search_archive.py`: words by Zipf's law, seven languages.

Not run by itself. Every word, name and headline is made up here, from a fixed seed.
"""

from __future__ import annotations

import random
import sys
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    print("nothing to run: the corpus of search_archive.py")
    sys.exit(0)

import sqlalchemy as sa

from pipeline.archive.database import Database
from pipeline.archive.schema import (
    announcements,
    articles,
    promises,
    sources,
    stories,
    story_articles,
    verdicts,
)
from pipeline.archive.search_index import index_articles, index_stories

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAYS = 4 * 365
BYTES = 2_000
BATCH = 2_000
#: Of all articles, how many announce something; the shipped sources' share is of this order.
OPENING = 0.05
LICENCES = [
    "apache-2.0",
    "MIT",
    "Llama-3.1",
    "CC-BY-4.0",
    "CC-BY-NC-4.0",
    "GPL-3.0",
    "OpenRAIL",
    "BSD-3-Clause",
]
OPENNESS = ["open-source", "open-weights", "open-data", "restricted", "unclear", "free-access"]
TYPES = ["model", "dataset", "code", "benchmark", "hardware", "protocol", "other"]
COUNTRIES = ["us", "us", "us", "cn", "cn", "de", "fr", "jp", "kr", "gb"]
#: Spellings our users search for, each with the share of articles that have it.
SPECIAL = {
    "GPT-4o": 0.03,
    "Llama 3.1": 0.02,
    "apache-2.0": 0.03,
    "C++": 0.01,
    "Qwen3": 0.02,
    "open weights": 0.06,
}


class Zipf:
    """Draws from a list, its n-th entry with probability proportional to 1/n."""

    def __init__(self, entries: list[str]) -> None:
        self.entries = entries
        self.cumulated = list(accumulate(1 / n for n in range(1, len(entries) + 1)))

    def draw(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.entries, cum_weights=self.cumulated, k=count)

    def one(self, rng: random.Random) -> str:
        return self.entries[bisect_left(self.cumulated, rng.random() * self.cumulated[-1])]


def _latin(rng: random.Random, count: int, extra: str = "") -> list[str]:
    onsets = ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl", "ch", "k"]
    vowels = ["a", "e", "i", "o", "u", "ai", "ou", *extra]
    words: dict[str, None] = {}
    while len(words) < count:
        syllables = 1 + (len(words) > 60) + (rng.random() < 0.5) + (rng.random() < 0.2)
        words[
            "".join(rng.choice(onsets) + rng.choice(vowels) for _ in range(syllables)) + rng.choice("nrst")
        ] = None
    return list(words)


def _signs(rng: random.Random, first: int, last: int, signs: int, count: int) -> list[str]:
    """Words of two signs mostly, out of the commoner part of a script."""
    common = Zipf([chr(c) for c in rng.sample(range(first, last), signs)])
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(common.draw(rng, 2 if rng.random() < 0.8 else 3))] = None
    return list(words)


@dataclass(frozen=True)
class Corpus:
    """Vocabularies, and what queries are drawn from."""

    words: dict[str, Zipf]
    makers: Zipf
    names: Zipf
    outlets: list[tuple[str, str, str, str]] = field(default_factory=list)  # id, name, language, country

    @classmethod
    def make(cls) -> Corpus:
        rng = random.Random(7)
        words = {
            "en": Zipf(_latin(rng, 50_000)),
            "de": Zipf(_latin(rng, 20_000, "äöü")),
            "fr": Zipf(_latin(rng, 20_000, "éèê")),
            "es": Zipf(_latin(rng, 20_000, "áóñ")),
            "zh": Zipf(_signs(rng, 0x4E00, 0x6E00, 2_500, 12_000)),
            "ja": Zipf(_signs(rng, 0x4E00, 0x6E00, 1_500, 6_000) + _signs(rng, 0x30A2, 0x30ED, 60, 2_000)),
            "ko": Zipf(_signs(rng, 0xAC00, 0xC000, 900, 8_000)),
        }
        makers = Zipf([w.title() for w in _latin(rng, 600)[200:]])
        names = Zipf([f"{w.title()}-{n % 5 + 1}" for n, w in enumerate(_latin(rng, 6_000)[1_000:])])
        languages = ["en"] * 26 + ["zh"] * 5 + ["ja"] * 3 + ["ko"] * 2 + ["de"] * 2 + ["fr", "es"]
        outlets = []
        for n in range(240):
            language = languages[n % len(languages)]
            name = " ".join(w.title() for w in words["en"].entries[300 + 2 * n : 302 + 2 * n])
            outlets.append((f"outlet-{n}", name, language, COUNTRIES[n % len(COUNTRIES)]))
        return cls(words, makers, names, outlets)

    def text(self, rng: random.Random, language: str) -> str:
        """About two kilobytes."""
        spaced = language not in ("zh", "ja")
        wide = language in ("zh", "ja", "ko")
        each = 6.8 if wide else 8.0
        drawn = self.words[language].draw(rng, int(BYTES / (each + (wide and spaced))))
        for special, share in SPECIAL.items():
            if rng.random() < share:
                drawn[rng.randrange(len(drawn))] = f" {special} "
        marks = "。" if wide else ". "
        sentences = ((" " if spaced else "").join(drawn[i : i + 18]) for i in range(0, len(drawn), 18))
        return marks.join(sentences)


def build(path: Path, count: int) -> None:
    """Write an archive of ``count`` articles; half a million a quarter of an hour or so."""
    corpus, rng = Corpus.make(), random.Random(count)
    partial = path.with_suffix(".partial")
    for old in partial.parent.glob(partial.name + "*"):
        old.unlink()
    database = Database.open(f"sqlite:///{partial}")
    with database.write() as tx:
        tx.execute(
            sa.insert(sources),
            [
                {
                    "id": i,
                    "name": name,
                    "kind": "feed",
                    "url": f"https://{i}.example/feed",
                    "language": lang,
                    "country": land,
                }
                for i, name, lang, land in corpus.outlets
            ],
        )
    done = story = 0
    for start in range(0, count, BATCH):
        rows = list(_articles(corpus, rng, start, min(BATCH, count - start), count))
        with database.write() as tx:
            tx.execute(sa.insert(articles), rows)
            story = _openings(tx, corpus, rng, rows, story)
            index_articles(tx, [r["id"] for r in rows], new=True)
        done += len(rows)
        if sys.stderr.isatty():
            print(f"\rbuilding {done:,} of {count:,}", end="", file=sys.stderr)
    with database.write() as tx:
        index_stories(tx, tx.scalars(sa.select(stories.c.id)).all())
    with database.write() as tx:
        tx.exec_driver_sql("PRAGMA optimize")
    database.close()
    partial.rename(path)


def _articles(
    corpus: Corpus, rng: random.Random, start: int, number: int, count: int
) -> Iterator[dict[str, Any]]:
    for n in range(start, start + number):
        source, outlet, language, country = rng.choice(corpus.outlets)
        # In order of arrival, which is roughly that of publication, at a growing pace.
        age = DAYS * (1 - (n / count) ** 0.7) + rng.random() * 3
        dated = NOW - timedelta(days=age)
        text = corpus.text(rng, language)
        yield {
            "id": n + 1,
            "source_id": source,
            "canonical_url": f"https://{source}.example/{n}",
            "url": f"https://{source}.example/{n}",
            "outlet": outlet,
            "country": country,
            "language": language,
            "title": text[:70],
            "summary": text[70:270],
            "text": text[270:],
            "authors": [],
            "tags": [],
            "links": [],
            "published": dated,
            "first_seen": dated,
            "dated": dated,
            "input_hash": "",
            "judged_hash": "",
            "judged_model": "bench",
            "verdict_id": n + 1,
        }


def _openings(
    tx: sa.Connection, corpus: Corpus, rng: random.Random, rows: list[dict[str, Any]], story: int
) -> int:
    judged, opened, told, placed, promised = [], [], [], [], []
    for row in rows:
        opening = rng.random() < OPENING
        kind = (
            rng.choices(["released", "planned", "reversed"], [80, 17, 3])[0]
            if opening
            else rng.choices(["other", "discussion", "update"], [85, 10, 5])[0]
        )
        tagged = kind in ("released", "planned")
        judged.append(
            {"id": row["id"], "article_id": row["id"], "basis": "text", "model": "bench", "kind": kind, "tagged": tagged,
             "probability": rng.betavariate(8, 2) if tagged else rng.betavariate(1, 12), "reasons": [], "evidence": [],
             "decided_at": row["dated"]}
        )  # fmt: skip
        if not opening:
            continue
        facts = {
            "who": [corpus.makers.one(rng)],
            "what": [corpus.names.one(rng)],
            "type": rng.choices(TYPES, [60, 12, 14, 5, 3, 3, 3])[0],
            "stage": kind,
            "openness": rng.choices(OPENNESS, [30, 30, 8, 12, 15, 5])[0],
            "claimed": None,
            "licence": rng.choices([*LICENCES, None], [30, 18, 6, 5, 6, 3, 2, 2, 28])[0],
        }
        evidence = {
            "evidence_field": "title",
            "evidence_start": 0,
            "evidence_end": 40,
            "evidence": row["title"][:40],
        }
        several = 1 + (rng.random() < 0.15) * rng.randrange(1, 4)
        opened.extend(
            {"verdict_id": row["id"], "article_id": row["id"], "position": n, **facts, **evidence}
            for n in range(several)
        )
        # Two in five begin a story; the others join a late one.
        if story < 3 or rng.random() < 0.4:
            story += 1
            told.append({"id": story, "title": row["title"], **facts, "url": row["url"], "evidence": row["title"],
                         "outlets": min(40, int(rng.paretovariate(1.1))), "articles": 1, "verified": False,
                         "first_dated": row["dated"], "last_dated": row["dated"], "first_seen": row["dated"], "candidate": {}})  # fmt: skip
            if kind == "planned":
                promised.append({"story_id": story, "who": facts["who"], "what": facts["what"], "said_at": row["dated"],
                                 "state": rng.choice(["open", "kept", "overdue"]), "quote": row["title"], "url": row["url"],
                                 "outlet": row["outlet"], "changed_at": row["dated"]})  # fmt: skip
        joined = max(1, story - int(rng.expovariate(0.2)))
        placed.append({"article_id": row["id"], "story_id": joined, "role": "cover", "score": 1.0, "reasons": [],
                       "joined_at": row["dated"]})  # fmt: skip
    for table, values in (
        (verdicts, judged),
        (announcements, opened),
        (stories, told),
        (story_articles, placed),
        (promises, promised),
    ):
        if values:
            tx.execute(sa.insert(table), values)
    return story

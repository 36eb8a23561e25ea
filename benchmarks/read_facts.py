"""What facts cost to read: ``python benchmarks/read_facts.py``.

Full articles of 1,000 words a CPU second, each at its best of five, beside a named baseline in the same
run: one regular expression of every known name run once over the same texts, which finds names and
understands nothing. Articles are made of our own sentences, one in twelve of which opens something;
where labelled items are at hand (UNSEALED_SHARED), their longest bodies are read as well.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.facts import read_announcements
from pipeline.knowledge import Knowledge, load_knowledge
from pipeline.model import Item

ARTICLES, WORDS = 300, 1_000

_PLAIN = (
    "The engineers spent most of the winter measuring how long each request waited before it was answered.",
    "Nobody in the room expected the second experiment to end before the first one had begun.",
    "Costs fell for the third quarter in a row, the finance chief told analysts on a call on Tuesday.",
    "Microsoft and Google have both hired from the same three universities over the past two years.",
    "A longer context helps little when the documents themselves contradict each other, she said.",
    "The group trained the system on 4,000 hours of speech recorded in kitchens, trains and offices.",
    "Regulators in Brussels are expected to comment before the end of the month.",
    "It answers questions about maps, timetables and tides, and is wrong about one time in twenty.",
    "That is better than last year, but worse than the people who do the job today.",
    "Customers can buy access by the hour, and most of them do so at night when prices are low.",
    "The benchmark counts how often a model asks for help, not how often it is right.",
    "Three of the authors have since left for a company that builds instruments for hospitals.",
)
_OPENING = (
    "Northlight AI open-sourced its model Aurora-{n} under the Apache 2.0 license.",
    "Helix Labs released the weights of Orion-{n} on Hugging Face on Monday.",
    "Solveig plans to open-source its speech model Harrow-{n} in the coming weeks.",
    "Alibaba has published Qwen{n}-Coder, an open-weight model for programming.",
)


def made_articles() -> list[str]:
    """Articles of our own sentences, the same on every run."""
    dice = random.Random(5)
    articles = []
    for number in range(ARTICLES):
        sentences: list[str] = []
        while sum(s.count(" ") + 1 for s in sentences[:]) < WORDS:
            bank = _OPENING if dice.random() < 1 / 12 else _PLAIN
            sentences.append(dice.choice(bank).format(n=number))
        articles.append(" ".join(sentences))
    return articles


def real_articles() -> list[str]:
    """The longest bodies among the labelled items, where there are any."""
    path = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "labels" / "train.jsonl"
    if not path.is_file():
        return []
    bodies = [json.loads(line).get("text") or "" for line in path.open(encoding="utf-8")]
    return [body for body in bodies if len(body) > 5_500][:ARTICLES]


def per_second(work: Callable[[str], object], texts: list[str]) -> float:
    """Texts a CPU second, each at its best of five: what else the machine does costs us nothing then."""
    best = [math.inf] * len(texts)
    for _ in range(5):
        for place, text in enumerate(texts):
            began = time.process_time()
            work(text)
            best[place] = min(best[place], time.process_time() - began)
    return len(texts) / sum(best)


def names_alone(knowledge: Knowledge) -> re.Pattern[str]:
    """The baseline: every spelling of every organisation and family in one pattern."""
    spelled = {name for o in knowledge.organisations.values() for name in (o.name, *o.aliases)}
    spelled |= {name for f in knowledge.families.values() for name in (f.name, *f.aliases)}
    return re.compile("|".join(sorted(map(re.escape, spelled), key=len, reverse=True)), re.I)


def main() -> None:
    """Print one line a material."""
    knowledge = load_knowledge()
    pattern = names_alone(knowledge)
    for title, texts in (("our own sentences", made_articles()), ("labelled bodies", real_articles())):
        if not texts:
            print(
                f"{title}: skipped, no labelled items; set UNSEALED_SHARED to the folder that holds labels/"
            )
            continue
        words = sum(len(text.split()) for text in texts) / len(texts)
        ours = per_second(lambda text: read_announcements(Item(title="", text=text), knowledge), texts)
        plain = per_second(pattern.findall, texts[:5])
        print(
            f"{title}: {len(texts)} articles of {words:.0f} words: {ours:.0f} a CPU second, "
            f"{ours / plain:.1f} times one regular expression of all names ({plain:.0f})"
        )


if __name__ == "__main__":
    main()

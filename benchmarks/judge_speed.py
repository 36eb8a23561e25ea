"""Titles and summaries judged a CPU second, beside scikit-learn's TF-IDF with logistic regression.

    UNSEALED_SHARED=../shared python benchmarks/judge_speed.py

The labelled items are far richer in openings than a stream. The mix is drawn from them (seed 0) to be like one:
2 % tagged, 8 % that mention open source in some language and are not tagged, 90 % that do neither. Texts are
left out. "All items" is the labelled file as it is. scikit-learn judges one item at a time, as it would
in a conveyor; process time of one core.
"""

from __future__ import annotations

import dataclasses
import os
import random
import time

# Threads would count their spinning as work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from judge_labels import KEYWORD, read_labels

from pipeline.classify import Classifier, item_from
from pipeline.model import TAGGED_KINDS

MIX = 3_000
PEER_ITEMS = 300


def main() -> None:
    """Print the speeds and their ratio."""
    found = read_labels()
    if found is None:
        return
    lines = found[1]
    judge = Classifier.load()
    tagged = {k.value for k in TAGGED_KINDS}
    groups: dict[str, list] = {"tagged": [], "open": [], "rest": []}
    items, labels = [], []
    for line in lines:
        item = dataclasses.replace(item_from(line), text="")
        label = line["gold"]["kind"] in tagged
        said = bool(KEYWORD.search(f"{item.title}\n{item.summary}"))
        groups["tagged" if label else "open" if said else "rest"].append(item)
        items.append(item)
        labels.append(label)
    chance = random.Random(0)
    shares = {"tagged": 0.02, "open": 0.08, "rest": 0.90}
    mix = [
        item for name, share in shares.items() for item in chance.choices(groups[name], k=int(MIX * share))
    ]
    chance.shuffle(mix)
    read = sum(judge.worth_reading(item) for item in mix) / len(mix)
    rates = {}
    for name, chosen in (("natural mix", mix), ("all items", items)):
        start = time.process_time()
        for _ in judge.judge_many(chosen):
            pass
        rates[name] = len(chosen) / (time.process_time() - start)
        print(f"{name:<12} {rates[name]:>8,.0f} items a CPU second")
    print(f"the first look lets {read:.0%} of the mix through to be read")
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError:
        print("skipped: scikit-learn is not installed, nothing to compare with")
        return
    words = [f"{item.title}\n{item.summary}" for item in items]
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    peer = LogisticRegression(C=20, max_iter=300).fit(vectors.fit_transform(words), labels)
    start = time.process_time()
    for item in mix[:PEER_ITEMS]:
        peer.predict_proba(vectors.transform([f"{item.title}\n{item.summary}"]))
    rate = PEER_ITEMS / (time.process_time() - start)
    print(
        f"scikit-learn {rate:>8,.0f} items a CPU second; ours on the mix is {rates['natural mix'] / rate:.1f} times that"
    )


if __name__ == "__main__":
    main()

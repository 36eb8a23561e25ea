"""Fit the block model of crawler/pages on pages with known text, and say how well it does on the rest.

    UNSEALED_SHARED=../shared python benchmarks/fit_pages.py [--write] [--cross]

Fitted on two thirds of the pages, chosen by a hash of the host; the last third is never looked into,
only scored. Each of its lines is precision, recall and F1 of the text by 4-word shingles, blocks of the
page taken as they are. ``--write`` stores the weights that ship; ``--cross`` adds five-fold
cross-validation over hosts within the two thirds. Needs scikit-learn, which nothing else here does.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from crawler.pages import hints_of, parse
from crawler.pages.blocks import cut_page
from crawler.pages.features import FEATURES, rows
from crawler.pages.stated import read_metadata

SHARED = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "extraction"
WEIGHTS = Path(__file__).parent.parent / "crawler" / "data" / "page_blocks.json"
CORPORA = ("fundus", "wcxb", "aeb")
#: Thresholds a feature may step at, placed at its quantiles.
STEPS = 6
#: The penalty on weights; 10 times more or less costs 0.002 to 0.005 in cross-validation.
STRENGTH = 0.003
THRESHOLD = 0.5


@dataclass
class Labelled:
    """A page's blocks, their features, and how much of each the known text has."""

    corpus: str
    host: str
    truth: str
    texts: list[str]
    features: list[list[float]]
    labels: list[tuple[float, int]]  # share of the block's words in the truth; words

    @property
    def held(self) -> bool:
        return is_held(self.host)


def is_held(host: str) -> bool:
    """Tell whether the pages of a host belong to the third that is never looked into."""
    return int(hashlib.sha256(host.encode()).hexdigest(), 16) % 3 == 0


def host_of(url: str | None) -> str:
    return (urlsplit(url or "").hostname or "").removeprefix("www.")


def judge() -> ModuleType:
    """Load the judge that comes with the pages."""
    spec = importlib.util.spec_from_file_location("extraction_evaluate", SHARED / "evaluate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def label(truth: str, texts: list[str], tokens) -> list[tuple[float, int]]:
    words = tokens(truth)
    known = {tuple(words[n : n + 4]) for n in range(len(words) - 3)}
    lines = {" ".join(tokens(line)) for line in truth.split("\n")}
    found, used = [], set()
    for text in texts:
        own = tokens(text)
        line = " ".join(own)
        if not own or line in used:  # what the page says twice counts once
            found.append((0.0, len(own)))
        elif line in lines:
            used.add(line)
            found.append((1.0, len(own)))
        elif len(own) < 4:
            found.append((0.0, len(own)))
        else:
            covered = [False] * len(own)
            for n in range(len(own) - 3):
                if tuple(own[n : n + 4]) in known:
                    covered[n : n + 4] = [True] * 4
            share = sum(covered) / len(own)
            if share > 0.5:
                used.add(line)
            found.append((share, len(own)))
    return found


def load(module: ModuleType) -> list[Labelled]:
    pages = []
    for corpus in CORPORA:
        for line in (SHARED / corpus / "truth.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if not row.get("text"):
                continue
            packed = (SHARED / corpus / "pages" / f"{row['id']}.html.gz").read_bytes()
            root = parse(gzip.decompress(packed).decode("utf-8"))
            cut = cut_page(root)
            hints = hints_of(read_metadata(root, row["url"] or ""))
            found = list(rows(cut, hints))
            features = [[*context, *own] for _, context, own in found]
            if features:
                texts = [cut.blocks[number].text for number, _, _ in found]
                labels = label(row["text"], texts, module.TOK.findall)
                pages.append(Labelled(corpus, host_of(row["url"]), row["text"], texts, features, labels))
    return pages


class Additive:
    """Logistic regression over each feature and its steps."""

    def fit(self, features, labels, weights) -> Additive:
        import numpy as np
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        self.places = {}
        for n in range(features.shape[1]):
            if len(np.unique(features[:, n])) > 4:
                self.places[n] = np.unique(np.quantile(features[:, n], np.linspace(0.05, 0.95, STEPS)))
        widened = self.widen(features)
        self.scaler = StandardScaler().fit(widened)
        self.inner = LogisticRegression(C=STRENGTH, max_iter=300)
        self.inner.fit(self.scaler.transform(widened), labels > 0.5, sample_weight=weights)
        return self

    def widen(self, features):
        import numpy as np

        steps = [features[:, [n]] > places[None, :] for n, places in self.places.items()]
        return np.hstack([features, *(step.astype(np.float32) for step in steps)])

    def predict(self, features):
        return self.inner.predict_proba(self.scaler.transform(self.widen(features)))[:, 1]

    def plain(self) -> dict:
        """Return the weights as they ship: by the features' names, for features as they are."""
        scale = self.inner.coef_[0] / self.scaler.scale_
        bias = float(self.inner.intercept_[0] - (scale * self.scaler.mean_).sum())
        steps, at = {}, len(FEATURES)
        for n, places in self.places.items():
            steps[FEATURES[n]] = [
                [round(float(place), 6), round(float(scale[at + k]), 5)] for k, place in enumerate(places)
            ]
            at += len(places)
        weights = {name: round(float(scale[n]), 6) for n, name in enumerate(FEATURES)}
        return {"bias": round(bias, 5), "threshold": THRESHOLD, "weights": weights, "steps": steps}


def fitted(pages: list[Labelled]) -> Additive:
    import numpy as np

    features = np.vstack([np.array(p.features, dtype=np.float32) for p in pages])
    labels = np.concatenate([[share for share, _ in p.labels] for p in pages])
    # a block weighs what it is of its page's text: the measure is a mean over pages
    weights = []
    for page in pages:
        whole = sum(n for share, n in page.labels if share > 0.5) or 1
        weights += [min(1.0, (n + 3) / whole) + 0.002 for _, n in page.labels]
    weight = np.array(weights)
    return Additive().fit(features, labels, weight / weight.mean())


def figures(pages: list[Labelled], models: list[Additive], module: ModuleType) -> str:
    import numpy as np

    told = []
    for corpus in CORPORA:
        shares = []
        for page, model in zip(pages, models, strict=True):
            if page.corpus == corpus:
                found = model.predict(np.array(page.features, dtype=np.float32))
                text = "\n\n".join(t for t, p in zip(page.texts, found, strict=True) if p >= THRESHOLD)
                shares.append(module.tpfpfn(page.truth, text))
        precision = statistics.mean(tp / (tp + fp) for tp, fp, _ in shares if tp + fp)
        recall = statistics.mean(tp / (tp + fn) for tp, _, fn in shares if tp + fn)
        f1 = 2 * precision * recall / (precision + recall)
        told.append(f"{corpus} ({len(shares)}) P {precision:.3f} R {recall:.3f} F1 {f1:.3f}")
    return "   ".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"store the weights in {WEIGHTS.name}")
    parser.add_argument("--cross", action="store_true", help="cross-validate too")
    options = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit(print(f"skipped: {SHARED} is not there (set UNSEALED_SHARED)"))
    if importlib.util.find_spec("sklearn") is None:
        sys.exit(print("skipped: scikit-learn is not installed"))
    module = judge()
    pages = load(module)
    seen, held = [p for p in pages if not p.held], [p for p in pages if p.held]
    print(f"{len(pages)} pages, {sum(len(p.texts) for p in pages)} blocks, {len(FEATURES)} features")
    model = fitted(seen)
    print("fitted on    ", figures(seen, [model] * len(seen), module))
    print("never seen   ", figures(held, [model] * len(held), module))
    if options.cross:
        fold = [int(hashlib.sha256(b"f" + p.host.encode()).hexdigest(), 16) % 5 for p in seen]
        models = [fitted([p for p, f in zip(seen, fold, strict=True) if f != k]) for k in range(5)]
        print("cross-checked", figures(seen, [models[f] for f in fold], module))
    if options.write:
        WEIGHTS.write_text(json.dumps(model.plain(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

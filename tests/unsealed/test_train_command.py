from __future__ import annotations

import json

from click.testing import CliRunner

from pipeline.classify import Classifier
from pipeline.linear import load_weights
from tests.pipeline.test_fitting import LINES
from unsealed.cli import cli


def test_train_writes_weights_that_judge_and_lets_a_later_label_win(tmp_path):
    first, second, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "w.tsv"
    first.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    second.write_text(json.dumps({**LINES[0], "gold": {"kind": "other"}}) + "\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["train", str(first), str(second), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "F1" in done.stdout
    weights = load_weights(out)
    assert weights.about["items"] == str(len(LINES))
    assert weights.about["tagged"] == str(len(LINES) // 2 - 1)
    assert Classifier.load(weights=out).model.startswith("linear-2+")


def test_a_line_without_a_label_is_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"title": "x"}\n', encoding="utf-8")
    done = CliRunner().invoke(cli, ["train", str(path)])
    assert done.exit_code != 0
    assert "line 1" in str(done.exception) + done.output

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.model import ConfigError
from unsealed.cli import cli


def run(*words: str, config: Path | None = None) -> tuple[int, str, str]:
    before = ["--config", str(config)] if config else []
    done = CliRunner().invoke(cli, [*before, "knowledge", *words])
    return done.exit_code, done.stdout, done.stderr


def test_the_counts_shown_are_those_of_what_is_known() -> None:
    code, out, _ = run("--format", "json")
    told = {row["what"]: row["count"] for row in json.loads(out)}
    assert code == 0
    assert told["organisations"] >= 800
    assert told["licences"] == sum(n for key, n in told.items() if key.startswith("licences, "))
    assert told["phrases"] == sum(n for key, n in told.items() if key.startswith("phrases, "))


def test_what_is_heard_in_a_text_is_named() -> None:
    _, out, _ = run("阿里云开源 Qwen4 under the Apache 2.0 licence")
    lines = [line.split() for line in out.splitlines()]
    assert ["阿里云", "org", "Alibaba"] in lines
    assert ["Apache", "2.0", "licence", "licence", "Apache-2.0,", "osi"] in lines
    assert "nothing known" in run("xyzzy")[1]


def test_ones_own_file_counts_and_a_wrong_one_is_named_with_its_key(tmp_path: Path) -> None:
    config, mine = tmp_path / "unsealed.toml", tmp_path / "mine.toml"
    config.write_text('[knowledge]\nfile = "mine.toml"\n', encoding="utf-8")
    mine.write_text('[[organisation]]\nname = "Xyzzy Labs"\n', encoding="utf-8")
    assert "Xyzzy Labs" in run("Xyzzy Labs", config=config)[1]
    mine.write_text('[[organisation]]\nnom = "Xyzzy Labs"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"organisation\[0\]\.nom"):
        cli.main(["--config", str(config), "knowledge"], standalone_mode=False)

"""`unsealed correct`, `corrections` and `reclassify` as users type them; a kill at any commit."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.archive import Archive
from pipeline.classify import Classifier
from pipeline.corrections import HUMAN, Correction
from pipeline.model import Kind
from tests.pipeline.builders import NOW, entry, hours_ago, poll, source, verdict
from unsealed import cli
from unsealed.regrouping import regroup

ARTICLES = 24


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of openings that an older model took for other things, but for the first one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNSEALED_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    with Archive.open(f"sqlite:///{tmp_path / 'unsealed.db'}") as archive:
        archive.gathering.sync_sources([source()])
        entries = [entry(f"aurora-{n}", published=hours_ago(24 * n)) for n in range(ARTICLES)]
        archive.gathering.save_poll(poll(*entries))
        due = archive.judging.due(100)
        archive.judging.save(
            [(a, verdict(Kind.RELEASED if n == 0 else Kind.OTHER, model="old-1")) for n, a in enumerate(due)],
            NOW,
        )
        regroup(archive, NOW)
    return tmp_path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def go(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unsealed", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return go


def kinds(here: Path) -> dict[str, int]:
    with sqlite3.connect(here / "unsealed.db") as db:
        query = "SELECT v.kind, count(*) FROM articles a JOIN verdicts v ON v.id = a.verdict_id GROUP BY 1"
        return dict(db.execute(query).fetchall())


def test_correcting_says_what_was_and_what_is_and_lasts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run(
        "correct", "1", "--licence", "mit", "--who", "Eastlight; Northlight", "--note", "see the repo"
    )
    assert code == 0
    assert out.splitlines() == [
        "article 1",
        "  before  released, open-source, Apache-2.0, by Northlight, Aurora-2 (old-1)",
        "  now     released, open-source, MIT, by Eastlight, Northlight, Aurora-2 (corrected by hand)",
    ]
    code, out, _ = run("correct", entry("aurora-0").url, "--licence", "-")
    assert "before  released, open-source, MIT" in out
    assert "now     released, open-source, no licence named" in out
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = run("corrections", "--format", "table")
    assert code == 0
    assert "kind: released, licence: none, who: Eastlight, Northlight" in " ".join(out.split())
    code, out, _ = run("corrections")
    (row,) = map(json.loads, out.splitlines())
    assert (row["gold"]["who"], row["gold"]["licence"], row["note"]) == (
        ["Eastlight", "Northlight"],
        "-",
        "see the repo",
    )
    code, out, _ = run("correct", "1", "--withdraw")
    assert "now     released, open-source, Apache-2.0" in out
    assert run("correct", "1", "--withdraw")[2].endswith("nothing changed.\n")


def test_corrections_are_rows_that_evaluate_reads(run: Run, here: Path) -> None:
    run("correct", "2", "--kind", "released")
    _, out, _ = run("corrections", "--format", "jsonl")
    (here / "rows.jsonl").write_text(out, encoding="utf-8")
    code, out, _ = run("evaluate", "rows.jsonl", "--format", "json")
    assert code == 0
    assert json.loads(out)["positives"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["correct", "1"], 2, "say what is wrong"),
        (["correct", "1", "--withdraw", "--kind", "other"], 2, "give nothing else"),
        (["correct", "1", "--licence", "apache-2"], 2, "Did you mean Apache-2.0?"),
        (["correct", "1", "--kind", "openly"], 2, "'openly' is not one of"),
        (["correct", "2", "--licence", "MIT"], 2, "Correct its kind too"),
        (["correct", "999", "--kind", "other"], 1, "no such article"),
        (["reclassify", "--since", "yesteryear"], 2, "yesteryear"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: list[str], code: int, words: str, run: Run) -> None:
    done = run(*arguments)
    assert done[0] == code
    assert words in done[2]


def test_a_dry_run_shows_what_would_change_and_changes_nothing(run: Run, here: Path) -> None:
    before = (here / "unsealed.db").read_bytes()
    code, out, err = run("reclassify", "--dry-run")
    assert code == 0
    assert re.search(rf"tag +not tagged +tagged +{ARTICLES - 1}\b", out)
    assert re.search(rf"kind +other +released +{ARTICLES - 1}\b", out)
    assert f"{ARTICLES} articles judged anew, {ARTICLES} would change" in err
    assert kinds(here) == {"released": 1, "other": ARTICLES - 1}
    assert (here / "unsealed.db").read_bytes() == before
    _, out, err = run("reclassify", "--since", "3d", "--dry-run", "--format", "jsonl")
    assert "judged anew" in err
    assert all({"before", "after", "changed"} <= set(json.loads(line)) for line in out.splitlines())


def test_reclassifying_changes_verdicts_and_stories_and_keeps_the_old_ones(run: Run, here: Path) -> None:
    with Archive.open(f"sqlite:///{here / 'unsealed.db'}") as archive:
        archive.correcting.correct(2, Correction(kind=Kind.DISCUSSION), NOW)
    code, _, err = run("reclassify")
    assert code == 0
    assert "1 of them keep the verdict a person gave" in err
    assert kinds(here) == {"released": ARTICLES - 1, "discussion": 1}
    with Archive.open(f"sqlite:///{here / 'unsealed.db'}") as archive:
        models = {v.verdict.model for v in archive.correcting.verdicts(2)}
        assert models == {"old-1", HUMAN, Classifier.load().model}
        assert archive.reclassifying.unfinished() is None
        assert archive.storying.count_due() == 0
    with sqlite3.connect(here / "unsealed.db") as db:
        assert db.execute("SELECT count(*) FROM story_articles").fetchone()[0] >= ARTICLES - 1
    again = run("reclassify")
    assert f"{ARTICLES} articles judged anew" in again[2]
    assert kinds(here) == {"released": ARTICLES - 1, "discussion": 1}


def drive(here: Path, commit: int) -> tuple[int, int, str]:
    command = [sys.executable, "-m", "tests.unsealed.reclassify_driver", "5", str(commit)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin", "HOME": str(here)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=here, env=environment, check=False
    )
    seen = re.search(r"commits (\d+)", done.stderr)
    return done.returncode, int(seen[1]) if seen else 0, done.stderr


@pytest.mark.timeout(240)
def test_killed_at_any_commit_it_goes_on_and_ends_as_if_nothing_had_happened(here: Path) -> None:
    """Batches of 5 of 24 articles; killed at the 2nd, then at the 3rd commit of the rest, then let go."""
    code, _, err = drive(here, 2)
    assert code == -9, err
    assert kinds(here)["released"] == 1 + 4, (
        "one batch was stored, with the first article in it already released"
    )
    code, _, err = drive(here, 3)
    assert code == -9, err
    assert "going on after 5 articles" in err
    code, commits, err = drive(here, 0)
    assert code == 0, err
    assert "going on after" in err
    assert commits >= 2
    assert kinds(here) == {"released": ARTICLES}
    with Archive.open(f"sqlite:///{here / 'unsealed.db'}") as archive:
        assert archive.storying.count_due() == 0
        assert archive.reclassifying.unfinished() is None
        assert archive.judging.count_outdated(Classifier.load().model) == 0

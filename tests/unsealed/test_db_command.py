"""`unsealed db …` as it is typed, and the locks of an archive on both databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.archive import Archive
from pipeline.model import ArchiveError
from tests.pipeline.builders import entry, poll, source
from unsealed.cli import cli
from unsealed.lock import LockedError, hold


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings with an archive of three articles."""
    path = tmp_path / "unsealed.toml"
    path.write_text('[archive]\nurl = "sqlite:///a.db"\n')
    with Archive.open(f"sqlite:///{tmp_path}/a.db") as archive:
        archive.gathering.sync_sources([source()])
        archive.gathering.save_poll(poll(entry("a"), entry("b"), entry("c")))
    return path


def db(config: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "db", *words], catch_exceptions=True)


def test_stats_are_json_in_a_pipe(config: Path) -> None:
    found = json.loads(db(config, "stats").stdout)
    assert found["rows"]["articles"] == 3
    assert found["newest"].endswith("Z")


def test_an_export_to_stdout_is_rows_alone(config: Path) -> None:
    done = db(config, "export", "articles", "--where", "language=en")
    assert [json.loads(line)["source"] for line in done.stdout.splitlines()] == ["daily-model"] * 3
    assert db(config, "export").exit_code == 2  # six views do not fit one stream


def test_a_backup_opens_and_a_whole_archive_is_said_to_be_whole(config: Path) -> None:
    copy = config.parent / "copy.db"
    assert db(config, "backup", str(copy)).exit_code == 0
    with Archive.open(f"sqlite:///{copy}", create=False) as archive:
        assert len(list(archive.search(""))) == 3
    assert "whole" in db(config, "check").stdout


def test_a_check_that_finds_something_fails_until_it_is_repaired(config: Path) -> None:
    from pipeline.archive.search_index import unindex_articles

    with Archive.open(f"sqlite:///{config.parent}/a.db") as archive, archive.database.write() as tx:
        unindex_articles(tx, [1])
    done = db(config, "check")
    assert isinstance(done.exception, ArchiveError)
    assert "--repair" in done.stdout
    assert db(config, "check", "--repair").exit_code == 0


def test_pruning_only_says_what_would_go_until_told(config: Path) -> None:
    done = db(config, "prune", "--before", "2027-01-01")
    assert "nothing was changed" in done.stderr
    assert db(config, "prune", "--before", "some day").exit_code == 2


def test_an_archive_of_today_needs_no_upgrade(config: Path) -> None:
    assert "newest" in db(config, "upgrade").stderr


def test_only_one_process_holds_an_archives_lock(archive_url: str) -> None:
    with Archive.open(archive_url) as one, Archive.open(archive_url) as other:
        with hold(one, "serving"):
            with (
                pytest.raises(LockedError, match="serving from this archive already"),
                hold(other, "serving"),
            ):
                pass
            with hold(other, "delivering"):
                pass
        with hold(other, "serving"):
            pass

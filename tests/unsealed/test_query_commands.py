"""search, announcements, stories, promises and show, and the pages that explain them, on one archive."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from pipeline.archive import Archive, Group, Of
from tests.pipeline.builders import NOW
from tests.pipeline.search_world import fill
from unsealed.charts import bar, print_bars
from unsealed.found_tables import print_found
from unsealed.shown import print_shown

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings and an archive of 150 articles."""
    folder = tmp_path_factory.mktemp("queries")
    with Archive.open(f"sqlite:///{folder}/unsealed.db") as archive:
        fill(archive)
        # Its promises are all open yet; one is kept by the first story.
        with archive.database.write() as tx:
            tx.execute(sa.text("UPDATE promises SET state = 'kept', kept_by = 1 WHERE id = 1"))
    (folder / "unsealed.toml").write_text('[archive]\nurl = "sqlite:///unsealed.db"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def archive(folder: Path) -> Iterator[Archive]:
    with Archive.open(f"sqlite:///{folder}/unsealed.db") as archive:
        yield archive


def unsealed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unsealed", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, check=False)


def test_pages_follow_each_other_by_the_cursor_told_on_stderr(folder: Path, archive: Archive) -> None:
    first = unsealed(folder, "stories", "licence:*", "--limit", "3")
    told = re.search(r"--after (\S+)", first.stderr)
    assert told
    second = unsealed(folder, "stories", "licence:*", "--limit", "3", "--after", told.group(1))
    ids = [json.loads(line)["id"] for line in (first.stdout + second.stdout).splitlines()]
    assert ids == [s.id for s in archive.stories("licence:*", limit=6)]


def test_csv_has_a_header_without_rows_too_and_stderr_says_what_may_have_been_meant(folder: Path) -> None:
    done = unsealed(folder, "announcements", "who:deepsek", "--format", "csv")
    assert done.returncode == 0
    assert next(csv.reader(io.StringIO(done.stdout)))[:3] == ["article_id", "published", "who"]
    assert "Nothing fits. Nothing here has who:deepsek. Did you mean who:deepseek?" in done.stderr


def test_an_error_points_at_the_place_under_wide_characters_too(folder: Path) -> None:
    done = unsealed(folder, "search", "模型 lisence:mit")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean licence:?" in done.stderr
    assert done.stderr.splitlines()[-2:] == ["  模型 lisence:mit", "       ^^^^^^^^^^^"]


def test_groups_are_rows_for_programs(folder: Path, archive: Archive) -> None:
    done = unsealed(folder, "search", "tagged:yes", "--group-by", "licence", "--format", "json")
    assert json.loads(done.stdout) == [
        {"licence": g.label, "count": g.count} for g in archive.group("tagged:yes", by="licence")
    ]
    assert unsealed(folder, "search", "--group-by", "who", "--count").returncode == 2


def test_show_gives_everything_as_json_and_says_what_an_id_is(folder: Path) -> None:
    shown = json.loads(unsealed(folder, "show", "s1").stdout)
    assert shown["story"]["coverage"]
    assert shown["keeps"][0]["id"] == 1
    missing = unsealed(folder, "show", "s999999")
    assert missing.returncode == 2
    assert "p12 for a promise" in missing.stderr


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("of", list(Of))
def test_tables_fit_the_terminal_and_leave_room_for_titles(archive: Archive, of: Of, width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system="truecolor")
    rows = archive.page("", of=of, limit=20, now=NOW).rows
    print_found(of, rows, console)
    text = out.getvalue()
    assert "\x1b]8;" in text  # titles are links
    plain = re.sub(r"\x1b\]8;[^\x1b]*\x1b\\|\x1b\[[0-9;]*m", "", text)
    from rich.cells import cell_len

    assert max(cell_len(line) for line in plain.splitlines()) <= width
    prose = plain.splitlines()[0].split()
    assert {"title", "evidence", "quote"} & set(prose)


@pytest.mark.parametrize("reference", ["1", "s1", "p1", "https://labor.example/labor-3"])
def test_what_is_shown_names_its_proof_and_its_links(archive: Archive, reference: str) -> None:
    out = io.StringIO()
    print_shown(archive.show(reference), Console(file=out, width=80))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) > 5


def test_bars_are_as_long_as_their_share_and_none_that_counts_is_invisible() -> None:
    assert bar(10, 10, 20) == "█" * 20
    assert bar(5, 10, 20) == "█" * 10
    assert bar(1, 10_000, 20) == "▏"
    assert bar(0, 10, 20) == ""
    out = io.StringIO()
    print_bars(
        [Group("2026-W01", 3), Group("2026-W02", 0), Group("2026-W03", 30)],
        "week",
        2,
        Console(file=out, width=40),
    )
    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["2026-W02", "2026-W03"]
    assert "1 earlier ones (3)" in lines[2]
    assert max(map(len, lines)) <= 40


def test_the_notebook_runs_as_it_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    for language, body in BLOCK.findall((DOCS / "notebook.md").read_text("utf-8")):
        assert language == "python"
        exec(compile(body, "notebook.md", "exec"), names)
    out = capsys.readouterr().out
    assert "because:" in out
    assert "median" in out
    assert "are overdue" in out


def sql_page(language: str) -> list[str]:
    return [body for name, body in BLOCK.findall((DOCS / "sql.md").read_text("utf-8")) if name == language]


@pytest.mark.parametrize("number", range(len(sql_page("sql"))))
def test_every_query_of_the_sql_page_finds_something(archive: Archive, number: int) -> None:
    with archive.database.read() as tx:
        assert tx.exec_driver_sql(sql_page("sql")[number]).all()


@pytest.mark.parametrize("number", range(len(sql_page("python"))))
def test_every_tool_of_the_sql_page_reads_the_archive(
    folder: Path, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = sql_page("python")[number]
    pytest.importorskip(
        "polars" if "polars" in body else "duckdb", reason="not among the development tools here"
    )
    if "INSTALL sqlite" in body:
        pytest.skip("DuckDB fetches its SQLite extension from the network; tests use none")
    if "parquet" in body:
        assert unsealed(folder, "db", "export", "--format", "parquet", "--output", "export/").returncode == 0
    monkeypatch.chdir(folder)
    exec(compile(body, "sql.md", "exec"), {})
    assert "stories" in capsys.readouterr().out

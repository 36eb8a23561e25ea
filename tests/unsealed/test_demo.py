"""The main job, end to end: `unsealed demo` as a newcomer runs it, and what it leaves behind."""

from __future__ import annotations

import email
import email.policy
import json
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

TRUTH = tomllib.loads((Path(__file__).parents[1] / "newsroom" / "truth.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Demo:
    folder: Path
    code: int
    stderr: str
    stdout: str
    articles: dict[str, sqlite3.Row]  # by the newsroom's item id

    def rows(self, query: str) -> list[sqlite3.Row]:
        with sqlite3.connect(self.folder / "unsealed.db") as db:
            db.row_factory = sqlite3.Row
            return db.execute(query).fetchall()

    @property
    def edition(self) -> Path:
        (found,) = self.folder.glob("daily-*")
        return found


def unsealed(
    *arguments: str, stdin: str | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unsealed", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=110, input=stdin, cwd=cwd, check=False
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo") / "unsealed-demo"
    done = unsealed("demo", "--folder", str(folder))
    made = Demo(folder, done.returncode, done.stderr, done.stdout, {})
    if done.returncode == 0:
        for row in made.rows(
            """SELECT a.*, v.kind, v.tagged, v.probability, n.openness, n.licence, n.who, n.what, s.story_id, s.role
            FROM articles a JOIN verdicts v ON v.id = a.verdict_id
            LEFT JOIN announcements n ON n.verdict_id = v.id AND n.position = 0
            LEFT JOIN story_articles s ON s.article_id = a.id"""
        ):
            slug = row["url"].split("?")[0].rstrip("/").rsplit("/", 1)[1].removesuffix(".html")
            made.articles[slug] = row
    yield made


def test_it_exits_with_0_and_says_where_to_look(demo: Demo) -> None:
    assert demo.code == 0, demo.stderr[-3000:]
    assert demo.stdout == "", "stdout is for machines"
    for words in (
        "Look at",
        "digest.html",
        "slack.json",
        "0001.eml",
        "unsealed.db",
        "Try next",
        "search",
        "digest",
    ):
        assert words in demo.stderr


def test_the_commands_it_proposes_work_as_they_stand(demo: Demo) -> None:
    proposed = demo.stderr.split("Try next")[1].strip().splitlines()
    assert len(proposed) == 3
    for line in proposed:
        words = shlex.split(line)
        # The tests' interpreter stands for the one a person's shell would find.
        assert words[:3] == ["python", "-m", "unsealed"]
        done = unsealed(*words[3:])
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout


def test_it_leaves_every_file_it_names(demo: Demo) -> None:
    for name in ("digest.html", "digest.txt", "digest.md", "digest.json", "slack.json"):
        assert (demo.edition / name).stat().st_size > 500, name
    assert (demo.folder / "unsealed.db").exists()


def test_each_misbehaving_source_is_reported_in_words(demo: Demo) -> None:
    said = " ".join(demo.stderr.split())
    for outlet, words in (
        ("Pacific Stack", "The server answered 500"),
        ("Harbour Compute", "redirects go round in a circle"),
        ("Rechenblatt", "read leniently"),
        ("Forge Board", "not well-formed XML"),
        ("Tinglan-Embed", "404 (not found)"),
        ("Sazanami", "robots.txt forbids"),
    ):
        assert outlet in said, outlet
        assert words in said, words
    assert "17 ok" in said
    assert "2 failed" in said


def test_a_page_that_robots_txt_forbids_is_never_read(demo: Demo) -> None:
    (row,) = demo.rows("SELECT * FROM articles WHERE url LIKE '%/sazanami-english'")
    assert (row["text"], row["page_problem_code"]) == ("", "robots")


def _labelled(demo: Demo) -> dict[str, tuple[dict[str, Any], sqlite3.Row]]:
    return {
        slug: (TRUTH["items"][slug], row) for slug, row in demo.articles.items() if slug in TRUTH["items"]
    }


def test_most_of_the_items_are_there_to_be_judged(demo: Demo) -> None:
    assert len(_labelled(demo)) >= 95


def test_the_openings_are_tagged(demo: Demo) -> None:
    items = _labelled(demo)
    wanted = {slug for slug, (truth, _) in items.items() if truth["tagged"]}
    missed = {slug for slug in wanted if not items[slug][1]["tagged"]}
    assert len(missed) <= len(wanted) * 0.05, missed


def test_no_decoy_is_tagged(demo: Demo) -> None:
    """Free-only launches, adoption, tutorials, opinion, funding, updates, closed launches."""
    wrong = {slug for slug, (truth, row) in _labelled(demo).items() if row["tagged"] and not truth["tagged"]}
    assert wrong == set()


def test_a_licence_is_right_or_not_given(demo: Demo) -> None:
    invented = {
        slug: (row["licence"], truth["licence"])
        for slug, (truth, row) in _labelled(demo).items()
        if truth["tagged"] and row["licence"] and row["licence"] != truth["licence"]
    }
    assert invented == {}


def test_one_announcement_told_in_many_languages_is_one_story(demo: Demo) -> None:
    told = [
        row
        for truth, row in _labelled(demo).values()
        if truth["story"] == "calyra-2" and truth["role"] == "cover"
    ]
    assert len(told) >= 8
    assert len({row["language"] for row in told}) >= 6
    assert len({row["story_id"] for row in told}) == 1


def test_no_story_holds_the_announcements_of_two(demo: Demo) -> None:
    stories: dict[int, set[str]] = {}
    for truth, row in _labelled(demo).values():
        if row["story_id"] and truth["role"] == "cover" and truth["story"]:
            stories.setdefault(row["story_id"], set()).add(truth["story"])
    assert {story: names for story, names in stories.items() if len(names) > 1} == {}


def test_promises_are_kept_overdue_and_open_as_they_are(demo: Demo) -> None:
    states = {(json.loads(r["who"]) or [""])[0]: r["state"] for r in demo.rows("SELECT * FROM promises")}
    assert states["Tangxi Lab"] == "kept"
    assert states["Corvessa"] == "overdue"
    assert states["Jichuan"] == "open", "another model of the same maker keeps no promise"


def test_the_trend_piece_gives_its_five_announcements(demo: Demo) -> None:
    told = demo.rows(
        """SELECT n.* FROM announcements n JOIN articles a ON a.verdict_id = n.verdict_id
        WHERE a.url LIKE '%china-labs-open-models%' ORDER BY n.position"""
    )
    assert {(json.loads(r["who"])[0], r["stage"], r["openness"], r["licence"]) for r in told} == {
        ("DeepSeek", "released", "open-source", "MIT"),
        ("Baidu", "released", "free-access", None),
        ("Alibaba", "planned", "open-source", None),
        ("Tencent", "released", "open-source", None),
        ("ManusAI", "planned", "open-source", None),
    }


def test_the_mail_arrived_once_and_reads_in_both_forms(demo: Demo) -> None:
    (path,) = (demo.folder / "mailbox").glob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message.get_content_type() == "multipart/alternative"
    assert message["Message-ID"] and message["Date"] and message["List-Id"]
    text, html = (part.get_content() for part in message.iter_parts())
    assert "Calyra-2" in text
    assert "Calyra-2" in html
    assert len(html.encode()) < 90_000


def test_slack_took_every_part(demo: Demo) -> None:
    posts = sorted((demo.folder / "slack").glob("*.json"))
    shown = json.loads((demo.edition / "slack.json").read_text("utf-8"))
    assert [json.loads(p.read_text("utf-8")) for p in posts] == shown


def test_the_ledger_says_sent_for_each(demo: Demo) -> None:
    rows = demo.rows("SELECT channel, state FROM deliveries ORDER BY channel")
    assert [tuple(r) for r in rows] == [("files", "sent"), ("mail", "sent"), ("slack", "sent")]


def test_no_secret_stands_in_the_settings_or_the_archive(demo: Demo) -> None:
    secret = (demo.folder / "slack-webhook-url").read_text().strip()
    assert secret not in (demo.folder / "unsealed.toml").read_text()
    assert secret.encode() not in (demo.folder / "unsealed.db").read_bytes()
    assert secret not in demo.stderr


def config(demo: Demo) -> tuple[str, str]:
    return "--config", str(demo.folder / "unsealed.toml")


def test_the_archive_can_be_searched(demo: Demo) -> None:
    done = unsealed(*config(demo), "search", "licence:apache since:7d", "--format", "jsonl")
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert len(hits) >= 5
    assert {hit["licence"] for hit in hits} == {"Apache-2.0"}
    counted = unsealed(*config(demo), "search", "licence:apache since:7d", "--count")
    assert counted.stdout.strip() == str(len(hits))


def test_openings_are_listed_with_their_proof(demo: Demo) -> None:
    done = unsealed(*config(demo), "announcements", "openness:restricted", "--format", "csv")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("article_id,published,who,what")
    assert len(done.stdout.splitlines()) >= 3


def test_a_bad_query_is_quoted_and_exits_with_2(demo: Demo) -> None:
    done = unsealed(*config(demo), "search", "lisence:mit")
    assert done.returncode == 2
    assert "Did you mean licence:?" in done.stderr


@pytest.mark.parametrize("style", ["html", "text", "markdown", "slack", "json"])
def test_the_edition_can_be_had_in_every_format(demo: Demo, style: str) -> None:
    done = unsealed(*config(demo), "digest", "--format", style)
    assert done.returncode == 0, done.stderr
    assert "Calyra-2" in done.stdout
    if style in ("slack", "json"):
        json.loads(done.stdout)


def test_the_weekly_edition_holds_more_and_decides_nothing(demo: Demo) -> None:
    done = unsealed(*config(demo), "digest", "--edition", "weekly", "--format", "json")
    weekly = json.loads(done.stdout)
    assert len(weekly["stories"]) > len(
        json.loads((demo.edition / "digest.json").read_text("utf-8"))["stories"]
    )
    assert [r[0] for r in demo.rows("SELECT count(*) FROM editions")] == [1]


def test_sending_again_sends_nothing_twice(demo: Demo) -> None:
    done = unsealed(*config(demo), "digest", "--send")
    assert done.returncode == 0, done.stderr
    assert "decided earlier" in done.stderr
    assert len(list((demo.folder / "mailbox").glob("*.eml"))) == 1


def test_a_run_with_nobody_on_the_air_says_so_loses_nothing_and_exits_with_1(
    demo: Demo, tmp_path: Path
) -> None:
    copy = replace(demo, folder=tmp_path / "copy")
    shutil.copytree(demo.folder, copy.folder)
    done = unsealed(*config(copy), "run")
    assert done.returncode == 1
    assert "none of the 19 sources could be reached" in " ".join(done.stderr.split())
    assert "make demo" in done.stderr
    for table in ("articles", "verdicts", "stories", "editions", "deliveries"):
        query = f"SELECT count(*) FROM {table}"
        assert copy.rows(query)[0][0] == demo.rows(query)[0][0], table


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = unsealed("demo", "--folder", str(tmp_path))
    assert done.returncode == 2
    assert "holds other things" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "mine"

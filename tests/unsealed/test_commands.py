"""Commands that need no archive, as users and programs call them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><link>https://n.example/</link>
<item><title>Aurora-2 is open</title><link>https://n.example/1</link><guid>g1</guid>
<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>&lt;p&gt;The &lt;b&gt;weights&lt;/b&gt;.&lt;/p&gt;</description>
</item></channel></rss>"""

PAGE = """<!doctype html><html lang="en"><head><title>Aurora-2 is open | The Daily</title>
<link rel="canonical" href="https://n.example/1"><meta property="og:site_name" content="The Daily">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Aurora-2 is open",
"datePublished": "2026-11-23T08:00:00Z", "author": {"name": "Ada Byron"}}</script></head><body>
<nav><a href="/">Home</a></nav><article><h1>Aurora-2 is open</h1>
""" + "".join(
    f"<p>Paragraph {n} tells at some length what the makers of the model have now put under a free licence.</p>"
    for n in range(6)
)


def unsealed(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unsealed", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, input=stdin, cwd=cwd, check=False
    )


def test_a_mistyped_command_gets_a_proposal_and_exit_code_2() -> None:
    done = unsealed("clasify")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean classify?" in done.stderr


def test_help_names_every_command_without_loading_any() -> None:
    code = "import sys; from unsealed.cli import cli; cli.main(['--help'], standalone_mode=False); sys.exit('scrapy' in sys.modules or 'sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "unsealed demo" in done.stdout


def test_init_writes_a_file_that_works_and_never_writes_over_one(tmp_path: Path) -> None:
    assert unsealed("init", cwd=tmp_path).returncode == 0
    before = (tmp_path / "unsealed.toml").read_text()
    again = unsealed("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "left as it is" in again.stderr or "left as it was" in again.stderr
    assert (tmp_path / "unsealed.toml").read_text() == before


def test_classify_reads_lines_and_answers_each_with_its_id() -> None:
    lines = [
        {"id": 7, "title": "Northlight releases Aurora-2 weights under Apache 2.0"},
        {"id": "x", "title": "Best pasta recipes"},
    ]
    done = unsealed("classify", stdin="\n".join(json.dumps(line) for line in lines))
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["id"], first["tagged"], first["licence"], first["kind"]) == (
        7,
        True,
        "Apache-2.0",
        "released",
    )
    quote = first["announcements"][0]["evidence"]
    assert lines[0]["title"][quote["start"] : quote["end"]] == quote["quote"]  # type: ignore[index]
    assert (second["id"], second["tagged"], second["who"]) == ("x", False, [])
    assert set(first) >= {"probability", "openness", "who", "what", "type", "model", "announcements"}


def test_classify_names_the_line_it_cannot_read() -> None:
    done = unsealed("classify", stdin='{"title": "a"}\nnonsense\n')
    assert done.returncode == 2
    assert "stdin, line 2" in done.stderr


def test_group_gives_one_story_for_one_announcement() -> None:
    items = [
        {
            "id": "a",
            "title": "Northlight releases Aurora-2 under Apache 2.0",
            "published": "2026-11-20T08:00:00Z",
        },
        {
            "id": "b",
            "title": "Aurora 2 by Northlight is now open source",
            "published": "2026-11-20T12:00:00Z",
        },
        {"id": "c", "title": "Best pasta recipes", "published": "2026-11-20T13:00:00Z"},
    ]
    done = unsealed("group", stdin="\n".join(json.dumps(item) for item in items))
    assert done.returncode == 0, done.stderr
    rows = {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["a"]["story"] == rows["b"]["story"] is not None
    assert rows["a"]["role"] == "cover"
    assert rows["c"] == {"id": "c", "story": None, "role": None}


def test_extract_reads_a_saved_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    done = unsealed("extract", str(path), "--url", "https://n.example/1?utm_source=rss")
    found = json.loads(done.stdout)
    assert found["title"] == "Aurora-2 is open"
    assert found["canonical_url"] == "https://n.example/1"
    assert found["published"] == "2026-11-23T08:00:00+00:00"
    assert found["authors"] == ["Ada Byron"]
    assert "Paragraph 5" in found["text"]
    assert "Home" not in found["text"]


def test_feed_reads_files_gzipped_too_and_tells_of_those_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(FEED)
    (tmp_path / "b.xml.gz").write_bytes(gzip.compress(FEED.encode()))
    (tmp_path / "c.xml").write_text("<html><body>Access denied</body></html>")
    done = unsealed("feed", "a.xml", "c.xml", "b.xml.gz", "gone.xml", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row["feed"] for row in rows] == ["a.xml", "b.xml.gz"]
    assert rows[0]["title"] == "Aurora-2 is open"
    assert rows[0]["published"] == "2026-11-23T08:00:00+00:00"
    assert "<" not in rows[0]["summary"]
    assert "c.xml" in done.stderr
    assert "gone.xml" in done.stderr


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.xml.gz").write_bytes(gzip.compress(b"<rss>" + b" " * (16 * 2**20)))
    done = unsealed("feed", "bomb.xml.gz", cwd=tmp_path)
    assert done.returncode == 1
    assert "larger than 15 MiB" in done.stderr


def test_a_wrong_setting_is_told_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "unsealed.toml").write_text("[gather]\ntimout = 1\n")
    done = unsealed("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean timeout?" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["unsealed.toml"]


@pytest.mark.parametrize("command", [["search", "x"], ["announcements"], ["digest"]])
def test_reading_commands_say_what_to_do_where_there_is_no_archive(
    command: list[str], tmp_path: Path
) -> None:
    done = unsealed(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert "unsealed run" in done.stderr
    assert list(tmp_path.iterdir()) == []


LABELLED = [
    {"id": "a", "title": "Northlight releases Aurora-2 weights under Apache 2.0", "lang": "en", "gold": {"kind": "released", "licence": "Apache-2.0", "who": ["Northlight"], "what": ["Aurora-2"], "openness": "open-source"}},
    {"id": "b", "title": "Best pasta recipes", "lang": "en", "url": "https://www.golem.de/x", "gold": {"kind": "other"}},
]  # fmt: skip


def test_evaluate_compares_verdicts_with_labels() -> None:
    stdin = "\n".join(json.dumps(row) for row in LABELLED)
    done = unsealed("evaluate", "-", "--format", "json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["items"], report["positives"], report["tag"]["f1"]["value"]) == (2, 1, 1.0)
    assert set(report["by_group"]["source"]) == {"press", "other"}
    text = unsealed("evaluate", "-", "--min-f1", "1", stdin=stdin)
    assert text.returncode == 0
    assert "2 items, 1 of them tagged by their reader" in text.stdout
    assert "calibration" in text.stdout


def test_evaluate_judges_the_lines_of_others_and_keeps_a_bar(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text("\n".join(json.dumps(row) for row in LABELLED))
    (tmp_path / "theirs.jsonl").write_text('{"id": "b", "kind": "released", "probability": 0.9}\n')
    done = unsealed(
        "evaluate", "gold.jsonl", "--predictions", "theirs.jsonl", "--min-f1", "0.5", cwd=tmp_path
    )
    assert done.returncode == 1
    assert "below 0.5" in done.stderr
    assert "1 have no verdict" in done.stdout
    assert "Best pasta recipes" in done.stdout


def test_evaluate_names_the_line_without_a_label(tmp_path: Path) -> None:
    done = unsealed("evaluate", "-", stdin='{"id": 1, "title": "T"}\n')
    assert done.returncode == 2
    assert "line 1" in done.stderr
    assert "gold" in done.stderr

"""`unsealed sources` as users type it: files on disk, real servers, words on the terminal."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crawler.catalogue import load_catalogue, parse_user_file
from crawler.source_table import to_table
from pipeline.archive import Archive
from pipeline.model import Entry, Poll, PollOutcome, Problem, Source, SourceKind, SourceState
from unsealed import cli
from unsealed.commands.sources.checking import SILENT, judged
from unsealed.sources_file import without_sources

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
SHIPPED = {source.id: source for source in load_catalogue()}

OWN = """\
# My own sources.

# The lab I like.
[[source]]
id = "lab"  # never change this
name = "Lab"
kind = "feed"
url = "https://lab.example/rss.xml"

[[source]]
id = "golem"
pages = "all"

[mute]
# too loud
categories = ["community"]
"""


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNSEALED_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "unsealed.toml").write_text(
        '# mine\n[sources]\nfile = "own.toml"  # my list\n', encoding="utf-8"
    )
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def go(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["unsealed", "sources", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return go


def ids(ran: Ran) -> set[str]:
    return {str(row["id"]) for row in ran.rows}


# ------------------------------------------------------------------- list


def test_list_shows_what_is_polled_without_what_is_muted(run: Run) -> None:
    listed = run("list")
    assert listed.code == 0
    community = {source.id for source in SHIPPED.values() if source.category == "community"}
    assert ids(listed) == {*SHIPPED, "lab"} - community
    golem = next(row for row in listed.rows if row["id"] == "golem")
    assert (golem["pages"], golem["country"], golem["state"]) == ("all", "DE", "")
    muted = run("list", "--state", "muted")
    assert ids(muted) == community
    assert {row["problem"] for row in muted.rows} == {"muted with its category “community”"}


def test_list_filters_by_what_a_source_is_and_by_words(run: Run) -> None:
    assert ids(run("list", "--language", "KO", "--category", "press")) == {
        s.id for s in SHIPPED.values() if s.language == "ko" and s.category == "press"
    }
    assert ids(run("list", "--country", "fr", "--country", "ch", "--kind", "huggingface")) == {
        "hf-mistralai", "hf-kyutai", "hf-huggingfacetb", "hf-lerobot", "hf-swiss-ai",
    }  # fmt: skip
    assert ids(run("list", "mistral", "hugging")) == {"hf-mistralai"}
    nothing = run("list", "no such source")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "")


def test_list_gives_csv_and_json(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("list", "claude", "--format", "csv").out)))
    assert {row["id"] for row in rows} == {"claude-blog", "claude-code-changelog", "gh-claude-code"}
    (listing,) = json.loads(run("list", "claude-blog", "--format", "json").out)
    assert listing["recipe"]["item"] == ".w-dyn-item"


def test_list_fits_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("list", "--format", "table").out.splitlines()
    assert len(lines) == 1 + len(SHIPPED) + 1 - sum(s.category == "community" for s in SHIPPED.values())
    assert max(len(line) for line in lines) <= 80


def test_list_tells_how_each_does_once_there_is_an_archive(run: Run, here: Path) -> None:
    with Archive.open(f"sqlite:///{here / 'unsealed.db'}") as archive:
        archive.gathering.sync_sources(SHIPPED.values())
        archive.gathering.save_poll(Poll("heise-ki", PollOutcome.OK, NOW))
        problem = Problem("http-404", "The server answered 404 (not found).")
        archive.gathering.save_poll(Poll("publickey", PollOutcome.FAILED, NOW, problem=problem))
    states = {row["id"]: row["state"] for row in run("list").rows}
    assert (states["heise-ki"], states["publickey"], states["lab"]) == ("healthy", "failing", "new")
    (failing,) = run("list", "--state", "failing").rows
    assert (failing["id"], failing["problem"]) == ("publickey", problem.message)
    assert failing["polled_at"] == NOW.isoformat()
    assert "failing: The server" in run("list", "publickey", "--format", "table").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lst"], "Did you mean list?"),
        (["list", "--category", "pres"], "'pres' is not one of"),
        (["check", "gollem"], "Did you mean golem?"),
        (["remove", "gollem"], "Did you mean golem?"),
        (["import", "absent.opml"], "absent.opml"),
        (["import", "own.toml", "--format", "pdf"], "'pdf' is not one of"),
        (["import", "unsealed.toml"], "key “sources”. Did you mean “source”?"),
    ],
)
def test_wrong_usage_is_told_with_exit_code_2(arguments: list[str], words: str, run: Run) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


# ------------------------------------------------------------------- remove, and back again


def test_removing_takes_own_sources_out_and_mutes_shipped_ones_and_keeps_the_rest(
    run: Run, here: Path
) -> None:
    done = run("remove", "lab", "heise-ki", "golem")
    assert done.code == 0
    assert "taken out: golem, lab; muted: heise-ki, golem" in done.err
    text = (here / "own.toml").read_text(encoding="utf-8")
    for kept in ("# My own sources.", "# too loud", 'categories = ["community"]'):
        assert kept in text
    left = parse_user_file(text, "own.toml")
    assert left.sources == ()
    assert left.mute.ids == {"golem", "heise-ki"}
    assert not {"lab", "heise-ki", "golem"} & ids(run("list"))
    assert run("add", "heise-ki").code == 0
    assert {"heise-ki"} <= ids(run("list"))
    assert parse_user_file((here / "own.toml").read_text(encoding="utf-8"), "own.toml").mute.ids == {"golem"}


def test_what_is_muted_otherwise_is_not_brought_back_by_its_id(run: Run) -> None:
    done = run("add", "hacker-news")
    assert done.code == 2
    assert "muted with its category “community”" in done.err


def test_the_first_source_makes_the_file_and_names_it_in_the_settings(run: Run, here: Path) -> None:
    (here / "own.toml").unlink()
    (here / "unsealed.toml").write_text(
        '# mine\n[sources]\n# file = ""\ncatalogue = true\n', encoding="utf-8"
    )
    done = run("remove", "golem")
    assert done.code == 0
    assert "which" in done.err
    settings = (here / "unsealed.toml").read_text(encoding="utf-8")
    assert tomllib.loads(settings)["sources"]["file"] == "sources.toml"
    assert settings.startswith('# mine\n[sources]\n# file = ""\n')
    assert tomllib.loads((here / "sources.toml").read_text(encoding="utf-8")) == {"mute": {"ids": ["golem"]}}


def test_without_settings_it_is_said_what_to_do(run: Run, here: Path) -> None:
    (here / "unsealed.toml").unlink()
    done = run("remove", "golem")
    assert done.code == 2
    assert "`unsealed init`" in done.err


def test_a_file_with_sources_in_one_list_is_left_as_it_is(run: Run, here: Path) -> None:
    text = 'source = [{ id = "lab", name = "L", kind = "feed", url = "https://lab.example/" }]\n'
    (here / "own.toml").write_text(text, encoding="utf-8")
    (here / "more.csv").write_text("url,name\nhttps://new.example/rss,New\n", encoding="utf-8")
    done = run("import", "more.csv")
    assert done.code == 2
    assert "[[source]]" in done.err
    assert (here / "own.toml").read_text(encoding="utf-8") == text


def test_taking_a_source_out_leaves_every_other_line() -> None:
    text = without_sources(OWN, {"golem"})
    assert text == OWN.replace('[[source]]\nid = "golem"\npages = "all"\n\n', "")
    assert without_sources(OWN, {"nobody"}) == OWN


# ------------------------------------------------------------------- import, export


def test_a_list_goes_out_of_one_machine_and_into_another(run: Run, here: Path) -> None:
    exported = run("export")
    assert exported.code == 0
    (here / "all.opml").write_text(exported.out, encoding="utf-8")
    expected = {row["id"]: row for row in run("list").rows}
    (here / "unsealed.toml").write_text(
        '[sources]\nfile = "other.toml"\ncatalogue = false\n', encoding="utf-8"
    )
    (here / "other.toml").write_text("# empty\n", encoding="utf-8")
    done = run("import", "all.opml")
    assert done.code == 0
    assert f"{len(expected)} added" in done.err
    assert {row["id"]: row for row in run("list").rows} == expected
    assert (here / "other.toml").read_text(encoding="utf-8").startswith("# empty\n")


def test_importing_says_what_is_new_changed_known_and_refused(run: Run, here: Path) -> None:
    golem = to_table(SHIPPED["golem"]) | {"name": "Golem.de"}
    rows = [
        golem,
        {"url": "https://new.example/rss", "name": "New"},
        {"url": SHIPPED["publickey"].url},
        {"url": "ftp://x.example/", "name": "Bad"},
    ]
    keys = ["id", "name", "kind", "url", "homepage", "category", "language", "country"]
    out = io.StringIO()
    writer = csv.DictWriter(out, keys)
    writer.writeheader()
    writer.writerows(rows)
    (here / "list.csv").write_text(out.getvalue(), encoding="utf-8")
    before = (here / "own.toml").read_text(encoding="utf-8")
    dry = run("import", "list.csv", "--dry-run")
    assert dry.code == 1
    assert (here / "own.toml").read_text(encoding="utf-8") == before
    done = run("import", "list.csv", "--category", "newsletter")
    assert done.code == 1, "a faulty row is told by the exit code"
    for words in (
        "1 added: new",
        "1 changed: golem",
        "1 known already: publickey",
        "“Bad”: “url” is “ftp://x.example/”",
    ):
        assert words in done.err
    own = {
        source.id: source for source in parse_user_file((here / "own.toml").read_text("utf-8"), "own").sources
    }
    assert set(own) == {"lab", "golem", "new"}
    assert (own["golem"].name, own["new"].category) == ("Golem.de", "newsletter")
    assert "# The lab I like." in (here / "own.toml").read_text(encoding="utf-8")


def test_exporting_own_sources_alone_and_into_a_file(run: Run, here: Path) -> None:
    done = run("export", "--own", "--format", "toml", "--output", "out.toml")
    assert (done.code, done.out) == (0, "")
    tables = tomllib.loads((here / "out.toml").read_text(encoding="utf-8"))["source"]
    assert {table["id"] for table in tables} == {"lab", "golem"}
    assert len(json.loads(run("export", "--format", "json", "--country", "TW").out)) == 3


def test_a_hostile_list_is_refused_and_nothing_is_written(run: Run, here: Path) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE o [<!ENTITY a "b">]><opml><body><outline text="&a;"/></body></opml>'
    )
    (here / "bomb.opml").write_text(bomb, encoding="utf-8")
    done = run("import", "bomb.opml")
    assert done.code == 2
    assert "entities" in done.err
    assert (here / "own.toml").read_text(encoding="utf-8") == OWN


# ------------------------------------------------------------------- over real sockets


@dataclass
class Site:
    """A web server on loopback with a few pages."""

    pages: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    base: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            status, kind, body = served.pages.get(self.path, (404, "text/plain", b"no"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()


def feed(*titles: str, day: str = "Tue, 24 Nov 2026 08:00:00 GMT") -> tuple[int, str, bytes]:
    items = "".join(
        f"<item><title>{t}</title><link>https://n.example/{n}</link><pubDate>{day}</pubDate></item>"
        for n, t in enumerate(titles)
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Site</title>{items}</channel></rss>'
    return (200, "application/rss+xml", body.encode())


def program(here: Path, *arguments: str) -> Ran:
    """`unsealed sources` in a process of its own: the loop runs once in each."""
    settings = (here / "unsealed.toml").read_text(encoding="utf-8")
    if "[network]" not in settings:
        (here / "unsealed.toml").write_text(
            settings + '\n[network]\nallow = ["127.0.0.1"]\n[gather]\ndelay = 0.0\n', encoding="utf-8"
        )
    command = [sys.executable, "-m", "unsealed", "sources", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=here, check=False, stdin=subprocess.DEVNULL
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_checking_fetches_each_and_says_what_is_wrong(here: Path, site: Site) -> None:
    site.pages = {
        "/good": feed("One", "Two"),
        "/old": feed("One", day="Thu, 02 Jan 2025 08:00:00 GMT"),
        "/none": feed(),
        "/page": (200, "text/html", b"<html><title>Log in</title></html>"),
    }
    (here / "own.toml").write_text(
        "".join(
            f'[[source]]\nid = "{p}"\nname = "{p.title()}"\nkind = "feed"\nurl = "{site.base}/{p}"\n'
            for p in ("good", "old", "none", "page", "gone")
        ),
        encoding="utf-8",
    )
    done = program(here, "check", "good", "old", "none", "page", "gone", "--format", "jsonl")
    assert done.code == 1
    told = {row["id"]: (row["result"], row["words"]) for row in done.rows}
    assert told["good"] == ("ok", "2 entries, the newest of 2026-11-24.")
    assert told["old"][0] == "warning"
    assert "Nothing new since 2025-01-02" in str(told["old"][1])
    assert told["none"] == ("warning", "It was read, but lists nothing.")
    assert told["page"][0] == told["gone"][0] == "failed"
    assert "“Log in”" in str(told["page"][1])
    assert "404" in str(told["gone"][1])
    assert not (here / "unsealed.db").exists(), "a check stores nothing"


def test_adding_a_site_finds_its_feed_and_writes_it_down(here: Path, site: Site) -> None:
    site.pages = {
        "/blog": (
            200,
            "text/html",
            b'<html lang="fr"><head><title>Blog</title><meta property="og:site_name" content="Northlight [AI]">'
            b'<link rel="alternate" type="application/rss+xml" href="/rss"></head></html>',
        ),
        "/rss": feed("Aurora-2 [open]", "Two"),
    }
    done = program(here, "add", f"{site.base}/blog", "--category", "lab_blog", "--country", "FR")
    assert done.code == 0, done.err
    assert "Aurora-2 [open]" in done.err
    (table,) = tomllib.loads(done.out)["source"]
    assert table == {
        "id": "northlight-ai",
        "name": "Northlight [AI]",
        "kind": "feed",
        "url": f"{site.base}/rss",
        "homepage": f"{site.base}/blog",
        "category": "lab_blog",
        "language": "fr",
        "country": "FR",
    }
    text = (here / "own.toml").read_text(encoding="utf-8")
    assert text.startswith(OWN.rstrip()), "comments and all"
    assert tomllib.loads(text)["source"][-1] == table
    again = program(here, "add", f"{site.base}/blog")
    assert again.code == 1
    assert "already as “northlight-ai”" in again.err
    assert (here / "own.toml").read_text(encoding="utf-8") == text


def test_a_site_without_anything_to_poll_is_told_with_what_was_tried(here: Path, site: Site) -> None:
    site.pages = {"/": (200, "text/html", b"<html><title>Nothing</title></html>")}
    done = program(here, "add", f"{site.base}/")
    assert (done.code, done.out) == (1, "")
    assert "/feed" in done.err
    assert "neither a feed nor a list of articles" in done.err
    assert (here / "own.toml").read_text(encoding="utf-8") == OWN


def test_a_recipe_is_shown_and_taken_only_when_a_person_agrees(here: Path, site: Site) -> None:
    cards = "".join(
        f'<article class="card"><h2><a href="/news/{n}-story">Northlight opens the weights of Aurora {n}</a></h2>'
        f"<time>2026-11-{n + 10}</time></article>"
        for n in range(8)
    )
    site.pages = {
        "/news": (
            200,
            "text/html",
            f"<!doctype html><html><head><title>Northlight</title></head><body><main>{cards}</main></body></html>".encode(),
        )
    }
    asked = program(here, "add", f"{site.base}/news")
    assert (asked.code, asked.out) == (1, "")
    assert "Aurora 0" in asked.err
    assert "--yes" in asked.err
    assert (here / "own.toml").read_text(encoding="utf-8") == OWN
    taken = program(here, "add", f"{site.base}/news", "--yes", "--id", "northlight")
    assert taken.code == 0, taken.err
    (source,) = [
        s
        for s in parse_user_file((here / "own.toml").read_text("utf-8"), "own").sources
        if s.id == "northlight"
    ]
    assert (source.kind, source.url) == (SourceKind.LISTING, f"{site.base}/news")
    assert source.recipe["item"]


def test_shipped_sources_are_refused_before_anything_is_asked(run: Run) -> None:
    done = run("add", SHIPPED["golem"].url.replace("https://", "http://"))
    assert done.code == 1
    assert "already as “golem”" in done.err


# ------------------------------------------------------------------- what a check says


def polled(*dates: datetime | None, problem: Problem | None = None) -> Poll:
    entries = tuple(
        Entry("s", str(n), "https://n.example/", "https://n.example/", "T", published=date)
        for n, date in enumerate(dates)
    )
    return Poll("s", PollOutcome.OK, NOW, entries=entries, state=SourceState(), problem=problem)


SOURCE = Source("s", "S", SourceKind.FEED, "https://s.example/rss", note="Behind a paywall.")


@pytest.mark.parametrize(
    ("poll", "result", "words"),
    [
        (polled(NOW, None), "ok", "2 entries, the newest of 2026-11-25."),
        (polled(None), "ok", "1 entry, none of them dated."),
        (polled(NOW - SILENT), "ok", "1 entry"),
        (
            polled(NOW - SILENT - timedelta(hours=1)),
            "warning",
            "240 days ago: it may be given up. (Behind a paywall.)",
        ),
        (
            polled(NOW, problem=Problem("lenient", "Read leniently.", "Tell them.")),
            "warning",
            "Read leniently. Tell them.",
        ),
        (polled(), "warning", "lists nothing"),
        (
            Poll("s", PollOutcome.FAILED, NOW, problem=Problem("dns", "No such server.", "Check it.")),
            "failed",
            "No such server. Check it. (Behind a paywall.)",
        ),
    ],
)
def test_a_check_is_said_in_words(poll: Poll, result: str, words: str) -> None:
    checked = judged(SOURCE, poll, NOW)
    assert checked.result == result
    assert words in checked.words

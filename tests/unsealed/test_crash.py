"""kill -9 at any instant: started again, the archive ends as after an undisturbed run, and no
recipient gets an edition twice but where the world leaves no choice."""

from __future__ import annotations

import email
import email.policy
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unsealed.newsroom_settings import write_settings
from unsealed.newsroom import Newsroom, newsroom

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
#: Outlets these tests do without, to be quick: the slow one, and those that bring most of the articles.
LEFT_OUT = frozenset(
    ("gradient-commons", "parameter-post", "signal-box", "dato-y-trama", "fil-des-modeles", "saebyeok")
)
KILLED = -9
BEGAN = time.monotonic()
Fingerprint = dict[str, list[tuple[object, ...]]]

#: What must be the same whatever happened on the way. Ids and times of storing may differ.
FINGERPRINT = {
    "articles": "SELECT canonical_url, title, text, page_state, published FROM articles ORDER BY 1",
    "verdicts": """SELECT a.canonical_url, v.kind, v.basis, round(v.probability, 6), n.who, n.what, n.licence,
        n.openness, n.evidence FROM articles a JOIN verdicts v ON v.id = a.verdict_id
        LEFT JOIN announcements n ON n.verdict_id = v.id ORDER BY 1, n.position""",
    "stories": """SELECT s.title, s.openness, s.licence, s.who, s.what, m.role, a.canonical_url FROM stories s
        JOIN story_articles m ON m.story_id = s.id JOIN articles a ON a.id = m.article_id ORDER BY 7""",
    "promises": "SELECT who, what, due, state, quote FROM promises ORDER BY url, quote",
    "edition": """SELECT e.slot, s.title FROM editions e JOIN edition_stories m ON m.edition_id = e.id
        JOIN stories s ON s.id = m.story_id ORDER BY 2""",
    "deliveries": "SELECT channel, recipient, state FROM deliveries ORDER BY 1, 2",
    "orphans": """SELECT count(*) FROM articles WHERE verdict_id IS NULL OR grouped_verdict_id IS NOT verdict_id
        OR judged_hash != input_hash""",
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with newsroom(NOW, folder=tmp_path_factory.mktemp("newsroom"), slow=0.1) as room:
        yield room


def cycle(config: Path, *, kill_at: int = 0, table: str = "", kill_after: float = 0) -> tuple[int, int]:
    """Run one cycle in a process of its own; its exit code and how many commits it made."""
    # Time goes on between runs: a clock set back would rightly leave stories to the next edition.
    now = NOW + timedelta(seconds=time.monotonic() - BEGAN)
    driver = [sys.executable, "-m", "tests.unsealed.crash_driver"]
    command = [*driver, str(config), now.isoformat(), str(kill_at), table]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate(timeout=kill_after or 60)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        assert kill_after, f"the cycle hung: {err[-2000:]}"
    assert process.returncode in (0, KILLED), err[-2000:]
    return process.returncode, int(out) if out.strip() else 0


def fingerprint(config: Path) -> Fingerprint:
    with sqlite3.connect(config.parent / "archive.db") as db:
        return {name: db.execute(query).fetchall() for name, query in FINGERPRINT.items()}


def mails(room: Newsroom, since: int) -> Counter[tuple[str, str]]:
    """(recipient, Message-ID) of every message accepted after the first ``since``."""
    found: Counter[tuple[str, str]] = Counter()
    for path in sorted(room.mailbox.glob("*.eml"))[since:]:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found[str(message["Delivered-To"]), str(message["Message-ID"])] += 1
    return found


@pytest.fixture(scope="module")
def undisturbed(room: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> tuple[Fingerprint, int]:
    config = write_settings(tmp_path_factory.mktemp("undisturbed"), room, leave_out=LEFT_OUT)
    code, commits = cycle(config)
    assert code == 0
    found = fingerprint(config)
    assert len(found["articles"]) > 40
    assert len(found["edition"]) > 5
    assert found["orphans"] == [(0,)]
    return found, commits


@pytest.mark.timeout(240)
@pytest.mark.parametrize("chain", range(3))
def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(
    chain: int, room: Newsroom, undisturbed: tuple[Fingerprint, int], tmp_path: Path
) -> None:
    """Three archives, six kills each: the first at a quarter, half, three quarters of a run, the
    later ones anywhere in what is left to do."""
    expected, commits = undisturbed
    config = write_settings(tmp_path, room, leave_out=LEFT_OUT)
    before = len(list(room.mailbox.glob("*.eml")))
    rng = random.Random(chain)
    assert cycle(config, kill_at=commits * (chain + 1) // 4)[0] == KILLED
    killed = 1
    for _ in range(20):
        # Commits are counted anew in each run, and what earlier runs have done is not done again:
        # an instant may lie behind the run's end.
        killed += cycle(config, kill_at=rng.randint(1, commits // 3))[0] == KILLED
        if killed == 6:
            break
    assert killed >= 5
    assert cycle(config)[0] == 0
    found = fingerprint(config)
    for name, rows in expected.items():
        assert found[name] == rows, name
    received = mails(room, before)
    assert sorted(recipient for recipient, _ in received) == ["a@example.org", "b@example.org"]
    # A kill between the server's acceptance and our note repeats one message, once.
    assert sum(received.values()) <= 2 + killed


@pytest.fixture(scope="module")
def about_to_send(
    room: Newsroom, undisturbed: tuple[Fingerprint, int], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder whose archive was killed with the edition decided and nothing sent."""
    folder = tmp_path_factory.mktemp("about-to-send")
    before = len(list(room.mailbox.glob("*.eml")))
    # The first commit on the ledger stores the edition with its deliveries, the second notes a send.
    assert cycle(write_settings(folder, room, leave_out=LEFT_OUT), kill_at=2, table="deliveries")[0] == KILLED
    assert mails(room, before) == Counter()
    return folder


@pytest.mark.parametrize("instant", range(1, 7))
def test_killed_around_each_send_nobody_lacks_it_and_a_repeat_has_the_same_message_id(
    instant: int,
    room: Newsroom,
    about_to_send: Path,
    undisturbed: tuple[Fingerprint, int],
    tmp_path: Path,
) -> None:
    """Each delivery makes a commit before and after it is handed over; die before each of them."""
    folder = tmp_path / "copy"
    shutil.copytree(about_to_send, folder)
    config = folder / "unsealed.toml"
    before = len(list(room.mailbox.glob("*.eml")))
    assert cycle(config, kill_at=instant, table="deliveries")[0] == KILLED
    sent_then = mails(room, before)
    assert cycle(config)[0] == 0
    received = mails(room, before)
    # Each has one Message-ID, however often it was sent.
    assert sorted(recipient for recipient, _ in received) == ["a@example.org", "b@example.org"]
    # Before the 2nd and 4th commit a mail is out and not noted: only that one may come again.
    in_flight = {2: "a@example.org", 4: "b@example.org"}.get(instant)
    for (recipient, message_id), times in received.items():
        assert times == (2 if recipient == in_flight else 1), (recipient, message_id, sent_then)
    assert fingerprint(config)["deliveries"] == undisturbed[0]["deliveries"]


@pytest.mark.timeout(120)
def test_killed_by_the_clock_it_ends_the_same(
    room: Newsroom, undisturbed: tuple[Fingerprint, int], tmp_path: Path
) -> None:
    """Wherever a kill falls between two commits."""
    config = write_settings(tmp_path, room, leave_out=LEFT_OUT)
    for seconds in (0.9, 1.4, 1.9, 2.4):
        cycle(config, kill_after=seconds)
    assert cycle(config)[0] == 0
    found = fingerprint(config)
    for name, rows in undisturbed[0].items():
        assert found[name] == rows, name


def test_a_copy_of_the_archive_taken_after_a_kill_opens_and_is_whole(
    room: Newsroom, undisturbed: tuple[Fingerprint, int], tmp_path: Path
) -> None:
    config = write_settings(tmp_path / "a", room, leave_out=LEFT_OUT)
    assert cycle(config, kill_at=undisturbed[1] // 2)[0] == KILLED
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with sqlite3.connect(tmp_path / "b" / "archive.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []

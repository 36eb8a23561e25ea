"""Subscriptions, deliveries and test messages, as a user sees them; real archive, channels on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.archive import Archive
from tests.alerts import samples
from tests.alerts.servers import Hook, web_server
from unsealed.cli import cli
from unsealed.schedule import next_slot, slot_time
from unsealed.settings import SubscriptionSettings


def write(folder: Path, text: str = "") -> Path:
    path = folder / "unsealed.toml"
    path.write_text(text or '[archive]\nurl = "sqlite:///a.db"\n')
    return path


def unsealed(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), *arguments])


def with_an_edition(folder: Path) -> None:
    """An archive in which one delivery arrived and one was refused."""
    digest = samples.quiet()
    now = digest.until
    with Archive.open(f"sqlite:///{folder}/a.db") as archive:
        archive.editions.decide(digest, [("mail", "a@example.org"), ("mail", "b@example.org")], now)
        first, second = archive.ledger.outstanding()
        archive.ledger.sending(first.id, "m1", now)
        archive.ledger.sent(first.id, now)
        archive.ledger.sending(second.id, "m2", now)
        archive.ledger.failed(second.id, "550 no such user.", True, now)


def test_deliveries_are_listed_newest_first_with_why_one_failed(tmp_path: Path) -> None:
    with_an_edition(tmp_path)
    done = unsealed(write(tmp_path), "deliveries")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["recipient"], r["state"]) for r in rows] == [
        ("b@example.org", "refused"),
        ("a@example.org", "sent"),
    ]
    assert rows[0]["error"] == "550 no such user." and rows[0]["edition"] == samples.quiet().slot


def test_deliveries_can_be_chosen_by_state_and_channel(tmp_path: Path) -> None:
    with_an_edition(tmp_path)
    config = write(tmp_path)
    assert len(unsealed(config, "deliveries", "--state", "sent").stdout.splitlines()) == 1
    assert unsealed(config, "deliveries", "--channel", "slack").stdout == ""
    assert unsealed(config, "deliveries", "--state", "lost").exit_code == 2


def test_the_table_of_deliveries_tells_all_of_it_in_eighty_columns(tmp_path: Path) -> None:
    with_an_edition(tmp_path)
    shown = unsealed(write(tmp_path), "deliveries", "--format", "table").stdout
    assert "mail to b@example.org: 550 no such user." in shown and "refused" in shown
    assert "…" not in shown and max(map(len, shown.splitlines())) <= 80


def test_subscriptions_tell_the_last_edition_and_the_next_one(tmp_path: Path) -> None:
    with_an_edition(tmp_path)
    digest = samples.quiet()
    text = f'[archive]\nurl = "sqlite:///a.db"\n[[subscription]]\nname = "{digest.subscription}"\nchannels = ["folder"]\n'
    row = json.loads(unsealed(write(tmp_path, text), "subscriptions").stdout)
    assert (row["last"], row["delivered"]) == (digest.day.isoformat(), "1/2")
    assert datetime.fromisoformat(row["next"]) > datetime.now(UTC)


def test_subscriptions_are_told_before_there_is_an_archive(tmp_path: Path) -> None:
    done = unsealed(write(tmp_path), "subscriptions", "--format", "table")
    assert done.exit_code == 0 and "daily" in done.stdout and not (tmp_path / "a.db").exists()


@pytest.mark.parametrize("edition", ["daily", "weekly"])
def test_the_next_edition_is_the_first_slot_after_now(edition: str) -> None:
    subscription = SubscriptionSettings.model_validate(
        {
            "name": "s",
            "edition": edition,
            "at": "01:30",
            "timezone": "America/New_York",
            "channels": ["folder"],
        }
    )
    now = datetime(2026, 10, 31, 12, tzinfo=UTC)  # the night with 01:30 twice is ahead
    for _ in range(24 * 9):
        due = next_slot(subscription, now)
        assert now < due <= now + timedelta(days=8)
        assert due == slot_time(subscription, due.astimezone(due.tzinfo).date()) or due > now
        now += timedelta(hours=1)


def _settings(folder: Path, hook: Hook, kind: str = "slack") -> Path:
    return write(
        folder,
        f'[archive]\nurl = "sqlite:///a.db"\n[[channel]]\nname = "team"\nkind = "{kind}"\nurl = "{hook.url}"\n'
        '[[subscription]]\nname = "daily"\nchannels = ["team"]\n',
    )


def test_a_test_message_is_a_whole_edition_and_counts_for_nothing(tmp_path: Path) -> None:
    with web_server() as hook:
        config = _settings(tmp_path, hook)
        with_an_edition(tmp_path)
        for _ in range(2):
            done = unsealed(config, "send-test", "team")
            assert done.exit_code == 0 and "team: sent, 1 part" in done.stderr
    assert len(hook.bodies) == 2 and "blocks" in json.loads(hook.bodies[0])
    with Archive.open(f"sqlite:///{tmp_path}/a.db") as archive:
        assert len(archive.ledger.all()) == 2, "nothing was noted"


def test_a_test_message_works_before_there_is_an_archive(tmp_path: Path) -> None:
    with web_server() as hook:
        done = unsealed(_settings(tmp_path, hook), "send-test", "team")
    assert done.exit_code == 0 and "no archive yet" in done.stderr and len(hook.bodies) == 1


def test_a_test_message_that_is_refused_says_why_and_fails(tmp_path: Path) -> None:
    with web_server([(404, {}, b"no_service")]) as hook:
        done = unsealed(_settings(tmp_path, hook), "send-test", "team")
    assert done.exit_code == 1 and "webhook is gone" in done.stderr


def test_a_channel_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    done = unsealed(write(tmp_path), "send-test", "mial")
    assert done.exception is not None and "There are folder" in str(done.exception)

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels import ChannelError
from alerts.folder import FolderChannel
from pipeline.model import Digest
from tests.alerts import samples

FILES = ["digest.html", "digest.json", "digest.md", "digest.txt", "feed.json", "slack.json"]


def _write(channel: FolderChannel, digest: Digest) -> None:
    identity = channel.message_id(digest, "folder")
    for part in channel.compose(digest, "folder", message_id=identity):
        channel.send(part, "folder")


@pytest.fixture
def channel(tmp_path: Path) -> FolderChannel:
    templates = tmp_path / "templates"
    templates.mkdir()
    for name in ("digest.html.j2", "digest.txt.j2", "digest.md.j2"):
        (templates / name).write_text("<p>{{ d.headline }} 开源</p>")
    (templates / "digest.css").write_text("")
    return FolderChannel("folder", tmp_path / "deep" / "out", templates=templates)


def test_every_form_of_an_edition_is_written_under_its_slot(channel: FolderChannel) -> None:
    digest = samples.rich()
    _write(channel, digest)
    folder = channel.folder(digest)
    assert folder.name == "main-daily-2026-11-23"
    assert sorted(p.name for p in folder.iterdir()) == FILES
    assert "开源" in (folder / "digest.txt").read_text(encoding="utf-8")
    assert json.loads((folder / "digest.json").read_text(encoding="utf-8"))["edition"] == "daily"
    assert json.loads((folder / "slack.json").read_text(encoding="utf-8"))[0]["blocks"]


def test_writing_again_changes_nothing_and_other_editions_stay_apart(channel: FolderChannel) -> None:
    digest = samples.rich()
    _write(channel, digest)
    before = {p: p.read_bytes() for p in channel.folder(digest).iterdir()}
    _write(channel, digest)
    assert {p: p.read_bytes() for p in channel.folder(digest).iterdir()} == before
    others = [
        replace(digest, subscription="daily"),
        replace(digest, subscription="a_b"),
        replace(digest, subscription="a-b"),
        replace(digest, edition="weekly"),
    ]
    assert len({channel.folder(d) for d in [digest, *others]}) == 5
    assert channel.folder(others[0]).name == "daily-2026-11-23"


def test_a_name_cannot_lead_out_of_the_folder(channel: FolderChannel) -> None:
    digest = replace(samples.quiet(), subscription="../../etc/x", edition="..")
    _write(channel, digest)
    assert channel.folder(digest).parent.name == "out"
    assert ".." not in channel.folder(digest).name


def test_a_write_that_was_cut_off_leaves_the_old_file_whole(
    channel: FolderChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = samples.rich()
    _write(channel, digest)
    html = channel.folder(digest) / "digest.html"
    old = html.read_bytes()

    def die(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            _write(channel, replace(digest, articles_read=1))
    assert html.read_bytes() == old
    _write(channel, digest)
    assert sorted(p.name for p in html.parent.iterdir()) == FILES


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    channel = FolderChannel("folder", tmp_path / "file")
    (part, *_) = [
        p
        for p in FolderChannel("folder", tmp_path).compose(samples.quiet(), "", message_id="")
        if p.name.endswith("json")
    ]
    with pytest.raises(ChannelError) as caught:
        channel.send(part, "folder")
    assert (
        "cannot be written" in str(caught.value) and not caught.value.permanent and not caught.value.unknown
    )

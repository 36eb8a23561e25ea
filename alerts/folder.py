"""A folder as a channel: each edition as files, for a web server, an archive or a look.

``FOLDER/daily-2026-11-23/digest.html`` and beside it ``digest.txt``, ``digest.md``, ``digest.json``,
``slack.json`` and ``feed.json``; in ``FOLDER`` itself a front page and feeds over all editions, so that
any web server makes a site of it. Each file appears whole or not at all. The rule for an unknown outcome
is to write again: the same edition has the same names and the same content.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from alerts.channels import ChannelError, Part, edition_key
from alerts.render import STRINGS, render
from alerts.site import front
from alerts.slack_blocks import payloads
from alerts.words import load_words
from pipeline.model import Digest

#: File of an edition -> format of alerts.render.
_FILES = {"digest.html": "html", "digest.txt": "text", "digest.md": "markdown", "digest.json": "json"}
#: The last file of an edition: once it is there, the front of the folder is made anew.
_LAST = "feed.json"
#: What a folder's name may not hold; a dot alone could lead out of the channel's folder.
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


class FolderChannel:
    """Writes editions into ``path``, which is made if missing. The one recipient is the channel's name."""

    kind = "folder"

    def __init__(
        self, name: str, path: Path, *, language: str = "en", templates: Path | None = None, home: str = ""
    ) -> None:
        self.name = name
        self.recipients = (name,)
        self._path = path
        self._language = language
        self._templates = templates
        self._home = home  # the address under which the folder is served, "" unknown

    def __repr__(self) -> str:
        return f"FolderChannel({self.name!r}, {str(self._path)!r})"

    def message_id(self, digest: Digest, recipient: str) -> str:
        """For the ledger alone."""
        return edition_key(digest, self.name, recipient)

    def folder(self, digest: Digest) -> Path:
        """Where an edition's files are."""
        return self._path / _folder_name(digest)

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """One part a file, named by its path within the channel's folder."""
        bodies = {
            name: render(digest, style, language=self._language, templates=self._templates)
            for name, style in _FILES.items()
        }
        posts = payloads(digest, language=self._language, templates=self._templates)
        bodies["slack.json"] = json.dumps(posts, ensure_ascii=False, indent=2) + "\n"
        bodies[_LAST] = render(digest, "jsonfeed", language=self._language, templates=self._templates)
        folder = _folder_name(digest)
        return tuple(
            Part(f"{folder}/{name}", body.encode("utf-8", "replace")) for name, body in bodies.items()
        )

    def open(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def send(self, part: Part, recipient: str) -> None:
        """Write one file. Raises ChannelError where the folder cannot be written."""
        path = self._path / part.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, part.content)
            if path.name == _LAST:
                self._write_front()
        except OSError as error:
            raise ChannelError(
                f"the file cannot be written ({error.strerror or type(error).__name__}).",
                about=str(path),
                cure="Check the folder's permissions and the room on its disk.",
            ) from error

    def _write_front(self) -> None:
        words = load_words(self._language, self._templates / STRINGS if self._templates else None)
        for name, text in front(self._path, words, self._templates, home=self._home).items():
            _write(self._path / name, text.encode("utf-8", "replace"))


def _folder_name(digest: Digest) -> str:
    """``daily-2026-11-23``, led by the subscription where that has a name of its own."""
    subscription, edition, slot = (
        _UNFIT.sub("-", name) for name in (digest.subscription, digest.edition, digest.slot)
    )
    return slot if subscription == edition else f"{subscription}-{slot}"


def _write(path: Path, content: bytes) -> None:
    # always the same temporary name, so that a killed write leaves one file that the next one reuses
    passing = path.with_name(f".{path.name}.part")
    with passing.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    passing.replace(path)

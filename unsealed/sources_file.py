"""Changing a user's own sources file, and leaving everything else in it as it is.

Sources are added at the end as text; for taking away and muting, tomlkit keeps comments and
order. What is written was read back first: a file is never left in a state that the next run
would refuse.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from crawler.catalogue import UserFile, parse_user_file
from crawler.exchange import toml_text
from crawler.source_table import to_table
from pipeline.model import ConfigError, Source
from unsealed.settings import FILE_NAME, Settings

__all__ = ["OwnFile", "without_sources"]

_DEFAULT_NAME = "sources.toml"
_HEAD = """\
# Your own sources: they are added to the shipped catalogue. `unsealed sources add URL` writes here too.
"""


class OwnFile:
    """The file that ``sources.file`` names, or that will be made and named there."""

    def __init__(self, settings: Settings, config: Path | None) -> None:
        """``config`` is the settings file, None if there is none. ConfigError if none could be written."""
        if settings.sources.file is not None:
            self.path, self._config = settings.sources.file, None
        elif config is not None:
            self.path, self._config = config.resolve().parent / _DEFAULT_NAME, config
        else:
            raise ConfigError(
                "there is no settings file that could name your sources.",
                about=FILE_NAME,
                cure="`unsealed init` writes one; then try again.",
            )
        if self.path.exists():
            try:
                self.text = self.path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"it cannot be read ({error}).", about=str(self.path)) from error
        else:
            self.text = _HEAD

    def read(self) -> UserFile:
        """What the file says. Raises ConfigError."""
        return parse_user_file(self.text, str(self.path))

    def add(self, sources: Iterable[Source]) -> None:
        """Add ``sources`` at the end; write with `save`."""
        block = toml_text(map(to_table, sources)).strip()
        if block:
            self.text = f"{self.text.rstrip()}\n\n{block}\n".lstrip()

    def replace(self, sources: Iterable[Source]) -> None:
        """Put ``sources`` in the place of those with their ids, or add them."""
        chosen = tuple(sources)
        self.text = without_sources(self.text, {source.id for source in chosen})
        self.add(chosen)

    def remove(self, ids: Iterable[str]) -> None:
        """Take the tables of these sources out."""
        self.text = without_sources(self.text, set(ids))

    def mute(self, ids: Iterable[str]) -> None:
        """Mute sources by their ids."""
        document = self._document()
        table = document.get("mute")
        if table is None:
            table = tomlkit.table()
            document.append("mute", table)
        listed = table.get("ids")
        if listed is None:
            listed = tomlkit.array()
            table.append("ids", listed)
        for id_ in ids:
            if id_ not in listed:
                listed.append(id_)
        self.text = tomlkit.dumps(document)

    def unmute(self, id_: str) -> None:
        """Take ``id_`` off the list of muted ids."""
        document = self._document()
        listed: Any = document.get("mute", {}).get("ids", [])
        while id_ in listed:
            listed.remove(id_)
        self.text = tomlkit.dumps(document)

    def save(self) -> str:
        """Write the file, and name it in the settings if they do not; return in words where.

        Raises ConfigError where the result could not be read again, and changes nothing then.
        """
        self.text = self.text.rstrip() + "\n"
        try:
            self.read()
        except ConfigError as error:
            raise ConfigError(
                f"it was left as it is: changed, it could not be read ({error.message})",
                about=str(self.path),
                cure="If it writes source = [ … ] as one list, write [[source]] tables instead.",
            ) from error
        _write(self.path, self.text)
        if self._config is None:
            return str(self.path)
        _write(self._config, _naming(self._config, self.path.name))
        return f"{self.path}, which {self._config} names now"

    def _document(self) -> tomlkit.TOMLDocument:
        return _parse(self.text, str(self.path))


def without_sources(text: str, ids: set[str]) -> str:
    """Return a sources file's text without the tables of ``ids``, their own comments included."""
    document = _parse(text, "your sources")
    tables: Any = document.get("source")
    if tables is None:
        return text
    gone = [number for number, table in enumerate(tables) if table.get("id") in ids]
    for number in reversed(gone):
        del tables[number]
    if gone and not tables:
        document.remove("source")
    return tomlkit.dumps(document) if gone else text


def _naming(config: Path, name: str) -> str:
    """Return the settings' text with ``sources.file`` set to ``name``."""
    document = _parse(config.read_text(encoding="utf-8"), str(config))
    table: Any = document.get("sources")
    if table is None:
        table = tomlkit.table()
        document.append("sources", table)
    table["file"] = name
    return tomlkit.dumps(document)


def _parse(text: str, about: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigError(f"This is no valid TOML: {error}.", about=about) from error


def _write(path: Path, text: str) -> None:
    """Replace a file as a whole: a kill leaves the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigError(f"it cannot be written ({error.strerror}).", about=str(path)) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise ConfigError(f"it cannot be written ({error.strerror}).", about=str(path)) from error

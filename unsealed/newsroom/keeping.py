"""Files that a server keeps of what it accepted: numbered, each written whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path


class Keeper:
    """Writes ``0001.eml``, ``0002.eml`` … into a folder, going on after those already there."""

    def __init__(self, folder: Path, suffix: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._suffix = suffix
        taken = (re.fullmatch(rf"(\d+){re.escape(suffix)}", path.name) for path in folder.iterdir())
        self._last = max((int(match[1]) for match in taken if match), default=0)

    def keep(self, content: bytes) -> Path:
        """Write ``content`` to the next file and return its path. Raises OSError if it cannot."""
        self._last += 1
        path = self.folder / f"{self._last:04d}{self._suffix}"
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return path

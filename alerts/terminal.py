"""Standard output as a channel: the edition as text, for cron's own mail or a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from alerts.channels import ChannelError, Part, edition_key
from alerts.render import render
from pipeline.model import Digest


class TerminalChannel:
    """Writes editions to ``out`` as plain text (or "markdown", "json"). Repeats after an unknown outcome."""

    kind = "stdout"

    def __init__(
        self,
        name: str,
        *,
        style: str = "text",
        language: str = "en",
        templates: Path | None = None,
        out: TextIO | None = None,
    ) -> None:
        self.name = name
        self.recipients = (name,)
        self._style = style
        self._language = language
        self._templates = templates
        self._out = out

    def message_id(self, digest: Digest, recipient: str) -> str:
        """For the ledger alone."""
        return edition_key(digest, self.name, recipient)

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """The whole edition."""
        text = render(digest, self._style, language=self._language, templates=self._templates)
        return (Part(self._style, text.encode("utf-8", "replace")),)

    def open(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do: the stream is the process's."""

    def send(self, part: Part, recipient: str) -> None:
        """Write it. Raises ChannelError where the reader has gone."""
        out = self._out or sys.stdout
        try:
            out.write(part.content.decode())
            out.flush()
        except (OSError, UnicodeEncodeError) as error:
            raise ChannelError(
                f"nothing can be written there ({type(error).__name__}).", about=self.name
            ) from error

"""JSON lines in and out: one object a line, errors by file and line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.model import ConfigError, Item

#: One line of input; the classifier reads far less of any field.
MAX_LINE = 8 * 2**20


def read_lines(path: str) -> Iterator[dict[str, Any]]:
    """Objects of a JSON Lines file (``-``: stdin). ConfigError names file and line."""
    name = "stdin" if path == "-" else path
    try:
        stream = sys.stdin.buffer if path == "-" else Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise ConfigError(f"it cannot be read ({error.strerror}).", about=name) from error
    with stream:
        for number, raw in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
            if not raw.strip():
                continue
            about = f"{name}, line {number}"
            try:
                value = json.loads(raw)
            except (ValueError, RecursionError) as error:
                raise ConfigError("this is not a JSON object on one line.", about=about) from error
            if not isinstance(value, dict):
                raise ConfigError("a line must hold one JSON object.", about=about)
            if not isinstance(value.get("title", ""), str):
                raise ConfigError('"title" must be text.', about=about)
            yield value


def item_of(line: dict[str, Any], number: int) -> Item:
    """An input line of ``classify`` or ``group``; what is absent or of the wrong type counts as empty."""

    def text(key: str) -> str:
        value = line.get(key)
        return value if isinstance(value, str) else ""

    return Item(
        id=str(line.get("id", "")) or str(number),
        title=text("title"),
        summary=text("summary"),
        text=text("text"),
        url=text("url"),
        outlet=text("outlet"),
        published=read_time(text("published")),
        language=text("lang"),
    )


def read_time(value: str) -> datetime | None:
    """An ISO 8601 time, UTC where it names no zone; None if it is none."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def write_line(value: Any) -> None:
    """One JSON line on stdout; lone surrogates out of broken input are replaced, never a crash."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")

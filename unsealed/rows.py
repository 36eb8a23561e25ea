"""Rows for programs on stdout: json, jsonl, csv."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from unsealed.lines import write_line


def write_rows(rows: Sequence[Mapping[str, Any]], style: str, columns: Sequence[str] = ()) -> None:
    """Rows as json, jsonl or csv; lists are joined by "; " in csv.

    ``columns`` are csv's, whose header then comes without rows too; default: the first row's keys.
    """
    plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
    if style == "jsonl":
        for row in plain:
            write_line(row)
    elif style == "json":
        text = json.dumps(plain, ensure_ascii=False, indent=2)
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
    elif columns or plain:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(columns or plain[0]), lineterminator="\n")
        writer.writeheader()
        for row in plain:
            writer.writerow({key: _cell(value) for key, value in row.items()})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value  # datetime is a date


def _cell(value: Any) -> Any:
    """A value fit for a spreadsheet, where a leading = + - @ would be taken as a formula."""
    if isinstance(value, list | tuple):
        value = "; ".join(str(v) for v in value)
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
        if value[:1] in ("=", "+", "-", "@", "\t", "\r"):
            return f"'{value}"
    return value

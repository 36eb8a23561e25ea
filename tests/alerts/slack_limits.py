"""Slack's documented limits as a checker, for property tests: raises AssertionError with what is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

#: What may stand between < and > in our posts: a link to the web, nothing that Slack would act on.
_LINK = re.compile(r"<https?://[^\s<>|]+\|[^<>|]+>")
_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def check_posts(posts: tuple[dict[str, Any], ...]) -> None:
    """Every post of an edition keeps every limit."""
    assert 1 <= len(posts) <= 5
    for post in posts:
        json.dumps(post).encode()
        check_post(post)


def check_post(post: dict[str, Any]) -> None:
    assert set(post) == {"text", "blocks"}
    assert 1 <= units(post["text"]) <= 4000
    _markup(post["text"])
    blocks = post["blocks"]
    assert 1 <= len(blocks) <= 50, "blocks"
    assert units(json.dumps(blocks, ensure_ascii=False)) <= 13_000, "total"
    for block in blocks:
        kind = block["type"]
        if kind == "header":
            assert block["text"]["type"] == "plain_text"
            assert 1 <= units(block["text"]["text"]) <= 150, "header"
        elif kind == "section":
            assert block["text"]["type"] == "mrkdwn"
            assert 1 <= units(block["text"]["text"]) <= 3000, "section"
        elif kind == "context":
            assert 1 <= len(block["elements"]) <= 10, "elements"
            assert all(e["type"] == "mrkdwn" and 1 <= units(e["text"]) <= 2000 for e in block["elements"])
        else:
            assert kind == "divider" and set(block) == {"type"}
        for text in texts(block):
            _markup(text)


def texts(block: dict[str, Any]) -> Iterator[str]:
    """The mrkdwn texts of a block."""
    for holder in (block.get("text"), *block.get("elements", ())):
        if holder and holder["type"] == "mrkdwn":
            yield holder["text"]


def _markup(text: str) -> None:
    rest = _LINK.sub("", text)
    assert "<" not in rest and ">" not in rest, f"stray angle bracket: {rest!r}"
    assert not _AMPERSAND.search(text), f"bare ampersand: {text!r}"
    for line in text.split("\n"):
        assert line.count("*") % 2 == 0, f"bold that leaks: {line!r}"
        assert "~" not in _LINK.sub("", line) and "`" not in line

"""What Slack's incoming webhooks refuse, as its documentation states it (docs.slack.dev).

Pure: a body in, the name of the error out. The names are Slack's own plain-text answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

INVALID_PAYLOAD = "invalid_payload"  # no JSON object, or fields of a wrong type
NO_TEXT = "no_text"  # neither text nor blocks
INVALID_BLOCKS = "invalid_blocks"
BLOCKS_TOO_LONG = "msg_blocks_too_long"
#: Not Slack's: our posts quote strangers' headlines, so a mention in them is an injection.
CONTROL_SEQUENCE = "control_sequence"

MAX_BLOCKS = 50  # reference/block-kit/blocks: up to 50 blocks in each message
MAX_BLOCK_ID = 255  # every block: block_id
MAX_SECTION_TEXT = 3000  # section: text, 1 to 3000 characters; also any text object
MAX_FIELDS = 10  # section: fields
MAX_FIELD_TEXT = 2000  # section: each field
MAX_HEADER = 150  # header: plain_text only
MAX_CONTEXT = 10  # context: elements
MAX_ACTIONS = 25  # actions: elements
MAX_BUTTON_TEXT = 75  # button: plain_text only
MAX_ACTION_ID = 255  # button: action_id
MAX_BUTTON_VALUE = 2000  # button: value
MAX_URL = 3000  # button: url; image: image_url
MAX_ALT_TEXT = 2000  # image: alt_text
MAX_IMAGE_TITLE = 2000  # image: title, plain_text only
MAX_MARKDOWN = 12_000  # markdown: text, of all such blocks of a message together
#: All texts of all blocks; not in the reference, observed and answered by staff in slackapi/bolt-js#2509.
MAX_TOTAL = 13_200

#: Mentions of channels, people and groups, as formatting-message-text writes them.
_CONTROL = re.compile(r"<(?:!|@[A-Z0-9])[^<>]*>")

Block = Mapping[str, Any]


class _RefusedError(Exception):
    """A payload that Slack answers with 400; the argument is the answer."""


def refusal(body: bytes, *, strict: bool = True) -> str:
    """Name the error that a JSON body is refused with, "" if it is accepted.

    ``strict`` also refuses mentions (`CONTROL_SEQUENCE`), which Slack would carry out.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return INVALID_PAYLOAD
    if not isinstance(payload, dict):
        return INVALID_PAYLOAD
    text, blocks = payload.get("text"), payload.get("blocks")
    if not isinstance(text, str | None) or not isinstance(blocks, list | None):
        return INVALID_PAYLOAD
    if not text and not blocks:
        return NO_TEXT
    try:
        _check_blocks(blocks or [])
    except _RefusedError as error:
        return str(error)
    if strict and any(_CONTROL.search(words) for words in [text or "", *_texts(blocks or [])]):
        return CONTROL_SEQUENCE
    return ""


def _check_blocks(blocks: list[Any]) -> None:
    """Raise `_RefusedError` with Slack's answer if a message must not hold these blocks."""
    _need(len(blocks) <= MAX_BLOCKS)
    for block in blocks:
        check = _BLOCKS.get(str(block.get("type"))) if isinstance(block, dict) else None
        if check is None:
            raise _RefusedError(INVALID_BLOCKS)
        if "block_id" in block:
            _string(block, "block_id", MAX_BLOCK_ID)
        check(block)
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _need(len(ids) == len(set(ids)))
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    _need(markdown <= MAX_MARKDOWN, BLOCKS_TOO_LONG)
    _need(sum(map(len, _texts(blocks))) <= MAX_TOTAL, BLOCKS_TOO_LONG)


def _need(holds: bool, answer: str = INVALID_BLOCKS) -> None:
    if not holds:
        raise _RefusedError(answer)


def _string(holder: Block, key: str, most: int) -> str:
    value = holder.get(key)
    _need(isinstance(value, str) and 1 <= len(value) <= most)
    return str(value)


def _text(value: object, most: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> None:
    """A text object: composition-objects/text-object, at least 1 character."""
    if not isinstance(value, dict):
        raise _RefusedError(INVALID_BLOCKS)
    _need(value.get("type") in kinds)
    _string(value, "text", most)
    # emoji belongs to plain_text, verbatim to mrkdwn; each is refused with the other
    _need("emoji" not in value or value["type"] == "plain_text")
    _need("verbatim" not in value or value["type"] == "mrkdwn")


def _list(holder: Block, key: str, most: int) -> list[Any]:
    value = holder.get(key)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise _RefusedError(INVALID_BLOCKS)
    return value


def _url(holder: Block, key: str) -> None:
    url = _string(holder, key, MAX_URL)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _RefusedError(INVALID_BLOCKS) from None
    _need(parts.scheme in ("http", "https") and bool(parts.netloc))


def _section(block: Block) -> None:
    _need("text" in block or "fields" in block)
    if "text" in block:
        _text(block["text"], MAX_SECTION_TEXT)
    if "fields" in block:
        for field in _list(block, "fields", MAX_FIELDS):
            _text(field, MAX_FIELD_TEXT)
    if "accessory" in block:
        _element(block["accessory"])


def _header(block: Block) -> None:
    _text(block.get("text"), MAX_HEADER, ("plain_text",))


def _divider(block: Block) -> None:
    _need(set(block) <= {"type", "block_id"})


def _context(block: Block) -> None:
    for element in _list(block, "elements", MAX_CONTEXT):
        if isinstance(element, dict) and element.get("type") == "image":
            _image_element(element)
        else:
            _text(element, MAX_SECTION_TEXT)


def _actions(block: Block) -> None:
    for element in _list(block, "elements", MAX_ACTIONS):
        _element(element)


def _image(block: Block) -> None:
    _image_element(block)
    if "title" in block:
        _text(block["title"], MAX_IMAGE_TITLE, ("plain_text",))


def _markdown(block: Block) -> None:
    _string(block, "text", MAX_MARKDOWN)


def _element(element: object) -> None:
    """A button or an image; of the interactive elements a webhook's post has use for no other."""
    if not isinstance(element, dict):
        raise _RefusedError(INVALID_BLOCKS)
    if element.get("type") == "image":
        _image_element(element)
        return
    _need(element.get("type") == "button")
    _text(element.get("text"), MAX_BUTTON_TEXT, ("plain_text",))
    for key, most in (("action_id", MAX_ACTION_ID), ("value", MAX_BUTTON_VALUE)):
        if key in element:
            _string(element, key, most)
    if "url" in element:
        _url(element, "url")
    _need(element.get("style", "primary") in ("primary", "danger"))


def _image_element(element: Block) -> None:
    _url(element, "image_url")
    _string(element, "alt_text", MAX_ALT_TEXT)


#: Blocks that a message may hold and that our posts could use. Slack knows more; posting one of
#: those is a slip that this stand-in should show, so it is unknown here.
_BLOCKS: Mapping[str, Callable[[Block], None]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "section": _section,
}


def _texts(blocks: list[Any]) -> Iterator[str]:
    """Every text of checked blocks."""
    for block in blocks:
        if isinstance(block.get("text"), str):
            yield block["text"]
        holders = [block.get("text"), block.get("title"), block.get("accessory")]
        holders += [*block.get("fields", ()), *block.get("elements", ())]
        for holder in holders:
            text = holder.get("text") if isinstance(holder, dict) else None
            text = text.get("text") if isinstance(text, dict) else text
            if isinstance(text, str):
                yield text

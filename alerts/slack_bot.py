"""Slack through an app's bot token: the edition's head in the channel, the rest in its thread.

Each message carries metadata (event type ``unsealed_edition``) with the edition's key and its part,
which readers do not see. So the rule for an unknown outcome is exactly once: before an edition goes
on whose last attempt may have been taken, the channel's history is asked for that key, and what is
found there is not posted again. Where the app may not read the history (scope ``channels:history``,
or ``groups:history`` for a private channel), the rule is that of a webhook: the part in doubt is
posted again.

Needs the scopes ``chat:write`` and, for that question, ``channels:history``.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from alerts.channels import ChannelError, Part, edition_key
from alerts.outgoing import Guard, check_url
from alerts.slack import PACE
from alerts.slack_blocks import payloads
from alerts.slack_client import API, GuardedClient, call
from pipeline.model import ConfigError, Digest

_log = logging.getLogger(__name__)

#: Kind of the metadata by which a message of ours is known.
EVENT: Final = "unsealed_edition"
#: Stories told in the channel itself; the others wait in the thread for who wants them.
TOP: Final = 5
#: Messages a page, and pages, that are searched for an edition's key: a busy channel's day.
_PAGE, _PAGES = 100, 5


class SlackBotChannel:
    """One Slack channel, posted to by an app. ``token`` is a secret and stays in the client.

    ``channel`` is its id (C0123ABCD). Raises ConfigError for an API address that cannot be one.
    """

    kind = "slack-bot"

    def __init__(
        self,
        name: str,
        token: str,
        channel: str,
        *,
        guard: Guard,
        timeout: float = 20.0,
        language: str = "en",
        templates: Path | None = None,
        top: int = TOP,
        api_url: str = API,
        pace: float = PACE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            check_url(api_url)
        except ConfigError as error:
            raise ConfigError(error.message, about=f"channel {name}", cure=error.cure) from None
        self.name = name
        self.recipients = (name,)
        self._channel = channel
        self._client = GuardedClient(token, guard=guard, timeout=timeout, base_url=api_url)
        self._language = language
        self._templates = templates
        self._top = top
        self._pace = pace
        self._sleep = sleep
        self._posted_at: float | None = None
        self._threads: dict[str, str] = {}  # edition's key -> ts of its first message

    def __repr__(self) -> str:
        return f"SlackBotChannel({self.name!r}, {self._channel!r})"

    def message_id(self, digest: Digest, recipient: str) -> str:
        """The key in the metadata of each message of the edition."""
        return edition_key(digest, self.name, recipient)

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """The messages as JSON: the first for the channel, the others for its thread."""
        posts = payloads(digest, language=self._language, templates=self._templates, top=self._top)
        total = len(posts)
        return tuple(
            Part(
                f"{number}/{total}",
                json.dumps(self._message(body, message_id, number), ensure_ascii=False).encode(),
            )
            for number, body in enumerate(posts, start=1)
        )

    def _message(self, body: dict[str, Any], key: str, number: int) -> dict[str, Any]:
        metadata = {"event_type": EVENT, "event_payload": {"key": key, "part": number}}
        # Previews of a dozen linked articles would bury the digest.
        return {**body, "metadata": metadata, "unfurl_links": False, "unfurl_media": False}

    def open(self) -> None:
        """Nothing to do: each call is a connection of its own."""

    def close(self) -> None:
        """Forget the threads: the next edition has its own."""
        self._threads.clear()

    def taken(self, parts: tuple[Part, ...], recipient: str, *, noted: int) -> int:
        """How many of ``parts`` the channel holds, asked of its history; ``noted`` where that is refused."""
        key = _key(parts[0])
        try:
            first = self._find_first(key)
            if first is None:
                return noted
            self._threads[key] = first
            found = self._parts_in_thread(first, key)
        except ChannelError as error:
            if not error.permanent:
                raise
            _log.warning("%s: its history cannot be asked for what was posted (%s)", self.name, error.message)
            return noted
        whole = next(n for n in range(1, len(parts) + 2) if n not in found) - 1
        return max(noted, whole)

    def _find_first(self, key: str) -> str | None:
        """``ts`` of the edition's first message, None if the channel does not hold it."""
        cursor = ""
        for _ in range(_PAGES):
            page = self._ask("conversations.history", cursor)
            for message in page.get("messages", []):
                if _part_of(message, key) == 1:
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
        return None

    def _parts_in_thread(self, first: str, key: str) -> set[int]:
        found = {1}
        cursor = ""
        for _ in range(_PAGES):
            page = self._ask("conversations.replies", cursor, ts=first)
            found |= {part for message in page.get("messages", []) if (part := _part_of(message, key))}
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return found

    def _ask(self, method: str, cursor: str, **fields: str) -> dict[str, Any]:
        asked = {"channel": self._channel, "limit": _PAGE, "include_all_metadata": True, **fields}
        if cursor:
            asked["cursor"] = cursor
        return call(self._client, method, self.name, asked, form=True)

    def send(self, part: Part, recipient: str) -> None:
        """Post one part; returns when Slack has taken it. Raises DeliveryError."""
        if self._posted_at is not None:
            self._sleep(max(0.0, self._posted_at + self._pace - time.monotonic()))
        self._posted_at = time.monotonic()
        fields = json.loads(part.content)
        key, number = _key(part), fields["metadata"]["event_payload"]["part"]
        thread = self._threads.get(key)
        if number > 1 and thread:
            fields["thread_ts"] = thread
        fields["channel"] = self._channel
        answer = call(self._client, "chat.postMessage", f"{self.name}, part {part.name}", fields)
        if number == 1:
            self._threads[key] = str(answer.get("ts", ""))


def _key(part: Part) -> str:
    return str(json.loads(part.content)["metadata"]["event_payload"]["key"])


def _part_of(message: Any, key: str) -> int:
    """Which part of the edition a message of the history is; 0: none."""
    metadata = message.get("metadata") if isinstance(message, dict) else None
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(payload, dict):
        return 0
    if metadata.get("event_type") != EVENT or payload.get("key") != key:
        return 0
    part = payload.get("part")
    return part if isinstance(part, int) else 0

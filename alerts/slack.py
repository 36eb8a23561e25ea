"""Slack through an incoming webhook.

What an answer means:

- 2xx: taken;
- 429: certainly not taken; ``Retry-After`` says when to come again;
- 404, 410, ``no_service``, ``channel_is_archived`` and their like: the webhook is gone for good;
- ``invalid_blocks`` and any other 4xx: this message will never be taken;
- 5xx, or no answer after the request was handed over: unknown. Webhooks have no key by which Slack
  could recognise a repetition, so the rule is at least once: the part is posted again. A message
  seen twice is a nuisance, a missing one is a defect.

An edition of several parts goes on after the last part that was taken.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from alerts.channels import ChannelError, Part, edition_key
from alerts.outgoing import Guard, Reply, UnansweredError, check_url, post
from alerts.slack_blocks import payloads
from pipeline.model import ConfigError, DeliveryError, Digest, UnsealedError

__all__ = ["SlackWebhookChannel", "payloads"]

#: Seconds between two posts: Slack takes about one a second from a webhook.
PACE: Final = 1.0
#: Where a 429 does not say how long to wait. Slack's own answers range from one second to thirty.
_RETRY_AFTER: Final = 30.0
#: Answers that mean the webhook is gone or may no longer post, whatever the message.
_GONE: Final = frozenset(
    {
        "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_token", "no_active_hooks",
        "no_service", "no_service_id", "no_team", "posting_to_general_channel_denied", "team_disabled",
        "token_revoked", "user_not_found",
    }
)  # fmt: skip


class SlackWebhookChannel:
    """One incoming webhook, that is one Slack channel. ``url`` is a secret and stays in here.

    ``timeout`` is in seconds. The one recipient in the ledger is the channel's name. Raises
    ConfigError for a URL that cannot be one.
    """

    kind = "slack"

    def __init__(
        self,
        name: str,
        url: str,
        *,
        guard: Guard,
        timeout: float = 20.0,
        language: str = "en",
        templates: Path | None = None,
        pace: float = PACE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            self._host = check_url(url)
        except ConfigError as error:
            raise ConfigError(error.message, about=f"channel {name}", cure=error.cure) from None
        self.name = name
        self.recipients = (name,)
        self._url = url
        self._guard = guard
        self._timeout = timeout
        self._language = language
        self._templates = templates
        self._pace = pace
        self._sleep = sleep
        self._posted_at: float | None = None

    def __repr__(self) -> str:
        return f"SlackWebhookChannel({self.name!r}, {self._host})"

    def message_id(self, digest: Digest, recipient: str) -> str:
        """For the ledger alone; a webhook has no place for it."""
        return edition_key(digest, self.name, recipient)

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """The posts as JSON, in order."""
        posts = payloads(digest, language=self._language, templates=self._templates)
        return tuple(
            Part(f"{number}/{len(posts)}", json.dumps(body, ensure_ascii=False).encode())
            for number, body in enumerate(posts, start=1)
        )

    def open(self) -> None:
        """Nothing to do: each post is a connection of its own."""

    def close(self) -> None:
        """Nothing to do."""

    def send(self, part: Part, recipient: str) -> None:
        """Post one part; returns when Slack has taken it. Raises DeliveryError."""
        if self._posted_at is not None:
            self._sleep(max(0.0, self._posted_at + self._pace - time.monotonic()))
        self._posted_at = time.monotonic()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            reply = post(self._url, part.content, headers, guard=self._guard, timeout=self._timeout)
        except UnansweredError as error:
            raise ChannelError(error.message, about=error.about, unknown=True) from None
        except UnsealedError as error:
            raise ChannelError(error.message, about=error.about, cure=error.cure) from None
        problem = judge(reply, part.name)
        if problem is not None:
            problem.about = f"{self.name}, part {part.name}"
            raise problem


def judge(reply: Reply, part: str) -> DeliveryError | None:
    """What Slack's answer means; None if it took the message. Pure."""
    status, word = reply.status, _word(reply.body)
    said = f"Slack answered {status}{f' {word}' if word else ''}"
    if 200 <= status < 300:
        return None
    if status == 429:
        return ChannelError(
            f"{said}: too many posts.", retry_after=_seconds(reply.headers.get("retry-after"))
        )
    if status >= 500:
        return ChannelError(f"{said}; it may have taken the message or not.", unknown=True)
    if status in (401, 403, 404, 410) or word in _GONE:
        return ChannelError(
            f"{said}: the webhook is gone or may no longer post.",
            cure="Make a new incoming webhook in Slack and put its URL into the settings.",
            permanent=True,
        )
    if status in (408, 425):
        return ChannelError(f"{said}: it wants the message again.")
    if status < 400:
        return ChannelError(
            f"{said}, a redirect, which is not followed.", cure="Check the webhook's URL in the settings."
        )
    return DeliveryError(f"{said}: it refuses this message.", permanent=True)


def _word(body: bytes) -> str:
    """Slack's one-word answer; anything else is not repeated, it might quote the secret path."""
    word: Any = body[:64].decode("ascii", "replace").strip()
    return word if re.fullmatch(r"[a-z_]{2,40}", word) else ""


def _seconds(value: str | None) -> float:
    """``Retry-After`` in seconds; Slack never sends a date."""
    return float(value) if value and re.fullmatch(r"\d{1,6}", value.strip()) else _RETRY_AFTER

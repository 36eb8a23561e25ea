"""A signed webhook: the edition as JSON, posted to a program of the user's own.

The request is what the Standard Webhooks specification (standardwebhooks.com, 1.0) describes, so
that receivers can verify it with a library: ``webhook-id`` (the edition's key: the same for every
attempt), ``webhook-timestamp`` (Unix seconds of this attempt) and ``webhook-signature``
(``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``). ``Idempotency-Key`` repeats the
id for receivers that know that header. The specification's own library is not used: it brings an
HTTP client and is made for the receiving side; the signature is one line.

What an answer means: 2xx taken; 410 the receiver is gone for good; 429 and 503 with ``Retry-After``
come again; other 4xx this message will never be taken, except 408 and 425; 5xx or no answer:
unknown. The rule for unknown is at least once: the same request under the same id, by which a
receiver collapses a repetition.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC
from typing import Final

from alerts.channels import ChannelError, Part, edition_key
from alerts.machine import digest_dict
from alerts.outgoing import Guard, Reply, UnansweredError, check_url, post
from alerts.words import load_words
from pipeline.model import ConfigError, DeliveryError, Digest, UnsealedError

#: Kind of event in the payload.
EVENT: Final = "digest.published"
_PREFIX: Final = "whsec_"
#: Bytes of a secret: the specification asks for 24 to 64.
_SECRET_MIN, _SECRET_MAX = 24, 64
#: Where a 429 does not say how long to wait.
_RETRY_AFTER: Final = 60.0


class WebhookChannel:
    """One receiver. ``url`` and ``secret`` are secrets and stay in here.

    ``secret``: ``whsec_`` and base64 of 24 to 64 bytes. Raises ConfigError for one that is not, and
    for an address that cannot be used.
    """

    kind = "webhook"

    def __init__(
        self,
        name: str,
        url: str,
        secret: str,
        *,
        guard: Guard,
        timeout: float = 20.0,
        language: str = "en",
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            self._host = check_url(url)
        except ConfigError as error:
            raise ConfigError(error.message, about=f"channel {name}", cure=error.cure) from None
        self.name = name
        self.recipients = (name,)
        self._url = url
        self._secret = read_secret(secret, about=f"channel {name}")
        self._guard = guard
        self._timeout = timeout
        self._language = language
        self._clock = clock

    def __repr__(self) -> str:
        return f"WebhookChannel({self.name!r}, {self._host})"

    def message_id(self, digest: Digest, recipient: str) -> str:
        """The ``webhook-id``; no full stop in it, which parts the signed fields."""
        return "msg_" + edition_key(digest, self.name, recipient).replace(".", "_")

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """One part: the event as JSON, named by its id."""
        event = {
            "type": EVENT,
            "timestamp": digest.until.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "data": digest_dict(digest, load_words(self._language)),
        }
        return (Part(message_id, json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()),)

    def open(self) -> None:
        """Nothing to do: each post is a connection of its own."""

    def close(self) -> None:
        """Nothing to do."""

    def send(self, part: Part, recipient: str) -> None:
        """Post the event; returns when the receiver has taken it. Raises DeliveryError."""
        stamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "unsealed-webhook/1",
            "webhook-id": part.name,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(self._secret, part.name, stamp, part.content),
            "Idempotency-Key": part.name,
        }
        try:
            reply = post(self._url, part.content, headers, guard=self._guard, timeout=self._timeout)
        except UnansweredError as error:
            raise ChannelError(error.message, about=error.about, unknown=True) from None
        except UnsealedError as error:
            raise ChannelError(error.message, about=error.about, cure=error.cure) from None
        problem = judge(reply)
        if problem is not None:
            problem.about = self.name
            raise problem


def sign(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The ``webhook-signature`` of a request: ``v1,`` and base64 of HMAC-SHA256. Pure."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")


def read_secret(secret: str, *, about: str) -> bytes:
    """The key of a ``whsec_`` secret. Raises ConfigError, which does not quote it."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SECRET_MIN <= len(key) <= _SECRET_MAX:
        raise ConfigError(
            "its secret is not base64 of 24 to 64 bytes.",
            about=about,
            cure="Make one: echo whsec_$(head -c 32 /dev/urandom | base64)",
        )
    return key


def judge(reply: Reply) -> DeliveryError | None:
    """What the receiver's answer means; None if it took the event. Pure."""
    status, said = reply.status, f"The receiver answered {reply.status}"
    pause = reply.headers.get("retry-after", "")
    if 200 <= status < 300:
        return None
    if status == 429 or (status == 503 and pause):
        wait = float(pause) if pause.isdigit() and len(pause) < 7 else _RETRY_AFTER
        return ChannelError(f"{said}: it asks for a pause.", retry_after=wait)
    if status >= 500:
        return ChannelError(f"{said}; it may have taken the event or not.", unknown=True)
    if status == 410:
        return ChannelError(
            f"{said}: it is gone.", cure="Remove the channel or correct its URL.", permanent=True
        )
    if status in (401, 403, 404):
        return ChannelError(f"{said}.", cure="Check the channel's URL and secret.")
    if status in (408, 425):
        return ChannelError(f"{said}: it wants the event again.")
    if status < 400:
        return ChannelError(
            f"{said}, a redirect, which is not followed.", cure="Put the new address into the settings."
        )
    return DeliveryError(f"{said}: it refuses this event.", permanent=True)

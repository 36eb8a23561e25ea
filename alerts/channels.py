"""What a channel is: one small class that carries editions out of the house.

To add a service, write a class with these members and list it where the settings are wired. The
rest comes with it: the ledger, retries, back-off, resuming after a crash (``alerts.deliver``).

- ``compose`` lays an edition out for one recipient as parts. It must give the same parts for the
  same edition every time: a post that broke off goes on with its first part not yet taken.
- ``open`` is called before every delivery and does nothing where a session already stands; so a
  thousand mails share one connection. ``close`` ends the session and is called once, also after a
  failure, and never raises.
- ``send`` returns only when the other side has said that it took the part. Otherwise it raises
  DeliveryError: ``unknown`` where it may have been taken, ``permanent`` where trying again is
  useless. If not this message or recipient but the channel is at fault (no connection, wrong
  password, asked to slow down), it raises ChannelError, and the others are spared the wait.

What is done about an unknown outcome is a rule of each channel; its class states it. A channel that
can ask the other side what it has says so by one member more (``Inquiring``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pipeline.model import DeliveryError, Digest


@dataclass(frozen=True, slots=True)
class Part:
    """One message or file of an edition, ready to go."""

    name: str  # what it is called in reports: "2/3", "digest.html"
    content: bytes


class ChannelError(DeliveryError):
    """The channel itself does not work now: the next recipient would meet the same.

    ``retry_after`` is how many seconds the other side asks to be left alone, None if it did not.
    """

    def __init__(
        self,
        message: str,
        *,
        about: str = "",
        cure: str = "",
        unknown: bool = False,
        permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, about=about, cure=cure, unknown=unknown, permanent=permanent)
        self.retry_after = retry_after


class Channel(Protocol):
    """A way to recipients; see the module's text for what is expected of each member."""

    @property
    def name(self) -> str:
        """What subscriptions and the ledger call it."""

    @property
    def kind(self) -> str:
        """What sort it is: "mail", "slack", "folder"."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who gets a delivery of each edition; never a secret."""

    def message_id(self, digest: Digest, recipient: str) -> str:
        """Identity of this edition for this recipient, the same every time it is asked for."""

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """The edition as parts, in the order they are sent. Pure; raises ConfigError for a bad template."""

    def open(self) -> None:
        """Make ready to send; raises ChannelError."""

    def send(self, part: Part, recipient: str) -> None:
        """Hand one part over; raises DeliveryError unless it was taken."""

    def close(self) -> None:
        """End the session."""


@runtime_checkable
class Inquiring(Protocol):
    """A channel that can be asked what it has of an edition: its rule for an unknown outcome."""

    def taken(self, parts: tuple[Part, ...], recipient: str, *, noted: int) -> int:
        """How many of ``parts`` the other side has; ``noted`` of them are certain.

        Asked, after ``open``, before a delivery goes on whose last attempt may have been taken.
        Raises DeliveryError where no answer can be had; nothing is sent then.
        """


def edition_key(digest: Digest, channel: str, recipient: str) -> str:
    """Identity of an edition for a recipient, fit for the left side of a Message-ID.

    ``until`` tells editions of equal name apart that were decided in two different archives. The
    recipient goes in as a hash only: Message-IDs travel further than addresses should.
    """
    parts = (digest.subscription, digest.slot, digest.until.isoformat(), channel, recipient)
    fingerprint = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"{slug(digest.edition)}.{digest.day.isoformat()}.{fingerprint}"


def slug(text: str) -> str:
    """``text`` in letters, digits and hyphens, for names of files and headers; never empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "edition"

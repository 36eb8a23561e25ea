"""Any of the services that Apprise knows (Discord, Teams, Telegram, Matrix, ntfy …), as an extra.

``pip install 'unsealed[apprise]'``. Apprise opens connections of its own; while it sends, each of
them is checked at connect time by the same guard as ours (``alerts.outgoing.guarded_sockets``).
Mail and Slack have channels of their own here, which know more of them, and are not taken this way.

Apprise says whether a service took a message, not why it did not, nor whether a message that it
split was taken in part. So the rule is at least once, and every failure counts as unknown.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from alerts.channels import ChannelError, Part, edition_key
from alerts.outgoing import Guard, guarded_sockets
from alerts.render import render, subject
from pipeline.model import ConfigError, Digest, UnsealedError

_OURS: Final = frozenset({"mailto", "mailtos", "slack"})


class AppriseChannel:
    """Several addresses of services, each a recipient of its own. The URLs are secrets and stay in here.

    Raises ConfigError where Apprise is not installed or does not know an address.
    """

    kind = "apprise"

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        *,
        guard: Guard,
        language: str = "en",
        templates: Path | None = None,
    ) -> None:
        self.name = name
        self._guard = guard
        self._language = language
        self._templates = templates
        self._services = {
            _recipient(url): _service(url, number, name) for number, url in enumerate(urls, start=1)
        }
        self.recipients = tuple(self._services)

    def __repr__(self) -> str:
        return f"AppriseChannel({self.name!r}, {', '.join(self.recipients)})"

    def message_id(self, digest: Digest, recipient: str) -> str:
        """For the ledger alone; services have no common place for it."""
        return edition_key(digest, self.name, recipient)

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """One part, named by the subject, in the format the service prefers."""
        style = _style(self._services[recipient])
        body = render(digest, style, language=self._language, templates=self._templates)
        return (Part(subject(digest, self._language), body.encode("utf-8", "replace")),)

    def open(self) -> None:
        """Nothing to do: Apprise connects for each message."""

    def close(self) -> None:
        """Nothing to do."""

    def send(self, part: Part, recipient: str) -> None:
        """Hand it to Apprise, which splits what the service would refuse as too long. Raises ChannelError."""
        service = self._services[recipient]
        # Its log lines hold the address, and so the secret, of what failed.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        try:
            with guarded_sockets(self._guard):
                taken = service.notify(
                    body=part.content.decode(), title=part.name, body_format=_style(service)
                )
        except UnsealedError as error:
            raise ChannelError(error.message, about=f"{self.name}, {recipient}", cure=error.cure) from None
        except Exception as error:
            raise ChannelError(
                f"Apprise failed ({type(error).__name__}).", about=f"{self.name}, {recipient}", unknown=True
            ) from None
        if not taken:
            raise ChannelError(
                "the service did not take it, or not all of it; Apprise does not say why.",
                about=f"{self.name}, {recipient}",
                cure="Check the address with Apprise's own documentation of the service.",
                unknown=True,
            )


def _style(service: Any) -> str:
    """The format a service asks for; text where it takes several (Apprise then gives a tuple)."""
    asked = service.notify_format
    if isinstance(asked, tuple):
        return "text" if any(f.value == "text" for f in asked) else str(asked[0].value)
    return str(asked.value)


def _recipient(url: str) -> str:
    """A name for the ledger that tells addresses apart and gives none away: ``discord-3f2a91bc``."""
    service = url.partition(":")[0].strip().lower()
    return f"{service}-{hashlib.sha256(url.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _service(url: str, number: int, name: str) -> Any:
    about = f"channel {name}, address {number}"
    try:
        import apprise
    except ImportError as error:
        raise ConfigError(
            "Apprise is not installed.", about=about, cure="pip install 'unsealed[apprise]'"
        ) from error
    if url.partition(":")[0].lower() in _OURS:
        raise ConfigError(
            "mail and Slack have channels of their own.",
            about=about,
            cure='Use kind = "mail", "slack" or "slack-bot".',
        )
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        raise ConfigError(
            "Apprise does not know this address.",
            about=about,
            cure="See Apprise's list of services for its form.",
        )
    service.overflow_mode = apprise.OverflowMode.SPLIT
    return service

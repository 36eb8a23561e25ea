"""A mail server for the demo and for tests: real SMTP, on loopback, that keeps what it accepts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from unsealed.newsroom.background import in_background
from unsealed.newsroom.keeping import Keeper
from unsealed.newsroom.server import listen

#: Bytes of the largest message taken, and announced by SIZE; a digest has some 150 kB.
MAX_MESSAGE = 10 * 2**20


class Drop(StrEnum):
    """When the server hangs up after the message has come, without an answer."""

    NEVER = "never"
    LOST = "lost"  # the message is not kept
    KEPT = "kept"  # the message is kept: accepted, yet the sender cannot know


@dataclass(frozen=True, slots=True)
class MailRules:
    """How the server treats senders badly, for tests."""

    refuse: frozenset[str] = frozenset()  # recipients answered with 550, in lower case
    greylist: bool = False  # 451 the first time a sender writes to a recipient
    drop: Drop = Drop.NEVER


@dataclass(slots=True)
class MailServer:
    """A running server. Counts are of this run; kept files may be of earlier ones too."""

    host: str
    port: int
    mailbox: Path
    accepted: int = 0  # messages answered with 250
    deferred: set[tuple[str, str]] = field(default_factory=set)  # greylisted (sender, recipient)

    def messages(self) -> tuple[Path, ...]:
        """The kept messages, oldest first."""
        return tuple(sorted(self.mailbox.glob("*.eml")))


class _Handler:
    """The hooks that aiosmtpd calls, by these names."""

    def __init__(self, server: MailServer, rules: MailRules) -> None:
        self._server = server
        self._rules = rules
        self._keeper = Keeper(server.mailbox, ".eml")

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() in self._rules.refuse:
            return "550 5.1.1 No such mailbox here"
        pair = (envelope.mail_from or "", address.lower())
        if self._rules.greylist and pair not in self._server.deferred:
            self._server.deferred.add(pair)
            return "451 4.7.1 Greylisted, please try again"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._rules.drop is not Drop.LOST:
            # Before the answer: 250 means that the message is safe.
            try:
                path = await asyncio.to_thread(self._keeper.keep, _delivered(envelope))
            except OSError as error:
                return f"452 4.3.1 Cannot keep it: {error.strerror}"
        if self._rules.drop is not Drop.NEVER:
            _hang_up(smtp)
            # The lost connection cancels this very call; it never answers.
            await asyncio.Event().wait()
        self._server.accepted += 1
        return f"250 2.0.0 OK: kept as {path.name}"


def _hang_up(smtp: SMTP) -> None:
    if isinstance(smtp.transport, asyncio.WriteTransport):
        smtp.transport.abort()


def _delivered(envelope: Envelope) -> bytes:
    """The message as a mailbox holds it: with the envelope in front (RFC 5321, 4.4)."""
    head = [f"Return-Path: <{envelope.mail_from or ''}>"]
    head += [f"Delivered-To: {recipient}" for recipient in envelope.rcpt_tos]
    return "".join(f"{line}\r\n" for line in head).encode() + (envelope.original_content or b"")


@asynccontextmanager
async def serve_mail(mailbox: Path, rules: MailRules = MailRules()) -> AsyncIterator[MailServer]:
    """Serve SMTP on loopback in the running loop until left."""
    bound = listen("127.0.0.1")
    host, port = bound.getsockname()[:2]
    server = MailServer(host, port, mailbox)
    handler = _Handler(server, rules)
    connections: list[SMTP] = []

    def connect() -> SMTP:
        smtp = SMTP(
            handler,
            data_size_limit=MAX_MESSAGE,
            enable_SMTPUTF8=True,
            hostname="mail.newsroom.example",
            ident="newsroom",
            loop=asyncio.get_running_loop(),
        )
        connections.append(smtp)
        return smtp

    listening = await asyncio.get_running_loop().create_server(connect, sock=bound)
    try:
        yield server
    finally:
        listening.close()
        for smtp in connections:
            _hang_up(smtp)
        await listening.wait_closed()


@contextmanager
def mail_server(mailbox: Path, rules: MailRules = MailRules()) -> Iterator[MailServer]:
    """`serve_mail` in a thread of its own, for synchronous callers."""
    with in_background(lambda: serve_mail(mailbox, rules), "newsroom-mail") as server:
        yield server

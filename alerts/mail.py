"""E-mail: one message a recipient, through one SMTP session.

What an outcome means:

- no connection, no trust, no log-in, or the session lost before the message's end: certainly not
  taken, tried again later (the channel's fault, so the others wait too);
- 4xx to a recipient or the message (greylisting, full mailbox): tried again later;
- 5xx to a recipient or the message: permanent, for this recipient alone;
- the connection lost after the final dot: unknown. The rule for mail: it is sent again under the
  same Message-ID with the same bytes, so that mail systems and readers can collapse the two.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from pathlib import Path
from typing import Final, NoReturn

from alerts.channels import ChannelError, Part, edition_key, slug
from alerts.message import MailSettings, compose, read_address, unsubscribe_link
from alerts.outgoing import Guard, smtp, tls_reason
from alerts.plain import clean
from alerts.render import render, subject
from pipeline.model import DeliveryError, Digest, UnsealedError

__all__ = ["MailChannel", "MailSettings", "compose"]

#: Characters of a server's answer that are kept.
_ANSWER: Final = 160
#: "Service not available, closing": many servers say so after some number of messages a session.
_CLOSING: Final = 421
#: The server wants a log-in first: the settings are at fault, not the recipient.
_LOGIN_FIRST: Final = 530


class MailChannel:
    """Mail through one SMTP server.

    ``language`` is that of the frame, ``templates`` the user's folder of overriding templates.
    """

    kind = "mail"

    def __init__(
        self,
        name: str,
        settings: MailSettings,
        *,
        guard: Guard,
        language: str = "en",
        templates: Path | None = None,
    ) -> None:
        self.name = name
        self.recipients = settings.recipients
        self._settings = settings
        self._guard = guard
        self._language = language
        self._templates = templates
        self._session: smtplib.SMTP | None = None
        self._used = False  # whether the session has carried a message
        self._rendered: tuple[Digest, str, str] | None = None

    def __repr__(self) -> str:
        return f"MailChannel({self.name!r}, {self._where})"

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    # ------------------------------------------------------------------ composing

    def message_id(self, digest: Digest, recipient: str) -> str:
        """``<daily.2026-11-23.HASH@sender's domain>``."""
        address = read_address(recipient).addr_spec.lower()
        return f"<{edition_key(digest, self.name, address)}@{self._settings.domain}>"

    def compose(self, digest: Digest, recipient: str, *, message_id: str) -> tuple[Part, ...]:
        """The whole message as bytes, in one part."""
        text, html = self._bodies(digest)
        message = compose(
            self._settings,
            recipient,
            subject=subject(digest, self._language),
            text=text,
            html=html,
            list_name=slug(digest.subscription),
            date=digest.until,
            message_id=message_id,
        )
        return (Part("message.eml", message.as_bytes()),)

    def _bodies(self, digest: Digest) -> tuple[str, str]:
        """Text and HTML of an edition, rendered once for all its recipients."""
        if self._rendered is None or self._rendered[0] is not digest:
            text, html = (
                render(
                    digest,
                    style,
                    language=self._language,
                    templates=self._templates,
                    unsubscribe=unsubscribe_link(self._settings),
                )
                for style in ("text", "html")
            )
            self._rendered = (digest, text, html)
        return self._rendered[1], self._rendered[2]

    # -------------------------------------------------------------------- session

    def open(self) -> None:
        """Connect, encrypt, log in; nothing if a session stands. Raises ChannelError."""
        if self._session is not None:
            return
        settings = self._settings
        session: smtplib.SMTP | None = None
        try:
            tls = None if settings.security == "none" else ssl.create_default_context(cafile=settings.ca_file)
            session = smtp(
                settings.host,
                settings.port,
                guard=self._guard,
                timeout=settings.timeout,
                tls=tls if settings.security == "tls" else None,
            )
            session.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                session.starttls(context=tls)
                session.ehlo()
            if settings.username:
                session.login(settings.username, settings.password)
        except (smtplib.SMTPException, OSError, UnicodeError, UnsealedError) as error:
            if session is not None:
                session.close()
            # "from None": smtplib's errors may carry what was sent, the password among it.
            raise self._no_session(error) from None
        self._session, self._used = session, False

    def _no_session(self, error: Exception) -> ChannelError:
        if isinstance(error, UnsealedError):
            return ChannelError(error.message, about=error.about or self._where, cure=error.cure)
        message, cure = f"the mail server could not be used ({type(error).__name__}).", ""
        if isinstance(error, smtplib.SMTPAuthenticationError):
            message = f"the mail server refused user name or password ({error.smtp_code})."
            cure = "Check both; some services want a password made for applications."
        elif isinstance(error, smtplib.SMTPNotSupportedError):
            message = "the mail server does not offer the encryption or log-in that the settings ask for."
            cure = 'Try port 465 with security = "tls", or ask who runs it.'
        elif isinstance(error, FileNotFoundError | PermissionError):
            message, cure = (
                "the file of the trusted authority cannot be read.",
                "Check ca_file in the settings.",
            )
        elif isinstance(error, ssl.SSLError):
            message = f"no encrypted connection ({tls_reason(error)})."
            cure = "Check host and port, and that this system trusts the server's certificate."
        elif isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
            message = f"the mail server turned us away: {_answer(error.smtp_code, error.smtp_error)}"
        elif isinstance(error, UnicodeError):
            message, cure = (
                "user name and password may hold ASCII characters alone.",
                "Choose another password.",
            )
        elif isinstance(error, TimeoutError | smtplib.SMTPServerDisconnected):
            message = "the mail server broke off or fell silent before anything was sent."
        return ChannelError(message, about=self._where, cure=cure)

    def close(self) -> None:
        """Say goodbye and hang up."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            session.quit()
        except (smtplib.SMTPException, OSError):
            session.close()  # the goodbye is a courtesy; whatever was taken has been taken

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    # -------------------------------------------------------------------- sending

    def send(self, part: Part, recipient: str) -> None:
        """Hand one message over; returns when the server has taken it. Raises DeliveryError."""
        self.open()
        to = read_address(recipient).addr_spec
        try:
            self._begin()
            self._address(to)
            self._hand_over(part.content, to)
        except (smtplib.SMTPException, OSError):
            # _hand_over has an answer of its own to a loss after the final dot
            self._drop()
            raise ChannelError(
                "the connection was lost before the message had been handed over.", about=self._where
            ) from None
        self._used = True

    def _begin(self) -> None:
        """MAIL FROM, on a fresh session if the server has closed the used one meanwhile."""
        sender = read_address(self._settings.sender).addr_spec
        try:
            code, answer = self._talk.mail(sender)
        except (smtplib.SMTPException, OSError):
            if not self._used:
                raise
            code, answer = _CLOSING, b""
        if code == _CLOSING and self._used:
            self._drop()
            self.open()
            code, answer = self._talk.mail(sender)
        if code != 250:
            said = _answer(code, answer)
            self._reset(code)
            raise ChannelError(
                f"the mail server refused the sender {sender}: {said}",
                about=self._where,
                cure="Check sender and log-in in the settings.",
            )

    def _address(self, to: str) -> None:
        code, answer = self._talk.rcpt(to)
        if code not in (250, 251):
            self._refused(code, answer, to)

    def _hand_over(self, content: bytes, to: str) -> None:
        code, answer = self._talk.docmd("DATA")
        if code != 354:
            self._refused(code, answer, to)
        self._talk.send(_stuffed(content))
        try:
            code, answer = self._talk.getreply()
        except (smtplib.SMTPException, OSError):
            code, answer = -1, b""
        if code == -1:
            self._drop()
            raise ChannelError(
                "the mail server broke off or fell silent after the message had been handed over.",
                about=self._where,
                unknown=True,
            ) from None
        if not 200 <= code < 300:
            self._refused(code, answer, to)

    @property
    def _talk(self) -> smtplib.SMTP:
        assert self._session is not None
        return self._session

    def _refused(self, code: int, answer: bytes, to: str) -> NoReturn:
        said = _answer(code, answer)
        self._reset(code)
        if code in (_CLOSING, _LOGIN_FIRST, -1):
            raise ChannelError(f"the mail server takes nothing now: {said}", about=self._where)
        raise DeliveryError(f"the mail server refused it: {said}", about=to, permanent=code >= 500)

    def _reset(self, code: int) -> None:
        """Make the session ready for the next recipient, or give it up."""
        if code in (_CLOSING, -1):
            self._drop()
            return
        try:
            if self._talk.rset()[0] != 250:
                self._drop()
        except (smtplib.SMTPException, OSError):
            self._drop()


def _answer(code: int, answer: bytes | str) -> str:
    """A server's answer in one bounded line."""
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {clean(words, _ANSWER)}".strip() + ("" if words.endswith(".") else ".")


def _stuffed(content: bytes) -> bytes:
    """A message as DATA wants it: dots at the beginnings of lines doubled, ended by a lone one."""
    body = re.sub(rb"(?m)^\.", b"..", content)
    return body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n"

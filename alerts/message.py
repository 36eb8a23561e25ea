"""An edition as an Internet message: the headers of a well-behaved mailing, two bodies, no surprises."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import EmailPolicy, Policy
from email.utils import format_datetime, getaddresses
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal

from alerts.plain import clean
from pipeline.model import ConfigError

Security = Literal["none", "starttls", "tls"]

#: Characters of a subject. The renderer keeps to 120; this is the last line of defence.
_SUBJECT: Final = 200
#: Characters of an unsubscribe URL: a header line may have 998 (RFC 5322) and holds two addresses.
_URL: Final = 700
#: Where more of a text than this is beyond ASCII, base64 is shorter than quoted-printable.
_DENSE: Final = 1 / 6

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
_LIST_ID = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mail is handed in, and whose it is. Raises ConfigError for what could not work.

    ``sender``, ``reply_to`` and ``recipients`` are addresses, with or without a name before them.
    ``list_id`` empty: made of the sender's domain; ``unsubscribe_mailto`` empty: the sender.
    """

    host: str
    port: int = 587
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    reply_to: str = ""
    recipients: tuple[str, ...] = ()
    list_id: str = ""
    unsubscribe_mailto: str = ""
    unsubscribe_url: str = ""  # https, for one-click unsubscription (RFC 8058)
    timeout: float = 30.0  # seconds for connecting and for each answer
    ca_file: Path | None = None  # trust this authority instead of the system's (own mail server)

    def __post_init__(self) -> None:
        for value in (self.sender, *self.recipients):
            read_address(value)
        for value in filter(None, (self.reply_to, self.unsubscribe_mailto)):
            read_address(value)
        if self.list_id and not _LIST_ID.fullmatch(self.list_id):
            raise ConfigError(
                f"{clean(self.list_id)!r} is no list identifier.",
                about="list_id",
                cure="Write it like news.example.org.",
            )
        url = self.unsubscribe_url
        if url and not (re.fullmatch(r"https://[!-;=?-~]+", url) and len(url) <= _URL):
            raise ConfigError(
                "one-click unsubscription needs an https address.",
                about="unsubscribe_url",
                cure="Give an https URL, or leave it empty: the mail then names an address to write to.",
            )
        if self.username and self.security == "none" and not _is_this_computer(self.host):
            raise ConfigError(
                "the password would cross the network in the clear.",
                about=self.host,
                cure='Set security = "starttls" (port 587) or "tls" (port 465).',
            )

    @property
    def domain(self) -> str:
        """The sender's domain: that of the Message-IDs."""
        return read_address(self.sender).domain


def read_address(text: str) -> Address:
    """An address, with or without a name before it. Raises ConfigError for anything else.

    The domain may be international; letters beyond ASCII before the @ would need every server on the
    way to support SMTPUTF8, and are refused.
    """
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    local, _, domain = address.rpartition("@")
    if domain and not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = ""
    if not text.isprintable() or not _ADDRESS.fullmatch(f"{local}@{domain}"):
        raise ConfigError(
            f"{clean(text)!r} is no e-mail address.",
            about="mail",
            cure="Write it like Name <name@example.org>.",
        )
    return Address(name, local, domain)


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def unsubscribe_link(settings: MailSettings) -> str:
    """The way out that the footer links: the https address, else a mailto."""
    return settings.unsubscribe_url or _unsubscribe_mailto(settings)


def _unsubscribe_mailto(settings: MailSettings) -> str:
    address = read_address(settings.unsubscribe_mailto or settings.sender)
    return f"mailto:{address.addr_spec}?subject=unsubscribe"


def compose(
    settings: MailSettings,
    recipient: str,
    *,
    subject: str,
    text: str,
    html: str,
    list_name: str,
    date: datetime,
    message_id: str,
) -> EmailMessage:
    """One recipient's message: the same arguments give the same bytes.

    ``date`` is the edition's, so that a message sent again is the same message. ``list_name`` is the
    subscription's slug and goes into the List-Id.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = read_address(settings.sender)
    message["To"] = read_address(recipient)
    if settings.reply_to:
        message["Reply-To"] = read_address(settings.reply_to)
    message["Subject"] = clean(subject, _SUBJECT)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["List-Id"] = f"<{settings.list_id or f'{list_name}.unsealed.{settings.domain}'}>"
    mailto = f"<{_unsubscribe_mailto(settings)}>"
    if settings.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{settings.unsubscribe_url}>, {mailto}"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        message["List-Unsubscribe"] = mailto
    message["Auto-Submitted"] = "auto-generated"
    message["Precedence"] = "bulk"
    message.set_content(_writable(text), cte=_encoding(text))
    message.add_alternative(_writable(html), subtype="html", cte=_encoding(html))
    # "=_" occurs in neither quoted-printable nor base64 text, so no body can hold the boundary.
    message.set_boundary(f"=_{message_id.strip('<>').partition('@')[0]}")
    return message


def _encoding(text: str) -> str:
    beyond = sum(char > "\x7f" for char in text)
    return "base64" if beyond > len(text) * _DENSE else "quoted-printable"


def _writable(text: str) -> str:
    """``text`` without lone surrogates, which no encoding of the Internet can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


class _WholeHeader(UnstructuredHeader, BaseHeader):
    """A header on one line: folding would turn a long URL into an encoded word that nobody decodes."""

    max_count = 1

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _policy() -> EmailPolicy[EmailMessage]:
    registry = HeaderRegistry()
    registry.map_to_type("list-unsubscribe", _WholeHeader)
    registry.map_to_type("list-id", _WholeHeader)
    return SMTP_POLICY.clone(header_factory=registry, cte_type="7bit")


POLICY: Final = _policy()

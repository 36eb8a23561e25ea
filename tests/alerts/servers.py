"""Real servers on loopback for the delivery tests: SMTP with every mood, HTTP with scripted answers."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "digest", "correct horse battery"


@dataclass
class Mailbox:
    """What the SMTP server took, and how it treats what comes."""

    refuse: dict[str, str] = field(default_factory=dict)  # recipient -> answer to RCPT
    after_data: list[str] = field(default_factory=list)  # answers to the next messages; "drop", "hang", "eat"
    per_session: int = 1000
    taken: list[EmailMessage] = field(default_factory=list)
    sessions: int = 0
    port: int = 0
    release: threading.Event = field(default_factory=threading.Event)

    def recipients(self) -> list[str]:
        return [str(m["X-RcptTo"]) for m in self.taken]


class _Handler:
    def __init__(self, box: Mailbox) -> None:
        self.box = box

    async def handle_MAIL(  # noqa: N802 - the server library's name for it
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        session.carried = getattr(session, "carried", 0) + 1
        if session.carried > self.box.per_session:
            return "421 4.7.0 enough for one session"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the server library's name for it
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.box.refuse.get(address) == "drop":
            server.transport.abort()
        if address in self.box.refuse:
            return self.box.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mood = self.box.after_data.pop(0) if self.box.after_data else "250 OK"
        if mood in ("250 OK", "eat", "hang"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            message["X-RcptTo"] = ",".join(envelope.rcpt_tos)
            assert isinstance(message, EmailMessage)
            self.box.taken.append(message)
        if mood in ("drop", "eat"):
            server.transport.abort()
        if mood == "hang":
            await asyncio.to_thread(self.box.release.wait, 30)
            server.transport.abort()
        return mood if mood[0].isdigit() else "250 OK"


class _Controller(Controller):
    box: Mailbox

    def factory(self) -> Any:
        self.box.sessions += 1
        return super().factory()  # type: ignore[no-untyped-call]

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]  # asked for 0
        super()._trigger_server()  # type: ignore[no-untyped-call]


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=good, handled=False)


@contextmanager
def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: bool = False
) -> Iterator[Mailbox]:
    box = Mailbox()
    options: dict[str, Any] = {}
    if starttls:
        options |= {"tls_context": starttls, "require_starttls": True}
    if tls:
        options |= {"ssl_context": tls}
    if login:
        options |= {
            "authenticator": _authenticate,
            "auth_required": True,
            "auth_require_tls": bool(starttls or tls),
        }
    controller = _Controller(_Handler(box), hostname="127.0.0.1", port=0, ready_timeout=10, **options)
    controller.box = box
    controller.start()
    box.port, box.sessions = controller.port, 0
    try:
        yield box
    finally:
        box.release.set()
        controller.stop()


# -------------------------------------------------------------------------------- HTTP


@dataclass
class Hook:
    """What the HTTP server got, and what it answers: (status, headers, body), or "drop", "hang"."""

    answers: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    release: threading.Event = field(default_factory=threading.Event)


def _handler(hook: Hook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.paths.append(self.path)
            hook.headers.append(dict(self.headers))
            hook.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            answer = hook.answers.pop(0) if hook.answers else (200, {}, b"ok")
            if answer == "hang":
                hook.release.wait(30)
            if answer in ("drop", "hang"):
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def web_server(answers: list[Any] | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[Hook]:
    hook = Hook(answers or [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hook))
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    hook.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}/services/T0/B0/SECRETPATH"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hook
    finally:
        hook.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


# ------------------------------------------------------------------------ certificates


def authority(folder: Path) -> tuple[Path, Callable[[str], ssl.SSLContext]]:
    """A certificate authority of our own: its file, and a maker of server contexts for an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    root = _certificate(name, name, key.public_key(), key, x509.BasicConstraints(True, 0), None)
    path = folder / "ca.pem"
    path.write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def context(address: str) -> ssl.SSLContext:
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        leaf = _certificate(subject, name, own.public_key(), key, x509.BasicConstraints(False, None), address)
        pem = folder / f"{address}.pem"
        pem.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(pem)
        return made

    return path, context


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: Any,
    signer: ec.EllipticCurvePrivateKey,
    constraints: x509.BasicConstraints,
    address: str | None,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(constraints, critical=True)
    )
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())


def open_guard(host: str, address: str, port: int) -> None:
    """Lets everything pass."""

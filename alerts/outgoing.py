"""Outgoing connections of this room: resolved once, guarded, and opened to that very address.

A check of a host name is worth nothing if the name is resolved again to connect, so the guard sees
each address at the moment it would be used. The application gives the guard; this module has none
of its own and no way around it.
"""

from __future__ import annotations

import http.client
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from pipeline.model import ConfigError, UnsealedError

#: ``guard(host, address, port)`` returns for an address that may be connected to and raises an
#: UnsealedError for one that must not.
Guard = Callable[[str, str, int], None]

#: Bytes of an answer that are read. Webhooks answer with one word; what is longer is an error page.
ANSWER_BYTES: Final = 64 * 1024
#: An answer may take this many timeouts in all: a server that sends a byte now and then keeps every
#: single read within its timeout for ever.
_PATIENCE: Final = 3.0


class UnreachedError(UnsealedError):
    """Certainly nothing was handed over: no address, no connection, no trust, or cut off before the end."""


class UnansweredError(UnsealedError):
    """The request was handed over whole, and no answer came that could be read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; header names are lower-case, the body is cut at ``max_bytes``."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def connect(host: str, port: int, *, guard: Guard, timeout: float) -> socket.socket:
    """Open a TCP connection to ``host``; ``timeout`` seconds are for all its addresses together.

    Raises the guard's own error where it lets no address pass and UnreachedError where none answers.
    The socket keeps ``timeout`` for each read and write.
    """
    where = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachedError(
            f"the name cannot be resolved ({_words(error)}).",
            about=where,
            cure="Check the host name and this machine's network.",
        ) from error
    ends = time.monotonic() + timeout
    refused: UnsealedError | None = None
    failed: OSError | None = None
    for family, kind, protocol, _, address in found:
        try:
            guard(host, str(address[0]), port)
        except UnsealedError as error:
            refused = error
            continue
        try:
            return _open(family, kind, protocol, address, ends - time.monotonic(), timeout)
        except OSError as error:
            failed = error
        if time.monotonic() >= ends:
            break
    if failed is None and refused is not None:
        raise refused
    raise UnreachedError(
        f"no connection ({_words(failed)}).", about=where, cure="Check that it runs and can be reached."
    ) from failed


def _open(
    family: int, kind: int, protocol: int, address: tuple[object, ...], left: float, timeout: float
) -> socket.socket:
    opened = socket.socket(family, kind, protocol)
    try:
        opened.settimeout(max(left, 0.05))
        opened.connect(address)
        opened.settimeout(timeout)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        opened.close()
        raise
    return opened


def _words(error: OSError | UnicodeError | None) -> str:
    """An operating system's error in words, without addresses or paths."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'no common protocol'}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__ if error else "no address"


# ------------------------------------------------------------- connections of others' code

_guarding: ContextVar[Guard | None] = ContextVar("_guarding", default=None)


def _on_audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    guard = _guarding.get()
    address = arguments[1] if len(arguments) > 1 else None
    if guard is not None and isinstance(address, tuple) and len(address) >= 2:
        guard(str(address[0]), str(address[0]), int(address[1]))


@cache
def _watch_connections() -> None:
    # Two threads at once may set it twice; the second check of an address does no harm.
    sys.addaudithook(_on_audit)


@contextmanager
def guarded_sockets(guard: Guard) -> Iterator[None]:
    """Check each connection that this thread opens within, also one of a library we cannot hand ours to.

    By Python's audit event of ``socket.connect`` (PEP 578), which comes with the resolved address,
    just before the system call; what the guard raises ends the attempt. The hook cannot be taken out
    again, so it is set on first use only: a process without such a channel does not pay for it.
    """
    _watch_connections()
    token = _guarding.set(guard)
    try:
        yield
    finally:
        _guarding.reset(token)


# --------------------------------------------------------------------------------- SMTP


class _Smtp(smtplib.SMTP):
    """SMTP over a guarded connection."""

    def __init__(self, host: str, port: int, *, guard: Guard, timeout: float) -> None:
        self._guard = guard
        super().__init__(host, port, local_hostname=_own_name(), timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, guard=self._guard, timeout=timeout)


class _SmtpTls(smtplib.SMTP_SSL):
    """SMTP over a guarded connection that is encrypted from the first byte."""

    def __init__(self, host: str, port: int, *, guard: Guard, timeout: float, tls: ssl.SSLContext) -> None:
        self._guard = guard
        super().__init__(host, port, local_hostname=_own_name(), timeout=timeout, context=tls)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _wrap(connect(host, port, guard=self._guard, timeout=timeout), host, port, self.context)


def smtp(
    host: str, port: int, *, guard: Guard, timeout: float, tls: ssl.SSLContext | None = None
) -> smtplib.SMTP:
    """A greeted SMTP client; with ``tls`` encrypted from the start (port 465).

    ``timeout`` seconds hold for connecting and for each answer. Raises UnreachedError, the guard's
    error, or smtplib's SMTPException where the greeting is no welcome.
    """
    if tls is None:
        return _Smtp(host, port, guard=guard, timeout=timeout)
    return _SmtpTls(host, port, guard=guard, timeout=timeout, tls=tls)


def _own_name() -> str:
    """The name for EHLO. Not getfqdn(), which asks name servers and may wait for seconds."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _wrap(plain: socket.socket, host: str, port: int, tls: ssl.SSLContext) -> ssl.SSLSocket:
    try:
        return tls.wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError) as error:
        plain.close()
        reason = _words(error) if isinstance(error, OSError) else "the host name does not fit TLS"
        raise UnreachedError(
            f"no encrypted connection ({reason}).",
            about=f"{host}:{port}",
            cure="Check port and encryption, and that this system trusts the server's certificate.",
        ) from error


def tls_reason(error: ssl.SSLError) -> str:
    """Why a handshake failed, in words."""
    return _words(error)


# --------------------------------------------------------------------------------- HTTP


class _Http(http.client.HTTPConnection):
    """One request over a guarded connection, encrypted if a context is given."""

    def __init__(
        self, host: str, port: int, guard: Guard, timeout: float, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self._reach = guard, timeout, tls

    def connect(self) -> None:
        guard, timeout, tls = self._reach
        plain = connect(self.host, self.port, guard=guard, timeout=timeout)
        self.sock = _wrap(plain, self.host, self.port, tls) if tls else plain


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    guard: Guard,
    timeout: float,
    max_bytes: int = ANSWER_BYTES,
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """POST ``body`` to an http(s) ``url`` and give the answer, whatever its status.

    Redirects are answers like any other. Raises ConfigError for a URL that cannot be used,
    UnreachedError where certainly nothing was handed over, UnansweredError where the request was and
    the answer is missing, and the guard's error. The URL may be a secret: errors name host and port.
    """
    host, port, target, encrypted = _address(url)
    context = (tls or ssl.create_default_context()) if encrypted else None
    where = f"{host}:{port}"
    connection = _Http(host, port, guard, timeout, context)
    try:
        connection.connect()
        try:
            connection.request("POST", target, body, dict(headers))
        except (OSError, http.client.HTTPException, ValueError) as error:
            # "from None": http.client quotes the path in some of its errors.
            raise UnreachedError(
                f"the connection broke while sending ({type(error).__name__}).", about=where
            ) from None
        with _time_limit(connection, timeout * _PATIENCE):
            return _answer(connection, max_bytes, where)
    finally:
        connection.close()


def _answer(connection: _Http, max_bytes: int, where: str) -> Reply:
    try:
        with connection.getresponse() as response:
            head = {name.lower(): value for name, value in response.getheaders()}
            try:
                body = response.read(max_bytes)
            except (OSError, http.client.HTTPException, ValueError):
                body = b""  # the status has said what became of the message
            return Reply(response.status, head, body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = "timed out" if isinstance(error, TimeoutError) else type(error).__name__
        raise UnansweredError(f"no answer to what was sent ({reason}).", about=where) from None


@contextmanager
def _time_limit(connection: _Http, seconds: float) -> Iterator[None]:
    """Cut the connection off when ``seconds`` have passed: reading then ends with an error."""
    held = connection.sock

    def cut() -> None:
        with suppress(OSError):
            # socket's own: an SSLSocket's would pull the encryption from under the reader
            socket.socket.shutdown(held, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def check_url(url: str) -> str:
    """The host of a usable http(s) URL. Raises ConfigError, which does not quote the URL."""
    return _address(url)[0]


def _address(url: str) -> tuple[str, int, str, bool]:
    """Host, port, request target and whether it is https."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    plain = all("!" <= char <= "~" for char in url)
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or "\\" in url or not plain:
        raise ConfigError(
            "the address is no usable http(s) URL.",
            cure="Copy it anew: https://, host and path, no spaces, no user name.",
        )
    encrypted = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or (443 if encrypted else 80), target, encrypted

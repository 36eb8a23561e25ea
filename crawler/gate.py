"""The gate: which addresses may be connected to. Pure; `crawler.download` asks it at connect time.

Feeds, redirects and robots.txt come from strangers. Without the gate any of them could make
this program read the metadata service of the cloud it runs in, a router's pages or a database
on the same host. So every address is asked about at the moment it is connected to, after name
resolution: a check of the URL alone is fooled by a name that resolves to 127.0.0.1.

The tables are our own copy of the IANA special-purpose registries (RFC 6890 and later):
``ipaddress``'s ``is_private`` and ``is_global`` differ between patch versions of Python and
know nothing of the IPv6 forms that carry an IPv4 address.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from pipeline.model import ConfigError, UnsealedError

__all__ = ["URL_LENGTH", "AddressError", "Gate", "GateError", "check_url"]

#: Servers and proxies commonly stop at 8 KiB, browsers' bars at 2,048; what is longer is no address
#: but a payload.
URL_LENGTH: Final = 2048

_CLOSED4: Final = tuple(
    (IPv4Network(network), words)
    for network, words in (
        ("0.0.0.0/8", "no address of a server"),
        ("10.0.0.0/8", "in a private network"),
        ("100.64.0.0/10", "in a carrier's internal network"),
        ("127.0.0.0/8", "this computer itself"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "in a private network"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.168.0.0/16", "in a private network"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
#: Everything outside it is refused, so loopback, ULA, link-local, multicast need no line here.
_OPEN6: Final = IPv6Network("2000::/3")
_CLOSED6: Final = tuple(
    (IPv6Network(network), words)
    for network, words in (
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "an address for documentation"),
        ("3fff::/20", "an address for documentation"),
    )
)
_WORDS6: Final = tuple(
    (IPv6Network(network), words)
    for network, words in (
        ("::1/128", "this computer itself"),
        ("::/128", "no address of a server"),
        ("fc00::/7", "in a private network"),
        ("fe80::/10", "a link-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")


class GateError(UnsealedError):
    """An address that must not be connected to; ``about`` is the host that led to it."""


class AddressError(GateError):
    """An address that is asked for by nobody who means well, wherever it leads."""


@dataclass(frozen=True, slots=True)
class _Permit:
    """One entry of ``allow``: a network or a host name, of one port or of all."""

    network: IPv4Network | IPv6Network | None
    host: str
    port: int | None

    def covers(self, host: str, addresses: Sequence[IPv4Address | IPv6Address], port: int | None) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is None:
            return host == self.host
        return any(address in self.network for address in addresses)


class Gate:
    """Refuses every address that is not on the public internet, save those allowed by name.

    ``allow`` holds networks (``"127.0.0.0/8"``), addresses (``"::1"``) and host names
    (``"localhost"``); an address or name may end in a port (``"news.example:8080"``,
    ``"[::1]:8080"``). A name opens every address it resolves to. Raises ConfigError for an
    entry that is none of these.
    """

    __slots__ = ("_permits",)

    def __init__(self, allow: Sequence[str] = ()) -> None:
        self._permits = tuple(_permit(entry) for entry in allow)

    def check(self, host: str, address: str, port: int | None = None) -> None:
        """Let a connection to ``address``, to which ``host`` led, pass, or raise GateError.

        ``host`` is as the URL has it, ``address`` an IPv4 or IPv6 address as text.
        """
        name = _plain(host)
        try:
            parsed = ip_address(address)
        except ValueError:
            raise GateError(f"{address!r} is no address that can be connected to.", about=name) from None
        carried = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
        same = (parsed,) if carried is None else (parsed, carried)
        if any(permit.covers(name, same, port) for permit in self._permits):
            return
        words = _closed(parsed)
        if words:
            where = address if name == _plain(address) else f"{name} at {address}"
            raise GateError(
                f"It leads to {where}, which is {words}; no news is fetched from there.",
                about=name,
                cure=f"If that is meant, allow “{name}” in the settings.",
            )

    def check_literal(self, host: str, port: int | None = None) -> None:
        """Check ``host`` if it is an address in any spelling; names are left to who resolves them."""
        name = _plain(host)
        try:
            address = str(ip_address(name))
        except ValueError:
            try:
                address = socket.inet_ntoa(socket.inet_aton(name)) if name[:1].isdigit() else ""
            except OSError:
                address = ""
        if address:
            self.check(host, address, port)


def check_url(url: str) -> None:
    """Let an address pass that may be asked for at all; raise AddressError for any other.

    http and https only, no user name in it (it hides where an address leads, and would be sent in
    the clear), no backslash (programs disagree about what it separates), no control characters.
    """
    fault = ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if len(url) > URL_LENGTH:
        fault = f"longer than {URL_LENGTH:,} characters"
    elif parts.scheme not in ("http", "https") or not host:
        fault = "none of the web"
    elif "@" in parts.netloc:
        fault = "one with a user name in it"
    elif "\\" in url or any(char <= " " or char == "\x7f" for char in url):
        fault = "one with characters that no address has"
    if fault:
        raise AddressError(
            f"It leads to an address that is {fault}; it is not followed.",
            about=host or "",
            cure="Look for its address in a browser.",
        )


def _closed(address: IPv4Address | IPv6Address) -> str:
    """Say what ``address`` is, where it must not be connected to; "" where it may."""
    if isinstance(address, IPv4Address):
        return next((words for network, words in _CLOSED4 if address in network), "")
    if address.scope_id is not None:
        return "a link-local address"
    carried = _carried(address)
    if carried:
        return next(filter(None, map(_closed, carried)), "")
    # ISATAP (RFC 5214) is an IPv4 address behind any prefix: 0:5efe or 200:5efe before it.
    if (int(address) >> 32) & 0xFDFF_FFFF == 0x5EFE:
        inner = _closed(IPv4Address(int(address) & 0xFFFF_FFFF))
        if inner:
            return inner
    if address in _OPEN6:
        return next((words for network, words in _CLOSED6 if address in network), "")
    return next((words for network, words in _WORDS6 if address in network), "a reserved address")


def _carried(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that a packet to ``address`` would in the end reach."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:  # the relay's server and the client behind it
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return ()


def _permit(entry: str) -> _Permit:
    text = entry.strip().lower()
    try:
        return _Permit(ip_network(text, strict=False), "", None)
    except ValueError:
        pass
    host, colon, digits = text.rpartition(":")
    port: int | None = None
    if colon and not text.endswith("]"):
        if not digits.isascii() or not digits.isdigit() or not 0 < int(digits) < 65536:
            raise _bad(entry)
        port = int(digits)
    else:
        host = text
    host = _plain(host)
    if not host or any(char in host for char in "/*@ \\"):
        raise _bad(entry)
    try:
        return _Permit(ip_network(host), "", port)
    except ValueError:
        if ":" in host:
            raise _bad(entry) from None
        return _Permit(None, host, port)


def _bad(entry: str) -> ConfigError:
    return ConfigError(
        f"“{entry}” is neither a network, an address nor a host name.",
        about="allow",
        cure="Write it like 127.0.0.0/8, localhost or news.example:8080.",
    )


def _plain(host: str) -> str:
    return host.strip().lower().removeprefix("[").removesuffix("]").rstrip(".")

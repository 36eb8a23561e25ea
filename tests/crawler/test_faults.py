"""The faulty newsroom: everything a server can do wrong, by name, over real sockets.

All faults are gathered at once, with healthy sources between them. After that each source has
the code, the words and the health that the table says, every healthy one is read whole, and
memory has stayed within bounds.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import resource
import ssl
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver
from zope.interface import implementer

from crawler.scrapy_settings import CrawlSettings, scrapy_settings
from pipeline.model import Health, Poll, PollOutcome, Problem

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from .conftest import (
    HTML,
    XML,
    Answer,
    FaultyServer,
    Gatherer,
    LoopThread,
    Visit,
    answer,
    job,
    reset,
    rss,
    stall,
)

CAP = 2**20
TIMEOUT = 4.0
#: What the whole gathering may add to this process's memory, MiB: a hundred bodies at the cap, and
#: room for what else runs in it. One bomb of this newsroom has more than that by itself.
MEMORY = 300


@dataclass(frozen=True)
class Fault:
    """What a server does, and what becomes of its source: a problem's code and words, or entries."""

    does: Answer
    code: str = ""
    words: str = ""
    health: Health = Health.FAILING
    entries: int = 0


def feed(body: bytes, **headers: str) -> bytes:
    return answer(200, body, **{"Content_Type": XML} | headers)


def head(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("latin-1") + body


def bad(does: Answer, code: str, words: str, health: Health = Health.FAILING) -> Fault:
    return Fault(does, code, words, health)


def good(does: Answer, entries: int = 1, code: str = "") -> Fault:
    return Fault(does, code, "", Health.HEALTHY, entries)


def close_after(*parts: bytes) -> Answer:
    async def does(visit: Visit) -> None:
        for part in parts:
            await visit.send(part)
        visit.writer.close()

    return does


def endless(first: bytes, again: bytes, pause: float = 0.0) -> Answer:
    async def does(visit: Visit) -> None:
        await visit.send(first)
        while True:
            await visit.send(again)
            await asyncio.sleep(pause)

    return does


async def silent(visit: Visit) -> None:
    await asyncio.sleep(60)


async def reset_midway(visit: Visit) -> None:
    await visit.send(head("Content-Length: 1000", body=b"<rss>"))
    await reset(visit)


async def chain(visit: Visit) -> None:
    base, _, number = visit.path.rpartition("-")
    await visit.send(answer(302, Location=f"{base}-{int(number) + 1}"))


ZEROS = b"<rss>" + b"\0" * 40_000_000
TWO = rss("One", "Two")
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">' + b"".join(
    b'<!ENTITY lol%d "%s">' % (n, b"&lol%s;" % (str(n - 1).encode() if n > 1 else b"") * 10)
    for n in range(1, 10)
)
ITEM = b"<item><title>%s</title><link>https://news.example/x</link><guid>x</guid></item>"


def channel(items: bytes, before: bytes = b"") -> bytes:
    return before + b'<rss version="2.0"><channel><title>News</title>' + items + b"</channel></rss>"


def many(count: int) -> bytes:
    item = "<item><title>{0}</title><link>https://news.example/{0}</link></item>"
    return channel("".join(item.format(n) for n in range(count)).encode())


SOON = "asks to wait 120 s"
HALF = gzip.compress(TWO * 50)
FAULTS: dict[str, Fault] = {
    # ------------------------------------------------------------------------ the connection
    "reset-at-once": bad(reset, "connection-lost", "broke off the connection"),
    "reset-midway": bad(reset_midway, "cut-short", "closed before the whole answer"),
    "closed-at-once": bad(close_after(), "connection-lost", "broke off the connection"),
    "closed-in-headers": bad(close_after(b"HTTP/1.1 200 OK\r\nConte"), "connection-lost", "broke off"),
    "silent": bad(silent, "timeout", "No whole answer came within"),
    "stall-midway": bad(stall, "timeout", "No whole answer came within"),
    "drip": bad(endless(head("Content-Length: 100000"), b" ", 0.2), "timeout", "No whole answer came within"),
    "drip-headers": bad(endless(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", 0.2), "timeout", "No whole answer"),
    # ------------------------------------------------------------------------------- framing
    "length-too-long": bad(close_after(head("Content-Length: 9000", body=TWO)), "cut-short", "closed before"),
    "length-too-short": bad(head("Content-Length: 9", body=TWO), "not-a-feed", "not a feed"),
    "length-negative": bad(close_after(head("Content-Length: -5", body=TWO)), "connection-lost", "broke off"),
    "length-no-number": bad(close_after(head("Content-Length: x", body=TWO)), "connection-lost", "broke off"),
    "length-twice": bad(
        close_after(head("Content-Length: 5", "Content-Length: 9", body=TWO)), "connection-lost", "broke off"
    ),
    "length-huge": bad(head("Content-Length: 99999999"), "too-large", "larger than 1 MiB"),
    "chunks-of-garbage": bad(
        close_after(head("Transfer-Encoding: chunked", body=b"zz\r\nnot hex\r\n")),
        "cut-short",
        "closed before",
    ),
    "chunks-cut": bad(
        close_after(head("Transfer-Encoding: chunked", body=b"ff\r\n<rss>")), "cut-short", "closed before"
    ),
    "no-length": good(close_after(head(f"Content-Type: {XML}", "Connection: close", body=TWO)), 2),
    "endless": bad(endless(head("Content-Type: text/xml"), b"x" * 65536), "too-large", "larger than 1 MiB"),
    "endless-chunks": bad(
        endless(head("Transfer-Encoding: chunked"), b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        "too-large",
        "larger than 1 MiB",
    ),
    "not-http": bad(close_after(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "bad-http", "is not HTTP"),
    "http-0.9": bad(close_after(TWO), "connection-lost", "broke off the connection"),
    # ------------------------------------------------------------------------------- headers
    "headers-endless": bad(
        endless(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 2000), "bad-http", "is not HTTP"
    ),
    "header-huge": bad(endless(b"HTTP/1.1 200 OK\r\nX-Big: ", b"x" * 65536), "connection-lost", "broke off"),
    "headers-1000": good(
        head(*(f"X-{n}: {n}" for n in range(1000)), f"Content-Length: {len(TWO)}", body=TWO), 2
    ),
    "headers-twice": good(
        head(
            "Content-Type: text/plain",
            f"Content-Type: {XML}",
            "ETag: a",
            "ETag: b",
            f"Content-Length: {len(TWO)}",
            body=TWO,
        ),
        2,
    ),
    "headers-no-utf8": good(
        head("X-Name: caf\xe9 \xff\xfe", "ETag: \xff\xfe", f"Content-Length: {len(TWO)}", body=TWO), 2
    ),
    "validators-huge": good(feed(TWO, ETag="x" * 10_000, Last_Modified="y" * 10_000), 2),
    "type-lies": good(answer(200, TWO, Content_Type="image/png"), 2),
    "type-html": good(answer(200, TWO, Content_Type="text/html; charset=latin-1"), 2),
    # -------------------------------------------------------------------------------- status
    "no-content": bad(b"HTTP/1.1 204 No Content\r\n\r\n", "empty", "nothing at all"),
    "empty": bad(feed(b""), "empty", "nothing at all"),
    "spaces": bad(feed(b" \r\n\t " * 100), "empty", "nothing at all"),
    "not-modified-unasked": bad(b"HTTP/1.1 304 Not Modified\r\n\r\n", "http-304", "304"),
    "login": bad(answer(401, b"no"), "http-401", "it wants a login", Health.BLOCKED),
    "paywall": bad(answer(402, b"no"), "http-402", "it wants a payment", Health.BLOCKED),
    "forbidden": bad(answer(403, b"no"), "http-403", "access denied", Health.BLOCKED),
    "missing": bad(answer(404, b"no"), "http-404", "not found"),
    "gone": bad(answer(410, b"no"), "http-410", "gone for good", Health.GONE),
    "teapot": bad(answer(418, b"no"), "http-418", "418"),
    "withheld": bad(answer(451, b"no"), "http-451", "legal reasons", Health.BLOCKED),
    "broken": bad(answer(500, b"no"), "http-500", "server error"),
    "bad-gateway": bad(answer(502, b"no"), "http-502", "bad gateway"),
    "odd-status": bad(answer(799, b"no"), "http-799", "server error"),
    "wall-cloudflare": bad(
        answer(403, b"<!DOCTYPE html><title>Just a moment...</title>", Content_Type="text/html"),
        "bot-wall",
        "(Cloudflare)",
        Health.BLOCKED,
    ),
    "wall-behind-200": bad(
        answer(200, b"<!DOCTYPE html><html><script src='https://x.captcha-delivery.com/'>"),
        "bot-wall",
        "(DataDome)",
        Health.BLOCKED,
    ),
    # ------------------------------------------------------------ wishes to wait: hosts of their own
    "busy": bad(answer(429, b"no", Retry_After="120"), "http-429", SOON, Health.BLOCKED),
    "busy-wordless": bad(answer(429, b"no"), "http-429", "too many requests", Health.BLOCKED),
    "busy-for-ever": bad(answer(429, b"", Retry_After="9" * 99), "http-429", "wait 24 hours", Health.BLOCKED),
    "maintenance": bad(answer(503, b"no", Retry_After="120"), "http-503", SOON),
    # ----------------------------------------------------------------------------- redirects
    "loop": bad(answer(302, Location="/loop"), "redirect-loop", "in a circle"),
    "chain-0": bad(chain, "too-many-redirects", "more than 10 times"),
    "to-nowhere": bad(answer(301), "bad-redirect", "without a web address"),
    "to-file": bad(answer(302, Location="file:///etc/passwd"), "bad-redirect", "without a web address"),
    "to-script": bad(answer(302, Location="javascript:alert(1)"), "bad-address", "no web address"),
    "to-gopher": bad(answer(302, Location="gopher://127.0.0.1:70/"), "bad-redirect", "without a web address"),
    "to-private": bad(answer(302, Location="http://10.0.0.1/"), "address-refused", "in a private network"),
    "to-metadata": bad(answer(301, Location="http://169.254.169.254/"), "address-refused", "link-local"),
    "to-mapped": bad(answer(302, Location="http://[::ffff:10.0.0.1]/"), "address-refused", "private network"),
    "to-decimal": bad(answer(302, Location="http://167772161/"), "address-refused", "at 10.0.0.1"),
    "to-nat64": bad(answer(302, Location="http://[64:ff9b::a00:1]/"), "address-refused", "private network"),
    "to-user": bad(answer(302, Location="http://a:b@news.example/"), "bad-address", "a user name in it"),
    "to-backslash": bad(
        answer(302, Location="http:\\\\10.0.0.1\\"), "bad-address", "characters that no address"
    ),
    "to-overlong": bad(answer(302, Location="/" + "a" * 3000), "bad-address", "longer than 2,048"),
    # --------------------------------------------------------------------- encodings of the body
    "bomb-gzip": bad(feed(gzip.compress(ZEROS), Content_Encoding="gzip"), "too-large", "larger than 1 MiB"),
    "bomb-deflate": bad(feed(zlib.compress(ZEROS), Content_Encoding="deflate"), "too-large", "larger than"),
    "bomb-brotli": bad(
        feed(brotli.compress(ZEROS, quality=3), Content_Encoding="br"), "too-large", "larger than 1 MiB"
    ),
    "bomb-zstd": bad(feed(zstd.compress(ZEROS), Content_Encoding="zstd"), "too-large", "larger than 1 MiB"),
    "bomb-in-bomb": bad(
        feed(brotli.compress(gzip.compress(ZEROS), quality=3), Content_Encoding="gzip, br"),
        "too-large",
        "larger than 1 MiB",
    ),
    "bomb-undeclared": bad(feed(gzip.compress(ZEROS)), "too-large", "larger than 1 MiB"),
    "encoded-often": bad(feed(TWO, Content_Encoding=", ".join(["gzip"] * 50)), "too-large", "larger than"),
    "gzip-damaged": bad(feed(b"\x1f\x8bno", Content_Encoding="gzip"), "cut-short", "cannot be decompressed"),
    "brotli-damaged": bad(feed(TWO, Content_Encoding="br"), "cut-short", "cannot be decompressed"),
    "zstd-damaged": bad(feed(TWO, Content_Encoding="zstd"), "cut-short", "cannot be decompressed"),
    "gzip-only-said": good(feed(TWO, Content_Encoding="gzip"), 2),
    "gzip-not-said": good(feed(gzip.compress(TWO)), 2),
    # ------------------------------------------------------------------------ what is in the body
    "web-page": bad(feed(HTML), "not-a-feed", "The answer is a web page"),
    "json": bad(feed(b'{"error": "no"}'), "not-a-feed", "JSON of another kind"),
    "noise": bad(feed(bytes(range(128, 256)) * 100), "not-a-feed", "not a feed"),
    "laughs": good(feed(channel(ITEM % b"&lol9;", LAUGHS + b"]>")), 1, "lenient"),
    "quadratic": good(
        feed(channel(ITEM % (b"&a;" * 20_000), b'<!DOCTYPE r [<!ENTITY a "' + b"a" * 50_000 + b'">]>')),
        1,
        "lenient",
    ),
    "external-entity": good(
        feed(channel(ITEM % b"&x;", b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>')), 1, "lenient"
    ),
    "script-links": good(
        feed(channel(ITEM % b"T" + b"<item><title>B</title><link>javascript:alert(1)</link></item>")),
        1,
        "left-out",
    ),
    "entries-without-end": good(feed(many(12_000)), 2000, "left-out"),
    "wrong-charset": good(feed(rss("Caf\xe9").replace(b"utf-8", b"us-ascii")), 1),
    "nulls": good(feed(TWO.replace(b"One", b"O\0ne")), 2, "lenient"),
    "utf-16-bare": good(feed(TWO.decode().replace("utf-8", "utf-16").encode("utf-16-le")), 2),
    # half an entry is none
    "feed-cut": good(feed(TWO[: -len(b"</item></channel></rss>") - 5]), 1, "lenient"),
    "partial": good(answer(206, TWO, Content_Type=XML), 2),
}
#: Loopback addresses of their own for those that ask their whole host to be left alone.
HOSTS = {
    name: f"127.0.0.{n}"
    for n, name in enumerate(("busy", "busy-wordless", "busy-for-ever", "maintenance"), start=2)
}
GOOD = [f"good-{number}" for number in range(10)]


@pytest.fixture
def newsroom(on_loop: LoopThread) -> Iterator[dict[str, str]]:
    """The newsroom at work: every source's address by its name."""
    servers = {at: FaultyServer(on_loop.loop, at=at) for at in ("127.0.0.1", *HOSTS.values())}
    for server in servers.values():
        on_loop(server.start())
    urls = {}
    for name, fault in FAULTS.items():
        server = servers[HOSTS.get(name, "127.0.0.1")]
        server.answers[f"/{name}"] = fault.does
        urls[name] = server.url(f"/{name}")
    for hop in range(1, 12):
        servers["127.0.0.1"].answers[f"/chain-{hop}"] = chain
    for name in GOOD:
        servers["127.0.0.1"].answers[f"/{name}"] = feed(rss(name, "Two", "Three"))
        urls[name] = servers["127.0.0.1"].url(f"/{name}")
    yield urls
    for server in servers.values():
        on_loop(server.stop())


def test_all_faults_at_once_fail_as_the_table_says_and_harm_nobody(
    newsroom: dict[str, str], gather: Gatherer, caplog: pytest.LogCaptureFixture
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jobs = [job(name, url) for name, url in newsroom.items()]
    polls = gather.polls(*jobs, timeout=TIMEOUT, feed_bytes=CAP, per_host=100, concurrency=100)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    wrong = {name: said for name, fault in FAULTS.items() if (said := differs(fault, polls[name]))}
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())
    for name in GOOD:
        assert [entry.title for entry in polls[name].entries] == [name, "Two", "Three"]
        assert polls[name].problem is None
    assert grown < MEMORY, f"{grown:.0f} MiB"
    loud = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not loud, caplog.text


def differs(fault: Fault, poll: Poll) -> str:
    """What of ``poll`` is not as the table says, "" for nothing."""
    problem = poll.problem or Problem("", "")
    ok = poll.outcome is PollOutcome.OK
    if ok is bool(fault.words):
        return f"{poll.outcome}, {problem}"
    if problem.code != fault.code or fault.words not in problem.message:
        return str(problem)
    if problem.message and not problem.message.endswith("."):
        return f"no sentence: {problem.message}"
    if poll.state.health is not fault.health:
        return f"{poll.state.health} ({problem.code})"
    if len(poll.entries) != fault.entries:
        return f"{len(poll.entries)} entries"
    if any(not entry.url.startswith("http") for entry in poll.entries):
        return "a link that is none"
    text = " ".join(entry.title + entry.summary for entry in poll.entries)
    return "a file of this machine" if "root:" in text or len(text) > CAP else ""


def test_there_are_faults_enough() -> None:
    assert len(FAULTS) >= 80


# ------------------------------------------------------------------------------------------ TLS


def _sealed(path: Path, host: str, *, days: tuple[int, int] = (-1, 1), by: Any = None) -> tuple[Path, Any]:
    """A certificate and key for ``host`` in a file, signed by ``by`` or by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    issuer, signer = by or (name, key)
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today + timedelta(days=days[0]))
        .not_valid_after(today + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return path, (name, key)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("good", ""),
        ("expired", "certificate cannot be trusted"),
        ("not-yet", "certificate cannot be trusted"),
        ("wrong-host", "certificate cannot be trusted"),
        ("self-signed", "certificate cannot be trusted"),
    ],
)
def test_a_certificate_that_proves_nothing_ends_it_before_anything_is_asked(
    fault: str,
    words: str,
    on_loop: LoopThread,
    gather: Gatherer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, authority = _sealed(tmp_path / "root.pem", "authority.example")
    host = "other.example" if fault == "wrong-host" else "localhost"
    days = {"expired": (-9, -2), "not-yet": (2, 9)}.get(fault, (-1, 1))
    by = None if fault == "self-signed" else authority
    pem, _ = _sealed(tmp_path / "leaf.pem", host, days=days, by=by)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = FaultyServer(on_loop.loop, context)
    on_loop(server.start())
    server.answers["/feed"] = feed(TWO)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    poll = gather.poll(job("a", server.url("/feed", "localhost")))
    on_loop(server.stop())
    if not words:
        assert len(poll.entries) == 2
        return
    assert poll.problem is not None
    assert (poll.problem.code, poll.state.health) == ("tls", Health.FAILING)
    assert words in poll.problem.message
    assert server.visits == []


@pytest.mark.parametrize("greeting", [b"220 mail.example ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_port_that_speaks_no_tls(server: FaultyServer, gather: Gatherer, greeting: bytes) -> None:
    server.greeting = greeting
    poll = gather.poll(job("a", server.url("/feed").replace("http:", "https:")))
    assert poll.problem is not None
    assert poll.problem.code == "tls"


# ------------------------------------------------------------------------------- names and robots


@pytest.fixture
def names(on_loop: LoopThread) -> Iterator[dict[str, list[str]]]:
    """Names and the addresses they resolve to, in the place of the system's resolver."""
    known: dict[str, list[str]] = {}
    reactor = on_loop.reactor
    real = reactor.nameResolver

    @implementer(IHostnameResolver)
    class Resolver:
        def resolveHostName(  # noqa: N802 - Twisted's name
            self, receiver: Any, name: str, port: int = 0, *_: object, **__: object
        ) -> Any:
            if name not in known:
                return real.resolveHostName(receiver, name, port)
            receiver.resolutionBegan(None)
            for address in known[name]:
                made = (IPv6Address if ":" in address else IPv4Address)("TCP", address, port)
                receiver.addressResolved(made)
            receiver.resolutionComplete()
            return receiver

    reactor.installNameResolver(Resolver())
    yield known
    reactor.installNameResolver(real)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fd00::1"],
        ["2002:7f00:1::"],
        ["2001:470:1::5efe:127.0.0.1"],
        ["10.0.0.1", "127.0.0.1", "192.168.0.1"],
    ],
)
def test_a_name_that_resolves_inside_is_refused_when_it_is_connected_to(
    server: FaultyServer, gather: Gatherer, names: dict[str, list[str]], addresses: list[str]
) -> None:
    names["news.example"] = addresses
    server.answers["/feed"] = feed(TWO)
    poll = gather.poll(job("a", server.url("/feed", "news.example")), allow=(), obey_robots=True)
    assert poll.problem is not None
    assert poll.problem.code == "address-refused"
    assert "news.example" in poll.problem.message
    assert server.visits == []


def test_a_name_that_changes_its_mind_between_two_hops_is_checked_at_each(
    server: FaultyServer, gather: Gatherer, names: dict[str, list[str]]
) -> None:
    """The first answer comes from where it may; by the second the name points elsewhere."""
    names["news.example"] = ["127.0.0.1"]

    async def rebind(visit: Visit) -> None:
        names["news.example"] = ["127.0.0.66"]
        await visit.send(answer(302, Location="/feed", Connection="close"))
        visit.writer.close()

    server.answers["/start"] = rebind
    server.answers["/feed"] = feed(TWO)
    poll = gather.poll(job("a", server.url("/start", "news.example")), allow=(f"127.0.0.1:{server.port}",))
    assert poll.problem is not None
    assert poll.problem.code == "address-refused"
    assert server.paths() == ["/start"]


ROBOTS: dict[str, tuple[Answer, str]] = {
    "forbids": (answer(200, b"User-agent: *\nDisallow: /"), "robots"),
    "forbids-us-by-name": (answer(200, b"User-agent: unsealed-test\nDisallow: /"), "robots"),
    "forbids-gzipped": (
        answer(200, gzip.compress(b"User-agent: *\nDisallow: /"), Content_Encoding="gzip"),
        "robots",
    ),
    "allows": (answer(200, b"User-agent: *\nDisallow: /private"), ""),
    "missing": (answer(404), ""),
    "denied": (answer(403), ""),
    "broken": (answer(500, b"User-agent: *\nDisallow: /"), ""),
    "reset": (reset, ""),
    "stalled": (stall, ""),
    "loop": (answer(302, Location="/robots.txt"), ""),
    "to-inside": (answer(302, Location="http://10.0.0.1/robots.txt"), ""),
    "web-page": (answer(200, HTML), ""),
    "noise": (answer(200, bytes(range(256)) * 200), ""),
    "bomb": (answer(200, gzip.compress(ZEROS), Content_Encoding="gzip"), ""),
    "endless": (endless(head("Content-Type: text/plain"), b"Disallow: /\n" * 4096), ""),
}


@pytest.mark.parametrize("name", ROBOTS)
def test_whatever_a_robots_txt_is_it_stops_only_what_it_forbids(
    name: str, server: FaultyServer, gather: Gatherer
) -> None:
    server.answers["/robots.txt"], code = ROBOTS[name]
    server.answers["/feed"] = feed(TWO)
    poll = gather.poll(job("a", server.url("/feed")), obey_robots=True, timeout=1.5, feed_bytes=CAP)
    assert (poll.problem.code if poll.problem else "") == code
    assert len(poll.entries) == (0 if code else 2)
    assert poll.state.health is (Health.BLOCKED if code else Health.HEALTHY)


def test_a_robots_txt_that_asks_to_wait_is_kept_to(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/robots.txt"] = answer(429, b"", Retry_After="300")
    server.answers["/feed"] = feed(TWO)
    poll = gather.poll(job("a", server.url("/feed")), obey_robots=True)
    assert poll.outcome is PollOutcome.DEFERRED
    assert server.paths() == ["/robots.txt"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://user:secret@127.0.0.1/feed", "a user name in it"),
        ("http://127.0.0.1/" + "a" * 2048, "longer than 2,048"),
        ("http://127.0.0.1:99999/feed", "no web address"),
        ("gopher://127.0.0.1/", "none of the web"),
    ],
)
def test_an_address_that_nobody_asks_for_is_told_without_its_secret(
    gather: Gatherer, url: str, words: str
) -> None:
    poll = gather.poll(job("a", url))
    assert poll.problem is not None
    assert poll.problem.code == "bad-address"
    assert words in poll.problem.message
    assert "secret" not in poll.problem.message + poll.problem.cure


# ------------------------------------------------------------------------------- Scrapy's defaults


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("DOWNLOAD_VERIFY_CERTIFICATES", True),
        ("REMOTE_CONTROL_ENABLED", False),
        ("TELNETCONSOLE_ENABLED", False),
        ("HTTPPROXY_ENABLED", False),
        ("COOKIES_ENABLED", False),
        ("METAREFRESH_ENABLED", False),
        ("RETRY_ENABLED", False),
        ("ROBOTSTXT_OBEY", True),
        ("DOWNLOAD_MAXSIZE", CAP),
        ("DOWNLOAD_TIMEOUT", 30.0),
        ("REDIRECT_MAX_TIMES", 10),
    ],
)
def test_no_default_that_trusts_the_network_is_left(name: str, safe: object) -> None:
    made = scrapy_settings(CrawlSettings("unsealed/1"), max_bytes=CAP)
    assert made[name] == safe


def test_only_http_is_spoken_and_no_part_of_scrapy_is_on_that_we_did_not_choose() -> None:
    made = scrapy_settings(CrawlSettings("unsealed/1"), max_bytes=CAP)
    handlers = {scheme for scheme, handler in made["DOWNLOAD_HANDLERS"].items() if handler}
    assert handlers == {"http", "https"}
    assert {"file", "ftp", "data", "s3"} <= made["DOWNLOAD_HANDLERS"].keys()
    assert not any(made["EXTENSIONS"].values())
    assert len(made["EXTENSIONS"]) >= 8, "each is named, and off"
    caps = CrawlSettings("unsealed/1")
    assert (caps.feed_bytes, caps.page_bytes, caps.entries) == (15 * 2**20, 5 * 2**20, 2000)
    assert (caps.connect_timeout, caps.timeout, caps.redirects) == (10.0, 30.0, 10)

"""Robots, the gate, proxies and certificates, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import PollOutcome

from .conftest import (
    HTML,
    XML,
    FaultyServer,
    Gatherer,
    LoopThread,
    Visit,
    answer,
    job,
    reset,
    rss,
)

# ------------------------------------------------------------------------- robots and the gate


def test_robots_txt_is_obeyed_for_us_and_for_each_hop(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/robots.txt"] = answer(
        200, b"User-agent: unsealed-test\nDisallow: /private\n\nUser-agent: *\nDisallow: /\n"
    )
    server.answers["/private/feed"] = answer(200, rss("Secret"), Content_Type=XML)
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    server.answers["/moved"] = answer(302, Location="/private/feed")
    polls = gather.polls(
        job("private", server.url("/private/feed")),
        job("moved", server.url("/moved")),
        job("open", server.url("/feed")),
        obey_robots=True,
    )
    assert polls["open"].outcome is PollOutcome.OK
    for name in ("private", "moved"):
        problem = polls[name].problem
        assert problem is not None
        assert problem.code == "robots"
        assert "robots.txt" in problem.message
    assert "/private/feed" not in server.paths()


@pytest.mark.parametrize("reply", [answer(500, b"User-agent: *\nDisallow: /"), reset, answer(404, HTML)])
def test_a_robots_txt_that_cannot_be_had_forbids_nothing(
    server: FaultyServer, gather: Gatherer, reply: object
) -> None:
    server.answers["/robots.txt"] = reply  # type: ignore[assignment]
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    assert gather.poll(job("a", server.url("/feed")), obey_robots=True).outcome is PollOutcome.OK


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_without_leave_loopback_is_refused_in_every_spelling_and_nothing_arrives(
    server: FaultyServer, gather: Gatherer, host: str
) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    poll = gather.poll(job("a", server.url("/feed", host)), allow=(), obey_robots=True)
    assert poll.problem is not None
    assert poll.problem.code == "address-refused"
    assert server.visits == []


def test_a_name_or_a_port_can_be_allowed(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    url = server.url("/feed", "localhost")
    assert gather.poll(job("a", url), allow=("localhost",)).outcome is PollOutcome.OK
    assert gather.poll(job("a", url), allow=(f"localhost:{server.port}",)).outcome is PollOutcome.OK
    assert gather.poll(job("a", url), allow=("localhost:1",)).outcome is PollOutcome.FAILED


def test_requests_that_wait_for_one_robots_txt_together_all_obey_it(
    server: FaultyServer, gather: Gatherer
) -> None:
    """Of several waiters Scrapy's middleware lets all but one through, whatever is forbidden."""

    async def late(visit: Visit) -> None:
        await asyncio.sleep(0.05)
        await visit.send(answer(200, b"User-agent: *\nDisallow: /private"))

    server.answers["/robots.txt"] = late
    paths = [f"/private/{n}" for n in range(6)]
    polls = gather.polls(*(job(p, server.url(p)) for p in paths), obey_robots=True, per_host=6, delay=0)
    problems = [poll.problem for poll in polls.values()]
    assert [problem and problem.code for problem in problems] == ["robots"] * 6
    assert set(server.paths()) == {"/robots.txt"}


def test_robots_txt_may_not_lead_inside_either(
    server: FaultyServer, gather: Gatherer, on_loop: LoopThread
) -> None:
    elsewhere = FaultyServer(on_loop.loop)
    on_loop(elsewhere.start())
    elsewhere.answers["/inside"] = answer(200, b"User-agent: *\nDisallow: /")
    server.answers["/robots.txt"] = answer(302, Location=elsewhere.url("/inside"))
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    allow = (f"127.0.0.1:{server.port}",)
    poll = gather.poll(job("a", server.url("/feed")), allow=allow, obey_robots=True)
    on_loop(elsewhere.stop())
    assert poll.outcome is PollOutcome.OK
    assert server.paths() == ["/robots.txt", "/feed"]
    assert elsewhere.visits == []


def test_proxies_of_the_environment_are_not_used(
    server: FaultyServer, gather: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    assert gather.poll(job("a", server.url("/feed"))).outcome is PollOutcome.OK


@pytest.fixture
def tls_server(on_loop: LoopThread, tmp_path: Path) -> object:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    faulty = FaultyServer(on_loop.loop, context)
    on_loop(faulty.start())
    yield faulty, pem
    on_loop(faulty.stop())


def test_a_certificate_nobody_vouches_for_is_refused_and_a_good_one_accepted(
    tls_server: tuple[FaultyServer, Path], gather: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, pem = tls_server
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    poll = gather.poll(job("a", server.url("/feed", "localhost")))
    assert poll.problem is not None
    assert poll.problem.code == "tls"
    assert "certificate cannot be trusted" in poll.problem.message
    assert server.visits == []

    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    assert gather.poll(job("a", server.url("/feed", "localhost"))).outcome is PollOutcome.OK
    other = gather.poll(job("a", server.url("/feed", "127.0.0.1")))
    assert other.problem is not None
    assert other.problem.code == "tls"


def test_a_server_that_speaks_no_tls_is_told_as_such(server: FaultyServer, gather: Gatherer) -> None:
    server.greeting = b"220 mail.example ESMTP\r\n"
    poll = gather.poll(job("a", server.url("/feed").replace("http:", "https:")))
    assert poll.problem is not None
    assert poll.problem.code == "tls"
    assert "No secure connection" in poll.problem.message

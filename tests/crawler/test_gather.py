"""Gathering over real sockets: what is well, and every fault a server can have."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time

import pytest

from crawler.spiders import polling
from pipeline.model import PollOutcome, SourceKind

from .conftest import (
    HTML,
    NOW,
    WALL,
    XML,
    FaultyServer,
    Gatherer,
    LoopThread,
    Visit,
    answer,
    job,
    kept,
    reset,
    rss,
    stall,
)

# ------------------------------------------------------------------------------ what is well


def test_a_feed_is_read_and_its_validators_are_kept(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/feed"] = answer(
        200, rss("One", "Two"), Content_Type=XML, ETag='"v1"', Last_Modified="then"
    )
    poll = gather.poll(job("a", server.url("/feed"), failures=3))
    assert poll.outcome is PollOutcome.OK
    assert [entry.title for entry in poll.entries] == ["One", "Two"]
    assert (poll.status, poll.problem, poll.at) == (200, None, NOW)
    assert (poll.state.etag, poll.state.last_modified, poll.state.failures) == ('"v1"', "then", 0)
    assert len(poll.state.body_hash) == 64
    assert 0 < poll.seconds < 5


def test_what_is_known_is_asked_for_conditionally_and_304_is_unchanged(
    server: FaultyServer, gather: Gatherer
) -> None:
    server.answers["/feed"] = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    poll = gather.poll(
        job("a", server.url("/feed"), etag='"v1"', last_modified="then", body_hash="h", failures=2)
    )
    asked = server.visits[0].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"v1"', "then")
    assert poll.outcome is PollOutcome.UNCHANGED
    assert kept(poll.state) == ('"v1"', "then", "h", 0)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_an_answer_without_body_may_name_any_encoding(
    server: FaultyServer, gather: Gatherer, encoding: str
) -> None:
    server.answers["/feed"] = f"HTTP/1.1 304 N\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    server.answers["/none"] = answer(404, b"not packed", Content_Encoding=encoding)
    polls = gather.polls(job("a", server.url("/feed"), etag="e"), job("b", server.url("/none")))
    assert polls["a"].outcome is PollOutcome.UNCHANGED
    assert polls["b"].problem is not None
    assert polls["b"].problem.code == "http-404"


def test_a_304_to_a_question_that_was_not_conditional_is_a_failure(
    server: FaultyServer, gather: Gatherer
) -> None:
    server.answers["/feed"] = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    poll = gather.poll(job("a", server.url("/feed")))
    assert poll.problem is not None
    assert poll.problem.code == "http-304"


def test_the_same_body_is_unchanged_and_not_parsed(
    server: FaultyServer, gather: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    first = gather.poll(job("a", server.url("/feed")))

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(polling, "read_source", never)
    again = gather.poll(job("a", server.url("/feed"), body_hash=first.state.body_hash))
    assert (again.outcome, again.entries) == (PollOutcome.UNCHANGED, ())


def test_we_say_who_we_are_and_send_nothing_else_of_ours(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/robots.txt"] = answer(404)
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML, Set_Cookie="track=1")
    gather.polls(job("a", server.url("/feed")), job("b", server.url("/feed")), obey_robots=True)
    for visit in server.visits:
        assert visit.headers["user-agent"] == "unsealed-test/1 (+https://unsealed.example)"
        assert not {"cookie", "referer"} & visit.headers.keys()
        assert "gzip" in visit.headers["accept-encoding"]
    assert server.paths().count("/robots.txt") == 1


def test_a_redirect_is_followed_and_costs_nothing(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/old"] = answer(301, Location="/new")
    server.answers["/new"] = answer(200, rss("One"), Content_Type=XML)
    poll = gather.poll(job("a", server.url("/old")))
    assert (poll.outcome, poll.status, len(poll.entries)) == (PollOutcome.OK, 200, 1)


def test_a_feed_read_leniently_keeps_its_warning(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/feed"] = answer(200, rss("AT&T opens up"), Content_Type=XML)
    poll = gather.poll(job("a", server.url("/feed")))
    assert poll.outcome is PollOutcome.OK
    assert len(poll.entries) == 1
    assert poll.problem is not None
    assert poll.problem.code == "lenient"


def test_no_jobs_are_done_at_once(gather: Gatherer) -> None:
    assert gather.polls() == {}
    assert gather.pages() == []


# --------------------------------------------------------------------------- what goes wrong


async def _drip(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await visit.send(b" ")
        await asyncio.sleep(0.05)


async def _drip_headers(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await visit.send(b"X-More: 1\r\n")
        await asyncio.sleep(0.05)


async def _endless_headers(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await visit.send(b"X-More: 1\r\n" * 5000)


async def _endless(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
    while True:
        await visit.send(b"x" * 65536)


async def _cut(visit: Visit) -> None:
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")
    visit.writer.close()


async def _chain(visit: Visit) -> None:
    number = int(visit.path.rpartition("/")[2] or 0)
    await visit.send(answer(302, Location=f"/chain/{number + 1}"))


BOMB = gzip.compress(b"<rss>" + b"\0" * 20_000_000)

FAULTS = {
    "broken": (
        answer(500, b"oops"),
        "http-500",
        "The server answered 500 (server error); it will be tried again",
    ),
    "missing": (answer(404, b"no"), "http-404", "The server answered 404 (not found)."),
    "gone": (answer(410, b"no"), "http-410", "gone for good"),
    "teapot": (answer(418, b"no"), "http-418", "The server answered 418"),
    "odd": (answer(599, b"no"), "http-599", "The server answered 599 (server error)"),
    "login": (answer(401, b"no"), "http-401", "it wants a login"),
    "wall": (WALL, "bot-wall", "keeps programs out (Cloudflare): it answered 403"),
    "quota": (answer(403, b"{}", X_RateLimit_Remaining="0"), "rate-limit", "are used up"),
    "loop": (answer(302, Location="/loop"), "redirect-loop", "go round in a circle"),
    "nowhere": (answer(302, b""), "bad-redirect", "without a web address"),
    "tofile": (answer(302, Location="file:///etc/passwd"), "bad-redirect", "without a web address"),
    "private": (
        answer(302, Location="http://10.0.0.1/feed"),
        "address-refused",
        "leads to 10.0.0.1, which is in a private network",
    ),
    "metadata": (
        answer(301, Location="http://169.254.169.254/latest"),
        "address-refused",
        "leads to 169.254.169.254, which is a link-local address",
    ),
    "mapped": (answer(302, Location="http://[::ffff:10.0.0.1]/"), "address-refused", "in a private network"),
    "decimal": (answer(302, Location="http://167772161/"), "address-refused", "at 10.0.0.1"),
    "reset": (reset, "connection-lost", "broke off the connection"),
    "cut": (_cut, "cut-short", "closed before the whole answer had come"),
    "stall": (stall, "timeout", "No whole answer came within 1.5 s"),
    "drip": (_drip, "timeout", "No whole answer came within 1.5 s"),
    "drip-headers": (_drip_headers, "timeout", "No whole answer came within 1.5 s"),
    "bomb": (answer(200, BOMB, Content_Encoding="gzip", Content_Type=XML), "too-large", "larger than 1 MiB"),
    "declared": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "too-large", "larger than 1 MiB"),
    "endless-headers": (_endless_headers, "bad-http", "not HTTP"),
    "endless": (_endless, "too-large", "larger than 1 MiB"),
    "damaged": (answer(200, b"\x1f\x8bno", Content_Encoding="gzip"), "cut-short", "cannot be decompressed"),
    "web": (answer(200, HTML, Content_Type=XML), "not-a-feed", "The answer is a web page"),
    "empty": (answer(200, b"", Content_Type=XML), "empty", "answered with nothing at all"),
    "babble": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad-http", "not HTTP"),
    "chain/0": (_chain, "too-many-redirects", "redirects more than 10 times"),
}


def test_every_fault_has_its_code_and_sentence_and_all_others_are_still_gathered(
    server: FaultyServer, gather: Gatherer, caplog: pytest.LogCaptureFixture
) -> None:
    for name, (reply, _, _) in FAULTS.items():
        server.answers[f"/{name}"] = reply
    for hop in range(1, 12):
        server.answers[f"/chain/{hop}"] = _chain
    good = [f"good-{number}" for number in range(5)]
    for name in good:
        server.answers[f"/{name}"] = answer(200, rss(name), Content_Type=XML)

    began = time.monotonic()
    jobs = [job(name, server.url(f"/{name}"), etag="e", failures=1) for name in [*FAULTS, *good]]
    polls = gather.polls(*jobs, timeout=1.5, feed_bytes=2**20, per_host=60, concurrency=60)
    assert time.monotonic() - began < 8

    for name, (_, code, words) in FAULTS.items():
        poll = polls[name]
        assert poll.outcome is PollOutcome.FAILED, name
        assert poll.problem is not None
        assert poll.problem.code == code, (name, poll.problem)
        assert words in poll.problem.message, (name, poll.problem)
        assert poll.problem.message.endswith("."), name
        assert kept(poll.state) == ("e", "", "", 2), name
    assert all(polls[name].outcome is PollOutcome.OK for name in good)
    assert polls["broken"].status == 500
    assert polls["reset"].status is None
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING], caplog.text


def test_addresses_that_are_none_fail_alone(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    polls = gather.polls(
        job("none", "feed.xml"),
        job("file", "file:///etc/passwd"),
        job("data", "data:text/xml,<rss/>"),
        job("ftp", "ftp://127.0.0.1/feed"),
        job("bad-host", "http://a..b/feed"),
        job("good", server.url("/feed")),
    )
    assert polls["good"].outcome is PollOutcome.OK
    codes = {name: poll.problem.code for name, poll in polls.items() if poll.problem}
    assert codes == dict.fromkeys(("none", "file", "data", "ftp", "bad-host"), "bad-address")


def test_a_closed_port_and_an_unknown_name_are_told_apart(
    on_loop: LoopThread, gather: Gatherer, unused_tcp_port: int
) -> None:
    polls = gather.polls(
        job("closed", f"http://127.0.0.1:{unused_tcp_port}/"), job("unknown", "http://no-such-host.invalid/")
    )
    assert {name: poll.problem.code for name, poll in polls.items() if poll.problem} == {
        "closed": "refused",
        "unknown": "dns",
    }


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_an_error_of_our_own_fails_its_source_only_and_is_logged_with_traceback(
    server: FaultyServer, gather: Gatherer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = polling.read_source

    def sometimes(source: object, *args: object, **kwargs: object) -> object:
        if getattr(source, "id", "") == "bad":
            raise ValueError("a bug")
        return real(source, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(polling, "read_source", sometimes)
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    polls = gather.polls(job("bad", server.url("/feed")), job("good", server.url("/feed")))
    assert polls["good"].outcome is PollOutcome.OK
    assert polls["bad"].problem is not None
    assert polls["bad"].problem.code == "internal"
    assert "a bug" in caplog.text
    assert "Traceback" in caplog.text


def test_a_crawl_that_ends_without_results_still_answers_every_job(
    server: FaultyServer, gather: Gatherer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def silent(self: object, response: object, each: object) -> None:
        raise RuntimeError("lost")

    monkeypatch.setattr(polling.ListingSpider, "answered", silent)
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    polls = gather.polls(
        job("lost", server.url("/feed"), SourceKind.LISTING), job("good", server.url("/feed"))
    )
    assert polls["lost"].problem is not None
    assert polls["lost"].problem.code == "internal"
    assert polls["good"].outcome is PollOutcome.OK


def test_a_spider_that_cannot_start_still_answers_every_job(
    server: FaultyServer, gather: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, **kwargs: object) -> None:
        raise RuntimeError("no start")

    monkeypatch.setattr(polling.ListingSpider, "__init__", broken)
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    polls = gather.polls(
        job("lost", server.url("/feed"), SourceKind.LISTING), job("good", server.url("/feed"))
    )
    assert polls["lost"].problem is not None
    assert polls["lost"].problem.code == "internal"
    assert polls["good"].outcome is PollOutcome.OK

"""Gathering over real sockets: what is well, and every fault a server can have."""

from __future__ import annotations

import socket

import pytest

from crawler.spiders import polling
from pipeline.model import PollOutcome, SourceKind

from .conftest import (
    NOW,
    XML,
    FaultyServer,
    Gatherer,
    LoopThread,
    answer,
    job,
    kept,
    rss,
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

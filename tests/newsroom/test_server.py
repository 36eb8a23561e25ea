from __future__ import annotations

import socket
import threading
import time
import urllib.error
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import feedparser
import pytest

from crawler.catalogue import parse_catalogue
from crawler.gate import Gate
from tests.newsroom.conftest import NOW, OUTLETS, TITLE, ask, home, source, write_content
from unsealed.newsroom import Newsroom, newsroom
from unsealed.newsroom.server import listen


def test_an_unchanged_feed_is_answered_with_304(room: Newsroom) -> None:
    url = source(room, "rss-two").url
    first = ask(url)
    again = ask(url, {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    dated = ask(url, {"If-Modified-Since": first.headers["Last-Modified"]})
    assert dated.status == 304


def test_a_changed_etag_outweighs_the_date(room: Newsroom) -> None:
    url = source(room, "rss-two").url
    modified = ask(url).headers["Last-Modified"]
    assert parsedate_to_datetime(modified) < NOW
    assert ask(url, {"If-Modified-Since": modified, "If-None-Match": 'W/"other"'}).status == 200
    assert ask(url, {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}).status == 200


def test_a_body_is_compressed_only_for_those_who_accept_it(room: Newsroom) -> None:
    url = source(room, "rss-two").url
    plain, packed = ask(url), ask(url, {"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"])
    assert packed.body == plain.body
    assert ask(url, {"Accept-Encoding": "gzip;q=0"}).headers["Content-Encoding"] is None


def test_head_has_the_headers_and_no_body(room: Newsroom) -> None:
    url = source(room, "atom").url
    head, get = ask(url, method="HEAD"), ask(url)
    assert (head.status, head.body) == (200, b"")
    assert all(head.headers[name] == get.headers[name] for name in ("ETag", "Content-Type", "Content-Length"))


def test_writing_to_an_outlet_is_not_allowed(room: Newsroom) -> None:
    answer = ask(home(room, "atom") + "/", method="POST", data=b"x")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_robots_txt_forbids_exactly_the_pages_meant(room: Newsroom) -> None:
    origin = home(room, "rss-two")
    robots = RobotFileParser()
    robots.parse(ask(f"{origin}/robots.txt").text.splitlines())
    assert not robots.can_fetch("unsealed", f"{origin}/2026/11/19/second/")
    assert robots.can_fetch("unsealed", f"{origin}/2026/11/20/first/")
    assert all(robots.can_fetch("unsealed", s.url) for s in room.sources)


@pytest.mark.parametrize("path", ["/2026/11/18/third/", "/no/such/page"])
def test_what_is_not_there_is_a_404_page_that_looks_like_one(room: Newsroom, path: str) -> None:
    answer = ask(home(room, "rss-two") + path)
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "This page does not exist" in answer.text


@pytest.mark.parametrize("path", ["/", "/about", "/privacy", "/contact"])
def test_every_outlet_has_a_front_page_and_standing_pages(room: Newsroom, path: str) -> None:
    for origin in {s.homepage.rstrip("/") for s in room.sources}:
        assert ask(origin + path).status == 200


def test_broken_xml_breaks_the_parser_and_not_the_items(room: Newsroom) -> None:
    answer = ask(source(room, "broken").url)
    feed = feedparser.parse(BytesIO(answer.body))
    assert feed.bozo
    assert len(feed.entries) == 3
    assert b" & " in answer.body and b"<br>" in answer.body


def test_the_liar_s_text_is_not_in_the_encoding_it_declares(room: Newsroom) -> None:
    answer = ask(source(room, "liar").url)
    assert "ISO-8859-1" in answer.headers["Content-Type"]
    assert b'encoding="ISO-8859-1"' in answer.body
    assert "Größere Gewichte" in answer.body.decode("utf-8")
    assert TITLE["de"] not in answer.body.decode("iso-8859-1")


def test_the_outlet_that_is_down_answers_its_feed_with_an_error_page(room: Newsroom) -> None:
    answer = ask(source(room, "down").url)
    assert answer.status == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Something broke" in answer.text
    assert ask(home(room, "down") + "/2026/11/20/first/").status == 200


def test_the_slow_outlet_answers_after_its_time(room: Newsroom) -> None:
    started = time.monotonic()
    assert ask(source(room, "slow").url).status == 200
    assert time.monotonic() - started >= 0.2


def test_the_redirect_loop_never_ends(room: Newsroom) -> None:
    start = source(room, "loop").url
    seen = [start]
    for _ in range(3):
        answer = ask(seen[-1])
        assert answer.status == 302
        seen.append(home(room, "loop") + answer.headers["Location"])
    assert seen[0] == seen[2] != seen[1] == seen[3]


def test_the_stalling_outlet_sends_half_and_hangs(room: Newsroom) -> None:
    place = urlsplit(source(room, "stall").url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=5) as wire:
        wire.sendall(f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        got = b""
        while b"\r\n\r\n" not in got:
            got += wire.recv(65536)
        wire.settimeout(0.3)
        with pytest.raises(TimeoutError):
            while True:
                chunk = wire.recv(65536)
                assert chunk, "it hung up"
                got += chunk
    head, _, body = got.partition(b"\r\n\r\n")
    promised = int(next(line for line in head.split(b"\r\n") if b"Content-Length" in line).split(b":")[1])
    assert 0 < len(body) == promised // 2


def test_every_source_stands_on_an_address_that_the_gate_lets_pass(room: Newsroom) -> None:
    gate = Gate(room.allow)
    for s in room.sources:
        place = urlsplit(s.url)
        host = place.hostname or ""
        gate.check(host, "127.0.0.1" if host == "localhost" else host, place.port)
    assert urlsplit(room.sources[0].url).hostname == "localhost"
    assert len({urlsplit(s.url).netloc for s in room.sources}) == len(OUTLETS)


def test_the_catalogue_reads_back_as_the_same_sources(room: Newsroom) -> None:
    assert parse_catalogue(room.catalogue_toml(), "the newsroom") == room.sources


def test_visits_are_counted(room: Newsroom) -> None:
    ask(home(room, "json") + "/nobody-else-asks-this?x=1")
    (visit,) = [v for v in room.visits() if v.path.startswith("/nobody-else")]
    assert (visit.outlet, visit.method, visit.path, visit.status) == (
        "json",
        "GET",
        "/nobody-else-asks-this?x=1",
        404,
    )


def test_leaving_stops_everything_even_a_client_that_hangs(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content")
    before = set(threading.enumerate())
    with newsroom(NOW, folder=tmp_path, slow=60, content=content) as room:
        urls = [source(room, "stall").url, source(room, "slow").url]
        hanging = []
        for url in urls:
            place = urlsplit(url)
            wire = socket.create_connection((place.hostname or "", place.port or 0), timeout=5)
            wire.sendall(f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
            hanging.append(wire)
        assert hanging[0].recv(10)  # it has begun
        smtp = socket.create_connection((room.smtp_host, room.smtp_port), timeout=5)
        assert smtp.recv(100).startswith(b"220")
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert set(threading.enumerate()) == before
    for wire in [*hanging, smtp]:
        wire.close()
    with pytest.raises(urllib.error.URLError):
        ask(urls[0], timeout=2)


def test_an_exception_inside_stops_it_too(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content")
    before = set(threading.enumerate())
    with pytest.raises(KeyError, match="inside"), newsroom(NOW, folder=tmp_path, content=content):
        raise KeyError("inside")
    assert set(threading.enumerate()) == before


def test_an_address_that_cannot_be_served_is_reported_and_leaves_no_thread(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content")
    (tmp_path / "mailbox").write_text("in the way")
    before = set(threading.enumerate())
    with pytest.raises(FileExistsError), newsroom(NOW, folder=tmp_path, content=content):
        raise AssertionError("it started")
    assert set(threading.enumerate()) == before


def test_a_preferred_port_gives_the_same_addresses_again(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    urls = []
    for _ in range(2):
        with newsroom(NOW, folder=tmp_path, content=content, port=port) as room:
            urls.append([s.url for s in room.sources])
            ask(room.sources[0].url)
    assert urls[0] == urls[1]


def test_a_taken_port_or_a_missing_address_is_replaced() -> None:
    with listen("127.0.0.1") as first:
        host, port = first.getsockname()
        with listen(host, port) as second, listen("192.0.2.1", port) as third:
            assert second.getsockname()[0] == host and second.getsockname()[1] != port
            assert third.getsockname()[0] == "127.0.0.1"

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from alerts import outgoing
from alerts.outgoing import UnansweredError, UnreachedError, connect, post, smtp
from pipeline.model import ConfigError, UnsealedError
from tests.alerts.servers import authority, mail_server, open_guard, web_server


class RefusedError(UnsealedError):
    pass


def closed_guard(host: str, address: str, port: int) -> None:
    raise RefusedError(f"{address} is not for us", about=host)


def test_the_guard_sees_the_very_address_that_is_connected_to() -> None:
    seen: list[tuple[str, str, int]] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with connect("localhost", port, guard=lambda *a: seen.append(a), timeout=5) as opened:
            peer = opened.getpeername()
    assert ("localhost", peer[0], port) in seen


def test_a_name_is_resolved_once_and_refused_addresses_are_never_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        calls: list[str] = []

        def resolve(host: str, wanted: int, **kwargs: Any) -> list[Any]:
            calls.append(host)
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, ("127.0.0.66", wanted)), (*kind, ("127.0.0.1", wanted))]

        def guard(host: str, address: str, port: int) -> None:
            if address == "127.0.0.66":
                raise RefusedError("no")

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with connect("rebinding.example", port, guard=guard, timeout=5) as opened:
            assert opened.getpeername()[0] == "127.0.0.1"
    assert calls == ["rebinding.example"]


def test_where_every_address_is_refused_the_guards_own_error_comes_out() -> None:
    with pytest.raises(RefusedError):
        connect("127.0.0.1", 9, guard=closed_guard, timeout=5)


def test_a_closed_port_and_an_unknown_name_are_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachedError, match="refused"):
        connect("127.0.0.1", port, guard=open_guard, timeout=5)
    with pytest.raises(UnreachedError, match="cannot be resolved"):
        connect("a" * 70 + ".invalid", 80, guard=open_guard, timeout=5)


def test_smtp_goes_through_the_guard_too() -> None:
    with mail_server() as box:
        with pytest.raises(RefusedError):
            smtp("127.0.0.1", box.port, guard=closed_guard, timeout=5)
        client = smtp("127.0.0.1", box.port, guard=open_guard, timeout=5)
        assert isinstance(client, smtplib.SMTP)
        assert client.noop()[0] == 250
        client.quit()


def test_a_post_brings_the_answer_whatever_its_status() -> None:
    with web_server([(404, {"X-Thing": "1"}, b"no_service")]) as hook:
        reply = post(hook.url, b"{}", {"Content-Type": "application/json"}, guard=open_guard, timeout=5)
    assert (reply.status, reply.body, reply.headers["x-thing"]) == (404, b"no_service", "1")
    assert hook.bodies == [b"{}"]


def test_redirects_are_not_followed_and_long_answers_are_cut() -> None:
    with web_server([(302, {"Location": "http://127.0.0.1:1/"}, b""), (200, {}, b"x" * 100_000)]) as hook:
        assert post(hook.url, b"", {}, guard=open_guard, timeout=5).status == 302
        assert len(post(hook.url, b"", {}, guard=open_guard, timeout=5, max_bytes=1000).body) == 1000


def test_certificates_are_verified(tmp_path: Path) -> None:
    ca, context = authority(tmp_path)
    with web_server(tls=context("127.0.0.1")) as hook:
        with pytest.raises(UnreachedError, match="certificate not trusted"):
            post(hook.url, b"", {}, guard=open_guard, timeout=5)
        trusting = ssl.create_default_context(cafile=ca)
        assert post(hook.url, b"", {}, guard=open_guard, timeout=5, tls=trusting).status == 200
    with web_server(tls=context("127.0.0.9")) as hook, pytest.raises(UnreachedError):
        post(hook.url, b"", {}, guard=open_guard, timeout=5, tls=trusting)


@pytest.mark.parametrize("mood", ["drop", "hang"])
def test_silence_after_the_request_is_an_unknown_outcome(mood: str) -> None:
    with web_server([mood]) as hook:
        with pytest.raises(UnansweredError) as caught:
            post(hook.url, b"{}", {}, guard=open_guard, timeout=0.3)
        assert "SECRETPATH" not in str(caught.value)
        assert len(hook.bodies) == 1


def test_a_server_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "_PATIENCE", 1.0)
    stop = threading.Event()

    def drip(server: socket.socket) -> None:
        talk, _ = server.accept()
        with talk:
            talk.recv(65536)
            talk.sendall(b"HTTP/1.1 2")
            while not stop.wait(0.05):
                try:
                    talk.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        began = time.monotonic()
        with pytest.raises(UnansweredError):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", {}, guard=open_guard, timeout=0.5)
        stop.set()
        thread.join()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://a.example/SECRET", "https:///SECRET", "https://u:SECRET@a.example/",
        "https://a.example/SECRET\r\nX: y", "https://a.example/SECRET b", "https://a.example:99999/SECRET", "",
        "https://a.example\\@b.example/SECRET",
    ],
)  # fmt: skip
def test_addresses_that_are_no_web_addresses_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        post(url, b"", {}, guard=open_guard, timeout=1)
    assert "SECRET" not in str(caught.value)

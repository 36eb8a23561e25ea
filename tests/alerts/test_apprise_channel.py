from __future__ import annotations

import json
import socket
import sys
import threading

import pytest

from alerts.apprise_channel import AppriseChannel
from alerts.channels import ChannelError
from alerts.outgoing import guarded_sockets
from pipeline.model import ConfigError
from tests.alerts import samples
from tests.alerts.delivery_world import MemoryLedger, deliver_now
from tests.alerts.servers import Hook, open_guard, web_server


def address(hook: Hook) -> str:
    return f"json://{hook.url.split('/')[2]}/SECRETPATH"


def refuse(host: str, address: str, port: int) -> None:
    raise ConfigError("this address is not public.")


def test_an_edition_reaches_the_service_as_text_with_its_subject() -> None:
    with web_server() as hook:
        channel = AppriseChannel("others", [address(hook)], guard=open_guard)
        ledger = MemoryLedger({1: samples.rich()})
        ledger.add(1, "others", channel.recipients[0])
        assert deliver_now(ledger, channel).sent
    told = json.loads(hook.bodies[0])
    assert "Northlight opens Lumen-3" in told["message"] and told["title"].startswith("23 Nov 2026")


def test_each_address_is_a_recipient_whose_name_gives_nothing_away() -> None:
    channel = AppriseChannel(
        "others", ["json://a.example/SECRETPATH", "json://b.example/x"], guard=open_guard
    )
    assert len(set(channel.recipients)) == 2
    assert all(name.startswith("json-") for name in channel.recipients) and "SECRET" not in repr(channel)


def test_what_it_connects_to_passes_the_guard_at_connect_time() -> None:
    with web_server() as hook:
        channel = AppriseChannel("others", [address(hook)], guard=refuse)
        part = channel.compose(samples.quiet(), channel.recipients[0], message_id="m")[0]
        with pytest.raises(ChannelError):
            channel.send(part, channel.recipients[0])
    assert hook.bodies == []


def test_a_failure_is_unknown_and_quotes_no_address() -> None:
    with web_server([(500, {}, b"")] * 3) as hook:
        channel = AppriseChannel("others", [address(hook)], guard=open_guard)
        part = channel.compose(samples.quiet(), channel.recipients[0], message_id="m")[0]
        with pytest.raises(ChannelError) as caught:
            channel.send(part, channel.recipients[0])
    assert caught.value.unknown and "SECRETPATH" not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense://x", "", "mailto://a:b@c.example", "slack://a/b/c"])
def test_an_address_it_cannot_serve_is_refused_by_number(url: str) -> None:
    with pytest.raises(ConfigError, match="channel others, address 2"):
        AppriseChannel("others", ["json://a.example/x", url], guard=open_guard)


def test_without_apprise_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"unsealed\[apprise\]"):
        AppriseChannel("others", ["json://a.example/x"], guard=open_guard)


def test_guarded_sockets_guard_this_thread_and_only_while_entered() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        reach = listener.getsockname()
        with guarded_sockets(refuse):
            with pytest.raises(ConfigError), socket.socket() as blocked:
                blocked.connect(reach)
            other = threading.Thread(target=lambda: socket.create_connection(reach).close())
            other.start()
            other.join()
        socket.create_connection(reach).close()

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from alerts.channels import ChannelError
from alerts.mail import MailChannel, MailSettings
from alerts.message import compose
from pipeline.model import ConfigError, DeliveryError, UnsealedError
from tests.alerts import samples
from tests.alerts.servers import PASSWORD, USER, Mailbox, authority, mail_server, open_guard

SETTINGS = MailSettings(
    host="127.0.0.1",
    port=25,
    security="none",
    sender="Unsealed <digest@news.example>",
    recipients=("ada@a.example", "ben@b.example", "Chen 陈 <chen@c.example>"),
    timeout=5.0,
)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Bare templates: these tests are about the envelope, not the letter."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "digest.html.j2").write_text("<html><body><p>{{ d.headline }} 开源</p>.\n</body></html>")
    (folder / "digest.css").write_text("")
    (folder / "digest.txt.j2").write_text(
        "{{ d.headline }}\n.\n..two dots\nFrom the start\n{{ d.unsubscribe }}"
    )
    return folder


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as server:
        yield server


def _channel(templates: Path, box: Mailbox | None = None, **changes: Any) -> MailChannel:
    settings = replace(SETTINGS, **({"port": box.port} if box else {}) | changes)
    return MailChannel("mail", settings, guard=open_guard, templates=templates)


def _send(channel: MailChannel, *recipients: str) -> list[DeliveryError | None]:
    """What became of each recipient's message."""
    outcomes: list[DeliveryError | None] = []
    digest = samples.rich()
    for recipient in recipients or channel.recipients:
        (part,) = channel.compose(digest, recipient, message_id=channel.message_id(digest, recipient))
        try:
            channel.open()
            channel.send(part, recipient)
            outcomes.append(None)
        except DeliveryError as error:
            outcomes.append(error)
    channel.close()
    return outcomes


def _composed(templates: Path, **changes: Any) -> EmailMessage:
    channel = _channel(templates, **changes)
    digest, recipient = samples.rich(), channel.recipients[0]
    (part,) = channel.compose(digest, recipient, message_id=channel.message_id(digest, recipient))
    message = message_from_bytes(part.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


# -------------------------------------------------------------------------- the message


def test_a_message_carries_every_header_of_a_well_behaved_mailing(templates: Path) -> None:
    message = _composed(templates, reply_to="desk@news.example")
    assert message["From"] == "Unsealed <digest@news.example>"
    assert message["To"] == "ada@a.example"
    assert message["Reply-To"] == "desk@news.example"
    assert message["Subject"].startswith("23 Nov 2026: Northlight opens Lumen-3")
    assert message["Date"].datetime == samples.UNTIL
    assert message["List-Id"] == "<main.unsealed.news.example>"
    assert message["List-Unsubscribe"] == "<mailto:digest@news.example?subject=unsubscribe>"
    assert message["List-Unsubscribe-Post"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["MIME-Version"] == "1.0"


def test_one_click_unsubscription_comes_only_with_an_https_address(templates: Path) -> None:
    url = "https://news.example/unsubscribe?token=" + "t" * 300
    message = _composed(templates, unsubscribe_url=url, unsubscribe_mailto="leave@news.example")
    assert message["List-Unsubscribe"] == f"<{url}>, <mailto:leave@news.example?subject=unsubscribe>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    with pytest.raises(ConfigError, match="https"):
        replace(SETTINGS, unsubscribe_url="http://news.example/u")
    with pytest.raises(ConfigError):
        replace(SETTINGS, unsubscribe_url="https://news.example/u>\r\nBcc: x@y.example")


def test_text_comes_first_then_html_and_both_are_seven_bit(templates: Path) -> None:
    channel = _channel(templates)
    (part,) = channel.compose(samples.rich(), "ada@a.example", message_id="<x@news.example>")
    assert part.content.isascii()
    assert max(map(len, part.content.split(b"\r\n"))) <= 998
    assert b"\n" not in part.content.replace(b"\r\n", b"")
    message = _composed(templates)
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert [p.get_content_type() for p in (text, html)] == ["text/plain", "text/html"]
    assert "开源" in html.get_content()
    assert "mailto:digest@news.example" in text.get_content()


def test_the_same_edition_is_the_same_message_byte_for_byte(templates: Path) -> None:
    def content(recipient: str) -> bytes:
        channel = _channel(templates)
        identity = channel.message_id(samples.rich(), recipient)
        return channel.compose(samples.rich(), recipient, message_id=identity)[0].content

    assert content("ada@a.example") == content("ada@a.example")
    assert content("ada@a.example") != content("ben@b.example")


def test_message_ids_tell_edition_and_recipient_apart_and_give_no_address_away(templates: Path) -> None:
    channel, today = _channel(templates), samples.rich()
    yesterday = replace(today, day=samples.DAY.replace(day=22))
    ids = [channel.message_id(d, r) for d in (today, yesterday) for r in SETTINGS.recipients]
    assert len(set(ids)) == 6
    assert channel.message_id(today, "ADA@a.example") == ids[0]
    assert all(i.startswith("<daily.2026-11-2") and i.endswith("@news.example>") for i in ids)
    assert not any("ada" in i or "a.example" in i for i in ids)


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_no_headline_can_inject_a_header(templates: Path, text: str) -> None:
    digest = samples.hostile(text, "https://a.example/")
    channel = _channel(templates)
    (part,) = channel.compose(digest, "ada@a.example", message_id=channel.message_id(digest, "ada@a.example"))
    message = message_from_bytes(part.content, policy=policy.default)
    assert len(message.keys()) == len(set(message.keys()))
    assert set(message.keys()) == set(_composed(templates).keys())
    assert "\n" not in message["Subject"] and len(message["Subject"]) <= 200


def test_compose_alone_cleans_its_subject() -> None:
    message = compose(
        SETTINGS, "ada@a.example", subject="a\r\nBcc: x@y.example\udc00\x00", text="t", html="<p>\udc00</p>",
        list_name="main", date=samples.UNTIL, message_id="<i@news.example>",
    )  # fmt: skip
    assert message["Subject"].startswith("a Bcc: x@y.example")
    assert message["Bcc"] is None
    assert message.as_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"sender": "nobody"}, {"sender": ""}, {"sender": "a@b.example\r\nBcc: x@y.example"},
        {"recipients": ("a@b.example, c@d.example",)}, {"recipients": ("ünal@b.example",)},
        {"reply_to": "x"}, {"unsubscribe_mailto": "x y@z.example"}, {"list_id": "no dots>"},
        {"host": "mail.example", "username": "u", "password": "p"},
    ],
)  # fmt: skip
def test_settings_that_could_not_work_are_refused_at_once(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        replace(SETTINGS, **change)


def test_an_international_domain_is_written_in_ascii(templates: Path) -> None:
    assert _composed(templates, recipients=("ada@bücher.example",))["To"] == "ada@xn--bcher-kva.example"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_the_password_is_never_shown(templates: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "hunter2-hunter2"
    with mail_server(login=True) as box:
        channel = _channel(templates, box, username=USER, password=secret)
        (error,) = _send(channel, "ada@a.example")
    assert isinstance(error, ChannelError) and "refused user name or password" in str(error)
    assert not error.permanent and not error.unknown
    shown = [repr(channel), repr(channel._settings), str(error), repr(error), caplog.text]
    hidden = (
        secret,
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"\0{USER}\0{secret}".encode()).decode(),
    )
    assert not any(h in s for h in hidden for s in shown)
    assert error.__cause__ is None and error.__suppress_context__


# -------------------------------------------------------------------------- the server


def test_one_session_serves_all_recipients(templates: Path, box: Mailbox) -> None:
    assert _send(_channel(templates, box)) == [None, None, None]
    assert box.recipients() == ["ada@a.example", "ben@b.example", "chen@c.example"]
    assert box.sessions == 1
    body = box.taken[0].get_body(("plain",))
    assert body is not None and body.get_content().splitlines()[1:4] == [".", "..two dots", "From the start"]


def test_starttls_with_a_trusted_certificate_and_a_log_in(templates: Path, tmp_path: Path) -> None:
    ca, context = authority(tmp_path)
    with mail_server(starttls=context("127.0.0.1"), login=True) as box:
        good = _channel(templates, box, security="starttls", username=USER, password=PASSWORD, ca_file=ca)
        assert _send(good, "ada@a.example") == [None]
        assert len(box.taken) == 1


def test_tls_from_the_first_byte(templates: Path, tmp_path: Path) -> None:
    ca, context = authority(tmp_path)
    with mail_server(tls=context("127.0.0.1")) as box:
        assert _send(_channel(templates, box, security="tls", ca_file=ca), "ada@a.example") == [None]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.9"])
def test_a_certificate_that_is_not_trusted_or_of_another_host_stops_everything(
    templates: Path, tmp_path: Path, security: str, name: str
) -> None:
    ca, context = authority(tmp_path)
    tls = context(name)
    with mail_server(tls=tls) if security == "tls" else mail_server(starttls=tls) as box:
        trust = {} if name == "127.0.0.1" else {"ca_file": ca}
        (error,) = _send(_channel(templates, box, security=security, **trust), "ada@a.example")
        assert isinstance(error, ChannelError) and "certificate" in str(error)
        assert not error.permanent and not error.unknown
        assert box.taken == []


def test_a_server_without_starttls_gets_nothing(templates: Path, box: Mailbox) -> None:
    (error,) = _send(_channel(templates, box, security="starttls"), "ada@a.example")
    assert isinstance(error, ChannelError) and "does not offer" in str(error)
    assert box.taken == []


def test_a_missing_authority_file_is_said(templates: Path, box: Mailbox, tmp_path: Path) -> None:
    (error,) = _send(
        _channel(templates, box, security="starttls", ca_file=tmp_path / "none.pem"), "ada@a.example"
    )
    assert isinstance(error, ChannelError) and "ca_file" in str(error)


def test_one_of_three_refused_leaves_the_others_alone(templates: Path, box: Mailbox) -> None:
    box.refuse = {"ben@b.example": "550 5.1.1 no such user"}
    first, second, third = _send(_channel(templates, box))
    assert first is None and third is None
    assert second is not None and second.permanent and not second.unknown
    assert not isinstance(second, ChannelError)
    assert "550 5.1.1 no such user" in str(second)
    assert box.sessions == 1


def test_greylisting_is_tried_again_later(templates: Path, box: Mailbox) -> None:
    box.refuse = {"ada@a.example": "451 4.7.1 greylisted, come back"}
    first, second = _send(_channel(templates, box), "ada@a.example", "ben@b.example")
    assert first is not None and not first.permanent and not first.unknown
    assert second is None


@pytest.mark.parametrize(("answer", "permanent"), [("554 5.6.0 spam", True), ("452 4.3.1 full", False)])
def test_a_refusal_after_data_is_certain(templates: Path, box: Mailbox, answer: str, permanent: bool) -> None:
    box.after_data = [answer]
    first, second = _send(_channel(templates, box), "ada@a.example", "ben@b.example")
    assert first is not None and first.permanent is permanent and not first.unknown
    assert second is None


@pytest.mark.parametrize("mood", ["drop", "eat", "hang"])
def test_silence_after_data_is_an_unknown_outcome_and_the_next_gets_a_new_session(
    templates: Path, box: Mailbox, mood: str
) -> None:
    box.after_data = [mood]
    first, second = _send(_channel(templates, box, timeout=0.4), "ada@a.example", "ben@b.example")
    assert isinstance(first, ChannelError) and first.unknown and not first.permanent
    assert second is None
    assert box.sessions == 2


def test_a_server_gone_before_the_message_ended_is_a_certain_failure(templates: Path, box: Mailbox) -> None:
    box.refuse = {"ada@a.example": "drop"}
    first, second = _send(_channel(templates, box), "ada@a.example", "ben@b.example")
    assert isinstance(first, ChannelError) and not first.unknown and not first.permanent
    assert second is None and box.recipients() == ["ben@b.example"]


@pytest.mark.parametrize("answer", ["421 4.3.2 going down", "530 5.7.0 log in first"])
def test_a_server_that_takes_nothing_now_is_the_channels_trouble(
    templates: Path, box: Mailbox, answer: str
) -> None:
    box.refuse = {"ada@a.example": answer}
    first, second = _send(_channel(templates, box), "ada@a.example", "ben@b.example")
    assert isinstance(first, ChannelError) and not first.permanent and answer[:3] in str(first)
    assert second is None


def test_a_closed_port_and_a_refusing_guard_are_certain_failures(templates: Path) -> None:
    def guard(host: str, address: str, port: int) -> None:
        raise UnsealedError("not an address for mail.", about=host)

    with mail_server() as box:
        (error,) = _send(
            MailChannel("mail", replace(SETTINGS, port=box.port), guard=guard, templates=templates),
            "ada@a.example",
        )
        assert isinstance(error, ChannelError) and "not an address for mail" in str(error)
    (error,) = _send(_channel(templates, box), "ada@a.example")
    assert isinstance(error, ChannelError) and not error.unknown and not error.permanent


def test_a_server_that_wants_few_messages_a_session_gets_more_sessions(templates: Path, box: Mailbox) -> None:
    box.per_session = 2
    assert _send(_channel(templates, box), *SETTINGS.recipients * 2) == [None] * 6
    assert (len(box.taken), box.sessions) == (6, 3)

from __future__ import annotations

import errno
import os
import smtplib
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from unsealed.newsroom.smtp import Drop, MailRules, MailServer, mail_server


def message(subject: str = "Was geöffnet wurde") -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = "digest@unsealed.example", "a@reader.example", subject
    mail.set_content("Text mit Umlauten: äöü\n.\nund einem Punkt allein.\n")
    mail.add_alternative("<p>开源</p>", subtype="html")
    mail.set_boundary("=-always-the-same-=")
    return mail


def send(
    server: MailServer, *recipients: str, mail: EmailMessage | None = None
) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        return client.send_message(mail or message(), to_addrs=recipients)


def test_an_accepted_message_is_kept_as_it_came_with_its_envelope(tmp_path: Path) -> None:
    sent = message()
    with mail_server(tmp_path / "mailbox") as server:
        assert send(server, "a@reader.example", "b@reader.example", mail=sent) == {}
        assert server.accepted == 1
        (path,) = server.messages()
    assert path.name == "0001.eml"
    raw = path.read_bytes()
    kept = message_from_bytes(raw, policy=policy.default)
    end_of_head = b"\r\n\r\n"
    assert raw.partition(end_of_head)[2] == sent.as_bytes().partition(end_of_head)[2]
    assert kept["Return-Path"] == "<digest@unsealed.example>"
    assert kept.get_all("Delivered-To") == ["a@reader.example", "b@reader.example"]
    assert kept["Subject"] == "Was geöffnet wurde"
    body = kept.get_body(("plain",))
    assert body is not None and "\n.\nund" in body.get_content().replace("\r\n", "\n")
    assert [p.name for p in (tmp_path / "mailbox").iterdir()] == ["0001.eml"]


def test_numbers_go_on_after_those_of_an_earlier_run(tmp_path: Path) -> None:
    for _ in range(2):
        with mail_server(tmp_path) as server:
            send(server, "a@reader.example")
            send(server, "a@reader.example")
            assert server.accepted == 2
    assert [path.name for path in server.messages()] == [f"000{n}.eml" for n in (1, 2, 3, 4)]


def test_one_refused_recipient_does_not_stop_the_other(tmp_path: Path) -> None:
    with mail_server(tmp_path, MailRules(refuse=frozenset({"gone@reader.example"}))) as server:
        refused = send(server, "Gone@reader.example", "a@reader.example")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(server, "gone@reader.example")
        assert server.accepted == 1
    assert refused["Gone@reader.example"][0] == 550


def test_a_greylisted_recipient_is_accepted_the_second_time(tmp_path: Path) -> None:
    with mail_server(tmp_path, MailRules(greylist=True)) as server:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            send(server, "a@reader.example")
        assert send(server, "a@reader.example") == {}
        assert len(server.messages()) == 1
    assert caught.value.recipients["a@reader.example"][0] == 451


@pytest.mark.parametrize(("drop", "kept"), [(Drop.KEPT, 1), (Drop.LOST, 0)])
def test_a_server_that_hangs_up_after_data_leaves_the_sender_in_doubt(
    tmp_path: Path, drop: Drop, kept: int
) -> None:
    before = set(threading.enumerate())
    with mail_server(tmp_path, MailRules(drop=drop)) as server:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(server, "a@reader.example")
        assert len(server.messages()) == kept
        assert server.accepted == 0
    assert set(threading.enumerate()) == before


def test_a_message_that_is_too_large_is_refused(tmp_path: Path) -> None:
    mail = message()
    mail.add_attachment(b"\0" * 8 * 2**20, maintype="application", subtype="octet-stream")
    with mail_server(tmp_path) as server:
        with pytest.raises(smtplib.SMTPResponseException) as caught:
            send(server, "a@reader.example", mail=mail)
        assert server.messages() == ()
    assert caught.value.smtp_code == 552


def test_a_message_that_cannot_be_kept_is_not_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with mail_server(tmp_path) as server:
        with pytest.raises(smtplib.SMTPResponseException, match="No space left") as caught:
            send(server, "a@reader.example")
        assert (server.accepted, list(tmp_path.iterdir())) == (0, [])
    assert caught.value.smtp_code == 452

"""Mail through the real adapter, to a real server that behaves badly at each stage."""

import io
from pathlib import Path

import pytest
from support.mail import Fault, sink

from notifier.apprise_sender import AppriseSender
from notifier.message import Message, Tone
from notifier.sender import Sent

MESSAGE = Message(
    title="TLP:AMBER HIGH INC-1 (worse): SSH brute force, web1",
    body="Worse than before.\n.\n.. dots, and a word in Grüßen",
    tone=Tone.ALARM,
    visible_id="D-7",
    thread="inc-1.0123456789abcdef",
    subject="TLP:AMBER HIGH INC-1: SSH brute force",
)


@pytest.fixture(scope="module")
def sender() -> AppriseSender:
    return AppriseSender(console=io.StringIO(), folder=Path.cwd())


@pytest.mark.parametrize(
    ("fault", "code", "outcome", "kept"),
    [
        (Fault.GREETS_NOT, 0, Sent.RETRY, 0),
        (Fault.REFUSES_MAIL, 451, Sent.RETRY, 0),
        (Fault.REFUSES_MAIL, 550, Sent.PERMANENT, 0),
        (Fault.REFUSES_RCPT, 450, Sent.RETRY, 0),
        (Fault.REFUSES_RCPT, 550, Sent.PERMANENT, 0),
        (Fault.REFUSES_DATA, 451, Sent.RETRY, 0),
        (Fault.REFUSES_DATA, 554, Sent.PERMANENT, 0),
        (Fault.REFUSES_END, 452, Sent.RETRY, 0),
        (Fault.REFUSES_END, 554, Sent.PERMANENT, 0),
        (Fault.STALLS_MAIL, 0, Sent.RETRY, 0),
        (Fault.STALLS_END, 0, Sent.UNCERTAIN, 1),
        (Fault.DROPS_RCPT, 0, Sent.RETRY, 0),
        (Fault.DROPS_DATA, 0, Sent.UNCERTAIN, 0),
        (Fault.DROPS_END, 0, Sent.UNCERTAIN, 1),
        (Fault.STALLS_QUIT, 0, Sent.ACCEPTED, 1),
    ],
)
def test_faults(sender: AppriseSender, fault: Fault, code: int, outcome: Sent, kept: int) -> None:
    """Before the mail's end has left, nothing was handed over; after it, only an answer says that it was taken."""
    with sink(fault=fault, code=code) as server:
        result = sender.send(server.url, MESSAGE)
        assert result.outcome is outcome
        assert len(server.taken) == kept
    assert not code or str(code) in result.detail
    assert "ana@example.com" not in result.detail


def test_nobody_listens(sender: AppriseSender) -> None:
    """A refused connection handed nothing over."""
    with sink() as server:
        gone = server.url
    assert sender.send(gone, MESSAGE).outcome is Sent.RETRY


def test_a_mail_as_it_arrives(sender: AppriseSender) -> None:
    """Plain text, whole; a machine wrote it, nobody answers it automatically, and what may differ is not in Subject."""
    with sink() as server:
        assert sender.send(server.url + "&%2BX-Tocsin=forged&%2BX-Site=north", MESSAGE).outcome is Sent.ACCEPTED
        assert sender.check(server.url) == []
        (mail,) = server.taken
    assert server.recipients == ["ana@example.com"]
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == f"{MESSAGE.title}\n\n{MESSAGE.body}"
    assert mail["Subject"] == MESSAGE.subject
    assert mail.get_all("Message-ID") == ["<d-7.inc-1.0123456789abcdef@example.org>"]
    assert mail["References"] == mail["In-Reply-To"] == "<inc-1.0123456789abcdef@example.org>"
    assert (mail["Auto-Submitted"], mail.get_all("X-Tocsin"), mail["X-Site"]) == ("auto-generated", ["D-7"], "north")


def test_a_mail_that_stands_alone(sender: AppriseSender) -> None:
    """What is about many incidents is in nobody's thread."""
    alone = Message(title="3 more incidents", body="…", tone=Tone.CALM, visible_id="D-9")
    with sink() as server:
        assert sender.send(server.url, alone).outcome is Sent.ACCEPTED
        (mail,) = server.taken
    assert mail["Subject"] == alone.title
    assert mail["References"] is None
    assert len(mail.get_all("Message-ID") or ()) == 1


@pytest.mark.parametrize("more", ["&cc=bo@example.com", "&bcc=bo@example.com", "&format=html"])
def test_one_recipient_and_plain_text(sender: AppriseSender, more: str) -> None:
    """An address with a second recipient, or with markup, is an error before it is needed."""
    with sink() as server:
        assert sender.check(server.url + more)

"""The adapter with the real Apprise, against real peers that behave badly."""

import asyncio
import io
import socket
import stat
import threading
from pathlib import Path

import pytest
from support.peers import peer

from notifier.apprise_sender import AppriseSender
from notifier.message import Message, Tone
from notifier.sender import SendResult, Sent

MESSAGE = Message(title="HIGH INC-1: SSH brute force", body="New incident.\n<b>not</b> html", tone=Tone.ALARM)


@pytest.fixture
def console() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def sender(console: io.StringIO, tmp_path: Path) -> AppriseSender:
    return AppriseSender(console=console, folder=tmp_path)


async def send(sender: AppriseSender, url: str, message: Message = MESSAGE) -> SendResult:
    return await asyncio.to_thread(sender.send, url, message)


async def test_accepted(sender: AppriseSender) -> None:
    """A message arrives once, as it was written."""
    async with peer() as receiver:
        result = await send(sender, receiver.url)
        assert result.outcome is Sent.ACCEPTED
        assert [(got["title"], got["message"], got["type"]) for got in receiver.got] == [
            (MESSAGE.title, MESSAGE.body, "failure")
        ]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (500, Sent.RETRY),
        (503, Sent.RETRY),
        (429, Sent.RETRY),
        (504, Sent.UNCERTAIN),
        (401, Sent.PERMANENT),
        (404, Sent.PERMANENT),
    ],
)
async def test_refused(sender: AppriseSender, answer: int, outcome: Sent) -> None:
    """What the peer answers decides whether it is worth trying again; the detail says it without any secret."""
    async with peer() as receiver:
        receiver.answer = answer
        result = await send(sender, receiver.url)
        assert result.outcome is outcome
        assert str(answer) in result.detail
        assert "hunter2pass" not in result.detail
        assert len(receiver.got) == 1  # Apprise tried once: trying again is the outbox's business


async def test_late(sender: AppriseSender) -> None:
    """A peer that took the message and did not answer in time may have it: uncertain."""
    async with peer() as receiver:
        receiver.hold = asyncio.Event()
        result = await send(sender, receiver.url)
        assert result.outcome is Sent.UNCERTAIN
        assert 0.4 < result.elapsed_seconds < 4
        assert len(receiver.got) == 1


async def test_nobody_there(sender: AppriseSender) -> None:
    """A refused connection handed nothing over: try again later, unmarked."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        result = await send(sender, f"json://127.0.0.1:{taken.getsockname()[1]}/")
    assert result.outcome is Sent.RETRY


async def test_hostile_text_is_not_judged(sender: AppriseSender) -> None:
    """A message that talks of timeouts does not make a refusal uncertain."""
    async with peer() as receiver:
        receiver.answer = 500
        hostile = Message(title="Socket Exception: timed out", body="error=404 timed out", tone=Tone.CALM)
        assert (await send(sender, receiver.url, hostile)).outcome is Sent.RETRY


async def test_redirects_are_not_followed(sender: AppriseSender) -> None:
    """A peer cannot make us hand the message to somebody else."""
    async with peer() as receiver, peer() as other:
        receiver.answer, receiver.location = 307, f"http://127.0.0.1:{other.port}/"
        assert (await send(sender, receiver.url)).outcome is Sent.PERMANENT
        assert other.got == []


async def test_retries_and_optional_in_the_address_do_not_count(sender: AppriseSender) -> None:
    """Options of Apprise cannot turn a failure into a success or hold a lane."""
    async with peer() as receiver:
        receiver.answer = 500
        result = await send(sender, receiver.url + "&optional=yes&retry=3&wait=5")
        assert result.outcome is Sent.RETRY
        assert len(receiver.got) == 1


async def test_a_slow_peer_does_not_delay_another(sender: AppriseSender) -> None:
    """While many sends hang, another one is done at once."""
    async with peer() as slow, peer() as fast:
        slow.hold = asyncio.Event()
        patient = slow.url.replace("rto=0.5", "rto=30")  # they hang until the peer goes away
        hanging = [threading.Thread(target=sender.send, args=(patient, MESSAGE), daemon=True) for _ in range(12)]
        for thread in hanging:
            thread.start()
        for _ in hanging:
            await asyncio.wait_for(slow.arrived.acquire(), 5)
        assert (await send(sender, fast.url)).outcome is Sent.ACCEPTED
        assert all(thread.is_alive() for thread in hanging)  # none of them had to end first


def test_console(sender: AppriseSender, console: io.StringIO) -> None:
    """The console gets one readable block."""
    assert sender.send("tocsin-console://", MESSAGE).outcome is Sent.ACCEPTED
    assert console.getvalue() == f"{MESSAGE.title}\n    New incident.\n    <b>not</b> html\n\n"


def test_closed_console(sender: AppriseSender, console: io.StringIO) -> None:
    """A console that is gone is a failed attempt."""
    console.close()
    result = sender.send("tocsin-console://", MESSAGE)
    assert result.outcome is Sent.RETRY
    assert "console" in result.detail


def test_two_senders(console: io.StringIO, tmp_path: Path) -> None:
    """Each sender writes to its own console: nothing is registered for the whole process."""
    other = io.StringIO()
    first, second = (AppriseSender(console=stream, folder=tmp_path) for stream in (console, other))
    first.send("tocsin-console://", MESSAGE)
    assert not other.getvalue()
    second.send("tocsin-console://", MESSAGE)
    assert console.getvalue() == other.getvalue()


def test_file(sender: AppriseSender, tmp_path: Path) -> None:
    """A file gets one block per message, and only we may read it."""
    for url in ("tocsin-file://out%20box.txt", f"tocsin-file://{tmp_path}/out box.txt"):
        assert sender.send(url, MESSAGE).outcome is Sent.ACCEPTED
    written = tmp_path / "out box.txt"
    assert written.read_text().count(MESSAGE.title) == 2
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_file_that_cannot_be_written(sender: AppriseSender, tmp_path: Path) -> None:
    """A path that cannot be written to is tried again; its folder must exist."""
    (tmp_path / "folder").mkdir()
    assert sender.send("tocsin-file://folder", MESSAGE).outcome is Sent.RETRY
    assert sender.send("tocsin-file://nowhere/x", MESSAGE).outcome is Sent.PERMANENT


async def test_long_messages_are_cut(sender: AppriseSender) -> None:
    """A message longer than the channel takes is cut by us, and says so."""
    async with peer() as receiver:
        await send(sender, receiver.url, Message(title="t", body="x" * 40_000, tone=Tone.CALM))
        assert len(receiver.got[0]["message"]) <= 32_768
        assert receiver.got[0]["message"].endswith("characters cut)")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nosuch://hunter2pass@host", "nosuch"),
        ("hunter2pass", ""),
        ("json://", "JSON"),
        ("mailto://user:hunter2pass@example.com?to=one@example.com,hunter2pass", "2 recipients"),
        ("mailto://user:hunter2pass@example.com?to=hunter2pass", "invalid To email"),
        ("mailto://user:hunter2pass@example.com?to=one@example.com,two@example.com", "2 recipients"),
        ("json://user:hunter2pass@host/?rto=hunter2pass", "rto"),
        ("tocsin-file://", "no path"),
        ("tocsin-file://nowhere/x", "does not exist"),
    ],
)
def test_check(sender: AppriseSender, url: str, words: str) -> None:
    """A bad address is told before it is needed, also where Apprise only warns, and no secret is printed."""
    wrong = sender.check(url)
    assert wrong
    assert words in " ".join(wrong)
    assert "hunter2pass" not in " ".join(wrong)


@pytest.mark.parametrize("url", ["tocsin-console://", "tocsin-file://x.txt", "json://user:pass@host/", "ntfy://topic"])
def test_check_passes(sender: AppriseSender, url: str) -> None:
    """A good address has nothing wrong with it."""
    assert sender.check(url) == []


def test_channels(sender: AppriseSender) -> None:
    """What goes to one host shares a lane, and the lane's name tells no secret."""
    assert sender.channel("json://a:b@host/x") == sender.channel("json://c@host/y?z=1")
    assert sender.channel("json://a:b@host/x") != sender.channel("json://a:b@other/x")
    assert sender.channel("tocsin-console://") == "tocsin-console"
    assert sender.channel("tocsin-file://a") != sender.channel("tocsin-file://b")
    assert "bottoken" not in sender.channel("tgram://bottoken/chat")


@pytest.mark.parametrize(
    ("header", "says", "seconds"),
    [
        ("30", b"", 30),
        ("99999999", b"", 3600),
        ("-5", b"", 0),
        ("soon", b"", 0),
        ("Mon, 02 Mar 2020 09:00:00 GMT", b"", 0),
        ("", b'{"retry_after": 1.5, "global": false}', 1.5),
        ("", b'{"ok":false,"error_code":429,"parameters":{"retry_after":7}}', 7),
        ("", b"[]", 0),
    ],
)
async def test_when_to_come_again(sender: AppriseSender, header: str, says: bytes, seconds: float) -> None:
    """A peer that is asked too often says until when to leave it alone, in a header or as Discord and Telegram do."""
    async with peer() as receiver:
        receiver.answer, receiver.retry_after, receiver.says = 429, header, says
        result = await send(sender, receiver.url)
    assert (result.outcome, result.wait_seconds) == (Sent.RETRY, seconds)


async def test_an_answer_that_drips(sender: AppriseSender) -> None:
    """A peer that took the message and talks on and on is not listened to for ever."""
    async with peer() as receiver:
        receiver.drips = 20
        assert (await send(sender, receiver.url)).outcome is Sent.ACCEPTED
        assert len(receiver.taken) == 1


async def test_an_answer_without_end(sender: AppriseSender) -> None:
    """Of a huge answer a part is read, and its status counts."""
    async with peer() as receiver:
        receiver.answer, receiver.says = 403, b"x" * (4 << 20)
        assert (await send(sender, receiver.url)).outcome is Sent.PERMANENT

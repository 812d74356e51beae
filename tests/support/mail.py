"""A real SMTP server on this machine that keeps mails, or misbehaves on purpose at a stage."""

import asyncio
import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session


class Fault(StrEnum):
    """What it does wrong."""

    NONE = "none"
    GREETS_NOT = "greets not"  #: takes the connection and says nothing
    REFUSES_MAIL = "refuses at MAIL"
    REFUSES_RCPT = "refuses at RCPT"
    REFUSES_DATA = "refuses at DATA"
    REFUSES_END = "refuses at the end of the mail"
    STALLS_MAIL = "stalls at MAIL"
    STALLS_END = "takes the mail and says nothing"
    DROPS_RCPT = "closes at RCPT"
    DROPS_DATA = "closes in the middle of the mail"
    DROPS_END = "takes the mail and closes without an answer"
    STALLS_QUIT = "takes the mail, and does not answer QUIT"


@dataclass
class Sink:
    """What came, and how to behave; both may be changed from any thread while it runs."""

    port: int = 0
    fault: Fault = Fault.NONE
    code: int = 550  #: with which it refuses
    slow_seconds: float = 0.0  #: before each mail is taken
    taken: list[EmailMessage] = field(default_factory=list)  #: mails that it kept, whether it said so or not
    recipients: list[str] = field(default_factory=list)
    connections: list[asyncio.Transport] = field(default_factory=list, repr=False)

    @property
    def url(self) -> str:
        """Its address for Apprise, to one recipient."""
        return self.url_to("ana@example.com")

    def url_to(self, recipient: str, more: str = "&rto=0.3&cto=0.3") -> str:
        """Its address for another one."""
        return f"mailto://127.0.0.1:{self.port}?from=tocsin@example.org&to={recipient}{more}"

    @property
    def refusal(self) -> str:
        """A refusal as it goes over the wire."""
        return f"{self.code} no thanks"


@dataclass
class _Handler:
    sink: Sink

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if self.sink.fault is Fault.REFUSES_MAIL:
            return self.sink.refusal
        if self.sink.fault is Fault.STALLS_MAIL:
            await _for_ever()
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if self.sink.fault is Fault.REFUSES_RCPT:
            return self.sink.refusal
        if self.sink.fault is Fault.DROPS_RCPT:
            _drop(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self.sink.fault
        if fault is Fault.REFUSES_END:
            return self.sink.refusal
        await asyncio.sleep(self.sink.slow_seconds)
        content = cast(bytes, envelope.content)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        self.sink.taken.append(mail)
        self.sink.recipients.extend(envelope.rcpt_tos)
        if fault is Fault.STALLS_END:
            await _for_ever()
        if fault is Fault.DROPS_END:
            _drop(server)
        return "250 taken"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.sink.fault is Fault.STALLS_QUIT:
            await _for_ever()
        return "221 bye"


class _Server(SMTP):
    """What no handler is asked for."""

    sink: Sink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.sink.connections.append(cast(asyncio.Transport, transport))
        if self.sink.fault is Fault.GREETS_NOT:
            self.transport = cast(asyncio.Transport, transport)
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.sink.fault is not Fault.GREETS_NOT:
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return None if self.sink.fault is Fault.GREETS_NOT else super().eof_received()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.sink.fault is Fault.REFUSES_DATA:
            await self.push(self.sink.refusal)
        elif self.sink.fault is Fault.DROPS_DATA:
            await self.push("354 go on")
            await self._reader.readline()
            _drop(self)
        else:
            await super().smtp_DATA(arg)


@contextmanager
def sink(**changes: Any) -> Iterator[Sink]:
    """A running server, in a thread of its own: what is sent to it may block the test's."""
    it, loop, runs = Sink(**changes), asyncio.new_event_loop(), threading.Event()
    servers: list[asyncio.Server] = []

    def answer() -> SMTP:
        server = _Server(_Handler(it), hostname="sink.test", data_size_limit=4_000_000, loop=loop)
        server.sink = it
        return server

    async def serve() -> None:
        server = await loop.create_server(answer, "127.0.0.1", 0)
        servers.append(server)
        it.port = server.sockets[0].getsockname()[1]
        runs.set()

    def live() -> None:
        loop.create_task(serve())
        loop.run_forever()
        servers[0].close()
        for connection in it.connections:
            connection.abort()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        for _ in range(3):  # cancelled tasks end, transports close
            loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=live, name="mail sink", daemon=True)
    thread.start()
    assert runs.wait(10), "the mail server does not start"
    try:
        yield it
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _drop(server: SMTP) -> None:
    """Cut the connection; nothing more is said on it."""
    cast(asyncio.Transport, server.transport).abort()
    raise asyncio.CancelledError

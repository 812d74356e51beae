"""A receiver of messages that misbehaves on purpose."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Taken:
    """One request as it came over the wire."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Peer:
    """An HTTP receiver on a free port of this machine. Remembers what it got."""

    port: int = 0
    answer: int = 200  #: the status it answers with
    hold: asyncio.Event | None = None  #: while set up and not set, it takes a message and does not answer
    answers: list[int] = field(default_factory=list)  #: statuses before that one, in turn
    retry_after: str = ""  #: when it says it may be asked again
    says: bytes = b"timed out: refused"  #: the body of its answer
    drips: int = 0  #: how many more bytes it says after that, one at a time
    location: str = ""  #: where it redirects to
    taken: list[Taken] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))  #: released by each message

    @property
    def url(self) -> str:
        """Its address for Apprise."""
        return f"json://user:hunter2pass@127.0.0.1:{self.port}/hook?rto=0.5&cto=0.5"

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Remember the message, then behave as told."""
        body = await request.read()
        self.taken.append(Taken(path=request.path, headers=dict(request.headers), body=body))
        with contextlib.suppress(ValueError):
            self.got.append(json.loads(body))
        self.arrived.release()
        if self.hold is not None:
            await self.hold.wait()
        said = {"Location": self.location, "Retry-After": self.retry_after}
        headers = {name: value for name, value in said.items() if value}
        status = self.answers.pop(0) if self.answers else self.answer
        if not self.drips:
            return web.Response(status=status, headers=headers, body=self.says)
        return await self._drip(request, web.StreamResponse(status=status, headers=headers))

    async def _drip(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(self.drips):
                await response.write(b".")
                await asyncio.sleep(0.01)
        return response


@asynccontextmanager
async def peer() -> AsyncIterator[Peer]:
    """A running receiver."""
    it = Peer()
    app = web.Application(client_max_size=4_000_000)
    app.router.add_route("*", "/{path:.*}", it.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    it.port = runner.addresses[0][1]
    try:
        yield it
    finally:
        if it.hold is not None:
            it.hold.set()
        await runner.cleanup()

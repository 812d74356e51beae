"""A receiver of messages that misbehaves on purpose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Peer:
    """An HTTP receiver on a free port of this machine. Remembers what it got."""

    port: int = 0
    answer: int = 200  #: the status it answers with
    hold: asyncio.Event | None = None  #: while set up and not set, it takes a message and does not answer
    location: str = ""  #: where it redirects to
    got: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))  #: released by each message

    @property
    def url(self) -> str:
        """Its address for Apprise."""
        return f"json://user:hunter2pass@127.0.0.1:{self.port}/hook?rto=0.5&cto=0.5"

    async def take(self, request: web.Request) -> web.Response:
        """Remember the message, then behave as told."""
        self.got.append(await request.json())
        self.arrived.release()
        if self.hold is not None:
            await self.hold.wait()
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.answer, headers=headers, text="timed out: refused")


@asynccontextmanager
async def peer() -> AsyncIterator[Peer]:
    """A running receiver."""
    it = Peer()
    app = web.Application()
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

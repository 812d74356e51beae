"""Connections on which nobody asks anything: let go after a while, so that they are no way to use all up.

aiohttp itself bounds the time between two requests, not that until the first.
"""

import asyncio
from collections.abc import Callable, Collection

from aiohttp import web

from detector.api.problem import Handler

Connections = Callable[[], Collection[web.RequestHandler]]


class Patience:
    """Waits for the head of the first request of each connection.

    Args:
        seconds: How long, at least; at most half as long again.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._heard: set[object] = set()
        self._silent: dict[object, float] = {}  #: since when, by the clock of the loop
        self._next: asyncio.TimerHandle | None = None

    def listen(self, app: web.Application) -> None:
        """Hear of each request; before *app* starts."""

        @web.middleware
        async def hear(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._heard.add(request.protocol)
            return await handler(request)

        app.middlewares.insert(0, hear)

    def begin(self, connections: Connections) -> None:
        """Look again and again at who is there."""
        now = asyncio.get_running_loop().time()
        here = connections()
        self._heard.intersection_update(here)
        self._silent = {one: self._silent.get(one, now) for one in here if one not in self._heard}
        for one in here:
            if now - self._silent.get(one, now) >= self._seconds:
                one.force_close()
        self._next = asyncio.get_running_loop().call_later(self._seconds / 2, self.begin, connections)

    def end(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()

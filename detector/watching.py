"""Looks whether watches begin, go on longer or end, and closes what only waited for that."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from store.clock import Clock
from store.database import Store
from store.errors import InvariantBroken, OwnershipLost, Refused, StoreError
from store.repository.follow_up import watching
from store.repository.steps import closing
from store.tx import Tx

log = structlog.get_logger()

#: How often is looked: a match against a promise goes to people, so it is soon.
LOOK_EVERY = timedelta(seconds=2)
#: So long before the end of a watch seconds matter to the coverage log.
SOON = timedelta(minutes=1)


class Watching:
    """Has watches go on.

    Args:
        wake: Called when somebody should hear of it.
    """

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Look until *stop*. What the store refuses for now is tried again soon."""
        while not stop.is_set():
            try:
                await self.look()
            except OwnershipLost:
                raise
            except StoreError as error:
                log.warning("the store refused to judge what is watched; tried again soon", error=str(error))
            await self._clock.wait_until(self._clock.now() + LOOK_EVERY, stop)

    async def look(self) -> int:
        """Do what is due now, each in a transaction of its own. Returns how many watches or incidents ended."""
        now, ended = self._clock.now(), 0
        for number, which in await self._store.read(lambda connection: watching.due(connection, now)):
            ended += await self._do(number, partial(watching.go_on, number=number, which=which))
        for number in await self._store.read(closing.ripe):
            ended += await self._do(number, partial(closing.close_by_itself, number=number))
        if ended:
            self._wake()
        return ended

    async def _do(self, number: int, work: Callable[[Tx], bool]) -> bool:
        """One incident that cannot go on holds up no other."""
        try:
            return await self._store.write(work)
        except (Refused, InvariantBroken) as error:
            log.error("what is watched cannot go on by itself", incident=number, error=str(error))
            return False


async def is_urgent(store: Store, clock: Clock) -> bool:
    """Whether a watch is over within a minute, or waits for its last lines."""
    end: datetime | None = await store.read(watching.next_end)
    return end is not None and end - clock.now() < SOON

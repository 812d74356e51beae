"""Alerts of other systems that are not reported any more: looked for by when there should have been word of them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.repository.intake import alerts

log = structlog.get_logger()

LOOK_EVERY = timedelta(seconds=2)


class Expiry:
    """Has alerts expire whose senders said until when to wait for them, and were not heard by then.

    Args:
        wake: Called with the name of an intake at which something is to be read then.
    """

    def __init__(self, store: Store, clock: Clock, wake: Callable[[str], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Look until *stop*. While we were away nobody could be heard: senders get their time again."""
        up_since = self._clock.now()
        while not stop.is_set():
            try:
                await self.expire_due(up_since)
            except OwnershipLost:
                raise
            except StoreError as error:
                log.warning("the store refused to have alerts expire; tried again soon", error=str(error))
            await self._clock.wait_until(self._clock.now() + LOOK_EVERY, stop)

    async def expire_due(self, up_since: datetime) -> frozenset[str]:
        """Have expire what is due. Returns the names of the intakes at which that is to be read."""
        due = await self._store.read(alerts.next_due)
        if due is None or due > self._clock.now():
            return frozenset()
        found = await self._store.write(lambda tx: alerts.expire(tx, up_since))
        for name in sorted(found):
            self._wake(name)
        return found

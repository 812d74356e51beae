"""What happens by itself: proposals lapse, observations end, and who was told of goes on to be reported."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.repository import dismissals, notifying
from store.tx import Tx

log = structlog.get_logger()

#: How often is looked whether something is due; people wait for what comes next.
LOOK_EVERY = timedelta(seconds=5)


class Lapses:
    """Ends what is due.

    Args:
        wake: Called when somebody should hear of it.
    """

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """End what is due until *stop*. What the store refuses for now is tried again soon."""
        while not stop.is_set():
            try:
                await self.end_due()
                await self.go_on()
            except OwnershipLost:
                raise
            except StoreError as error:
                log.warning("the store refused to end what is due; tried again soon", error=str(error))
            await self._clock.wait_until(self._clock.now() + LOOK_EVERY, stop)

    async def end_due(self) -> int:
        """End what is due now. Returns how much that was."""
        due = await self._store.read(dismissals.next_due)
        if due is None or due > self._clock.now():
            return 0
        ended = await self._store.write(_end)
        if ended:
            self._wake()
        return ended

    async def go_on(self) -> int:
        """Have incidents go on to reporting whose people were told. Returns how many those were."""
        moved = 0
        while await self._store.read(notifying.ready):
            count = await self._store.write(notifying.go_on)
            moved += count
            if not count:
                break
        return moved


def _end(tx: Tx) -> int:
    return dismissals.lapse(tx) + dismissals.end_observations(tx)

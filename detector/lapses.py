"""What ends by itself at a moment: proposals that nobody settled, observations that a person limited."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.repository import dismissals
from store.tx import Tx

log = structlog.get_logger()

#: What people decide meanwhile is looked for this often.
LOOK_EVERY = timedelta(minutes=1)


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
        """End what is due until *stop*. What the store refuses for now is tried again in a minute."""
        while not stop.is_set():
            try:
                await self.end_due()
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


def _end(tx: Tx) -> int:
    return dismissals.lapse(tx) + dismissals.end_observations(tx)

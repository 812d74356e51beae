"""What happens by itself: proposals lapse, observations end, who was told of goes on to be reported, people are
reminded.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.repository.grouping import flapping
from store.repository.hiding import exceptions, silences
from store.repository.incident import classification, dismissals
from store.repository.record import agenda
from store.repository.steps import duties, notifying
from store.site import Site
from store.tx import Tx

log = structlog.get_logger()

#: How often is looked whether something is due; people wait for what comes next.
LOOK_EVERY = timedelta(seconds=5)


class Lapses:
    """Ends what is due, and reminds of it before.

    Args:
        site: What governs the process now; asked at each look.
        wake: Called when somebody should hear of it.
    """

    def __init__(self, store: Store, clock: Clock, site: Callable[[], Site], wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._wake = wake
        self._known: Site | None = None  #: by whose clocks it is noted when to look at what

    async def run(self, stop: asyncio.Event) -> None:
        """End what is due until *stop*. What the store refuses for now is tried again soon."""
        while not stop.is_set():
            try:
                await self.end_due()
                await self.go_on()
                await self.remind()
            except OwnershipLost:
                raise
            except StoreError as error:
                log.warning("the store refused to end what is due; tried again soon", error=str(error))
            await self._clock.wait_until(self._clock.now() + LOOK_EVERY, stop)

    async def end_due(self) -> int:
        """End what is due now. Returns how much that was."""
        due = await self._store.read(_next_due)
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

    async def remind(self) -> int:
        """Remind people of what is due now. Returns how many records were looked at."""
        site, looked = self._site(), 0
        if site != self._known:
            await self._store.write(agenda.look_at_all)
            self._known = site
        while await self._store.read(lambda connection: agenda.is_due(connection, self._clock.now())):
            found = await self._store.read(lambda connection: duties.survey(connection, site, self._clock.now()))
            await self._store.write(partial(agenda.looked, items=found.quiet))
            for item in found.due:  # one by one: a write must be short
                await self._store.write(partial(duties.remind, site=site, item=item))
            looked += len(found.quiet) + len(found.due)
            if found.due:
                self._wake()
        return looked


def _next_due(connection: Connection) -> datetime | None:
    nouns = (dismissals, classification, exceptions, silences, flapping)
    moments = (noun.next_due(connection) for noun in nouns)
    return min((moment for moment in moments if moment is not None), default=None)


def _end(tx: Tx) -> int:
    ended = dismissals.lapse(tx) + dismissals.end_observations(tx) + classification.lapse(tx)
    return ended + exceptions.lapse(tx) + len(silences.lapse(tx)) + flapping.lapse(tx)

"""Writes what people are told of the installation itself: the daily digest, and what a silence hid once it is over."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from notifier import digest
from notifier.plan import Routing
from notifier.route import Receiver
from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.letter import Letter
from store.notice import NewDelivery
from store.repository.hiding import hidden
from store.repository.overview import day
from store.repository.telling import letters
from store.silence import Silence
from store.tx import Tx

log = structlog.get_logger()

#: How often is looked whether something is due.
LOOK_EVERY = timedelta(seconds=5)


class Letters:
    """Writes letters when they are due.

    Args:
        routing: What the configuration says now; asked at each look.
        channel_of: The lane of an address.
        wake: Called when something is to be sent.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        routing: Callable[[], Routing],
        channel_of: Callable[[str], str],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._routing = routing
        self._channel_of = channel_of
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Write what is due until *stop*. What the store refuses for now is tried again soon."""
        while not stop.is_set():
            try:
                await self.write_due()
            except OwnershipLost:
                raise
            except StoreError as error:
                log.warning("the store refused a letter; tried again soon", error=str(error))
            await self._clock.wait_until(self._clock.now() + LOOK_EVERY, stop)

    async def write_due(self) -> int:
        """Write what is due now. Returns how many letters those are."""
        written = await self._tell_hidden()
        for receiver in self._routing().receivers.values():
            if receiver.digest_at is not None:
                written += await self._digest(receiver)
        if written:
            self._wake()
        return written

    async def _digest(self, receiver: Receiver) -> int:
        assert receiver.digest_at is not None
        zone = ZoneInfo(receiver.timezone)
        due = digest.due(receiver.digest_at, zone, self._clock.now())
        addressee = receiver.person or f"receiver {receiver.name}"
        if await self._store.read(lambda connection: letters.is_written(connection, addressee, due.occasion)):
            return 0
        site = self._routing().site
        found = await self._store.read(lambda c: day.of(c, site, since=due.since, until=due.until))
        title, body = digest.of_day(found, due.occasion, zone)
        new = Letter(person=addressee, occasion=due.occasion, title=title, body=body)
        deliveries = self._to([receiver], f"daily digest at {receiver.digest_at:%H:%M}")
        return int(await self._store.write(lambda tx: letters.write(tx, new, deliveries)))

    async def _tell_hidden(self) -> int:
        """Ask for what silences hid that hide no more, and tell their makers."""
        now = self._clock.now()
        written = 0
        for one in await self._store.read(lambda connection: hidden.untold(connection, now)):
            asked = 0
            while count := await self._store.write(partial(hidden.ask_again, one=one)):
                asked += count
            written += await self._store.write(partial(self._close, one=one, asked=asked))
            self._wake()
        return written

    def _close(self, tx: Tx, one: Silence, asked: int) -> int:
        hid = hidden.by(tx.connection, [one.number])[one.number]
        theirs = [each for each in self._routing().receivers.values() if each.person == one.created_by]
        zone = ZoneInfo(theirs[0].timezone if theirs else "UTC")
        why = "is over" if one.ended_at else "hides nothing now"
        title, body = digest.of_silence(one, hid, asked, why, zone)
        occasion = f"{one.name} until {tx.now.isoformat()}"
        new = Letter(person=one.created_by, occasion=occasion, title=title, body=body)
        hidden.note_told(tx, one)
        return int(letters.write(tx, new, self._to(theirs[:1], f"made {one.name}")))

    def _to(self, receivers: Sequence[Receiver], because: str) -> list[NewDelivery]:
        return [
            NewDelivery(
                receiver=one.name, target=0, channel=self._channel_of(one.urls[0]), person=one.person, reason=because
            )
            for one in receivers
            if one.urls
        ]

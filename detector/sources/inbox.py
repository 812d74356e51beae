"""What was handed in over HTTP, as a source: the parcels of one intake, in order of arrival."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from detector.sources.source import SourceStatus, StreamState, StreamStatus
from rules.event import Batch, Starts
from rules.intake.alert import NotAccepted
from rules.intake.mapping import AlertMapping
from rules.intake.parcels import FORMAT, KINDS, lines_of
from store.clock import Clock
from store.database import Store
from store.errors import StoreError
from store.repository import inbox
from store.repository.inbox import STREAM, Parcel, number_of, position_of

log = structlog.get_logger()

#: A parcel's lines are as far apart from the next one's as bytes of one can be: no two lines share an offset.
ROOM = 1 << 24
#: How long to wait where nothing is told of, in seconds: what woke nobody is found then.
LOOK_EVERY = 5.0
RETRY_SECONDS = 1.0


class InboxSource:
    """Yields each parcel as a batch of its own.

    Args:
        name: Name of the intake.
        format: Of the lines, where the kind of the intake does not say it.
        mapping: How bodies of any other form become alerts.
        after: Number of the last parcel whose effects are stored; 0: none.
    """

    def __init__(
        self,
        name: str,
        *,
        store: Store,
        clock: Clock,
        format: str = "auto",  # noqa: A002 (the word of the configuration)
        mapping: AlertMapping | None = None,
        after: int = 0,
    ) -> None:
        self.name = name
        self._clock = clock
        self._looked_at: datetime | None = None
        self._format = format
        self._mapping = mapping
        self._store = store
        self._read = self._committed = after
        self._news = asyncio.Event()
        self._closed = False

    def wake(self) -> None:
        """Something was handed in."""
        self._news.set()

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield parcels for ever, until ``close``."""
        while not self._closed:
            self._news.clear()
            try:
                parcels = await self._store.read(lambda connection: inbox.after(connection, self.name, self._read))
            except StoreError as error:
                log.warning("the store refused to read an inbox; tried again soon", source=self.name, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._looked_at = self._clock.now()
            for parcel in parcels:
                batch = self._batch(parcel)
                self._read = parcel.id
                yield batch
            if not parcels:
                await self._wait()

    def committed(self, stream: str, position: bytes) -> None:
        """The parcel with that number, and all that it caused, is stored."""
        self._committed = number_of(position)

    def status(self) -> SourceStatus:
        """One stream, and how far it was read."""
        one = StreamStatus(
            stream=STREAM,
            origin=self._origin,
            state=StreamState.OK,
            offset=self._read,
            committed=self._committed,
            is_unread=self._news.is_set(),
        )
        return SourceStatus(source=self.name, streams=(one,), looked_at=self._looked_at)

    async def close(self) -> None:
        """End ``batches``."""
        self._closed = True
        self._news.set()

    @property
    def _origin(self) -> str:
        return f"intake {self.name}"

    def _batch(self, parcel: Parcel) -> Batch:
        return Batch(
            source=self.name,
            stream=STREAM,
            origin=self._origin,
            data=self._lines(parcel),
            starts=Starts(line=1, offset=parcel.id * ROOM),
            received_at=parcel.received_at,
            before=position_of(self._read),
            after=position_of(parcel.id),
            kind=KINDS[parcel.kind].format or self._format if parcel.kind in KINDS else FORMAT,
        )

    def _lines(self, parcel: Parcel) -> bytes:
        """It was accepted once; should this version not understand it any more, it is passed over, and said."""
        try:
            return lines_of(parcel.kind, parcel.body, parcel.received_at, parcel.id, self._mapping)
        except (NotAccepted, KeyError) as error:
            log.error("a parcel cannot be read any more", source=self.name, parcel=parcel.id, error=str(error))
            return b""

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), LOOK_EVERY)
        except TimeoutError:
            return

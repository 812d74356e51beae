"""What was handed in over HTTP, as a source: the parcels of one intake, in order of arrival."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog

from detector.own_events import OWN
from detector.sources.source import SourceStatus, StreamState, StreamStatus
from rules.event import Batch, Starts
from rules.intake.alert import NotAccepted
from rules.intake.mapping import AlertMapping
from rules.intake.parcels import FORMAT, KINDS, lines_of
from store.clock import Clock
from store.database import Store
from store.errors import StoreError
from store.repository.intake import inbox
from store.repository.intake.inbox import STREAM, Parcel, number_of, position_of

log = structlog.get_logger()

#: A parcel's lines are as far apart from the next one's as bytes of one can be: no two lines share an offset.
ROOM = 1 << 24
#: What came within this is told as having come at once; a line bears seconds at best.
SAME_TIME = timedelta(seconds=1)
#: Of the lines of several parcels in one batch.
MOST_BYTES = 256 * 1024
Opened = tuple[Parcel, bytes]
"""A parcel, and its lines."""
#: How long to wait where nothing is told of, in seconds: what woke nobody is found then.
LOOK_EVERY = 5.0
#: From one look to the next, in seconds: what comes meanwhile is one batch; after a quiet time nothing waits.
PACE = 0.05
RETRY_SECONDS = 1.0


class InboxSource:
    """Yields what came close together as one batch: to run the rules costs a batch more than an alert.

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

    async def batches(self) -> AsyncGenerator[Batch, None]:
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
            for together in _together((parcel, self._lines(parcel)) for parcel in parcels):
                batch = self._batch(together)
                self._read = together[-1][0].id
                yield batch
            if parcels:
                await asyncio.sleep(PACE)
            else:
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
        return "Tocsin itself" if self.name == OWN else f"intake {self.name}"

    def _batch(self, together: Sequence[Opened]) -> Batch:
        (first, _), (last, _) = together[0], together[-1]
        return Batch(
            source=self.name,
            stream=STREAM,
            origin=self._origin,
            data=b"".join(lines for _, lines in together),
            starts=Starts(line=1, offset=first.id * ROOM),
            received_at=first.received_at,
            before=position_of(self._read),
            after=position_of(last.id),
            kind=_format_of(first) or self._format,
        )

    def _lines(self, parcel: Parcel) -> bytes:
        """It was accepted once; should this version not understand it any more, it is passed over, and said."""
        try:
            return lines_of(parcel.kind, parcel.body, parcel.received_at, parcel.id, self._mapping)
        except (NotAccepted, KeyError) as error:
            log.error("a parcel cannot be read any more", source=self.name, parcel=parcel.id, error=str(error))
            return b""

    async def _wait(self) -> None:
        # Not asyncio.wait_for: in Python 3.11 it loses a cancellation that comes together with the news.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY):
                await self._news.wait()


def _together(opened: Iterable[Opened]) -> Iterator[Sequence[Opened]]:
    """What was *opened*, in order, in groups of one format, of one second, and of no more bytes than a batch has."""
    group: list[Opened] = []
    for one in opened:
        if group and not _fits(group, one):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _fits(group: Sequence[Opened], one: Opened) -> bool:
    (first, _), (parcel, lines) = group[0], one
    return (
        parcel.received_at - first.received_at < SAME_TIME
        and _format_of(parcel) == _format_of(first) == FORMAT
        and sum(len(each) for _, each in group) + len(lines) <= MOST_BYTES
    )


def _format_of(parcel: Parcel) -> str:
    return KINDS[parcel.kind].format if parcel.kind in KINDS else FORMAT

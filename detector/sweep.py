"""Removes what was kept long enough: at the start and every hour, in small transactions between the pipeline's."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import timedelta
from itertools import islice
from typing import Protocol, TypeVar

import structlog

from detector.config.sections.serving import Retention
from detector.sources.source import SourceStatus
from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.repository.keeping import retention, room
from store.repository.keeping.retention import AT_ONCE, CHORES, CLOSED_AT_ONCE, Chore, Keep

log = structlog.get_logger()

T = TypeVar("T")

EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(minutes=5)  #: at the size of the store
PAUSE = timedelta(milliseconds=50)  #: after each transaction, so that commits of new lines find the writer free
PAGES_AT_ONCE = 500  #: 2 MB of a SQLite file
PAGES_KEPT = 1_000  #: free ones that stay in the file, for they are soon used again


class Observer(Protocol):
    """Who counts what is removed."""

    def removed(self, kind: str, count: int) -> None:
        """So many rows of one kind were removed."""

    def closed_observations(self, count: int) -> None:
        """So many observations were over."""

    def freed(self, size_bytes: int) -> None:
        """So much of the database's file was given back to the disk."""

    def holds(self, size_bytes: int) -> None:
        """The database holds so much."""


class Sweep:
    """Keeps the store from growing for ever.

    Args:
        keep: How long things are kept, as the configuration says now.
        sources: How each source is doing now.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keep: Callable[[], Keep],
        sources: Callable[[], Sequence[SourceStatus]],
        observer: Observer,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._sources = sources
        self._observer = observer
        self.sentences: tuple[str, ...] = ()  #: what people are to know of the size

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep now and every hour until *stop*, and look at the size between. What is refused is tried again."""
        swept_at = -EVERY.total_seconds()
        while not stop.is_set():
            now = self._clock.monotonic()
            if is_due := now - swept_at >= EVERY.total_seconds():
                swept_at = now
            await self.sweep(stop, only_size=not is_due)
            await self._clock.wait_until(self._clock.now() + LOOK_EVERY, stop)

    async def sweep(self, stop: asyncio.Event, *, only_size: bool = False) -> Mapping[str, int]:
        """Remove all that is due, or what can be removed until *stop*. Returns how many rows of each kind.

        Args:
            only_size: Only what goes because the store is too full.
        """
        gone: Counter[str] = Counter()
        try:
            if not only_size:
                await self._sweep(self._keep(), gone, stop)
            await self._make_room(gone, stop)
        except OwnershipLost:
            raise
        except StoreError as error:
            log.warning("the store refused to remove what was kept long enough; tried again later", error=str(error))
        if gone:
            log.info("removed what was kept long enough", **gone)
        return gone

    async def _make_room(self, gone: Counter[str], stop: asyncio.Event) -> None:
        """Look at the size; if it is too much, keep less and less until it is not."""
        keep = self._keep()
        used = await self._used()
        self.sentences = tuple(filter(None, (room.too_full(used, keep.most_bytes),)))
        if keep.most_bytes is None or used < keep.most_bytes or not await self._store.read(room.can_shed):
            return
        log.warning("the store is too full: what is worth least goes early", used_bytes=used, most=keep.most_bytes)
        for tighter in room.TIGHTER:
            await self._sweep(tighter(keep), gone, stop)
            if stop.is_set() or await self._used() < room.CALM_AT * keep.most_bytes:
                return

    async def _used(self) -> int:
        used = await self._store.read(room.used_bytes)
        self._observer.holds(used)
        return used

    async def _sweep(self, keep: Keep, gone: Counter[str], stop: asyncio.Event) -> None:
        for chore in CHORES:
            await self._do(chore, keep, gone, stop)
        await self._close_observations(gone, stop)
        await self._strip_observations(keep, gone, stop)
        await self._forget_positions(gone, stop)
        await self._shrink(gone, stop)

    async def _do(self, chore: Chore, keep: Keep, gone: Counter[str], stop: asyncio.Event) -> None:
        while keys := await self._store.read(lambda connection: chore.due(connection, keep, self._clock.now())):
            before = gone[chore.kind]
            for some in _parts(keys, AT_ONCE):
                count = await self._store.write(lambda tx, some=some: chore.remove(tx, keep, some))  # type: ignore[misc]
                self._count(chore.kind, count, gone)
                if await self._pause(stop):
                    return
            if gone[chore.kind] == before:
                return  # the store's time is behind the clock's: nothing is due there yet

    async def _close_observations(self, gone: Counter[str], stop: asyncio.Event) -> None:
        ended = await self._store.read(lambda c: retention.ended_observations(c, self._clock.now()))
        for some in _parts(ended, CLOSED_AT_ONCE):
            count = await self._store.write(lambda tx, some=some: retention.close(tx, some))  # type: ignore[misc]
            self._observer.closed_observations(count)
            gone["closed_observations"] += count
            if await self._pause(stop):
                return

    async def _strip_observations(self, keep: Keep, gone: Counter[str], stop: asyncio.Event) -> None:
        faded = await self._store.read(lambda c: retention.faded_observations(c, keep, self._clock.now()))
        for number in faded:
            while count := await self._store.write(lambda tx, number=number: retention.strip(tx, keep, number)):  # type: ignore[misc]
                self._count("observations", count, gone)
                if await self._pause(stop):
                    return

    async def _forget_positions(self, gone: Counter[str], stop: asyncio.Event) -> None:
        living = living_streams(self._sources())
        streams = await self._store.read(lambda c: retention.gone_streams(c, living, self._clock.now()))
        for some in _parts(streams, AT_ONCE):
            count = await self._store.write(lambda tx, some=some: retention.forget_streams(tx, some))  # type: ignore[misc]
            self._count("positions", count, gone)
            if await self._pause(stop):
                return

    async def _shrink(self, gone: Counter[str], stop: asyncio.Event) -> None:
        spare = await self._store.read(room.free_pages) - PAGES_KEPT
        while spare > 0:
            pages = min(spare, PAGES_AT_ONCE)
            size = await self._store.write(lambda tx, pages=pages: room.shrink(tx, pages))  # type: ignore[misc]
            self._observer.freed(size)
            gone["freed_bytes"] += size
            spare -= pages
            if await self._pause(stop):
                return

    def _count(self, kind: str, count: int, gone: Counter[str]) -> None:
        self._observer.removed(kind, count)
        gone[kind] += count

    async def _pause(self, stop: asyncio.Event) -> bool:
        """Let others write for a moment; whether to stop."""
        await self._clock.wait_until(self._clock.now() + PAUSE, stop)
        return stop.is_set()


def keep_of(told: Retention) -> Keep:
    """How long things are kept; 0 days: for ever."""

    def days(number: int) -> timedelta | None:
        return timedelta(days=number) if number else None

    return Keep(
        findings=days(told.findings_days),
        observations=days(told.observations_days),
        deliveries=days(told.deliveries_days),
        raw=days(told.raw_days),
        most_bytes=told.max_store_mb * 2**20 or None,
    )


def living_streams(sources: Sequence[SourceStatus]) -> dict[str, Set[str]]:
    """The streams of each source that has looked at all its paths and could read what it found there.

    Of another one nobody knows whether a file is gone, or its disk is only not there now.
    """
    return {
        one.source: {stream.stream for stream in one.streams}
        for one in sources
        if one.counters.rescans > 0 and not one.is_degraded
    }


def _parts(keys: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(keys)
    while part := list(islice(rest, size)):
        yield part

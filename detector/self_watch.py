"""Looks again and again at how the sources are doing, and hands what lasts to the engine, as any source does."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import structlog
from sqlalchemy import Connection

from detector import own_events
from detector.coverage import Mark
from detector.own_events import OWN, Condition, Limits, Memory, OwnEvent, Seen
from detector.sources.source import SourceStatus, StreamState
from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.repository.intake import inbox, positions, sources
from store.repository.intake.sources import SourceRow
from store.tx import Tx

log = structlog.get_logger()

LOOK_EVERY = timedelta(seconds=10)
SAVE_AFTER_SECONDS = 600.0  #: how much of the waiting a kill may make us forget
KIND = "own"  #: of the parcels
MEMORY = "memory"  #: the stream whose position is what was said so far
#: Where a source says how far it looked, that may be so long ago.
BEHIND = timedelta(seconds=60)
TROUBLES = {StreamState.VANISHED: Condition.VANISHED, StreamState.UNREADABLE: Condition.UNREADABLE}


class Stored(msgspec.Struct, frozen=True):
    """The memories, as they are kept."""

    version: int
    sources: dict[str, Memory]


@dataclass(slots=True)
class SelfWatch:
    """Events of our own.

    Args:
        statuses: How each source is doing.
        limits: What is too much, by name of the source; one that is not named is not looked at.
        wake: The source of own events has something to read.
    """

    store: Store
    clock: Clock
    statuses: Callable[[], Iterable[SourceStatus]]
    limits: Callable[[], Mapping[str, Limits]]
    wake: Callable[[], None]
    _memories: dict[str, Memory] | None = None
    _marks: dict[str, Mark] = field(default_factory=dict)
    _looked_at: float = 0.0  #: monotonic seconds
    _saved_at: float = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Look until *stop*. What the store refuses is said at a later look."""
        while not stop.is_set():
            try:
                await self.look()
            except OwnershipLost:
                raise
            except StoreError as error:
                log.warning("the store refused to keep what is wrong with sources; tried again soon", error=str(error))
            await self.clock.wait_until(self.clock.now() + LOOK_EVERY, stop)

    @property
    def sentences(self) -> list[str]:
        """What is wrong for long now."""
        return own_events.sentences(self._memories or {})

    async def look(self) -> None:
        """Look once; what began or ended is stored, together with the memory of it."""
        rows, kept = await self.store.read(_rows_and_memory)
        now = self.clock.monotonic()
        if self._memories is None:
            self._memories, self._looked_at, self._saved_at = decode(kept), now, now
        memories, events = self._judged(rows, now - self._looked_at)
        if events or now - self._saved_at >= SAVE_AFTER_SECONDS:
            await self.store.write(lambda tx: save(tx, memories, events))
            self._saved_at = now
        self._memories, self._looked_at = memories, now
        if events:
            self.wake()

    def _judged(self, rows: Iterable[SourceRow], passed: float) -> tuple[dict[str, Memory], list[OwnEvent]]:
        limits, now, known = self.limits(), self.clock.now(), self._memories or {}
        memories: dict[str, Memory] = {}
        events: list[OwnEvent] = []
        counted = [*rows]
        for status in self.statuses():
            if status.source not in limits or status.source == OWN:
                continue
            seen = self._seen(status, counted)
            before = known.get(status.source) or own_events.first(seen)
            memory, news = own_events.look(before, seen, limits[status.source], passed_seconds=passed, now=now)
            memories[status.source] = memory
            events += news
        for name, memory in known.items():
            if name not in limits:
                events += own_events.gone(name, memory, now)
            else:
                memories.setdefault(name, memory)
        return memories, events

    def _seen(self, status: SourceStatus, rows: Iterable[SourceRow]) -> Seen:
        ours = [row for row in rows if row.source == status.source]
        bad = [one for one in status.streams if one.state in TROUBLES]
        return Seen(
            source=status.source,
            lines=sum(row.lines for row in ours),
            unparsed=sum(row.unparsed for row in ours),
            poisoned=sum(row.poisoned for row in ours),
            trouble=TROUBLES[bad[0].state] if bad else None,
            detail="; ".join(f"{one.origin}: {one.detail}" for one in bad[:3]),
            is_behind=self._is_behind(status),
        )

    def _is_behind(self, status: SourceStatus) -> bool:
        """Whether what was there at an earlier look is still not stored."""
        mark = self._marks.get(status.source)
        if mark is None or mark.is_void(status) or mark.is_reached(status):
            newest = Mark.of(status)
            if newest is not None:
                self._marks[status.source] = newest
            is_old = status.looked_at is not None and self.clock.now() - status.looked_at > BEHIND
            return is_old and any(one.is_unread for one in status.streams)
        return True


def save(tx: Tx, memories: dict[str, Memory], events: Iterable[OwnEvent]) -> None:
    """Keep what is said now, and that it was said. May run twice."""
    for event in events:
        inbox.put(tx, OWN, KIND, event.line(tx.now))
    payload = msgspec.msgpack.encode(Stored(version=own_events.VERSION, sources=memories))
    positions.save(tx, OWN, "", MEMORY, MEMORY, payload)


def decode(kept: bytes | None) -> dict[str, Memory]:
    """The memories that are kept; none if another version wrote them: it begins anew, which nobody is harmed by."""
    try:
        stored = msgspec.msgpack.decode(kept, type=Stored) if kept else None
    except msgspec.MsgspecError:
        return {}
    return stored.sources if stored is not None and stored.version == own_events.VERSION else {}


def _rows_and_memory(connection: Connection) -> tuple[list[SourceRow], bytes | None]:
    return sources.status(connection), positions.at(connection, OWN, "", MEMORY)

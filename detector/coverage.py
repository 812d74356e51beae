"""Writes down what is watched while it is: which sources were looked at, with which rules.

A source is alive as long as its files can be read and everything that had been written at a look is worked on and
stored, also if that is nothing. What is behind is claimed once it has caught up, never before; after a crash the log
ends where it was extended last.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from detector.sources.source import SourceStatus, StreamState, StreamStatus
from store.clock import Clock
from store.coverage import Alive, Kind, digest
from store.database import Store
from store.errors import OwnershipLost, StoreError
from store.repository.follow_up import coverage
from store.tx import Tx

log = structlog.get_logger()

#: How often the log is extended; what a crash can take from it.
EXTEND_EVERY = timedelta(seconds=10)
#: The same while a watch is about to end.
SOON = timedelta(seconds=1)
STOPPED = "the daemon was stopped"
OTHER_RULES = "other rules were put in force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far the streams of a source had been written when they were looked at."""

    at: datetime
    ends: Mapping[str, int]  #: bytes by stream
    lost_tails: int

    @classmethod
    def of(cls, source: SourceStatus) -> "Mark | None":
        """The mark of the last look; None: nobody has looked yet."""
        if source.looked_at is None:
            return None
        ends = {one.stream: _end(one) for one in source.streams if one.stream}
        return cls(at=source.looked_at, ends=ends, lost_tails=source.counters.lost_tails)

    def is_void(self, source: SourceStatus) -> bool:
        """Whether a stream of it is gone or was cut: another mark is needed."""
        now = {one.stream: one for one in source.streams}
        return any(stream not in now or now[stream].size < end for stream, end in self.ends.items())

    def is_reached(self, source: SourceStatus) -> bool:
        """Whether everything up to it is worked on and stored."""
        stored = {one.stream: one.committed for one in source.streams}
        return all(stored.get(stream, -1) >= end for stream, end in self.ends.items())


@dataclass(slots=True)
class Sight:
    """What is known of one source since it was alive last."""

    mark: Mark | None = None
    since: datetime | None = None  #: alive since then
    until: datetime | None = None  #: and this far
    why: str = ""  #: why it is not, a sentence

    def look(self, source: SourceStatus) -> None:
        """Take in how the source is doing now."""
        lost = self.mark is not None and source.counters.lost_tails > self.mark.lost_tails
        self.why = _trouble(source) or ("lines were cut off before they were read" if lost else "")
        if self.why:
            self.mark = self.since = self.until = None
            return
        if self.mark is None or self.mark.is_void(source):
            self.mark = Mark.of(source)
        if self.mark is None or not self.mark.is_reached(source):
            return
        newest = Mark.of(source)
        reached = newest if newest is not None and newest.is_reached(source) else self.mark
        self.since, self.until, self.mark = self.since or reached.at, reached.at, newest


@dataclass(slots=True)
class Coverage:
    """Extends the log.

    Args:
        sources: How each source is doing.
        rules: The rules in force: version by id.
        advanced_at: Monotonic seconds at which the pipeline last went round.
        is_urgent: Whether a watch is about to end, so that seconds matter.
    """

    store: Store
    clock: Clock
    sources: Callable[[], Iterable[SourceStatus]]
    rules: Callable[[], Mapping[str, str]]
    advanced_at: Callable[[], float]
    is_urgent: Callable[[], Awaitable[bool]]
    _sights: dict[str, Sight] = field(default_factory=dict)
    _rules: tuple[str, datetime] | None = None  #: digest of the rules in force, and since when we know it
    _kept: str = ""  #: digest of the rules that are stored
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _has_begun: bool = False  #: and what an earlier daemon left open is ended
    _is_over: bool = False

    async def run(self, stop: asyncio.Event) -> None:
        """Extend the log until *stop*. What the store refuses for now is claimed later, or not at all."""
        while not stop.is_set():
            try:
                await self.look()
                every = SOON if await self.is_urgent() else EXTEND_EVERY
            except OwnershipLost:
                raise
            except StoreError as error:
                every = SOON
                log.warning("the store refused to note what is watched; tried again soon", error=str(error))
            await self.clock.wait_until(self.clock.now() + every, stop)

    def begin(self) -> None:
        """The rules are in force from now on."""
        self._rules = digest(self.rules()), self.clock.now()

    async def look(self) -> None:
        """Note what is alive now."""
        async with self._turn:
            if not self._is_over:
                await self._look()

    async def end(self, why: str = STOPPED) -> None:
        """Note what is alive a last time, and that nobody looks from now on."""
        async with self._turn:
            self._is_over = True
            try:
                await self._look()
                await self.store.write(lambda tx: coverage.end_all(tx, why))
            except StoreError as error:
                log.warning("the store refused to note that nobody watches any more", error=str(error))

    async def _look(self) -> None:
        versions = dict(self.rules())
        rules = self._look_at_rules(versions)
        alive = [*self._look_at_sources(), rules]
        dead = {name: sight.why for name, sight in self._sights.items() if sight.why}

        def work(tx: Tx) -> None:
            if not self._has_begun:  # an earlier daemon died and could not say so
                coverage.end_all(tx, coverage.CRASHED)
            if rules.name != self._kept:
                coverage.keep_rules(tx, versions)
            for name, why in dead.items():
                coverage.end(tx, Kind.SOURCE, name, why)
            coverage.end_other_rules(tx, rules.name, OTHER_RULES)
            coverage.seen(tx, alive)

        await self.store.write(work)
        self._kept, self._has_begun = rules.name, True

    def _look_at_sources(self) -> Iterable[Alive]:
        found = {one.source: one for one in self.sources()}
        for name in self._sights.keys() - found.keys():
            self._sights[name] = Sight(why="it is not read any more")
        for name, status in found.items():
            sight = self._sights.setdefault(name, Sight())
            sight.look(status)
            if sight.since is not None and sight.until is not None:
                yield Alive(kind=Kind.SOURCE, name=name, start=sight.since, until=sight.until)

    def _look_at_rules(self, versions: Mapping[str, str]) -> Alive:
        name, now = digest(versions), self.clock.now()
        if self._rules is None or self._rules[0] != name:
            self._rules = name, now
        since = self._rules[1]
        idle = timedelta(seconds=self.clock.monotonic() - self.advanced_at())
        return Alive(kind=Kind.RULES, name=name, start=since, until=max(since, now - idle))


def _end(stream: StreamStatus) -> int:
    """How far it is to be read: a line that has no end yet is not to be, once all before it is."""
    return stream.size if stream.is_unread else stream.offset


def _trouble(source: SourceStatus) -> str:
    """Why a source does not count as alive, a sentence; "" if it does."""
    bad = (StreamState.UNREADABLE, StreamState.VANISHED)
    for one in source.streams:
        if one.state in bad:
            return f"{one.origin} is {one.state.value}: {one.detail}"
    # Of an empty file nothing is told: nothing in it waits to be read.
    if source.streams and not any(one.stream for one in source.streams):
        return f"there is no file to read: {source.streams[0].origin} is {source.streams[0].state.value}"
    return ""

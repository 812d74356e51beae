"""Batch -> engine -> Outcome -> one transaction, in the order it happens; queues and nothing clever."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from detector.sources.source import Source
from rules.event import Batch
from rules.outcome import Outcome
from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreBusy, StoreUnavailable
from store.repository.grouping import findings
from store.repository.intake import internal, positions, rule_state, sources
from store.tx import Tx

log = structlog.get_logger()

T = TypeVar("T")

COMMIT_AFTER = timedelta(milliseconds=250)
COMMIT_BYTES = 16 * 1024 * 1024
QUEUED_BATCHES = 2  # pressure reaches the files before memory grows, and who has a line to page waits behind few
TICK_SECONDS = 1.0
RETRY_SECONDS = 1.0
SNAPSHOT_AFTER_BYTES = 4 * 1024 * 1024
SNAPSHOT_AFTER_DELTAS = 512


class RuleEngine(Protocol):
    """The engine as the pipeline sees it: it only goes forward, and is told what is safely stored."""

    async def feed(self, batch: Batch) -> Outcome:
        """Work on *batch*."""

    async def advance(self, watermark: datetime) -> Outcome:
        """Close the windows that end by time."""

    async def snapshot(self) -> bytes:
        """All state that everything fed so far has left."""

    def committed(self) -> None:
        """What was fed so far is stored; a restart begins after it."""


class Observer(Protocol):
    """Who counts what the pipeline does (metrics, the console)."""

    def fed(self, batch: Batch, outcome: Outcome) -> None:
        """*batch* went through the engine."""

    def stored(self, taken: Sequence[findings.Taken], seconds: float) -> None:
        """A transaction was committed; *seconds* from its first batch to the commit."""

    def store_failed(self, error: Exception) -> None:
        """The store refused for now; the same work is committed again."""


@dataclass(slots=True)
class Pending:
    """What went through the engine and is not stored yet."""

    done: list[tuple[Batch | None, Outcome]] = field(default_factory=list)
    size_bytes: int = 0
    since: float = 0.0  #: monotonic seconds of the first
    urgent: bool = False  #: a finding opened: someone may have to be woken

    def add(self, batch: Batch | None, outcome: Outcome, now: float) -> None:
        """Keep one more *outcome* for the next commit."""
        if not self.done:
            self.since = now
        self.done.append((batch, outcome))
        self.size_bytes += len(batch.data) if batch else 0
        self.urgent |= any(finding.opened for finding in outcome.findings)

    def is_due(self, now: float, *, caught_up: bool) -> bool:
        """Whether to commit now: at once when caught up or urgent, else every 250 ms or 16 MiB."""
        if not self.done:
            return False
        old = now - self.since >= COMMIT_AFTER.total_seconds()
        return caught_up or self.urgent or old or self.size_bytes >= COMMIT_BYTES


def record(tx: Tx, done: Sequence[tuple[Batch | None, Outcome]]) -> list[findings.Taken]:
    """Write everything that *done* caused: positions, counts, rule state, findings. May run twice."""
    taken: list[findings.Taken] = []
    for batch, outcome in done:
        if batch is None or _moved_on(tx, batch, outcome):
            _keep(tx, outcome)
            taken.extend(findings.take_all(tx, outcome.findings))
    return taken


def _moved_on(tx: Tx, batch: Batch, outcome: Outcome) -> bool:
    """Save the position; False if the batch is stored already: the answer to an earlier commit was lost."""
    where = (batch.source, batch.partition, batch.stream)
    if batch.before != batch.after == positions.at(tx.connection, *where):
        return False
    pinned = next((count.format for count in outcome.counts if count.stream == batch.stream), "")
    positions.save(tx, *where, batch.origin, batch.after, pinned)
    return True


def _keep(tx: Tx, outcome: Outcome) -> None:
    """Write counts, skipped lines and rule state."""
    sources.save_counts(tx, outcome.counts)
    for event in outcome.internal:
        internal.save(tx, event)
    if outcome.delta:
        rule_state.append_delta(tx, "", outcome.delta)


class Pipeline:
    """One consumer of all sources. Its order is the order in which things are stored."""

    def __init__(
        self, engine: RuleEngine, store: Store, clock: Clock, observer: Observer, wake_notifier: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._observer = observer
        self._wake_notifier = wake_notifier
        self._queue: asyncio.Queue[tuple[Source, Batch]] = asyncio.Queue(QUEUED_BATCHES)
        self._pending = Pending()
        self._sources: dict[str, Source] = {}
        self._at_rest = asyncio.Lock()  # held while anything is between the engine and the store
        self._deltas = 0  # stored since the last snapshot
        self._snapshot_bytes = 0
        self._delta_bytes = 0
        self.advanced_at = clock.monotonic()  #: for the watchdog: when the loop last went round
        self.refused_at = self.advanced_at  #: likewise: when the store last refused; another start would not help that
        self.asked_at: dict[str, float] = {}  #: likewise: since when each source is asked for its next batch

    @property
    def queued(self) -> int:
        """How many batches wait to be fed."""
        return self._queue.qsize()

    async def read(self, source: Source) -> None:
        """Move batches of *source* into the queue until cancelled; a full queue is what slows reading down."""
        self.asked_at[source.name] = self._clock.monotonic()
        try:
            async for batch in source.batches():
                self.asked_at.pop(source.name, None)  # a full queue is no fault of the source
                await self._queue.put((source, batch))
                self.asked_at[source.name] = self._clock.monotonic()
        finally:
            self.asked_at.pop(source.name, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Feed and commit until *stop* is set; what the engine has seen is stored before this returns."""
        await self._count_deltas()
        while not stop.is_set():
            await self._step(stop)
        async with self._at_rest:
            await self._commit(stop)

    def forget(self, names: frozenset[str]) -> None:
        """Drop batches of the sources *names* that were not fed yet; they are read again from the stored position."""
        waiting = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        for source, batch in waiting:
            if batch.source not in names:
                self._queue.put_nowait((source, batch))

    async def between_batches(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run *work* while nothing is in the engine and everything it said is stored."""
        async with self._at_rest:
            await self._commit(asyncio.Event())
            return await work()

    async def _step(self, stop: asyncio.Event) -> None:
        """One batch, or one tick of time, and the commit that is due after it."""
        item = await self._next(stop)
        async with self._at_rest:
            self.advanced_at = self._clock.monotonic()
            if item is not None:
                await self._feed(*item)
            elif not stop.is_set():
                await self._tick()
            if self._pending.is_due(self._clock.monotonic(), caught_up=self._queue.empty()):
                await self._commit(stop)

    async def _next(self, stop: asyncio.Event) -> tuple[Source, Batch] | None:
        """The next batch, or None when a second passed without one or *stop* was set."""
        if not self._queue.empty():
            return self._queue.get_nowait()
        getting = asyncio.ensure_future(self._queue.get())
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({getting, stopping}, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()
            stopping.cancel()

    async def _feed(self, source: Source, batch: Batch) -> None:
        """Let the engine work on *batch*; one without data bears only a position to be stored."""
        outcome = await self._engine.feed(batch) if batch.data else Outcome()
        self._sources[batch.source] = source
        self._pending.add(batch, outcome, self._clock.monotonic())
        self._observer.fed(batch, outcome)

    async def _tick(self) -> None:
        outcome = await self._engine.advance(self._clock.now())
        if outcome.delta or outcome.findings:
            self._pending.add(None, outcome, self._clock.monotonic())

    async def _commit(self, stop: asyncio.Event) -> None:
        """Store all that is pending. The engine only goes forward: the same work is tried until the store takes it."""
        if not self._pending.done:
            return
        pending, self._pending = self._pending, Pending()
        taken = await self._write(pending, stop)
        if taken is None:
            return
        self._engine.committed()
        for batch, _ in pending.done:
            if batch is not None:
                self._sources[batch.source].committed(batch.stream, batch.after)
        self._observer.stored(taken, self._clock.monotonic() - pending.since)
        self._wake_notifier()
        await self._roll_snapshot(pending)

    async def _write(self, pending: Pending, stop: asyncio.Event) -> list[findings.Taken] | None:
        """Commit, however long the store needs; None only if we were told to stop while it refuses.

        Nothing is lost then: the positions stay where they were and the lines are read again at the next start.
        """
        while True:
            try:
                return await self._store.write(lambda tx: record(tx, pending.done), patient=True)
            except OwnershipLost:
                raise  # another daemon reads on from where we stood
            except (StoreBusy, StoreUnavailable) as error:
                self._observer.store_failed(error)
                log.warning("store refused a commit, trying again", error=str(error))
                self.refused_at = self._clock.monotonic()
                if stop.is_set():
                    return None
                await self._clock.wait_until(self._clock.now() + timedelta(seconds=RETRY_SECONDS), stop)

    async def _count_deltas(self) -> None:
        """What earlier lives left counts, too: many short ones must not make each start slower than the last."""
        with contextlib.suppress(StoreUnavailable):  # then the next start counts
            size = await self._store.read(rule_state.size)
            self._deltas, self._delta_bytes = size.deltas, size.bytes

    async def _roll_snapshot(self, pending: Pending) -> None:
        """Replace many deltas by one snapshot, so that a start stays quick."""
        deltas = [outcome.delta for _, outcome in pending.done if outcome.delta]
        self._deltas += len(deltas)
        self._delta_bytes += sum(map(len, deltas))
        enough = max(SNAPSHOT_AFTER_BYTES, self._snapshot_bytes)  # so that large ones are not written again and again
        if self._deltas < SNAPSHOT_AFTER_DELTAS and self._delta_bytes < enough:
            return
        snapshot = await self._engine.snapshot()
        try:
            await self._store.write(lambda tx: rule_state.replace_with_snapshot(tx, "", snapshot))
        except (StoreBusy, StoreUnavailable) as error:
            log.warning("store refused a snapshot, the next commit tries again", error=str(error))
            return
        self._deltas = self._delta_bytes = 0
        self._snapshot_bytes = len(snapshot)

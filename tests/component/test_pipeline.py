"""The pipeline between a source, an engine and a real SQLite store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from support.fakes import FakeClock

from detector.pipeline import Pipeline
from detector.sources.source import SourceStatus
from rules.event import Batch, Starts
from rules.outcome import Outcome, StreamCount
from store.database import Store
from store.errors import StoreUnavailable
from store.repository.grouping.findings import Taken
from store.repository.intake import positions, rule_state, sources


class Lines:
    """A source with batches of one line each, numbered from *first* to *last*."""

    name = "lines"

    def __init__(self, first: int, last: int, clock: FakeClock) -> None:
        self._numbers = range(first, last + 1)
        self._clock = clock
        self.told: list[bytes] = []
        self.stored = asyncio.Event()

    async def batches(self) -> AsyncIterator[Batch]:
        """One batch per number, then nothing more."""
        for number in self._numbers:
            yield batch(number, self._clock.now())

    def committed(self, stream: str, position: bytes) -> None:
        """Remember what was said to be stored."""
        self.told.append(position)
        if position == b"%d" % self._numbers[-1]:
            self.stored.set()

    def status(self) -> SourceStatus:
        """Nothing to tell."""
        return SourceStatus(source=self.name)

    async def close(self) -> None:
        """Nothing to close."""


def batch(number: int, now: datetime) -> Batch:
    """Line *number* of a stream."""
    return Batch(
        source="lines",
        stream="s",
        origin="lines.log",
        data=b"%d\n" % number,
        starts=Starts(line=number, offset=0),
        received_at=now,
        before=b"%d" % (number - 1),
        after=b"%d" % number,
    )


class CountingEngine:
    """Its state is the list of lines it saw, as deltas."""

    def __init__(self) -> None:
        self.fed: list[bytes] = []
        self.commits = 0

    async def feed(self, fed: Batch) -> Outcome:
        """Take a line; the delta is the line."""
        self.fed.append(fed.data)
        count = StreamCount("lines", "s", 1, 1, 0, 0, 0, 0, 0, "syslog", None, "")
        return Outcome(counts=(count,), delta=fed.data)

    async def advance(self, watermark: datetime) -> Outcome:
        """Nothing ends by time."""
        return Outcome()

    async def snapshot(self) -> bytes:
        """All lines."""
        return b"".join(self.fed)

    def committed(self) -> None:
        """Count."""
        self.commits += 1


class Watcher:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.failed = asyncio.Event()

    def fed(self, fed: Batch, outcome: Outcome) -> None:
        """Not needed."""

    def stored(self, taken: Sequence[Taken], seconds: float) -> None:
        """Not needed."""

    def store_failed(self, error: Exception) -> None:
        """Remember."""
        self.failures.append(error)
        self.failed.set()


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    """A new SQLite store."""
    opened = await Store.open(f"sqlite:///{tmp_path / 't.db'}", clock, lock_dir=tmp_path, upgrade=True)
    yield opened
    await opened.close()


async def run_until_read(pipeline: Pipeline, source: Lines) -> None:
    """Read *source* to its end, then stop as the daemon does."""
    stop = asyncio.Event()
    running = asyncio.create_task(pipeline.run(stop))
    await pipeline.read(source)
    await source.stored.wait()
    stop.set()
    await running


async def test_position_counts_and_state_are_stored_together(store: Store, clock: FakeClock) -> None:
    """After a run the position, the counters and the engine's state all tell of every line."""
    engine, source = CountingEngine(), Lines(1, 20, clock)
    await run_until_read(Pipeline(engine, store, clock, Watcher(), lambda: None), source)
    assert await store.read(lambda c: positions.at(c, "lines", "", "s")) == b"20"
    _, deltas = await store.read(lambda c: rule_state.load(c, ""))
    assert b"".join(deltas) == b"".join(engine.fed) == b"".join(b"%d\n" % n for n in range(1, 21))
    (row,) = await store.read(sources.status)
    assert (row.lines, row.parsed, row.format) == (20, 20, "syslog")
    assert source.told[-1] == b"20"


async def test_a_batch_that_is_stored_already_counts_once(store: Store, clock: FakeClock) -> None:
    """When the answer to a commit was lost and its batch is committed again, nothing is counted twice."""
    for _ in range(2):
        source = Lines(1, 1, clock)
        await run_until_read(Pipeline(CountingEngine(), store, clock, Watcher(), lambda: None), source)
    (row,) = await store.read(sources.status)
    assert row.lines == 1
    _, deltas = await store.read(lambda c: rule_state.load(c, ""))
    assert deltas == [b"1\n"]


async def test_a_refused_commit_is_tried_again_and_nothing_is_fed_twice(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store refuses, the same work waits; once it takes it, every line counts once."""
    engine, watcher, source = CountingEngine(), Watcher(), Lines(1, 3, clock)
    accept, refusals = (
        store.write,
        iter((StoreUnavailable("locked"), StoreUnavailable("locked"), None, None, None, None)),
    )

    async def moody(*args: object, **kwargs: object) -> object:
        if (error := next(refusals, None)) is not None:
            raise error
        return await accept(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "write", moody)
    pipeline = Pipeline(engine, store, clock, watcher, lambda: None)
    stop = asyncio.Event()
    running = asyncio.create_task(pipeline.run(stop))
    await pipeline.read(source)
    for _ in range(2):
        await watcher.failed.wait()
        watcher.failed.clear()
        await asyncio.sleep(0)  # let it begin to wait
        clock.advance(2)
    await source.stored.wait()
    stop.set()
    await running
    assert engine.fed == [b"1\n", b"2\n", b"3\n"]
    assert len(watcher.failures) == 2
    (row,) = await store.read(sources.status)
    assert row.lines == 3


async def test_told_to_stop_while_the_store_refuses_it_ends_and_keeps_the_position(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that cannot commit does not hold up a stop; the lines are read again at the next start."""
    accept = store.read

    async def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(store, "write", refuse)
    engine, watcher = CountingEngine(), Watcher()
    pipeline = Pipeline(engine, store, clock, watcher, lambda: None)
    stop = asyncio.Event()
    running = asyncio.create_task(pipeline.run(stop))
    await pipeline.read(Lines(1, 1, clock))
    await watcher.failed.wait()
    stop.set()
    await asyncio.wait_for(running, 5)
    assert await accept(lambda c: positions.at(c, "lines", "", "s")) is None
    assert engine.commits == 0


async def test_many_deltas_become_one_snapshot(store: Store, clock: FakeClock) -> None:
    """A start does not have to load more than a bounded number of deltas."""
    engine, source = CountingEngine(), Lines(1, 600, clock)
    await run_until_read(Pipeline(engine, store, clock, Watcher(), lambda: None), source)
    snapshot, deltas = await store.read(lambda c: rule_state.load(c, ""))
    assert snapshot is not None
    assert snapshot + b"".join(deltas) == b"".join(engine.fed)
    assert len(deltas) < 512


async def test_deltas_of_short_lives_become_one_snapshot_too(store: Store, clock: FakeClock) -> None:
    """A daemon that is killed again and again before it has many of its own does not start slower each time."""
    engine = CountingEngine()
    for life in range(7):
        source = Lines(1 + 100 * life, 100 + 100 * life, clock)
        await run_until_read(Pipeline(engine, store, clock, Watcher(), lambda: None), source)
    snapshot, deltas = await store.read(lambda c: rule_state.load(c, ""))
    assert snapshot is not None
    assert snapshot + b"".join(deltas) == b"".join(engine.fed)
    assert len(deltas) < 512


async def test_forgotten_batches_are_not_fed(store: Store, clock: FakeClock) -> None:
    """What a removed source had handed in and was not worked on yet is dropped, to be read again later."""
    engine, source = CountingEngine(), Lines(1, 2, clock)
    pipeline = Pipeline(engine, store, clock, Watcher(), lambda: None)
    await pipeline.read(source)
    pipeline.forget(frozenset({"lines"}))
    stop = asyncio.Event()
    stop.set()
    await pipeline.run(stop)
    assert engine.fed == []

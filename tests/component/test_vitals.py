"""The pulse of a real store and a real pipeline: what hangs in them shows."""

import asyncio
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client import CollectorRegistry
from support.fakes import FakeClock

from detector.heartbeat import LOOK_SECONDS, STUCK_SECONDS, held_up
from detector.metrics import Metrics
from detector.observers import Observers
from detector.pipeline import Pipeline
from detector.sources.source import SourceStatus
from detector.vitals import Vitals
from rules.event import Batch
from store.database import Store
from store.tx import Tx


class Hanging:
    """A source that never comes back with anything."""

    name = "hanging"

    def __init__(self) -> None:
        self.was_asked = asyncio.Event()

    async def batches(self) -> AsyncIterator[Batch]:
        """Wait for ever."""
        self.was_asked.set()
        await asyncio.Event().wait()
        yield cast(Batch, None)

    def status(self) -> SourceStatus:
        """Nothing was ever looked at."""
        return SourceStatus(source=self.name)


def vitals_of(store: Store, clock: FakeClock, source: Hanging) -> Vitals:
    """With an engine that owes nothing."""
    pipeline = Pipeline(
        cast(Any, None), store, clock, Observers(Metrics(CollectorRegistry()), cast(Any, None)), lambda: None
    )
    return Vitals(
        store=store,
        clock=clock,
        engine=cast(Any, SimpleNamespace(silent_since=None, starts=False)),
        pipeline=pipeline,
        readers=cast(Any, SimpleNamespace(status=lambda: (source.status(),))),
        settings=cast(Any, None),
    )


async def test_a_commit_that_hangs_shows(store: Store, clock: FakeClock) -> None:
    """While a transaction does not end the writer is held up, and not a moment longer."""
    vitals = vitals_of(store, clock, Hanging())
    began, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work(tx: Tx) -> None:
        loop.call_soon_threadsafe(began.set)
        go_on.wait(20)

    hanging = asyncio.create_task(store.write(work))
    await asyncio.wait_for(began.wait(), 10)
    clock.advance(STUCK_SECONDS + 1)
    pulse = vitals.pulse()
    go_on.set()
    await hanging
    await store.write(lambda tx: None)
    assert held_up(pulse, clock.monotonic(), STUCK_SECONDS) == ("the store's writer", "the pipeline")
    assert "the store's writer" not in held_up(vitals.pulse(), clock.monotonic(), STUCK_SECONDS)


async def test_a_source_that_hangs_shows(store: Store, clock: FakeClock) -> None:
    """It was asked, and neither yields nor looks; once nobody asks it any more it is no trouble."""
    source = Hanging()
    vitals = vitals_of(store, clock, source)
    reading = asyncio.create_task(vitals.pipeline.read(cast(Any, source)))
    await asyncio.wait_for(source.was_asked.wait(), 10)
    clock.advance(LOOK_SECONDS + 1)
    assert "source hanging" in held_up(vitals.pulse(), clock.monotonic(), STUCK_SECONDS)
    reading.cancel()
    await asyncio.wait({reading})
    assert vitals.pulse().asked_at == {}

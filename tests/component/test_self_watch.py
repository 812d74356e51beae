"""What lasts becomes an event, goes through the engine like any other, and opens one record that ends by a claim."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support.fakes import FakeClock

from detector.own_events import OWN, Limits
from detector.pipeline import record
from detector.self_watch import SelfWatch
from detector.sources.inbox import InboxSource
from detector.sources.source import SourceStatus, StreamState, StreamStatus
from rules.engine import Engine
from rules.outcome import StreamCount
from rules.settings import EngineSettings
from rules.sigma.files import read_rule_files
from rules.sigma.load import load
from store.database import Store
from store.errors import StoreUnavailable
from store.notice import NoticeKind
from store.repository.incident import incidents
from store.repository.intake import inbox, sources
from store.repository.telling import outbox

pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # no query of its own

RULES = Path(__file__).parents[2] / "rules" / "bundled" / "tocsin"
GONE = StreamStatus(stream="s", origin="auth.log", state=StreamState.VANISHED, detail="was there and is gone")
THERE = replace(GONE, state=StreamState.OK, detail="")


class Host:
    """One source, its watch, and the engine behind."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.stream = THERE
        self.woken = 0
        self.fed = 0  #: number of the last parcel
        self.engine = Engine(EngineSettings(), load(read_rule_files((str(RULES),))))
        self.source = InboxSource(OWN, store=store, clock=clock)
        self.begin()

    def begin(self) -> None:
        """Start the watch anew, as after a kill."""
        self.watch = SelfWatch(
            self.store, self.clock, self.statuses, lambda: {"auth": Limits(silent_after_seconds=1800)}, self.wake
        )

    def statuses(self) -> Sequence[SourceStatus]:
        now = self.clock.now()
        own = SourceStatus(source=OWN, streams=(replace(GONE, origin="intake tocsin"),), looked_at=now)
        return (SourceStatus(source="auth", streams=(self.stream,), looked_at=now), own)

    def wake(self) -> None:
        self.woken += 1

    async def look(self, minutes: float) -> None:
        for _ in range(int(minutes * 2)):
            self.clock.advance(30)
            await self.watch.look()

    async def detect(self) -> None:
        """Feed what waits, and store what it causes."""
        parcels = await self.store.read(lambda connection: inbox.after(connection, OWN, self.fed))
        if not parcels:
            return
        self.fed = parcels[-1].id
        async with aclosing(self.source.batches()) as batches:
            async for batch in batches:
                done = batch, self.engine.feed(batch)
                await self.store.write(partial(record, done=[done]))
                if batch.after == inbox.position_of(self.fed):
                    return

    async def told(self) -> list[NoticeKind]:
        return [notice.kind for notice in await self.store.read(outbox.notices_unplanned)]


@pytest.fixture
def host(store: Store, clock: FakeClock) -> Host:
    return Host(store, clock)


async def test_one_record_a_cause_that_ends(host: Host) -> None:
    """Gone for long opens one record; a restart says it no second time; back again is a claim, and nobody is asked."""
    await host.look(1)
    host.stream = GONE
    await host.look(6)
    host.begin()
    await host.look(10)
    await host.detect()
    assert host.woken == 1
    assert await host.told() == [NoticeKind.OPENED]
    counted = await host.store.read(incidents.counts)
    assert (counted.open, counted.observations) == (1, 0)
    assert host.watch.sentences == []  # the source itself says that it is gone
    host.stream = THERE
    await host.look(3)
    await host.detect()
    assert (await host.told())[-1] is NoticeKind.RESOLVED
    assert (await host.store.read(incidents.counts)).open == 1


async def test_an_alert_about_tocsin_causes_no_other(host: Host) -> None:
    """Of the source of own events nothing is said, though it is gone, and neither does a record about one open more."""
    await host.look(20)
    await host.detect()
    assert await host.told() == []


async def test_what_the_store_refused_is_said_later(host: Host, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory and event are one transaction: neither is kept without the other."""
    await host.look(1)
    host.stream = GONE
    await host.look(4.5)
    write = store.write

    async def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(store, "write", refuse)
    with pytest.raises(StoreUnavailable):
        await host.look(1)
    monkeypatch.setattr(store, "write", write)
    await host.look(1)
    await host.detect()
    assert await host.told() == [NoticeKind.OPENED]


async def test_silence_is_told_and_degrades(host: Host, store: Store) -> None:
    """A source that said something once and says nothing for long is named where the daemon says how it is."""
    count = StreamCount("auth", "s", 10, 10, 0, 0, 0, 0, 0, "syslog", None, "")
    await store.write(lambda tx: sources.save_counts(tx, [count]))
    await host.look(31)
    await host.detect()
    assert await host.told() == [NoticeKind.OPENED]
    assert host.watch.sentences == ["nothing comes from source auth any more"]

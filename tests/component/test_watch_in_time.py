"""The coverage log and the watches side by side, second by second, as the daemon runs them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.path import INA, add_people, stand
from support.store import finding, line

from detector.coverage import Coverage
from detector.sources.source import SourceStatus, StreamState, StreamStatus
from detector.watching import Watching, is_urgent
from rules.event import Severity
from store import process
from store.database import Store
from store.promise import Promise
from store.repository.follow_up import watch_acts, watches
from store.repository.grouping import findings
from store.repository.record import records
from store.tx import Tx
from store.watch import Verdict

THREE_SECONDS = 3 / 3600
BUSY = 200  #: events in the first minute


class Running:
    """Both loops, over a source that is always read to its end."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.woken = 0
        self.is_alive = True

    def sources(self) -> list[SourceStatus]:
        state = StreamState.OK if self.is_alive else StreamState.UNREADABLE
        stream = StreamStatus(stream="s", origin="/var/log/auth.log", state=state, size=9, offset=9, committed=9)
        return [SourceStatus(source="auth", streams=(stream,), looked_at=self.clock.now())]

    def woke(self) -> None:
        self.woken += 1

    @contextlib.asynccontextmanager
    async def loops(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        coverage = Coverage(
            store=self.store,
            clock=self.clock,
            sources=self.sources,
            rules=lambda: {"rule-1": "v1"},
            advanced_at=self.clock.monotonic,
            is_urgent=lambda: is_urgent(self.store, self.clock),
        )
        coverage.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(coverage.run(stop))
            group.create_task(Watching(self.store, self.clock, self.woke).run(stop))
            yield
            stop.set()

    async def pass_(self, seconds: int) -> None:
        """Second by second, and each time until both loops wait again."""
        for _ in range(seconds):
            self.clock.advance(1)
            await self.rest()

    async def rest(self) -> None:
        for _ in range(1000):
            if len(self.clock.waiting_until) >= 2 and min(self.clock.waiting_until) > self.clock.now():
                return
            await asyncio.sleep(0.002)
        raise AssertionError("the loops do not come to rest")

    async def watch(self) -> Promise:
        return (await self.store.read(lambda connection: watches.of(connection, 1)))[-1]


@pytest.fixture
async def running(store: Store, clock: FakeClock) -> AsyncIterator[Running]:
    """A minute with many matches, then an incident that is followed up, with a watch of three seconds."""
    made = Running(store, clock)

    def fill(tx: Tx) -> None:
        add_people(tx)
        when = START + timedelta(seconds=5)
        found = finding("f1", first_seen=when, seconds=50, events=BUSY, severity=Severity.HIGH, evidence=(line(1),))
        findings.take(tx, found)

    def follow_up(tx: Tx) -> None:
        stand(tx, 1, process.FOLLOW_UP)
        watch_acts.plan(tx, 1, INA, via="token", criterion="no guessing", hours=THREE_SECONDS)

    await once(store, lambda: store.write(fill), __name__, "running")
    async with made.loops():
        await made.rest()
        await made.pass_(60)
        await store.write(follow_up)
        yield made


async def test_three_seconds_are_enough(running: Running) -> None:
    """All three are exposed, and the verdict is there within the coverage log's next look."""
    await running.pass_(16)
    one = await running.watch()
    assert one.verdict is Verdict.EFFECTIVE
    assert one.after_hours == pytest.approx(THREE_SECONDS)
    assert one.before_matches == BUSY
    assert running.woken == 1


async def test_a_match_is_told_within_seconds(running: Running) -> None:
    """Two at most: people hear of it."""
    await running.pass_(2)
    again = finding("f2", first_seen=running.clock.now(), key="other", source="198.51.100.9")
    await running.store.write(lambda tx: findings.take(tx, again))
    await running.pass_(2)
    assert (await running.watch()).verdict is Verdict.NOT_EFFECTIVE
    record = await running.store.read(lambda connection: records.load(connection, 1))
    assert (record.step.value, running.woken) == ("corrective_actions", 1)


async def test_a_blind_source_proves_nothing(running: Running) -> None:
    """Its end is not seen: it waits, goes on once, and says that it does not know."""
    running.is_alive = False
    await running.pass_(20)
    assert (await running.watch()).ended_at is None
    await running.pass_(240)
    one = await running.watch()
    assert one.verdict is Verdict.INSUFFICIENT_DATA
    assert one.after_hours == 0

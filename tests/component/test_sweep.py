"""What was kept long enough goes, in small transactions; what people may still need stays."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select
from support.fakes import START, FakeClock
from support.store import ANA, add_persons, finding, line, open_store, sqlite_url

from detector.config.sections.serving import Retention
from detector.metrics import Metrics
from detector.sources.source import SourceCounters, SourceStatus, StreamState, StreamStatus
from detector.sweep import Sweep, keep_of, living_streams
from notifier.links import ACKNOWLEDGE_LASTS
from rules.event import Decision
from rules.finding import Finding
from rules.outcome import InternalEvent
from store import tables
from store.coverage import Alive, Kind, digest
from store.database import Store
from store.incident import EntryKind, Outcome, Status
from store.letter import Letter
from store.notice import DeliveryState, NewDelivery, Settlement
from store.repository.follow_up import coverage
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.intake import inbox, internal, positions
from store.repository.intake.inbox import STREAM
from store.repository.keeping import retention, room, verification
from store.repository.people import links, sessions, sign_in
from store.repository.record import timeline
from store.repository.telling import letters, outbox
from store.tx import Tx

OBSERVE, RECORD = Decision.OBSERVE, Decision.RECORD
READ = SourceCounters(rescans=1)


class HastyClock(FakeClock):
    """Nobody waits: a pause is over at once."""

    async def wait_until(self, moment: datetime, wake: asyncio.Event) -> None:
        """Move on to *moment*."""
        self.set(max(moment, self.now()))


@pytest.fixture
def clock() -> HastyClock:
    """A clock that moves on by itself when someone waits."""
    return HastyClock()


class Remembering(Metrics):
    """Remembers how much each transaction removed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self.sizes: list[int] = []

    def removed(self, kind: str, count: int) -> None:
        """Count it, and remember."""
        super().removed(kind, count)
        self.sizes.append(count)


class House:
    """A store, and what sweeps it."""

    def __init__(self, store: Store, clock: HastyClock) -> None:
        self.store, self.clock = store, clock
        self.told = Retention()
        self.sources: list[SourceStatus] = []
        self.metrics = Remembering(CollectorRegistry())

    async def take(self, *found: Finding) -> None:
        """Take findings."""
        await self.store.write(lambda tx: findings.take_all(tx, found))

    async def sweep(self, *, days: float = 0) -> dict[str, int]:
        """Let time pass, then sweep."""
        self.clock.advance(days * 86400)
        return dict(await self.sweeper().sweep(asyncio.Event()))

    def sweeper(self) -> Sweep:
        """What sweeps it."""
        return Sweep(self.store, self.clock, lambda: keep_of(self.told), lambda: self.sources, self.metrics)

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        statement = select(func.count()).select_from(tables.METADATA.tables[table])
        found: int = await self.store.read(lambda c: c.execute(statement).scalar_one())
        return found


@pytest.fixture
async def house(store: Store, clock: HastyClock) -> House:
    """A store that holds nothing yet, on each database in turn."""
    return House(store, clock)


async def test_findings_without_a_record_go(house: House) -> None:
    """A recorded finding goes after its days; one that goes on, and those of incidents, stay."""
    at = START - timedelta(minutes=1)
    await house.take(finding("f1", decision=RECORD, first_seen=at), finding("f2", decision=RECORD), finding("f3"))
    assert await house.sweep(days=30) == {}
    await house.take(finding("f2", decision=RECORD, seconds=29 * 86400, events=5))
    assert await house.sweep(days=1) == {"findings": 1}
    assert await house.count("finding") == 2
    house.told = Retention(findings_days=0)
    assert await house.sweep(days=1000) == {}


async def test_observations_are_closed_when_they_are_over(house: House) -> None:
    """A day after it was opened, past midnight and its window, an observation is closed; never an incident."""
    await house.take(finding("f1", decision=OBSERVE), finding("f2", rule="r2", source="192.0.2.1", host="db"))
    assert await house.sweep(days=0.9) == {}
    assert await house.sweep(days=0.2) == {"closed_observations": 1}
    observation = (await house.store.read(lambda c: incidents.get(c, 1))).incident
    assert (observation.status, observation.outcome) == (Status.CLOSED, Outcome.DISMISSED)
    entries = await house.store.read(lambda c: timeline.of(c, 1))
    assert (entries[-1].kind, entries[-1].actor.id, entries[-1].facts["reason"]) == (
        EntryKind.MOVED,
        "tocsin",
        "observed_nothing",
    )
    assert (await house.store.read(lambda c: incidents.get(c, 2))).incident.is_open
    assert await house.sweep(days=1) == {}


async def test_a_long_window_keeps_an_observation_open(house: House) -> None:
    """While another match would be the same attack, it is not over."""
    await house.take(finding("f1", decision=OBSERVE, window_seconds=3 * 86400))
    assert await house.sweep(days=2.5) == {}
    assert await house.sweep(days=1) == {"closed_observations": 1}


async def test_what_hangs_on_old_observations_goes(house: House) -> None:
    """Long after its end lines, findings and entities of an observation go; counts and timeline stay and verify."""
    for number in range(3):
        lines = [line(one + 100 * number) for one in range(30)]
        await house.take(finding(f"f{number}", decision=OBSERVE, source=f"203.0.113.{number}", evidence=lines))
    await house.sweep(days=2)
    assert await house.sweep(days=89) == {}
    assert await house.sweep(days=2) == {"observations": 40 + 3 + 4}
    view = await house.store.read(lambda c: incidents.get(c, 1))
    assert (view.incident.events, view.entities, view.tallies[0].findings) == (3, (), 3)
    entries = await house.store.read(lambda c: timeline.of(c, 1))
    assert entries[-1].facts == {"removed": "lines, findings and entities", "kept_days": 90}
    assert await house.store.read(lambda c: verification.faults_of(c, 1)) == ()
    assert await house.sweep(days=1) == {}


async def test_an_observation_that_a_person_took_stays_whole(house: House) -> None:
    """What someone acknowledged may still be needed."""
    await house.store.write(add_persons)
    await house.take(finding("f1", decision=OBSERVE, evidence=[line(1)]))
    await house.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    assert "observations" not in await house.sweep(days=2) | await house.sweep(days=200)
    assert await house.count("evidence") == 1


async def test_open_incidents_are_never_touched(house: House) -> None:
    """Whatever time passes, an incident keeps its findings, lines, entities, notices and deliveries."""
    await house.take(finding("f1", evidence=[line(1), line(2)]))
    await house.store.write(_deliver)
    names = ("incident", "finding", "evidence", "entity", "tally", "timeline", "notice", "delivery")
    before = [await house.count(name) for name in names]
    assert await house.sweep(days=5000) == {}
    assert [await house.count(name) for name in names] == before


async def test_deliveries_of_closed_records_go(house: House) -> None:
    """What was sent about a closed record goes after its days, and the notice with it."""
    await house.store.write(add_persons)
    await house.take(finding("f1", decision=OBSERVE))
    await house.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await house.store.write(_deliver)
    await house.sweep(days=2)
    assert await house.sweep(days=177) == {}
    assert await house.sweep(days=2) == {"deliveries": 1, "notices": 1}


def _deliver(tx: Tx) -> None:
    """Everything that is to be told reaches somebody."""
    for notice in outbox.notices_unplanned(tx.connection):
        outbox.plan(tx, notice.id, [NewDelivery(receiver="r", target=0, channel="c")])
    for delivery in outbox.claim(tx, None, lease_seconds=60, limit=10):
        outbox.settle(tx, delivery.id, Settlement(state=DeliveryState.ACCEPTED))


async def test_what_expired_goes(house: House) -> None:
    """Sessions and codes after their time, spent links once no link is valid any more, raw lines after their days."""

    def leave(tx: Tx) -> None:
        add_persons(tx)
        findings.take(tx, finding())
        sessions.create(tx, "a" * 64, "ana", tx.now + timedelta(hours=12))
        sign_in.create(tx, "ana", "b" * 64, tx.now + timedelta(minutes=15))
        links.spend(tx, "nonce", incident=1, act="acknowledge", person="ana")
        internal.save(
            tx, InternalEvent(source="s", stream="t", origin="o", line=1, offset=0, raw=b"\xff", reason="killed")
        )

    await house.store.write(leave)
    assert await house.sweep(days=0.2) == {"sign_in_codes": 1}
    assert await house.sweep(days=1) == {"sessions": 1}
    assert await house.sweep(days=7) == {"links": 1, "raw_lines": 1}
    assert retention.NONCES_KEPT > ACKNOWLEDGE_LASTS


async def test_positions_of_files_that_are_gone_go(house: House) -> None:
    """After 90 days without a line; not of files that are there, and not while a source cannot see all its files."""

    def leave(tx: Tx) -> None:
        for source, stream in (("s", ""), ("s", "gone"), ("s", "there"), ("blind", "gone"), ("removed", "gone")):
            positions.save(tx, source, "", stream, "o", b"x")

    await house.store.write(leave)
    there = StreamStatus(stream="there", origin="o", state=StreamState.OK)
    unreadable = StreamStatus(stream="", origin="o", state=StreamState.UNREADABLE)
    house.sources = [
        SourceStatus(source="s", streams=(there,), counters=READ),
        SourceStatus(source="blind", streams=(unreadable,), counters=READ),
    ]
    assert await house.sweep(days=89) == {}
    assert await house.sweep(days=2) == {"positions": 1}
    left = await house.store.read(lambda c: [row.stream for row in positions.load(c, "s")])
    assert left == ["", "there"]
    assert living_streams([SourceStatus(source="s", streams=(there,))]) == {}, "it has not looked yet"


async def test_each_transaction_is_small(house: House) -> None:
    """Many rows go in transactions of 500 at most, and all are counted."""
    for start in range(0, 1200, 300):
        await house.take(*(finding(f"f{number}", decision=RECORD) for number in range(start, start + 300)))
    assert await house.sweep(days=31) == {"findings": 1200}
    assert house.metrics.sizes == [500, 500, 200]
    labels = {"kind": "findings"}
    assert house.metrics.registry.get_sample_value("tocsin_retention_removed_rows_total", labels) == 1200


async def test_the_file_shrinks(clock: HastyClock, tmp_path: Path) -> None:
    """Once much was removed, SQLite's file gives its pages back, but for a reserve."""
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        house = House(store, clock)
        for number in range(30):
            await store.write(lambda tx, n=number: positions.save(tx, "s", "", f"{n}", "o", bytes(400_000)))  # type: ignore[misc]
        await store.write(lambda tx: tx.connection.execute(tables.position.delete()).close())
        free = await store.read(room.free_pages)
        gone = await house.sweep()
        assert gone["freed_bytes"] == (free - 1000) * 4096 > 0
        assert await store.read(room.free_pages) == 1000
        assert await house.sweep() == {}


async def test_what_was_told_of_the_installation_goes(house: House) -> None:
    """A letter goes with its deliveries and its notice, as what was told of closed records does."""
    letter = Letter(person="ana", occasion="day 2026-03-01", title="t", body="b")
    sent = [NewDelivery(receiver="r", target=0, channel="c")]
    await house.store.write(lambda tx: letters.write(tx, letter, sent))
    await house.store.write(_deliver)
    assert await house.sweep(days=179) == {}
    assert await house.sweep(days=2) == {"deliveries": 1, "letters": 1, "notices": 1}


async def test_what_was_seen_long_ago_goes(house: House) -> None:
    """Coverage that ended before any watch looks back goes, and sets of rules that nothing names any more."""

    def leave(tx: Tx, rule: str) -> str:
        versions = {rule: "1"}
        coverage.keep_rules(tx, versions)
        name = digest(versions)
        coverage.seen(tx, [Alive(kind=Kind.RULES, name=name, start=tx.now, until=tx.now)])
        coverage.end_other_rules(tx, name, "others")
        return name

    await house.store.write(lambda tx: leave(tx, "r1"))
    await house.store.write(lambda tx: leave(tx, "r2"))
    assert await house.sweep(days=790) == {}
    assert await house.sweep(days=11) == {"coverage": 1, "rule_sets": 1}
    assert (await house.count("coverage"), await house.count("rule_set")) == (1, 1)


async def test_claims_of_records_that_are_over_go(house: House) -> None:
    """What senders said of the alerts of a record goes some time after it closed; of an open one it stays."""

    def leave(tx: Tx) -> None:
        findings.take_all(
            tx, [finding("f1", decision=OBSERVE), finding("f2", rule="r2", source="192.0.2.1", host="db")]
        )
        row = {"alert": "a", "times": 1, "how": "resolved", "changes": ()}
        tx.connection.execute(tables.claim.insert(), [{"incident": number, **row} for number in (1, 2)])

    await house.store.write(leave)
    await house.sweep(days=2)
    assert await house.sweep(days=29) == {}
    assert await house.sweep(days=2) == {"claims": 1}


async def test_a_door_that_is_gone_holds_no_other_up(house: House) -> None:
    """What was handed in and read goes, however much waits at a door that nobody reads any more."""

    def leave(tx: Tx) -> None:
        for number in range(6):
            last = inbox.put(tx, "gone" if number % 2 else "here", "alerts", b"{}")
        positions.save(tx, "here", "", STREAM, "o", inbox.position_of(last))

    await house.store.write(leave)
    assert await house.sweep(days=6.9) == {}
    assert await house.sweep(days=0.2) == {"parcels": 3}
    assert await house.count("inbox") == 3


async def test_a_store_that_is_too_full(clock: HastyClock, tmp_path: Path) -> None:
    """It is said at 80 %; above the limit samples of what was observed go early, records and positions never."""
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        house = House(store, clock)
        large = [replace(line(one), text="x" * 30_000) for one in range(40)]
        await house.take(finding("f1", decision=OBSERVE, evidence=large))
        await house.take(finding("f2", rule="r2", source="192.0.2.1", host="db", evidence=large[:1]))
        await store.write(lambda tx: positions.save(tx, "s", "", "there", "o", b"x"))
        await house.sweep(days=8)  # closes the observation
        used = await store.read(room.used_bytes)
        house.told = Retention(max_store_mb=ceil(used / 2**20))
        assert room.too_full(used, house.told.max_store_mb * 2**20).endswith("above that samples go early")
        house.told = Retention(max_store_mb=1)
        sweep = house.sweeper()
        gone = await sweep.sweep(asyncio.Event(), only_size=True)
        assert sweep.sentences[0].endswith("raise retention.max_store_mb, or keep things for fewer days")
        assert gone["observations"] > 40
        assert (await house.count("evidence"), await house.count("position")) == (1, 1)
        assert await store.read(lambda c: verification.faults_of(c, 1)) == ()
        await sweep.sweep(asyncio.Event(), only_size=True)
        assert sweep.sentences == ()
        assert house.metrics.registry.get_sample_value("tocsin_store_bytes") < 2**20  # type: ignore[operator]


@pytest.mark.parametrize(
    ("used", "most", "said"),
    [(100, None, ""), (79, 100, ""), (80, 100, "the store holds 80% of"), (120, 100, "the store holds 120% of")],
)
def test_when_the_size_is_told(used: int, most: int | None, said: str) -> None:
    """From 80 % of the limit on."""
    sentence = room.too_full(used, most)
    assert bool(sentence) == bool(said)
    assert sentence.startswith(said)

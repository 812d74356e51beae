"""What a person has observed until so many events came, on each database."""

from datetime import timedelta

from support.fakes import START, FakeClock
from support.store import ANA, add_persons, finding

from detector.lapses import Lapses
from rules.event import Decision, Severity
from store.database import Store
from store.incident import EntryKind, Incident, Outcome, Step
from store.notice import NoticeKind
from store.repository.grouping import findings
from store.repository.incident import moves
from store.repository.record import records, timeline
from store.repository.telling import outbox
from store.site import Site
from store.tx import Tx

HOUR = timedelta(hours=1)


async def look(store: Store, clock: FakeClock) -> Incident:
    """What stands after the daemon has looked."""
    await Lapses(store, clock, Site, lambda: None).end_due()
    return await store.read(lambda c: records.load(c, 1))


async def observe(store: Store, count: int) -> None:
    """Four events came; Ana waits for so many more, for an hour."""

    def work(tx: Tx) -> None:
        add_persons(tx)
        findings.take(tx, finding(events=4, severity=Severity.MEDIUM, history=True))
        moves.observe(
            tx, 1, ANA, version=records.load(tx.connection, 1).version, via="t", until=START + HOUR, count=count
        )

    await store.write(work)


async def more(store: Store, events: int) -> None:
    """So many events in all."""
    grown = finding(events=events, severity=Severity.MEDIUM, seconds=60)
    await store.write(lambda tx: findings.take(tx, grown))


async def test_it_becomes_an_incident_with_its_count(store: Store, clock: FakeClock) -> None:
    """Not one event sooner, and long before its end; its people are told, and the timeline says why."""
    await observe(store, 3)
    await more(store, 6)
    assert (await look(store, clock)).decision is Decision.OBSERVE
    await more(store, 7)
    record = await look(store, clock)
    assert (record.decision, record.step, record.observe_until, record.observe_events) == (
        Decision.INVESTIGATE,
        Step.NOTIFICATION,
        None,
        None,
    )
    entry = (await store.read(lambda c: timeline.of(c, 1, EntryKind.DECIDED)))[-1]
    assert entry.facts["reason"] == "it has come to 7 events"
    notice = (await store.read(outbox.notices_unplanned))[-1]
    assert (notice.kind, notice.reason) == (NoticeKind.OPENED, "it has come to 7 events: decide what it is")


async def test_fewer_are_nothing(store: Store, clock: FakeClock) -> None:
    """Once its time is over it is dismissed, although something came."""
    await observe(store, 3)
    await more(store, 6)
    clock.advance(3600)
    assert (await look(store, clock)).outcome is Outcome.DISMISSED

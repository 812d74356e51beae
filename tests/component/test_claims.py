"""A sender says that its alert is over: kept as its claim, it ends the asking and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.fakes import START, FakeClock
from support.store import ANA, add_persons, finding

from rules.event import Decision, Entity
from rules.finding import Finding
from store.database import Store
from store.incident import EntryKind, SourceKind, Status, Step
from store.ledger import Ledger
from store.notice import NoticeKind
from store.repository.grouping import findings, flapping
from store.repository.incident import incidents
from store.repository.record import timeline
from store.repository.telling import outbox


def fires(alert: str = "a", name: str = "f1", seconds: float = 0, events: int = 1) -> Finding:
    """An alert fires, *seconds* after the start for the last time."""
    return _about(alert, finding(name, source=None, key=f"alert {alert}", seconds=seconds, events=events))


def ends(alert: str = "a", name: str = "r1", seconds: float = 60) -> Finding:
    """Its sender says that it is over."""
    said = finding(
        name,
        rule="is-over",
        decision=Decision.RECORD,
        source=None,
        host=None,
        key=f"over {alert}",
        first_seen=START + timedelta(seconds=seconds),
    )
    return _about(alert, said, claims="resolved")


def _about(alert: str, found: Finding, claims: str = "") -> Finding:
    return replace(found, entities=(*found.entities, Entity(kind="alert", value=alert)), claims=claims)


async def take(store: Store, *found: Finding) -> None:
    for one in found:
        await store.write(lambda tx, one=one: findings.take(tx, one))  # type: ignore[misc]


async def told(store: Store) -> list[NoticeKind]:
    return [notice.kind for notice in await store.read(outbox.notices_unplanned)]


async def kinds(store: Store) -> list[EntryKind]:
    return [entry.kind for entry in await store.read(lambda connection: timeline.of(connection, 1))]


async def test_over_is_kept_and_ends_the_asking(store: Store) -> None:
    """The record stays open where it stood; who was asked hears that nothing is asked any more."""
    await take(store, fires(), ends())
    view = await store.read(lambda connection: incidents.get(connection, 1))
    assert (view.incident.status, view.incident.step, view.incident.resolved_at) == (
        Status.OPEN,
        Step.NOTIFICATION,
        None,
    )
    assert view.incident.source_kind is SourceKind.ALERT
    assert await kinds(store) == [EntryKind.OPENED, EntryKind.RESOLVED]
    assert await told(store) == [NoticeKind.RESOLVED]  # what asked is cancelled


async def test_it_fires_again(store: Store) -> None:
    """People are asked after all; at the fourth change within an hour it flaps, which is told once."""
    await take(store, fires(), ends(), fires(seconds=120, events=2))
    assert await told(store) == [NoticeKind.RESOLVED, NoticeKind.WORSE]
    await take(store, ends(name="r2", seconds=180), fires(seconds=240, events=3))
    flaps = [NoticeKind.RESOLVED, NoticeKind.RESOLVED, NoticeKind.WORSE]
    assert await told(store) == flaps
    assert "flaps" in (await store.read(outbox.notices_unplanned))[-1].reason
    await take(store, ends(name="r3", seconds=300), fires(seconds=360, events=4), ends(name="r4", seconds=400))
    assert await told(store) == flaps, "what flaps is not told change by change"
    assert (await kinds(store)).count(EntryKind.RESOLVED) == 2
    await take(store, fires(seconds=500, events=5), ends(name="r5", seconds=500 + 3600))
    assert (await told(store))[-1] is NoticeKind.RESOLVED, "once it is calm, it is told as ever"


async def test_what_flapped_and_is_calm_is_told(store: Store, clock: FakeClock) -> None:
    """An hour after its last change: that it is over ends the asking, once; that it fires is known."""
    await take(store, fires(), ends(), fires(seconds=120, events=2), ends(name="r2", seconds=180))
    await take(store, fires(seconds=240, events=3))
    assert (await told(store))[-1] is NoticeKind.WORSE
    assert await store.read(flapping.next_due) == START + timedelta(seconds=240 + 3600)
    await take(store, ends(name="r3", seconds=300))
    before = await told(store)
    clock.advance(300 + 3599)
    assert await store.write(flapping.lapse) == 0
    clock.advance(1)
    assert await store.write(flapping.lapse) == 1
    assert (await told(store))[len(before) - 1 :] == [NoticeKind.RESOLVED]  # in place of what asked
    entries = await store.read(lambda connection: timeline.of(connection, 1))
    assert entries[-1].facts == {"claim": True, "calm": True}
    assert (await store.write(flapping.lapse), await store.read(flapping.next_due)) == (0, None)
    await take(store, fires(seconds=2 * 3600, events=4))
    assert (await store.read(outbox.notices_unplanned))[-1].reason.startswith("it fires again"), "told as ever"


async def test_it_is_not_reported_any_more(store: Store) -> None:
    """That ends the asking too, and is told for what it is; a later word that it is over is kept."""
    await take(store, fires(), replace(ends(), claims="expired"))
    [notice] = await store.read(outbox.notices_unplanned)
    assert (notice.kind, notice.reason) == (
        NoticeKind.UNREPORTED,
        "its sender was to report it again by now, and did not",
    )
    await take(store, ends(name="r2", seconds=120))
    entries = await store.read(lambda connection: timeline.of(connection, 1))
    assert [entry.facts for entry in entries[1:]] == [{"claim": True, "expired": True}, {"claim": True}]
    reasons = [notice.reason for notice in await store.read(outbox.notices_unplanned)]
    assert reasons[1:] == ["its sender says that it is over"]


async def test_one_of_two_alerts_is_over(store: Store) -> None:
    """While another alert of the incident fires, people are still asked."""
    both = fires("a")
    await take(store, _about("b", both), ends("a"))
    assert await told(store) == [NoticeKind.OPENED]
    await take(store, ends("b", "r2"))
    assert await told(store) == [NoticeKind.RESOLVED]


@pytest.mark.parametrize("late", [30, 60])
async def test_what_fired_before_the_end_is_no_news(store: Store, late: float) -> None:
    """Out of order: a firing from before the claimed end leaves the claim as it is."""
    await take(store, fires(), ends(seconds=60), fires(seconds=late, events=2))
    assert await told(store) == [NoticeKind.RESOLVED]


async def test_the_end_alone_opens_nothing(store: Store) -> None:
    """Of an alert that nobody told us of there is nothing to end; and twice over is once."""
    await take(store, ends())
    assert await told(store) == []
    await take(store, fires(name="f2"), ends(name="r2", seconds=90), ends(name="r3", seconds=120))
    assert (await kinds(store)).count(EntryKind.RESOLVED) == 1


async def test_who_has_it_is_not_disturbed(store: Store) -> None:
    """After an acknowledgement the timeline tells it, no message does."""
    await store.write(add_persons)
    await take(store, fires())
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="token"))
    before = await told(store)
    await take(store, ends(), fires(seconds=120, events=2))
    assert await told(store) == before


def test_a_replay_keeps_the_same_claims() -> None:
    """The ledger takes the same decisions."""
    ledger = Ledger()
    for one in (fires(), ends(), fires(seconds=120, events=2)):
        ledger.take(one)
    assert [notice.kind for notice in ledger.notices] == [NoticeKind.OPENED, NoticeKind.RESOLVED, NoticeKind.WORSE]

"""How alerts stand is kept with what their senders hand in; a repetition costs a count, and silence is heard."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.store import ANA, add_persons, finding

from rules.event import Decision, Entity, Severity
from rules.intake.alert import Told, told_in
from rules.intake.parcels import lines_of
from store.calendar import Calendar
from store.database import Store
from store.incident import DismissReason, Status
from store.notice import NoticeKind
from store.repository.grouping import findings
from store.repository.incident import dismissals
from store.repository.intake import alerts, inbox
from store.repository.record import records
from store.repository.telling import outbox

UP = START - timedelta(days=1)


def posted(*names: str, over: bool = False, severity: str = "high", minutes: float = 0) -> bytes:
    """What a Prometheus posts of alerts, *minutes* after the start."""
    now = START + timedelta(minutes=minutes)
    ends_at = now if over else now + timedelta(minutes=4)
    labels = [{"alertname": name, "severity": severity} for name in names]
    told = [{"labels": one, "startsAt": START.isoformat(), "endsAt": ends_at.isoformat()} for one in labels]
    return json.dumps(told).encode()


async def hand_in(store: Store, clock: FakeClock, body: bytes, key: str | None = None) -> int:
    """Number of the parcel."""
    told = told_in(lines_of("prometheus", body, clock.now()))
    return await store.write(lambda tx: alerts.take_in(tx, "prom", "prometheus", body, told, key=key))


async def kept(store: Store) -> list[bytes]:
    return [one.body for one in await store.read(lambda connection: inbox.after(connection, "prom", 0))]


async def firing(store: Store, clock: FakeClock) -> list[str]:
    return [one.told.name for one in await store.read(lambda connection: alerts.firing(connection, clock.now()))]


async def test_a_repetition_touches_a_count_alone(store: Store, clock: FakeClock) -> None:
    """Its body is not kept again, and it is answered with the number of the one that is."""
    first = await hand_in(store, clock, posted("Down"))
    clock.advance(60)
    assert await hand_in(store, clock, posted("Down", minutes=1)) == first
    assert len(await kept(store)) == 1
    assert await firing(store, clock) == ["Down"]
    clock.advance(60)
    assert await hand_in(store, clock, posted("Down", minutes=2, severity="critical")) > first
    assert await hand_in(store, clock, posted("Down", over=True, minutes=2), "k") > first
    assert await hand_in(store, clock, posted("Down", over=True, minutes=2), "k") == len(await kept(store))


async def test_whoever_hands_in_gets_a_number(store: Store) -> None:
    """Though it is of no use: that an alert is not reported any more of which nobody spoke."""
    told = Told(tocsin="alert", name="n", status="expired", severity="high", key="k")
    for _ in range(2):
        assert await store.write(lambda tx: alerts.take_in(tx, "prom", "alerts", b"[]", [told])) == 1


async def test_what_is_not_reported_expires(store: Store, clock: FakeClock) -> None:
    """The rules hear of it at the same intake; not of one that was over, or repeated in time."""
    await hand_in(store, clock, posted("Down", "Full", "Slow"))
    await hand_in(store, clock, posted("Slow", over=True))
    clock.advance(120)
    await hand_in(store, clock, posted("Full", minutes=2))
    clock.advance(119)
    assert await store.read(alerts.next_due) == START + timedelta(minutes=4)
    assert not await store.write(lambda tx: alerts.expire(tx, UP))
    clock.advance(1)
    assert await store.write(lambda tx: alerts.expire(tx, UP)) == {"prom"}
    assert not await store.write(lambda tx: alerts.expire(tx, UP))
    [told] = told_of((await kept(store))[-1])
    assert (told.name, told.status, told.key) == ("Down", "expired", "alertname=Down,severity=high")
    assert await firing(store, clock) == ["Full"]


async def test_many_at_once_are_one_silent_sender(store: Store, clock: FakeClock) -> None:
    """One line tells of it; of no alert is said that it is over."""
    await hand_in(store, clock, posted(*"abcdef"))
    clock.advance(240)
    assert await store.write(lambda tx: alerts.expire(tx, UP)) == {"prom"}
    [told] = told_of((await kept(store))[-1])
    assert (told.status, told.key) == ("silent", "tocsin:sender_silent:prom")
    assert told.annotations["summary"].startswith("6 firing alerts of prom")
    clock.advance(60)
    await hand_in(store, clock, posted(*"abcdef", minutes=5))
    assert await firing(store, clock) == ["a", "b", "c", "d", "e", "f"]
    again = [one for body in (await kept(store))[2:] for one in told_in(lines_of("unreported", body, START))]
    assert [(one.status, one.key) for one in again] == [("resolved", "tocsin:sender_silent:prom")], "it is heard again"
    clock.advance(60)
    await hand_in(store, clock, posted(*"abcdef", minutes=6))
    assert len(await kept(store)) == 4, "and that is told once"
    clock.advance(240)
    await store.write(lambda tx: alerts.expire(tx, UP))
    assert [one.status for one in told_of((await kept(store))[-1])] == ["silent"]
    await hand_in(store, clock, posted("g", minutes=10))
    assert [one.status for one in told_of((await kept(store))[-1])] == ["resolved"], "whatever it says"


async def test_one_sender_cannot_end_what_another_one_says_fires(store: Store, clock: FakeClock) -> None:
    """The same key at two intakes: the asking ends once the one that fires it says that it is over."""
    await hand_in(store, clock, posted("Down"))
    entity = Entity(kind="alert", value="alertname=Down,severity=high")
    await store.write(lambda tx: findings.take(tx, replace(finding("f1"), entities=(entity,))))
    over = replace(
        finding("r1", rule="is-over", decision=Decision.RECORD, key="over"), entities=(entity,), claims="resolved"
    )
    told = told_in(lines_of("prometheus", posted("Down", over=True), clock.now()))
    await store.write(lambda tx: alerts.take_in(tx, "other", "prometheus", b"[]", told))
    await store.write(lambda tx: findings.take(tx, over))
    assert [one.kind for one in await store.read(outbox.notices_unplanned)] == [NoticeKind.OPENED]
    await hand_in(store, clock, posted("Down", over=True))
    await store.write(lambda tx: findings.take(tx, replace(over, id="r2")))
    assert [one.kind for one in await store.read(outbox.notices_unplanned)] == [NoticeKind.RESOLVED]


@pytest.mark.parametrize("key", ["k" * 5_000, "\N{SNOWMAN}" * 400, "a\x00b"])
async def test_keys_of_any_kind(store: Store, key: str) -> None:
    """Each database can index and compare them."""
    told = Told(tocsin="alert", name="n", status="firing", severity="high", key=key)
    for _ in range(2):
        number = await store.write(lambda tx: alerts.take_in(tx, "prom", "alerts", b"[]", [told, told]))
        assert number == 1


def told_of(body: bytes) -> list[Any]:
    return list(told_in(lines_of("unreported", body, START)))


async def test_what_was_dismissed_while_it_fired_is_not_opened_again_by_a_repetition(
    store: Store, clock: FakeClock
) -> None:
    """People knew that it fires; once it was over and fires anew, it is."""
    await store.write(add_persons)
    await hand_in(store, clock, posted("Down"))
    fired = replace(
        finding("f1", severity=Severity.LOW),
        entities=(Entity(kind="alert", value="alertname=Down,severity=high"),),
        first_seen=clock.now(),
    )
    await store.write(lambda tx: findings.take(tx, fired))
    clock.advance(60)
    why = DismissReason.EXPECTED_ACTIVITY
    await store.write(
        lambda tx: dismissals.dismiss(tx, 1, ANA, version=2, via="", reason_code=why, calendar=Calendar())
    )
    clock.advance(3_000)
    again = replace(fired, last_seen=clock.now(), events=2)
    await store.write(lambda tx: findings.take(tx, again))
    assert (await store.read(lambda c: records.load(c, 1))).status is Status.CLOSED
    await hand_in(store, clock, posted("Down", over=True, minutes=51))
    clock.advance(60)
    await hand_in(store, clock, posted("Down", minutes=52).replace(b"09:00:00", b"09:52:00"))
    anew = replace(fired, last_seen=clock.now(), events=3)
    await store.write(lambda tx: findings.take(tx, anew))
    assert (await store.read(lambda c: records.load(c, 1))).status is Status.OPEN


async def test_what_was_over_before_it_was_told_asks_nobody(store: Store, clock: FakeClock) -> None:
    """Out of order: the record of its first firing is opened, and bears the claim."""
    await hand_in(store, clock, posted("Down", over=True))
    clock.advance(1)
    await hand_in(store, clock, posted("Down"))
    late = replace(finding("f1"), entities=(Entity(kind="alert", value="alertname=Down,severity=high"),))
    await store.write(lambda tx: findings.take(tx, late))
    [notice] = await store.read(outbox.notices_unplanned)
    assert (notice.kind, notice.incident.status) == (NoticeKind.RESOLVED, Status.OPEN)

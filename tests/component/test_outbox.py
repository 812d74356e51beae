"""Notices and deliveries in the store."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from support.fakes import START, FakeClock
from support.store import ANA, add_persons, finding, open_store

from rules.event import Severity
from store.database import Store
from store.notice import Delivery, DeliveryState, NewDelivery, NoticeKind, Settlement
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.telling import outbox

MAIL = NewDelivery(receiver="ana-mail", target=0, channel="mailto://mx", person="ana", reason="route 1")
CHAT = NewDelivery(receiver="chat", target=0, channel="slack://hook", reason="route 1")
ACCEPTED = Settlement(state=DeliveryState.ACCEPTED, detail="250 ok", title="t", body="b")


async def planned(store: Store, *deliveries: NewDelivery) -> list[Delivery]:
    """An incident whose notice is planned to these."""
    await store.write(lambda tx: findings.take(tx, finding()))
    [notice] = await store.read(outbox.notices_unplanned)
    await store.write(lambda tx: outbox.plan(tx, notice.id, deliveries))
    return await of_incident(store)


async def of_incident(store: Store, number: int = 1) -> list[Delivery]:
    """All deliveries about a record."""
    return await store.read(lambda connection: outbox.of_incident(connection, number))


async def claim(store: Store, channel: str | None = None, limit: int = 10) -> list[Delivery]:
    """Lease what is due."""
    return await store.write(lambda tx: outbox.claim(tx, channel, lease_seconds=60, limit=limit))


async def states(store: Store) -> Sequence[DeliveryState]:
    """The state of each delivery, in order of id."""
    return [delivery.state for delivery in await of_incident(store)]


async def settle(store: Store, delivery: Delivery, result: Settlement) -> bool:
    """Note how an attempt ended."""
    return await store.write(lambda tx: outbox.settle(tx, delivery.id, result, attempt=delivery.attempts))


async def test_a_notice_is_planned_once(store: Store) -> None:
    """A notice turns into deliveries once; planning it again, as after a lost answer, adds nothing."""
    mail, chat = await planned(store, MAIL, CHAT)
    assert (mail.state, mail.kind, mail.person, mail.due_at) == (DeliveryState.QUEUED, NoticeKind.OPENED, "ana", START)
    assert await store.read(outbox.notices_unplanned) == []
    assert await store.write(lambda tx: outbox.plan(tx, mail.notice, [MAIL])) == ()
    assert await of_incident(store) == [mail, chat]


async def test_suppressed_is_written_down(store: Store) -> None:
    """A delivery that is not made is kept with the reason and is never claimed."""
    reason = "TLP:RED is above what chat may show"
    [kept] = await planned(
        store, NewDelivery(receiver="chat", target=0, channel="c", reason=reason, state=DeliveryState.SUPPRESSED)
    )
    assert (kept.state, kept.reason, kept.finished_at) == (DeliveryState.SUPPRESSED, reason, START)
    assert await claim(store) == []


async def test_accepted(store: Store, clock: FakeClock) -> None:
    """An accepted delivery keeps what was sent, is done, and is when the incident was first told."""
    await planned(store, MAIL)
    [mail] = await claim(store)
    assert (mail.state, mail.attempts, mail.lease_until) == (DeliveryState.SENDING, 1, START + timedelta(seconds=60))
    clock.advance(2)
    assert await settle(store, mail, ACCEPTED)
    [mail] = await of_incident(store)
    assert (mail.state, mail.title, mail.body, mail.detail) == (DeliveryState.ACCEPTED, "t", "b", "250 ok")
    assert mail.finished_at == START + timedelta(seconds=2)
    view = await store.read(lambda connection: incidents.get(connection, 1))
    assert view.incident.notified_at == START + timedelta(seconds=2)
    assert await store.read(outbox.pending) == 0


async def test_claimed_by_one(store: Store) -> None:
    """What is leased is not leased again, and channels are claimed apart."""
    await planned(store, MAIL, CHAT)
    [mail] = await claim(store, "mailto://mx")
    assert mail.receiver == "ana-mail"
    assert [one.receiver for one in await claim(store)] == ["chat"]
    assert await claim(store) == []


async def test_retry_waits(store: Store, clock: FakeClock) -> None:
    """A failed attempt is due again at the time that was given, not before."""
    await planned(store, MAIL)
    [mail] = await claim(store)
    again = Settlement(state=DeliveryState.QUEUED, detail="451 busy", retry_at=START + timedelta(seconds=15))
    await settle(store, mail, again)
    assert await claim(store) == []
    assert await store.read(outbox.next_due) == START + timedelta(seconds=15)
    clock.advance(15)
    [mail] = await claim(store)
    assert (mail.attempts, mail.resent) == (2, False)


async def test_restart_sends_again_marked(store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """What was being sent when the daemon ended may have arrived: it is sent again, marked as re-sent."""
    async with open_store(store_url, clock, tmp_path) as store:
        await planned(store, MAIL, CHAT)
        [mail] = await claim(store, "mailto://mx")
    async with open_store(store_url, clock, tmp_path) as store:
        assert await store.write(outbox.expire_leases_at_start) == 1
        assert await states(store) == [DeliveryState.UNCERTAIN, DeliveryState.QUEUED]
        [again, chat] = await claim(store)
        assert (again.id, again.resent, again.attempts) == (mail.id, True, 2)
        assert not chat.resent


async def test_late_answer_is_not_taken(store: Store, clock: FakeClock) -> None:
    """An answer that comes after its lease has ended, when the delivery went on, changes nothing."""
    await planned(store, MAIL)
    [first] = await claim(store)
    clock.advance(59)
    assert await store.write(outbox.expire_leases) == 0
    clock.advance(1)
    assert await store.write(outbox.expire_leases) == 1
    assert not await settle(store, first, ACCEPTED)
    [second] = await claim(store)
    assert not await settle(store, first, ACCEPTED)
    assert await settle(store, second, ACCEPTED)


async def test_in_order_per_recipient(store: Store) -> None:
    """About one incident a recipient gets messages in order; another recipient does not wait for that."""
    await planned(store, MAIL, CHAT)
    [mail] = await claim(store, "mailto://mx")
    await store.write(lambda tx: findings.take(tx, finding("f2", severity=Severity.CRITICAL)))
    [worse] = await store.read(outbox.notices_unplanned)
    await store.write(lambda tx: outbox.plan(tx, worse.id, [MAIL, CHAT]))
    [chat] = await claim(store)
    assert (chat.receiver, chat.kind) == ("chat", NoticeKind.OPENED)
    await settle(store, mail, ACCEPTED)
    [second] = await claim(store)
    assert (second.receiver, second.kind) == ("ana-mail", NoticeKind.WORSE)


async def test_acknowledging_cancels_what_waits(store: Store) -> None:
    """Once someone has it, what still asks for that is not sent; who was told can be told who has it."""
    await store.write(add_persons)
    await planned(store, MAIL, CHAT)
    [mail] = await claim(store, "mailto://mx")
    await settle(store, mail, ACCEPTED)
    await store.write(lambda tx: findings.take(tx, finding("f2", severity=Severity.CRITICAL)))
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    assert await states(store) == [DeliveryState.ACCEPTED, DeliveryState.CANCELLED]
    [notice] = await store.read(outbox.notices_unplanned)
    assert notice.kind is NoticeKind.ACKNOWLEDGED
    assert await store.read(lambda connection: outbox.told(connection, 1, 1)) == [("ana-mail", 0)]
    assert (await of_incident(store))[1].detail == "acknowledged by ana"


@pytest.mark.parametrize("state", DeliveryState)
async def test_states_and_their_columns(store: Store, state: DeliveryState) -> None:
    """Every state that an attempt can end in is storable, final ones with the moment of the end."""
    await planned(store, MAIL)
    [mail] = await claim(store)
    if state is DeliveryState.SENDING:
        return
    await settle(store, mail, Settlement(state=state))
    [mail] = await of_incident(store)
    assert mail.state is state
    assert (mail.finished_at is not None) == state.is_final
    assert (await store.read(outbox.counts))[state] == 1

"""The end of step 2, on each database: who was told, who has it, and who is outstanding."""

from support.store import ANA, add_persons, finding

from rules.event import Severity
from store.database import Store
from store.incident import DAEMON, EntryKind, Step
from store.notice import DeliveryState, NewDelivery, Settlement
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.record import records, timeline
from store.repository.steps import notifying
from store.repository.telling import outbox
from store.tx import Tx


async def plan(store: Store, *receivers: str) -> None:
    """Decide that these hear of the oldest notice."""
    (oldest, *_) = await store.read(outbox.notices_unplanned)
    new = [NewDelivery(receiver=name, target=0, channel=name) for name in receivers]
    await store.write(lambda tx: outbox.plan(tx, oldest.id, new))


async def send(store: Store, channel: str, state: DeliveryState) -> None:
    """Try one message over *channel*; it ends so."""

    def work(tx: Tx) -> None:
        (one,) = outbox.claim(tx, channel, lease_seconds=60, limit=1)
        outbox.settle(tx, one.id, Settlement(state=state))

    await store.write(work)


async def open_one(store: Store, severity: Severity) -> None:
    def fill(tx: Tx) -> None:
        add_persons(tx)
        findings.take(tx, finding(severity=severity))

    await store.write(fill)


async def test_it_goes_on_once_somebody_has_it_and_all_were_tried(store: Store) -> None:
    """Not before the acknowledgement, not before everybody was tried; who was not reached is listed."""
    await open_one(store, Severity.HIGH)
    assert await store.write(notifying.go_on) == 0
    await plan(store, "mail", "chat")
    await send(store, "mail", DeliveryState.ACCEPTED)
    await send(store, "chat", DeliveryState.FAILED)
    assert await store.write(notifying.go_on) == 0
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="token"))
    assert await store.write(notifying.go_on) == 1
    assert await store.write(notifying.go_on) == 0
    assert (await store.read(lambda c: records.load(c, 1))).step is Step.REPORTING
    entry = (await store.read(lambda c: timeline.of(c, 1)))[-1]
    assert (entry.kind, entry.actor) == (EntryKind.MOVED, DAEMON)
    assert entry.facts == {"from": "notification", "to": "reporting", "outstanding": "chat"}


async def test_a_light_one_needs_no_acknowledgement(store: Store) -> None:
    """What is low goes on when its messages have gone out."""
    await open_one(store, Severity.LOW)
    await plan(store, "mail")
    assert await store.write(notifying.go_on) == 0
    await send(store, "mail", DeliveryState.ACCEPTED)
    assert await store.write(notifying.go_on) == 1
    entry = (await store.read(lambda c: timeline.of(c, 1)))[-1]
    assert entry.facts == {"from": "notification", "to": "reporting"}

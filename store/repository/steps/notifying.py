"""The end of step 2: an incident goes on by itself once the people responsible were told."""

from collections.abc import Sequence

from sqlalchemy import Connection, exists, or_, select

from rules.event import Decision
from store import process
from store.incident import DAEMON, EntryKind, Fact, Status, Step, Track
from store.notice import DeliveryState, NoticeKind
from store.process import Standing
from store.repository.incident import moves
from store.repository.record import records
from store.tables import delivery, incident, notice
from store.tx import Tx

#: Records that one transaction moves at most: each needs several statements.
AT_ONCE = 20
_ASKS = tuple(kind for kind in NoticeKind if kind.asks)


def ready(connection: Connection) -> Sequence[int]:
    """Numbers of the incidents that go on to reporting, `AT_ONCE` at most.

    Somebody has it (nobody needs to on the light track), everybody who is to hear of it is known, and each of them
    was told or at least tried.
    """
    asked = (notice.c.incident == incident.c.number, notice.c.cycle == incident.c.cycle, notice.c.kind.in_(_ASKS))
    untried = exists().where(
        delivery.c.notice == notice.c.id,
        *asked,
        or_(
            delivery.c.state == DeliveryState.SENDING,
            (delivery.c.state == DeliveryState.QUEUED) & (delivery.c.attempts == 0),
        ),
    )
    found = (
        select(incident.c.number)
        .where(
            incident.c.status == Status.OPEN,
            incident.c.step == Step.NOTIFICATION,
            incident.c.decision == Decision.INVESTIGATE,
            incident.c.quiet_until.is_(None),
            or_(incident.c.acknowledged_at.is_not(None), incident.c.track == Track.LIGHT),
            exists().where(*asked),
            ~exists().where(*asked, notice.c.planned_at.is_(None), notice.c.due_at <= notice.c.at),
            ~untried,
        )
        .order_by(incident.c.number)
        .limit(AT_ONCE)
    )
    return connection.execute(found).scalars().all()


def go_on(tx: Tx) -> int:
    """Move what is ready to reporting; who was not reached is listed. Returns how many those were."""
    numbers = ready(tx.connection)
    for number in numbers:
        before = records.load(tx.connection, number)
        after = process.advance(before, process.REPORTING, now=tx.now, by=DAEMON)
        records.change(tx, before, after)
        facts: dict[str, Fact] = {"from": str(Standing.of(before)), "to": str(Standing.of(after))}
        outstanding = _outstanding(tx.connection, number, before.cycle)
        if outstanding:
            facts["outstanding"] = ", ".join(outstanding)
        moves.write(tx, after, EntryKind.MOVED, DAEMON, "", facts)
    return len(numbers)


def _outstanding(connection: Connection, number: int, cycle: int) -> list[str]:
    """Receivers that were to be asked in this cycle, and that no message has reached."""
    rows = connection.execute(
        select(delivery.c.receiver, delivery.c.state)
        .join(notice, notice.c.id == delivery.c.notice)
        .where(notice.c.incident == number, notice.c.cycle == cycle, notice.c.kind.in_(_ASKS))
    ).all()
    reached = {row.receiver for row in rows if row.state is DeliveryState.ACCEPTED}
    suppressed = {row.receiver for row in rows if row.state is DeliveryState.SUPPRESSED}
    return sorted({row.receiver for row in rows} - reached - suppressed)

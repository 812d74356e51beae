"""Notices that are to be told later: one per incident and matter, so that no two of them are ever due at once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from store.holding import Holding, What, look
from store.incident import DAEMON, ActorKind, EntryKind, Fact, Incident, NewEntry
from store.moments import to_microseconds
from store.notice import Delivery, DeliveryState, NewNotice, NoticeKind
from store.repository.record import notices, records, timeline
from store.tables import delivery, notice
from store.tables import timeline as entries
from store.tx import Tx

#: What is told again, level by level.
LEVELLED = (NoticeKind.ESCALATED, NoticeKind.REMINDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A level that is to be told."""

    notice: int  #: id
    level: int
    due_at: datetime
    matter: str
    reason: str


def next_due(connection: Connection) -> datetime | None:
    """When the next notice is due that nobody has decided upon; None: none waits."""
    found: datetime | None = connection.execute(
        select(func.min(notice.c.due_at)).where(notice.c.planned_at.is_(None))
    ).scalar()
    return found


def waiting(connection: Connection, number: int) -> list[Waiting]:
    """The levels that are to be told of an incident, the first that is due first."""
    rows = connection.execute(select(notice).where(*_waiting(number)).order_by(notice.c.due_at, notice.c.id))
    return [
        Waiting(notice=row.id, level=row.level, due_at=row.due_at, matter=row.matter, reason=row.reason) for row in rows
    ]


def schedule(tx: Tx, new: NewNotice) -> None:
    """Have it told at its time; if something is to be told of the same matter anyway, at the earlier of both."""
    if new.kind not in LEVELLED:
        if not _is_waiting(tx.connection, new):
            notices.write(tx, new)
        return
    found = [one for one in waiting(tx.connection, new.incident) if one.matter == new.matter]
    if not found:
        notices.write(tx, new)
    elif new.due_at is not None and new.due_at < found[0].due_at:
        postpone(tx, found[0].notice, new.due_at)


def _is_waiting(connection: Connection, new: NewNotice) -> bool:
    """Whether the same question is to be asked anyway: it looks by itself for what happened since."""
    same = (notice.c.incident == new.incident, notice.c.kind == new.kind, notice.c.planned_at.is_(None))
    return connection.execute(select(notice.c.id).where(*same, notice.c.due_at > notice.c.at)).first() is not None


def postpone(tx: Tx, notice_id: int, due_at: datetime) -> None:
    """Look at it again at another time."""
    mine = (notice.c.id == notice_id, notice.c.planned_at.is_(None))
    tx.connection.execute(notice.update().where(*mine).values(due_at=due_at))


def hasten(tx: Tx, found: Waiting, level: int, reason: str) -> None:
    """Tell a level now, because those before it could not be told."""
    mine = (notice.c.id == found.notice, notice.c.planned_at.is_(None))
    tx.connection.execute(notice.update().where(*mine).values(due_at=tx.now, level=level, reason=reason))


def told(tx: Tx, number: int, facts: dict[str, Fact]) -> None:
    """Note in the timeline that the next ones were asked."""
    timeline.append(tx, number, NewEntry(kind=EntryKind.ESCALATED, actor=DAEMON, facts=facts))


def troubled(connection: Connection, number: int) -> frozenset[str]:
    """Names of the receivers that messages about an incident do not reach: given up, refused, or tried in vain."""
    rows = connection.execute(
        select(delivery.c.receiver, delivery.c.state, delivery.c.attempts).where(delivery.c.incident == number)
    ).all()
    lost = {row.receiver for row in rows if _in_vain(row.state, row.attempts)}
    return frozenset(lost - {row.receiver for row in rows if row.state is DeliveryState.ACCEPTED})


def has_reached(connection: Connection, one: Delivery) -> bool:
    """Whether another message of the same notice was accepted by a channel of the same person."""
    if one.person is None:
        return False
    same = (delivery.c.notice == one.notice, delivery.c.person == one.person)
    return (
        connection.execute(
            select(delivery.c.id).where(*same, delivery.c.state == DeliveryState.ACCEPTED).limit(1)
        ).first()
        is not None
    )


def worked_at(connection: Connection, record: Incident) -> datetime:
    """When a person did something about it last; at the earliest when somebody acknowledged it."""
    since = record.acknowledged_at or record.opened_at
    last = connection.execute(
        select(func.max(entries.c.at)).where(
            entries.c.incident == record.number, entries.c.actor_kind == ActorKind.PERSON, entries.c.at >= since
        )
    ).scalar()
    return max(since, last or since)


def lapse(tx: Tx, number: int, holding: Holding) -> bool:
    """The acknowledgement of an incident holds no more, if that is still so: who had it is asked first.

    If somebody has done something meanwhile, it is looked at again later. Returns whether it lapsed.
    """
    before = records.load(tx.connection, number)
    length = holding.of(before)
    due = look(before, holding, worked_at=worked_at(tx.connection, before), level=1, now=tx.now)
    if due.what is What.LATER:
        reason = "nothing was heard of it since"
        schedule(tx, replace(_notice(before, NoticeKind.STILL_YOURS, reason), due_at=due.again_at))
    if due.what is not What.LAPSE or length is None or before.acknowledged_at is None:
        return False
    holder = before.owner
    records.change(tx, before, _without_holder(before))
    reason = f"nothing was heard of {holder}, who has it, for {length // timedelta(minutes=1)} min"
    facts: dict[str, Fact] = {
        "owner": holder,
        "acknowledged_by": before.acknowledged_by,
        "acknowledged_at": to_microseconds(before.acknowledged_at),
        "reason": reason,
    }
    timeline.append(tx, number, NewEntry(kind=EntryKind.LAPSED, actor=DAEMON, facts=facts))
    notices.write(tx, replace(_notice(before, NoticeKind.LAPSED, reason), person=holder))
    return True


def _notice(record: Incident, kind: NoticeKind, reason: str) -> NewNotice:
    return NewNotice(incident=record.number, kind=kind, cycle=record.cycle, reason=reason, severity=record.severity)


def _without_holder(before: Incident) -> Incident:
    # Not a change that a person made: what somebody writes at this moment upon the version before is taken.
    return replace(
        before,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_events=None,
        broke_through=False,
        owner=None,
    )


def _in_vain(state: DeliveryState, attempts: int) -> bool:
    if state in (DeliveryState.DEAD, DeliveryState.FAILED):
        return True
    return state in (DeliveryState.QUEUED, DeliveryState.UNCERTAIN) and attempts > 0


def _waiting(number: int) -> tuple[ColumnElement[bool], ...]:
    return (
        notice.c.incident == number,
        notice.c.planned_at.is_(None),
        notice.c.kind.in_(LEVELLED),
        notice.c.level > 0,
    )

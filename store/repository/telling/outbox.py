"""Notices and deliveries: written with the change, claimed with a lease, settled once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, or_, select

from rules.event import Severity
from store.incident import Incident
from store.notice import Delivery, DeliveryState, NewDelivery, NewNotice, Notice, NoticeKind, Settlement
from store.repository.record import notices, records
from store.tables import delivery, incident, notice, request
from store.tx import Tx

UNFINISHED = tuple(state for state in DeliveryState if not state.is_final)
_CLAIMABLE = (DeliveryState.QUEUED, DeliveryState.UNCERTAIN)
#: What an acknowledgement makes superfluous.
_ASKS_FOR_ACK = tuple(kind for kind in NoticeKind if kind.asks)


def write_notice(tx: Tx, new: NewNotice) -> int:
    """Someone should hear of the change that this transaction writes. Returns the notice's id."""
    return notices.write(tx, new)


def notices_unplanned(connection: Connection, limit: int = 100, *, by: datetime | None = None) -> list[Notice]:
    """Notices for which nobody has decided who hears of them, those that are due first.

    Args:
        by: Only what is due by then; None: all but what is to be told later.
    """
    is_due = notice.c.due_at <= (notice.c.at if by is None else by)
    rows = connection.execute(
        select(notice)
        .where(notice.c.planned_at.is_(None), is_due)
        .order_by(_is_less(notice.c.incident), notice.c.due_at, notice.c.id)
        .limit(limit)
    ).all()
    found = select(incident).where(incident.c.number.in_({row.incident for row in rows}))
    known = {one.number: one for one in map(records.from_row, connection.execute(found))}
    return [_notice(known[row.incident], row) for row in rows]


def notices_of(connection: Connection, number: int) -> list[Notice]:
    """All notices about an incident, oldest first; what is to be told later stands last."""
    found = select(notice).where(notice.c.incident == number).order_by(notice.c.due_at, notice.c.id)
    rows = connection.execute(found).all()
    return [_notice(records.load(connection, number), row) for row in rows]


def waits(connection: Connection, notice_id: int) -> bool:
    """Whether nobody has decided who hears of a notice, and it was not settled."""
    mine = (notice.c.id == notice_id, notice.c.planned_at.is_(None))
    return connection.execute(select(notice.c.id).where(*mine)).first() is not None


def plan(tx: Tx, notice_id: int, deliveries: Sequence[NewDelivery]) -> tuple[int, ...]:
    """Decide who hears of a notice. Planning it again changes nothing and returns ().

    Returns:
        Ids of the deliveries, in order.
    """
    planned = tx.connection.execute(
        notice.update()
        .where(notice.c.id == notice_id, notice.c.planned_at.is_(None))
        .values(planned_at=tx.now)
        .returning(notice.c.incident, notice.c.kind)
    ).first()
    if planned is None:
        return ()
    rows = [_row(tx, notice_id, planned.incident, planned.kind, new) for new in deliveries]
    added = delivery.insert().returning(delivery.c.id, sort_by_parameter_order=True)
    return tuple(tx.connection.execute(added, rows).scalars()) if rows else ()


def claim(tx: Tx, channel: str | None, *, lease_seconds: float, limit: int) -> list[Delivery]:
    """Lease deliveries that are due, oldest first.

    One is not due while an earlier one about the same incident to the same recipient is unfinished: messages arrive
    in order.

    Args:
        channel: Only of this channel; None: of any.
    """
    earlier = delivery.alias("earlier")
    blocked = exists().where(
        earlier.c.incident == delivery.c.incident,
        earlier.c.receiver == delivery.c.receiver,
        earlier.c.target == delivery.c.target,
        earlier.c.id < delivery.c.id,
        earlier.c.state.in_(UNFINISHED),
    )
    due = (
        select(delivery.c.id, delivery.c.state)
        .where(delivery.c.state.in_(_CLAIMABLE), delivery.c.due_at <= tx.now, ~blocked)
        .order_by(_is_less(delivery.c.incident), delivery.c.due_at, delivery.c.id)
        .limit(limit)
    )
    if channel is not None:
        due = due.where(delivery.c.channel == channel)
    ids = [row.id for row in tx.connection.execute(due)]
    tx.connection.execute(
        delivery.update()
        .where(delivery.c.id.in_(ids))
        .values(
            resent=or_(delivery.c.resent, delivery.c.state == DeliveryState.UNCERTAIN),
            state=DeliveryState.SENDING,
            lease_until=tx.now + timedelta(seconds=lease_seconds),
            attempts=delivery.c.attempts + 1,
        )
    )
    rows = tx.connection.execute(_deliveries().where(delivery.c.id.in_(ids)).order_by(delivery.c.due_at, delivery.c.id))
    return [_from_row(row) for row in rows]


def settle(tx: Tx, delivery_id: int, result: Settlement, *, attempt: int | None = None) -> bool:
    """Note how an attempt ended.

    Args:
        attempt: Which one (`Delivery.attempts` when it was claimed): a late answer to an earlier one is not taken.

    Returns:
        False if it was not taken: the lease had ended and the delivery went on without this answer.
    """
    final = result.state.is_final
    changing = {
        "state": result.state,
        "detail": result.detail,
        "lease_until": None,
        "due_at": result.retry_at or tx.now,
        "finished_at": tx.now if final else None,
    }
    if result.title or result.body:
        changing |= {"title": result.title, "body": result.body, "withheld": result.withheld}
    mine = [delivery.c.id == delivery_id, delivery.c.state == DeliveryState.SENDING]
    if attempt is not None:
        mine.append(delivery.c.attempts == attempt)
    row = tx.connection.execute(
        delivery.update().where(*mine).values(**changing).returning(delivery.c.incident)
    ).first()
    if row is not None and result.state is DeliveryState.ACCEPTED:
        tx.connection.execute(
            incident.update()
            .where(incident.c.number == row.incident, incident.c.notified_at.is_(None))
            .values(notified_at=tx.now)
        )
    return row is not None


def expire_leases_at_start(tx: Tx) -> int:
    """Whatever was being sent when the daemon ended may have arrived: send it again, marked. Returns how many."""
    return _expire(tx, at_start=True)


def expire_leases(tx: Tx) -> int:
    """The same for attempts that have not come back within their lease. Returns how many."""
    return _expire(tx, at_start=False)


def cancel_for_ack(tx: Tx, number: int, *, by: str) -> int:
    """A person has it: what still waits to ask for that is not sent. Returns how many deliveries that were.

    What is being sent right now goes on.
    """
    return cancel_asks(tx, number, f"acknowledged by {by}")


def cancel_asks(tx: Tx, number: int, why: str) -> int:
    """What still waits to ask somebody to take it is not sent. Returns how many deliveries that were."""
    tx.connection.execute(
        notice.update()
        .where(notice.c.incident == number, notice.c.planned_at.is_(None), notice.c.kind.in_(_ASKS_FOR_ACK))
        .values(planned_at=tx.now)
    )
    return tx.connection.execute(
        delivery.update()
        .where(delivery.c.incident == number, delivery.c.state.in_(_CLAIMABLE), delivery.c.kind.in_(_ASKS_FOR_ACK))
        .values(state=DeliveryState.CANCELLED, detail=why, finished_at=tx.now)
    ).rowcount


def cancel_of_request(tx: Tx, number: int, k: int, why: str) -> int:
    """What still waits to tell of a request for information is not sent. Returns how many deliveries that were."""
    told = select(request.c.notice).where(request.c.incident == number, request.c.number == k)
    tx.connection.execute(
        notice.update().where(notice.c.id.in_(told), notice.c.planned_at.is_(None)).values(planned_at=tx.now)
    )
    return tx.connection.execute(
        delivery.update()
        .where(delivery.c.notice.in_(told), delivery.c.state.in_(_CLAIMABLE))
        .values(state=DeliveryState.CANCELLED, detail=why, finished_at=tx.now)
    ).rowcount


def next_due(connection: Connection) -> datetime | None:
    """When the next delivery is due or the next lease ends; None: nothing waits."""
    waiting = select(func.min(delivery.c.due_at)).where(delivery.c.state.in_(_CLAIMABLE))
    leased = select(func.min(delivery.c.lease_until)).where(delivery.c.state == DeliveryState.SENDING)
    moments = [connection.execute(statement).scalar() for statement in (waiting, leased)]
    return min((moment for moment in moments if moment is not None), default=None)


def of_incident(connection: Connection, number: int) -> list[Delivery]:
    """All deliveries about a record, oldest first."""
    rows = connection.execute(_deliveries().where(delivery.c.incident == number).order_by(delivery.c.id))
    return [_from_row(row) for row in rows]


def of_ids(connection: Connection, ids: Sequence[int]) -> list[Delivery]:
    """These deliveries, newest first."""
    rows = connection.execute(_deliveries().where(delivery.c.id.in_(ids)).order_by(delivery.c.id.desc()))
    return [_from_row(row) for row in rows]


def get(connection: Connection, delivery_id: int) -> Delivery | None:
    """One delivery as it stands: look again right before sending."""
    row = connection.execute(_deliveries().where(delivery.c.id == delivery_id)).first()
    return _from_row(row) if row else None


def told(connection: Connection, number: int, cycle: int) -> list[tuple[str, int]]:
    """(receiver, target) of everyone who was, or may have been, told of a record in a cycle."""
    reached = (DeliveryState.ACCEPTED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    rows = connection.execute(
        select(delivery.c.receiver, delivery.c.target)
        .join(notice, notice.c.id == delivery.c.notice)
        .where(
            delivery.c.incident == number,
            notice.c.cycle == cycle,
            # An attempt that was put back may have arrived before it was cancelled.
            or_(delivery.c.state.in_(reached), delivery.c.resent),
        )
        .distinct()
        .order_by(delivery.c.receiver, delivery.c.target)
    )
    return [(row.receiver, row.target) for row in rows]


def pending(connection: Connection) -> int:
    """How many deliveries and unplanned notices are unfinished; what is to be told later is not counted."""
    waiting = (notice.c.planned_at.is_(None), notice.c.due_at <= notice.c.at)
    unplanned = select(func.count()).select_from(notice).where(*waiting)
    unfinished = select(func.count()).select_from(delivery).where(delivery.c.state.in_(UNFINISHED))
    count: int = connection.execute(unplanned).scalar_one() + connection.execute(unfinished).scalar_one()
    return count


def counts(connection: Connection) -> dict[DeliveryState, int]:
    """How many deliveries there are in each state."""
    rows = connection.execute(select(delivery.c.state, func.count().label("count")).group_by(delivery.c.state))
    found = {row.state: row._mapping["count"] for row in rows}
    return {state: found.get(state, 0) for state in DeliveryState}


def _row(tx: Tx, notice_id: int, number: int | None, kind: NoticeKind, new: NewDelivery) -> dict[str, Any]:
    return {
        "notice": notice_id,
        "incident": number,
        "kind": kind,
        "receiver": new.receiver,
        "target": new.target,
        "channel": new.channel,
        "person": new.person,
        "reason": new.reason,
        "state": new.state,
        "created_at": tx.now,
        "due_at": new.due_at or tx.now,
        "attempts": 0,
        "resent": False,
        "title": "",
        "body": "",
        "detail": "",
        "withheld": "",
        "finished_at": tx.now if new.state.is_final else None,
        "silence": new.silence,
    }


def _expire(tx: Tx, *, at_start: bool) -> int:
    sending = delivery.update().where(delivery.c.state == DeliveryState.SENDING)
    if not at_start:
        sending = sending.where(delivery.c.lease_until <= tx.now)
    detail = "the daemon ended while it was being sent" if at_start else "no answer within its lease"
    return tx.connection.execute(
        sending.values(state=DeliveryState.UNCERTAIN, lease_until=None, due_at=tx.now, detail=detail)
    ).rowcount


def _is_less(number: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a record is less than critical: what is critical overtakes everything in a storm."""
    critical = exists().where(incident.c.number == number, incident.c.severity == Severity.CRITICAL)
    return ~critical


def _deliveries() -> Select[Any]:
    told = (notice.c.stale, notice.c.breaks_through, notice.c.matter, notice.c.at.label("noticed_at"), notice.c.until)
    return select(delivery, *told).join(notice, notice.c.id == delivery.c.notice)


def _from_row(row: Row[Any]) -> Delivery:
    return Delivery(**{**row._mapping, "incident": row.incident or 0})


def _notice(about: Incident, row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        incident=about,
        kind=row.kind,
        cycle=row.cycle,
        at=row.at,
        reason=row.reason,
        severity=row.severity,
        stale=row.stale,
        breaks_through=row.breaks_through,
        person=row.person,
        matter=row.matter,
        until=row.until,
        due_at=row.due_at,
        level=row.level,
        is_planned=row.planned_at is not None,
    )

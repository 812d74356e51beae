"""Messages that did not arrive and are not tried any more: which are still to be seen to, and sending one again."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from store.errors import ActNotAllowed, NotFound
from store.incident import Status
from store.notice import Delivery, DeliveryState
from store.repository.telling import outbox
from store.tables import delivery, incident
from store.tx import Tx

#: In these a message is not tried any more, although it should have arrived.
STATES = (DeliveryState.DEAD, DeliveryState.FAILED)
#: So long it counts although its incident is closed.
RECENT = timedelta(hours=24)


def lost(connection: Connection, now: datetime, *, limit: int = 100) -> list[Delivery]:
    """Those that somebody should see to, newest first: of late, or about what is open; without those to whom a later
    message about the same did arrive.
    """
    found = select(delivery.c.id).outerjoin(incident, incident.c.number == delivery.c.incident).where(*_lost(now))
    ids = connection.execute(found.order_by(delivery.c.id.desc()).limit(limit)).scalars().all()
    return outbox.of_ids(connection, ids)


def count(connection: Connection, now: datetime) -> int:
    """How many there are."""
    found = select(func.count()).select_from(delivery)
    joined = found.outerjoin(incident, incident.c.number == delivery.c.incident).where(*_lost(now))
    number: int = connection.execute(joined).scalar_one()
    return number


def resend(tx: Tx, delivery_id: int) -> Delivery:
    """Try one once more, marked as sent again: it may have arrived.

    Raises:
        NotFound: There is none with that number.
        ActNotAllowed: ``not_lost``: it arrived, or is still tried.
    """
    found = outbox.get(tx.connection, delivery_id)
    if found is None:
        raise NotFound(f"there is no message {delivery_id}")
    if found.state not in STATES:
        raise ActNotAllowed("not_lost", f"message {delivery_id} is {found.state}: only a lost one can be sent again")
    tx.connection.execute(
        delivery.update()
        .where(delivery.c.id == delivery_id)
        .values(state=DeliveryState.QUEUED, due_at=tx.now, finished_at=None, resent=True)
    )
    again = outbox.get(tx.connection, delivery_id)
    assert again is not None
    return again


def _lost(now: datetime) -> tuple[ColumnElement[bool], ...]:
    later = delivery.alias("later")
    arrived = exists().where(
        later.c.incident == delivery.c.incident,
        later.c.receiver == delivery.c.receiver,
        later.c.target == delivery.c.target,
        later.c.id > delivery.c.id,
        later.c.state == DeliveryState.ACCEPTED,
    )
    matters = or_(delivery.c.finished_at >= now - RECENT, incident.c.status == Status.OPEN)
    return delivery.c.state.in_(STATES), matters, ~arrived

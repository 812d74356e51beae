"""What waits to be sent, per channel, and what was claimed but is not to go out yet."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, select

from store.notice import DeliveryState
from store.standing import Standing
from store.tables import delivery, incident, notice
from store.tx import Tx

_CLAIMABLE = (DeliveryState.QUEUED, DeliveryState.UNCERTAIN)
_UNFINISHED = (*_CLAIMABLE, DeliveryState.SENDING)


def standing(connection: Connection, numbers: Collection[int]) -> dict[int, Standing]:
    """How incidents stand now, by number."""
    columns = [incident.c[name] for name in Standing.__slots__]
    rows = connection.execute(select(*columns).where(incident.c.number.in_(numbers)))
    return {row.number: Standing(**row._mapping) for row in rows}


def due_by_channel(connection: Connection) -> dict[str, datetime]:
    """When the next delivery that `outbox.claim` would give is due, for each channel that has any."""
    rows = connection.execute(
        select(delivery.c.channel, func.min(delivery.c.due_at).label("due_at"))
        .where(delivery.c.state.in_(_CLAIMABLE), ~_blocked())
        .group_by(delivery.c.channel)
    )
    return {row.channel: row.due_at for row in rows}


def put_back(tx: Tx, ids: Collection[int], due_at: datetime) -> None:
    """Undo the claim of deliveries that are not to be sent before *due_at*: that was no attempt."""
    tx.connection.execute(
        delivery.update()
        .where(delivery.c.id.in_(ids), delivery.c.state == DeliveryState.SENDING)
        .values(
            state=DeliveryState.QUEUED,
            lease_until=None,
            due_at=due_at,
            attempts=delivery.c.attempts - 1,
        )
    )


def hurry(tx: Tx, number: int) -> None:
    """What was held back about a record goes out as soon as it may. What waits to be tried again waits on."""
    held = (delivery.c.state == DeliveryState.QUEUED, delivery.c.attempts == 0, delivery.c.due_at > tx.now)
    tx.connection.execute(delivery.update().where(delivery.c.incident == number, *held).values(due_at=tx.now))


def reason_of(connection: Connection, notice_id: int) -> str:
    """What changed, as written with the change."""
    reason: str = connection.execute(select(notice.c.reason).where(notice.c.id == notice_id)).scalar_one()
    return reason


def _blocked() -> ColumnElement[bool]:
    """An earlier one about the same incident to the same recipient is unfinished: messages arrive in order."""
    earlier = delivery.alias("earlier")
    return exists().where(
        earlier.c.incident == delivery.c.incident,
        earlier.c.receiver == delivery.c.receiver,
        earlier.c.target == delivery.c.target,
        earlier.c.id < delivery.c.id,
        earlier.c.state.in_(_UNFINISHED),
    )

"""When to look at which record again: what is due is found without looking at all that is not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, literal, or_, select

from rules.event import Decision
from store.incident import Status
from store.tables import agenda, incident
from store.tx import Tx
from store.upsert import insert

#: Records that one transaction looks at, at most: each needs several statements.
AT_ONCE = 20
#: What was closed longer ago is not looked at anew when other clocks come into force.
LATELY = timedelta(days=90)


def due(connection: Connection, now: datetime) -> Sequence[int]:
    """Numbers of the records to look at now, `AT_ONCE` at most, those that have waited longest first."""
    waiting = select(agenda.c.incident).where(agenda.c.look_at <= now).order_by(agenda.c.look_at, agenda.c.incident)
    return connection.execute(waiting.limit(AT_ONCE)).scalars().all()


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether there is a record to look at."""
    first = connection.execute(select(func.min(agenda.c.look_at))).scalar()
    return first is not None and first <= now


def look(tx: Tx, number: int) -> None:
    """Something of the record has changed that may be due at another moment now: look at it soon."""
    at_moment(tx, number, tx.now)


def at_moment(tx: Tx, number: int, moment: datetime | None) -> None:
    """Look at the record at *moment*; None: not before it changes."""
    if moment is None:
        tx.connection.execute(agenda.delete().where(agenda.c.incident == number))
        return
    tx.connection.execute(
        insert(tx.connection, agenda)
        .values(incident=number, look_at=moment)
        .on_conflict_do_update(index_elements=["incident"], set_={"look_at": moment})
    )


def look_at_all(tx: Tx) -> None:
    """Other clocks are in force, or other persons: look at all that may wait for somebody."""
    running = select(incident.c.number, literal(tx.now, agenda.c.look_at.type)).where(
        incident.c.decision == Decision.INVESTIGATE,
        or_(incident.c.status == Status.OPEN, incident.c.closed_at > tx.now - LATELY),
    )
    tx.connection.execute(
        insert(tx.connection, agenda)
        .from_select(["incident", "look_at"], running)
        .on_conflict_do_update(index_elements=["incident"], set_={"look_at": tx.now})
    )

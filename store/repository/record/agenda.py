"""When to look at which record again: what is due is found without looking at all that is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, literal, or_, select

from rules.event import Decision
from store.incident import Status
from store.tables import agenda, incident
from store.tx import Tx
from store.upsert import insert

#: Records that are looked at in one go, at most: on a snapshot, beside the writer.
AT_ONCE = 20
#: What was closed longer ago is not looked at anew when other clocks come into force.
LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A record to be looked at."""

    incident: int
    version: int  #: goes up when something of the record changes


def due(connection: Connection, now: datetime) -> Sequence[Item]:
    """The records to look at now, `AT_ONCE` at most, those that have waited longest first."""
    waiting = select(agenda.c.incident, agenda.c.version).where(agenda.c.look_at <= now)
    rows = connection.execute(waiting.order_by(agenda.c.look_at, agenda.c.incident).limit(AT_ONCE))
    return [Item(**row._mapping) for row in rows]


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether there is a record to look at."""
    first = connection.execute(select(func.min(agenda.c.look_at))).scalar()
    return first is not None and first <= now


def look(tx: Tx, number: int) -> None:
    """Something of the record has changed that may be due at another moment now: look at it soon."""
    tx.connection.execute(
        insert(tx.connection, agenda)
        .values(incident=number, look_at=tx.now, version=1)
        .on_conflict_do_update(index_elements=["incident"], set_={"look_at": tx.now, "version": agenda.c.version + 1})
    )


def looked(tx: Tx, items: Sequence[tuple[Item, datetime | None]]) -> None:
    """Look at these again at their moments; None: not before they change. What has changed meanwhile stays due."""
    later = [_key(item) | {"at": moment} for item, moment in items if moment is not None]
    never = [_key(item) for item, moment in items if moment is None]
    same = (agenda.c.incident == bindparam("number"), agenda.c.version == bindparam("seen"))
    if later:
        tx.connection.execute(agenda.update().where(*same).values(look_at=bindparam("at")), later)
    if never:
        tx.connection.execute(agenda.delete().where(*same), never)


def look_at_all(tx: Tx) -> None:
    """Other clocks are in force, or other persons: look at all that may wait for somebody."""
    running = select(incident.c.number, literal(tx.now, agenda.c.look_at.type), literal(1)).where(
        incident.c.decision == Decision.INVESTIGATE,
        or_(incident.c.status == Status.OPEN, incident.c.closed_at > tx.now - LATELY),
    )
    tx.connection.execute(
        insert(tx.connection, agenda)
        .from_select(["incident", "look_at", "version"], running)
        .on_conflict_do_update(index_elements=["incident"], set_={"look_at": tx.now, "version": agenda.c.version + 1})
    )


def _key(item: Item) -> dict[str, object]:
    return {"number": item.incident, "seen": item.version}

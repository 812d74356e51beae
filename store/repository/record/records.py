"""A record as it lies in its table: load, add, change.

Every change passes here, so whoever's turn it has become hears of it from here: who moves a record tells nobody.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, func, select

from rules.event import Entity
from store import duties
from store.errors import NotFound
from store.incident import Incident
from store.records import MAX_ENTITIES
from store.repository.record import agenda, notices
from store.tables import entity, incident
from store.tx import Tx
from store.upsert import insert


def load(connection: Connection, number: int) -> Incident:
    """The record alone.

    Raises:
        NotFound: There is none with that number.
    """
    row = connection.execute(select(incident).where(incident.c.number == number)).first()
    if row is None:
        raise NotFound(f"there is no INC-{number}")
    return from_row(row)


def carried(connection: Connection, number: int) -> tuple[int, ...]:
    """The numbers of a record and of all that were merged into it, and into those."""
    found, more = {number}, {number}
    while more:
        more = set(_merged_into(connection, more)) - found
        found |= more
    return tuple(sorted(found))


def carrier(connection: Connection, number: int) -> Incident:
    """The record that carries *number* on: itself, unless it is merged.

    Raises:
        NotFound: There is none with that number.
    """
    record = load(connection, number)
    return record if record.merged_into is None else carrier(connection, record.merged_into)


def _merged_into(connection: Connection, numbers: Collection[int]) -> Iterable[int]:
    return connection.execute(select(incident.c.number).where(incident.c.merged_into.in_(numbers))).scalars()


def add(tx: Tx, record: Incident) -> None:
    """Keep a new record."""
    tx.connection.execute(incident.insert(), _columns(record))
    if duties.may_wait(record):
        agenda.look(tx, record.number)


def change(tx: Tx, before: Incident, after: Incident) -> None:
    """Keep what differs between *before*, as loaded in this transaction, and *after*.

    If it stands elsewhere now, a notice is written for whoever has to do what it waits for there; if its clocks may
    run otherwise now, they are looked at soon.
    """
    old, new = _columns(before), _columns(after)
    changed = {name: new[name] for name in new if new[name] != old[name]}
    if changed:
        tx.connection.execute(incident.update().where(incident.c.number == after.number).values(**changed))
    if changed.keys() & duties.CLOCKED_BY and (duties.may_wait(before) or duties.may_wait(after)):
        agenda.look(tx, after.number)
    if (turn := duties.turn(before, after)) is not None:
        notices.write(tx, turn)


def add_entities(tx: Tx, named: Mapping[int, Mapping[Entity, datetime]]) -> None:
    """List entities that are not listed yet, with when each was seen first; up to `MAX_ENTITIES` a record."""
    listed = select(entity.c.incident, func.count()).where(entity.c.incident.in_(named)).group_by(entity.c.incident)
    counts = {row[0]: row[1] for row in tx.connection.execute(listed)}
    rows = [
        {"incident": number, "kind": one.kind, "value": one.value, "first_seen": first_seen}
        for number, of_it in named.items()
        for one, first_seen in islice(of_it.items(), max(0, MAX_ENTITIES - counts.get(number, 0)))
    ]
    if rows:
        tx.connection.execute(insert(tx.connection, entity).on_conflict_do_nothing(), rows)


def from_row(row: Row[Any]) -> Incident:
    """The record in a row of the table."""
    return Incident(**row._mapping)


_NAMES = tuple(field.name for field in fields(Incident))


def _columns(record: Incident) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _NAMES}

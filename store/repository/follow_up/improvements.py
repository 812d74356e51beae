"""Improvement items, as they are kept."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, select

from store import acts as allowing
from store import improvement, process
from store.errors import ActNotAllowed, NotFound
from store.improvement import Improvement, State
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records, timeline
from store.tables import improvement as table
from store.tx import Tx


def of(connection: Connection, number: int) -> list[Improvement]:
    """All items of an incident, oldest first."""
    rows = connection.execute(select(table).where(table.c.incident == number).order_by(table.c.number))
    return [_from_row(row) for row in rows]


def all_open(connection: Connection) -> list[Improvement]:
    """What is still to be made better anywhere, the next due first."""
    wanted = select(table).where(table.c.state == State.OPEN.value)
    rows = connection.execute(wanted.order_by(table.c.due, table.c.incident, table.c.number))
    return [_from_row(row) for row in rows]


def get(connection: Connection, number: int, which: int) -> Improvement:
    """One item of an incident.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute(select(table).where(table.c.incident == number, table.c.number == which)).first()
    if row is None:
        raise NotFound(f"INC-{number} has no improvement {which}")
    return _from_row(row)


def improve(tx: Tx, number: int, actor: Actor, *, via: str, item: str, owner: str, due: date) -> Done:
    """Write an item down.

    Raises:
        ActNotAllowed: ``no_such_person``: nobody of that id has access.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with allowing.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS["improve"], by=actor, roles=roles)
        who = persons.get(tx.connection, owner)
        if who is None or who.disabled_at is not None:
            raise ActNotAllowed("no_such_person", f"there is no person {owner!r} with access", missing=("owner",))
    write_down(tx, record, actor, via=via, item=item, owner=owner, due=due.isoformat())
    return finished(tx, record, actor)


def turn(
    tx: Tx, number: int, which: int, actor: Actor, *, via: str, what: str, note: str, due: date | None = None
) -> Done:
    """Say what became of an item, see `store.improvement.turned`."""
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with allowing.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS["improvement"], by=actor, roles=roles)
        before = get(tx.connection, number, which)
        after = improvement.turned(before, what, by=actor.id, roles=roles, now=tx.now, note=note, due=due)
    mine = (table.c.incident == number, table.c.number == which)
    kept = _row(after)
    tx.connection.execute(table.update().where(*mine).values(**{name: kept[name] for name in _CHANGES}))
    facts: dict[str, Fact] = {"what": what}
    facts |= {"from": before.due.isoformat(), "to": after.due.isoformat()} if after.due != before.due else {}
    _write(tx, after, actor, via, facts, {"note": note})
    return finished(tx, record, actor)


def write_down(tx: Tx, record: Incident, actor: Actor, *, via: str, item: str, owner: str, due: str) -> Improvement:
    """Keep a new item and tell of it. The caller has looked who may."""
    last = tx.connection.execute(select(func.max(table.c.number)).where(table.c.incident == record.number)).scalar()
    made = Improvement(
        incident=record.number,
        number=(last or 0) + 1,
        item=item,
        owner=owner,
        due=date.fromisoformat(due),
        written_by=actor.id,
        written_at=tx.now,
    )
    tx.connection.execute(table.insert().values(**_row(made)))
    _write(tx, made, actor, via, {"what": "written", "owner": owner, "due": due}, {"item": item})
    return made


_NAMES = tuple(column.name for column in table.c)
_CHANGES = ("due", "state", "outcome", "ended_at")


def _row(one: Improvement) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in _NAMES}
    return plain | {"due": one.due.isoformat(), "state": one.state.value}


def _write(tx: Tx, one: Improvement, actor: Actor, via: str, facts: dict[str, Fact], values: dict[str, str]) -> None:
    entry = NewEntry(
        kind=EntryKind.IMPROVEMENT, actor=actor, facts={"improvement": one.number} | facts, values=values, via=via
    )
    timeline.append(tx, one.incident, entry)


def _from_row(row: Row[Any]) -> Improvement:
    plain = dict(row._mapping) | {"due": date.fromisoformat(row.due), "state": State(row.state)}
    return Improvement(**plain)

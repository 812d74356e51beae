"""Discrepancies as they are kept. What was said stands in the timeline, and can be redacted there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from store import acts, discrepancies, process
from store.discrepancies import Discrepancy
from store.errors import ActNotAllowed, NotFound
from store.four_eyes import FourEyes
from store.incident import DAEMON, Actor, EntryKind, Fact, Incident, NewEntry, Step, TimelineEntry
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records, timeline
from store.tables import discrepancy
from store.tx import Tx


def of(connection: Connection, number: int) -> tuple[Discrepancy, ...]:
    """The discrepancies of an incident, oldest first."""
    rows = connection.execute(
        select(discrepancy).where(discrepancy.c.incident == number).order_by(discrepancy.c.number)
    ).all()
    told = {one.seq: one for one in timeline.of(connection, number, EntryKind.DISCREPANCY)} if rows else {}
    return tuple(_from_row(row, told) for row in rows)


def raise_one(tx: Tx, number: int, actor: Actor, *, item: str, via: str) -> Done:
    """Say what does not fit in the frozen dossier.

    Raises:
        ActNotAllowed: ``not_frozen``: it is not at the step of approval; ``item_required``, or *actor* may not.
    """
    record = _checked(tx, number, "discrepancy", actor)
    with acts.telling_what_is_allowed(record, persons.roles_of(tx.connection, actor)):
        if record.step is not Step.APPROVAL:
            raise ActNotAllowed(
                "not_frozen", f"{record.name} stands at {record.step}: no dossier waits there; raise a concern instead"
            )
        add(tx, record, [item], actor, via)
    return finished(tx, record, actor)


def add(tx: Tx, record: Incident, items: Sequence[str], actor: Actor, via: str) -> None:
    """Raise several.

    Raises:
        ActNotAllowed: ``item_required``.
    """
    first = _last_number(tx.connection, record.number) + 1
    for number, item in enumerate(items, first):
        _insert(tx, record.number, discrepancies.raised(item, number=number, by=actor, now=tx.now), via)


def break_through(tx: Tx, number: int, cause: str, what: str) -> bool:
    """Raise by itself what changed the picture after the freeze; False, and nothing, if that very cause is open."""
    if cause in open_causes(tx.connection, number):
        return False
    one = discrepancies.broke_through(cause, what, number=_last_number(tx.connection, number) + 1, now=tx.now)
    _insert(tx, number, one, "")
    return True


def open_causes(connection: Connection, number: int) -> frozenset[str]:
    """The causes of those that the daemon raised and nobody has closed."""
    found = select(discrepancy.c.cause).where(
        discrepancy.c.incident == number, discrepancy.c.closed_at.is_(None), discrepancy.c.cause != ""
    )
    return frozenset(connection.execute(found).scalars())


def answer(tx: Tx, number: int, actor: Actor, *, discrepancy: int, text: str, via: str) -> Done:
    """Say what was found about one.

    Raises:
        NotFound: There is none of that number.
        ActNotAllowed: ``discrepancy_closed``, ``answer_required``, or *actor* may not.
    """
    record = _checked(tx, number, "answer_discrepancy", actor)
    with acts.telling_what_is_allowed(record, persons.roles_of(tx.connection, actor)):
        after = discrepancies.answered(_one(tx.connection, number, discrepancy), text, by=actor)
    entry = _tell(tx, number, actor, via, after, "answered", {"answer": text})
    _update(tx, number, after, answer_entry=entry, answered_by=actor.id)
    return finished(tx, record, actor)


def close(tx: Tx, number: int, actor: Actor, *, discrepancy: int, mode: FourEyes, via: str, note: str = "") -> Done:
    """Be content with the answer.

    Raises:
        NotFound: There is none of that number.
        ActNotAllowed: ``discrepancy_closed``, ``answer_required``, ``four_eyes``, or *actor* may not.
    """
    record = _checked(tx, number, "close_discrepancy", actor)
    with acts.telling_what_is_allowed(record, persons.roles_of(tx.connection, actor)):
        before = _one(tx.connection, number, discrepancy)
        after = discrepancies.closed(before, by=actor, now=tx.now, mode=mode)
    _tell(tx, number, actor, via, after, "closed", {"note": note} if note else {})
    _update(tx, number, after, closed_by=actor.id, closed_at=tx.now)
    return finished(tx, record, actor)


def _checked(tx: Tx, number: int, name: str, actor: Actor) -> Incident:
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS[name], by=actor, roles=roles)
    return record


def _one(connection: Connection, number: int, which: int) -> Discrepancy:
    found = next((one for one in of(connection, number) if one.number == which), None)
    if found is None:
        raise NotFound(f"INC-{number} has no discrepancy {which}")
    return found


def _last_number(connection: Connection, number: int) -> int:
    last = select(func.max(discrepancy.c.number)).where(discrepancy.c.incident == number)
    return connection.execute(last).scalar() or 0


def _insert(tx: Tx, number: int, one: Discrepancy, via: str) -> None:
    entry = _tell(tx, number, one.raised_by, via, one, "raised", {"item": one.item})
    tx.connection.execute(discrepancy.insert().values(incident=number, number=one.number, entry=entry, cause=one.cause))


def _update(tx: Tx, number: int, one: Discrepancy, **changed: Any) -> None:
    of_it = (discrepancy.c.incident == number, discrepancy.c.number == one.number)
    tx.connection.execute(discrepancy.update().where(*of_it).values(**changed))


def _tell(tx: Tx, number: int, by: Actor, via: str, one: Discrepancy, what: str, values: Mapping[str, str]) -> int:
    facts: dict[str, Fact] = {"discrepancy": one.number, "what": what}
    if one.cause:
        facts["cause"] = one.cause
    return timeline.append(
        tx, number, NewEntry(kind=EntryKind.DISCREPANCY, actor=by, facts=facts, values=values, via=via)
    )


def _from_row(row: Row[Any], told: Mapping[int, TimelineEntry]) -> Discrepancy:
    raised = told[row.entry]
    answered = told[row.answer_entry] if row.answer_entry is not None else None
    return Discrepancy(
        number=row.number,
        item=raised.values.get("item") or "",
        cause=row.cause,
        raised_by=DAEMON if row.cause else raised.actor,
        raised_at=raised.at,
        answer=(answered.values.get("answer") or "") if answered else "",
        answered_by=row.answered_by or "",
        closed_by=row.closed_by or "",
        closed_at=row.closed_at,
    )

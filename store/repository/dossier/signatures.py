"""Approvals that were given: kept for ever. What was said with one can be redacted in its timeline entry."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from store.approval import Checklist, Frozen, Place, Signed
from store.four_eyes import Allowed
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.people import Person
from store.repository.record import timeline
from store.tables import dossier, signature
from store.tx import Tx


def add(
    tx: Tx,
    record: Incident,
    frozen: Frozen,
    place: Place,
    person: Person,
    *,
    by: Actor,
    via: str,
    verdict: Allowed,
    checklist: Checklist | None,
    note: str,
    facts: Mapping[str, Fact],
) -> None:
    """Keep a signature, and tell the timeline of it.

    Args:
        facts: What the timeline tells beside it, e.g. where the record goes.
    """
    told: dict[str, Fact] = {
        "signature": place.signature.value,
        "meaning": place.meaning,
        "printed": f"{place.place} of {place.places}",
        "dossier": frozen.number,
        "hash": frozen.hash,
        **({"left": ", ".join(verdict.leaves)} if verdict.leaves else {}),
        **({"waived": "four_eyes", "clash": str(verdict.waived)} if verdict.waived else {}),
        **({"accurate": checklist.accurate, "complete": checklist.complete} if checklist else {}),
        **facts,
    }
    values = {
        "printed_name": person.name,
        "compliant_with": checklist.compliant_with if checklist else "",
        "note": note,
    }
    entry = NewEntry(
        kind=EntryKind.SIGNED,
        actor=by,
        facts=told,
        values={name: text for name, text in values.items() if text},
        via=via,
    )
    before = tx.connection.execute(
        select(func.max(signature.c.number)).where(signature.c.incident == record.number)
    ).scalar()
    tx.connection.execute(
        signature.insert().values(
            incident=record.number,
            number=(before or 0) + 1,
            dossier=frozen.number,
            hash=frozen.hash,
            signature=place.signature,
            person=person.id,
            at=tx.now,
            meaning=place.meaning,
            place=place.place,
            places=place.places,
            leaves=verdict.leaves,
            waived=verdict.waived is not None,
            entry=timeline.append(tx, record.number, entry),
        )
    )


def of(connection: Connection, number: int, *, cycle: int | None = None) -> tuple[Signed, ...]:
    """The signatures of an incident, of all cycles or of one, oldest first."""
    frozen = (dossier.c.incident == signature.c.incident) & (dossier.c.number == signature.c.dossier)
    rows = connection.execute(
        select(signature)
        .join(dossier, frozen)
        .where(signature.c.incident == number, *(() if cycle is None else (dossier.c.cycle == cycle,)))
        .order_by(signature.c.number)
    ).all()
    told = {one.seq: one for one in timeline.of(connection, number, EntryKind.SIGNED)} if rows else {}
    return tuple(_from_row(row, told[row.entry].facts, told[row.entry].values) for row in rows)


def faults(connection: Connection, number: int) -> tuple[str, ...]:
    """What is wrong with the signatures of an incident, in sentences; empty if nothing is."""
    entries = {one.seq: one for one in timeline.of(connection, number, EntryKind.SIGNED)}
    hashes = dict(
        connection.execute(select(dossier.c.number, dossier.c.hash).where(dossier.c.incident == number)).all()
    )
    return tuple(
        f"INC-{number} signature {row.number}: it is not what timeline entry {row.entry} tells of {row.person}"
        for row in connection.execute(select(signature).where(signature.c.incident == number))
        if (entry := entries.get(row.entry)) is None
        or (entry.actor.id, entry.facts.get("hash"), entry.facts.get("meaning")) != (row.person, row.hash, row.meaning)
        or hashes.get(row.dossier) != row.hash
    )


def _from_row(row: Row[Any], facts: Mapping[str, Fact], values: Mapping[str, str | None]) -> Signed:
    accurate, complete = facts.get("accurate"), facts.get("complete")
    return Signed(
        number=row.number,
        dossier=row.dossier,
        hash=row.hash,
        signature=row.signature,
        person=row.person,
        at=row.at,
        meaning=row.meaning,
        place=row.place,
        places=row.places,
        leaves=row.leaves,
        waived=row.waived,
        entry=row.entry,
        printed_name=values.get("printed_name") or "",
        accurate=accurate if isinstance(accurate, bool) else None,
        complete=complete if isinstance(complete, bool) else None,
        compliant_with=values.get("compliant_with") or "",
        note=values.get("note") or "",
    )

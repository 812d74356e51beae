"""What happened to a record, by whom, when: appended, never changed."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Row, select

from store import audit
from store.errors import NotFound
from store.incident import Actor, ActorKind, EntryKind, Fact, NewEntry, TimelineEntry
from store.repository.record import agenda, conflicts, evidence
from store.tables import timeline, value
from store.tx import Tx

#: The record number under which the chain of the installation itself stands.
INSTALLATION = 0
#: What these tell of may be due at another moment from then on.
DATED = frozenset({EntryKind.ACTION, EntryKind.IMPROVEMENT, EntryKind.REQUESTED, EntryKind.REPLIED, EntryKind.TIMER})


def append(tx: Tx, number: int, new: NewEntry, *, despite_interest: bool = False) -> int:
    """Add an entry to the record's chain, and return its number there.

    What was done only because four eyes are waived goes into the register of waivers too: the entry says so by a fact
    ``waived``, or who did it is involved in the record.

    Args:
        despite_interest: It is no act of its own upon the record, so that whoever is involved may do it: they answer
            what they are asked, or it follows from what they were allowed to do.

    Raises:
        ActNotAllowed: ``conflict_of_interest``: whoever did it is involved in the record.
    """
    is_involved = not despite_interest and conflicts.check(tx.connection, number, new.actor)
    last = tx.connection.execute(
        select(timeline.c.seq, timeline.c.hash)
        .where(timeline.c.incident == number)
        .order_by(timeline.c.seq.desc())
        .limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, audit.GENESIS)
    salted = {
        name: audit.Salted(value=text, salt=tx.random(audit.SALT_BYTES)) for name, text in sorted(new.values.items())
    }
    sealed = audit.seal(new, incident=number, seq=seq, at=tx.now, previous=previous, values=salted)
    tx.connection.execute(
        timeline.insert().values(
            incident=number,
            seq=seq,
            at=tx.now,
            kind=new.kind,
            actor_kind=new.actor.kind,
            actor_id=new.actor.id,
            via=new.via,
            entry=sealed.entry,
            hash=sealed.hash,
        )
    )
    if salted:
        rows = [
            {"incident": number, "seq": seq, "name": name, "salt": one.salt, "value": one.value}
            for name, one in salted.items()
        ]
        tx.connection.execute(value.insert(), rows)
    if new.kind in DATED:
        agenda.look(tx, number)
    if number != INSTALLATION and (is_involved or new.facts.get("waived")):
        clash = new.facts.get("clash") or (f"{new.actor.id} is involved" if is_involved else "")
        facts: dict[str, Fact] = {"incident": number, "entry": seq, "kind": new.kind.value, "clash": clash}
        append(tx, INSTALLATION, NewEntry(kind=EntryKind.WAIVED, actor=new.actor, facts=facts, via=new.via))
    return seq


def last_of(connection: Connection, number: int, kind: EntryKind) -> audit.Opened | None:
    """The newest entry of a kind in a record's chain."""
    entry = connection.execute(
        select(timeline.c.entry)
        .where(timeline.c.incident == number, timeline.c.kind == kind)
        .order_by(timeline.c.seq.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if entry is None else audit.unseal(entry)


def person_at(connection: Connection, number: int, at: datetime) -> str | None:
    """Who, of the persons, made the last entry of that very moment: a transaction has one."""
    asked = (
        select(timeline.c.actor_id)
        .where(timeline.c.incident == number, timeline.c.at == at, timeline.c.actor_kind == ActorKind.PERSON)
        .order_by(timeline.c.seq.desc())
        .limit(1)
    )
    return connection.execute(asked).scalar()


def of(connection: Connection, number: int, *kinds: EntryKind) -> list[TimelineEntry]:
    """The timeline of a record, oldest first; of *kinds* only, if any are named."""
    return [
        TimelineEntry(
            incident=kept.incident,
            seq=kept.seq,
            at=kept.at,
            kind=kept.kind,
            actor=kept.actor,
            via=kept.via,
            facts=said.facts,
            values={name: kept.values[name].value if name in kept.values else None for name in said.commitments},
            hash=kept.sealed.hash.hex(),
        )
        for kept in kept_of(connection, number, *kinds)
        for said in (audit.unseal(kept.sealed.entry),)
    ]


def kept_of(connection: Connection, number: int, *kinds: EntryKind) -> Iterator[audit.Kept]:
    """The entries of a record with their bytes, and the values that were not redacted."""
    of_it = (timeline.c.incident == number, timeline.c.kind.in_(kinds or EntryKind))
    texts = select(value).join(timeline, (timeline.c.incident == value.c.incident) & (timeline.c.seq == value.c.seq))
    values: dict[int, dict[str, audit.Salted]] = {}
    for row in connection.execute(texts.where(*of_it)):
        values.setdefault(row.seq, {})[row.name] = audit.Salted(value=row.value, salt=row.salt)
    for row in connection.execute(select(timeline).where(*of_it).order_by(timeline.c.seq)):
        yield _kept(row, values.get(row.seq, {}))


def redact(tx: Tx, number: int, seq: int, name: str, *, by: Actor, reason: str, via: str = "") -> None:
    """Delete a value and its salt for ever. Who, when and why stay; the chain still verifies.

    Raises:
        NotFound: There is no such value, or it was redacted before.
    """
    gone = tx.connection.execute(
        value.delete().where(value.c.incident == number, value.c.seq == seq, value.c.name == name)
    ).rowcount
    if gone != 1:
        raise NotFound(f"INC-{number} entry {seq} has no value {name!r}; it may have been redacted before")
    if name in ("text", "reference"):
        evidence.forget(tx, number, seq)  # what a person added as evidence stands there too
    facts: dict[str, Fact] = {"entry": seq, "name": name, "reason": reason}
    append(tx, number, NewEntry(kind=EntryKind.REDACTED, actor=by, facts=facts, via=via))


def _kept(row: Row[tuple[object, ...]], values: dict[str, audit.Salted]) -> audit.Kept:
    return audit.Kept(
        incident=row.incident,
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        actor=Actor(kind=row.actor_kind, id=row.actor_id),
        via=row.via,
        sealed=audit.Sealed(entry=row.entry, hash=row.hash),
        values=values,
    )

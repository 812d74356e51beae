"""Disposal: what people wrote in a closed record, and whom it names, goes for good. One proposes it, another does it.

What was hashed stays, so the chain still tells who did what, and when; it verifies as before.
"""

from sqlalchemy import Connection, select

from store import acts, process
from store.errors import ActNotAllowed
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.repository.incident.acts import Done, finished
from store.repository.keeping import holds
from store.repository.keeping.redaction import REPEATING, forget_copies
from store.repository.people import persons
from store.repository.record import conflicts, records, timeline
from store.tables import (
    action_text,
    delivery,
    disposal,
    entity,
    evidence,
    finding,
    form_answer,
    incident,
    merged_finding,
    value,
    watch,
)
from store.tables import timeline as entries
from store.tx import Tx

#: What stands where a text was.
DISPOSED = "(disposed of)"
#: Rows that go: the texts behind commitments, and what the machine attached.
_GOING = (value, form_answer, action_text, evidence, entity, merged_finding, finding)


def propose(tx: Tx, number: int, actor: Actor, *, reason: str, via: str) -> Done:
    """Propose that a closed record is disposed of; nothing goes before somebody else agrees.

    Raises:
        ActNotAllowed: *actor* may not, it is open or held, it was proposed already, or no reason is given.
    """
    record = _checked(tx, number, "dispose", actor)
    with acts.telling_what_is_allowed(record, persons.roles_of(tx.connection, actor)):
        if pending(tx.connection, number) is not None:
            raise ActNotAllowed("proposal_pending", f"disposal of {record.name} is proposed: somebody else settles it")
        if not reason.strip():
            raise ActNotAllowed("reason_required", "say why: the reason stays", missing=("reason",))
    entry = _write(tx, number, actor, {"did": "proposed", "reason": reason}, via)
    tx.connection.execute(disposal.insert().values(incident=number, entry=entry))
    return finished(tx, record, actor)


def settle(tx: Tx, number: int, actor: Actor, *, agree: bool, reason: str, via: str, mode: FourEyes) -> Done:
    """Agree, and all of it goes at once; or decline, and nothing does.

    Raises:
        ActNotAllowed: *actor* may not, or proposed it (``four_eyes``), it is open or held, or nothing was proposed.
    """
    record = _checked(tx, number, "settle_disposal", actor)
    proposed = pending(tx.connection, number)
    with acts.telling_what_is_allowed(record, persons.roles_of(tx.connection, actor)):
        if proposed is None:
            raise ActNotAllowed("no_proposal", f"nobody has proposed to dispose of {record.name}")
        entry, proposer = proposed
        if agree and proposer == actor.id and mode is not FourEyes.WAIVED:
            raise ActNotAllowed("four_eyes", f"{actor.id} proposed to dispose of {record.name}: somebody else agrees")
    facts: dict[str, Fact] = {"did": "done" if agree else "declined", "entry": entry, "reason": reason}
    facts |= {"waived": "four_eyes"} if agree and proposer == actor.id else {}
    if agree:
        facts["removed"] = _remove(tx, record)
    settled = _write(tx, number, actor, facts, via)
    of_it = (disposal.c.incident == number, disposal.c.entry == entry)
    tx.connection.execute(disposal.update().where(*of_it).values(settled_entry=settled))
    return finished(tx, records.load(tx.connection, number), actor)


def pending(connection: Connection, number: int) -> tuple[int, str] | None:
    """The entry that proposes disposal, and whose it is; None: nothing is proposed."""
    told = (entries.c.incident == disposal.c.incident) & (entries.c.seq == disposal.c.entry)
    row = connection.execute(
        select(disposal.c.entry, entries.c.actor_id)
        .join(entries, told)
        .where(disposal.c.incident == number, disposal.c.settled_entry.is_(None))
    ).first()
    return None if row is None else (row.entry, row.actor_id)


def _checked(tx: Tx, number: int, name: str, actor: Actor) -> Incident:
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS[name], by=actor, roles=roles)
        conflicts.check(tx.connection, number, actor)  # before it takes the very trace of a conflict away
        holds.check_free(tx.connection, record)
    return record


def _remove(tx: Tx, record: Incident) -> int:
    """Delete and clear all that names or tells anything. Returns how many rows went."""
    gone = 0
    for table in _GOING:
        gone += tx.connection.execute(table.delete().where(table.c.incident == record.number)).rowcount
    for owner, column in REPEATING:
        said = column.table.update().where(owner == record.number, column.is_not(None))
        tx.connection.execute(said.values({column: DISPOSED}))
    tx.connection.execute(
        delivery.update().where(delivery.c.incident == record.number).values(title="", body="", detail="")
    )
    forget_copies(tx, record.number)
    tx.connection.execute(watch.update().where(watch.c.incident == record.number).values(scope=()))
    bare = {"group": (), "dedup_key": f"disposed|{record.number}", "severity_terms": ()}
    tx.connection.execute(incident.update().where(incident.c.number == record.number).values(**bare))
    return gone


def _write(tx: Tx, number: int, actor: Actor, facts: dict[str, Fact], via: str) -> int:
    return timeline.append(tx, number, NewEntry(kind=EntryKind.DISPOSED, actor=actor, facts=facts, via=via))

"""Legal holds: while one is not released, nothing of the record is redacted or disposed of."""

from sqlalchemy import Connection, select

from store import acts, process
from store.errors import ActNotAllowed
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records, timeline
from store.tables import hold
from store.tables import timeline as entries
from store.tx import Tx


def place(tx: Tx, number: int, actor: Actor, *, reason: str, via: str) -> Done:
    """Forbid that anything of the record goes. A record may be held for several matters.

    Raises:
        ActNotAllowed: *actor* may not, or no reason is given.
    """
    record = _checked(tx, number, "hold", actor, reason)
    entry = _write(tx, number, actor, {"held": True}, reason, via)
    tx.connection.execute(hold.insert().values(incident=number, entry=entry))
    return finished(tx, record, actor)


def release(tx: Tx, number: int, actor: Actor, *, entry: int, reason: str, via: str, mode: FourEyes) -> Done:
    """End the hold that timeline entry *entry* placed: somebody else than who placed it.

    Raises:
        ActNotAllowed: *actor* may not, or placed it (``four_eyes``), or there is none (``no_hold``).
    """
    record = _checked(tx, number, "release_hold", actor, reason)
    placed = standing(tx.connection, number)
    with acts.telling_what_is_allowed(record, persons.roles_of(tx.connection, actor)):
        if entry not in placed:
            raise ActNotAllowed("no_hold", f"entry {entry} of {record.name} places no hold", missing=("entry",))
        if placed[entry] == actor.id and mode is not FourEyes.WAIVED:
            raise ActNotAllowed("four_eyes", f"{actor.id} placed the hold of entry {entry}: somebody else releases it")
    facts: dict[str, Fact] = {"held": False, "entry": entry}
    if placed[entry] == actor.id:
        facts["waived"] = "four_eyes"
    released = _write(tx, number, actor, facts, reason, via)
    of_it = (hold.c.incident == number, hold.c.entry == entry)
    tx.connection.execute(hold.update().where(*of_it).values(released_entry=released))
    return finished(tx, record, actor)


def standing(connection: Connection, number: int) -> dict[int, str]:
    """Timeline entries that hold the record, and who placed each."""
    told = (entries.c.incident == hold.c.incident) & (entries.c.seq == hold.c.entry)
    rows = connection.execute(
        select(hold.c.entry, entries.c.actor_id)
        .join(entries, told)
        .where(hold.c.incident == number, hold.c.released_entry.is_(None))
        .order_by(hold.c.entry)
    )
    return {row.entry: row.actor_id for row in rows}


def check_free(connection: Connection, record: Incident) -> None:
    """Raise if a hold forbids that anything of the record goes.

    Raises:
        ActNotAllowed: ``held``, naming who placed it.
    """
    if placed := standing(connection, record.number):
        who = ", ".join(f"{person} (entry {entry})" for entry, person in placed.items())
        raise ActNotAllowed("held", f"{record.name} is held by {who}: nothing of it may go before that is released")


def _checked(tx: Tx, number: int, name: str, actor: Actor, reason: str) -> Incident:
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS[name], by=actor, roles=roles)
        if not reason.strip():
            raise ActNotAllowed("reason_required", "say why: the reason stays", missing=("reason",))
    return record


def _write(tx: Tx, number: int, actor: Actor, facts: dict[str, Fact], reason: str, via: str) -> int:
    told = facts | {"reason": reason}
    return timeline.append(tx, number, NewEntry(kind=EntryKind.HELD, actor=actor, facts=told, via=via))

"""Acts on an incident that move no step: they only add, so nobody's reading of it grows stale by them."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from store import acts
from store.errors import ActNotAllowed
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.notice import NewNotice, NoticeKind
from store.people import Role
from store.process import ACTS, check_act
from store.repository.people import persons
from store.repository.record import conflicts, records, timeline
from store.repository.telling import outbox
from store.tables import timeline as entries
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an act or move led to."""

    incident: Incident  #: as it is now
    entry: int  #: number of the timeline entry that tells of it
    allowed: tuple[str, ...]  #: what the same person may do next


def note(tx: Tx, number: int, actor: Actor, *, text: str, via: str) -> Done:
    """Write something down."""
    return _do(tx, number, "note", actor, text=text, via=via)


def contain(tx: Tx, number: int, actor: Actor, *, via: str, text: str = "") -> Done:
    """Say that it spreads no further. The first one sets the instant."""
    return _do(tx, number, "contain", actor, text=text, via=via)


def resolve(tx: Tx, number: int, actor: Actor, *, via: str, text: str = "") -> Done:
    """Say that it is over: nobody is asked any more, and who was asked is told. Moves no step."""
    done = _do(tx, number, "resolve", actor, text=text, via=via)
    outbox.cancel_asks(tx, number, f"resolved by {actor.id}")
    outbox.write_notice(tx, _notice(done.incident, NoticeKind.RESOLVED, f"{actor.id} says that it is over"))
    return done


def own(tx: Tx, number: int, actor: Actor, *, via: str, text: str = "") -> Done:
    """Take it over; who was told of it hears that another one has it, and so does who had it."""
    had = records.load(tx.connection, number).owner
    done = _do(tx, number, "own", actor, text=text, via=via)
    if had is not None and had != done.incident.owner:
        reason = f"{actor.id} took it over"
        outbox.write_notice(tx, _notice(done.incident, NoticeKind.ACKNOWLEDGED, reason))
        told, made = outbox.told(tx.connection, number, done.incident.cycle), outbox.of_incident(tx.connection, number)
        if had not in {one.person for one in made if (one.receiver, one.target) in told}:
            outbox.write_notice(tx, _notice(done.incident, NoticeKind.ACKNOWLEDGED, reason, person=had))
    return done


def hand_over(tx: Tx, number: int, actor: Actor, *, to: str, via: str, text: str = "") -> Done:
    """Give it to *to*, who is told.

    Raises:
        ActNotAllowed: ``to``: there is no such person with access who may have it.
    """
    person = persons.get(tx.connection, to)
    able = person is not None and person.disabled_at is None and Role.RESPONDER in person.roles
    able = able and to not in conflicts.of(tx.connection, number)
    done = _do(tx, number, "hand_over", actor, text=text, via=via, to=to if able else None)
    reason = f"{actor.id} handed it over to {to}"
    outbox.write_notice(tx, _notice(done.incident, NoticeKind.HANDED_OVER, reason, person=to))
    return done


def extend(tx: Tx, number: int, actor: Actor, *, via: str, text: str = "") -> Done:
    """Say again "I have it"."""
    return _do(tx, number, "extend", actor, text=text, via=via)


def concern(tx: Tx, number: int, actor: Actor, *, text: str, via: str) -> Done:
    """Raise a concern; it stays open until it is answered."""
    return _do(tx, number, "concern", actor, text=text, via=via)


def answer(tx: Tx, number: int, actor: Actor, *, text: str, via: str, to_entry: int) -> Done:
    """Answer the concern that timeline entry *to_entry* tells of.

    Raises:
        ActNotAllowed: ``no_concern``: that entry raises none.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        check_act(record, ACTS["answer"], by=actor, roles=roles)
        if to_entry not in _entries(tx.connection, number, EntryKind.CONCERN):
            raise ActNotAllowed(
                "no_concern", f"entry {to_entry} of {record.name} raises no concern", missing=("entry",)
            )
    return _do(tx, number, "answer", actor, text=text, via=via, facts={"entry": to_entry})


def open_concerns(connection: Connection, number: int) -> tuple[int, ...]:
    """Timeline entries that raise a concern which nobody has answered."""
    answered = {entry.facts.get("entry") for entry in timeline.of(connection, number) if entry.kind is EntryKind.ANSWER}
    return tuple(seq for seq in _entries(connection, number, EntryKind.CONCERN) if seq not in answered)


def finished(tx: Tx, after: Incident, actor: Actor) -> Done:
    """What the act or move that wrote the last entry led to."""
    last = select(func.max(entries.c.seq)).where(entries.c.incident == after.number)
    seq: int = tx.connection.execute(last).scalar_one()
    roles = persons.roles_of(tx.connection, actor)
    return Done(incident=after, entry=seq, allowed=conflicts.allowed(tx.connection, after, actor.id, roles))


def _do(
    tx: Tx,
    number: int,
    name: str,
    actor: Actor,
    *,
    text: str,
    via: str,
    to: str | None = None,
    facts: dict[str, Fact] | None = None,
) -> Done:
    before = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(before, roles):
        after = acts.do(before, name, now=tx.now, by=actor, roles=roles, to=to)
        if name == "hand_over" and to is None:
            raise ActNotAllowed(
                "no_such_person",
                "it can be handed over only to a responder with access who is not involved in it",
                missing=("to",),
            )
    records.change(tx, before, after)
    told: dict[str, Fact] = dict(facts or {})
    if after.owner != before.owner:
        told |= {"from": before.owner, "to": after.owner}
    values = {"note": text} if text else {}
    entry = NewEntry(kind=acts.ENTRIES[name], actor=actor, facts=told, values=values, via=via)
    timeline.append(tx, number, entry)
    return finished(tx, after, actor)


def _entries(connection: Connection, number: int, kind: EntryKind) -> list[int]:
    rows = select(entries.c.seq).where(entries.c.incident == number, entries.c.kind == kind).order_by(entries.c.seq)
    return list(connection.execute(rows).scalars())


def _notice(after: Incident, kind: NoticeKind, reason: str, person: str | None = None) -> NewNotice:
    return NewNotice(
        incident=after.number, kind=kind, cycle=after.cycle, reason=reason, severity=after.severity, person=person
    )

"""What is behind the buttons of a link, beside the acts that the API has too: not me, a fresh link, and undo."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from rules.event import Decision
from store import acts
from store.errors import ActNotAllowed
from store.incident import Actor, ActorKind, EntryKind, Incident, NewEntry, Status, TimelineEntry, Tlp
from store.notice import DeliveryState, NewNotice, NoticeKind
from store.people import Person, Role
from store.process import ACTS, check_act
from store.repository.incident import dismissals, incidents
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import conflicts, records, timeline
from store.repository.telling import escalations, outbox
from store.tables import delivery, incident, notice
from store.tx import Tx

UNDO_WITHIN = timedelta(seconds=60)
_UNDOABLE = (EntryKind.ACKNOWLEDGED, EntryKind.CONTAINED, EntryKind.PROPOSED)
#: Fresh links of one person for one record, in an hour.
MOST_FRESH = 3
FRESH_WITHIN = timedelta(hours=1)
MOST_AT_ONCE = 50  #: incidents that one press takes


def undoable(connection: Connection, record: Incident, person: str, now: datetime) -> TimelineEntry | None:
    """What *person* did by a link within the last minute and could take back; None: nothing.

    Only the newest of it, and only while it still holds.
    """
    since = [
        entry
        for entry in timeline.of(connection, record.number)
        if entry.kind in (*_UNDOABLE, EntryKind.UNDONE) and now - entry.at <= UNDO_WITHIN
    ]
    last = since[-1] if since else None
    if last is None or last.via != "link" or last.actor != Actor(kind=ActorKind.PERSON, id=person):
        return None
    return last if _holds(connection, record, last) else None


def undo(tx: Tx, number: int, actor: Actor, *, via: str) -> Done:
    """Take back what was pressed by mistake. Who was asked before is asked again.

    Raises:
        ActNotAllowed: ``not_undoable``: there is nothing of theirs, or its minute is over.
    """
    before = records.load(tx.connection, number)
    entry = undoable(tx.connection, before, actor.id, tx.now)
    if entry is None:
        raise ActNotAllowed("not_undoable", f"there is nothing to undo: that is possible for {_seconds()} s")
    if entry.kind is EntryKind.PROPOSED:
        return dismissals.take_back(tx, before, actor, via)
    facts = {"entry": entry.seq}
    if entry.kind is EntryKind.CONTAINED:
        after = replace(before, contained_at=None, version=before.version + 1)
    else:
        nobody = {"acknowledged_at": None, "acknowledged_by": None, "acknowledged_events": None, "owner": None}
        after = replace(before, **nobody, version=before.version + 1)  # type: ignore[arg-type]
    records.change(tx, before, after)
    timeline.append(tx, number, NewEntry(kind=EntryKind.UNDONE, actor=actor, facts=facts, via=via))
    if entry.kind is EntryKind.ACKNOWLEDGED:
        outbox.write_notice(tx, _ask(after, f"{actor.id} took the acknowledgement back: nobody has it"))
    return finished(tx, after, actor)


def not_me(tx: Tx, number: int, actor: Actor, *, to: str, via: str) -> Done:
    """Nobody has it, and it is not for *actor*: *to* is asked now. Everybody else is asked on as before.

    Raises:
        ActNotAllowed: ``no_such_person``, or somebody has it: then it is handed over.
    """
    before = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(before, roles):
        check_act(before, ACTS["note"], by=actor, roles=roles)
        if before.acknowledged_at is not None:
            raise ActNotAllowed("taken", f"{before.acknowledged_by} has it: they can hand it over")
        if to not in {one.id for one in able(tx.connection, number)} - {actor.id}:
            raise ActNotAllowed("no_such_person", "only another responder with access can be asked", missing=("to",))
    values = {"note": "Not me."}
    entry = NewEntry(kind=EntryKind.NOTE, actor=actor, facts={"asked": to}, values=values, via=via)
    timeline.append(tx, number, entry)
    outbox.write_notice(tx, _ask(before, f"{actor.id} says: not me", person=to))
    return finished(tx, before, actor)


def escalate(tx: Tx, number: int, actor: Actor, *, via: str) -> Done:
    """Have the next ones asked now, without waiting for their time.

    Raises:
        ActNotAllowed: ``nobody_next``: somebody has it, or nobody comes next.
    """
    before = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(before, roles):
        check_act(before, ACTS["note"], by=actor, roles=roles)
        coming = escalations.waiting(tx.connection, number) if before.acknowledged_at is None else []
        if not coming:
            raise ActNotAllowed("nobody_next", "somebody has it, or nobody is asked next: hand it over instead")
    values = {"note": "The next ones are to be asked now."}
    timeline.append(tx, number, NewEntry(kind=EntryKind.NOTE, actor=actor, values=values, via=via))
    escalations.hasten(tx, coming[0], coming[0].level, f"{actor.id} asked for the next ones")
    return finished(tx, before, actor)


def send_fresh(tx: Tx, number: int, person: str) -> bool:
    """Have a fresh link sent to the addresses on file of *person*; False if enough were sent lately."""
    mine = (notice.c.incident == number, notice.c.person == person, notice.c.kind == NoticeKind.LINK)
    sent: int = tx.connection.execute(
        select(func.count()).select_from(notice).where(*mine, notice.c.at > tx.now - FRESH_WITHIN)
    ).scalar_one()
    if sent >= MOST_FRESH:
        return False
    record = records.load(tx.connection, number)
    reason = "the link that you had is over"
    outbox.write_notice(
        tx,
        NewNotice(
            incident=number,
            kind=NoticeKind.LINK,
            cycle=record.cycle,
            reason=reason,
            severity=record.severity,
            person=person,
        ),
    )
    return True


def asked_of(connection: Connection, person: str, *, but: int = 0) -> list[int]:
    """Numbers of the open incidents that *person* was told of, whose label lets a link act, and that nobody has."""
    rows = connection.execute(
        select(incident.c.number)
        .join(delivery, delivery.c.incident == incident.c.number)
        .where(
            delivery.c.person == person,
            delivery.c.state == DeliveryState.ACCEPTED,
            incident.c.number != but,
            incident.c.status == Status.OPEN,
            incident.c.decision == Decision.INVESTIGATE,
            incident.c.acknowledged_at.is_(None),
            incident.c.quiet_until.is_(None),
            incident.c.tlp != Tlp.RED,
            ~incident.c.restricted,
        )
        .distinct()
        .order_by(incident.c.number)
        .limit(MOST_AT_ONCE)
    )
    return [row.number for row in rows]


def awake(tx: Tx, actor: Actor, *, via: str) -> int:
    """Take all that *actor* was told of and nobody has: a storm is not acknowledged one by one. Returns how many."""
    out = [
        number for number in asked_of(tx.connection, actor.id) if actor.id not in conflicts.of(tx.connection, number)
    ]
    for number in out:
        incidents.acknowledge(tx, number, actor, via=via)
    return len(out)


def able(connection: Connection, number: int) -> list[Person]:
    """Who could have an incident: responders with access who are not involved in it."""
    out = conflicts.of(connection, number)
    return [
        one
        for one in persons.all_of(connection)
        if one.disabled_at is None and Role.RESPONDER in one.roles and one.id not in out
    ]


def _holds(connection: Connection, record: Incident, entry: TimelineEntry) -> bool:
    """Whether what *entry* tells is still so."""
    if not record.is_open:
        return False
    if entry.kind is EntryKind.ACKNOWLEDGED:
        return record.acknowledged_by == entry.actor.id and record.owner == entry.actor.id
    if entry.kind is EntryKind.CONTAINED:
        return record.contained_at == entry.at
    if entry.kind is EntryKind.PROPOSED:
        pending = dismissals.pending(connection, record.number)
        return pending is not None and pending.proposed_by == entry.actor.id
    return False


def _ask(record: Incident, reason: str, person: str | None = None) -> NewNotice:
    return NewNotice(
        incident=record.number,
        kind=NoticeKind.LAPSED,
        cycle=record.cycle,
        reason=reason,
        severity=record.severity,
        person=person,
    )


def _seconds() -> int:
    return int(UNDO_WITHIN.total_seconds())

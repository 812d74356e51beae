"""Moves that a person makes by hand and that need no form: decide, dismiss, reopen.

All of them decide, so the caller names the version that it saw.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from rules.event import Decision
from store import acts, process
from store.errors import ActNotAllowed, StaleVersion
from store.incident import Actor, ActorKind, EntryKind, Fact, Incident, NewEntry, Outcome, Status
from store.notice import NewNotice, NoticeKind
from store.process import Standing
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records, timeline
from store.repository.telling import outbox
from store.tables import incident as incidents
from store.tables import timeline as entries
from store.tx import Tx


def at_version(tx: Tx, number: int, version: int) -> Incident:
    """The record, if it is still the one that the caller saw.

    Raises:
        StaleVersion: somebody changed it; says who.
    """
    record = records.load(tx.connection, number)
    if record.version != version:
        by = tx.connection.execute(
            select(entries.c.actor_id)
            .where(entries.c.incident == number, entries.c.actor_kind == ActorKind.PERSON)
            .order_by(entries.c.seq.desc())
            .limit(1)
        ).scalar()
        raise StaleVersion(
            f"{record.name} is at version {record.version}, you saw {version}; changed by {by or 'the daemon'}",
            version=record.version,
            by=by,
        )
    return record


def investigate(tx: Tx, number: int, actor: Actor, *, version: int, via: str, reason: str = "") -> Done:
    """Decide that it is an incident: the people responsible are told."""
    before = at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    was_asked = before.decision is Decision.INVESTIGATE and not before.history
    decided = replace(before, decision=Decision.INVESTIGATE, history=False, observe_until=None, observe_events=None)
    with acts.telling_what_is_allowed(before, roles):
        acts.check_named(before, "decide", process.NOTIFICATION)
        moved = process.advance(decided, process.NOTIFICATION, now=tx.now, by=actor, roles=roles)
    after = replace(moved, aware_at=moved.aware_at or tx.now)
    records.change(tx, before, after)
    facts = from_to(before, after) | {"decision": Decision.INVESTIGATE.value}
    write(tx, after, EntryKind.DECIDED, actor, via, facts, reason)
    if not was_asked:
        tell(tx, after, NoticeKind.OPENED, f"{actor.id} decided to have it investigated")
    return finished(tx, after, actor)


def observe(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    version: int,
    via: str,
    until: datetime | None,
    count: int | None = None,
    reason: str = "",
) -> Done:
    """Decide to watch it until a moment: nobody is asked for anything before.

    Args:
        count: With so many events more it becomes an incident before that; with fewer, nothing came. None: whatever
            comes counts, but not before the end.

    Raises:
        MoveNotAllowed: ``until_required``: no moment is given, or it has passed.
    """
    before = at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    unmet = () if until is not None and until > tx.now else ("until_required",)
    with acts.telling_what_is_allowed(before, roles):
        acts.check_named(before, "decide", process.IDENTIFICATION)
        moved = process.advance(before, process.IDENTIFICATION, now=tx.now, by=actor, roles=roles, unmet=unmet)
    waits_for = None if count is None else before.events + count
    observed = replace(moved, decision=Decision.OBSERVE, observe_until=until, observe_events=waits_for)
    after = replace(observed, aware_at=moved.aware_at or tx.now)
    records.change(tx, before, after)
    facts: dict[str, Fact] = {"decision": Decision.OBSERVE.value, "until": until.isoformat() if until else ""}
    facts |= {} if waits_for is None else {"events": waits_for}
    write(tx, after, EntryKind.DECIDED, actor, via, facts, reason)
    outbox.cancel_asks(tx, number, f"{actor.id} decided to observe it")
    tell(tx, after, NoticeKind.RESOLVED, f"{actor.id} decided to observe it")
    return finished(tx, after, actor)


def reopen(tx: Tx, number: int, actor: Actor, *, version: int, via: str, reason: str) -> Done:
    """Begin a new cycle: what was acknowledged and approved is history, and people are asked anew.

    Raises:
        ActNotAllowed: ``reason_required``.
        MoveNotAllowed: It does not stand where it could be reopened, or *actor* may not.
    """
    before = at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    to = process.IDENTIFICATION if before.outcome is Outcome.DISMISSED else process.NOTIFICATION
    with acts.telling_what_is_allowed(before, roles):
        acts.check_named(before, "reopen", to)
        after = process.advance(before, to, now=tx.now, by=actor, roles=roles, unmet=key_in_use(tx.connection, before))
        if not reason.strip():
            raise ActNotAllowed("reason_required", f"say why {before.name} is reopened", missing=("reason",))
    records.change(tx, before, after)
    write(tx, after, EntryKind.REOPENED, actor, via, from_to(before, after) | {"cycle": after.cycle}, reason)
    if after.decision is Decision.INVESTIGATE:
        tell(tx, after, NoticeKind.REOPENED, f"{actor.id} reopened it")
    return finished(tx, after, actor)


def key_in_use(connection: Connection, record: Incident) -> tuple[str, ...]:
    """``key_in_use`` if another open record bears the key of *record*, so that it cannot be open, too."""
    other = connection.execute(
        select(incidents.c.number).where(
            incidents.c.dedup_key == record.dedup_key,
            incidents.c.status == Status.OPEN,
            incidents.c.number != record.number,
        )
    ).first()
    return ("key_in_use",) if other else ()


def tell(tx: Tx, after: Incident, kind: NoticeKind, reason: str, *, breaks_through: bool = False) -> None:
    """Someone should hear of the move."""
    outbox.write_notice(
        tx,
        NewNotice(
            incident=after.number,
            kind=kind,
            cycle=after.cycle,
            reason=reason,
            severity=after.severity,
            breaks_through=breaks_through and after.acknowledged_at is not None,
        ),
    )


def write(
    tx: Tx, after: Incident, kind: EntryKind, actor: Actor, via: str, facts: dict[str, Fact], note: str = ""
) -> None:
    """Append to the timeline; *note* can be redacted one day."""
    values = {"note": note} if note else {}
    timeline.append(tx, after.number, NewEntry(kind=kind, actor=actor, facts=facts, values=values, via=via))


def from_to(before: Incident, after: Incident) -> dict[str, Fact]:
    """Where it stood and where it stands, for the timeline."""
    return {"from": str(Standing.of(before)), "to": str(Standing.of(after))}

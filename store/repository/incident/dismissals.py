"""Dismissals: what was nothing to act on. From high on a second person settles what the first one proposed.

A proposal keeps everybody quiet until the next working morning, and lapses then.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from rules.event import Decision
from store import acts, process
from store.calendar import Calendar
from store.errors import ActNotAllowed
from store.four_eyes import (
    Allowed,
    Deed,
    FourEyes,
    Hand,
    Refused,
    Signature,
    may_sign,
    settling_needs_another,
)
from store.incident import DAEMON, Actor, DismissReason, EntryKind, Fact, Incident, Outcome, Stage, Status
from store.notice import NoticeKind
from store.observation import Ending, ending
from store.process import Standing
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records
from store.repository.telling import outbox
from store.tables import incident as incidents
from store.tables import proposal
from store.tx import Tx

#: As many events came as an observation waits for.
_HAS_ALL = incidents.c.events >= incidents.c.observe_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A dismissal that waits for a second person."""

    reason_code: DismissReason
    proposed_by: str  #: person id
    proposed_at: datetime
    lapses_at: datetime


def dismiss(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    version: int,
    via: str,
    reason_code: DismissReason | None,
    calendar: Calendar,
    note: str = "",
    proposes: bool = False,
) -> Done:
    """Dismiss it or, if it ever was high or worse, propose that.

    Args:
        proposes: Only propose it, whatever it is: who came by a link decides nothing.

    Raises:
        MoveNotAllowed: ``reason_code`` (none that a person may give), not from here, or *actor* may not.
        ActNotAllowed: ``proposal_pending``: somebody proposed it before.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    unmet = ("reason_code",) if reason_code in (None, DismissReason.OBSERVED_NOTHING) else ()
    with acts.telling_what_is_allowed(before, roles):
        after = process.advance(before, _dismissed(before), now=tx.now, by=actor, roles=roles, unmet=unmet)
        if before.quiet_until is not None:
            raise ActNotAllowed("proposal_pending", f"the dismissal of {before.name} is proposed: settle that")
    assert reason_code is not None
    if proposes or settling_needs_another(before.severity_highest):
        return _propose(tx, before, actor, via, reason_code, calendar.next_opening(tx.now), note)
    facts: dict[str, Fact] = {"reason_code": reason_code.value}
    _end(tx, before, after, EntryKind.MOVED, actor, via, facts, note)
    return finished(tx, after, actor)


def settle(
    tx: Tx, number: int, actor: Actor, *, version: int, via: str, agree: bool, mode: FourEyes, note: str = ""
) -> Done:
    """Agree to a proposed dismissal, or decline it; the proposer, too, may decline.

    Raises:
        ActNotAllowed: ``no_proposal``, or ``four_eyes``: who proposed it cannot agree to it.
        MoveNotAllowed: *actor* may not.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    found = pending(tx.connection, number)
    with acts.telling_what_is_allowed(before, roles):
        after = process.advance(before, _dismissed(before), now=tx.now, by=actor, roles=roles)
        if found is None or found.lapses_at <= tx.now:
            raise ActNotAllowed("no_proposal", f"no dismissal of {before.name} waits to be settled")
        waived = _four_eyes(found, actor, mode, before).waived if agree else None
    facts: dict[str, Fact] = {"agreed": agree, "reason_code": found.reason_code.value, "proposed_by": found.proposed_by}
    if waived:
        facts |= {"waived": "four_eyes", "clash": str(waived)}
    _close_proposal(tx, number, "agreed" if agree else "declined", actor)
    if agree:
        _end(tx, before, after, EntryKind.SETTLED, actor, via, facts, note)
    else:
        after = _loud(tx, before, EntryKind.SETTLED, actor, via, facts, f"{actor.id} declined its dismissal", note)
    return finished(tx, after, actor)


def take_back(tx: Tx, before: Incident, actor: Actor, via: str) -> Done:
    """Take one's own proposal back, in the minute after it."""
    _close_proposal(tx, before.number, "declined", actor)
    after = _loud(tx, before, EntryKind.UNDONE, actor, via, {}, f"{actor.id} took the proposal to dismiss it back")
    return finished(tx, after, actor)


def pending(connection: Connection, number: int) -> Proposal | None:
    """The proposal that waits for a second person."""
    row = connection.execute(
        select(proposal).where(proposal.c.incident == number, proposal.c.state == "pending")
    ).first()
    return _from_row(row) if row else None


def withdraw(tx: Tx, number: int, by: Actor) -> None:
    """Whatever is proposed has become pointless."""
    _close_proposal(tx, number, "declined", by)


def lapse(tx: Tx) -> int:
    """End the proposals whose time is over: people are asked again. Returns how many."""
    rows = tx.connection.execute(
        select(proposal).where(proposal.c.state == "pending", proposal.c.lapses_at <= tx.now).order_by(proposal.c.id)
    ).all()
    for row in rows:
        before = records.load(tx.connection, row.incident)
        facts: dict[str, Fact] = {"reason_code": row.reason_code.value, "proposed_by": row.proposed_by}
        _close_proposal(tx, before.number, "lapsed", None)
        _loud(tx, before, EntryKind.LAPSED, DAEMON, "", facts, "nobody settled its dismissal in time")
    return len(rows)


def end_observations(tx: Tx) -> int:
    """End what was to be observed until now, or until so many events: dismissed if too little came, else people are
    told. Returns how many.
    """
    due = select(incidents).where(
        incidents.c.status == Status.OPEN,
        incidents.c.observe_until.is_not(None),
        or_(incidents.c.observe_until <= tx.now, _HAS_ALL),
    )
    found = [records.from_row(row) for row in tx.connection.execute(due.order_by(incidents.c.number))]
    for before in found:
        if (how := ending(before, tx.now)) is not None:
            _end_observation(tx, before, how)
    return len(found)


def next_due(connection: Connection) -> datetime | None:
    """When `lapse` or `end_observations` has something to do; None: nothing waits."""
    lapses = select(func.min(proposal.c.lapses_at)).where(proposal.c.state == "pending")
    observed = (incidents.c.status == Status.OPEN, incidents.c.observe_until.is_not(None))
    ends = select(func.min(incidents.c.observe_until)).where(*observed)
    full = select(func.min(incidents.c.step_entered_at)).where(*observed, _HAS_ALL)
    moments = [connection.execute(statement).scalar() for statement in (lapses, ends, full)]
    return min((moment for moment in moments if moment is not None), default=None)


def _propose(
    tx: Tx, before: Incident, actor: Actor, via: str, reason_code: DismissReason, lapses_at: datetime, note: str
) -> Done:
    tx.connection.execute(
        proposal.insert().values(
            incident=before.number,
            reason_code=reason_code,
            proposed_by=actor.id,
            proposed_at=tx.now,
            lapses_at=lapses_at,
            state="pending",
        )
    )
    after = replace(before, quiet_until=lapses_at, aware_at=before.aware_at or tx.now, version=before.version + 1)
    records.change(tx, before, after)
    facts: dict[str, Fact] = {"reason_code": reason_code.value, "lapses_at": lapses_at.isoformat()}
    moves.write(tx, after, EntryKind.PROPOSED, actor, via, facts, note)
    outbox.cancel_asks(tx, after.number, f"{actor.id} proposed to dismiss it")
    moves.tell(tx, after, NoticeKind.PROPOSED, f"{actor.id} proposed to dismiss it as {reason_code.value}")
    return finished(tx, after, actor)


def _four_eyes(found: Proposal, actor: Actor, mode: FourEyes, record: Incident) -> Allowed:
    proposed = Hand(person=found.proposed_by, deed=Deed.PROPOSED, what="the dismissal")
    verdict = may_sign(Signature.SETTLE, actor.id, [proposed], mode=mode, track=record.track)
    if isinstance(verdict, Refused):
        raise ActNotAllowed(verdict.code, verdict.reason)
    return verdict


def _end(
    tx: Tx,
    before: Incident,
    after: Incident,
    kind: EntryKind,
    actor: Actor,
    via: str,
    facts: dict[str, Fact],
    note: str,
) -> None:
    """It is dismissed: nothing is asked of anybody any more."""
    after = replace(after, aware_at=after.aware_at or tx.now) if actor is not DAEMON else after
    records.change(tx, before, after)
    moves.write(tx, after, kind, actor, via, facts | moves.from_to(before, after), note)
    outbox.cancel_asks(tx, after.number, f"dismissed by {actor.id}")
    moves.tell(tx, after, NoticeKind.RESOLVED, f"{actor.id} dismissed it as {facts['reason_code']}")


def _loud(
    tx: Tx,
    before: Incident,
    kind: EntryKind,
    actor: Actor,
    via: str,
    facts: dict[str, Fact],
    reason: str,
    note: str = "",
) -> Incident:
    """It is not dismissed: who has to be asked is asked again."""
    after = replace(before, quiet_until=None, version=before.version + 1)
    records.change(tx, before, after)
    moves.write(tx, after, kind, actor, via, facts, note)
    if after.acknowledged_at is None:
        moves.tell(tx, after, NoticeKind.LAPSED, reason)
    return after


def _end_observation(tx: Tx, before: Incident, how: Ending) -> None:
    if how is Ending.NOTHING:
        after = process.advance(before, _dismissed(before), now=tx.now, by=DAEMON)
        _end(tx, before, after, EntryKind.MOVED, DAEMON, "", {"reason_code": DismissReason.OBSERVED_NOTHING.value}, "")
        return
    decided = replace(before, decision=Decision.INVESTIGATE, observe_until=None, observe_events=None)
    after = process.advance(decided, process.NOTIFICATION, now=tx.now, by=DAEMON)
    records.change(tx, before, after)
    why = f"it has come to {before.events} events" if how is Ending.COUNT else "its observation ended"
    facts: dict[str, Fact] = {"decision": Decision.INVESTIGATE.value, "reason": why}
    moves.write(tx, after, EntryKind.DECIDED, DAEMON, "", facts | moves.from_to(before, after))
    moves.tell(tx, after, NoticeKind.OPENED, f"{why}: decide what it is")


def _close_proposal(tx: Tx, number: int, state: str, by: Actor | None) -> None:
    tx.connection.execute(
        proposal.update()
        .where(proposal.c.incident == number, proposal.c.state == "pending")
        .values(state=state, settled_by=by.id if by else None, settled_at=tx.now)
    )


def _dismissed(record: Incident) -> Standing:
    return Standing(record.step, Stage.NONE, Status.CLOSED, Outcome.DISMISSED)


def _from_row(row: Row[Any]) -> Proposal:
    return Proposal(
        reason_code=row.reason_code,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        lapses_at=row.lapses_at,
    )

"""Decide about timers of the law. The timeline alone keeps what was decided: redacted there, a reason is gone."""

from datetime import datetime

from sqlalchemy import Connection

from store import acts, timers
from store.deadlines import Deadline
from store.incident import Actor, EntryKind, Fact, Incident, TimelineEntry
from store.moments import from_microseconds, to_microseconds
from store.process import ACTS, check_act
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import fresh as fresh_tokens
from store.repository.people import persons
from store.repository.record import records, timeline
from store.site import Site
from store.timers import Decided, TimerDecision
from store.tx import Tx


def decide(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    name: str,
    decision: TimerDecision,
    via: str,
    site: Site,
    filed_at: datetime | None = None,
    reason: str = "",
    fresh: str = "",
) -> Done:
    """Say that the timer *name* was met, or does not apply: nobody is reminded of it any more.

    Args:
        filed_at: When it was handed in, for ``filed``; None: now.
        reason: Why, if it does not apply, is late, or is taken back.
        fresh: Hash of a token that signs once: that it does not apply is signed.

    Raises:
        ActNotAllowed: *actor* may not, or ``no_timer``, ``filed_in_future``, ``reason_required``, ``fresh_sign_in``.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    running, filed = _running(record, name, site), filed_at or tx.now
    with acts.telling_what_is_allowed(record, roles):
        check_act(record, ACTS["timer"], by=actor, roles=roles)
        timer = timers.checked(record, name, running, decision, filed_at=filed, now=tx.now, reason=reason)
        if decision is TimerDecision.NOT_REPORTABLE and not fresh_tokens.spend(tx, actor.id, fresh):
            raise timers.unsigned()
    facts: dict[str, Fact] = {
        "timer": name,
        "decision": decision.value,
        "filed_at": to_microseconds(filed) if decision is TimerDecision.FILED else None,
        "until": to_microseconds(timer.due_at),
        "late": timers.is_late(timer, decision, filed),
    }
    moves.write(tx, record, EntryKind.TIMER, actor, via, facts, reason)
    return finished(tx, record, actor)


def decided(connection: Connection, number: int) -> dict[str, Decided]:
    """What was decided last about each timer of a record, by its name."""
    entries = timeline.of(connection, number, EntryKind.TIMER)
    return {str(entry.facts["timer"]): _decided(entry) for entry in entries}


def _running(record: Incident, name: str, site: Site) -> Deadline | None:
    return next(iter(site.deadlines.regulatory(record, (name,))), None)


def _decided(entry: TimelineEntry) -> Decided:
    facts, filed_at = entry.facts, entry.facts["filed_at"]
    return Decided(
        entry=entry.seq,
        decision=TimerDecision(str(facts["decision"])),
        by=entry.actor.id,
        at=entry.at,
        filed_at=None if filed_at is None else from_microseconds(int(filed_at)),
        until=from_microseconds(int(facts["until"] or 0)),
        is_late=bool(facts["late"]),
    )

"""Incidents that a person opens: a phone call, a lost laptop, a near miss, a drill."""

from datetime import datetime

from sqlalchemy import func, select

from rules.entities import clean
from rules.event import Decision, Severity
from rules.finding import SeverityTerm
from store import process
from store.errors import ActNotAllowed
from store.incident import Actor, ActorKind, EntryKind, Fact, Incident, NewEntry, SourceKind
from store.intake import track_for
from store.notice import NoticeKind
from store.people import Role
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records, timeline
from store.tables import incident as incidents
from store.tx import Tx

#: For how long lines about the same things would be the same attack.
WINDOW_SECONDS = 1800.0


def open_by_hand(
    tx: Tx,
    actor: Actor,
    *,
    title: str,
    severity: Severity,
    what_happened: str,
    via: str,
    occurred_at: datetime | None = None,
    drill: bool = False,
) -> Done:
    """Open a record; the people responsible are told, as of any other.

    Args:
        occurred_at: When it happened; None: now.
        drill: It is an exercise, and left out of all statistics.

    Raises:
        ActNotAllowed: *actor* is no person with the role responder.
    """
    roles = persons.roles_of(tx.connection, actor)
    if actor.kind is not ActorKind.PERSON:
        raise ActNotAllowed("person_required", "only a person can open an incident; sign in, or use a person's token")
    if Role.RESPONDER not in roles:
        raise ActNotAllowed("role_required", f"{actor.id} cannot open an incident: the role responder is needed")
    last: int | None = tx.connection.execute(select(func.max(incidents.c.number))).scalar()
    opened = _new((last or 0) + 1, actor, clean(title), severity, min(occurred_at or tx.now, tx.now), tx.now, drill)
    after = process.advance(opened, process.NOTIFICATION, now=tx.now, by=actor, roles=roles)
    records.add(tx, after)
    facts: dict[str, Fact] = {
        "decision": after.decision.value,
        "severity": severity.value,
        "source_kind": after.source_kind.value,
        "step": after.step.value,
        "drill": drill,
    }
    if occurred_at is not None:
        facts["occurred_at"] = occurred_at.isoformat()  # in the zone in which it was said
    values = {"title": title, "what_happened": what_happened}
    timeline.append(tx, after.number, NewEntry(kind=EntryKind.OPENED, actor=actor, facts=facts, values=values, via=via))
    moves.tell(tx, after, NoticeKind.OPENED, f"{actor.id} opened it")
    return finished(tx, after, actor)


def _new(
    number: int, actor: Actor, title: str, severity: Severity, occurred_at: datetime, now: datetime, drill: bool
) -> Incident:
    term = SeverityTerm(term="person", value=severity.rank, because=f"{actor.id} says {severity.value}")
    return Incident(
        number=number,
        decision=Decision.INVESTIGATE,
        dedup_key=f"person|{number}",
        title=title,
        rule_id="",
        rule_title="opened by hand",
        rule_path="",
        rule_version="",
        tags=(),
        group=(),
        severity=severity,
        severity_highest=severity,
        severity_terms=(term,),
        track=track_for(severity, ()),
        first_seen=occurred_at,
        last_seen=occurred_at,
        window_seconds=WINDOW_SECONDS,
        detected_at=now,
        opened_at=now,
        step_entered_at=now,
        rolled_up_at=now,
        source_kind=SourceKind.PERSON,
        drill=drill,
        aware_at=now,
        classified_at=now,
    )

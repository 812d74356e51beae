"""Severity and track by hand, and the second person who agrees to what falls."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from rules.event import Severity
from store import acts, classifying, process
from store.errors import ActNotAllowed
from store.four_eyes import Allowed, Deed, FourEyes, Hand, Refused, Signature, may_sign
from store.incident import DAEMON, Actor, EntryKind, Fact, Incident, Track
from store.notice import NewNotice, NoticeKind
from store.process import ACTS
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records
from store.repository.telling import outbox
from store.tables import incident as incidents
from store.tx import Tx


def classify(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    version: int,
    via: str,
    severity: Severity | None = None,
    track: Track | None = None,
    reason: str = "",
) -> Done:
    """Set or confirm severity and track; what falls may have to wait for a second person.

    Raises:
        ActNotAllowed: ``level_pending``, ``reason_required``, or *actor* may not.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(before, roles):
        process.check_act(before, ACTS["classify"], by=actor, roles=roles)
        after = _classified(tx, before, actor, severity=severity, track=track, reason=reason, via=via)
    return finished(tx, after, actor)


def by_form(tx: Tx, before: Incident, actor: Actor, *, severity: Severity, reason: str, via: str) -> Incident:
    """What whoever may write the identification says there of the severity: as by `classify`. Returns the record.

    Raises:
        ActNotAllowed: ``level_pending``, ``reason_required``.
    """
    if severity is before.severity and (before.classified_at is not None or before.lowering is not None):
        return before
    try:
        return _classified(tx, before, actor, severity=severity, track=None, reason=reason, via=via)
    except ActNotAllowed as refused:
        refused.missing = tuple("decision_reason" if name == "reason" else name for name in refused.missing)
        raise


def _classified(
    tx: Tx, before: Incident, actor: Actor, *, severity: Severity | None, track: Track | None, reason: str, via: str
) -> Incident:
    after = classifying.classified(before, severity=severity, track=track, reason=reason, by=actor, now=tx.now)
    records.change(tx, before, after)
    facts = _from_to(before, after)
    if after.lowering is not None:
        facts["lapses_at"] = after.lowering.lapses_at.isoformat()
        facts["track_wanted"] = after.lowering.track_to.value if after.lowering.track_to else None
    moves.write(tx, after, EntryKind.CLASSIFIED, actor, via, facts, reason)
    _tell(tx, before, after, f"{actor.id} says that it is {after.severity.value}")
    return after


def countersign(
    tx: Tx, number: int, actor: Actor, *, version: int, via: str, agree: bool, mode: FourEyes, note: str = ""
) -> Done:
    """Agree to what falls, or decline it; who proposed it may decline, too.

    Raises:
        ActNotAllowed: ``no_proposal``, ``four_eyes``, or *actor* may not.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    facts: dict[str, Fact] = {"agreed": agree}
    with acts.telling_what_is_allowed(before, roles):
        process.check_act(before, ACTS["countersign"], by=actor, roles=roles)
        after = classifying.agreed(before) if agree else classifying.declined(before)
        if agree and _four_eyes(before, actor, mode).waived is not None:
            facts["waived"] = "four_eyes"
    records.change(tx, before, after)
    moves.write(tx, after, EntryKind.CLASSIFIED, actor, via, facts | _proposed(before) | _from_to(before, after), note)
    _tell(tx, before, after, f"{actor.id} declined the lower level")
    return finished(tx, after, actor)


def lapse(tx: Tx) -> int:
    """End what nobody has agreed to in time: it is as it was. Returns how many those were."""
    due = [record for record in _pending(tx.connection) if record.lowering and record.lowering.lapses_at <= tx.now]
    for before in due:
        after = classifying.declined(before)
        records.change(tx, before, after)
        moves.write(tx, after, EntryKind.LAPSED, DAEMON, "", _proposed(before) | _from_to(before, after))
        _tell(tx, before, after, "nobody agreed to the lower level in time")
    return len(due)


def next_due(connection: Connection) -> datetime | None:
    """When `lapse` has something to do; None: nothing waits."""
    moments = [record.lowering.lapses_at for record in _pending(connection) if record.lowering]
    return min(moments, default=None)


def _pending(connection: Connection) -> Sequence[Incident]:
    """Records of which a lower level waits; closed ones too: closing is no way around a second person."""
    rows = connection.execute(select(incidents).where(incidents.c.lowering.is_not(None)).order_by(incidents.c.number))
    return [records.from_row(row) for row in rows]


def _four_eyes(record: Incident, actor: Actor, mode: FourEyes) -> Allowed:
    proposer = record.lowering.by if record.lowering else ""
    hand = Hand(person=proposer, deed=Deed.PROPOSED, what="the lower level")
    verdict = may_sign(Signature.SETTLE, actor.id, [hand], mode=mode, track=record.track)
    if isinstance(verdict, Refused):
        raise ActNotAllowed(verdict.code, verdict.reason)
    return verdict


def _proposed(record: Incident) -> dict[str, Fact]:
    return {"proposed_by": record.lowering.by if record.lowering else None}


def _from_to(before: Incident, after: Incident) -> dict[str, Fact]:
    return {
        "severity_from": before.severity.value,
        "severity": after.severity.value,
        "track_from": before.track.value,
        "track": after.track.value,
    }


def _tell(tx: Tx, before: Incident, after: Incident, reason: str) -> None:
    """What rises is told, also to those who thought that somebody has it."""
    if after.severity.rank <= before.severity.rank or not after.is_open:
        return
    outbox.write_notice(
        tx,
        NewNotice(
            incident=after.number,
            kind=NoticeKind.WORSE,
            cycle=after.cycle,
            reason=reason,
            severity=after.severity,
            breaks_through=after.acknowledged_at is not None,
        ),
    )

"""One attack, one incident: merge a record into another, and take it out again.

The target takes over evidence, entities, findings with their counts, the earliest moments, the highest severity and
track. Findings that come while it is merged belong to the target and stay there; those that it brought go back.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, literal, select

from rules.event import Decision
from store import acts, classifying, process
from store.errors import MoveNotAllowed
from store.incident import Actor, EntryKind, Incident, Outcome, Stage, Status, Step, Tlp
from store.notice import NoticeKind
from store.process import Standing
from store.repository.dossier import discrepancies, voiding
from store.repository.grouping import tallies
from store.repository.incident import dismissals, moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records
from store.repository.steps import visibility
from store.repository.telling import outbox
from store.tables import entity, evidence, finding, merged_finding
from store.tx import Tx
from store.upsert import insert

_SENT_ALONG = ("rule_id", "source", "origin", "line", "offset", "time", "text", "sha256")


def merge(tx: Tx, number: int, into: int, actor: Actor, *, version: int, via: str, note: str = "") -> Done:
    """Have another record carry *number* on.

    Raises:
        MoveNotAllowed: ``target_closed``, ``target_merged``, ``target_observed`` (what is to be investigated would
            fall silent in it), ``target_approved`` (nobody would report or approve it there any more), ``tlp`` (its
            participants alone see one, and not the other), or not from here.
        NotFound: There is no record *into*.
    """
    before = moves.at_version(tx, number, version)
    target = records.load(tx.connection, into)
    roles = persons.roles_of(tx.connection, actor)
    end = Standing(before.step, before.stage, Status.CLOSED, Outcome.MERGED)
    with acts.telling_what_is_allowed(before, roles):
        unmet = _against(before, target)
        moved = process.advance(before, end, now=tx.now, by=actor, roles=roles, unmet=unmet)
    after = replace(moved, merged_into=into, aware_at=before.aware_at or tx.now)
    dismissals.withdraw(tx, number, actor)
    records.change(tx, before, after)
    tx.connection.execute(merged_finding.delete().where(merged_finding.c.incident == number))
    brought = select(literal(number), finding.c.id).where(finding.c.incident == number)
    tx.connection.execute(merged_finding.insert().from_select(["incident", "finding"], brought))
    _hand_on(tx, number, into)
    _send(tx, number, number, into)
    grown = _taken_over(tx.connection, target, after)
    records.change(tx, target, grown)
    moves.write(tx, after, EntryKind.MOVED, actor, via, moves.from_to(before, after) | {"into": into}, note)
    moves.write(tx, grown, EntryKind.MERGED, actor, via, {"merged": number, "severity": grown.severity.value}, note)
    _tell_approvers(tx, grown, f"merged {number}", f"{after.name} was merged into it: {after.title}", actor, via)
    outbox.cancel_asks(tx, number, f"merged into {target.name}")
    moves.tell(tx, after, NoticeKind.RESOLVED, f"{actor.id} merged it into {target.name}")
    if grown.severity.rank > target.severity.rank:
        moves.tell(tx, grown, NoticeKind.WORSE, f"{actor.id} merged {after.name} into it", breaks_through=True)
    return finished(tx, after, actor)


def unmerge(tx: Tx, number: int, actor: Actor, *, version: int, via: str, note: str = "") -> Done:
    """Have it stand again where it stood.

    Raises:
        MoveNotAllowed: ``target_closed``, ``key_in_use`` (another open record has the same problem), ``tlp``, or it
            is not merged.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    place = Standing(before.step, before.stage if before.outcome is Outcome.MERGED else Stage.NONE)
    with acts.telling_what_is_allowed(before, roles):
        if before.merged_into is None:
            raise MoveNotAllowed("not_a_move", f"{before.name} is not merged into another")
        target = records.load(tx.connection, before.merged_into)
        unmet = (*(() if target.is_open else ("target_closed",)), *moves.key_in_use(tx.connection, before))
        after = process.advance(before, place, now=tx.now, by=actor, roles=roles, unmet=unmet)
    _send(tx, number, target.number, number)
    after = replace(after, events=tallies.most_events(tx.connection, number, after.events))
    records.change(tx, before, after)
    left = replace(
        target, events=tallies.most_events(tx.connection, target.number, target.events), version=target.version + 1
    )
    records.change(tx, target, left)
    moves.write(tx, after, EntryKind.MOVED, actor, via, moves.from_to(before, after) | {"out_of": target.number}, note)
    moves.write(tx, left, EntryKind.MERGED, actor, via, {"taken_out": number}, note)
    _tell_approvers(tx, left, f"taken out {number}", f"{after.name} was taken out of it: {after.title}", actor, via)
    if after.acknowledged_at is None and after.decision is Decision.INVESTIGATE:
        moves.tell(tx, after, NoticeKind.REOPENED, f"{actor.id} took it out of {target.name} again")
    return finished(tx, after, actor)


def _tell_approvers(tx: Tx, target: Incident, cause: str, told: str, actor: Actor, via: str) -> None:
    """What waits to be signed is another picture now; what was signed is void if actions of its plan came or went."""
    if target.step is Step.APPROVAL:
        discrepancies.break_through(tx, target.number, cause, told)
    voiding.after_edit(tx, target.number, by=actor, via=via)


def _against(source: Incident, target: Incident) -> tuple[str, ...]:
    """All codes that speak against merging *source* into *target*."""
    found = {
        "target_merged": target.outcome is Outcome.MERGED,
        "target_closed": source.number == target.number
        or (not target.is_open and target.outcome is not Outcome.MERGED),
        "target_observed": target.decision is Decision.OBSERVE and source.decision is not Decision.OBSERVE,
        "target_approved": target.is_open and target.step is Step.FOLLOW_UP,
        "tlp": visibility.is_limited(source) != visibility.is_limited(target),
    }
    return tuple(code for code, speaks in found.items() if speaks)


def _taken_over(connection: Connection, target: Incident, source: Incident) -> Incident:
    """*target* with what it takes over from *source*: its severity as it is until a second person agrees to less."""
    source = source if source.lowering is None else classifying.declined(source)
    worse = source.severity.rank > target.severity.rank
    order = list(Tlp)
    return replace(
        target,
        severity=source.severity if worse else target.severity,
        severity_terms=source.severity_terms if worse else target.severity_terms,
        drill=target.drill and source.drill,
        severity_highest=max(target.severity_highest, source.severity_highest, key=lambda one: one.rank),
        track=max(target.track, source.track, key=lambda one: one.rank),
        tlp=min(target.tlp, source.tlp, key=order.index),
        first_seen=min(target.first_seen, source.first_seen),
        last_seen=max(target.last_seen, source.last_seen),
        aware_at=min((one for one in (target.aware_at, source.aware_at) if one is not None), default=None),
        events=tallies.most_events(connection, target.number, target.events),
        version=target.version + 1,
    )


def _hand_on(tx: Tx, number: int, into: int) -> None:
    """Copy evidence and entities; those that the target has are its own."""
    lines = select(literal(into), *(evidence.c[name] for name in _SENT_ALONG)).where(evidence.c.incident == number)
    _copy(tx, evidence, ("incident", *_SENT_ALONG), lines.order_by(evidence.c.id))
    named = select(literal(into), entity.c.kind, entity.c.value, entity.c.first_seen).where(entity.c.incident == number)
    _copy(tx, entity, ("incident", "kind", "value", "first_seen"), named)


def _copy(tx: Tx, table: Any, names: Sequence[str], rows: Select[Any]) -> None:
    found = [dict(zip(names, row, strict=True)) for row in tx.connection.execute(rows)]
    if found:
        tx.connection.execute(insert(tx.connection, table).on_conflict_do_nothing(), found)


def _send(tx: Tx, source: int, start: int, end: int) -> None:
    """Move the findings that *source* brought from one record to another, and with them what they count."""
    brought = select(merged_finding.c.finding).where(merged_finding.c.incident == source)
    tallies.send(tx, brought, start, end)

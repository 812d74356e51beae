"""Split a record: findings that are another attack go to a record of their own, with what belongs to them."""

from collections.abc import Collection, Sequence
from dataclasses import fields

from sqlalchemy import Connection, func, select

from rules.entities import clean
from rules.event import Decision
from store import acts, process, splitting
from store.errors import ActNotAllowed
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry, Status
from store.notice import NoticeKind
from store.process import ACTS
from store.repository.grouping import tallies
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records, timeline
from store.splitting import Episode
from store.tables import entity, evidence, finding, tally
from store.tables import incident as incidents
from store.tx import Tx

_COLUMNS = tuple(finding.c[field.name] for field in fields(Episode))
_LINE = ("rule_id", "source", "origin", "line", "offset", "time", "text", "sha256")


def of(connection: Connection, number: int) -> list[Episode]:
    """The findings of a record, oldest first."""
    rows = connection.execute(
        select(*_COLUMNS).where(finding.c.incident == number).order_by(finding.c.first_seen, finding.c.id)
    )
    return [Episode(**row._mapping) for row in rows]


def split(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    version: int,
    via: str,
    ids: Collection[str],
    title: str = "",
    note: str = "",
) -> Done:
    """Have findings go to a new record, which people are told of as of any other. Returns what became of that one.

    Raises:
        ActNotAllowed: ``frozen`` (it waits for approval, or had it), ``invalid_split``, or *actor* may not.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(before, roles):
        process.check_act(before, ACTS["split"], by=actor, roles=roles)
        if before.step not in process.BEFORE_APPROVAL:
            raise ActNotAllowed("frozen", f"what {before.name} holds is frozen: split it before it is to be approved")
        every = of(tx.connection, number)
        going = splitting.chosen(before, every, ids)
    staying = [one for one in every if one not in going]
    new = 1 + (tx.connection.execute(select(func.max(incidents.c.number))).scalar() or 0)
    old_key, new_key = splitting.keys(before, going, staying, _keys_in_use(tx.connection, number), new)
    opened = splitting.new_record(
        before, going, number=new, key=new_key, title=clean(title.strip()), by=actor, now=tx.now
    )
    if opened.decision is Decision.INVESTIGATE:
        opened = process.advance(opened, process.NOTIFICATION, now=tx.now, by=actor, roles=roles)
    # The old key is given up before the new record takes it: no two open records bear one.
    given_up = splitting.after(before, key=old_key, events=before.events, now=tx.now)
    records.change(tx, before, given_up)
    records.add(tx, opened)
    tallies.send(tx, [one.id for one in going], number, new)
    _divide(tx, number, new, going, staying)
    left = splitting.after(before, key=old_key, events=tallies.most_events(tx.connection, number, 0), now=tx.now)
    records.change(tx, given_up, left)
    _tell(tx, left, opened, going, actor, via, note)
    return finished(tx, opened, actor)


def _keys_in_use(connection: Connection, number: int) -> set[str]:
    """Dedup keys of other open records."""
    rows = select(incidents.c.dedup_key).where(incidents.c.status == Status.OPEN, incidents.c.number != number)
    return set(connection.execute(rows).scalars())


def _divide(tx: Tx, number: int, new: int, going: Sequence[Episode], staying: Sequence[Episode]) -> None:
    """Lines and entities of what goes go along; those that what stays shares with it stay too."""
    shared = {one.rule_id for one in staying}
    for rule_id in {one.rule_id for one in going}:
        lines = [evidence.c.incident == number, evidence.c.rule_id == rule_id]
        if rule_id in shared:
            theirs = [one for one in going if one.rule_id == rule_id]
            lines.append(evidence.c.time >= min(one.first_seen for one in theirs))
            lines.append(evidence.c.time <= max(one.last_seen for one in theirs))
        columns = [evidence.c[name] for name in _LINE]
        rows = tx.connection.execute(select(*columns).where(*lines).order_by(evidence.c.id)).all()
        if rows:
            tx.connection.execute(evidence.insert(), [{"incident": new, **row._mapping} for row in rows])
        if rule_id not in shared:
            tx.connection.execute(evidence.delete().where(*lines))
            tx.connection.execute(tally.delete().where(tally.c.incident == number, tally.c.rule_id == rule_id))
    _divide_entities(tx, number, new, going, staying)


def _divide_entities(tx: Tx, number: int, new: int, going: Sequence[Episode], staying: Sequence[Episode]) -> None:
    named = tx.connection.execute(select(entity).where(entity.c.incident == number)).all()
    theirs = [row for row in named if _names(row.value, row.first_seen, going)]
    if theirs:
        rows = [{**row._mapping, "incident": new} for row in theirs]
        tx.connection.execute(entity.insert(), rows)
    for row in theirs:
        if not _names(row.value, row.first_seen, staying):
            tx.connection.execute(
                entity.delete().where(
                    entity.c.incident == number, entity.c.kind == row.kind, entity.c.value == row.value
                )
            )


def _names(value: str, first_seen: object, found: Sequence[Episode]) -> bool:
    """Whether one of *found* names it: it is in its group, or came with it."""
    return any(first_seen == one.first_seen or value in (of_it for _, of_it in one.group) for one in found)


def _tell(
    tx: Tx, left: Incident, opened: Incident, going: Sequence[Episode], actor: Actor, via: str, note: str
) -> None:
    count = sum(one.counted > 0 for one in going)
    moves.write(tx, left, EntryKind.SPLIT, actor, via, {"into": opened.number, "findings": count}, note)
    facts: dict[str, Fact] = {
        "decision": opened.decision.value,
        "severity": opened.severity.value,
        "source_kind": opened.source_kind.value,
        "step": opened.step.value,
        "split_off": left.number,
        "findings": count,
    }
    values = {"note": note} if note else {}
    entry = NewEntry(kind=EntryKind.OPENED, actor=actor, facts=facts, values=values, via=via)
    timeline.append(tx, opened.number, entry)
    if opened.decision is Decision.INVESTIGATE:
        moves.tell(tx, opened, NoticeKind.OPENED, f"{actor.id} split it off {left.name}")

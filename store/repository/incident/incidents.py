"""Incidents and observations: read, list, acknowledge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from rules.entities import clean
from rules.event import Decision, Entity, Severity
from store import process
from store.incident import Actor, EntryKind, Incident, NewEntry, Outcome, RuleTally, Status, Step, Track
from store.notice import NewNotice, NoticeKind
from store.repository.people import persons
from store.repository.record import evidence, records, timeline
from store.repository.telling import outbox
from store.tables import entity, finding, incident, tally
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records to list; None: it does not matter."""

    status: Status | None = None
    severity: Severity | None = None
    decision: Decision | None = None
    acknowledged: bool | None = None
    rule_id: str | None = None
    step: Step | None = None
    track: Track | None = None
    outcome: Outcome | None = None
    owner: str | None = None  #: person id
    text: str = ""  #: stands in the title or in what it is about, in whatever case


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Who wrote a rule, and on which terms, as it said when it found something; "" where it did not."""

    author: str = ""
    license: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """A record with what hangs on it, but for the long lists (evidence, timeline, deliveries)."""

    incident: Incident
    entities: tuple[Entity, ...]  #: in the order in which they were seen first
    tallies: tuple[RuleTally, ...]  #: what each rule contributed, the one that opened it first
    sources: tuple[str, ...]  #: whose lines made it
    owed: Mapping[str, Credit] = field(default_factory=dict)  #: by id of a rule that found something


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """Who has it."""

    first: bool  #: this call was the first acknowledgement
    by: str  #: person id of who acknowledged first
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much there is."""

    open: int  #: incidents, without observations
    unacknowledged: int  #: of the open ones
    observations: int  #: open ones


def list_of(
    connection: Connection, wanted: Filter | None = None, *, after: int | None = None, limit: int = 50
) -> list[Incident]:
    """Records, newest first.

    Args:
        after: Number of the last one of the page before.
    """
    statement = _narrowed(select(incident), wanted or Filter()).order_by(incident.c.number.desc()).limit(limit)
    if after is not None:
        statement = statement.where(incident.c.number < after)
    return [records.from_row(row) for row in connection.execute(statement)]


def count(connection: Connection, wanted: Filter) -> int:
    """How many records there are."""
    found: int = connection.execute(_narrowed(select(func.count()).select_from(incident), wanted)).scalar_one()
    return found


def entities_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Entity]]:
    """The entities of several records, by number."""
    rows = connection.execute(
        select(entity.c.incident, entity.c.kind, entity.c.value)
        .where(entity.c.incident.in_(numbers))
        .order_by(entity.c.first_seen, entity.c.kind, entity.c.value)
    )
    found: dict[int, list[Entity]] = {}
    for row in rows:
        found.setdefault(row.incident, []).append(Entity(kind=row.kind, value=row.value))
    return found


def _narrowed(statement: Select[Any], wanted: Filter) -> Select[Any]:
    """*statement* for the records that are *wanted* only."""
    for name in ("status", "severity", "decision", "rule_id", "step", "track", "outcome", "owner"):
        if (one := getattr(wanted, name)) is not None:
            statement = statement.where(incident.c[name] == one)
    if wanted.acknowledged is not None:
        statement = statement.where(incident.c.acknowledged_at.is_not(None) == wanted.acknowledged)
    if wanted.text:
        named = select(entity.c.incident).where(_holds(entity.c.value, wanted.text))
        statement = statement.where(or_(_holds(incident.c.title, wanted.text), incident.c.number.in_(named)))
    return statement


def _holds(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether *text* stands in it; the database sets both in small letters, as far as it knows letters."""
    escaped = "".join(f"/{one}" if one in "%_/" else one for one in clean(text))
    return func.lower(column).like(func.lower(f"%{escaped}%"), escape="/")


def get(connection: Connection, number: int) -> IncidentView:
    """One record.

    Raises:
        NotFound: There is none with that number.
    """
    record = records.load(connection, number)
    named = connection.execute(
        select(entity.c.kind, entity.c.value)
        .where(entity.c.incident == number)
        .order_by(entity.c.first_seen, entity.c.kind, entity.c.value)
    )
    columns = tuple(column for column in tally.c if column.name != "incident")
    counted = connection.execute(
        select(*columns)
        .where(tally.c.incident == number)
        .order_by(tally.c.rule_id != record.rule_id, tally.c.first_seen, tally.c.rule_id)
    )
    return IncidentView(
        incident=record,
        entities=tuple(Entity(kind=row.kind, value=row.value) for row in named),
        tallies=tuple(RuleTally(**row._mapping) for row in counted),
        sources=evidence.sources_of(connection, number),
        owed=_credits(connection, number),
    )


def _credits(connection: Connection, number: int) -> dict[str, Credit]:
    columns = (finding.c.rule_id, finding.c.author, finding.c.license)
    said = select(*columns).where(finding.c.incident == number).distinct().order_by(*columns)
    return {row.rule_id: Credit(author=row.author, license=row.license) for row in connection.execute(said)}


def counts(connection: Connection) -> Counts:
    """How many records are open, and how many of them wait for a person."""
    asks = incident.c.decision == Decision.INVESTIGATE
    row = connection.execute(
        select(
            func.count().filter(asks).label("open"),
            func.count().filter(asks, incident.c.acknowledged_at.is_(None)).label("unacknowledged"),
            func.count().filter(~asks).label("observations"),
        ).where(incident.c.status == Status.OPEN)
    ).one()
    return Counts(**row._mapping)


def acknowledge(tx: Tx, number: int, actor: Actor, *, via: str, note: str = "") -> Acknowledged:
    """Say "I have it": stops what is still to be sent about it, and tells those who were told. Moves no step.

    The first one counts; a second one is told who took it and when.

    Args:
        via: By what they acted: "token", "session", "link".

    Raises:
        NotFound: No such record, or no such person.
        ActNotAllowed: It is closed, or *actor* is no person with the role.
    """
    before = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    after = process.acknowledge(before, now=tx.now, by=actor, roles=roles)
    first = after is not before
    if first:
        records.change(tx, before, after)
        outbox.cancel_for_ack(tx, number, by=actor.id)
        outbox.write_notice(
            tx,
            NewNotice(
                incident=number,
                kind=NoticeKind.ACKNOWLEDGED,
                cycle=after.cycle,
                reason=f"taken by {actor.id}",
                severity=after.severity,
            ),
        )
    if first or note:
        kind = EntryKind.ACKNOWLEDGED if first else EntryKind.NOTE
        values = {"note": note} if note else {}
        timeline.append(tx, number, NewEntry(kind=kind, actor=actor, values=values, via=via))
    if after.acknowledged_at is None or after.acknowledged_by is None:
        raise AssertionError("process.acknowledge returned a record that nobody has")
    return Acknowledged(first=first, by=after.acknowledged_by, at=after.acknowledged_at)

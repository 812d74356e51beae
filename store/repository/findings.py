"""Take a finding into the records: `store.intake` decides, this module keeps."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    case,
    false,
    func,
    literal,
    or_,
    select,
    union,
)

from rules.event import Decision, Entity
from rules.finding import Evidence, Finding
from store import grouping, intake
from store.columns import UtcTime
from store.grouping import Candidate
from store.incident import Incident, NewEntry, RuleTally, Status
from store.intake import Known, Taken
from store.notice import NewNotice
from store.repository import evidence as evidence_lines
from store.repository import outbox, records, timeline
from store.tables import entity, finding, incident, tally
from store.tx import Tx
from store.upsert import insert

__all__ = ["Taken", "of", "take"]

#: A key that never stays closed long could have many closed records; the last ones are enough to decide.
_CANDIDATES = 100


def take(tx: Tx, found: Finding, partition: str = "") -> Taken:
    """Take a finding, or how it grew: record, evidence, timeline entry and notice in one transaction.

    Counts in findings are absolute, so that taking one twice changes nothing.
    """
    return intake.take(_Tables(tx, partition), found, tx.now)


def of(connection: Connection, number: int) -> list[str]:
    """Ids of the findings that belong to a record, oldest first."""
    rows = connection.execute(
        select(finding.c.id).where(finding.c.incident == number).order_by(finding.c.first_seen, finding.c.id)
    )
    return [row.id for row in rows]


class _Tables:
    """`intake.Records` in the database."""

    def __init__(self, tx: Tx, partition: str) -> None:
        self._tx = tx
        self._partition = partition

    def known(self, finding_id: str) -> Known | None:
        columns = (
            finding.c.incident.label("number"),
            finding.c.severity,
            finding.c.first_seen,
            finding.c.last_seen,
            finding.c.counted.label("events"),
            finding.c.merged_into,
        )
        row = self._tx.connection.execute(select(*columns).where(finding.c.id == finding_id)).first()
        return Known(**row._mapping) if row else None

    def remember(self, found: Finding, taken: Known, reason: str) -> None:
        changing = {
            "incident": taken.number,
            "severity": found.severity,
            "first_seen": taken.first_seen,
            "last_seen": taken.last_seen,
            "events": found.events,
            "counted": taken.events,
            "merged_into": taken.merged_into,
            "approximate": found.approximate,
        }
        self._tx.connection.execute(
            insert(self._tx.connection, finding)
            .values(
                id=found.id,
                partition=self._partition,
                rule_id=found.rule_id,
                rule_title=found.rule_title,
                rule_path=found.rule_path,
                rule_version=found.rule_version,
                author=found.author,
                license=found.license,
                decision=found.decision,
                dedup_key=found.dedup_key,
                group=found.group,
                history=found.history,
                taken_at=self._tx.now,
                reason=reason,
                **changing,
            )
            .on_conflict_do_update(index_elements=["id"], set_=changing)
        )

    def candidates(self, found: Finding, key: str) -> Sequence[Candidate]:
        connection = self._tx.connection
        keyed = {row.number for row in connection.execute(_keyed(found, key))}
        rows = connection.execute(
            select(incident)
            .where(or_(incident.c.number.in_(keyed), incident.c.number.in_(_related(found))))
            .order_by(incident.c.status.desc(), incident.c.number.desc())  # open before closed
            .limit(_CANDIDATES)
        ).all()
        near = [records.from_row(row) for row in rows]
        shared, with_host = self._entities_of([one.number for one in near], found)
        counted = self._rules_of([one.number for one in near], found)
        return [
            Candidate(
                incident=one,
                has_key=one.number in keyed,
                shared=frozenset(shared.get(one.number, ())),
                has_host=one.number in with_host,
                rule_ids=frozenset(counted.get(one.number, ())),
            )
            for one in near
        ]

    def opened_near(self, rule_id: str, moment: datetime) -> int:
        count: int = self._tx.connection.execute(
            select(func.count()).where(
                incident.c.rule_id == rule_id,
                incident.c.first_seen > moment - grouping.CAP_WINDOW,
                incident.c.first_seen < moment + grouping.CAP_WINDOW,
                incident.c.decision == Decision.INVESTIGATE,
                ~incident.c.campaign,
            )
        ).scalar_one()
        return count

    def next_number(self) -> int:
        # Not a sequence: a rolled-back group would leave gaps. One writer, so nobody else can take it.
        last: int | None = self._tx.connection.execute(select(func.max(incident.c.number))).scalar()
        return (last or 0) + 1

    def incident(self, number: int) -> Incident:
        return records.load(self._tx.connection, number)

    def add(self, record: Incident) -> None:
        records.add(self._tx, record)

    def change(self, before: Incident, after: Incident) -> None:
        records.change(self._tx, before, after)

    def count(self, number: int, found: Finding, *, findings: int, events: int) -> RuleTally:
        columns = tuple(column for column in tally.c if column.name != "incident")
        row = self._tx.connection.execute(
            insert(self._tx.connection, tally)
            .values(
                incident=number,
                rule_id=found.rule_id,
                rule_title=found.rule_title,
                findings=max(0, findings),  # SQLite checks what would be inserted even where it is not
                events=max(0, events),
                first_seen=found.first_seen,
                last_seen=found.last_seen,
            )
            .on_conflict_do_update(
                index_elements=["incident", "rule_id"],
                set_={
                    "findings": tally.c.findings + findings,
                    "events": tally.c.events + events,
                    "first_seen": _smaller(tally.c.first_seen, found.first_seen),
                    "last_seen": _larger(tally.c.last_seen, found.last_seen),
                },
            )
            .returning(*columns)
        ).one()
        return RuleTally(**row._mapping)

    def most_events(self, number: int) -> int:
        most: int = self._tx.connection.execute(
            select(func.max(tally.c.events)).where(tally.c.incident == number)
        ).scalar_one()
        return most

    def add_entities(self, number: int, entities: Sequence[Entity], first_seen: datetime) -> None:
        records.add_entities(self._tx, number, entities, first_seen)

    def add_evidence(self, number: int, rule_id: str, lines: Sequence[Evidence]) -> None:
        evidence_lines.add(self._tx, number, rule_id, lines)

    def write_entry(self, number: int, entry: NewEntry) -> None:
        timeline.append(self._tx, number, entry)

    def notify(self, notice: NewNotice) -> None:
        outbox.write_notice(self._tx, notice)

    def _entities_of(self, numbers: list[int], found: Finding) -> tuple[dict[int, list[Entity]], set[int]]:
        """Of records: the entities that the finding names too, and which of them name any host."""
        wanted = frozenset(found.entities)
        rows = self._tx.connection.execute(
            select(entity.c.incident, entity.c.kind, entity.c.value).where(
                entity.c.incident.in_(numbers), entity.c.value.in_([one.value for one in found.entities])
            )
        )
        shared: dict[int, list[Entity]] = {}
        for row in rows:
            if (one := Entity(kind=row.kind, value=row.value)) in wanted:
                shared.setdefault(row.incident, []).append(one)
        hosts = self._tx.connection.execute(
            select(entity.c.incident).where(entity.c.incident.in_(numbers), entity.c.kind == "host").distinct()
        )
        return shared, {row.incident for row in hosts}

    def _rules_of(self, numbers: list[int], found: Finding) -> dict[int, list[str]]:
        if not found.base_rule_ids:
            return {}
        rows = self._tx.connection.execute(
            select(tally.c.incident, tally.c.rule_id).where(
                tally.c.incident.in_(numbers), tally.c.rule_id.in_(found.base_rule_ids)
            )
        )
        rules: dict[int, list[str]] = {}
        for row in rows:
            rules.setdefault(row.incident, []).append(row.rule_id)
        return rules


def _keyed(found: Finding, key: str) -> CompoundSelect[int]:
    """Numbers of the records with the finding's key: their own, or that of a finding in them."""
    own = select(incident.c.number).where(incident.c.dedup_key == key)
    joined = select(finding.c.incident).where(
        finding.c.dedup_key == found.dedup_key,
        finding.c.incident.is_not(None),
        finding.c.decision == found.decision,
    )
    return union(own) if found.decision is Decision.OBSERVE else union(own, joined)


def _related(found: Finding) -> CompoundSelect[int]:
    """Numbers of the open incidents that share an entity with it, that it counts, or that is its rule's campaign."""
    if found.decision is Decision.OBSERVE:
        return union(select(incident.c.number).where(false()))
    in_use = (incident.c.status == Status.OPEN, incident.c.decision == Decision.INVESTIGATE)
    values = [one.value for one in found.entities]
    telling = [one.value for one in found.entities if one.kind in grouping.JOINING_KINDS]
    by_entity = (
        select(incident.c.number)
        .join(entity, entity.c.incident == incident.c.number)
        .where(*in_use, entity.c.value.in_(telling), entity.c.kind.in_(grouping.JOINING_KINDS))
    )
    by_rule = (
        select(incident.c.number)
        .join(tally, tally.c.incident == incident.c.number)
        .join(entity, entity.c.incident == incident.c.number)
        .where(*in_use, tally.c.rule_id.in_(found.base_rule_ids), entity.c.value.in_(values))
    )
    campaign = select(incident.c.number).where(*in_use, incident.c.dedup_key == grouping.campaign_key(found.rule_id))
    return union(by_entity, by_rule, campaign) if found.base_rule_ids else union(by_entity, campaign)


def _smaller(column: Column[datetime], moment: datetime) -> ColumnElement[datetime]:
    return case((column <= moment, column), else_=literal(moment, UtcTime()))


def _larger(column: Column[datetime], moment: datetime) -> ColumnElement[datetime]:
    return case((column >= moment, column), else_=literal(moment, UtcTime()))

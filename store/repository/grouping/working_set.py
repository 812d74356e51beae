"""The records that a transaction's findings touch: each read once, changed in memory, written once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from rules.event import Decision, Entity
from rules.finding import Evidence, Finding
from store import claims, intake
from store.claims import Claim
from store.grouping import Candidate
from store.incident import Incident, NewEntry, RuleTally, Status
from store.notice import NewNotice
from store.promise import protected
from store.records import Known
from store.repository.dossier import discrepancies, dossiers
from store.repository.grouping import candidates
from store.repository.intake import alerts
from store.repository.record import evidence, records, timeline
from store.repository.telling import outbox
from store.tables import claim, entity, finding, incident, tally
from store.tx import Tx
from store.upsert import upsert

_KNOWN = (
    finding.c.id,
    finding.c.incident.label("number"),
    finding.c.severity,
    finding.c.first_seen,
    finding.c.last_seen,
    finding.c.counted.label("events"),
    finding.c.merged_into,
    finding.c.success,
)
_TALLY = tuple(field.name for field in fields(RuleTally))
#: Of a finding's row what may change when it is told again.
_GROWS = (
    "incident",
    "severity",
    "first_seen",
    "last_seen",
    "events",
    "counted",
    "merged_into",
    "entities",
    "success",
    "approximate",
)


class WorkingSet:
    """`store.records.Records` in the database. Nothing is complete before `flush`, which is called once.

    A batch can tell of hundreds of findings that grow one record; statement by statement each would cost
    milliseconds.
    """

    def __init__(self, tx: Tx, partition: str, found: Sequence[Finding]) -> None:
        """Load what is known of *found*, all that will be taken, and of the records that they might belong to."""
        self._tx = tx
        self._partition = partition
        older = {one.merged_into for one in found if one.merged_into is not None}
        self._known = self._load_known({one.id for one in found} | older)
        self._stored: dict[int, Incident] = {}  #: as the database has them
        self._now: dict[int, Incident] = {}  #: as they are to be
        self._tallies: dict[int, dict[str, RuleTally]] = {}
        self._observations: dict[str, int] = {}  #: open ones by key
        self._findings: dict[str, dict[str, Any]] = {}
        self._changed_tallies: set[tuple[int, str]] = set()
        self._entities: dict[int, dict[Entity, datetime]] = {}
        self._lines: dict[tuple[int, str], list[Evidence]] = {}
        self._at_freeze: dict[int, int | None] = {}  #: events of those that wait to be approved
        self._last_number: int | None = None
        fresh = [
            intake.cleaned(one) for one in found if one.decision is Decision.INVESTIGATE and one.id not in self._known
        ]
        self._near = candidates.Nearby(
            tx.connection, fresh, {one.number for one in self._known.values() if one.number is not None}
        )
        for record in self._near.incidents.values():
            self._keep(record)

    def flush(self) -> None:
        """Write everything that has changed."""
        for number, after in self._now.items():
            if after is not self._stored[number]:
                records.change(self._tx, self._stored[number], after)
        upsert(self._tx.connection, finding, ["id"], list(self._findings.values()), update=_GROWS)
        changed = [
            {"incident": number} | {name: getattr(self._tallies[number][rule_id], name) for name in _TALLY}
            for number, rule_id in sorted(self._changed_tallies)
        ]
        counts = ("findings", "events", "first_seen", "last_seen")
        upsert(self._tx.connection, tally, ["incident", "rule_id"], changed, update=counts)
        records.add_entities(self._tx, self._entities)
        evidence.add(self._tx, self._lines)

    def known(self, finding_id: str) -> Known | None:
        """What was taken of it before."""
        return self._known.get(finding_id)

    def remember(self, found: Finding, taken: Known, reason: str) -> None:
        """Keep the finding as it is now."""
        self._known[found.id] = taken
        if taken.number is not None:
            self._near.joined(found, taken.number)
        self._findings[found.id] = {
            "id": found.id,
            "partition": self._partition,
            "rule_id": found.rule_id,
            "rule_title": found.rule_title,
            "rule_path": found.rule_path,
            "rule_version": found.rule_version,
            "author": found.author,
            "license": found.license,
            "decision": found.decision,
            "dedup_key": found.dedup_key,
            "group": found.group,
            "mode": found.mode,
            "history": found.history,
            "taken_at": self._tx.now,
            "reason": reason,
            "incident": taken.number,
            "severity": found.severity,
            "first_seen": taken.first_seen,
            "last_seen": taken.last_seen,
            "events": found.events,
            "counted": taken.events,
            "merged_into": taken.merged_into,
            "entities": protected(found.entities),
            "success": taken.success,
            "approximate": found.approximate,
        }

    def candidates(self, found: Finding, key: str) -> Sequence[Candidate]:
        """Records that it might belong to."""
        if found.decision is Decision.OBSERVE:
            return self._observation(key)
        return self._near.of(found, self._now)

    def opened_near(self, rule_id: str, moment: datetime) -> int:
        """How many incidents a rule opened whose first event is near *moment*."""
        return self._near.opened_near(rule_id, moment)

    def returns(self, key: str, since: datetime) -> int:
        """How often records with that key came back since then."""
        return candidates.returns(self._tx.connection, key, since)

    def next_number(self) -> int:
        """The number of the next record."""
        if self._last_number is None:
            # Not a sequence: a rolled-back group would leave gaps. One writer, so nobody else can take it.
            self._last_number = self._tx.connection.execute(select(func.max(incident.c.number))).scalar() or 0
        self._last_number += 1
        return self._last_number

    def incident(self, number: int) -> Incident:
        """The record as it stands."""
        if number not in self._now:
            self._keep(records.load(self._tx.connection, number))
        return self._now[number]

    def add(self, record: Incident) -> None:
        """Keep a new record."""
        records.add(self._tx, record)
        self._keep(record)
        self._tallies[record.number] = {}
        self._near.opened(record)
        if record.decision is Decision.OBSERVE:
            self._observations[record.dedup_key] = record.number

    def change(self, before: Incident, after: Incident) -> None:
        """Keep what changed of a record."""
        self._now[after.number] = after

    def count(self, number: int, found: Finding, *, findings: int, events: int) -> RuleTally:
        """Add to what the finding's rule contributed to the record."""
        tallies = self._tallies_of(number)
        old = tallies.get(found.rule_id) or RuleTally(
            rule_id=found.rule_id,
            rule_title=found.rule_title,
            findings=0,
            events=0,
            first_seen=found.first_seen,
            last_seen=found.last_seen,
        )
        tallies[found.rule_id] = old.with_more(found, findings=findings, events=events)
        self._changed_tallies.add((number, found.rule_id))
        self._near.counted(found.rule_id, number)
        return tallies[found.rule_id]

    def most_events(self, number: int) -> int:
        """The highest count of events among the record's rules."""
        return max(one.events for one in self._tallies_of(number).values())

    def add_entities(self, number: int, entities: Sequence[Entity], first_seen: datetime) -> None:
        """List entities that are not listed yet."""
        named = self._entities.setdefault(number, {})
        for one in entities:
            named.setdefault(one, first_seen)
        self._near.named(entities, number)

    def add_evidence(self, number: int, rule_id: str, lines: Sequence[Evidence]) -> None:
        """Keep lines that are not kept yet."""
        self._lines.setdefault((number, rule_id), []).extend(lines)

    def write_entry(self, number: int, entry: NewEntry) -> None:
        """Append to the record's timeline."""
        timeline.append(self._tx, number, entry)

    def naming(self, named: Entity) -> Sequence[int]:
        """Numbers of the open records that name it, those that this transaction has yet to write too."""
        rows = self._tx.connection.execute(
            select(incident.c.number)
            .join(entity, entity.c.incident == incident.c.number)
            .where(entity.c.kind == named.kind, entity.c.value == named.value, incident.c.status == Status.OPEN)
        )
        here = {number for number, listed in self._entities.items() if named in listed}
        return [number for number in sorted({*rows.scalars(), *here}) if self.incident(number).is_open]

    def alerts(self, number: int) -> Collection[str]:
        """The alerts that a record names."""
        rows = select(entity.c.value).where(entity.c.incident == number, entity.c.kind == claims.KIND)
        here = {one.value for one in self._entities.get(number, ()) if one.kind == claims.KIND}
        return here | set(self._tx.connection.execute(rows).scalars())

    def claims(self, number: int) -> Mapping[str, Claim]:
        """What senders said of a record's alerts last."""
        rows = self._tx.connection.execute(select(claim).where(claim.c.incident == number))
        return {
            row.alert: Claim(over_at=row.over_at, times=row.times, how=row.how, changes=row.changes) for row in rows
        }

    def claim(self, number: int, alert: str, said: Claim) -> None:
        """Keep what the sender of an alert says."""
        changing = {"over_at": said.over_at, "times": said.times, "how": said.how, "changes": said.changes}
        changing["calm_at"] = said.calm_at
        row = {"incident": number, "alert": alert} | changing
        upsert(self._tx.connection, claim, ["incident", "alert"], [row], update=tuple(changing))

    def is_over(self, alert: str) -> bool:
        """Whether all who spoke of an alert say by now that it is over."""
        return alerts.is_over(self._tx.connection, alert)

    def fires_since(self, alert: str) -> datetime | None:
        """Since when an alert fires without an end."""
        return alerts.fires_since(self._tx.connection, alert)

    def notify(self, notice: NewNotice) -> None:
        """Someone should hear of it."""
        if notice.kind.takes_back:
            outbox.cancel_asks(self._tx, notice.incident, notice.reason)
        outbox.write_notice(self._tx, notice)

    def events_at_freeze(self, number: int) -> int | None:
        """How many events the record had when what is to be approved was frozen."""
        if number not in self._at_freeze:
            frozen = dossiers.newest(self._tx.connection, self._now[number])
            self._at_freeze[number] = frozen.events if frozen else None
        return self._at_freeze[number]

    def raise_discrepancy(self, number: int, cause: str, what: str) -> bool:
        """Hinder the approval by what changes the picture."""
        return discrepancies.break_through(self._tx, number, cause, what)

    def _observation(self, key: str) -> Sequence[Candidate]:
        if key not in self._observations:
            for one in candidates.of_observation(self._tx.connection, key):
                self._keep(one.incident)
                self._observations[key] = one.incident.number
        if key not in self._observations:
            return ()
        record = self._now[self._observations[key]]
        nothing: frozenset[Any] = frozenset()
        return (Candidate(incident=record, has_key=True, shared=nothing, has_host=False, rule_ids=nothing),)

    def _keep(self, record: Incident) -> None:
        """Know a record as the database has it. One that is known already may have changed since: it stays."""
        if record.number not in self._now:
            self._stored[record.number] = self._now[record.number] = record

    def _tallies_of(self, number: int) -> dict[str, RuleTally]:
        if number not in self._tallies:
            columns = [tally.c[name] for name in _TALLY]
            rows = self._tx.connection.execute(select(*columns).where(tally.c.incident == number))
            self._tallies[number] = {row.rule_id: RuleTally(**row._mapping) for row in rows}
        return self._tallies[number]

    def _load_known(self, finding_ids: Collection[str]) -> dict[str, Known]:
        rows = self._tx.connection.execute(select(*_KNOWN).where(finding.c.id.in_(finding_ids)))
        return {row.id: Known(**{name: value for name, value in row._mapping.items() if name != "id"}) for row in rows}

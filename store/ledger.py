"""The records of a replay, in memory. It runs the same `store.intake.take` as the daemon, so the two cannot differ."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rules.event import Decision, Entity, Severity
from rules.finding import Evidence, Finding, SeverityTerm
from store import claims, grouping, intake
from store.claims import Claim
from store.evidence import first_and_last, in_order
from store.grouping import Candidate
from store.incident import Incident, NewEntry, RuleTally
from store.notice import NewNotice
from store.records import MAX_ENTITIES, Known, Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What would have been opened: an incident, an observation, or a finding that is only recorded."""

    decision: Decision
    title: str
    rule_id: str
    rule_title: str
    rule_path: str
    rule_version: str
    tags: tuple[str, ...]
    severity: Severity
    severity_terms: tuple[SeverityTerm, ...]
    group: tuple[tuple[str, str], ...]
    entities: tuple[Entity, ...]
    first_seen: datetime
    last_seen: datetime
    events: int
    evidence: tuple[Evidence, ...]
    rules: tuple[RuleTally, ...] = ()  #: what each rule contributed; empty for what is only recorded
    incident: Incident | None = None  #: None: only recorded


class Ledger:
    """Takes findings and knows what records they make."""

    def __init__(self) -> None:
        self._records = _Memory()
        self._order: dict[int | str, Finding | None] = {}  #: record number, or id of a finding that is only recorded
        self._recorded_evidence: dict[str, tuple[Evidence, ...]] = defaultdict(tuple)

    def take(self, finding: Finding) -> Taken:
        """Take a finding, or how it grew. The clock is the finding's own last event."""
        taken = intake.take(self._records, finding, finding.last_seen)
        if taken.incident is not None:
            self._order.setdefault(taken.incident, None)
        else:
            kept = self._recorded_evidence[finding.id]
            self._recorded_evidence[finding.id] = first_and_last((*kept, *finding.evidence))
            self._order[finding.id] = finding
        return taken

    def records(self) -> tuple[Record, ...]:
        """What would have been opened, in order of opening."""
        found = (
            self._of_incident(key) if isinstance(key, int) else self._of_finding(finding)
            for key, finding in self._order.items()
        )
        return tuple(record for record in found if record is not None)

    @property
    def notices(self) -> tuple[NewNotice, ...]:
        """Whom it would have told of what."""
        return tuple(self._records.notices)

    def _of_incident(self, number: int) -> Record:
        kept = self._records.kept[number]
        incident = kept.incident
        return Record(
            decision=incident.decision,
            title=incident.title,
            rule_id=incident.rule_id,
            rule_title=incident.rule_title,
            rule_path=incident.rule_path,
            rule_version=incident.rule_version,
            tags=incident.tags,
            severity=incident.severity,
            severity_terms=incident.severity_terms,
            group=incident.group,
            entities=tuple(kept.entities),
            first_seen=incident.first_seen,
            last_seen=incident.last_seen,
            events=incident.events,
            evidence=in_order(line for lines in kept.evidence.values() for line in lines),
            rules=tuple(kept.tallies.values()),
            incident=incident,
        )

    def _of_finding(self, finding: Finding | None) -> Record | None:
        if finding is None or finding.merged_into is not None:
            return None
        return Record(
            decision=finding.decision,
            title=finding.rule_title,
            rule_id=finding.rule_id,
            rule_title=finding.rule_title,
            rule_path=finding.rule_path,
            rule_version=finding.rule_version,
            tags=finding.tags,
            severity=finding.severity,
            severity_terms=finding.severity_terms,
            group=finding.group,
            entities=finding.entities,
            first_seen=finding.first_seen,
            last_seen=finding.last_seen,
            events=finding.events,
            evidence=self._recorded_evidence[finding.id],
        )


@dataclass(slots=True)
class _Kept:
    """One record with everything that hangs on it."""

    incident: Incident
    entities: dict[Entity, None] = field(default_factory=dict)
    tallies: dict[str, RuleTally] = field(default_factory=dict)
    evidence: dict[str, tuple[Evidence, ...]] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)  #: of the findings in it


class _Memory:
    """`store.records.Records` in dictionaries. Nothing is ever closed here, so only open records are looked for."""

    def __init__(self) -> None:
        self.kept: dict[int, _Kept] = {}
        self.notices: list[NewNotice] = []
        self._findings: dict[str, Known] = {}
        self._by_key: dict[str, set[int]] = defaultdict(set)
        self._by_entity: dict[Entity, set[int]] = defaultdict(set)
        self._by_rule: dict[str, set[int]] = defaultdict(set)
        self._opened: dict[str, list[datetime]] = defaultdict(list)

    def known(self, finding_id: str) -> Known | None:
        return self._findings.get(finding_id)

    def remember(self, finding: Finding, taken: Known, reason: str) -> None:
        self._findings[finding.id] = taken
        if taken.number is not None and finding.decision is Decision.INVESTIGATE:
            self._by_key[finding.dedup_key].add(taken.number)

    def candidates(self, finding: Finding, key: str) -> Sequence[Candidate]:
        same = self._by_key[key]
        numbers = same | self._by_key[grouping.campaign_key(finding.rule_id)]
        for entity in finding.entities:
            if entity.kind in grouping.JOINING_KINDS:
                numbers = numbers | self._by_entity[entity]
        for rule_id in finding.base_rule_ids:
            numbers = numbers | self._by_rule[rule_id]
        return [self._candidate(finding, number, number in same) for number in sorted(numbers)]

    def opened_near(self, rule_id: str, moment: datetime) -> int:
        return sum(grouping.is_near(one, moment) for one in self._opened[rule_id])

    def returns(self, key: str, since: datetime) -> int:
        """Nothing is closed in a replay, so nothing comes back."""
        return 0

    def next_number(self) -> int:
        return len(self.kept) + 1

    def incident(self, number: int) -> Incident:
        return self.kept[number].incident

    def add(self, incident: Incident) -> None:
        self.kept[incident.number] = _Kept(incident)
        self._by_key[incident.dedup_key].add(incident.number)
        if incident.decision is Decision.INVESTIGATE and not incident.campaign:
            self._opened[incident.rule_id].append(incident.first_seen)

    def change(self, before: Incident, after: Incident) -> None:
        self.kept[after.number].incident = after

    def count(self, number: int, finding: Finding, *, findings: int, events: int) -> RuleTally:
        tallies = self.kept[number].tallies
        empty = RuleTally(
            rule_id=finding.rule_id,
            rule_title=finding.rule_title,
            findings=0,
            events=0,
            first_seen=finding.first_seen,
            last_seen=finding.last_seen,
        )
        old = tallies.get(finding.rule_id, empty)
        tallies[finding.rule_id] = old.with_more(finding, findings=findings, events=events)
        self._by_rule[finding.rule_id].add(number)
        return tallies[finding.rule_id]

    def most_events(self, number: int) -> int:
        return max(tally.events for tally in self.kept[number].tallies.values())

    def add_entities(self, number: int, entities: Sequence[Entity], first_seen: datetime) -> None:
        kept = self.kept[number]
        for entity in entities:
            if len(kept.entities) < MAX_ENTITIES and entity not in kept.entities:
                kept.entities[entity] = None
                self._by_entity[entity].add(number)

    def add_evidence(self, number: int, rule_id: str, lines: Sequence[Evidence]) -> None:
        evidence = self.kept[number].evidence
        evidence[rule_id] = first_and_last((*evidence.get(rule_id, ()), *lines))

    def write_entry(self, number: int, entry: NewEntry) -> None:
        """A replay tells no timeline."""

    def notify(self, notice: NewNotice) -> None:
        self.notices.append(notice)

    def naming(self, entity: Entity) -> Sequence[int]:
        return sorted(self._by_entity[entity])

    def alerts(self, number: int) -> Collection[str]:
        return {entity.value for entity in self.kept[number].entities if entity.kind == claims.KIND}

    def claims(self, number: int) -> Mapping[str, Claim]:
        return self.kept[number].claims

    def claim(self, number: int, alert: str, claim: Claim) -> None:
        self.kept[number].claims[alert] = claim

    def is_over(self, alert: str) -> bool:
        """A replay knows no more than the lines that it read."""
        return False

    def fires_since(self, alert: str) -> datetime | None:
        """Nothing is closed in a replay."""
        return None

    def events_at_freeze(self, number: int) -> int | None:
        """Nothing is approved in a replay."""
        return None

    def raise_discrepancy(self, number: int, cause: str, what: str) -> bool:
        """Nothing is approved in a replay."""
        return False

    def _candidate(self, finding: Finding, number: int, has_key: bool) -> Candidate:
        kept = self.kept[number]
        return Candidate(
            incident=kept.incident,
            has_key=has_key,
            shared=frozenset(entity for entity in finding.entities if entity in kept.entities),
            has_host=any(entity.kind == "host" for entity in kept.entities),
            rule_ids=frozenset(rule for rule in finding.base_rule_ids if rule in kept.tallies),
        )

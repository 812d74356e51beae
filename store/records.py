"""What taking a finding needs from wherever records are kept: tables in the daemon, dictionaries in a replay."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rules.event import Entity, Severity
from rules.finding import Evidence, Finding
from store.claims import Claim
from store.grouping import Candidate
from store.incident import Incident, NewEntry, RuleTally
from store.notice import NewNotice

#: More entities than this are counted in the findings, but no longer listed.
MAX_ENTITIES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was taken of a finding before."""

    number: int | None  #: the record it belongs to
    severity: Severity
    first_seen: datetime
    last_seen: datetime
    events: int  #: as counted in the record's tally; 0 once joined to an older episode
    merged_into: str | None
    success: bool = False  #: a line of it, or its rule, said that what was tried has succeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a finding changed."""

    incident: int | None  #: number of its record, None if it opens none
    opened: bool = False  #: a record was opened or reopened
    incident_raised: bool = False  #: its severity rose
    notified: bool = False  #: someone is to be told


class Records(Protocol):
    """What `take` needs from wherever records are kept."""

    def known(self, finding_id: str) -> Known | None:
        """What was taken of it, or of the older episode that it was joined to, before."""

    def remember(self, finding: Finding, taken: Known, reason: str) -> None:
        """Keep the finding as it is now."""

    def candidates(self, finding: Finding, key: str) -> Sequence[Candidate]:
        """Records that it might belong to, see `grouping.decide`."""

    def opened_near(self, rule_id: str, moment: datetime) -> int:
        """How many incidents a rule opened whose first event is near *moment*."""

    def returns(self, key: str, since: datetime) -> int:
        """How often records with that key came back since then: reopened by a match, or opened as a recurrence."""

    def next_number(self) -> int:
        """The number of the next record."""

    def incident(self, number: int) -> Incident:
        """The record as it stands."""

    def add(self, incident: Incident) -> None:
        """Keep a new record."""

    def change(self, before: Incident, after: Incident) -> None:
        """Keep what changed of a record."""

    def count(self, number: int, finding: Finding, *, findings: int, events: int) -> RuleTally:
        """Add to what the finding's rule contributed to the record (an episode joined to another is taken off)."""

    def most_events(self, number: int) -> int:
        """The highest count of events among the record's rules."""

    def add_entities(self, number: int, entities: Sequence[Entity], first_seen: datetime) -> None:
        """List entities that are not listed yet, up to `MAX_ENTITIES`."""

    def add_evidence(self, number: int, rule_id: str, lines: Sequence[Evidence]) -> None:
        """Keep lines that are not kept yet, of the rule's the first and the last in order of time."""

    def write_entry(self, number: int, entry: NewEntry) -> None:
        """Append to the record's timeline."""

    def notify(self, notice: NewNotice) -> None:
        """Someone should hear of it."""

    def naming(self, entity: Entity) -> Sequence[int]:
        """Numbers of the open records that name *entity*."""

    def alerts(self, number: int) -> Collection[str]:
        """The alerts that a record names."""

    def claims(self, number: int) -> Mapping[str, Claim]:
        """What senders said of a record's alerts last."""

    def claim(self, number: int, alert: str, claim: Claim) -> None:
        """Keep what the sender of an alert says."""

    def is_over(self, alert: str) -> bool:
        """Whether all who spoke of an alert say by now that it is over."""

    def fires_since(self, alert: str) -> datetime | None:
        """Since when an alert fires without an end; None: it does not, or nobody knows."""

    def events_at_freeze(self, number: int) -> int | None:
        """How many events the record had when what is to be approved was frozen; None: nothing was."""

    def raise_discrepancy(self, number: int, cause: str, what: str) -> bool:
        """Hinder the approval by what changes the picture; False, and nothing, if that *cause* hinders it already."""

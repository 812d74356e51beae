"""Finding: a rule matched. What crosses the border from the engine to the store."""

from dataclasses import dataclass
from datetime import datetime

from rules.event import Decision, Entity, Mode, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One line that made a finding, with where to find it again."""

    source: str
    origin: str
    line: int  #: number in its stream, from 1
    offset: int  #: byte offset in its stream
    time: datetime
    text: str  #: as read; at most 4,096 characters
    sha256: str  #: of the line's original bytes, hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityTerm:
    """One reason for a severity, stored so that the record can say why."""

    term: str  #: "rule", "critical_asset", "lab_asset", "success", "second_entity", "pin", ...
    value: int  #: for the term "rule" the rank of the level; for others the shift, -1, 0 or +1
    because: str  #: one sentence for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule matched in one group, from the first to the last line of one episode.

    An episode is the union of all overlapping windows that fulfil the rule's condition. It opens as soon as the
    condition is met (eager) and grows while more lines belong to it; every growth is told again under the same
    ``id`` with absolute counts, so that taking one twice changes nothing.
    """

    id: str  #: hash of rule id, group values and the position of the line that opened it; 32 hex digits
    rule_id: str
    rule_title: str
    rule_path: str
    rule_version: str  #: hash of the rule's text, 16 hex digits
    author: str
    license: str
    tags: tuple[str, ...]
    decision: Decision
    severity: Severity
    severity_terms: tuple[SeverityTerm, ...]
    group: tuple[tuple[str, str], ...]  #: (field, value), in the order of the rule's group-by
    dedup_key: str  #: same problem, same key: rule id and group values, never the version
    entities: tuple[Entity, ...]
    base_rule_ids: tuple[str, ...]  #: for a correlation, the rules whose events it counts
    first_seen: datetime  #: event time of the earliest line of the episode
    last_seen: datetime
    events: int  #: how many observations the episode holds so far
    evidence: tuple[
        Evidence, ...
    ]  #: at opening: the lines that opened it (first 20, last 20); later: new ones only, at most 20 per batch
    window_seconds: float  #: for how long after last_seen a further match is still the same attack
    opened: bool  #: True in the one Outcome in which the episode opens
    merged_into: str | None = None  #: a late line joined this episode to an older one: that one's id
    history: bool = False  #: found while looking back: recorded, arms nothing
    claims: str = ""  #: "resolved": somebody says that what its entities name is over; "expired": it is not reported
    approximate: bool = False  #: the counter was capped; counts are a lower bound
    mode: Mode = Mode.ON  #: of its rule
    would_ask: bool = False  #: people would be asked about it, were its rule not in a mode that asks nobody

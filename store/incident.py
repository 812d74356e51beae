"""The record that goes through the seven steps, and what happened to it. No persistence here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from rules.event import Decision, Severity
from rules.finding import Finding, SeverityTerm


class Step(StrEnum):
    """Where an incident stands. Values are stored and sent over the API: never rename one."""

    IDENTIFICATION = "identification"  #: a rule or a person says something is wrong
    NOTIFICATION = "notification"  #: the people responsible are being told
    REPORTING = "reporting"  #: what happened is being written down
    INVESTIGATION = "investigation"  #: why it happened is being found out
    CORRECTIVE_ACTIONS = "corrective_actions"  #: what will keep it from happening again is being decided
    APPROVAL = "approval"  #: the whole dossier is frozen and waits for its signatures
    FOLLOW_UP = "follow_up"  #: the actions are verified and the rule watches for recurrence


class Stage(StrEnum):
    """A part of a step. Stored: never rename one."""

    NONE = "none"
    IN_REVIEW = "in_review"  #: the report waits for its reviewer; only in reporting


class Status(StrEnum):
    """Whether anything is still to be done. Stored: never rename one."""

    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How it ended. Stored: never rename one."""

    NONE = "none"  #: it is open
    RESOLVED = "resolved"  #: it went through all seven steps
    DISMISSED = "dismissed"  #: it was nothing to act on, for a stated reason
    MERGED = "merged"  #: another incident carries it on


class Track(StrEnum):
    """How many persons must act. Stored: never rename one."""

    LIGHT = "light"
    STANDARD = "standard"
    FULL = "full"

    @property
    def rank(self) -> int:
        """0 for light to 2 for full."""
        return list(Track).index(self)


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0: to whom it may be shown. Stored: never rename one."""

    RED = "TLP:RED"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    AMBER = "TLP:AMBER"
    GREEN = "TLP:GREEN"
    CLEAR = "TLP:CLEAR"

    def is_within(self, highest: "Tlp") -> bool:
        """Whether who may see up to *highest* may see what bears this label."""
        order = list(Tlp)
        return order.index(self) >= order.index(highest)


class SourceKind(StrEnum):
    """Where a record came from. Stored: never rename one."""

    LOG = "log"  #: a rule matched lines that we read
    ALERT = "alert"  #: another monitoring system told us
    FEEDBACK = "feedback"  #: an end user reported it
    PERSON = "person"  #: one of us opened it by hand


class DismissReason(StrEnum):
    """Why a record was nothing to act on. Stored: never rename one."""

    FALSE_POSITIVE = "false_positive"  #: the rule was wrong; the only one that counts as noise
    EXPECTED_ACTIVITY = "expected_activity"
    TEST_OR_DRILL = "test_or_drill"
    DUPLICATE = "duplicate"
    ACCEPTED_RISK = "accepted_risk"
    INSUFFICIENT_INFORMATION = "insufficient_information"
    OBSERVED_NOTHING = "observed_nothing"  #: an observation ended; never chosen by a person


class ActorKind(StrEnum):
    """Who did something. Stored: never rename one."""

    PERSON = "person"
    RULE = "rule"
    DAEMON = "daemon"
    OS = "os"  #: a local account over the socket; may administer users and tokens, never decide
    CONTACT = "contact"  #: somebody outside, by a signed link; may only answer what they are asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did something: a person, a rule, the daemon itself, or a local account."""

    kind: ActorKind
    id: str  #: person id, rule id, "tocsin", or the account's number


DAEMON = Actor(kind=ActorKind.DAEMON, id="tocsin")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTally:
    """What one rule contributed to a record. Episodes that were joined to an older one are not counted."""

    rule_id: str
    rule_title: str
    findings: int
    events: int  #: observations of that rule
    first_seen: datetime
    last_seen: datetime

    def with_more(self, finding: Finding, *, findings: int, events: int) -> "RuleTally":
        """The tally after *finding* added this many episodes and events (or took them away)."""
        return replace(
            self,
            findings=self.findings + findings,
            events=self.events + events,
            first_seen=min(self.first_seen, finding.first_seen),
            last_seen=max(self.last_seen, finding.last_seen),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """A severity that fell, or a track that is to fall, until a second person agrees."""

    by: str  #: person id
    lapses_at: datetime  #: if nobody agrees by then, the severity rises again and the track stays
    severity_from: Severity | None = None  #: what it was; None: it did not fall
    terms_from: tuple[SeverityTerm, ...] = ()
    track_from: Track | None = None  #: what it is; None: it is not to fall
    track_to: Track | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A record as it stands now. Every change makes a new one; all datetimes are aware UTC.

    ``decision`` is investigate (an incident) or observe (a rolling record that asks nobody for anything).
    """

    number: int  #: from 1, without gaps; shown as INC-n
    decision: Decision
    dedup_key: str  #: same problem, same key: at most one open record bears it
    title: str
    rule_id: str  #: the rule that opened it
    rule_title: str
    rule_path: str
    rule_version: str
    tags: tuple[str, ...]
    group: tuple[tuple[str, str], ...]  #: of the finding that opened it
    severity: Severity
    severity_highest: Severity  #: highest ever; decides who must countersign
    severity_terms: tuple[SeverityTerm, ...]  #: why this severity
    track: Track
    first_seen: datetime  #: event time of the first line ("occurred")
    last_seen: datetime  #: event time of the last line so far
    window_seconds: float  #: for how long after last_seen another match is the same attack
    detected_at: datetime  #: when the rule fired
    opened_at: datetime
    step_entered_at: datetime
    rolled_up_at: datetime  #: when the timeline last told how far it has grown
    events: int = 0  #: observations of the rule that counted most; two rules may count one line
    campaign: bool = False  #: it stands for many: its rule opened too many incidents within an hour
    history: bool = False  #: only found while looking back; arms nothing until a live finding joins
    advised: bool = False  #: an observation that would have paged, were its rule not in the mode "advise"
    recurrence_of: int | None = None  #: number of the closed record with the same key
    source_kind: SourceKind = SourceKind.LOG
    drill: bool = False  #: an exercise: left out of all statistics
    merged_into: int | None = None  #: number of the record that carries it on, while merged
    tlp: Tlp = Tlp.AMBER
    restricted: bool = False  #: only those who take part in it see it, as with TLP:RED
    cycle: int = 1  #: goes up with each reopening
    step: Step = Step.IDENTIFICATION
    stage: Stage = Stage.NONE
    status: Status = Status.OPEN
    outcome: Outcome = Outcome.NONE
    owner: str | None = None  #: person id; exactly one from the first acknowledge on
    aware_at: datetime | None = None  #: first act by a person; regulatory clocks start here
    classified_at: datetime | None = None  #: first person who set or confirmed the severity
    notified_at: datetime | None = None  #: first accepted delivery
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None  #: person id
    acknowledged_events: int | None = None  #: how many there were then
    broke_through: bool = False  #: told once since the acknowledgement that the picture changed
    contained_at: datetime | None = None
    resolved_at: datetime | None = None
    approved_at: datetime | None = None
    approval_void: str | None = None  #: why the approval does not hold any more; None: it holds, or there is none
    closed_at: datetime | None = None
    watched_from: datetime | None = None  #: closed: a match since then breaks what was promised; None: since closing
    watched_until: datetime | None = None  #: closed: until then a match reopens it; None: as long as is usual
    quiet_until: datetime | None = None  #: its dismissal is proposed: nobody is asked for anything before
    observe_until: datetime | None = None  #: a person decided to observe it until then
    observe_events: int | None = None  #: of an observation: with so many events it becomes an incident before that
    occurred_at: datetime | None = None  #: when it began, as a person corrected it; None: with its first line
    lowering: Lowering | None = None  #: a lower severity or track that waits for a second person
    version: int = 1  #: ETag of what people write; what the machine attaches does not raise it

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self.status is Status.OPEN

    @property
    def began_at(self) -> datetime:
        """When it began, as far as is known."""
        return self.occurred_at or self.first_seen

    @property
    def headline(self) -> str:
        """Its title; before it the name of the alert that another system handed in, which says what is the matter."""
        alert = dict(self.group).get("alert.name", "")
        return f"{alert}: {self.title}" if alert else self.title

    @property
    def name(self) -> str:
        """What people call it, e.g. INC-42."""
        return f"INC-{self.number}"


class EntryKind(StrEnum):
    """What a timeline entry tells. Stored: never rename one."""

    OPENED = "opened"
    JOINED = "joined"  #: a finding of another rule, or about another group, joined
    RAISED = "raised"  #: severity rose by itself
    GREW = "grew"  #: roll-up of what the machine attached, at most one per 10 minutes
    MOVED = "moved"  #: a step, stage or status was entered
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    EXTENDED = "extended"  #: the person who has it said so again
    UNDONE = "undone"  #: who pressed a button took that back within a minute
    NOTE = "note"
    CONTAINED = "contained"
    RESOLVED = "resolved"  #: a person says that it is over; moves no step
    OWNED = "owned"  #: somebody took it over
    HANDED_OVER = "handed_over"
    CONCERN = "concern"
    ANSWER = "answer"
    DECIDED = "decided"  #: a person decided what it is worth
    PROPOSED = "proposed"  #: a dismissal waits for a second person
    SETTLED = "settled"  #: the second person agreed or declined
    LAPSED = "lapsed"  #: nobody settled it in time, or who had it was not heard of: paging goes on
    MERGED = "merged"  #: another record was merged into this one, or taken out again
    FORM_SAVED = "form_saved"  #: a new version of a form
    REVIEWED = "reviewed"  #: the report was accepted or returned
    REQUESTED = "requested"  #: somebody was asked for information
    REPLIED = "replied"  #: a request for information was answered or withdrawn
    ACTION = "action"  #: an action was written down, changed, done, verified or dropped
    FROZEN = "frozen"  #: the dossier that is to be approved
    DISCREPANCY = "discrepancy"  #: one was raised, answered or closed
    SIGNED = "signed"  #: an approval, or a signature anew over what changed
    VOIDED = "voided"  #: what was approved has changed
    WATCHING = "watching"  #: a watch began, went on longer, or ended
    VERDICT = "verdict"  #: whether an action was effective
    RISK_ACCEPTED = "risk_accepted"
    IMPROVEMENT = "improvement"  #: an improvement item was written down, moved or done
    CLASSIFIED = "classified"  #: a person set or confirmed the severity or the track
    SPLIT = "split"  #: a part of it became a record of its own
    EVIDENCE = "evidence"  #: a person added evidence
    CORRECTED = "corrected"  #: a person corrected an instant; both are shown
    ESCALATED = "escalated"  #: nobody has it: the next ones were asked
    REMINDED = "reminded"  #: somebody was reminded, or told that the time is over
    TIMER = "timer"  #: what was decided about a regulatory timer
    REDACTED = "redacted"
    HELD = "held"  #: a legal hold was placed or released
    DISPOSED = "disposed"  #: disposal was proposed, declined, or done
    EXCEPTED = "excepted"  #: an exception was proposed, agreed upon, declined or withdrawn, or it lapsed
    SILENCED = "silenced"  #: a silence was made, agreed upon, made longer or ended
    # Of the installation itself (record 0):
    CONFIGURED = "configured"  #: another configuration is in force
    RULES_LOADED = "rules_loaded"  #: other rules are in force
    ROLES_CHANGED = "roles_changed"  #: a person was added or lost access, or has other roles
    TOKEN_MADE = "token_made"  # noqa: S105 (no secret)
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 (no secret)
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (no secret)
    KEY_CHANGED = "key_changed"  #: seals are signed with another key
    EMERGENCY = "emergency"  #: the store could not be used, and somebody was told past it
    WAIVED = "waived"  #: a rule that binds two persons was waived for a record


#: What a timeline entry can state for ever.
Fact = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """Something to be written into a timeline.

    ``facts`` stay for ever; ``values`` are what may have to be redacted one day (names, addresses, free text).
    """

    kind: EntryKind
    actor: Actor
    facts: Mapping[str, Fact] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    via: str = ""  #: by which token or link a person acted, "" for rules and the daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """An entry as it stands in the timeline: who did what, when."""

    incident: int
    seq: int  #: from 1, without gaps
    at: datetime
    kind: EntryKind
    actor: Actor
    via: str
    facts: Mapping[str, Fact]
    values: Mapping[str, str | None]  #: None: redacted
    hash: str  #: SHA-256 of this entry's canonical bytes, hexadecimal

"""What waits for somebody: whose turn it is, which reminder is due, and whether it still waits. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from rules.event import Decision
from store.deadlines import DUTIES, Deadline, Duty
from store.incident import Incident, Outcome, Stage, Status, Step
from store.notice import NewNotice, NoticeKind
from store.process import (
    APPROVAL,
    CORRECTIVE_ACTIONS,
    FOLLOW_UP,
    IN_REVIEW,
    INVESTIGATION,
    NOTIFICATION,
    REPORTING,
    Standing,
)


class MatterKind(StrEnum):
    """What kind of thing waits for somebody. Stored: never rename one."""

    DUTY = "duty"  #: what the step is for
    TIMER = "timer"  #: what somebody outside wants in time, e.g. a law
    ACTION = "action"  #: an action, which has a date of its own
    IMPROVEMENT = "improvement"  #: an improvement item, likewise
    REQUEST = "request"  #: a request for information, likewise
    VERIFICATION = "verification"  #: an action that was recorded done, to be verified


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing of an incident that waits for somebody; as text ``duty:report_review``, ``action:3``."""

    kind: MatterKind
    name: str  #: a `Duty`, the timer's name, or what the other one is called, e.g. "3"

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Matter":
        """The matter that *text* stands for.

        Raises:
            ValueError: It stands for none.
        """
        kind, _, name = text.partition(":")
        return cls(MatterKind(kind), name)

    @classmethod
    def of(cls, duty: Duty) -> "Matter":
        """A duty."""
        return cls(MatterKind.DUTY, duty.value)

    @property
    def duty(self) -> Duty | None:
        """Which duty it is; None if it is none."""
        return Duty(self.name) if self.kind is MatterKind.DUTY else None

    @property
    def title(self) -> str:
        """What it is called: ``report_review``, the timer's name, or ``action 3``."""
        return self.name if self.kind in (MatterKind.DUTY, MatterKind.TIMER) else f"{self.kind} {self.name}"

    @property
    def task(self) -> str:
        """What is to be done, as in "the time to …"."""
        if self.duty is not None:
            return _TASKS[self.duty]
        return _OTHER_TASKS[self.kind].format(name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock that runs for a matter."""

    matter: Matter
    deadline: Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Something with a date of its own that somebody has to see to."""

    matter: Matter
    since: datetime
    due_at: datetime | None  #: None: no date was named
    owner: str  #: person id; "" for nobody
    deputy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A reminder that people have had, as the timeline keeps it."""

    percent: int
    start_at: datetime
    until: datetime  #: when the time was to be over, as things stood then
    at: datetime  #: when they had it
    asked: tuple[str, ...]  #: person ids


_TASKS: Mapping[Duty, str] = MappingProxyType(
    {
        Duty.ACKNOWLEDGE: "acknowledge it",
        Duty.REPORT: "write the report",
        Duty.REPORT_REVIEW: "review the report",
        Duty.INVESTIGATION: "investigate",
        Duty.CORRECTIVE_ACTIONS: "decide on corrective actions",
        Duty.APPROVAL: "approve the dossier or return it",
        Duty.FOLLOW_UP: "follow it up",
    }
)

_OTHER_TASKS: Mapping[MatterKind, str] = MappingProxyType(
    {
        MatterKind.TIMER: 'meet the term "{name}"',
        MatterKind.ACTION: "do action {name}",
        MatterKind.IMPROVEMENT: "see to improvement {name}",
        MatterKind.REQUEST: "answer request {name}",
        MatterKind.VERIFICATION: "verify action {name}",
    }
)

#: Why it is somebody's turn, by where it went; approval can be left in several ways.
_TURNS: Mapping[tuple[Standing, Standing], str] = MappingProxyType(
    {
        (NOTIFICATION, REPORTING): "the people responsible were told",
        (REPORTING, IN_REVIEW): "the report was handed in",
        (IN_REVIEW, REPORTING): "the report was returned",
        (IN_REVIEW, INVESTIGATION): "the report was accepted",
        (INVESTIGATION, CORRECTIVE_ACTIONS): "the investigation is concluded",
        (CORRECTIVE_ACTIONS, INVESTIGATION): "it is to be investigated again",
        (CORRECTIVE_ACTIONS, APPROVAL): "the dossier was handed in",
        (APPROVAL, REPORTING): "the dossier was returned",
        (APPROVAL, INVESTIGATION): "the dossier was returned",
        (APPROVAL, CORRECTIVE_ACTIONS): "the dossier was returned",
        (APPROVAL, FOLLOW_UP): "the dossier was approved",
        (FOLLOW_UP, CORRECTIVE_ACTIONS): "what was done is not enough",
    }
)


def turn(before: Incident, after: Incident) -> NewNotice | None:
    """The notice that a change of where it stands asks for: somebody else's turn has come. None: nobody's has.

    Who takes an incident is asked by notices of their own; and of what nobody has taken yet nobody is to write the
    report: they were told of it a moment ago.
    """
    start, end = Standing.of(before), Standing.of(after)
    duty = duty_of(after)
    if start == end or duty in (None, Duty.ACKNOWLEDGE) or (duty is Duty.REPORT and after.owner is None):
        return None
    return ask(after, duty, _TURNS.get((start, end), f"it stands at {end} again"))


def ask(record: Incident, duty: Duty, reason: str) -> NewNotice:
    """The notice that it is the turn of whoever is asked for *duty*."""
    return NewNotice(
        incident=record.number,
        kind=NoticeKind.YOUR_TURN,
        cycle=record.cycle,
        reason=reason,
        severity=record.severity,
        matter=str(Matter.of(duty)),
    )


def remind(record: Incident, clock: Clock, percent: int) -> NewNotice:
    """The notice that *percent* of a clock's time is over."""
    over = "the time" if percent >= 100 else f"{percent} % of the time"
    return NewNotice(
        incident=record.number,
        kind=NoticeKind.REMINDER,
        cycle=record.cycle,
        reason=f"{over} to {clock.matter.task} is over",
        severity=record.severity,
        matter=str(clock.matter),
        until=clock.deadline.due_at,
    )


def duty_of(record: Incident) -> Duty | None:
    """What it waits for where it stands; None: for nothing that a person must do."""
    return DUTIES.get((record.step, record.stage)) if record.is_open else None


#: What of a record its clocks run by.
CLOCKED_BY = frozenset(
    {
        "decision",
        "history",
        "severity",
        "track",
        "step",
        "stage",
        "status",
        "outcome",
        "cycle",
        "step_entered_at",
        "first_seen",
        "occurred_at",
        "detected_at",
        "aware_at",
        "classified_at",
        "acknowledged_at",
        "quiet_until",
    }
)


def may_wait(record: Incident) -> bool:
    """Whether something of it may be due one day: timers run also after it was resolved."""
    is_incident = record.decision is Decision.INVESTIGATE and not record.history
    return is_incident and record.outcome in (Outcome.NONE, Outcome.RESOLVED)


def reminder_due(deadline: Deadline, told: Iterable[Told], now: datetime) -> int:
    """The percentage at which people are to be reminded now; 0: at none.

    Only the last one whose moment has come: what was missed while nothing ran is not made up for.
    """
    percent = deadline.reached(now)
    return 0 if any(_is_heard(one, deadline, percent) for one in told) else percent


def _is_heard(told: Told, deadline: Deadline, percent: int) -> bool:
    """Whether whoever had that reminder has heard as much of the clock: of an end that was as late, or later.

    A reminder that came while the clock ran, and yet tells of another start, is one of before a person corrected the
    start: only that the time is over is told once more, if the end has become a later one.
    """
    if told.percent < percent or told.at < deadline.start_at:
        return False
    is_corrected = told.start_at != deadline.start_at and percent < 100
    return told.until >= deadline.due_at or is_corrected


def was_over(clock: Clock, record: Incident) -> bool:
    """Whether its time was over before the record was closed: then nobody is reminded of it after that.

    A timer that comes into force today must not remind of all that was ever resolved.
    """
    return record.closed_at is not None and clock.deadline.due_at <= record.closed_at


class Waiting(Protocol):
    """As much of an incident as decides whether a matter still waits."""

    @property
    def step(self) -> Step: ...
    @property
    def stage(self) -> Stage: ...
    @property
    def status(self) -> Status: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def step_entered_at(self) -> datetime: ...
    @property
    def acknowledged_by(self) -> str | None: ...
    @property
    def quiet_until(self) -> datetime | None: ...


def settled(matter: Matter, record: Waiting, since: datetime) -> str:
    """Why *matter*, of which people were to hear at *since*, waits no more; "" while it does."""
    if matter.kind is MatterKind.TIMER:
        gone = record.outcome not in (Outcome.NONE, Outcome.RESOLVED)
        return f"{record.outcome.value} before it was sent" if gone else ""
    if matter.kind is not MatterKind.IMPROVEMENT and record.status is Status.CLOSED:
        return "closed before it was sent"
    if matter.duty is None:
        return ""
    if DUTIES.get((record.step, record.stage)) is not matter.duty or record.step_entered_at > since:
        return "it went on before it was sent"
    if record.quiet_until is not None:
        return "its dismissal was proposed before it was sent"
    if matter.duty is Duty.ACKNOWLEDGE and record.acknowledged_by:
        return f"acknowledged by {record.acknowledged_by} before it was sent"
    return ""

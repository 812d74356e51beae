"""Clocks: how long each duty may take, since when, and when people are reminded; and timers that a law sets. Pure.

A clock is known by its start and its limit alone, so that a severity which rises, or a configuration that changes,
moves the end and never the start. Hours and months pass always; working days pass while people work.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from rules.event import Severity
from store.calendar import Calendar
from store.incident import Incident, Stage, Step, Track


class Duty(StrEnum):
    """What somebody must do in time. Stored: never rename one."""

    ACKNOWLEDGE = "acknowledge"  #: say "I have it"
    REPORT = "report"  #: hand the report in
    REPORT_REVIEW = "report_review"  #: review the report
    INVESTIGATION = "investigation"  #: find out why
    CORRECTIVE_ACTIONS = "corrective_actions"  #: decide what will keep it from happening again
    APPROVAL = "approval"  #: approve the dossier, or send it back
    FOLLOW_UP = "follow_up"  #: see that the actions work, and close it


class Start(StrEnum):
    """The instant from which a clock or timer runs; all but the first two are instants of the incident."""

    ASKED = "asked"  #: somebody was asked for it: the notice was written
    STEP_ENTERED_AT = "step_entered_at"  #: the step, or its stage, was entered: the report was handed in, and so on
    OCCURRED_AT = "occurred_at"  #: time on the first line
    DETECTED_AT = "detected_at"  #: the rule fired
    OPENED_AT = "opened_at"
    AWARE_AT = "aware_at"  #: a person first acted on it
    CLASSIFIED_AT = "classified_at"  #: a person first set or confirmed the severity


#: Since when each duty's clock runs.
STARTS: Mapping[Duty, Start] = MappingProxyType(
    {
        Duty.ACKNOWLEDGE: Start.ASKED,
        Duty.REPORT: Start.AWARE_AT,
        Duty.REPORT_REVIEW: Start.STEP_ENTERED_AT,
        Duty.INVESTIGATION: Start.STEP_ENTERED_AT,
        Duty.CORRECTIVE_ACTIONS: Start.STEP_ENTERED_AT,
        Duty.APPROVAL: Start.STEP_ENTERED_AT,
        Duty.FOLLOW_UP: Start.STEP_ENTERED_AT,
    }
)

#: The duty that is waited for in each step; a report in review waits for its reviewer.
DUTIES: Mapping[tuple[Step, Stage], Duty] = MappingProxyType(
    {
        (Step.NOTIFICATION, Stage.NONE): Duty.ACKNOWLEDGE,
        (Step.REPORTING, Stage.NONE): Duty.REPORT,
        (Step.REPORTING, Stage.IN_REVIEW): Duty.REPORT_REVIEW,
        (Step.INVESTIGATION, Stage.NONE): Duty.INVESTIGATION,
        (Step.CORRECTIVE_ACTIONS, Stage.NONE): Duty.CORRECTIVE_ACTIONS,
        (Step.APPROVAL, Stage.NONE): Duty.APPROVAL,
        (Step.FOLLOW_UP, Stage.NONE): Duty.FOLLOW_UP,
    }
)

#: The end of a clock that starts before can lie outside of what a date can say, in some zone.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

#: At how many percent of its time people are reminded. Who has not acknowledged is paged anyway, but not where that
#: has time in working days.
REMINDERS = (50, 80, 100)
REMINDERS_OF_ACKNOWLEDGE = (100,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """A length of time, given in exactly one way."""

    elapsed: timedelta = timedelta(0)
    working_days: int = 0
    months: int = 0

    def end(self, start: datetime, calendar: Calendar) -> datetime:
        """When it is over. Aware UTC."""
        if self.months:
            return calendar.months_after(start, self.months)
        return self._passed(start, calendar, 100)

    def part(self, start: datetime, calendar: Calendar, percent: int) -> datetime:
        """When *percent* of it is over: of the time that counts, so no reminder falls into a weekend. Aware UTC."""
        if self.months:
            begin = start.astimezone(UTC)
            return begin + (self.end(start, calendar) - begin) * percent / 100
        return self._passed(start, calendar, percent)

    def _passed(self, start: datetime, calendar: Calendar, percent: int) -> datetime:
        if self.working_days:
            return calendar.after(start, calendar.working_day * self.working_days * percent / 100)
        return start.astimezone(UTC) + self.elapsed * percent / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long a duty may take for the incidents that it fits; of several the first that fits counts."""

    duty: Duty
    severities: tuple[Severity, ...] = ()  #: empty: any
    tracks: tuple[Track, ...] = ()  #: empty: any
    within: Within | None  #: None: no clock

    def fits(self, duty: Duty, severity: Severity, track: Track) -> bool:
        """Whether it is for that."""
        return self.duty is duty and severity in (self.severities or (severity,)) and track in (self.tracks or (track,))


def _acknowledge(severity: Severity, *, working_days: int = 0, **elapsed: int) -> Limit:
    within = Within(elapsed=timedelta(**elapsed), working_days=working_days)
    return Limit(duty=Duty.ACKNOWLEDGE, severities=(severity,), within=within)


#: What holds where the configuration says nothing. What is low waits for the morning; what is less, for ever.
DEFAULT_LIMITS: tuple[Limit, ...] = (
    _acknowledge(Severity.CRITICAL, minutes=15),
    _acknowledge(Severity.HIGH, hours=1),
    _acknowledge(Severity.MEDIUM, hours=4),
    _acknowledge(Severity.LOW, working_days=1),
    Limit(duty=Duty.REPORT, within=Within(elapsed=timedelta(hours=24))),
    Limit(duty=Duty.REPORT_REVIEW, within=Within(working_days=2)),
    Limit(duty=Duty.APPROVAL, within=Within(working_days=5)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A term that somebody outside sets, e.g. a law: it is prepared and watched; nothing is filed by itself."""

    name: str
    start: Start = Start.AWARE_AT
    severities: tuple[Severity, ...] = ()  #: empty: any
    within: Within


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A moment at which people hear of a clock."""

    percent: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A clock that runs. All moments are aware UTC."""

    name: str  #: the duty, or the timer's name
    start_at: datetime
    half_at: datetime  #: from here on the deputy is asked too
    due_at: datetime
    reminders: tuple[Reminder, ...]

    def is_overdue(self, now: datetime) -> bool:
        """Whether its time is over: at the very moment it is not yet."""
        return now > self.due_at

    def reached(self, now: datetime) -> int:
        """The percentage of the last reminder whose moment has come; 0 if none has."""
        return max((one.percent for one in self.reminders if one.at <= now), default=0)

    def next_reminder(self, now: datetime) -> Reminder | None:
        """The reminder that comes after *now*, if any."""
        return min((one for one in self.reminders if one.at > now), key=lambda one: one.at, default=None)

    def extended(self, until: datetime) -> "Deadline":
        """The same with its end moved to *until* by a person; the shares are then of the time in between.

        Raises:
            ValueError: *until* is not after the start.
        """
        if until <= self.start_at:
            raise ValueError("a clock cannot end before it starts")
        length = until - self.start_at
        return Deadline(
            name=self.name,
            start_at=self.start_at,
            half_at=self.start_at + length / 2,
            due_at=until,
            reminders=tuple(
                Reminder(percent=one.percent, at=self.start_at + length * one.percent / 100) for one in self.reminders
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Which clocks and timers a site has. Replaced as a whole by a reload."""

    limits: tuple[Limit, ...] = DEFAULT_LIMITS
    calendar: Calendar = field(default_factory=Calendar)
    timers: tuple[Timer, ...] = ()

    def of(self, duty: Duty, *, severity: Severity, track: Track, start: datetime) -> Deadline | None:
        """The clock of *duty* that began at *start*; None if it may take as long as it takes."""
        limit = next((one for one in self.limits if one.fits(duty, severity, track)), None)
        if limit is None or limit.within is None:
            return None
        is_paged = duty is Duty.ACKNOWLEDGE and not limit.within.working_days
        percents = REMINDERS_OF_ACKNOWLEDGE if is_paged else REMINDERS
        return self._running(duty.value, limit.within, start, percents)

    def due_at(self, duty: Duty, *, severity: Severity, track: Track, start: datetime) -> datetime | None:
        """When *duty* is due; None: no clock runs."""
        deadline = self.of(duty, severity=severity, track=track, start=start)
        return deadline.due_at if deadline else None

    def current(self, incident: Incident) -> Deadline | None:
        """The clock of what *incident* waits for where it stands; None if none runs.

        What comes back after its time was over (a report that was returned, a later cycle) has all of it again.
        """
        duty = DUTIES.get((incident.step, incident.stage)) if incident.is_open else None
        if duty is None or (duty is Duty.ACKNOWLEDGE and incident.acknowledged_at is not None):
            return None
        start, entered = instant(incident, STARTS[duty]), incident.step_entered_at
        if start is None:
            return None
        clock = self.of(duty, severity=incident.severity, track=incident.track, start=start)
        is_anew = incident.cycle > 1 or (clock is not None and entered > clock.due_at)
        if start < entered and is_anew:
            return self.of(duty, severity=incident.severity, track=incident.track, start=entered)
        return clock

    def regulatory(self, incident: Incident, names: Collection[str] | None = None) -> tuple[Deadline, ...]:
        """The timers that run for *incident*, the first that is due first.

        Args:
            names: Only those; None: all that fit. What was signed off as not reportable is left out so.
        """
        running = []
        for timer in self.timers:
            start = instant(incident, timer.start)
            fits = incident.severity in (timer.severities or (incident.severity,))
            if fits and start is not None and (names is None or timer.name in names):
                running.append(self._running(timer.name, timer.within, start, REMINDERS))
        return tuple(sorted(running, key=lambda one: one.due_at))

    def of_date(self, name: str, *, since: datetime, due_at: datetime) -> Deadline:
        """The clock of something that has a date of its own, e.g. an action."""
        elapsed = max(due_at - since, timedelta(0))
        return self._running(name, Within(elapsed=elapsed), since, REMINDERS)

    def _running(self, name: str, within: Within, start: datetime, percents: Collection[int]) -> Deadline:
        return Deadline(
            name=name,
            start_at=start.astimezone(UTC),
            half_at=within.part(start, self.calendar, 50),
            due_at=within.end(start, self.calendar),
            reminders=tuple(
                Reminder(percent=percent, at=within.part(start, self.calendar, percent)) for percent in percents
            ),
        )


def instant(incident: Incident, start: Start) -> datetime | None:
    """The instant of *incident* from which a clock runs; None if it has not come.

    People are asked when the step of notification is entered, by a rule or by reopening. What log lines or people say
    of when it occurred may be anything: no clock starts after the record was opened, or before `EARLIEST`.
    """
    instants = {
        Start.ASKED: incident.step_entered_at,
        Start.STEP_ENTERED_AT: incident.step_entered_at,
        Start.OCCURRED_AT: max(EARLIEST, min(incident.began_at, incident.opened_at)),
        Start.DETECTED_AT: incident.detected_at,
        Start.OPENED_AT: incident.opened_at,
        Start.AWARE_AT: incident.aware_at,
        Start.CLASSIFIED_AT: incident.classified_at,
    }
    return instants[start]

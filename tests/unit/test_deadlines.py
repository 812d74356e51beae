"""Clocks of the process and timers of the law: when they start, remind and end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START
from support.store import finding

from rules.event import Severity
from store.calendar import Calendar
from store.deadlines import (
    DEFAULT_LIMITS,
    DUTIES,
    STARTS,
    Deadlines,
    Duty,
    Limit,
    Start,
    Timer,
    Within,
    instant,
)
from store.incident import Incident, Outcome, Stage, Status, Step, Track
from store.ledger import Ledger

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BUILT_IN = Deadlines()
BY_LAW = Deadlines(
    calendar=Calendar(zone=BERLIN),
    timers=(
        Timer(name="final report", within=Within(months=1)),
        Timer(name="early warning", within=Within(elapsed=24 * HOUR)),
        Timer(name="authority", within=Within(elapsed=72 * HOUR), severities=(Severity.HIGH, Severity.CRITICAL)),
    ),
)


def incident(**changed: object) -> Incident:
    """A high incident that was opened at START."""
    ledger = Ledger()
    ledger.take(finding(severity=Severity.HIGH))
    made = ledger.records()[0].incident
    assert made is not None
    return replace(made, step_entered_at=START, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("track", Track)
@pytest.mark.parametrize(
    ("duty", "severity", "after"),
    [
        (Duty.ACKNOWLEDGE, Severity.CRITICAL, 15 * MINUTE),
        (Duty.ACKNOWLEDGE, Severity.HIGH, HOUR),
        (Duty.ACKNOWLEDGE, Severity.MEDIUM, 4 * HOUR),
        (Duty.ACKNOWLEDGE, Severity.LOW, timedelta(days=1)),
        (Duty.ACKNOWLEDGE, Severity.INFORMATIONAL, None),
        *((Duty.REPORT, severity, 24 * HOUR) for severity in Severity),
        *((Duty.REPORT_REVIEW, severity, timedelta(days=2)) for severity in Severity),  # Monday to Wednesday
        *((Duty.INVESTIGATION, severity, None) for severity in Severity),
        *((Duty.CORRECTIVE_ACTIONS, severity, None) for severity in Severity),
        *((Duty.APPROVAL, severity, timedelta(days=7)) for severity in Severity),  # five days and a weekend
    ],
)
def test_what_holds_without_configuration(
    duty: Duty, severity: Severity, track: Track, after: timedelta | None
) -> None:
    """Each duty, severity and track has the limit that the documents tell, or none."""
    ten = START + HOUR
    due = BUILT_IN.due_at(duty, severity=severity, track=track, start=ten)
    assert due == (None if after is None else ten + after)


def test_every_duty_has_its_start_and_its_step() -> None:
    """No duty is without a beginning, and each is waited for in exactly one place."""
    assert set(STARTS) == set(Duty)
    assert sorted(DUTIES.values()) == sorted(Duty)


def test_the_first_limit_that_fits_counts() -> None:
    """What a site configures stands before what is built in; a limit without a length stops the clock."""
    site = Deadlines(
        limits=(
            Limit(duty=Duty.REPORT, severities=(Severity.LOW,), within=None),
            Limit(duty=Duty.REPORT, tracks=(Track.FULL,), within=Within(elapsed=4 * HOUR)),
            *DEFAULT_LIMITS,
        )
    )
    asked = [(Severity.LOW, Track.FULL), (Severity.HIGH, Track.FULL), (Severity.HIGH, Track.STANDARD)]
    due = [site.due_at(Duty.REPORT, severity=severity, track=track, start=START) for severity, track in asked]
    assert due == [None, START + 4 * HOUR, START + 24 * HOUR]


def test_reminders_come_at_half_at_four_fifths_and_at_the_end() -> None:
    """Of a report's 24 hours: after 12 h, after 19 h 12 min, and when they are over."""
    deadline = BUILT_IN.of(Duty.REPORT, severity=Severity.HIGH, track=Track.STANDARD, start=START)
    assert deadline is not None
    assert [(one.percent, one.at - START) for one in deadline.reminders] == [
        (50, 12 * HOUR),
        (80, timedelta(hours=19, minutes=12)),
        (100, 24 * HOUR),
    ]
    assert deadline.half_at == START + 12 * HOUR
    assert [deadline.reached(START + hours * HOUR) for hours in (0, 12, 19, 20, 24, 99)] == [0, 50, 50, 80, 100, 100]
    upcoming = [deadline.next_reminder(START + hours * HOUR) for hours in (0, 12, 20, 24)]
    assert [one.percent if one else None for one in upcoming] == [50, 80, 100, None]


def test_who_has_not_acknowledged_is_reminded_only_at_the_end() -> None:
    """Before that they are paged anyway; the deputy is still asked at half time."""
    deadline = BUILT_IN.of(Duty.ACKNOWLEDGE, severity=Severity.HIGH, track=Track.STANDARD, start=START)
    assert deadline is not None
    assert [one.percent for one in deadline.reminders] == [100]
    assert deadline.half_at == START + 30 * MINUTE


def test_a_clock_is_overdue_only_after_its_end() -> None:
    """What is done at the very moment is done in time."""
    deadline = BUILT_IN.of(Duty.REPORT, severity=Severity.HIGH, track=Track.STANDARD, start=START)
    assert deadline is not None
    assert not deadline.is_overdue(deadline.due_at)
    assert deadline.is_overdue(deadline.due_at + timedelta(microseconds=1))


def test_no_reminder_falls_into_a_weekend() -> None:
    """Shares of working days are shares of working time: a review handed in on Friday is half over on Monday."""
    friday = datetime(2026, 11, 27, 13, 0, tzinfo=UTC)
    deadline = BUILT_IN.of(Duty.REPORT_REVIEW, severity=Severity.HIGH, track=Track.STANDARD, start=friday)
    assert deadline is not None
    assert [one.at.isoformat() for one in deadline.reminders] == [
        "2026-11-30T13:00:00+00:00",
        "2026-12-01T09:48:00+00:00",
        "2026-12-01T13:00:00+00:00",
    ]


def test_hours_pass_also_when_the_clock_is_put_back() -> None:
    """24 hours are 24 hours: from noon on Saturday they end at eleven on Sunday."""
    start = datetime(2026, 10, 24, 12, 0, tzinfo=BERLIN)
    due = BY_LAW.due_at(Duty.REPORT, severity=Severity.HIGH, track=Track.FULL, start=start)
    assert due == datetime(2026, 10, 25, 11, 0, tzinfo=BERLIN)


class TestWhatAnIncidentWaitsFor:
    """The clock that runs follows from where the incident stands."""

    @pytest.mark.parametrize(
        ("step", "stage", "duty", "due"),
        [
            (Step.NOTIFICATION, Stage.NONE, "acknowledge", START + HOUR),
            (Step.REPORTING, Stage.NONE, "report", START + 23 * HOUR),
            (Step.REPORTING, Stage.IN_REVIEW, "report_review", START + timedelta(days=1, hours=8)),
            (Step.APPROVAL, Stage.NONE, "approval", START + timedelta(days=4, hours=8)),
        ],
    )
    def test_each_step_has_its_clock(self, step: Step, stage: Stage, duty: str, due: datetime) -> None:
        """The report's runs from when a person knew of it, the others from when their step was entered.

        Here that is Monday when work begins, so two days of work end on Tuesday when it ends.
        """
        acknowledged = None if step is Step.NOTIFICATION else START - HOUR
        one = incident(step=step, stage=stage, aware_at=START - HOUR, acknowledged_at=acknowledged)
        deadline = BUILT_IN.current(one)
        assert deadline is not None
        assert (deadline.name, deadline.due_at) == (duty, due)

    @pytest.mark.parametrize("step", [Step.IDENTIFICATION, Step.INVESTIGATION, Step.CORRECTIVE_ACTIONS, Step.FOLLOW_UP])
    def test_the_other_steps_have_none(self, step: Step) -> None:
        """Actions have dates of their own; an investigation takes as long as it takes."""
        assert BUILT_IN.current(incident(step=step, aware_at=START)) is None

    def test_what_is_done_or_closed_waits_for_nothing(self) -> None:
        """An acknowledged incident has no clock for that, a closed one none at all, one of which nobody knows none."""
        closed = {"status": Status.CLOSED, "outcome": Outcome.DISMISSED, "closed_at": START}
        assert BUILT_IN.current(incident(step=Step.NOTIFICATION, acknowledged_at=START)) is None
        assert BUILT_IN.current(incident(step=Step.REPORTING, aware_at=START, **closed)) is None
        assert BUILT_IN.current(incident(step=Step.REPORTING, aware_at=None)) is None

    def test_severity_moves_the_end_and_never_the_start(self) -> None:
        """An incident that becomes critical is due 15 minutes after it was asked for, not after it got worse."""
        one = incident(step=Step.NOTIFICATION)
        before, after = BUILT_IN.current(one), BUILT_IN.current(replace(one, severity=Severity.CRITICAL))
        assert before is not None
        assert after is not None
        assert before.start_at == after.start_at
        assert (before.due_at, after.due_at) == (START + HOUR, START + 15 * MINUTE)

    def test_a_person_may_extend_it(self) -> None:
        """The start stays, reminders are spread over the new time; before the start it cannot end."""
        deadline = BUILT_IN.current(incident(step=Step.REPORTING, aware_at=START))
        assert deadline is not None
        longer = deadline.extended(START + 48 * HOUR)
        assert (longer.start_at, longer.half_at, longer.due_at) == (START, START + 24 * HOUR, START + 48 * HOUR)
        assert [one.at - START for one in longer.reminders] == [24 * HOUR, 38.4 * HOUR, 48 * HOUR]
        with pytest.raises(ValueError, match="before it starts"):
            deadline.extended(START)


class TestTimersOfTheLaw:
    """Named terms from a chosen instant."""

    def test_each_ends_when_the_law_says(self) -> None:
        """24 hours, 72 hours and one month from when a person knew: 31 January ends on 28 February."""
        aware = datetime(2026, 1, 31, 10, 0, tzinfo=BERLIN)
        running = BY_LAW.regulatory(incident(aware_at=aware))
        assert [(one.name, one.due_at.astimezone(BERLIN).isoformat()) for one in running] == [
            ("early warning", "2026-02-01T10:00:00+01:00"),
            ("authority", "2026-02-03T10:00:00+01:00"),
            ("final report", "2026-02-28T10:00:00+01:00"),
        ]

    def test_a_month_ends_at_the_same_time_of_day(self) -> None:
        """Over the night on which the clock is put forward, too."""
        aware = datetime(2026, 3, 10, 10, 0, tzinfo=BERLIN)
        final = BY_LAW.regulatory(incident(aware_at=aware), names=["final report"])[0]
        assert final.due_at == datetime(2026, 4, 10, 10, 0, tzinfo=BERLIN)

    def test_they_run_only_where_they_fit_and_once_a_person_knows(self) -> None:
        """Before anybody is aware none runs; severity may leave one out; what is not reportable is not named."""
        assert BY_LAW.regulatory(incident(aware_at=None)) == ()
        low = BY_LAW.regulatory(replace(incident(aware_at=START), severity=Severity.LOW))
        assert [one.name for one in low] == ["early warning", "final report"]
        assert BY_LAW.regulatory(incident(aware_at=START), names=[]) == ()

    @pytest.mark.parametrize("start", Start)
    def test_every_start_is_an_instant_of_the_incident(self, start: Start) -> None:
        """Each name leads somewhere, though the instant may not have come yet."""
        found = instant(incident(aware_at=START, classified_at=START), start)
        assert found is not None


def test_an_action_has_its_own_date() -> None:
    """It reminds over the time from its agreement to its date; a date that is over is due at once."""
    deadline = BUILT_IN.of_date("action", since=START, due_at=START + 10 * HOUR)
    assert [one.at - START for one in deadline.reminders] == [5 * HOUR, 8 * HOUR, 10 * HOUR]
    assert BUILT_IN.of_date("action", since=START, due_at=START - HOUR).due_at == START


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LENGTHS = st.one_of(
    st.builds(Within, elapsed=st.timedeltas(MINUTE, timedelta(days=90))),
    st.builds(Within, working_days=st.integers(1, 30)),
    st.builds(Within, months=st.integers(1, 24)),
)
CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from([UTC, BERLIN, ZoneInfo("America/New_York")]),
    holidays=st.frozensets(st.dates(date(2024, 1, 1), date(2030, 1, 1)), max_size=9),
)


@given(MOMENTS, LENGTHS, CALENDARS)
def test_a_clock_never_goes_back(start: datetime, within: Within, calendar: Calendar) -> None:
    """Start, half, four fifths and end follow each other, whatever the length, the zone and the holidays."""
    site = Deadlines(calendar=calendar, timers=(Timer(name="t", start=Start.AWARE_AT, within=within),))
    deadline = site.regulatory(incident(aware_at=start))[0]
    moments = [deadline.start_at, *(one.at for one in deadline.reminders)]
    assert moments == sorted(moments)
    assert (moments[1], moments[-1]) == (deadline.half_at, deadline.due_at)
    assert deadline.due_at > deadline.start_at
    assert {one.tzinfo for one in moments} == {UTC}

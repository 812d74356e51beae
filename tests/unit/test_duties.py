"""Whose turn it is, who is asked for what, which reminder is due, and what waits no more."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START
from support.store import finding

from rules.event import Decision, Severity
from store import asking, duties, process
from store.calendar import Calendar
from store.deadlines import DUTIES, Deadline, Deadlines, Duty, Limit, Within
from store.designation import Colleague, Designation, Leave, Staff
from store.duties import Dated, Matter, MatterKind, Told
from store.incident import Incident, Outcome, Status, Step, Track
from store.ledger import Ledger
from store.notice import NoticeKind
from store.people import Role
from store.process import MOVES, Standing

HOUR = timedelta(hours=1)
EVERYTHING = frozenset(Role)
AWAY = (Leave(first=START.date(), last=START.date()),)
TITLES = ("ana", "bo", "cy", "dee")
NAMED = Designation(lead="ana", reviewer="bo", approver="cy", deputy="dee")


def incident(place: Standing = process.REPORTING, **changed: object) -> Incident:
    """A high incident of Ana's that entered *place* at START."""
    ledger = Ledger()
    ledger.take(finding(severity=Severity.HIGH))
    made = ledger.records()[0].incident
    assert made is not None
    closed = {"closed_at": START} if place.status is Status.CLOSED else {}
    merged = {"merged_into": 2} if place.outcome is Outcome.MERGED else {}
    standing = {"step": place.step, "stage": place.stage, "status": place.status, "outcome": place.outcome}
    held = {"owner": "ana", "acknowledged_at": START, "acknowledged_by": "ana", "aware_at": START}
    given: dict[str, object] = {"step_entered_at": START, **held, **standing, **closed, **merged, **changed}
    return replace(made, **given)  # type: ignore[arg-type]


def staff(*away: str, roles: frozenset[Role] = EVERYTHING) -> Staff:
    """Four who may do everything; *away* are on leave today."""
    return Staff(colleagues=tuple(Colleague(id=one, roles=roles, leave=AWAY if one in away else ()) for one in TITLES))


def clock(start: datetime = START, hours: float = 10) -> Deadline:
    """A clock of *hours*."""
    site = Deadlines(limits=(Limit(duty=Duty.REPORT, within=Within(elapsed=timedelta(hours=hours))),))
    made = site.of(Duty.REPORT, severity=Severity.HIGH, track=Track.STANDARD, start=start)
    assert made is not None
    return made


def told(deadline: Deadline, percent: int) -> Told:
    """A reminder of *deadline* that people had."""
    return Told(percent=percent, start_at=deadline.start_at, until=deadline.due_at, at=START, asked=("ana",))


def asked(
    duty: Duty,
    *away: str,
    designation: Designation = NAMED,
    hours: float = 0,
    barred: tuple[str, ...] = (),
    **of: object,
) -> list[str]:
    """Who is asked for *duty* after so many of ten hours."""
    found = asking.asked(
        Matter.of(duty),
        incident(**of),  # type: ignore[arg-type]
        staff(*away),
        designation,
        now=START,
        deadline=clock(START - timedelta(hours=hours)),
        barred=barred,
    )
    return [one.person for one in found]


# -- whose turn it is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("move", MOVES.values(), ids=lambda move: f"{move.start} to {move.end}")
def test_each_move_tells_whoever_has_to_do_what_it_leads_to(move: process.Move) -> None:
    """What is open waits for a duty, and its people hear of it; who takes an incident is asked otherwise."""
    before, after = incident(move.start), incident(move.end)
    notice = duties.turn(before, after)
    duty = DUTIES.get((move.end.step, move.end.stage)) if move.end.status is Status.OPEN else None
    stays = move.start == move.end
    if stays or duty in (None, Duty.ACKNOWLEDGE):
        assert notice is None
        return
    assert notice is not None
    assert (notice.kind, notice.matter, notice.person) == (NoticeKind.YOUR_TURN, f"duty:{duty}", None)
    assert notice.reason
    again = move.start.status is Status.CLOSED
    assert again == notice.reason.endswith("again") or move.end == process.INVESTIGATION


def test_what_changes_where_it_stands_is_nobodys_turn() -> None:
    """A severity that rises, an event more: the same people have the same to do."""
    assert duties.turn(incident(), incident(severity=Severity.CRITICAL, events=9)) is None


def test_what_nobody_has_is_nobodys_turn_to_report() -> None:
    """Of a light one that went on by itself everybody was told a moment ago."""
    before = incident(process.NOTIFICATION, owner=None, acknowledged_at=None, acknowledged_by=None)
    assert duties.turn(before, replace(before, step=Step.REPORTING)) is None


# -- who is asked ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duty", "person"),
    [
        (Duty.REPORT, "bo"),  # who has it, not the lead
        (Duty.REPORT_REVIEW, "bo"),
        (Duty.INVESTIGATION, "ana"),
        (Duty.CORRECTIVE_ACTIONS, "ana"),
        (Duty.APPROVAL, "cy"),
        (Duty.FOLLOW_UP, "ana"),
    ],
)
def test_one_named_person_is_asked(duty: Duty, person: str) -> None:
    """Everybody asked is nobody asked."""
    assert asked(duty, owner="bo") == [person]


@pytest.mark.parametrize("hours", [0, 4.99, 5, 9.99, 10])
@pytest.mark.parametrize("duty", [duty for duty in Duty if duty is not Duty.ACKNOWLEDGE])
def test_the_deputy_at_half_time_and_everyone_at_the_end(duty: Duty, hours: float) -> None:
    """Of ten hours: one, from the fifth on the deputy too, and all once they are over."""
    found = asked(duty, hours=hours)
    assert len(found) == (1 if hours < 5 else 2 if hours < 10 else 4)
    assert ("dee" in found) == (hours >= 5)


def test_who_is_away_or_may_not_is_not_asked() -> None:
    """The deputy is asked in their place, and never who is barred, not even at the end."""
    assert asked(Duty.REPORT_REVIEW, "bo") == ["dee"]
    assert asked(Duty.REPORT_REVIEW, barred=("bo",)) == ["dee"]
    assert asked(Duty.REPORT_REVIEW, "dee", barred=("bo",)) == ["ana", "cy"]
    assert asked(Duty.REPORT_REVIEW, barred=("bo",), hours=10) == ["dee", "ana", "cy"]
    assert asked(Duty.REPORT_REVIEW, *TITLES) == []


def test_without_a_designation_who_has_it_leads() -> None:
    """Nobody is named: what the lead does falls to whoever has the incident, a signature to all who may give it."""
    nobody = Designation()
    assert asked(Duty.INVESTIGATION, designation=nobody, owner="cy") == ["cy"]
    assert asked(Duty.REPORT_REVIEW, designation=nobody, owner="cy") == list(TITLES)


@pytest.mark.parametrize(
    ("kind", "name", "title"),
    [
        (MatterKind.DUTY, "report_review", "report_review"),
        (MatterKind.TIMER, "early warning", "early warning"),
        (MatterKind.ACTION, "1", "action 1"),
    ],
)
def test_what_is_due_has_a_title(kind: MatterKind, name: str, title: str) -> None:
    """A number alone says nothing."""
    assert Matter(kind, name).title == title


def test_a_timer_is_the_leads() -> None:
    """Somebody outside wants something: the lead is asked."""
    found = asking.asked(Matter(MatterKind.TIMER, "x"), incident(), staff(), NAMED, now=START, deadline=clock())
    assert [one.person for one in found] == ["ana"]


@pytest.mark.parametrize(
    ("away", "hours", "expected"),
    [
        ((), 0, ["cy"]),
        ((), 5, ["cy", "dee"]),
        ((), 10, ["cy", "dee", "ana"]),
        (("cy",), 0, ["dee"]),
        (("cy", "dee"), 0, ["ana"]),
        (("cy", "dee", "ana"), 10, []),
    ],
)
def test_an_action_is_its_owners(away: tuple[str, ...], hours: float, expected: list[str]) -> None:
    """Its deputy at half time, the lead at the end: nobody else could do it."""
    deadline = clock(START - timedelta(hours=hours))
    one = Dated(matter=Matter(MatterKind.ACTION, "1"), since=START, due_at=None, owner="cy", deputy="dee")
    found = asking.asked_for_dated(one, "ana", staff(*away), now=START, deadline=deadline)
    assert [one.person for one in found] == expected


# -- reminders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "percent"), [(0, 0), (4.99, 0), (5, 50), (7.99, 50), (8, 80), (9.99, 80), (10, 100)])
def test_reminders_come_at_50_80_and_100(hours: float, percent: int) -> None:
    """At each moment the last one that has come is due, to the very moment."""
    assert duties.reminder_due(clock(), (), START + timedelta(hours=hours)) == percent


def test_each_comes_once() -> None:
    """Who heard of half of the time hears of the next part, never of the same again; nor of less than was told."""
    deadline = clock()
    for before, after in pairwise((50, 80, 100)):
        at = START + timedelta(hours=before / 10)
        assert duties.reminder_due(deadline, (), at) == before
        assert duties.reminder_due(deadline, (told(deadline, before),), at + HOUR) == 0
        assert duties.reminder_due(deadline, (told(deadline, before),), START + timedelta(hours=after / 10)) == after
    assert duties.reminder_due(deadline, (told(deadline, 100),), START + 99 * HOUR) == 0


def test_what_was_missed_is_not_made_up_for() -> None:
    """After a night in which nothing ran, one reminder comes, not three."""
    deadline = clock()
    assert duties.reminder_due(deadline, (), START + 99 * HOUR) == 100


def test_a_severity_that_rises_brings_the_end_nearer() -> None:
    """The start stays: of 24 hours 13 are over, of 8 all. People hear once that the time is over, not of half of it."""
    long, short = clock(hours=24), clock(hours=8)
    now = START + 13 * HOUR
    assert duties.reminder_due(short, (told(long, 50),), now) == 100
    assert duties.reminder_due(short, (told(long, 50), told(short, 100)), now) == 0


def test_an_end_that_moves_away_is_told_anew() -> None:
    """Who was told that the time is over, and got more of it, hears when that is over; nearer again, nobody hears."""
    short, long = clock(hours=8), clock(hours=24)
    had = (told(short, 100),)
    assert duties.reminder_due(long, had, START + 9 * HOUR) == 0
    assert duties.reminder_due(long, had, START + 12 * HOUR) == 50
    assert duties.reminder_due(long, had, START + 24 * HOUR) == 100
    assert duties.reminder_due(short, (*had, told(long, 50)), START + 13 * HOUR) == 0


def test_a_later_pass_has_its_own() -> None:
    """A report that was returned has its time again, and reminders of its own."""
    first, second = clock(), clock(START + 20 * HOUR)
    assert duties.reminder_due(second, (told(first, 100),), START + 25 * HOUR) == 50


def test_a_start_that_is_corrected_repeats_nothing() -> None:
    """A person was aware earlier, or later, than was thought: half of the time is told once, and its end anew."""
    had = (replace(told(clock(), 50), at=START + 5 * HOUR),)
    earlier, later = clock(START - HOUR), clock(START + 2 * HOUR)
    assert duties.reminder_due(earlier, had, START + 5.5 * HOUR) == 0
    assert duties.reminder_due(later, had, START + 7 * HOUR) == 0
    assert duties.reminder_due(later, had, START + 10 * HOUR) == 80
    over = (replace(told(clock(), 100), at=START + 10 * HOUR),)
    assert duties.reminder_due(later, over, START + 11 * HOUR) == 0
    assert duties.reminder_due(later, over, START + 12 * HOUR) == 100
    assert duties.reminder_due(earlier, over, START + 12 * HOUR) == 0


@given(
    ends=st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=6),
    steps=st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=20),
)
def test_nobody_hears_the_same_of_the_same_end_twice(ends: list[int], steps: list[int]) -> None:
    """Whatever the ends do and however rarely one looks: no percentage of one end is told twice, none too early."""
    had: list[Told] = []
    now = START
    for index, step in enumerate(steps):
        now += step * HOUR
        deadline = clock(hours=ends[index % len(ends)])
        percent = duties.reminder_due(deadline, had, now)
        if percent:
            assert now >= deadline.start_at + (deadline.due_at - deadline.start_at) * percent / 100
            had.append(replace(told(deadline, percent), at=now))
        assert duties.reminder_due(deadline, had, now) == 0
    assert len({(one.percent, one.until) for one in had}) == len(had)


def test_working_days_and_holidays_count_not() -> None:
    """Two working days from Friday noon with a holiday on Monday: half is over on Tuesday noon, all on Wednesday."""
    friday = datetime(2026, 4, 3, 12, tzinfo=UTC)
    site = Deadlines(calendar=Calendar(holidays=frozenset({date(2026, 4, 6)})))
    record = incident(process.IN_REVIEW, step_entered_at=friday)
    deadline = site.current(record)
    assert deadline is not None
    due = [duties.reminder_due(deadline, (), friday + timedelta(days=days)) for days in (0.9, 3, 3.99, 4, 4.9, 5)]
    assert due == [0, 0, 0, 50, 80, 100]


# -- what runs, and what waits no more ---------------------------------------------------------------------------------


def test_a_report_that_comes_back_late_has_its_time_again() -> None:
    """Returned within its time it keeps it; after that, and in a later cycle, it has all of it again."""
    site = Deadlines()
    for after, start in ((HOUR, START), (25 * HOUR, START + 25 * HOUR)):
        found = site.current(incident(step_entered_at=START + after))
        assert found is not None
        assert found.start_at == start
    anew = site.current(incident(step_entered_at=START + HOUR, cycle=2))
    assert anew is not None
    assert anew.start_at == START + HOUR
    assert site.current(incident(aware_at=None)) is None


@pytest.mark.parametrize(
    ("changed", "waits"),
    [
        ({}, True),
        ({"place": process.RESOLVED}, True),  # a law asks nobody whether it may end
        ({"place": Standing(Step.REPORTING, status=Status.CLOSED, outcome=Outcome.DISMISSED)}, False),
        ({"place": Standing(Step.REPORTING, status=Status.CLOSED, outcome=Outcome.MERGED)}, False),
        ({"decision": Decision.OBSERVE}, False),
        ({"history": True}, False),
    ],
)
def test_what_may_wait(changed: dict[str, object], waits: bool) -> None:
    """An incident that goes on, or was resolved; no observation, and nothing that was only found while looking back."""
    assert duties.may_wait(incident(**changed)) is waits  # type: ignore[arg-type]


def test_what_waits_no_more_is_not_sent() -> None:
    """It went on, was closed, is to be dismissed, or somebody has it: then nobody is asked any more."""
    report = Matter.of(Duty.REPORT)
    assert duties.settled(report, incident(), START) == ""
    assert duties.settled(report, incident(process.IN_REVIEW), START)
    assert duties.settled(report, incident(step_entered_at=START + HOUR), START)  # it was returned meanwhile
    assert duties.settled(report, incident(quiet_until=START + HOUR), START)
    closed = incident(Standing(Step.REPORTING, status=Status.CLOSED, outcome=Outcome.DISMISSED))
    timer = Matter(MatterKind.TIMER, "x")
    for matter in (report, timer, Matter(MatterKind.ACTION, "1")):
        assert duties.settled(matter, closed, START)
    taken = incident(process.NOTIFICATION)
    assert duties.settled(Matter.of(Duty.ACKNOWLEDGE), taken, START)
    assert not duties.settled(Matter.of(Duty.ACKNOWLEDGE), replace(taken, acknowledged_by=None), START)
    assert not duties.settled(timer, incident(process.RESOLVED), START)
    assert not duties.settled(Matter(MatterKind.ACTION, "1"), incident(process.IN_REVIEW), START)


def test_a_matter_is_read_as_it_was_written() -> None:
    """Also the name of a timer that holds what parts the two."""
    for matter in (Matter.of(Duty.APPROVAL), Matter(MatterKind.TIMER, "a: b"), Matter(MatterKind.ACTION, "INC-2/3")):
        assert Matter.parse(str(matter)) == matter
        assert matter.task

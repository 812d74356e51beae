"""Working time: across nights, weekends, holidays and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.calendar import Calendar

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(zone=BERLIN, holidays=frozenset({date(2026, 12, 25), date(2026, 12, 24), date(2026, 1, 1)}))
ROUND_THE_CLOCK = Calendar(zone=BERLIN, days=frozenset(range(7)), opens=time(0), closes=time(0))
EIGHT = timedelta(hours=8)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-23 10:00", 2, "2026-11-25 10:00"),  # Monday to Wednesday
        ("2026-11-27 16:00", 1, "2026-11-30 16:00"),  # over a weekend
        ("2026-11-27 20:00", 1, "2026-11-30 17:00"),  # handed in at night: counts from Monday morning
        ("2026-11-28 12:00", 2, "2026-12-01 17:00"),  # handed in on Saturday
        ("2026-11-23 03:00", 1, "2026-11-23 17:00"),  # before work: the whole day is left
        ("2026-12-23 12:00", 1, "2026-12-28 12:00"),  # two holidays and a weekend in between
        ("2026-03-27 10:00", 2, "2026-03-31 10:00"),  # the clock is put forward on that Sunday
        ("2026-10-23 10:00", 2, "2026-10-27 10:00"),  # and back on this one
    ],
)
def test_working_days_pass_while_people_work(start: str, days: int, end: str) -> None:
    """What is handed in at ten is due at ten; nights, weekends and holidays do not count."""
    assert OFFICE.after(berlin(start), EIGHT * days) == berlin(end)


def test_a_night_with_a_changed_clock_has_as_many_hours_as_pass() -> None:
    """Where one works round the clock, 24 hours are 24 hours on the nights of 23 and of 25 hours too."""
    forward, back = berlin("2026-03-28 12:00"), berlin("2026-10-24 12:00")
    assert ROUND_THE_CLOCK.after(forward, timedelta(hours=24)) == berlin("2026-03-29 13:00")
    assert ROUND_THE_CLOCK.after(back, timedelta(hours=24)) == berlin("2026-10-25 11:00")
    assert ROUND_THE_CLOCK.between(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == timedelta(hours=23)
    assert ROUND_THE_CLOCK.between(berlin("2026-10-25 00:00"), berlin("2026-10-26 00:00")) == timedelta(hours=25)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-11-23 03:00", "2026-11-24 09:00"),
        ("2026-11-27 23:59", "2026-11-30 09:00"),
        ("2026-12-23 12:00", "2026-12-28 09:00"),
    ],
)
def test_the_next_working_day_is_never_today(moment: str, opening: str) -> None:
    """A proposal made at three in the night lasts until the morning after the day that dawns."""
    assert OFFICE.next_opening(berlin(moment)) == berlin(opening)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31 10:00", 1, "2026-02-28 10:00"),
        ("2028-01-31 10:00", 1, "2028-02-29 10:00"),
        ("2026-12-15 10:00", 1, "2027-01-15 10:00"),
        ("2026-11-30 10:00", 15, "2028-02-29 10:00"),
        ("2026-03-01 00:30", 1, "2026-04-01 00:30"),  # local: in UTC it would be 28 February
        ("2026-02-28 02:30", 1, "2026-03-28 02:30"),
    ],
)
def test_months_end_on_the_same_day_or_the_last(start: str, months: int, end: str) -> None:
    """One month from the 31st ends on the last day of a shorter month, at the same time of day in the site's zone."""
    assert OFFICE.months_after(berlin(start), months) == berlin(end)


def test_a_month_that_ends_in_a_time_that_is_skipped_ends_right_after() -> None:
    """At 02:30 on the day on which the clock is put forward no such time exists: 03:30 is meant."""
    assert OFFICE.months_after(berlin("2026-02-28 02:30"), 1).astimezone(BERLIN).hour == 2
    assert OFFICE.months_after(berlin("2027-02-28 02:30"), 1).astimezone(BERLIN).isoformat() == (
        "2027-03-28T03:30:00+02:00"
    )


@pytest.mark.parametrize("wrong", [{"days": frozenset()}, {"opens": time(17), "closes": time(9)}, {"closes": time(9)}])
def test_a_calendar_without_work_is_refused(wrong: dict[str, object]) -> None:
    """Else a working day would never come."""
    with pytest.raises(ValueError, match="work"):
        Calendar(**wrong)  # type: ignore[arg-type]


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WORK = st.timedeltas(timedelta(0), timedelta(days=9))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    opens = draw(st.integers(0, 22))
    closes = draw(st.integers(opens + 1, 24))
    return Calendar(
        zone=ZoneInfo(draw(ZONES)),
        days=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        opens=time(opens),
        closes=time(closes % 24),
        holidays=frozenset(draw(st.sets(st.dates(date(2024, 1, 1), date(2030, 1, 1)), max_size=9))),
    )


@given(calendars(), MOMENTS, WORK)
def test_as_much_work_lies_before_the_end_as_was_asked_for(
    calendar: Calendar, start: datetime, work: timedelta
) -> None:
    """Between the start and what comes after it lies exactly that working time, in any zone, over any change."""
    end = calendar.after(start, work)
    assert calendar.between(start, end) == work
    assert end.tzinfo is UTC


@given(calendars(), MOMENTS, WORK, WORK)
def test_work_adds_up(calendar: Calendar, start: datetime, first: timedelta, second: timedelta) -> None:
    """Some work and then some more ends when both together do, and more never ends earlier."""
    both = calendar.after(start, first + second)
    assert calendar.after(calendar.after(start, first), second) == both
    assert calendar.after(start, first) <= both


@given(calendars(), MOMENTS, MOMENTS, WORK)
def test_who_starts_later_ends_no_earlier(calendar: Calendar, one: datetime, two: datetime, work: timedelta) -> None:
    """Order is kept, so that nothing gains by being handed in late."""
    early, late = sorted((one, two))
    assert calendar.after(early, work) <= calendar.after(late, work)


@given(calendars(), MOMENTS, st.sampled_from([BERLIN, UTC, ZoneInfo("America/New_York")]), WORK)
def test_the_zone_in_which_a_moment_is_given_does_not_matter(
    calendar: Calendar, start: datetime, zone: ZoneInfo, work: timedelta
) -> None:
    """The same instant gives the same end, however it is written."""
    assert calendar.after(start.astimezone(zone), work) == calendar.after(start, work)


@given(MOMENTS, st.integers(0, 40))
def test_months_keep_the_day_or_take_the_last(start: datetime, months: int) -> None:
    """The end has the start's day of month, or is the last of a month that has no such day."""
    end = Calendar().months_after(start, months)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)

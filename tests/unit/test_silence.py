"""Silences: what they hide and what not, when they are in force, what they cost, windows on days of a changed clock."""

from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.route import Matcher, Subject
from rules.event import Severity
from store import silence
from store.silence import Hidden, NewSilence, Silence, SilenceState, Window, hushed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "UTC")


def made(**values: Any) -> Silence:
    given: dict[str, Any] = {
        "number": 1,
        "matchers": {"asset": ("web1",)},
        "state": SilenceState.AGREED,
        "reason": "new disks",
        "highest": Severity.CRITICAL,
        "preview": Hidden(),
        "created_by": "ana",
        "created_at": NOW - HOUR,
        "starts_at": NOW - HOUR,
        "ends_at": NOW + HOUR,
    }
    return Silence(**given | values)


WEB1 = Subject(severity=("high",), rule=("r1", "Brute force"), asset=("web1", "web2"))


def test_names_are_those_of_routes() -> None:
    """What a route can match on, a silence can, but for the time, for which it has windows."""
    assert {one.name for one in fields(Matcher)} - {"time"} <= set(silence.NAMES)


@pytest.mark.parametrize(
    ("matchers", "is_hidden"),
    [
        ({"asset": ("WEB1",)}, True),
        ({"asset": ("db1", "web*")}, True),
        ({"asset": ("web1",), "rule": ("brute force",)}, True),
        ({"asset": ("web1",), "rule": ("r2",)}, False),
        ({"tags": ("x",)}, False),
        ({"incident": ("INC-7",)}, False),  # of which the subject says nothing
        ({}, False),  # never everything by an oversight
    ],
)
def test_all_names_must_fit_by_one_value(matchers: dict[str, tuple[str, ...]], is_hidden: bool) -> None:
    """As in a route: each name, by any of its values."""
    one = made(matchers=matchers)
    assert hushed([one], WEB1, NOW) == (one if is_hidden else None)


def test_what_is_worse_than_it_was_weighed_for_is_told() -> None:
    """A silence that one person could make, because it hides little, never hides what takes two."""
    assert hushed([made(highest=Severity.MEDIUM)], WEB1, NOW) is None
    assert hushed([made(highest=Severity.HIGH)], WEB1, NOW) is not None


@pytest.mark.parametrize(
    ("values", "is_in_force"),
    [
        ({"starts_at": NOW}, True),
        ({"starts_at": NOW + HOUR / 2}, False),
        ({"ends_at": NOW}, False),
        ({"state": SilenceState.PROPOSED}, False),
        ({"state": SilenceState.WITHDRAWN}, False),
        ({"state": SilenceState.IN_FORCE, "lapses_at": NOW + HOUR / 2}, True),
        ({"state": SilenceState.IN_FORCE, "lapses_at": NOW}, False),  # though nobody has noted that it lapsed
        ({"window": Window(timezone="UTC", days=(6,), starts=time(11), ends=time(13))}, True),
        ({"window": Window(timezone="UTC", days=(5,), starts=time(11), ends=time(13))}, False),
    ],
)
def test_it_is_in_force_in_its_time(values: dict[str, Any], is_in_force: bool) -> None:
    """From its beginning until its end, lapse or settling, and only in its windows."""
    assert made(**values).is_in_force(NOW) is is_in_force


def new(**values: Any) -> NewSilence:
    given: dict[str, Any] = {"matchers": {"rule": ("r1",)}, "reason": "noise", "starts_at": NOW, "ends_at": NOW + HOUR}
    return NewSilence(**given | values)


@pytest.mark.parametrize(
    ("values", "tried_before", "state", "lapses_after"),
    [
        ({"worst": Severity.MEDIUM}, False, SilenceState.AGREED, None),
        ({"worst": Severity.HIGH}, False, SilenceState.IN_FORCE, 12),
        ({"worst": Severity.LOW, "preview": Hidden(worst=Severity.HIGH)}, False, SilenceState.IN_FORCE, 12),
        ({"worst": Severity.LOW, "preview": Hidden(confirmed=(4,))}, False, SilenceState.IN_FORCE, 12),
        ({"worst": Severity.CRITICAL}, True, SilenceState.PROPOSED, 1),
        ({"worst": Severity.LOW}, True, SilenceState.AGREED, None),
    ],
)
def test_hiding_much_takes_two(
    values: dict[str, Any], tried_before: bool, state: SilenceState, lapses_after: int | None
) -> None:
    """As dismissing what it would hide does: twelve hours in advance, and not twice in a row."""
    lapses_at = None if lapses_after is None else NOW + lapses_after * HOUR
    assert silence.beginning(new(**values), now=NOW, tried_before=tried_before) == (state, lapses_at)


def test_overlapping_silences_are_about_the_same() -> None:
    """Another wording does not make another silence."""
    assert silence.overlap({"rule": ("r1",)}, {"rule": ("R1", "r2"), "asset": ("web1",)})
    assert silence.overlap({"asset": ("web*",)}, {"asset": ("web1",)})
    assert not silence.overlap({"rule": ("r1",)}, {"rule": ("r2",)})
    assert not silence.overlap({"rule": ("r1",)}, {"asset": ("web1",)})
    assert silence.overlap({"asset": ("*",)}, {"entity": ("*",)})  # both are about everything
    assert silence.overlap({"asset": ("*",)}, {"rule": ("r1",)})
    assert not silence.overlap({"asset": ("*",), "rule": ("r1",)}, {"rule": ("r2",)})


def test_a_matcher_on_severity_bounds_what_it_can_hide() -> None:
    """Who silences what is low needs nobody else."""
    assert silence.worst_of(("low", "MEDIUM")) is Severity.MEDIUM
    assert silence.worst_of(()) is Severity.CRITICAL
    assert silence.worst_of(("info*",)) is Severity.INFORMATIONAL


SUNDAYS = Window(timezone="Europe/Berlin", days=(6,), starts=time(1, 30), ends=time(3, 30))


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (SUNDAYS, "2026-03-22T00:30Z", "2026-03-22T02:30Z"),
        (SUNDAYS, "2026-03-29T00:30Z", "2026-03-29T01:30Z"),  # the clock is put forward: an hour is left
        (SUNDAYS, "2026-10-24T23:30Z", "2026-10-25T02:30Z"),  # put back: three hours
        (replace(SUNDAYS, starts=time(2, 10), ends=time(2, 50)), "2026-03-29T01:10Z", "2026-03-29T01:50Z"),  # skipped
        (replace(SUNDAYS, starts=time(2, 30), ends=time(3, 15)), "2026-03-29T01:30Z", "2026-03-29T02:15Z"),
        (replace(SUNDAYS, starts=time(2, 10), ends=time(2, 50)), "2026-10-25T00:10Z", "2026-10-25T00:50Z"),  # the first
        (replace(SUNDAYS, starts=time(22), ends=time(6)), "2026-03-22T21:00Z", "2026-03-23T05:00Z"),  # over midnight
    ],
)
def test_windows_keep_to_the_clock_on_the_wall(window: Window, start: str, end: str) -> None:
    """Also on the nights on which that is changed."""
    begins, ends = (datetime.fromisoformat(text) for text in (start, end))
    assert window.at(begins) == (begins, ends)
    assert window.at(begins - timedelta(seconds=1)) is None
    assert window.at(ends) is None
    assert window.next(begins - HOUR) == (begins, ends)


@given(
    zone=st.sampled_from(ZONES),
    day=st.integers(min_value=0, max_value=366),
    minute=st.integers(min_value=0, max_value=1439),
    starts=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    ends=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
)
@settings(max_examples=50, deadline=None)
def test_a_window_holds_what_the_clock_reads_in_it(zone: str, day: int, minute: int, starts: time, ends: time) -> None:
    """Where the clock is not changed within a day, in the window is when it reads so; it is never empty or longer than
    a day and the change.
    """
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=minute)
    window = Window(timezone=zone, days=tuple(range(7)), starts=starts, ends=ends)
    found = window.at(now)
    if found is not None:
        assert found[0] <= now < found[1]
        assert timedelta(0) < found[1] - found[0] <= timedelta(hours=25)
    local = now.astimezone(ZoneInfo(zone))
    offsets = {(now + timedelta(hours=hours)).astimezone(ZoneInfo(zone)).utcoffset() for hours in range(-49, 50, 7)}
    if len(offsets) == 1:
        reads = local.time()
        inside = starts <= reads < ends if starts < ends else reads >= starts or reads < ends
        assert (found is not None) is inside

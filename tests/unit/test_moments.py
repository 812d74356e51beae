"""Moments as integers, and moments that never go back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START

from store.moments import Instants, from_microseconds, to_microseconds


@given(st.datetimes(timezones=st.just(UTC)))
def test_exact_both_ways(moment: datetime) -> None:
    """A moment comes back to the microsecond, also before 1970 and far from it."""
    assert from_microseconds(to_microseconds(moment)) == moment


def test_zones_are_one_moment() -> None:
    """The same moment written in two zones is one number; without a zone it is refused."""
    elsewhere = START.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert to_microseconds(elsewhere) == to_microseconds(START)
    with pytest.raises(ValueError, match="must be aware"):
        to_microseconds(START.replace(tzinfo=None))


@given(st.lists(st.tuples(st.integers(-10_000, 10_000), st.floats(0, 1000))))
def test_instants_never_go_back(steps: list[tuple[int, float]]) -> None:
    """However the clock jumps, instants do not go back, and never run ahead of the clock by more than it jumped."""
    instants, monotonic, last = Instants(START, 0.0), 0.0, START
    for seconds, passed in steps:
        monotonic += passed
        wall = START + timedelta(seconds=seconds)
        now = instants.next(wall, monotonic)
        assert now >= last
        assert now == wall or now <= last + timedelta(seconds=passed)
        last = now


def test_slow_until_the_clock_has_caught_up() -> None:
    """While the clock is behind, time goes on at half its pace and then follows the clock again."""
    instants = Instants(START, 0.0)
    behind = START - timedelta(seconds=100)
    paces = [instants.next(behind + timedelta(seconds=passed), passed) - START for passed in (10, 20, 300)]
    assert [pace.total_seconds() for pace in paces] == [5, 10, 200]

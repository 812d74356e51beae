"""How long things took and how often they went well, from cycles that are given."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START

from store import statistics
from store.incident import DismissReason, Outcome, Step
from store.statistics import Case, Share, Stay

HOUR = timedelta(hours=1)
NOW = START + 24 * HOUR
OPEN = Case(
    rule_id="rule-1",
    began_at=START,
    occurred_at=START - HOUR,
    detected_at=START,
    notified_at=START + HOUR,
    waits_for_somebody=True,
    stays=(Stay(step=Step.NOTIFICATION, entered_at=START, left_at=None),),
)
CLOSED = replace(
    OPEN,
    waits_for_somebody=False,
    acknowledged_at=START + 3 * HOUR,
    resolved_at=START + 6 * HOUR,
    ended_at=START + 8 * HOUR,
    outcome=Outcome.RESOLVED,
    is_effective=True,
    stays=(Stay(step=Step.NOTIFICATION, entered_at=START, left_at=START + 3 * HOUR),),
)
FALSE = replace(CLOSED, resolved_at=None, outcome=Outcome.DISMISSED, reason=DismissReason.FALSE_POSITIVE)


def hours(cases: list[Case]) -> dict[str, tuple[int, int, float | None]]:
    """By length: how many, how many of them go on, and their median in hours."""
    return {
        one.name.removeprefix("time_to_"): (one.count, one.at_least, one.median_seconds and one.median_seconds / 3600)
        for one in statistics.lengths(cases, NOW)
    }


def test_each_length_has_its_start_and_its_end() -> None:
    """Detection from the first event, notice from detection, acknowledgement from notice, end from detection."""
    assert hours([CLOSED]) == {
        "detect": (1, 0, 1),
        "notify": (1, 0, 1),
        "acknowledge": (1, 0, 2),
        "resolve": (1, 0, 6),
    }


def test_what_goes_on_counts_with_the_time_so_far() -> None:
    """At least so much; what ended without it, or asks nobody, does not count."""
    assert hours([OPEN])["resolve"] == (1, 1, 24)
    assert hours([OPEN])["acknowledge"] == (1, 1, 23)
    assert hours([FALSE])["resolve"] == (0, 0, None)
    assert hours([replace(OPEN, waits_for_somebody=False)])["acknowledge"] == (0, 0, None)
    (step,) = statistics.steps([OPEN, CLOSED], NOW)
    assert (step.name, step.count, step.at_least, step.median_seconds) == ("notification", 2, 1, 3 * 3600)


def test_shares_are_of_what_ended() -> None:
    """Open cycles say nothing yet; a dismissal was never resolved."""
    found = {one.name: (one.count, one.of) for one in statistics.shares([OPEN, CLOSED, FALSE])}
    assert found == {"reopened": (0, 2), "closed_effective": (1, 1)}
    found = {one.name: (one.count, one.of) for one in statistics.shares([replace(CLOSED, was_reopened=True)])}
    assert found["reopened"] == (1, 1)
    assert Share(name="x", definition="", count=0, of=0).share is None


def test_false_positives_are_told_by_rule() -> None:
    """The worst rule first; what nobody found false is listed too, and what a person opened is not."""
    cases = [FALSE, CLOSED, replace(FALSE, rule_id="rule-2"), replace(CLOSED, rule_id="rule-3"), OPEN]
    found = statistics.false_positives([*cases, replace(FALSE, rule_id="")])
    assert [(one.name, one.count, one.of) for one in found] == [("rule-2", 1, 1), ("rule-1", 1, 2), ("rule-3", 0, 1)]


@pytest.mark.parametrize(("count", "median", "p90"), [(1, 1, 1), (2, 1, 2), (10, 5, 9), (11, 6, 10)])
def test_median_and_percentile_are_of_the_nearest_rank(count: int, median: float, p90: float) -> None:
    """A value that was measured, never one in between."""
    ends = [(START, START + timedelta(seconds=one), False) for one in range(1, count + 1)]
    found = statistics.spread("x", "", ends, NOW)
    assert (found.median_seconds, found.p90_seconds) == (median, p90)


@given(st.lists(st.integers(min_value=-100, max_value=1000), min_size=1))
def test_no_length_is_negative(seconds: list[int]) -> None:
    """Whatever people correct, and however far clocks are apart."""
    ends = [(START, START + timedelta(seconds=one), False) for one in seconds]
    found = statistics.spread("x", "", ends, NOW)
    assert found.median_seconds is not None
    assert found.p90_seconds is not None
    assert 0 <= found.median_seconds <= found.p90_seconds <= 1000

"""What becomes of a delivery after an attempt."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.retry import GIVEN_UP_AFTER, LONGEST_WAIT, SHORTEST_WAIT, judge, wait
from notifier.sender import SendResult, Sent
from rules.event import Severity
from store.notice import DeliveryState

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)


def verdict(
    outcome: Sent, *, severity: Severity = Severity.HIGH, attempts: int = 1, age: timedelta = timedelta(0)
) -> tuple[DeliveryState, datetime | None]:
    judged = judge(
        SendResult(outcome=outcome, detail="why"),
        severity=severity,
        attempts=attempts,
        created_at=NOW - age,
        now=NOW,
        jitter=0.0,
    )
    assert judged.detail.endswith("why")
    return judged.state, judged.retry_at


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits(attempts: int, jitter: float) -> None:
    """The wait lies between 15 s and 15 min, and never shrinks by more than the jitter."""
    assert SHORTEST_WAIT <= wait(attempts, jitter) <= LONGEST_WAIT
    assert wait(attempts + 1, 0.0) >= wait(attempts, 0.0)
    assert wait(attempts, 1.0) >= wait(attempts, 0.0) * 0.75


def test_doubling() -> None:
    """15 s, 30 s, 1 min, 2, 4, 8, then 15 min each time."""
    assert [wait(n, 0.0).total_seconds() for n in range(1, 9)] == [15, 30, 60, 120, 240, 480, 900, 900]


def test_outcomes() -> None:
    """Accepted ends it; a failure is tried again; no answer is tried again as possibly arrived; a refusal ends it."""
    again = NOW + SHORTEST_WAIT
    assert verdict(Sent.ACCEPTED) == (DeliveryState.ACCEPTED, None)
    assert verdict(Sent.RETRY) == (DeliveryState.QUEUED, again)
    assert verdict(Sent.UNCERTAIN) == (DeliveryState.UNCERTAIN, again)
    assert verdict(Sent.PERMANENT) == (DeliveryState.FAILED, None)


def test_given_up_by_age() -> None:
    """After a day it is a dead letter, and so is what never got an answer."""
    assert verdict(Sent.RETRY, age=GIVEN_UP_AFTER) == (DeliveryState.DEAD, None)
    assert verdict(Sent.UNCERTAIN, attempts=4) == (DeliveryState.DEAD, None)


@pytest.mark.parametrize("outcome", [Sent.RETRY, Sent.UNCERTAIN, Sent.PERMANENT])
def test_critical_is_never_given_up(outcome: Sent) -> None:
    """A critical message is tried again whatever happened and however old it is."""
    _, retry_at = verdict(outcome, severity=Severity.CRITICAL, attempts=1000, age=timedelta(days=30))
    assert retry_at == NOW + LONGEST_WAIT


@pytest.mark.parametrize(("asked", "waits"), [(0, 15), (10, 15), (90, 90), (86_400, 3600)])
def test_a_peer_that_asks_for_patience(asked: float, waits: float) -> None:
    """Who says when to come again is not asked earlier; nobody can ask for more than an hour."""
    judged = judge(
        SendResult(outcome=Sent.RETRY, wait_seconds=asked),
        severity=Severity.HIGH,
        attempts=1,
        created_at=NOW,
        now=NOW,
        jitter=0.0,
    )
    assert judged.retry_at == NOW + timedelta(seconds=waits)

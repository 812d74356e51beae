"""What follows from how an attempt ended: done, again later, or given up. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.sender import SendResult, Sent
from rules.event import Severity
from store.notice import DeliveryState

SHORTEST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_ASKED = timedelta(hours=1)  #: that a peer can make us wait
GIVEN_UP_AFTER = timedelta(hours=24)  #: unless critical, which is never given up
MOST_UNCERTAIN = 4  #: attempts without an answer, after which people would only be flooded


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The state that a delivery goes into, why, and when it is tried again if it is."""

    state: DeliveryState
    detail: str
    retry_at: datetime | None = None


def judge(
    result: SendResult, *, severity: Severity, attempts: int, created_at: datetime, now: datetime, jitter: float
) -> Verdict:
    """What becomes of a delivery whose attempt number *attempts* ended with *result*.

    Args:
        jitter: 0 to 1; spreads retries so that a recovering peer is not hit by all at once.
    """
    if result.outcome is Sent.ACCEPTED:
        return Verdict(state=DeliveryState.ACCEPTED, detail=result.detail)
    asked = min(timedelta(seconds=result.wait_seconds), LONGEST_ASKED)
    again_at = now + max(wait(attempts, jitter), asked)
    state = DeliveryState.UNCERTAIN if result.outcome is Sent.UNCERTAIN else DeliveryState.QUEUED
    if severity is not Severity.CRITICAL:
        if result.outcome is Sent.PERMANENT:
            return Verdict(state=DeliveryState.FAILED, detail=result.detail)
        if result.outcome is Sent.UNCERTAIN and attempts >= MOST_UNCERTAIN:
            return Verdict(
                state=DeliveryState.DEAD, detail=f"no answer {attempts} times, may have arrived: {result.detail}"
            )
        if again_at - created_at > GIVEN_UP_AFTER:
            return Verdict(state=DeliveryState.DEAD, detail=f"given up after {attempts} attempts: {result.detail}")
    return Verdict(state=state, detail=result.detail, retry_at=again_at)


def wait(attempts: int, jitter: float) -> timedelta:
    """How long to wait after *attempts* failed ones: 15 s, doubled each time up to 15 min, less up to a quarter."""
    full = min(LONGEST_WAIT, SHORTEST_WAIT * (1 << min(attempts - 1, 16)))
    return max(SHORTEST_WAIT, full * (1 - jitter / 4))

"""What a person decides about a timer of the law: it was filed, or need not be. Nothing is filed by Tocsin. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.deadlines import Deadline
from store.errors import ActNotAllowed
from store.incident import Incident


class TimerDecision(StrEnum):
    """What was decided about a timer. Stored and sent over the API: never rename one."""

    FILED = "filed"  #: what it wants was handed in
    NOT_REPORTABLE = "not_reportable"  #: it does not apply, for a stated reason
    REPORTABLE = "reportable"  #: takes back what was decided: it runs again

    @property
    def ends(self) -> bool:
        """Whether it runs no more."""
        return self is not TimerDecision.REPORTABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided about a timer."""

    entry: int  #: of the timeline, which holds the reason
    decision: TimerDecision
    by: str  #: person id
    at: datetime
    filed_at: datetime | None  #: when it was handed in; None: it was not
    until: datetime  #: when it was due
    is_late: bool  #: it was handed in after that


def checked(
    record: Incident,
    name: str,
    timer: Deadline | None,
    decision: TimerDecision,
    *,
    filed_at: datetime,
    now: datetime,
    reason: str,
) -> Deadline:
    """The timer *name* as it runs, if that can be decided about it.

    Args:
        timer: As it runs for *record*; None: none of that name does.
        filed_at: When it was handed in, for ``filed``.

    Raises:
        ActNotAllowed: ``no_timer``, ``filed_in_future`` or ``reason_required``.
    """
    if timer is None:
        raise ActNotAllowed("no_timer", f"no timer {name[:40]!r} runs for {record.name}", missing=("timer",))
    if decision is TimerDecision.FILED and filed_at > now:
        raise ActNotAllowed("filed_in_future", "what is filed later is told then", missing=("filed_at",))
    if not reason.strip() and (why := _needs_reason(timer, decision, filed_at)):
        raise ActNotAllowed("reason_required", f'{why}: say why, for the timer "{name}"', missing=("note",))
    return timer


def unsigned() -> ActNotAllowed:
    """The refusal of a decision that must be signed and is not."""
    return ActNotAllowed(
        "fresh_sign_in",
        "that a timer does not apply is signed: with an unspent token of one's own from POST /api/v1/sign-in/fresh",
        missing=("fresh",),
    )


def is_late(timer: Deadline, decision: TimerDecision, filed_at: datetime) -> bool:
    """Whether it was handed in after its time."""
    return decision is TimerDecision.FILED and timer.is_overdue(filed_at)


def _needs_reason(timer: Deadline, decision: TimerDecision, filed_at: datetime) -> str:
    if decision is TimerDecision.FILED:
        late = is_late(timer, decision, filed_at)
        return f"it was due {timer.due_at:%Y-%m-%d %H:%M} UTC and is late" if late else ""
    return "it is decided as not reportable" if decision is TimerDecision.NOT_REPORTABLE else "a decision is taken back"

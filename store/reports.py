"""Reports of people: what waits to be read and until when, and how far one is, as its reporter is told. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.deadlines import Deadlines
from store.incident import Incident, Outcome, Step

#: The kind of entity that names a report.
KIND = "report"
#: The field by which reports are grouped.
TOPIC = "feedback.topic"


class ReportState(StrEnum):
    """How far a report is. Sent over the API: never rename one."""

    RECEIVED = "received"  #: it is kept; as far as its reporter may know, nobody has looked at it
    LOOKED_AT = "looked_at"  #: a person has it
    WORKED_ON = "worked_on"  #: it is being investigated, or something is done about it
    FIXED = "fixed"  #: what was wrong is mended
    CLOSED = "closed"  #: nothing more will be done


_WORKING = frozenset({Step.INVESTIGATION, Step.CORRECTIVE_ACTIONS, Step.APPROVAL, Step.FOLLOW_UP})


def state_of(record: Incident | None, *, limited: bool = False) -> ReportState:
    """How far the report is that *record* holds; None: no record holds it.

    Args:
        limited: Only its participants see the record: its reporter learns that it was received, and when it is closed.
    """
    if record is None:
        return ReportState.RECEIVED
    if not record.is_open:
        return ReportState.FIXED if record.outcome is Outcome.RESOLVED and not limited else ReportState.CLOSED
    if limited:
        return ReportState.RECEIVED
    if record.step in _WORKING:
        return ReportState.WORKED_ON
    is_held = record.acknowledged_at is not None or record.step is Step.REPORTING or record.cycle > 1
    return ReportState.LOOKED_AT if is_held else ReportState.RECEIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A record of reports that nobody has read."""

    record: Incident
    topic: str  #: what they are about; "" where many fold into one
    due_at: datetime | None  #: until when somebody is to look at it; None: no clock runs

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been looked at."""
        return self.due_at is not None and now > self.due_at


def in_order(found: Iterable[Incident], deadlines: Deadlines) -> list[Waiting]:
    """What waits, the first that is due first; what has no clock is last."""
    waiting = [
        Waiting(record=one, topic=dict(one.group).get(TOPIC, ""), due_at=clock.due_at if clock else None)
        for one in found
        for clock in [deadlines.current(one)]
    ]
    return sorted(waiting, key=lambda one: (one.due_at is None, one.due_at or one.record.opened_at, one.record.number))

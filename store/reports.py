"""What is told to who reported something: how far it is, and nothing of the incident. Pure."""

from enum import StrEnum

from store.incident import Incident, Outcome, Step

#: The kind of entity that names a report.
KIND = "report"


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

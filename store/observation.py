"""When an observation that a person decided ends, and how. Pure."""

from datetime import datetime
from enum import Enum, auto

from rules.event import Severity
from store.incident import Incident


class Ending(Enum):
    """How an observation ends."""

    COUNT = auto()  #: as many events came as were waited for: it is an incident
    SOMETHING = auto()  #: its time is over, and something came, or it was too bad to be left alone
    NOTHING = auto()  #: its time is over, and too little came


def ending(record: Incident, now: datetime) -> Ending | None:
    """How the observation ends now; None: it goes on.

    Without a count anything that came since counts.
    """
    if record.observe_until is None:
        return None
    has_all = record.observe_events is not None and record.events >= record.observe_events
    if has_all:
        return Ending.COUNT
    if now < record.observe_until:
        return None
    came = record.observe_events is None and record.last_seen > record.step_entered_at
    return Ending.SOMETHING if came or record.severity_highest.rank > Severity.MEDIUM.rank else Ending.NOTHING

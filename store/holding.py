"""For how long an acknowledgement holds: until nothing is heard any more of who has it. Pure.

It holds while nobody has contained it or said that it is over, and its report is not handed in; from then on the
clocks of the steps are enough. Any act of a person on it shows that there is work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rules.event import Decision, Severity
from store.incident import Incident, Stage, Step, Track

#: After this share of the time who has it is asked quietly.
ASKED_AT: Final = 0.8
_EARLY: Final = (Step.IDENTIFICATION, Step.NOTIFICATION, Step.REPORTING)
_USUAL: Final = MappingProxyType({Severity.CRITICAL: timedelta(minutes=30), Severity.HIGH: timedelta(hours=2)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How long an acknowledgement holds without a sign of work, by severity; one that is not in it holds for ever."""

    lengths: Mapping[Severity, timedelta] = field(default_factory=lambda: _USUAL)

    def of(self, incident: Incident) -> timedelta | None:
        """For how long *incident* is had without a sign of work; None: for ever, or nobody has to."""
        return self.lengths.get(incident.severity) if needs_holding(incident) else None


class What(StrEnum):
    """What is due for an acknowledgement."""

    ASK = "ask"  #: who has it is asked quietly whether that is still so
    LAPSE = "lapse"  #: it does not hold any more
    LATER = "later"  #: there was work: it is looked at again later
    OVER = "over"  #: nobody has it, or it needs nobody any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due, and when to look again."""

    what: What
    again_at: datetime | None = None  #: None: never, or not before somebody acknowledges
    level: int = 0  #: with which question: 0 whether to ask, 1 whether it lapses


def needs_holding(incident: Incident) -> bool:
    """Whether somebody must show that they are still at it."""
    return (
        incident.is_open
        and incident.acknowledged_at is not None
        and incident.decision is Decision.INVESTIGATE
        and incident.track is not Track.LIGHT
        and incident.contained_at is None
        and incident.resolved_at is None
        and incident.step in _EARLY
        and incident.stage is Stage.NONE
    )


def first_look(incident: Incident, holding: Holding, now: datetime) -> datetime | None:
    """When to ask who took *incident* just now whether they still have it; None: never."""
    length = holding.of(incident)
    return None if length is None else now + length * ASKED_AT


def look(incident: Incident, holding: Holding, *, worked_at: datetime, level: int, now: datetime) -> Due:
    """What is due at *now* for the acknowledgement of *incident*.

    Args:
        worked_at: When a person did something about it last.
        level: 0: whether to ask who has it; 1: they were asked, and it lapses unless there was work since.
    """
    length = holding.of(incident)
    if length is None:
        return Due(what=What.OVER)
    if incident.quiet_until is not None:
        return Due(what=What.LATER, again_at=max(incident.quiet_until, now) + length * ASKED_AT)
    asks_at, lapses_at = worked_at + length * ASKED_AT, worked_at + length
    if now < asks_at:
        return Due(what=What.LATER, again_at=asks_at)
    if level == 0:
        # Who could not be asked in time, because nothing ran, has the rest of the time all the same.
        return Due(what=What.ASK, again_at=max(lapses_at, now + length * (1 - ASKED_AT)), level=1)
    return Due(what=What.LAPSE)

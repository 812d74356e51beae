"""How quickly and how well incidents are dealt with, each number with its definition. Pure.

Counted are cycles: an incident that is reopened begins another one. Drills, observations, and what was merged into
another record are left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from types import MappingProxyType

from store.incident import DismissReason, Outcome, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """For how long a cycle stood at a step."""

    step: Step
    entered_at: datetime
    left_at: datetime | None  #: None: it stands there still


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One cycle of an incident. All moments are aware UTC."""

    rule_id: str  #: "" if a person opened it
    began_at: datetime  #: it was opened or reopened
    occurred_at: datetime | None = None  #: None: of a later cycle that is not told apart
    detected_at: datetime
    notified_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    ended_at: datetime | None = None  #: None: it is open
    outcome: Outcome = Outcome.NONE
    reason: str = ""  #: why it was dismissed
    waits_for_somebody: bool = False  #: open, and nobody has acknowledged it who should
    was_reopened: bool = False  #: another cycle followed
    is_effective: bool = False  #: watches found what was done effective, and none found otherwise
    stays: tuple[Stay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How long something took. What still goes on counts with the time so far: so far at least."""

    name: str
    definition: str
    count: int
    at_least: int  #: how many of them go on
    median_seconds: float | None  #: None: there are none
    p90_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many."""

    name: str
    definition: str
    count: int
    of: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None: of nothing."""
        return self.count / self.of if self.of else None


#: What took how long: from, to (None: not yet), and whether it still goes on.
_Length = tuple[datetime | None, datetime | None, bool]
_LENGTHS: Mapping[str, tuple[str, Callable[[Case], _Length]]] = MappingProxyType(
    {
        "time_to_detect": (
            "MTTD: from the first event to the moment at which the rule fired, or a person opened it; of first cycles",
            lambda one: (one.occurred_at, one.detected_at, False),
        ),
        "time_to_notify": (
            "MTTN: from detection to the first message that was accepted",
            lambda one: (one.detected_at, one.notified_at, False),
        ),
        "time_to_acknowledge": (
            "MTTA: from the first message that was accepted to the first acknowledgement; views are not recorded",
            lambda one: (one.notified_at, one.acknowledged_at, one.waits_for_somebody),
        ),
        "time_to_resolve": (
            "MTTR: from detection to the moment at which a person said that it is over",
            lambda one: (one.detected_at, one.resolved_at, one.ended_at is None),
        ),
    }
)
STEP_DEFINITION = "from entering the step to leaving it, or to the end; each stay counts"


def lengths(cases: Sequence[Case], now: datetime) -> list[Spread]:
    """How long cycles took to be detected, told, acknowledged, resolved."""
    return [
        spread(name, definition, (length(one) for one in cases), now) for name, (definition, length) in _LENGTHS.items()
    ]


def steps(cases: Sequence[Case], now: datetime) -> list[Spread]:
    """How long cycles stood at each step."""
    found: dict[Step, list[_Length]] = defaultdict(list)
    for stay in (stay for one in cases for stay in one.stays):
        found[stay.step].append((stay.entered_at, stay.left_at, stay.left_at is None))
    return [spread(step, STEP_DEFINITION, found[step], now) for step in Step if step in found]


def spread(name: str, definition: str, measured: Iterable[_Length], now: datetime) -> Spread:
    """Median and 90th percentile by nearest rank; what lacks an end, and does not go on, is left out."""
    taken: list[float] = []
    going_on = 0
    for start, end, goes_on in measured:
        if start is None or (end is None and not goes_on):
            continue
        going_on += end is None
        taken.append(max(0.0, ((end or now) - start).total_seconds()))
    taken.sort()
    return Spread(
        name=name,
        definition=definition,
        count=len(taken),
        at_least=going_on,
        median_seconds=_ranked(taken, 0.5),
        p90_seconds=_ranked(taken, 0.9),
    )


def shares(cases: Sequence[Case]) -> list[Share]:
    """What became of cycles that ended."""
    ended = [one for one in cases if one.ended_at is not None]
    resolved = [one for one in ended if one.outcome is Outcome.RESOLVED]
    return [
        Share(
            name="reopened",
            definition="of the cycles that ended, those after which the incident was reopened",
            count=sum(one.was_reopened for one in ended),
            of=len(ended),
        ),
        Share(
            name="closed_effective",
            definition="of the cycles that were closed as resolved, those whose watches found what was done effective",
            count=sum(one.is_effective for one in resolved),
            of=len(resolved),
        ),
    ]


def false_positives(cases: Iterable[Case]) -> list[Share]:
    """By rule: of its cycles that ended, those dismissed as false positive. The worst first."""
    ended: dict[str, list[bool]] = defaultdict(list)
    for one in cases:
        if one.ended_at is not None and one.rule_id:
            is_false = one.outcome is Outcome.DISMISSED and one.reason == DismissReason.FALSE_POSITIVE
            ended[one.rule_id].append(is_false)
    definition = "of the cycles of a rule that ended, those dismissed as false_positive"
    found = [Share(name=rule, definition=definition, count=sum(of), of=len(of)) for rule, of in ended.items()]
    return sorted(found, key=lambda one: (-(one.share or 0), -one.count, one.name))


def _ranked(taken: Sequence[float], share: float) -> float | None:
    return taken[ceil(share * len(taken)) - 1] if taken else None

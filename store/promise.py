"""What a watch tests: that a rule matches no more than promised on the protected side. Pure.

The judging itself is in `store.watch`. A promise may name several rules and a scope: what is protected, never
the attacker's address, because that changes.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from rules.event import Entity
from store.steps import Unmet
from store.watch import Count, Judgement, Span, Trial, Verdict, Watch

#: Kinds of entities that are protected, and so can be a scope.
PROTECTED: Final = ("host", "account", "component", "target")
#: The engine names no more entities of one kind; a finding that names so many may be about more.
MOST_NAMED: Final = 100
#: For how long before an action its matches say how often it happened.
LOOK_BACK: Final = timedelta(days=30)
#: For how long after the fix a match reopens, unless its watch is longer.
USUAL: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=90)
#: No watch is planned for less, or for longer.
LEAST_HOURS: Final = timedelta(seconds=1) / timedelta(hours=1)
MOST_HOURS: Final = LONGEST / timedelta(hours=1)
#: A syslog stamp tells whole seconds: a line written after a moment may be stamped up to one second before it.
GRAIN: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A watch as it stands. Before ``start`` its action has no effect yet."""

    incident: int
    number: int  #: from 1 within its incident
    cycle: int
    action: int | None = None  #: number of the action that it tests; None: the record as a whole
    criterion: str  #: what is promised, in words
    rules: tuple[str, ...]
    scope: tuple[Entity, ...] = ()  #: empty: everywhere
    sources: tuple[str, ...]  #: that must be alive for silence to count
    at_most: int = 0  #: how many matches are still as promised
    hours: float
    planned_by: str  #: person id, or "tocsin"
    planned_at: datetime
    versions: dict[str, str] | None = None  #: of the rules when it began: silence of others proves nothing
    start: datetime | None = None
    until: datetime | None = None
    extended: bool = False
    trial: Trial | None = None
    judgement: Judgement | None = None
    before_matches: int | None = None
    before_hours: float | None = None
    after_matches: int | None = None
    after_hours: float | None = None
    ended_at: datetime | None = None
    accepted_by: str | None = None  #: who signed that the risk is borne
    accepted_reason: str | None = None
    accepted_at: datetime | None = None
    retired_at: datetime | None = None  #: it decides nothing any more

    @property
    def name(self) -> str:
        """What people call it within its incident."""
        return f"watch {self.number}"

    @property
    def counts(self) -> bool:
        """Whether the incident cannot be closed without it."""
        return self.retired_at is None

    @property
    def is_running(self) -> bool:
        """Whether it has begun and is not over."""
        return self.start is not None and self.ended_at is None and self.counts

    @property
    def verdict(self) -> Verdict | None:
        """What it came to; None: it is not over."""
        return self.judgement.verdict if self.judgement else None

    @property
    def before(self) -> Count:
        """What was counted before the action had effect."""
        return Count(matches=self.before_matches or 0, exposed_hours=self.before_hours or 0.0)

    @property
    def after(self) -> Count:
        """What was counted since."""
        return Count(matches=self.after_matches or 0, exposed_hours=self.after_hours or 0.0)

    @property
    def watch(self) -> Watch:
        """What is judged, once it has begun."""
        assert self.start is not None
        assert self.until is not None
        return Watch(start=self.start, until=self.until, limit=self.at_most, extended=self.extended)

    def begun(self, start: datetime, versions: dict[str, str]) -> "Promise":
        """It, running since *start*."""
        until = start + timedelta(hours=self.hours)
        return replace(self, start=start, until=until, versions=versions, extended=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A finding as a watch counts it."""

    first_seen: datetime
    last_seen: datetime
    events: int
    taken_at: datetime  #: when it was told first

    @property
    def span(self) -> Span:
        """From its first to its last event."""
        return Span(start=self.first_seen, end=self.last_seen)


def protected(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Of *entities* those that can be a scope."""
    return tuple(one for one in entities if one.kind in PROTECTED)


def is_within(scope: Collection[Entity], named: Collection[Entity]) -> bool:
    """Whether a finding that names *named* is in *scope*: of each kind in it, it names one.

    One that names as many as are told at all may name more that are not told: it is in it.
    """
    kinds = {one.kind for one in scope}
    return all(
        any(one.kind == kind and one in scope for one in named) or sum(one.kind == kind for one in named) >= MOST_NAMED
        for kind in kinds
    )


def matches_before(matches: Iterable[Match], exposed: Sequence[Span]) -> int:
    """How many events there were while it was looked; those of an episode are taken as spread evenly over it.

    Never more than there were: what is in doubt is left out.
    """
    return math.floor(sum(one.events * _share(one.span, exposed) for one in matches) + 1e-9)


def matches_since(matches: Iterable[Match], start: datetime) -> int:
    """How many events there were since *start*; of an episode that began before, one at least is."""
    return sum(_since(one, start) for one in matches)


def reopens_until(promises: Iterable[Promise]) -> datetime | None:
    """Until when a match reopens the incident that made *promises*; None: as long as is usual after the closing."""
    ends = [
        min(max(one.until, one.start + USUAL), one.start + LONGEST)
        for one in promises
        if one.counts and one.start is not None and one.until is not None
    ]
    return max(ends, default=None)


def broken_from(promises: Iterable[Promise]) -> datetime | None:
    """Since when each match breaks a promise; None: a few are allowed, or the risk is borne."""
    told = [one for one in promises if one.counts]
    if any(one.at_most or one.accepted_by or one.start is None for one in told):
        return None
    return min((one.start for one in told if one.start is not None), default=None)


def against_closing(promises: Collection[Promise]) -> Iterator[Unmet]:
    """What keeps an incident from being closed: all of its watches, each with what is to be done about it."""
    told = [one for one in promises if one.counts]
    if not told:
        yield Unmet(code="verdict_missing", says="no watch is planned: plan one", missing=("watch",))
    for one in told:
        if one.start is None:
            yield _against(one, "watch_running", "not begun: its action has no effect yet")
        elif one.judgement is None:
            yield _against(one, "watch_running", f"until {one.until:%Y-%m-%d %H:%M:%S} UTC")
        elif one.accepted_by is None and one.verdict is Verdict.INSUFFICIENT_DATA:
            yield _against(one, "verdict_missing", f"{one.judgement.sentence}; try it, or have the risk accepted")
        elif one.accepted_by is None and one.verdict is Verdict.NOT_EFFECTIVE:
            yield _against(one, "not_effective", f"{one.judgement.sentence}; rework, or have the risk accepted")


def _against(one: Promise, code: str, says: str) -> Unmet:
    return Unmet(code=code, says=f"{one.name}: {says}", missing=(one.name,))


def _since(match: Match, start: datetime) -> int:
    if match.first_seen >= start or (match.taken_at > start and match.first_seen + GRAIN > start):
        return match.events
    if match.last_seen < start:
        return 0
    later = (match.last_seen - start) / (match.last_seen - match.first_seen)
    return max(1, math.ceil(match.events * later - 1e-9))


def _share(span: Span, exposed: Sequence[Span]) -> float:
    """How much of *span* is in *exposed*, 0 to 1."""
    if span.start == span.end:
        return 1.0 if any(one.start <= span.start < one.end for one in exposed) else 0.0
    common = (min(span.end, one.end) - max(span.start, one.start) for one in exposed)
    inside = sum((one for one in common if one > timedelta()), timedelta())
    return inside / (span.end - span.start)

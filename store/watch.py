"""The watch that follows an action: for how long it could have seen a recurrence, and what its silence is worth. Pure.

A watch tests a promise on the protected side: a rule, a scope, and how many matches are still as promised. Its silence
counts only while the rule was loaded and the source alive. Whether a lower rate can be chance is asked of the Poisson
distribution: the probability of at most that many matches, had the old rate gone on.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

#: The old rate must have promised at least this many matches in the exposed hours, else silence proves nothing.
LEAST_EXPECTED: Final = 3.0
#: How improbable the new count must be under the old rate.
SIGNIFICANCE: Final = 0.05
_HOUR: Final = timedelta(hours=1)
_HOURS_PER_DAY: Final = 24.0


class Verdict(StrEnum):
    """What a watch came to. Stored and sent over the API: never rename one."""

    EFFECTIVE = "effective"  #: the old rate cannot have gone on
    EFFECTIVE_TESTED = "effective_tested"  #: too few matches before to tell; somebody tried, and it held
    INSUFFICIENT_DATA = "insufficient_data"  #: the silence proves nothing
    NOT_EFFECTIVE = "not_effective"  #: more matches than promised


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """Time from ``start`` until before ``end``, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many matches there were while it was looked."""

    matches: int
    exposed_hours: float

    @property
    def per_hour(self) -> float:
        """The rate; 0 if nobody looked."""
        return self.matches / self.exposed_hours if self.exposed_hours > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Somebody tried whether it holds."""

    by: str  #: person id
    how: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is watched, from when until when."""

    start: datetime  #: from when the action was to be effective
    until: datetime
    limit: int = 0  #: how many matches are still as promised
    extended: bool = False  #: once, by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, with its numbers and the sentence that people read."""

    verdict: Verdict
    expected: float  #: matches that the old rate would have given in the exposed hours
    p: float  #: probability of at most as many as there were, had the old rate gone on
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """It is not over yet."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """It was over and proved nothing; it goes on once."""

    watch: Watch
    because: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """It is over. Insufficient data now needs a test, or an acceptance that is signed."""

    judgement: Judgement


def exposure(window: Span, *covers: Iterable[Span]) -> tuple[Span, ...]:
    """The parts of *window* in which everything was alive that had to be.

    Args:
        covers: For the rule, and for each source that it needs, when it was alive; in any order, overlapping or not.
    """
    exposed: tuple[Span, ...] = (window,) if window.start < window.end else ()
    for cover in covers:
        exposed = _common(exposed, _joined(cover))
    return exposed


def hours(spans: Iterable[Span]) -> float:
    """How long they last together, if none overlaps another."""
    return sum(((span.end - span.start) for span in spans), timedelta()) / _HOUR


def at_most(count: int, expected: float) -> float:
    """The probability of at most *count* where *expected* is the mean of a Poisson distribution."""
    if expected <= 0:
        return 1.0 if count >= 0 else 0.0
    terms = (math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(count + 1))
    return min(1.0, math.fsum(terms))


def judge(before: Count, after: Count, *, limit: int = 0, test: Trial | None = None) -> Judgement:
    """What the matches during a watch say about the action.

    Args:
        before: Matches before the action, while rule and source were alive.
        after: Matches since it was to be effective.
        limit: How many are still as promised.
        test: Somebody tried it.
    """
    expected = before.per_hour * after.exposed_hours
    p = at_most(after.matches, expected)
    numbers = _numbers(before, after)
    if after.matches > limit:
        promised = "none was" if limit == 0 else f"at most {limit} were"
        return Judgement(
            verdict=Verdict.NOT_EFFECTIVE, expected=expected, p=p, sentence=f"{numbers}; {promised} promised"
        )
    if expected >= LEAST_EXPECTED and p <= SIGNIFICANCE:
        return Judgement(verdict=Verdict.EFFECTIVE, expected=expected, p=p, sentence=numbers)
    if test is not None:
        tried = f"{numbers}; tried by {test.by}"  # how, and with what result, may have to be redacted one day
        return Judgement(verdict=Verdict.EFFECTIVE_TESTED, expected=expected, p=p, sentence=tried)
    return Judgement(
        verdict=Verdict.INSUFFICIENT_DATA, expected=expected, p=p, sentence=f"{numbers}; {_lacking(expected)}"
    )


def look(
    watch: Watch, before: Count, after: Count, *, now: datetime, test: Trial | None = None
) -> Running | Extended | Ended:
    """Where a watch stands at *now*.

    More matches than promised end it at once. If it proved nothing by its end, it goes on once for the same time.
    """
    judgement = judge(before, after, limit=watch.limit, test=test)
    if judgement.verdict is Verdict.NOT_EFFECTIVE:
        return Ended(judgement=judgement)
    if now < watch.until:
        return Running(until=watch.until)
    if judgement.verdict is Verdict.INSUFFICIENT_DATA and not watch.extended:
        return Extended(watch=extended(watch), because=judgement)
    return Ended(judgement=judgement)


def extended(watch: Watch) -> Watch:
    """The watch, twice as long."""
    return replace(watch, until=watch.until + (watch.until - watch.start), extended=True)


def rate(count: Count) -> str:
    """The rate as people say it: "14 a day", or "1 in 720 hours" where that would be less than one a day."""
    a_day = count.per_hour * _HOURS_PER_DAY
    if a_day >= 1:
        return f"{_whole(a_day)} a day"
    return f"{count.matches} in {_whole(count.exposed_hours)} hours"


def _numbers(before: Count, after: Count) -> str:
    if not (before.exposed_hours or after.exposed_hours or after.matches):
        return "nothing could be counted"  # no rule looks for it
    return f"{rate(before)} before, {after.matches} in {_whole(after.exposed_hours)} exposed hours"


def _lacking(expected: float) -> str:
    if expected < LEAST_EXPECTED:
        return f"the old rate would have given {expected:.1f}, too few for silence to prove anything"
    return f"the old rate would have given {expected:.1f}, and the difference may be chance"


def _whole(number: float) -> str:
    """Without digits that say nothing."""
    if number < 0.1:
        return f"{number:.4f}".rstrip("0").removesuffix(".")
    return f"{number:.1f}".removesuffix(".0") if number < 10 else f"{number:.0f}"


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same time, in order, without overlaps."""
    joined: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if joined and span.start <= joined[-1].end:
            joined[-1] = replace(joined[-1], end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def _common(some: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """What both cover; each in order and without overlaps."""
    common: list[Span] = []
    first = second = 0
    while first < len(some) and second < len(others):
        one, other = some[first], others[second]
        start, end = max(one.start, other.start), min(one.end, other.end)
        if start < end:
            common.append(Span(start=start, end=end))
        if one.end < other.end:
            first += 1
        else:
            second += 1
    return tuple(common)

"""What a window is measured by, and what makes it qualify."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rules.amounts import COMPARE
from rules.correlation.item import Item
from rules.sigma.model import Pattern


class Measure(StrEnum):
    """What a condition compares."""

    EVENTS = "events"  #: how many observations
    VALUES = "values"  #: how many different values
    PATTERN = "pattern"  #: whether given values are there, or stand one after the other, and others are not there
    SUM = "sum"  #: the sum of the values; only numbers of 0 or more are observed
    AVERAGE = "average"  #: their arithmetic mean
    PERCENTILE = "percentile"  #: the value below which so many per cent of them are, between neighbours in proportion


# To ask the enum for a member takes as long as much of the rest, and it is asked for every observation.
EVENTS: Final = Measure.EVENTS
VALUES: Final = Measure.VALUES
PATTERN: Final = Measure.PATTERN
SUM: Final = Measure.SUM
GROWING: Final = frozenset({EVENTS, VALUES, SUM})  #: further observations never make them less
NUMERIC: Final = frozenset({SUM, Measure.AVERAGE, Measure.PERCENTILE})
COUNTING: Final = frozenset({EVENTS, VALUES})  #: in whole observations


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What makes a window qualify."""

    measure: Measure
    span: int  #: microseconds
    bounds: tuple[tuple[str, int], ...] = ()  #: (operator, number); NUMERIC: billionths; all must hold
    patterns: tuple[Pattern, ...] = ()  #: PATTERN: one of them is enough
    in_order: bool = False  #: PATTERN: what is wanted must stand one after the other, in events of their own
    percentile: Fraction = Fraction(50)
    max_held: int = 10_000  #: observations
    is_counted: bool = False  #: other correlations count the matches
    eager: bool = field(init=False)  #: more observations can only make it truer
    least: int = field(init=False)  #: eager: what the measure must reach at least
    alphabet: frozenset[str] = field(init=False)  #: PATTERN: all values that it asks about

    def __post_init__(self) -> None:
        least = [number + (op == "gt") for op, number in self.bounds if op in ("gte", "gt")]
        if self.measure is PATTERN:
            eager = not any(one.unwanted for one in self.patterns)
        else:
            eager = self.measure in GROWING and len(least) == len(self.bounds)
        object.__setattr__(self, "eager", eager)
        object.__setattr__(self, "least", max([0 if self.measure is SUM else 1, *least]))
        values = {value for one in self.patterns for value in (*one.wanted, *one.unwanted)}
        object.__setattr__(self, "alphabet", frozenset(values))

    def holds(self, items: Sequence[Item]) -> bool:
        """Whether a window with these observations (at least one), in order of time, qualifies."""
        if self.measure is PATTERN:
            return any(_stands(one, items, in_order=self.in_order) for one in self.patterns)
        amount = amount_of(self, items)
        return all(COMPARE[op](amount, number) for op, number in self.bounds)


def amount_of(condition: Condition, items: Sequence[Item]) -> int | Fraction:
    """What the observations of a window amount to; NUMERIC: in billionths; not for PATTERN."""
    measure = condition.measure
    if measure is EVENTS:
        return sum(item.weight for item in items)
    if measure is VALUES:
        return len({item.value for item in items})
    if measure is Measure.PERCENTILE:
        return _percentile(items, condition.percentile)
    total = sum(int(item.value) * item.weight for item in items)
    return total if measure is SUM else Fraction(total, sum(item.weight for item in items))


def _percentile(items: Sequence[Item], percentile: Fraction) -> Fraction:
    """Between the two nearest ranks in proportion (as PERCENTILE_CONT of SQL does), so that 50 is the median."""
    ordered = sorted((int(item.value), item.weight) for item in items)
    rank = percentile / 100 * (sum(weight for _, weight in ordered) - 1)
    low = int(rank)
    lower, upper = _at(ordered, low), _at(ordered, low + 1)
    return lower + (upper - lower) * (rank - low)


def _at(ordered: Sequence[tuple[int, int]], rank: int) -> int:
    """The value with so many before it, each as often as its weight says; beyond the end, the last."""
    passed = 0
    for value, weight in ordered:
        passed += weight
        if passed > rank:
            return value
    return ordered[-1][0]


def _stands(one: Pattern, items: Sequence[Item], *, in_order: bool) -> bool:
    if one.unwanted or not in_order:
        there = {item.value for item in items}
        if not one.unwanted.isdisjoint(there) or not there.issuperset(one.wanted):
            return False
    return not in_order or steps(one.wanted, items) == len(one.wanted)


def steps(wanted: Sequence[str], items: Sequence[Item]) -> int:
    """How many of *wanted*, from the first on, stand one after the other, in events of their own."""
    found, moved = 0, False
    for item in items:
        if item.weight:  # an item without weight is of the event of the one before: no event comes after itself
            moved = False
        if not moved and item.value == wanted[found]:
            found, moved = found + 1, True
            if found == len(wanted):
                break
    return found

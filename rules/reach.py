"""How far back one must look from the newest observation to see what a condition asks for.

For conditions that only become truer: the window that ends with an observation qualifies if it begins no later than
that. Each measure has one small class that is fed in order of time.
"""

from collections import deque
from dataclasses import dataclass, field

from rules.group import Item, Reach
from rules.measure import EVENTS, PATTERN, VALUES, Condition
from rules.sigma.model import Pattern


def reach_of(condition: Condition) -> Reach:
    """The class for the measure of an eager condition."""
    if condition.measure is PATTERN:
        return _InOrder(condition.patterns) if condition.in_order else _Together(condition.patterns)
    if condition.measure is VALUES:
        return _Values(condition.least)
    return _Total(condition.least, is_count=condition.measure is EVENTS)


@dataclass(slots=True)
class _Total:
    """At least so many events, or so much in all, of numbers that are never negative."""

    least: int
    is_count: bool
    total: int = 0
    held: deque[tuple[int, int]] = field(default_factory=deque)

    def add(self, time: int, item: Item) -> None:
        amount = item.weight if self.is_count else int(item.value) * item.weight
        self.held.append((time, amount))
        self.total += amount
        while len(self.held) > 1 and self.total - self.held[0][1] >= self.least:
            self.total -= self.held.popleft()[1]

    @property
    def since(self) -> int | None:
        return self.held[0][0] if self.total >= self.least else None


@dataclass(slots=True)
class _Values:
    """At least so many different values."""

    least: int
    newest: dict[str, int] = field(default_factory=dict)  #: value -> last time, oldest first

    def add(self, time: int, item: Item) -> None:
        self.newest.pop(item.value, None)
        self.newest[item.value] = time
        if len(self.newest) > self.least:
            del self.newest[next(iter(self.newest))]

    @property
    def since(self) -> int | None:
        return next(iter(self.newest.values())) if len(self.newest) == self.least else None


@dataclass(slots=True)
class _Together:
    """All values of one of the patterns, in any order."""

    patterns: tuple[Pattern, ...]
    newest: dict[str, int] = field(default_factory=dict)

    def add(self, time: int, item: Item) -> None:
        self.newest[item.value] = time

    @property
    def since(self) -> int | None:
        return together_since(self.newest, self.patterns)


class _InOrder:
    """All values of one of the patterns, one after the other, in events of their own."""

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        #: of each pattern, for each beginning of it, the latest moment at which one begins that is complete
        self.chains: list[tuple[tuple[str, ...], list[int | None]]] = [
            (one.wanted, [None] * len(one.wanted)) for one in patterns
        ]
        self.before = [list(chain) for _, chain in self.chains]  #: the same, without the newest event

    def add(self, time: int, item: Item) -> None:
        if item.weight:  # else it is of the event of the item before: no event comes after itself
            self.before = [list(chain) for _, chain in self.chains]
        for (wanted, chain), before in zip(self.chains, self.before, strict=True):
            if item.value in wanted:
                place = wanted.index(item.value)
                chain[place] = time if place == 0 else before[place - 1]

    @property
    def since(self) -> int | None:
        return max((chain[-1] for _, chain in self.chains if chain[-1] is not None), default=None)


def together_since(newest: dict[str, int], patterns: tuple[Pattern, ...]) -> int | None:
    """The latest moment from which on all values of one of the patterns are there."""
    found = [min(newest[value] for value in one.wanted) for one in patterns if newest.keys() >= set(one.wanted)]
    return max(found, default=None)

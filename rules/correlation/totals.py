"""What observations amount to in all, up to each of them: to know what a window holds without walking through it."""

from collections.abc import Iterable
from itertools import accumulate

from rules.correlation.item import Item
from rules.correlation.measure import EVENTS, Condition


def amount_of(item: Item, condition: Condition) -> int:
    """What one observation counts for in EVENTS or SUM (billionths)."""
    return item.weight if condition.measure is EVENTS else int(item.value) * item.weight


class Totals:
    """Of the items of one group, in order of time."""

    def __init__(self, amounts: Iterable[int]) -> None:
        self._upto = [0, *accumulate(amounts)]  #: [n]: the first n observations together

    def add(self, at: int, amount: int) -> None:
        """One more observation, at index *at*."""
        upto = self._upto
        upto[at + 1 :] = [total + amount for total in upto[at:]]

    def between(self, start: int, stop: int) -> int:
        """The observations from index *start* to before *stop* together."""
        return self._upto[stop] - self._upto[start]

"""Where each value stands in time: what decides about a moment without walking through all that is held.

Of all windows that hold a moment, a value is in those that reach back to the last time it was there, or on to the next
one. So for each value these two are enough, however often it was there.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence

from rules.correlation.item import Item
from rules.correlation.measure import PATTERN, Condition
from rules.sigma.model import Pattern

Place = tuple[int, int]  #: time, microseconds, and the number of the event among those of one time


class Places:
    """The places of the values of one group. An eager condition about VALUES or a PATTERN asks it.

    Args:
        condition: Values that it does not ask about are left out.
        times: Of the items, microseconds.
        items: What is held, in order; one without weight is of the event of the one before.
    """

    def __init__(self, condition: Condition, times: Sequence[int], items: Sequence[Item]) -> None:
        self._condition = condition
        self._of: dict[str, list[Place]] = {}
        self._events = 0
        self._latest: dict[int, int] = {}  #: time -> number of its latest event
        for time, item in zip(times, items, strict=True):
            self.add(time, item)

    def add(self, time: int, item: Item) -> None:
        """One more observation; of those of one time, the latest."""
        if item.weight or time not in self._latest:  # else it is of an event that was added before, maybe long before
            self._latest[time] = self._events = self._events + 1
        condition = self._condition
        if condition.measure is not PATTERN or item.value in condition.alphabet:
            insort(self._of.setdefault(item.value, []), (time, self._latest[time]))

    def ends(self, time: int) -> list[tuple[int, int]]:
        """From when until when, both included, windows can end that hold *time* and qualify, in any order.

        At the beginning of each there is an observation; at the end there need not be one.
        """
        if self._condition.in_order:
            return [ends for one in self._condition.patterns for ends in self._chained(one, time)]
        return list(self._sweep(time))

    def _sweep(self, time: int) -> Iterator[tuple[int, int]]:
        """From when until when windows can end that have enough values in them."""
        end, enough = time + self._condition.span, self._enough
        there, turns = self._turns(time)
        since = time if enough(there) else None
        for moment in sorted(turns):
            if moment > end:
                break
            comes, goes = turns[moment]
            there |= comes
            there -= goes
            if since is None and enough(there):
                since = moment
            elif since is not None and not enough(there):
                yield since, moment - 1
                since = None
        if since is not None:
            yield since, end

    def _turns(self, time: int) -> tuple[set[str], dict[int, tuple[set[str], set[str]]]]:
        """The values in the window that ends now, and when which come and go as its end moves on."""
        span = self._condition.span
        there: set[str] = set()
        turns: dict[int, tuple[set[str], set[str]]] = {}
        for value, places in self._of.items():
            at = bisect_right(places, (time, self._events))
            until = places[at - 1][0] + span if at else time - 1
            comes = places[at][0] if at < len(places) else None
            if until >= time:
                there.add(value)
                if comes is None or comes > until + 1:
                    turns.setdefault(until + 1, (set(), set()))[1].add(value)
            if comes is not None and (until < time or comes > until + 1):
                turns.setdefault(comes, (set(), set()))[0].add(value)
        return there, turns

    @property
    def _enough(self) -> Callable[[set[str]], bool]:
        condition = self._condition
        if condition.measure is PATTERN:
            return lambda there: any(there.issuperset(one.wanted) for one in condition.patterns)
        return lambda there: len(there) >= condition.least

    def _chained(self, pattern: Pattern, time: int) -> Iterator[tuple[int, int]]:
        """The same for values one after the other: so many of them up to now, the others later."""
        span, wanted = self._condition.span, pattern.wanted
        for cut in range(len(wanted) + 1):
            begin, end = self._begin(wanted[:cut], time), self._end(wanted[cut:], time)
            if begin is not None and end is not None and end <= min(begin, time) + span:
                yield end, min(begin, time) + span

    def _begin(self, wanted: Sequence[str], time: int) -> int | None:
        """When the latest chain of these values begins that is over at *time*."""
        place = (time, self._events + 1)
        for value in reversed(wanted):
            places = self._of.get(value, [])
            at = bisect_left(places, place)
            if not at:
                return None
            place = places[at - 1]
        return place[0]

    def _end(self, wanted: Sequence[str], time: int) -> int | None:
        """When the earliest chain of these values is over that begins after *time*; *time* if none are asked for."""
        place = (time, self._events + 1)
        for value in wanted:
            places = self._of.get(value, [])
            at = bisect_right(places, place)
            if at == len(places):
                return None
            place = places[at]
        return place[0]

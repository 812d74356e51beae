"""The events of one group that are no matches yet: for correlations whose matches are counted by others.

A line that comes late may make matches of events that came before it; in a dense row of events nearly all are matches
already, so that what is left is soon looked through.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

import msgspec

from rules.correlation.item import Item


class Pending:
    """In order of time.

    Args:
        times: Of the items, microseconds.
        items: What is held, in order; one without weight is of the event of the one before.
    """

    def __init__(self, times: Sequence[int], items: Sequence[Item]) -> None:
        self._entries: list[tuple[int, int, list[Item]]] = []  #: time, number among those of one time, its items
        self._events = 0
        self._latest: dict[int, list[Item]] = {}  #: time -> the items of its latest event
        for time, item in zip(times, items, strict=True):
            self.add(time, item)
        self._entries = [entry for entry in self._entries if all(item.onward is not None for item in entry[2])]

    def add(self, time: int, item: Item) -> None:
        """One more observation; of those of one time, the latest."""
        if not item.weight and time in self._latest:  # it is of an event that was added before, maybe long before
            self._latest[time].append(item)
            return
        self._events += 1
        self._latest[time] = [item]
        entry = (time, self._events, self._latest[time])
        self._entries.insert(bisect_right(self._entries, (time, self._events)), entry)

    def take(self, first: int, last: int, end: Callable[[int], bool]) -> Iterator[tuple[int, Item]]:
        """The events from *first* to *last* with whose moments windows *end* that qualify; they are matches now."""
        start, stop = bisect_left(self._entries, (first,)), bisect_left(self._entries, (last + 1,))
        left = []
        for entry in self._entries[start:stop]:
            time, _, items = entry
            if not end(time):
                left.append(entry)
                continue
            yield time, msgspec.structs.replace(items[0])
            for item in items:
                item.onward = None
        self._entries[start:stop] = left

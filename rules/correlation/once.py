"""What events were counted for, so that each is counted once, by whatever way and however late it comes there.

Only of rules that count matches of correlations: an event may come to these again when a later line has made it a
match. It is known by its time and the position of its line.
"""

from collections import OrderedDict
from collections.abc import Iterable

Place = tuple[str, ...]  #: rule, group, and what of the event was counted there
Counted = tuple[int, str, list[Place] | None]  #: time, position and places of one event, as saved; None: forgotten


class Once:
    """The places where the latest such events were counted.

    Args:
        most: So many events are remembered.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: OrderedDict[tuple[int, str], dict[Place, None]] = OrderedDict()  #: the oldest first
        self._changed: dict[tuple[int, str], None] = {}

    def of(self, time: int, position: str) -> dict[Place, None]:
        """The places of an event, to look into and to add to."""
        event = (time, position)
        places = self._places.get(event)
        if places is None:
            places = self._places[event] = {}
            if len(self._places) > self._most:
                self.forget(*next(iter(self._places)))
        self._changed[event] = None
        return places

    def forget(self, time: int, position: str) -> None:
        """The event will not come again."""
        if self._places.pop((time, position), None) is not None:
            self._changed[time, position] = None

    def expire(self, before: int) -> None:
        """Forget the oldest events as far as they happened before that moment, microseconds."""
        while self._places and next(iter(self._places))[0] < before:
            self.forget(*next(iter(self._places)))

    def dump(self, *, whole: bool) -> list[Counted]:
        """All of it, or what changed since the last time."""
        if whole:
            return [(*event, list(places)) for event, places in self._places.items()]
        changed, self._changed = self._changed, {}
        return [(*event, list(self._places[event]) if event in self._places else None) for event in changed]

    def load(self, saved: Iterable[Counted]) -> None:
        """Take over what ``dump`` gave."""
        for time, position, places in saved:
            if places is None:
                self._places.pop((time, position), None)
            else:
                self._places[time, position] = dict.fromkeys(places)

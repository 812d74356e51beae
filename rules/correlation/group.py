"""What is held of one group of a rule: its observations, in order of time, and the episodes that they made."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from rules.correlation.item import Item, bytes_of, text_bytes
from rules.correlation.measure import Condition
from rules.correlation.pending import Pending
from rules.correlation.places import Places
from rules.correlation.totals import Totals, amount_of

GROUP_BYTES: Final = 1000  #: measured with lines of sshd
ENTITY_BYTES: Final = 150
ROOMY: Final = 16  #: observations that are held before it is worth looking what can go


class Episode(msgspec.Struct, array_like=True):
    """What became a finding."""

    id: str
    number: int  #: counts up in the order in which episodes of one rule open
    first: int  #: event times, microseconds
    last: int
    events: int = 0
    success: bool = False
    history: bool = True  #: everything so far was found while looking back
    approximate: bool = False
    entities: dict[str, dict[str, None]] = {}  #: kind -> values, in order of appearance
    since: int | None = None  #: the earliest line of the matches that are counted, if these have several

    @property
    def first_seen(self) -> int:
        """The time of the earliest line, microseconds."""
        return self.first if self.since is None else min(self.first, self.since)

    def begin(self, since: int | None) -> None:
        """Take note of a match whose earliest line is of that time."""
        if since is not None and (self.since is None or since < self.since):
            self.since = since


class Group(msgspec.Struct):
    """All that is held of one rule's observations with the same group values. Its lists are in order of time."""

    times: list[int] = []
    items: list[Item] = []
    episodes: list[Episode] = []
    heavy: int = 0  #: how many of the items weigh more than 1
    #: VALUES and PATTERN, where eager: value -> last time, oldest first; VALUES: no more than decide
    newest: dict[str, int] = {}
    roomy: int = ROOMY  #: compact when more items than this are held
    settled: int | None = None  #: not eager: windows that end before this have been judged
    approximate: bool = False  #: something was forgotten that might have counted
    places: Places | None = None  #: of the items, once they were asked for; not saved
    totals: Totals | None = None  #: the same
    pending: Pending | None = None  #: the same
    bytes: int = GROUP_BYTES  #: what it takes of memory, about
    saved: int = 0  #: so many items, from the first on, are as they were when the group was saved last

    def add(self, at: int, time: int, item: Item, condition: Condition) -> None:
        """Put an observation at index *at*; *condition* is the one of this group, here and below."""
        self.times.insert(at, time)
        self.items.insert(at, item)
        self.heavy += item.weight > 1
        self.bytes += bytes_of(item)
        if self.places is not None:
            self.places.add(time, item)
        if self.pending is not None:
            self.pending.add(time, item)
        if self.totals is not None:
            self.totals.add(at, amount_of(item, condition))
        self.touch(at)

    def keep(self, indexes: Sequence[int]) -> None:
        """Let go of all items but these."""
        if len(indexes) == len(self.times):
            return
        self.touch(next((at for at, index in enumerate(indexes) if at != index), len(indexes)))
        self.times = [self.times[index] for index in indexes]
        self.items = [self.items[index] for index in indexes]
        self.heavy = sum(item.weight > 1 for item in self.items)
        self.bytes = _bytes_of(self.items, self.episodes)
        self.places = self.totals = self.pending = None

    def places_of(self, condition: Condition) -> Places:
        """Where the values stand that the condition asks about."""
        if self.places is None:
            self.places = Places(condition, self.times, self.items)
        return self.places

    def totals_of(self, condition: Condition) -> Totals:
        """What the observations amount to, as the condition counts them."""
        if self.totals is None:
            self.totals = Totals(amount_of(item, condition) for item in self.items)
        return self.totals

    def matches(self, at: int, last: int, ends: Callable[[int], bool]) -> list[tuple[int, Item]]:
        """The events that have not been matches before and are now.

        Args:
            at: The index of the item that came last; from its moment on they are looked for.
            last: The last such moment.
            ends: Whether a window that qualifies ends with the observations of a moment.
        """
        if self.pending is None:
            self.pending = Pending(self.times, self.items)
        found = list(self.pending.take(self.times[at], last, ends))
        if found:
            self.touch(bisect_left(self.times, found[0][0]))
        return found

    def let_go(self, index: int) -> None:
        """Forget the lines of the item at this index."""
        item = self.items[index]
        self.bytes -= text_bytes(item)
        item.evidence = ()
        self.touch(index)

    def touch(self, index: int) -> None:
        """The item at this index is new, changed or gone: it is to be saved, and all after it."""
        if index < self.saved:
            self.saved = index

    def unsaved(self) -> "GroupState":
        """What changed since this was last asked; the lists grow at their ends, so that it is little."""
        state = self._from(self.saved)
        self.saved = len(self.items)
        return state

    def whole(self) -> "GroupState":
        """All of it."""
        return self._from(0)

    def _from(self, kept: int) -> "GroupState":
        return GroupState(
            kept,
            self.times[kept:],
            self.items[kept:],
            self.episodes,
            self.heavy,
            self.newest,
            self.roomy,
            self.settled,
            self.approximate,
        )


class GroupState(msgspec.Struct, array_like=True):
    """What is saved of a group: what it held before, up to some item, and what follows.

    Applied in the order in which they were made, any of the last ones a second time, such states lead to the same
    group: what one of them keeps is what all after it keep, or is replaced by one of these.
    """

    kept: int  #: so many items of those before stay
    times: list[int]
    items: list[Item]
    episodes: list[Episode]
    heavy: int
    newest: dict[str, int]
    roomy: int
    settled: int | None
    approximate: bool

    def after(self, before: Group | None) -> Group:
        """The group as it was when this was saved; *before*: as the states before have made it, used up."""
        times, items = ([], []) if before is None else (before.times[: self.kept], before.items[: self.kept])
        times += self.times
        items += self.items
        return Group(
            times,
            items,
            self.episodes,
            self.heavy,
            self.newest,
            self.roomy,
            self.settled,
            self.approximate,
            bytes=_bytes_of(items, self.episodes),
            saved=len(items),
        )


class Change(msgspec.Struct):
    """What one observation, or the passing of time, made of an episode."""

    episode: Episode
    opened: bool
    fresh: list[Item]  #: the observations that became members, in order of time
    merged: list[Episode]  #: younger episodes that this one has taken in
    #: (time, observation) of those that became matches, for other correlations to count, in order of time
    matches: list[tuple[int, Item]] = []


def names_bytes(episodes: Iterable[Episode]) -> int:
    """What it takes of memory, about, to remember who these are about."""
    names = (value for episode in episodes for values in episode.entities.values() for value in values)
    return sum(ENTITY_BYTES + len(name) for name in names)


def _bytes_of(items: Sequence[Item], episodes: Sequence[Episode]) -> int:
    return GROUP_BYTES + sum(map(bytes_of, items)) + names_bytes(episodes)

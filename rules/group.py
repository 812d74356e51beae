"""What is held of one group of a rule: its observations, in order of time, and the episodes that they made."""

from typing import Final, Protocol

import msgspec

from rules.finding import Evidence

ROOMY: Final = 16  #: observations that are held before it is worth looking what can go


class Onward(msgspec.Struct, array_like=True, gc=False):
    """What correlations further on need of an event that is counted, until it is passed on to them as a match."""

    values: dict[str, str]  #: field -> value
    position: str  #: the line's
    refused: tuple[str, ...] = ()  #: ids of correlations whose filters keep the event out
    counted: dict[tuple[str, ...], None] = {}  #: as of rules.passage


class Item(msgspec.Struct, array_like=True, gc=False):
    """One observation, as much of it as is needed later."""

    weight: int = 1  #: how many observations the line stands for; 0: it is of the event of the item before
    value: str = ""  #: what is compared; numbers as whole billionths
    entities: tuple[tuple[str, str], ...] = ()  #: (kind, value)
    success: bool = False
    position: str = ""  #: only where a window that begins here may open an episode later: the line's position
    evidence: tuple[Evidence, ...] = ()  #: until it is told
    since: int | None = None  #: of a match of a correlation: the time of its earliest line
    onward: Onward | None = None  #: where other correlations count the matches: until this event is one


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


class Reach(Protocol):
    """The latest moment from which on what was added fulfils a condition."""

    def add(self, time: int, item: Item) -> None:
        """One more observation, no older than the last."""

    @property
    def since(self) -> int | None:
        """That moment, microseconds; None if all together do not fulfil it."""


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
    saved: int = 0  #: so many items, from the first on, are as they were when the group was saved last
    #: not saved: what the items have come to, where that is not asked of all of them with each; None: to be made anew
    reach: Reach | None = None

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

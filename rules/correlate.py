"""Windows and episodes of one group: pure arithmetic on event times, in whole microseconds.

A *window* is [t, t + span], both ends included. It qualifies if the observations in it fulfil the condition. An
*episode* is the connected union of qualifying windows: two of them belong together if they share an observation. So
the members of an episode are all observations from its first to its last, whichever windows made it.

Conditions that can only become truer (at least n events, values, or so much in all; given values, in order or not)
are judged as each observation is put in its place in time: a late one counts in every window that is held. The others
(fewer than n, exactly n, a mean, without a given value, ...) are judged when the watermark has passed a window's end;
only windows that begin at an observation are asked, so that silence is never a finding.

What is held is bounded, see rules/compact.py.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from rules.group import Change, Episode, Group, Item
from rules.measure import EVENTS, PATTERN, VALUES, Condition
from rules.reach import reach_of, together_since

EVIDENCE_EDGE: Final = 20  #: of what waits, the texts of the first and of the last so many are kept

Name = Callable[[str], tuple[str, int]]
"""Gives a new episode its id (from the position of the line that opens it) and its number."""


def insert(group: Group, condition: Condition, time: int, item: Item, name: Name, position: str) -> Change | None:
    """Put one observation in its place and say what it changed.

    Args:
        group: Changed in place.
        condition: The same for every call with this group.
        time: When it happened, microseconds.
        item: The observation.
        name: Called if an episode opens.
        position: Of the line being read: what opens an episode gives it its name.
    """
    times = group.times
    at = len(times) if not times or time >= times[-1] else bisect_right(times, time)
    times.insert(at, time)
    group.items.insert(at, item)
    group.touch(at)
    group.heavy += item.weight > 1
    if at < len(times) - 1:
        group.reach = None
    if condition.eager and condition.measure in (VALUES, PATTERN):
        _remember(group, condition, time, item.value)
    if at >= 2 * EVIDENCE_EDGE:
        group.items[at - EVIDENCE_EDGE].evidence = ()
        group.touch(at - EVIDENCE_EDGE)
    if not condition.eager:
        return _absorb(group, None, at, name, position)  # late for its own window, it may stand in others
    ends = _ends(group, condition, at)
    first = bisect_left(times, times[ends[0]] - condition.span) if ends else at
    change = _absorb(group, (times[first], times[ends[-1]]) if ends else None, at, name, position)
    if change is not None and condition.is_counted:
        change.matches = list(_matches(group, ends))
    return change


def settle(group: Group, condition: Condition, watermark: int, name: Name) -> Iterator[Change]:
    """Judge the windows that have ended before *watermark*: for conditions that more observations may make false."""
    settled = group.settled
    if settled is not None and settled >= watermark:
        return
    group.settled = watermark
    start = 0 if settled is None else bisect_left(group.times, settled - condition.span)
    for at in range(start, bisect_left(group.times, watermark - condition.span)):
        change = _absorb(group, _judged(group, condition, at), None, name, group.items[at].position)
        if change is not None:
            yield change


def next_due(group: Group, condition: Condition) -> int | None:
    """When the next window ends that has not been judged; None if there is none."""
    start = 0 if group.settled is None else bisect_left(group.times, group.settled - condition.span)
    return group.times[start] + condition.span if start < len(group.times) else None


def _remember(group: Group, condition: Condition, time: int, value: str) -> None:
    """Keep ``newest`` in order: with the newest n values one knows whether a window that ends now holds n."""
    newest = group.newest
    known = newest.get(value)
    if known is not None and known > time:
        return
    newest.pop(value, None)
    late = bool(newest) and time < next(reversed(newest.values()))
    newest[value] = time
    if late:
        group.newest = newest = dict(sorted(newest.items(), key=lambda pair: pair[1]))
    if condition.measure is VALUES and len(newest) > condition.least:
        del newest[next(iter(newest))]


def _ends(group: Group, condition: Condition, at: int) -> list[int]:
    """Where the qualifying windows end that hold the observation at index *at*; all of them together are one union.

    It is enough to ask the windows that end at an observation: every other holds no more than one of these.
    """
    times, span = group.times, condition.span
    low = bisect_left(times, times[at] - span)
    if at == len(times) - 1:  # the newest: only the window that ends with it
        return [at] if _newest_qualifies(group, condition, low) else []
    stop = bisect_right(times, times[at] + span)
    if condition.measure is EVENTS and not group.heavy:
        return _ends_of_counts(times, condition, at, stop)
    reach, found = reach_of(condition), []
    for end in range(low, stop):
        reach.add(times[end], group.items[end])
        since = reach.since
        if end >= at and since is not None and since >= times[end] - span:
            found.append(end)
    return found


def _ends_of_counts(times: list[int], condition: Condition, at: int, stop: int) -> list[int]:
    """The same for counts, without walking through what is held; only the first and the last if that is enough."""
    least, span = condition.least, condition.span

    def qualifies(end: int) -> bool:
        return end + 1 >= least and times[end + 1 - least] >= times[end] - span

    if condition.is_counted:
        return [end for end in range(at, stop) if qualifies(end)]
    first = next(filter(qualifies, range(at, stop)), None)
    return [] if first is None else [first, next(filter(qualifies, range(stop - 1, at - 1, -1)))]


def _matches(group: Group, ends: list[int]) -> Iterator[tuple[int, Item]]:
    """The events at *ends* that have not been matches before; whatever the order of reading, it is the same events.

    What an event is that counts for several rules (the items of no weight are of the event of the one before) is one.
    """
    items = group.items
    for end in ends:
        first = last = end
        while first and not items[first].weight:
            first -= 1
        while last + 1 < len(items) and not items[last + 1].weight:
            last += 1
        each = items[first : last + 1]
        if all(item.onward is not None for item in each):
            yield group.times[end], msgspec.structs.replace(items[end])
            group.touch(first)
            for item in each:
                item.onward = None


def _newest_qualifies(group: Group, condition: Condition, low: int) -> bool:
    """Whether the window that ends with the newest observation does; it begins with the one at index *low*."""
    times, least = group.times, condition.least
    since = times[-1] - condition.span
    if condition.measure is EVENTS and not group.heavy:
        return len(times) >= least and times[-least] >= since
    if condition.measure is VALUES:
        return len(group.newest) >= least and next(iter(group.newest.values())) >= since
    if condition.measure is PATTERN and not condition.in_order:
        together = together_since(group.newest, condition.patterns)
        return together is not None and together >= since
    start = len(times) - 1
    if group.reach is None:  # made once, and then told what is new: to walk through a window with each is quadratic
        group.reach, start = reach_of(condition), low
    for index in range(start, len(times)):
        group.reach.add(times[index], group.items[index])
    return group.reach.since is not None and group.reach.since >= since


def _judged(group: Group, condition: Condition, at: int) -> tuple[int, int] | None:
    """The window that begins at index *at*, if it qualifies."""
    times = group.times
    start, stop = bisect_left(times, times[at]), bisect_right(times, times[at] + condition.span)
    return (times[start], times[stop - 1]) if condition.holds(group.items[start:stop]) else None


def _absorb(group: Group, union: tuple[int, int] | None, at: int | None, name: Name, position: str) -> Change | None:
    """Make an episode of *union* and all episodes that it touches; count the observation at *at* if one holds it."""
    times, episodes = group.times, group.episodes
    first, last = union if union is not None else (times[at or 0], times[at or 0])
    touched = [episode for episode in episodes if episode.first <= last and episode.last >= first]
    if union is None and (at is None or not touched):
        return None
    fresh = _outside(group, touched, first, last)
    if at is not None:
        time = times[at]
        for episode in touched:
            if episode.first <= time <= episode.last:
                fresh.append(group.items[at])
                break
    if not fresh and len(touched) == 1:
        return None
    episode = touched[0] if touched else _open(group, first, last, name, position)
    merged: list[Episode] = []
    if len(touched) > 1:
        episode, *merged = sorted(touched, key=lambda other: other.number)
        _merge(group, episode, merged)
    if first < episode.first:
        episode.first = first
    if last > episode.last:
        episode.last = last
    for item in fresh:
        episode.events += item.weight
        episode.success |= item.success
        if item.since is not None:
            episode.begin(item.since)
    episode.approximate |= group.approximate
    return Change(episode, not touched, fresh, merged)


def _open(group: Group, first: int, last: int, name: Name, position: str) -> Episode:
    identity, number = name(position)
    episode = Episode(identity, number, first, last, approximate=group.approximate)
    group.episodes.append(episode)
    group.episodes.sort(key=lambda other: other.first)
    return episode


def _merge(group: Group, episode: Episode, merged: list[Episode]) -> None:
    """Make *episode* one with those that opened after it."""
    gone = {other.number for other in merged}
    group.episodes = [other for other in group.episodes if other.number not in gone]
    for other in merged:
        episode.first = min(episode.first, other.first)
        episode.last = max(episode.last, other.last)
        episode.events += other.events
        episode.success |= other.success
        episode.begin(other.since)
        episode.history &= other.history
        episode.approximate |= other.approximate
        for kind, values in other.entities.items():
            episode.entities.setdefault(kind, {}).update(values)
    group.episodes.sort(key=lambda other: other.first)


def _outside(group: Group, episodes: list[Episode], first: int, last: int) -> list[Item]:
    """The items from *first* to *last* that no episode holds yet."""
    fresh: list[Item] = []
    times, low = group.times, bisect_left(group.times, first)
    for episode in episodes:  # in order of time, and apart from each other
        fresh += _taken(group, low, bisect_left(times, episode.first))
        low = max(low, bisect_right(times, episode.last))
    return fresh + _taken(group, low, bisect_right(times, last))


def _taken(group: Group, low: int, stop: int) -> list[Item]:
    """These items become members: their lines are told, and held no longer."""
    if low < stop:
        group.touch(low)
    return group.items[low:stop]

"""Windows and episodes of one group: pure arithmetic on event times, in whole microseconds.

A *window* is [t, t + span], both ends included. It qualifies if the observations in it fulfil the condition. An
*episode* is the connected union of qualifying windows: two of them belong together if they share an observation. So
the members of an episode are all observations from its first to its last, whichever windows made it.

Conditions that can only become truer (at least n events, values, or so much in all; given values, in order or not)
are judged as each observation is put in its place in time: a late one counts in every window that is held. The others
(fewer than n, exactly n, a mean, without a given value, ...) are judged when the watermark has passed a window's end;
only windows that begin at an observation are asked, so that silence is never a finding.

What is held is bounded, see rules/correlation/compact.py.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from rules.correlation.group import Change, Episode, Group, names_bytes
from rules.correlation.item import Item
from rules.correlation.measure import EVENTS, PATTERN, SUM, VALUES, Condition
from rules.sigma.model import Pattern

EVIDENCE_EDGE: Final = 20  #: of what waits, the texts of the first and of the last so many are kept


class Found(NamedTuple):
    """The windows that qualify and hold an observation."""

    union: tuple[int, int]  #: when the first observation of the first one was, and the last of the last one
    ends: Callable[[int], bool]  #: whether one of them ends with the observations of a moment


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
    group.add(at, time, item, condition)
    if condition.eager and condition.measure in (VALUES, PATTERN):
        _remember(group, condition, time, item.value)
    if at >= 2 * EVIDENCE_EDGE:
        group.let_go(at - EVIDENCE_EDGE)
    if not condition.eager:
        return _absorb(group, None, at, name, position)  # late for its own window, it may stand in others
    found = _windows(group, condition, at)
    change = _absorb(group, None if found is None else found.union, at, name, position)
    if change is not None and found is not None and condition.is_counted:
        change.matches = group.matches(at, found.union[1], found.ends)
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


def _windows(group: Group, condition: Condition, at: int) -> Found | None:
    """Those that hold the observation at index *at*.

    It is enough to ask the windows that end at an observation: every other holds no more than one of these.
    """
    times, span, time = group.times, condition.span, group.times[at]
    low = bisect_left(times, time - span)
    if at == len(times) - 1:  # the newest: only the window that ends with it
        return Found((times[low], time), _always) if _newest_qualifies(group, condition, low) else None
    if condition.measure in (EVENTS, SUM):
        return _windows_by_total(group, condition, at, range(low, bisect_right(times, time + span)))
    spans = [(time, time + span)] if _is_amid(group, condition, at) else group.places_of(condition).ends(time)
    if not spans:
        return None
    union = _union(times, min(first for first, _ in spans), max(last for _, last in spans), span)
    return Found(union, lambda moment: any(first <= moment <= last for first, last in spans))


def _always(_: int) -> bool:
    return True


def _is_amid(group: Group, condition: Condition, at: int) -> bool:
    """Whether enough values stand so close on both sides of an observation that no window with it can miss them."""
    if condition.measure is not VALUES:
        return False
    first, last = (_enough(group, condition, range(at, edge, step)) for edge, step in ((-1, -1), (len(group.times), 1)))
    return first is not None and last is not None and group.times[last] - group.times[first] <= condition.span


def _enough(group: Group, condition: Condition, indexes: range) -> int | None:
    """The index with which there are enough values; None if it is not among the next."""
    seen: set[str] = set()
    for index in indexes[: 4 * condition.least]:
        seen.add(group.items[index].value)
        if len(seen) == condition.least:
            return index
    return None


def _windows_by_total(group: Group, condition: Condition, at: int, near: range) -> Found | None:
    """The same for counts and sums; *near*: the indexes that a window with the observation can hold."""
    times = group.times
    if condition.measure is EVENTS and not group.heavy:
        if len(near) < condition.least:
            return None
        qualifies = _counter(group, condition)
    elif group.totals_of(condition).between(near.start, near.stop) < condition.least:
        return None
    else:
        qualifies = _adder(group, condition)
    first = next(filter(qualifies, range(at, near.stop)), None)
    if first is None:
        return None
    last = next(filter(qualifies, range(near.stop - 1, at - 1, -1)))
    union = _union(times, times[first], times[last], condition.span)
    return Found(union, lambda moment: qualifies(bisect_right(times, moment) - 1))


def _counter(group: Group, condition: Condition) -> Callable[[int], bool]:
    """Whether the window that ends at an index holds enough observations, if each is one."""
    times, least, span = group.times, condition.least, condition.span
    return lambda end: end + 1 >= least and times[end + 1 - least] >= times[end] - span


def _adder(group: Group, condition: Condition) -> Callable[[int], bool]:
    """Whether the window that ends at an index amounts to enough."""
    times, least, span, totals = group.times, condition.least, condition.span, group.totals_of(condition)
    return lambda end: totals.between(bisect_left(times, times[end] - span), end + 1) >= least


def _union(times: list[int], first: int, last: int, span: int) -> tuple[int, int]:
    """What the windows hold that end from moment *first* to moment *last*."""
    return times[bisect_left(times, first - span)], times[bisect_right(times, last) - 1]


def _newest_qualifies(group: Group, condition: Condition, low: int) -> bool:
    """Whether the window that ends with the newest observation does; it begins with the one at index *low*."""
    times, least = group.times, condition.least
    since = times[-1] - condition.span
    if condition.measure is EVENTS and not group.heavy:
        return len(times) >= least and times[-least] >= since
    if condition.measure is VALUES:
        return len(group.newest) >= least and next(iter(group.newest.values())) >= since
    if condition.measure is PATTERN:
        together = _together_since(group.newest, condition.patterns)
        if together is None or together < since:
            return False
        return not condition.in_order or bool(group.places_of(condition).ends(times[-1]))
    return group.totals_of(condition).between(low, len(times)) >= least


def _together_since(newest: dict[str, int], patterns: tuple[Pattern, ...]) -> int | None:
    """The latest moment from which on all values of one of the patterns are there."""
    found = [min(newest[value] for value in one.wanted) for one in patterns if newest.keys() >= set(one.wanted)]
    return max(found, default=None)


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
    before = names_bytes(group.episodes)
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
    group.bytes += names_bytes(group.episodes) - before
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

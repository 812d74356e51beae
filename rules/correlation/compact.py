"""What a group can let go of: observations that no window can need any more.

Of a long episode only its two edges are kept, for nothing else can decide whether a further window touches it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from rules.correlation.group import ROOMY, Group
from rules.correlation.measure import COUNTING, EVENTS, PATTERN, SUM, Condition


def is_spent(group: Group, condition: Condition, watermark: int) -> bool:
    """Whether nothing that comes after *watermark* can meet anything held here."""
    return not group.times or group.times[-1] < watermark - condition.span


def compact(group: Group, condition: Condition, watermark: int | None) -> None:
    """Let go of what can decide nothing any more; call it as often as you like."""
    if len(group.times) <= group.roomy:
        return
    if watermark is not None:
        _drop_first(group, bisect_left(group.times, watermark - condition.span))
    if condition.eager and not condition.in_order:
        late = len(group.times) if watermark is None else bisect_left(group.times, watermark)
        group.keep(_needed(group, condition, late if condition.is_counted else len(group.times)))
        if len(group.times) > condition.max_held:
            group.keep(_needed(group, condition, len(group.times)))
    if len(group.times) > condition.max_held:
        group.approximate = True
        _drop_first(group, len(group.times) // 2)
    decisive = condition.least if condition.measure in COUNTING else 0
    group.roomy = max(ROOMY, 4 * decisive, 2 * len(group.times))


def _drop_first(group: Group, number: int) -> None:
    earliest = group.times[number] if number < len(group.times) else None
    group.episodes = [episode for episode in group.episodes if earliest is not None and episode.last >= earliest]
    group.keep(range(number, len(group.times)))


def _needed(group: Group, condition: Condition, late: int) -> list[int]:
    """Indexes of the items that can still decide something: all outside episodes, the edges inside.

    A further window that touches an episode from the right holds an end piece of it. If the last n observations (or
    the last of each of the n latest values, or so many that they sum up to n) are not all in the window, nothing before
    them is either; if they are, it qualifies already. The same holds from the left. From index *late* on all is kept:
    where other correlations count the matches, what comes between may make a match of each of these.
    """
    keep: list[int] = []
    low = 0
    for episode in group.episodes:
        first, stop = bisect_left(group.times, episode.first), bisect_right(group.times, episode.last)
        keep += range(low, first)
        cut = max(first, min(late, stop))
        edges = _edge(group, condition, range(first, stop)) | _edge(group, condition, reversed(range(first, cut)))
        keep += sorted(edges.union(range(cut, stop)))
        low = stop
    keep += range(low, len(group.times))
    return keep


def _edge(group: Group, condition: Condition, indexes: "range | Iterator[int]") -> set[int]:
    """The indexes of the first observations that decide by themselves, and of the very first: windows may share it."""
    enough = len(condition.alphabet) if condition.measure is PATTERN else condition.least
    kept: set[int] = set()
    seen: set[str] = set()
    reached = 0
    for index in indexes:
        item = group.items[index]
        if not kept:
            kept.add(index)
        if condition.measure in (EVENTS, SUM):
            kept.add(index)
            reached += item.weight if condition.measure is EVENTS else int(item.value) * item.weight
        elif item.value not in seen and (condition.measure is not PATTERN or item.value in condition.alphabet):
            kept.add(index)
            seen.add(item.value)
            reached += 1
        if reached >= enough:
            break
    return kept

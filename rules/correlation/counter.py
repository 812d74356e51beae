"""Counter: one rule and all its groups. A rule about single events is a counter that is content with one event."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from heapq import heappop, heappush
from typing import Final

import msgspec

from rules.correlation.compact import compact, is_spent
from rules.correlation.correlate import insert, next_due, settle
from rules.correlation.group import Change, Group, GroupState
from rules.correlation.item import Item
from rules.correlation.measure import COUNTING, Condition, Measure
from rules.settings import Caps
from rules.sigma.model import Correlation, Rule

Key = tuple[str, ...]  #: values of the group-by fields

MICROSECOND: Final = timedelta(microseconds=1)
MEASURES: Final = {
    "event_count": Measure.EVENTS,
    "value_count": Measure.VALUES,
    "temporal": Measure.VALUES,  #: values are the rules
    "temporal_ordered": Measure.PATTERN,
    "value_sum": Measure.SUM,
    "value_avg": Measure.AVERAGE,
    "value_percentile": Measure.PERCENTILE,
    "value_median": Measure.PERCENTILE,
}


class CounterState(msgspec.Struct, array_like=True):
    """What is saved of a counter: all of it, or what changed."""

    rule_id: str
    number: int
    capped: bool
    groups: list[tuple[Key, GroupState | None]]  #: least recently used first; None: the group is gone


@dataclass(slots=True)
class Counter:
    """The groups of one rule, bounded in number; says what each observation changed."""

    head: Rule | Correlation
    condition: Condition
    max_keys: int
    groups: OrderedDict[Key, Group] = field(default_factory=OrderedDict)  #: least recently used first
    number: int = 0  #: of the latest episode
    capped: bool = False  #: groups were forgotten lately: what is counted may be too little
    held: int = 0  #: bytes, about
    evicted: int = 0  #: since this was last asked
    rule_id: str = field(init=False)
    is_correlation: bool = field(init=False)  #: it counts matches of other rules; then others can count it in turn
    _few: int = field(init=False)  #: with so many groups there is room again
    _dirty: dict[Key, None] = field(default_factory=dict)  #: changed since the last dump, latest last
    _due: list[tuple[int, Key]] = field(default_factory=list)  #: heap; only for conditions that wait
    _scheduled: dict[Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._few = self.max_keys // 2
        self.rule_id = self.head.id
        self.is_correlation = isinstance(self.head, Correlation)

    @property
    def base_rule_ids(self) -> tuple[str, ...]:
        """The rules whose events are counted."""
        return self.head.rules if isinstance(self.head, Correlation) else (self.head.id,)

    @property
    def passes_on(self) -> bool:
        """Whether other correlations count its matches."""
        return self.condition.is_counted

    @property
    def meaning(self) -> str:
        """Equal for two counters that can go on with each other's state."""
        head = self.head
        parts: list[object] = [sorted(self.base_rule_ids), head.group_by, self.condition.span]
        if isinstance(head, Correlation):
            aliases = sorted((alias, sorted(fields.items())) for alias, fields in head.aliases.items())
            condition = self.condition
            asked = [(one.wanted, sorted(one.unwanted)) for one in condition.patterns]
            parts += [condition.measure, head.value_fields, aliases, asked, condition.in_order, condition.eager]
            parts.append(str(condition.percentile))
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]

    def add(self, key: Key, time: int, item: Item, *, watermark: int | None, position: str) -> Change | None:
        """Count one observation; what that made of an episode, if anything.

        Args:
            key: Which group it belongs to.
            time: Event time, microseconds.
            item: The observation.
            watermark: What all streams have passed now: windows that end before it are over.
            position: Of the line being read.
        """
        group = self._group(key, watermark)
        before = group.bytes
        if item.weight and len(group.times) > group.roomy:  # never between two items of one event
            compact(group, self.condition, watermark)
        change = insert(group, self.condition, time, item, partial(self._name, key), position)
        self.held += group.bytes - before
        if not self.condition.eager:
            self._schedule(key, group)
        return change

    def judge(self, key: Key, watermark: int) -> Iterator[Change]:
        """Judge the windows of one group that end before *watermark*, where the condition had to wait for that."""
        yield from settle(self._group(key, watermark), self.condition, watermark, partial(self._name, key))

    def settle(self, watermark: int) -> Iterator[tuple[Key, Change]]:
        """Judge all windows that end before *watermark*, where the condition had to wait for that."""
        while self._due and self._due[0][0] < watermark:
            due, key = heappop(self._due)
            if self._scheduled.get(key) != due:
                continue
            del self._scheduled[key]
            group = self.groups[key]
            for change in settle(group, self.condition, watermark, partial(self._name, key)):
                yield key, change
            self._touch(key)
            self._schedule(key, group)

    def weigh(self, key: Key, by: int) -> None:
        """A group takes so many bytes more, or less."""
        self.groups[key].bytes += by
        self.held += by

    def shed(self) -> None:
        """Forget the eighth of the groups that was used least recently: all rules together hold too much."""
        for key in list(self.groups)[: len(self.groups) // 8 + 1]:
            self._forget(key)
            self.evicted += 1
        self.capped, self._few = True, len(self.groups) // 2

    def expire(self, watermark: int) -> None:
        """Forget the groups that nothing to come can meet, least recently used first."""
        while self._forget_if_spent(watermark):
            pass

    def dump(self, *, whole: bool) -> CounterState | None:
        """All state, or what changed since the last dump (None: nothing did)."""
        if whole:
            return CounterState(self.rule_id, self.number, self.capped, every(self.groups))
        if not self._dirty:
            return None
        groups = [(key, self.groups.get(key)) for key in self._dirty]
        changed = [(key, None if group is None else group.unsaved()) for key, group in groups]
        self._dirty.clear()
        return CounterState(self.rule_id, self.number, self.capped, changed)

    def load(self, state: CounterState) -> None:
        """Take over what ``dump`` gave."""
        self.number, self.capped = state.number, state.capped
        for key, saved in state.groups:
            before = self.groups.pop(key, None)
            self.held -= 0 if before is None else before.bytes
            self._scheduled.pop(key, None)
            if saved is not None:
                group = self.groups[key] = saved.after(before)
                self.held += group.bytes
                if not self.condition.eager:
                    self._schedule(key, group)

    def _group(self, key: Key, watermark: int | None) -> Group:
        group = self.groups.get(key)
        if group is None:
            if watermark is not None:
                for _ in range(2):  # more than come in go out: what is over never piles up
                    self._forget_if_spent(watermark)
            self._make_room()
            group = self.groups[key] = Group(approximate=self.capped)
            self.held += group.bytes
        self._touch(key)
        return group

    def _touch(self, key: Key) -> None:
        self.groups.move_to_end(key)
        self._dirty.pop(key, None)
        self._dirty[key] = None

    def _make_room(self) -> None:
        if len(self.groups) >= self.max_keys:
            self._forget(next(iter(self.groups)))
            self.capped = True
            self.evicted += 1
        elif self.capped and len(self.groups) <= self._few:
            self.capped = False

    def _forget_if_spent(self, watermark: int) -> bool:
        oldest = next(iter(self.groups), None)
        if oldest is None or not is_spent(self.groups[oldest], self.condition, watermark):
            return False
        if not self.condition.eager and next_due(self.groups[oldest], self.condition) is not None:
            return False
        self._forget(oldest)
        return True

    def _forget(self, key: Key) -> None:
        self.held -= self.groups.pop(key).bytes
        self._scheduled.pop(key, None)
        self._dirty.pop(key, None)
        self._dirty[key] = None

    def _schedule(self, key: Key, group: Group) -> None:
        due = next_due(group, self.condition)
        if due is not None and due != self._scheduled.get(key):
            self._scheduled[key] = due
            heappush(self._due, (due, key))

    def _name(self, key: Key, position: str) -> tuple[str, int]:
        """Id and number of a new episode of one group."""
        self.number += 1
        text = "\0".join((self.rule_id, *key, position))
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32], self.number


def every(groups: Mapping[Key, Group]) -> list[tuple[Key, GroupState | None]]:
    """All of these groups, as they are saved."""
    return [(key, group.whole()) for key, group in groups.items()]


def counter_of(head: Rule | Correlation, caps: Caps, *, is_counted: bool) -> Counter:
    """The counter that a rule needs; *is_counted*: correlations refer to it."""
    condition = _single(head, caps) if isinstance(head, Rule) else _several(head, caps, is_counted=is_counted)
    return Counter(head, condition, caps.max_keys)


def _single(head: Rule, caps: Caps) -> Condition:
    span = timedelta(seconds=head.window_seconds) // MICROSECOND
    return Condition(measure=Measure.EVENTS, span=span, bounds=(("gte", 1),), max_held=caps.max_held_events)


def _several(head: Correlation, caps: Caps, *, is_counted: bool) -> Condition:
    measure = Measure.PATTERN if head.patterns else MEASURES[head.type]
    decisive = max((number for _, number in head.bounds), default=0) if measure in COUNTING else 0
    return Condition(
        measure=measure,
        span=timedelta(seconds=head.timespan_seconds) // MICROSECOND,
        bounds=head.bounds,
        patterns=head.patterns,
        in_order=head.type == "temporal_ordered",
        percentile=head.percentile,
        max_held=max(caps.max_held_events, 4 * decisive),
        is_counted=is_counted,
    )

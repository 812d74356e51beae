"""How far a correlation has come in one group: what it has, what it needs, since when, what is missing. Reads only."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rules.amounts import BILLION
from rules.correlation.counter import Counter, Key
from rules.correlation.feed import Feed, Values
from rules.correlation.group import Group
from rules.correlation.item import Item
from rules.correlation.measure import EVENTS, NUMERIC, PATTERN, Condition, amount_of, steps
from rules.event import Event
from rules.sigma.model import Correlation, Pattern
from rules.stream import moment

MOST: Final = 20  #: correlations that are told of for one event


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The window of one group that ends with its latest observation."""

    head: Correlation
    group: tuple[tuple[str, str], ...]  #: (field, value)
    #: events, different values, rules that match (in their order), or what the numbers amount to. Of what decides at
    #: once no more is held than decides: where that holds, there may have been more
    have: float
    op: str  #: how it is compared: gte, gt, lte, lt, eq or neq; of several comparisons the first
    count: float  #: to which it is compared
    missing: tuple[str, ...]  #: what it waits for: titles of rules, or one sentence; empty if it holds
    since: datetime  #: time of the first observation in the window
    latest: datetime  #: time of the last
    until: datetime  #: when the first leaves the window
    holds: bool  #: the condition is met in this window; one that waits is judged when the window is over

    @property
    def may_be_more(self) -> bool:
        """Whether ``have`` is what is held, and more was there."""
        return self.holds and not self.head.waits and not self.head.patterns

    @property
    def needs(self) -> str:
        """The condition, for people: ``at least 5 events``."""
        return self.head.needs


def standing(
    feeds: Mapping[str, Iterable[Feed]], event: Event, matched: Iterable[str], titles: Mapping[str, str]
) -> tuple[Progress, ...]:
    """The correlations that count an event, each in the group that the event is in.

    Args:
        feeds: By rule id, where its matches are counted.
        event: One that was counted.
        matched: Ids of the single-event rules that it fulfils.
        titles: Of all rules, by id.
    """
    found: dict[tuple[str, Key], Progress] = {}
    for counter, key in _reached(feeds, tuple(matched), Values(event), ()):
        if len(found) < MOST and (group := counter.groups.get(key)) is not None and group.times:
            found.setdefault((counter.rule_id, key), progress_of(counter, key, group, titles))
    return tuple(found.values())


def _reached(
    feeds: Mapping[str, Iterable[Feed]], rule_ids: tuple[str, ...], values: Values, above: tuple[str, ...]
) -> Iterator[tuple[Counter, Key]]:
    """Correlations of the rules, then those of these correlations. None stands above itself: circles do not load."""
    for rule_id in rule_ids:
        for feed in feeds.get(rule_id, ()):
            counter, key = feed.counter, feed.key(values)
            if key is None or not counter.is_correlation or counter.rule_id in above:
                continue
            yield counter, key
            inner = values.within(zip(counter.head.group_by, key, strict=True))
            yield from _reached(feeds, (counter.rule_id,), inner, (*above, counter.rule_id))


def progress_of(counter: Counter, key: Key, group: Group, titles: Mapping[str, str]) -> Progress:
    """How far a correlation has come in one group, which holds something."""
    head, condition = counter.head, counter.condition
    assert isinstance(head, Correlation)
    latest = group.times[-1]
    start = next(index for index, time in enumerate(group.times) if time >= latest - condition.span)
    items = group.items[start:]
    holds = condition.holds(items)
    if condition.measure is PATTERN:
        best = max(condition.patterns, key=lambda one: _share(condition, one, items))
        have, op, count = float(_had(condition, best, items)), "gte", float(len(best.wanted))
        missing = tuple(_lacks(condition, best, items, titles))
    else:
        unit = BILLION if condition.measure in NUMERIC else 1
        (op, number), *_ = condition.bounds
        have, count = float(amount_of(condition, items) / unit), number / unit
        more = (condition.least if unit == 1 and condition.eager else count) - have
        missing = tuple(_more(counter, head, items, titles, more))
    return Progress(
        head=head,
        group=tuple(zip(head.group_by, key, strict=True)),
        have=_plain(have),
        op=op,
        count=_plain(count),
        missing=() if holds else missing,
        since=moment(group.times[start]),
        latest=moment(latest),
        until=moment(group.times[start] + condition.span),
        holds=holds,
    )


def _plain(number: float) -> float:
    """The number, as an int if it is whole."""
    return int(number) if number == int(number) else number


def _had(condition: Condition, one: Pattern, items: list[Item]) -> int:
    if condition.in_order:
        return steps(one.wanted, items)
    return len({item.value for item in items}.intersection(one.wanted))


def _share(condition: Condition, one: Pattern, items: list[Item]) -> float:
    return _had(condition, one, items) / len(one.wanted)


def _lacks(condition: Condition, one: Pattern, items: list[Item], titles: Mapping[str, str]) -> Iterator[str]:
    """What keeps a pattern from standing: titles of rules."""
    seen = {item.value for item in items}
    had = _had(condition, one, items)
    for place, value in enumerate(one.wanted):
        if place >= had if condition.in_order else value not in seen:
            yield titles.get(value, value)
    for value in sorted(one.unwanted & seen):
        yield f'no "{titles.get(value, value)}"'


def _more(
    counter: Counter, head: Correlation, items: list[Item], titles: Mapping[str, str], more: float
) -> Iterator[str]:
    """How much is missing, where more of it would do."""
    seen = {item.value for item in items}
    if head.type == "temporal":
        yield from (titles.get(one, one) for one in head.rules if one not in seen)
    elif counter.condition.eager and more > 0:
        events = "event" if more == 1 else "events"
        unit = events if counter.condition.measure is EVENTS else " and ".join(head.value_fields)
        unit = f"different {unit}" if head.type == "value_count" else unit
        yield f"{_plain(more)} more {unit}"

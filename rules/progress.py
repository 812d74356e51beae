"""How far a correlation has come in one group: what it has, what it needs, since when, what is missing. Reads only."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rules.correlate import prefix
from rules.counter import Counter, Key
from rules.counters import Feed, Values
from rules.event import Event
from rules.group import EVENTS, ORDER, Group, Item
from rules.sigma.model import Correlation
from rules.stream import moment

MOST: Final = 20  #: correlations that are told of for one event
IN_WORDS: Final = {
    "gte": "at least",
    "gt": "more than",
    "lte": "at most",
    "lt": "less than",
    "eq": "just",
    "neq": "not",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The window of one group that ends with its latest observation."""

    head: Correlation
    group: tuple[tuple[str, str], ...]  #: (field, value)
    have: int  #: events, different values, different rules, or rules in their order
    op: str  #: what is compared: a key of `IN_WORDS`
    count: int  #: to which it is compared
    missing: tuple[str, ...]  #: what it waits for: titles of rules, or one sentence; empty if it holds
    since: datetime  #: time of the first observation in the window
    latest: datetime  #: time of the last
    until: datetime  #: when the first leaves the window
    holds: bool  #: the condition is met in this window; one that waits is judged when the window is over

    @property
    def needs(self) -> str:
        """What is compared, for people: ``at least 5 events``."""
        return f"{IN_WORDS[self.op]} {self.count} {_unit(self.head)}"


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
            found.setdefault((counter.rule_id, key), _progress(counter, key, group, titles))
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


def _progress(counter: Counter, key: Key, group: Group, titles: Mapping[str, str]) -> Progress:
    head, condition = counter.head, counter.condition
    assert isinstance(head, Correlation)
    latest = group.times[-1]
    start = next(index for index, time in enumerate(group.times) if time >= latest - condition.span)
    items = group.items[start:]
    have, missing = _have(counter, items, titles)
    holds = condition.holds(have) if condition.measure is not ORDER else not missing
    return Progress(
        head=head,
        group=tuple(zip(head.group_by, key, strict=True)),
        have=have,
        op=condition.op,
        count=condition.count,
        missing=() if holds else missing,
        since=moment(group.times[start]),
        latest=moment(latest),
        until=moment(group.times[start] + condition.span),
        holds=holds,
    )


def _have(counter: Counter, items: list[Item], titles: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    """How much there is, and what is missing if that is not enough."""
    condition, head = counter.condition, counter.head
    if condition.measure is ORDER:
        have = prefix(items, condition.order)
        return have, tuple(titles.get(one, one) for one in condition.order[have:])
    if condition.measure is EVENTS:
        have = sum(item.weight for item in items)
    else:
        seen = {item.value for item in items}
        have = len(seen)
        if isinstance(head, Correlation) and head.value_field is None:
            return have, tuple(titles.get(one, one) for one in head.rules if one not in seen)
    more = condition.count - have
    return have, ((f"{more} more {_unit(head)}",) if condition.op == "gte" and more > 0 else ())


def _unit(head: object) -> str:
    if isinstance(head, Correlation) and head.type.startswith("temporal"):
        return "of the rules" + (" in their order" if head.type == "temporal_ordered" else "")
    if isinstance(head, Correlation) and head.value_field:
        return f"different {head.value_field}"
    return "events"

"""How events reach a counter: which group an event belongs to, and what of it is compared."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from rules.amounts import billionths
from rules.correlation.counter import Counter, Key
from rules.correlation.measure import EVENTS, NUMERIC, SUM
from rules.entities import value_of
from rules.event import Event
from rules.match import EVENT_TIME
from rules.predicate import Predicate
from rules.sigma.model import Correlation


def _value_of(event: Event, name: str) -> str | None:
    """The value of a field; under ``@timestamp``, if the event has no such field, its second, in UTC."""
    value = value_of(event, name)
    return f"{event.time:%Y-%m-%dT%H:%M:%SZ}" if value is None and name == EVENT_TIME else value


@dataclass(slots=True)
class Values:
    """The fields of an event as text, each made once, for all rules that ask."""

    event: Event | None  #: None: only what is known is left of it
    _known: dict[str, str | None] = field(default_factory=dict)
    _wanted: tuple[tuple[str, str], ...] | None = None
    _entities: tuple[tuple[str, str], ...] = ()

    def of(self, name: str) -> str | None:
        """The value of a field; None if the event lacks it."""
        known = self._known
        if name in known:
            return known[name]
        value = known[name] = None if self.event is None else _value_of(self.event, name)
        return value

    def entities(self, wanted: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """(kind, value) of all that the event names; *wanted* is pairs of (kind, field)."""
        if wanted is not self._wanted:  # most rules ask for the same
            self._wanted = wanted
            self._entities = tuple([(kind, value) for kind, name in wanted if (value := self.of(name)) is not None])
        return self._entities

    def within(self, group: Iterable[tuple[str, str]]) -> "Values":
        """The same, with the values of the group that the event was counted in as fields."""
        return Values(self.event, {**self._known, **dict(group)})


@dataclass(frozen=True, slots=True)
class Feed:
    """How events that match one rule reach one counter."""

    counter: Counter
    rule_id: str
    group_fields: tuple[str, ...]
    value_fields: tuple[str, ...] = ()  #: whose values are compared
    always: bool = False  #: count an event that lacks a group-by field too
    by_rule: bool = False  #: what is compared is which of the rules it matches
    as_one: bool = False  #: count a match of a correlation as one, whatever it stands for
    counts: Predicate | None = None  #: of a correlation with filters: whether an event counts
    further: bool = False  #: the counter counts matches of correlations: an event may come there later, and again

    @property
    def taken(self) -> str:
        """What an event is counted for, once in each group even if it matches several of the rules."""
        return self.rule_id if self.by_rule else "\0".join(self.value_fields)

    def key(self, values: Values) -> Key | None:
        """The group of an event; None if it belongs to none."""
        key = []
        for name in self.group_fields:
            value = values.of(name)
            if value is None:
                if not self.always:
                    return None
                value = ""
            key.append(value)
        return tuple(key)

    def value(self, values: Values) -> str | None:
        """What is compared; None if the event lacks it, or it should be a number and is none."""
        if self.by_rule:
            return self.rule_id
        if not self.value_fields:
            return ""
        if self.counter.condition.measure in NUMERIC:
            return self._number(values.of(self.value_fields[0]))
        parts = [value for name in self.value_fields if (value := values.of(name)) is not None]
        return "\0".join(parts) if len(parts) == len(self.value_fields) else None

    def _number(self, text: str | None) -> str | None:
        number = None if text is None else billionths(text)
        if number is None or (number < 0 and self.counter.condition.measure is SUM):
            return None
        return str(number)


def feed_of_rule(counter: Counter) -> Feed:
    """How what matches a rule reaches its own counter."""
    return Feed(counter, counter.rule_id, counter.head.group_by, always=True)


def feed_of_correlation(
    counter: Counter, head: Correlation, rule_id: str, *, matches: Container[str], counts: Predicate | None
) -> Feed:
    """How what matches one of its rules reaches a correlation.

    Args:
        counter: That of the correlation.
        head: The correlation.
        rule_id: One of its rules.
        matches: Ids of the rules that are correlations themselves.
        counts: Whether an event counts, if the correlation has filters.
    """
    return Feed(
        counter,
        rule_id,
        tuple(head.field_of(name, rule_id) for name in head.group_by),
        tuple(head.field_of(name, rule_id) for name in head.value_fields),
        by_rule=head.type in ("temporal", "temporal_ordered"),
        as_one=rule_id in matches and counter.condition.measure is EVENTS,
        counts=counts,
        further=any(one in matches for one in head.rules),
    )

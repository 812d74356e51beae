"""The way of one event through the counters: to those of its rules, then to the correlations that refer to them.

A correlation that others refer to matches at each event with which its condition holds. A line that comes late may make
matches of events that came before it; so of each event as much is kept as those others need to count it then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rules.correlation.counter import Counter, Key
from rules.correlation.feed import Feed, Values
from rules.correlation.group import Change
from rules.correlation.item import Item, Onward
from rules.correlation.once import Once, Place
from rules.correlation.telling import Telling
from rules.event import Event
from rules.finding import Evidence
from rules.stream import microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where the engine stands when an event is counted."""

    watermark: int | None  #: what all streams have passed; windows that end before it are over
    history: bool  #: looking back: nothing is armed


@dataclass(frozen=True, slots=True)
class Asked:
    """What correlations further on ask of the events that one correlation counts."""

    fields: tuple[str, ...]
    filtered: tuple[Feed, ...]  #: those that have filters


@dataclass(slots=True, kw_only=True)
class _Match:
    """An event that fulfils rules, now or when a later line has made that so."""

    values: Values
    time: int  #: microseconds
    position: str
    success: bool
    evidence: tuple[Evidence, ...]
    weight: int  #: how many events it stands for
    since: int | None = None  #: of a match of a correlation: the time of its earliest line
    refused: tuple[str, ...] = ()  #: ids of correlations whose filters keep it out


@dataclass(slots=True)
class Passage:
    """One event, and what it makes of others."""

    feeds: Mapping[str, Sequence[Feed]]
    asked: Mapping[str, Asked]  #: by id of each correlation that others refer to
    event: Event
    at: Moment
    telling: Telling
    once: Once  #: where events were counted, by rules that count matches of correlations
    counted: dict[Place, None] = field(default_factory=dict)  #: where this one was, by the others
    is_kept: bool = False  #: a later line may make it a match

    def begin(self, matched: Iterable[str], evidence: Evidence) -> None:
        """The event fulfils the rules *matched* (ids)."""
        event = self.event
        position = f"{event.source}\0{event.stream}\0{event.offset}"
        if event.part:
            position += f".{event.part}"
        values, time = Values(event), microseconds(event.time)
        success = event.fields.get("event.outcome") == "success"
        for rule_id in matched:
            match = _Match(
                values=values,
                time=time,
                position=position,
                success=success,
                evidence=(evidence,),
                weight=event.repeats,
            )
            self._reach(rule_id, match)
        if not self.is_kept:
            self.once.forget(time, position)

    def _reach(self, rule_id: str, match: _Match) -> None:
        """Count a match, and let the correlations know that it thereby fulfils."""
        for feed in self.feeds.get(rule_id, ()):
            if self._is_refused(feed, match):
                continue
            key, value = feed.key(match.values), feed.value(match.values)
            if key is None or value is None:
                continue
            counter = feed.counter
            place = (counter.rule_id, *key)
            counted = self.once.of(match.time, match.position) if feed.further else self.counted
            if not feed.always:
                if (*place, feed.taken) in counted:  # it matches several of the rules, or one by several ways
                    continue
                counted[(*place, feed.taken)] = None
            again = feed.by_rule and place in counted
            counted[place] = None
            item = Item(
                weight=0 if again else 1 if feed.as_one else match.weight,
                value=value,
                entities=match.values.entities(counter.head.entities),
                success=match.success,
                position="" if counter.condition.eager else match.position,
                evidence=() if again else match.evidence,
                since=match.since,
                onward=self._onward(counter, match) if counter.passes_on else None,
            )
            self._add(counter, key, item, match)

    def _add(self, counter: Counter, key: Key, item: Item, match: _Match) -> None:
        at = self.at
        if at.watermark is not None and not counter.condition.eager:
            for change in counter.judge(key, at.watermark):
                self.telling.note(counter, key, change, history=at.history)
        changed = counter.add(key, match.time, item, watermark=at.watermark, position=match.position)
        if changed is None:
            return
        onward = list(_onward_matches(counter, key, changed, match))  # before the lines are told, and let go
        self.telling.note(counter, key, changed, history=at.history)
        for each in onward:
            self._reach(counter.rule_id, each)

    def _is_refused(self, feed: Feed, match: _Match) -> bool:
        if feed.counts is None:
            return False
        if match.values.event is None:
            return feed.counter.rule_id in match.refused
        return not feed.counts(match.values.event)

    def _onward(self, counter: Counter, match: _Match) -> Onward:
        asked, values, self.is_kept = self.asked[counter.rule_id], match.values, True
        return Onward(
            {name: value for name in asked.fields if (value := values.of(name)) is not None},
            match.position,
            tuple(feed.counter.rule_id for feed in asked.filtered if self._is_refused(feed, match)),
        )


def asked_of(feeds: Mapping[str, Sequence[Feed]], rule_id: str) -> Asked:
    """What is asked further on of the events that a correlation counts."""
    fields: dict[str, None] = {}
    filtered: list[Feed] = []
    for feed in _further(feeds, rule_id):
        entities = (name for _, name in feed.counter.head.entities)
        fields |= dict.fromkeys((*feed.group_fields, *feed.value_fields, *entities))
        if feed.counts is not None:
            filtered.append(feed)
    return Asked(tuple(fields), tuple(filtered))


def _further(feeds: Mapping[str, Sequence[Feed]], rule_id: str) -> Iterator[Feed]:
    for feed in feeds.get(rule_id, ()):
        if feed.counter.is_correlation:
            yield feed
            yield from _further(feeds, feed.counter.rule_id)


def _onward_matches(counter: Counter, key: Key, change: Change, match: _Match) -> Iterator[_Match]:
    """What *change* made matches of, with the lines that it tells of: the first takes them all."""
    evidence = tuple(line for item in change.fresh for line in item.evidence)
    weights = [item.weight for _, item in change.matches]
    if weights:
        weights[0] = sum(item.weight for item in change.fresh) - sum(weights[1:])
    for (time, item), weight in zip(change.matches, weights, strict=True):
        onward = item.onward
        if onward is None:
            continue
        yield _Match(
            values=Values(None, {**onward.values, **dict(zip(counter.head.group_by, key, strict=True))}),
            time=time,
            position=onward.position,
            success=item.success,
            evidence=evidence,
            weight=max(1, weight),
            since=min(microseconds(line.time) for line in evidence) if len(evidence) > 1 else None,
            refused=onward.refused,
        )
        evidence = ()

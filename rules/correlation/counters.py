"""All counters, and the way of an event through them: to those of its rules, then to those that refer to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rules.correlation.counter import Counter, CounterState, Key, counter_of, every
from rules.correlation.feed import Feed, feed_of_correlation, feed_of_rule
from rules.correlation.group import Group
from rules.correlation.once import Once
from rules.correlation.passage import Asked, Moment, Passage, asked_of
from rules.correlation.telling import Telling
from rules.event import Event
from rules.finding import Evidence
from rules.predicate import Predicate, predicate
from rules.settings import Caps
from rules.sigma.filter import is_about
from rules.sigma.model import And, Correlation, Rule, RuleSet

GONE = "there is no such rule any more"
CHANGED = "its base rules, group-by, field or time span have changed"


@dataclass(slots=True)
class Kept:
    """What is held of a rule that is there but did not load: when it loads again, it goes on from here."""

    meaning: str
    number: int = 0
    capped: bool = False
    groups: dict[Key, Group] = field(default_factory=dict)

    def load(self, state: CounterState) -> None:
        """Take over what a counter's ``dump`` gave."""
        self.number, self.capped = state.number, state.capped
        for key, saved in state.groups:
            before = self.groups.pop(key, None)
            if saved is not None:
                self.groups[key] = saved.after(before)

    def dump(self, rule_id: str) -> CounterState:
        """All of it."""
        return CounterState(rule_id, self.number, self.capped, every(self.groups))


class Counters:
    """One counter per rule that makes findings, or that others refer to."""

    def __init__(self, rules: RuleSet, caps: Caps) -> None:
        self._caps = caps
        self._counted = frozenset(rule_id for head in rules.correlations for rule_id in head.rules)
        self._by_rule = {
            head.id: self._counter_of(head)
            for head in rules.all
            if isinstance(head, Correlation) or not head.as_base_only
        }
        self._meanings = {rule_id: counter.meaning for rule_id, counter in self._by_rule.items()}
        self._refused = rules.refused
        self._rules: Mapping[str, Rule] = {rule.id: rule for rule in rules.rules}
        self._kept: dict[str, Kept] = {}
        self.lost: dict[str, str] = {}  #: rule id -> why saved state was not taken over
        self._feeds: dict[str, list[Feed]] = {}
        self._asked: dict[str, Asked] = {}
        self._connect()
        self.once = Once(caps.max_held_events)
        passing = (counter.condition.span for counter in self._by_rule.values() if counter.passes_on)
        self._longest = max(passing, default=0)

    @property
    def meanings(self) -> dict[str, str]:
        """By rule id, what its counter's state means; also of rules that are refused for now."""
        return self._meanings | {rule_id: kept.meaning for rule_id, kept in self._kept.items()}

    @property
    def feeds(self) -> Mapping[str, Sequence[Feed]]:
        """By rule id, where its matches are counted; to look at only."""
        return self._feeds

    def count(self, event: Event, matched: Iterable[str], evidence: Evidence, at: Moment, telling: Telling) -> None:
        """Let all counters know that *event* fulfils the rules *matched* (ids)."""
        passage = Passage(self._feeds, self._asked, event, at, telling, self.once)
        passage.begin(matched, evidence)

    def settle(self, at: Moment, telling: Telling) -> None:
        """Judge the windows that have ended, where the condition had to wait for that."""
        if at.watermark is None:
            return
        for counter in self._by_rule.values():
            for key, change in counter.settle(at.watermark):
                telling.note(counter, key, change, history=at.history)

    def expire(self, watermark: int) -> None:
        """Forget what nothing to come can meet."""
        for counter in self._by_rule.values():
            counter.expire(watermark)
        self.once.expire(watermark - self._longest)

    @property
    def held_bytes(self) -> int:
        """How much memory all groups take, about."""
        return sum(counter.held for counter in self._by_rule.values())

    def shed(self) -> None:
        """Forget what was used least recently of the rules that hold the most, until all hold no more than they may."""
        while self.held_bytes > self._caps.max_held_bytes:
            max(self._by_rule.values(), key=lambda counter: counter.held).shed()

    def evictions(self) -> dict[str, int]:
        """By rule id, how many groups were forgotten for want of room since this was last asked."""
        found = {rule_id: counter.evicted for rule_id, counter in self._by_rule.items() if counter.evicted}
        for rule_id in found:
            self._by_rule[rule_id].evicted = 0
        return found

    def dump(self, *, whole: bool) -> list[CounterState]:
        """All state, or what changed since the last time."""
        states = [counter.dump(whole=whole) for counter in self._by_rule.values()]
        kept = [one.dump(rule_id) for rule_id, one in self._kept.items()] if whole else []
        return [state for state in states if state is not None] + kept

    def compare(self, meanings: Mapping[str, str]) -> None:
        """Drop what is held of rules that meant something else when what follows was saved."""
        for rule_id, counter in self._by_rule.items():
            if meanings.get(rule_id) == self._meanings[rule_id]:
                self.lost.pop(rule_id, None)
            elif counter.groups:
                self._by_rule[rule_id] = self._counter_of(counter.head)
        self._kept = {rule_id: kept for rule_id, kept in self._kept.items() if meanings.get(rule_id) == kept.meaning}
        self._connect()

    def load(self, states: Iterable[CounterState], meanings: Mapping[str, str]) -> None:
        """Take over what ``dump`` gave, as far as it still means the same."""
        for state in states:
            if state.rule_id in self._refused and state.rule_id in meanings:
                self._kept.setdefault(state.rule_id, Kept(meanings[state.rule_id])).load(state)
            elif state.rule_id not in self._by_rule:
                self.lost[state.rule_id] = GONE
            elif meanings.get(state.rule_id) != self._meanings[state.rule_id]:
                self.lost[state.rule_id] = CHANGED
            else:
                self._by_rule[state.rule_id].load(state)

    def _counter_of(self, head: Rule | Correlation) -> Counter:
        return counter_of(head, self._caps, is_counted=head.id in self._counted)

    def _connect(self) -> None:
        """Lead each rule's matches to the counters that count them."""
        self._feeds.clear()
        for counter in self._by_rule.values():
            for rule_id in counter.base_rule_ids:
                self._feeds.setdefault(rule_id, []).append(self._feed(counter, rule_id))
        self._asked = {
            rule_id: asked_of(self._feeds, rule_id) for rule_id, counter in self._by_rule.items() if counter.passes_on
        }

    def _feed(self, counter: Counter, rule_id: str) -> Feed:
        head = counter.head
        if not isinstance(head, Correlation):
            return feed_of_rule(counter)
        matches = {base for base in head.rules if base in self._by_rule and self._by_rule[base].is_correlation}
        return feed_of_correlation(counter, head, rule_id, matches=matches, counts=self._filtered(head, rule_id))

    def _filtered(self, head: Correlation, rule_id: str) -> Predicate | None:
        base = self._rules.get(rule_id)
        parts = tuple(one.condition for one in head.filters if base is None or is_about(one, base))
        return predicate(And(parts)) if parts else None

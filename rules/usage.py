"""How much each rule matches and costs: counted while a batch is worked on, measured only if somebody gives a watch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from rules.event import Event
from rules.predicate import Predicate

Stopwatch = Callable[[], int]
"""Nanoseconds since whenever; only differences are used."""


class RuleCount(msgspec.Struct, frozen=True):
    """What one rule about single events did in one batch."""

    matches: int = 0  #: events that it matched; a line that stands for five counts five times
    last_match: datetime | None = None  #: latest event time of those
    asked: int = 0  #: events about which it was asked while somebody measured
    nanoseconds: int = 0  #: that asking took, the watch itself included


@dataclass(slots=True)
class Usage:
    """Gathers what the rules did in one batch."""

    _matches: dict[str, int] = field(default_factory=dict)
    _last: dict[str, datetime] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _nanoseconds: dict[str, int] = field(default_factory=dict)

    def matched(self, rule_ids: Sequence[str], event: Event) -> None:
        """Take note of rules that an event fulfils."""
        for rule_id in rule_ids:
            self._matches[rule_id] = self._matches.get(rule_id, 0) + event.repeats
            if rule_id not in self._last or event.time > self._last[rule_id]:
                self._last[rule_id] = event.time

    def measured(self, routed: Sequence[tuple[str, Predicate]], event: Event, watch: Stopwatch) -> list[str]:
        """The ids of the rules that an event fulfils; how long each took to say so is kept."""
        matched = []
        before = watch()
        for rule_id, holds in routed:
            if holds(event):
                matched.append(rule_id)
            now = watch()
            self._asked[rule_id] = self._asked.get(rule_id, 0) + 1
            self._nanoseconds[rule_id] = self._nanoseconds.get(rule_id, 0) + now - before
            before = now
        return matched

    def counts(self) -> Mapping[str, RuleCount]:
        """All of it, by rule id; rules that neither matched nor were measured are left out."""
        return {
            rule_id: RuleCount(
                self._matches.get(rule_id, 0),
                self._last.get(rule_id),
                self._asked.get(rule_id, 0),
                self._nanoseconds.get(rule_id, 0),
            )
            for rule_id in dict.fromkeys((*self._matches, *self._asked))
        }

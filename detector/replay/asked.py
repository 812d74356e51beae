"""Of what log sources the lines were, and which rules were therefore never asked: what nobody asks finds nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rules.event import LogSource
from rules.sigma.model import Correlation, Rule, RuleSet

Seen = Mapping[tuple[str, LogSource], int]
"""How many events there were, by source and log source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfLines:
    """One log source that lines were of."""

    logsource: LogSource
    events: int
    rules: int  #: about single events, that were asked about them


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAsked:
    """Rules of one log source that no line was of."""

    logsource: LogSource
    rules: tuple[Rule | Correlation, ...]  #: a correlation stands where the first rule that it counts does


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which of all rules were asked about at least one event. A correlation is if one of those that it counts is."""

    total: int
    of_lines: tuple[OfLines, ...]  #: those with most events first
    missing: tuple[NotAsked, ...]  #: those with most rules first

    @property
    def not_asked(self) -> int:
        """How many rules were not."""
        return sum(len(one.rules) for one in self.missing)

    @property
    def events(self) -> int:
        """That were read."""
        return sum(one.events for one in self.of_lines)

    @property
    def in_vain(self) -> bool:
        """There were events, and no rule was about any: that nothing was found says nothing."""
        return self.events > 0 and self.not_asked == self.total


def asked(rules: RuleSet, seen: Seen) -> Asked:
    """Who was asked about what was *seen*."""
    routed = {at: rules.routed(at[1], at[0]) for at in seen}
    found = {rule.id for rules_there in routed.values() for rule in rules_there}
    for head in rules.correlations:  # one that is counted stands before those that count it
        if not found.isdisjoint(head.rules):
            found.add(head.id)
    wanted = _wanted(rules, {source for source, _ in seen})
    missing: dict[LogSource, list[Rule | Correlation]] = {}
    for one in rules.all:
        if one.id not in found:
            missing.setdefault(wanted[one.id], []).append(one)
    return Asked(
        total=len(rules.all),
        of_lines=_of_lines(seen, routed),
        missing=tuple(
            NotAsked(logsource=logsource, rules=tuple(heads))
            for logsource, heads in sorted(missing.items(), key=lambda one: (-len(one[1]), str(one[0])))
        ),
    )


def _of_lines(seen: Seen, routed: Mapping[tuple[str, LogSource], tuple[Rule, ...]]) -> tuple[OfLines, ...]:
    by_logsource: dict[LogSource, tuple[int, frozenset[str]]] = {}
    for at, events in seen.items():
        before, known = by_logsource.get(at[1], (0, frozenset()))
        by_logsource[at[1]] = (before + events, known | {rule.id for rule in routed[at]})
    return tuple(
        OfLines(logsource=logsource, events=events, rules=len(known))
        for logsource, (events, known) in sorted(by_logsource.items(), key=lambda one: (-one[1][0], str(one[0])))
    )


def _wanted(rules: RuleSet, sources: Iterable[str]) -> dict[str, LogSource]:
    """By rule id, the log source that it is about, as the pipelines of the sources that were read have it."""
    found = {rule.id: rule.logsource for source in ("", *sorted(sources)) for rule in rules.of_source(source)}
    for head in rules.correlations:
        found[head.id] = found[head.rules[0]]
    return found

"""Why a case went otherwise than expected: the line that comes closest to a rule, or what made it match; for people."""

from collections.abc import Iterator, Sequence
from typing import Final

from rules.event import Event
from rules.finding import Finding
from rules.match import Explanation, explain
from rules.sigma.duration import written
from rules.sigma.model import Correlation, Rule, RuleSet

MOST_TOLD: Final = 3  #: log sources of lines that are told


def closest_line(head: Rule | Correlation, rules: RuleSet, events: Sequence[Event]) -> Iterator[str]:
    """How many lines match, and of the others the one that comes closest, with what it lacks."""
    single = bases(head, rules)
    matched, closest = 0, None
    for event in events:
        for rule in rules.routed(event.logsource):
            if rule.id not in single:
                continue
            explanation = explain(rule, event)
            matched += explanation.matched
            score = sum(reason.holds for reason in explanation.reasons)
            if not explanation.matched and (closest is None or score > closest[0]):
                closest = (score, rule, event, explanation)
    if isinstance(head, Correlation):
        yield f"  {matched} lines match the rules that it counts; it needs {_needs(head)}"
    if closest is not None:
        _, rule, event, explanation = closest
        yield f'  nearest: line {event.line} for "{rule.title}": {event.text}'
        yield from _reasons(explanation)
    elif not matched:
        yield from _of_another_log_source(single, rules, events)


def why(finding: Finding, rules: RuleSet, events: Sequence[Event]) -> Iterator[str]:
    """The terms that made the first line of a finding match."""
    first = min((each.line for each in finding.evidence), default=0)
    wanted = {finding.rule_id, *finding.base_rule_ids}
    for event in events:
        if event.line == first:
            for rule in rules.routed(event.logsource):
                explanation = explain(rule, event)
                if rule.id in wanted and explanation.matched:
                    yield f'  line {event.line} matches "{rule.title}": {event.text}'
                    yield from _reasons(explanation)
                    return


def bases(head: Rule | Correlation, rules: RuleSet) -> frozenset[str]:
    """The ids of the single-event rules behind a rule."""
    if isinstance(head, Rule):
        return frozenset((head.id,))
    by_id = {each.id: each for each in rules.all}
    return frozenset[str]().union(*(bases(by_id[each], rules) for each in head.rules))


def _of_another_log_source(single: frozenset[str], rules: RuleSet, events: Sequence[Event]) -> Iterator[str]:
    wanted = sorted({str(rule.logsource) for rule in rules.rules if rule.id in single})
    yield f"  no line is of its log source ({'; '.join(wanted)}):"
    lines = {f"{event.logsource}, read as {event.format or 'no known format'}" for event in events}
    yield from (f"    its lines are {told}" for told in sorted(lines)[:MOST_TOLD])


def _reasons(explanation: Explanation) -> Iterator[str]:
    for reason in explanation.reasons:
        value = "nothing" if reason.value is None else f'"{reason.value}"'
        yield f"    {reason}" + ("" if reason.holds and reason.span else f"   (has {value})")


def _needs(head: Correlation) -> str:
    """The condition of a correlation, for people."""
    group = f" for each {', '.join(head.group_by)}" if head.group_by else ""
    return f"{head.needs} within {written(head.timespan_seconds)}{group}"

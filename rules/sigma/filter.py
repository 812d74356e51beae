"""Sigma filters take effect: each on the rules that it names, told by its title wherever somebody asks why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from rules.sigma.model import (
    And,
    Condition,
    Correlation,
    Filter,
    Not,
    Or,
    Rule,
    Selection,
    Term,
    covers,
    filtered_version,
)


def under_title(title: str, condition: Condition) -> Condition:
    """*condition* with the filter's title before the name of each selection, so that an explanation names both."""
    match condition:
        case Term():
            return condition
        case Selection(name, part):
            return Selection(f"{title}: {name}", part)
        case Not(part):
            return Not(under_title(title, part))
        case And(parts):
            return And(tuple(under_title(title, part) for part in parts))
        case Or(parts):
            return Or(tuple(under_title(title, part) for part in parts))


def bases(rule_id: str, known: Mapping[str, Rule | Correlation]) -> tuple[Rule, ...]:
    """The single-event rules whose events a rule is about: itself, or those below a correlation."""
    head = known.get(rule_id)
    if isinstance(head, Correlation):
        return tuple({rule.id: rule for name in head.rules for rule in bases(name, known)}.values())
    return () if head is None else (head,)


def is_about(one: Filter, rule: Rule) -> bool:
    """Whether the filter's log source takes in that of the rule."""
    return covers(one.logsource, rule.logsource)


def applied(
    rules: Iterable[Rule], correlations: Iterable[Correlation], filters: Collection[Filter]
) -> tuple[tuple[Rule, ...], tuple[Correlation, ...]]:
    """The rules with the filters that name them. A version tells of all filters through which a rule is found: of a
    correlation those of its base rules too.
    """
    below: dict[str, tuple[Filter, ...]] = {}
    filtered_rules, filtered = [], []
    for rule in rules:
        below[rule.id] = own = tuple(one for one in filters if rule.id in one.rules)
        filtered_rules.append(replace(rule, filters=own, version=filtered_version(rule.version, own)))
    for made in correlations:  # each after those that it refers to
        own = tuple(one for one in filters if made.id in one.rules)
        below[made.id] = every = (*own, *(one for name in made.rules for one in below.get(name, ())))
        filtered.append(replace(made, filters=own, version=filtered_version(made.version, every)))
    return tuple(filtered_rules), tuple(filtered)

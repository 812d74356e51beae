"""Sigma filters: what the rules that they name are not about."""

import pytest
from support.engine import batch_of, engine_of, ssh
from support.rules import event_of

from rules.match import explain, matches
from rules.predicate import predicate
from rules.sigma.load import load
from rules.sigma.model import RuleSet

FAILED = """title: Failed
id: 5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11
name: failed
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: failure}, condition: s}
tocsin: {group-by: [source.ip]}
"""
MANY = """title: Many
name: many
correlation:
  type: event_count
  rules: failed
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
  generate: true
"""
FILTER = """title: Backup
logsource: {product: linux}
filter:
  rules: [failed]
  selection: {source.ip: 192.0.2.40}
  condition: not selection
"""


def loaded(*texts: str) -> RuleSet:
    found = load([("rules.yml", "---\n".join(texts))])
    assert not found.errors, "\n".join(map(str, found.errors))
    return found


def titles(*rules: str, ip: str) -> set[str]:
    """What three failures from *ip* make."""
    engine = engine_of(*rules)
    outcome = engine.feed(batch_of([ssh(at, ip=ip) for at in (1, 2, 3)]))
    return {one.rule_title for one in outcome.findings}


def test_a_filter_as_loaded() -> None:
    """It is no rule; the rule that it names knows it, and has another version."""
    bare, found = loaded(FAILED), loaded(FAILED, FILTER)
    (one,) = found.filters
    assert (one.title, one.rules, one.path) == ("Backup", (bare.rules[0].id,), "rules.yml")
    assert found.rules[0].filters == (one,)
    assert len(found.all) == 1
    assert found.rules[0].version != bare.rules[0].version
    assert found.rules[0].detection == bare.rules[0].detection


def test_what_a_filter_leaves_out() -> None:
    """Both ways of asking agree, and the explanation names filter and selection."""
    rule = loaded(FAILED, FILTER).rules[0]
    event = event_of({"event.outcome": "failure", "source.ip": "192.0.2.40"})
    other = event_of({"event.outcome": "failure", "source.ip": "192.0.2.41"})
    assert (matches(rule, event), matches(rule, other)) == (False, True)
    assert (predicate(rule.condition)(event), predicate(rule.condition)(other)) == (False, True)
    failing = explain(rule, event).failing
    assert failing is not None
    assert failing.selection == "Backup: selection"


def test_a_filter_of_a_rule_holds_for_its_correlations() -> None:
    """What a base rule does not match, nothing counts."""
    assert titles(FAILED, MANY, ip="192.0.2.40") == {"Failed", "Many"}
    assert titles(FAILED, MANY, FILTER, ip="192.0.2.40") == set()
    assert titles(FAILED, MANY, FILTER, ip="192.0.2.41") == {"Failed", "Many"}


def test_a_filter_of_a_correlation_is_for_it_alone() -> None:
    """Its base rule still finds, and another correlation still counts."""
    other = MANY.replace("title: Many", "title: Others").replace("name: many", "name: others")
    by_many = FILTER.replace("[failed]", "[many]")
    assert titles(FAILED, MANY, other, by_many, ip="192.0.2.40") == {"Failed", "Others"}
    assert titles(FAILED, MANY, other, by_many, ip="192.0.2.41") == {"Failed", "Many", "Others"}
    found = loaded(FAILED, MANY, other, by_many)
    bare = loaded(FAILED, MANY, other)
    changed = [now.title for now, before in zip(found.all, bare.all, strict=True) if now.version != before.version]
    assert changed == ["Many"]


def test_state_outlives_a_filter() -> None:
    """What was counted before a filter came is counted on with it."""
    engine = engine_of(FAILED, MANY)
    engine.feed(batch_of([ssh(at) for at in (1, 2)]))
    filtered = engine_of(FAILED, MANY, FILTER)
    engine = engine.with_rules(filtered.settings, filtered.rules)
    assert engine.dropped == ()
    again = engine.feed(batch_of([ssh(3)]))
    assert "Many" in {one.rule_title for one in again.findings}


def test_a_filter_for_any_rule() -> None:
    """It is for every rule about single events whose log source it takes in, and for no other."""
    other = FAILED.replace("sshd", "sudo").replace("5e7b0e2c", "00000000").replace("failed", "other")
    foreign = FAILED.replace("linux", "windows").replace("5e7b0e2c", "11111111").replace("failed", "foreign")
    for written in ("any", "Any"):
        found = loaded(FAILED, other, foreign, MANY, FILTER.replace("[failed]", written))
        assert {head.name: len(head.filters) for head in found.all} == {
            "failed": 1,
            "other": 1,
            "foreign": 0,
            "many": 0,
        }
    assert titles(FAILED, MANY, FILTER.replace("[failed]", "any"), ip="192.0.2.40") == set()
    assert load([("x.yml", FILTER.replace("[failed]", "any"))]).filters[0].rules == ()


FILTER_ERRORS = [
    ("  rules: [failed]\n", "", (4, 3), "a filter needs rules"),
    ("[failed]", "[fialed]", (4, 11), 'no rule has the id or name "fialed"'),
    ("  condition: not selection\n", "", (4, 3), "filter has no condition"),
    ("not selection", "not selektion", (6, 18), 'no selection is called "selektion"'),
    ("product: linux", "product: windows", (4, 11), '"failed" is about another log source'),
    ("logsource: {product: linux}\n", "", (1, 1), "a rule needs a logsource"),
    ("filter:", "level: high\ndetection: {s: {a: 1}, condition: s}\nfilter:", (4, 12), "a filter has no detection"),
    ("title: Backup", "title: Backup\nid: 5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11", (2, 5), "also that of"),
]


@pytest.mark.parametrize(("old", "new", "place", "message"), FILTER_ERRORS)
def test_a_broken_filter(old: str, new: str, place: tuple[int, int], message: str) -> None:
    """It hides nothing, and says where and why."""
    assert old in FILTER
    found = load([("rules.yml", FAILED), ("filter.yml", FILTER.replace(old, new))])
    assert found.filters == ()
    told = [(error.path, (error.line, error.column), error.message) for error in found.errors]
    assert any(p == "filter.yml" and at == place and message in said for p, at, said in told), told

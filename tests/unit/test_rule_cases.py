"""Cases beside rules: what they may say, what is wrong with them, and what a failing one shows."""

import pytest

from rules.authoring.cases import Case, read_cases
from rules.authoring.coverage import Coverage, Exercise, coverage
from rules.authoring.testing import CaseResult, run
from rules.sigma.load import load
from rules.sigma.model import RuleSet

RULES = """title: Failure
name: failure
logsource: {product: linux, service: sshd}
detection: {s: {event.action: ssh_login, event.outcome: failure}, condition: s}
---
title: Three failures
correlation: {type: event_count, rules: [failure], group-by: [source.ip], timespan: 1m, condition: {gte: 3}}
level: high
tocsin: {decision: observe}
---
title: Root let in
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: success, user.name: root}, condition: s}
tocsin: {pin: true}
"""
LINES = """
  - name: some
    lines: |
      Mar  1 03:11:20 web1 sshd[1]: Failed password for root from 203.0.113.7 port 40022 ssh2
      Mar  1 03:11:30 web1 sshd[1]: Failed password for root from 203.0.113.7 port 40022 ssh2
      Mar  1 03:11:40 web1 sshd[1]: Failed password for root from 203.0.113.7 port 40022 ssh2
    expect:"""


def rules() -> RuleSet:
    loaded = load([("x.yml", RULES)])
    assert not loaded.errors
    return loaded


def no_log(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", name)


def case_of(text: str) -> Case:
    cases, errors = read_cases("x.test.yml", "cases:" + text, no_log)
    assert errors == []
    return cases[0]


def outcome(expect: str, lines: str = LINES) -> CaseResult:
    return run(case_of(lines + expect), rules())


@pytest.mark.parametrize(
    "expectation",
    [
        "rule: Three failures",
        "rule: Three failures, events: 3, lines: [1, 2, 3], decision: observe, severity: high",
        "rule: Three failures, group: {source.ip: 203.0.113.7}, entities: {account: root, host: [web1]}",
        "rule: Three failures, first-seen: '2026-03-01T03:11:20Z', last-seen: '2026-03-01T04:11:40+01:00'",
    ],
)
def test_expectation_that_is_met(expectation: str) -> None:
    """What is written in an expectation is compared, and nothing else."""
    assert outcome(f" [{{{expectation}}}]").differences == ()


@pytest.mark.parametrize(
    ("expectation", "field", "expected", "found"),
    [
        ("events: 4", "events", "4", "3"),
        ("lines: [1, 2]", "lines", "1, 2", "1, 2, 3"),
        ("severity: low", "severity", "low", "high"),
        ("decision: investigate", "decision", "investigate", "observe"),
        ("group: {source.ip: 1.1.1.1}", "group source.ip", "1.1.1.1", "203.0.113.7"),
        ("entities: {account: bob, source: 203.0.113.7}", "entities account", "bob", "root"),
        ("entities: {component: web}", "entities component", "web", "nothing"),
        (
            "last-seen: '2026-03-01T03:11:41Z'",
            "last-seen",
            "2026-03-01T03:11:41+00:00",
            "2026-03-01T03:11:40+00:00",
        ),
    ],
)
def test_difference_field_by_field(expectation: str, field: str, expected: str, found: str) -> None:
    """What differs is told field by field, with both values, what was found below what was expected."""
    result = outcome(f" [{{rule: Three failures, {expectation}}}]")
    assert not result.passed
    (difference,) = result.compared
    assert (difference.what, difference.rule) == ("differs", "Three failures")
    (only,) = difference.fields
    assert (only.field, only.expected, only.found) == (field, expected, found)
    shown = str(result).split("\n")
    assert shown[:2] == ["x.test.yml:2: FAILED: some", '  "Three failures" differs']
    assert shown[2:] == [f"    {field}  expected {expected}", f"    {' ' * len(field)}  found    {found}"]


def test_several_differences_stand_in_columns() -> None:
    """Values stand below each other, whatever the names of their fields."""
    shown = outcome(" [{rule: Three failures, group: {source.ip: 1.1.1.1, host.name: web1}, events: 4}]").differences
    assert [line for line in shown if "expected" in line or "found" in line] == [
        "  group source.ip  expected 1.1.1.1",
        "                   found    203.0.113.7",
        "  group host.name  expected web1",
        "                   found    nothing",
        "  events           expected 4",
        "                   found    3",
    ]


def test_what_was_not_expected() -> None:
    """A finding that nothing expects fails the case, is told field by field, and says which line made it, and why."""
    result = outcome(" []")
    told = {one.field: (one.expected, one.found) for one in result.compared[0].fields}
    assert result.compared[0].what == "unexpected"
    assert told["group source.ip"] == ("nothing", "203.0.113.7")
    assert told["lines"] == ("nothing", "1, 2, 3")
    shown = "\n".join(result.differences)
    assert 'line 1 matches "Failure"' in shown
    assert "s: event.action = ssh_login ✔" in shown


def test_nothing_found_shows_the_nearest_line() -> None:
    """Where a rule finds nothing the line that comes closest is shown with what it lacks."""
    shown = "\n".join(outcome(" [{rule: Root let in}, {rule: Three failures}]").differences)
    assert '"Root let in" found nothing' in shown
    assert 'nearest: line 1 for "Root let in"' in shown
    assert 's: event.outcome = success ✘   (has "failure")' in shown


def test_nothing_found_by_a_correlation_says_what_it_needs() -> None:
    """Where a correlation finds nothing it says how many lines matched and how many it needs."""
    lines = LINES.replace("03:11:40", "03:15:40")
    shown = "\n".join(outcome(" [{rule: Three failures}]", lines).differences)
    assert "3 lines match the rules that it counts; it needs at least 3 events within 1m for each source.ip" in shown


def test_unknown_rule_is_named() -> None:
    """An expectation of a rule that there is not names the nearest."""
    assert 'did you mean "Root let in"?' in outcome(" [{rule: Root let inn}]").differences[0]


def test_format_that_there_is_not() -> None:
    """A case in a format that nobody knows fails with the format's name."""
    assert "sylog" in outcome(" []", LINES.replace("name: some", "name: some\n    format: sylog")).differences[0]


def test_trust_of_a_case() -> None:
    """A case may say who is trusted; the rules are then loaded with it."""
    case = case_of(LINES.replace("name: some", "name: some\n    trust: {networks: [203.0.113.0/24]}") + " []")
    trusting = (
        RULES.replace("s: {", "t: {source.ip|expand: '%trust.networks%'}, s: {")
        .replace("condition: s}", "condition: s and not t}", 1)
        .replace("t: {source.ip|expand: '%trust.networks%'}, s: {event.outcome: success", "s: {event.outcome: success")
    )
    loaded = load([("x.yml", trusting)], case.trust)
    assert not loaded.errors
    assert run(case, loaded).passed


def covered(expect: str, lines: str = LINES) -> Coverage:
    done = Exercise()
    run(case_of(lines + expect), rules(), done)
    return coverage(rules(), done)


def test_coverage_of_rules() -> None:
    """A rule needs a case in which it finds something and one, with lines of its kind, in which it does not."""
    assert list(map(str, coverage(rules(), Exercise()).rules)) == [
        'x.yml:11: "Root let in" has no case in which it finds something and none in which it finds nothing',
        'x.yml:6: "Three failures" has no case in which it finds something and none in which it finds nothing',
    ]
    assert list(map(str, covered(" [{rule: Three failures}]").rules)) == [
        'x.yml:11: "Root let in" has no case in which it finds something',
        'x.yml:6: "Three failures" has no case in which it finds nothing',
    ]


def test_a_case_that_fails_obliges_nobody() -> None:
    """What a rule found although nothing expects it is no case in which it must."""
    assert len(covered(" []").rules) == 2
    assert all(one.must and one.must_not for one in covered(" []").rules)


def test_coverage_of_parts() -> None:
    """Selections and terms that held for no line of any case are named."""
    found = covered(" [{rule: Three failures}]")
    assert list(map(str, found.parts)) == [
        'x.yml:11: no case of "Root let in" has a line for the selection "s"',
        'x.yml:11: no case of "Root let in" has a line for "event.outcome = success" of "s"',
    ]
    # two rules that speak (4), two selections (2), four terms (4); two gaps of rules, two of parts
    assert (found.asked, found.done, found.percent) == (10, 6, 60.0)
    assert coverage(RuleSet(), Exercise()).percent == 100.0


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", (1, 1), "there are no cases in this file"),
        ("case: []", (1, 1), 'unknown key "case" in a file of cases'),
        ("cases: []", (1, 1), "cases must be a list of cases"),
        ("cases: [x]", (1, 9), "a case must be a mapping"),
        ("cases: [{name: x, lines: a, expct: []}]", (1, 29), 'unknown key "expct" in a case'),
        ("cases: [{lines: a, expect: []}]", (1, 9), "a case needs name"),
        ("cases: [{name: x, lines: a}]", (1, 9), "a case needs expect"),
        ("cases: [{name: x, expect: []}]", (1, 9), "a case needs lines, or log"),
        ("cases: [{name: x, log: a.log, expect: []}]", (1, 24), "the log cannot be read: No such file or directory"),
        ("cases: [{name: x, lines: a, expect: none}]", (1, 37), "expect must be a list, not text"),
        ("cases: [{name: x, lines: a, expect: [{event: 1}]}]", (1, 39), 'unknown key "event" in an expectation'),
        ("cases: [{name: x, lines: a, expect: [{events: 1}]}]", (1, 38), "an expectation needs rule"),
        ("cases: [{name: x, lines: a, expect: [{rule: r, events: x}]}]", (1, 56), "events must be an integer"),
        ("cases: [{name: x, lines: a, expect: [{rule: r, group: x}]}]", (1, 55), "group must be a mapping"),
        ("cases: [{name: x, lines: a, expect: [], as-of: noon}]", (1, 48), "as-of must be a time"),
        ("cases: [{name: x, lines: a, expect: [], as-of: 9999-12-31}]", (1, 48), "as-of must be from 1970 to 9000"),
        ("cases: [{name: x, lines: a, expect: [], timezone: Berlin}]", (1, 51), 'no timezone is called "Berlin"'),
        ("cases: [{name: x, lines: a, expect: [], trust: {network: [a]}}]", (1, 49), 'unknown key "network" in trust'),
        ("cases: [", (1, 9), "not readable as YAML"),
    ],
)
def test_broken_cases(text: str, place: tuple[int, int], message: str) -> None:
    """What is wrong with a file of cases is told with its place, as for rules."""
    cases, errors = read_cases("x.test.yml", text, no_log)
    assert cases == []
    found = [((error.line, error.column), error.message) for error in errors]
    assert any(at == place and message in said for at, said in found), found

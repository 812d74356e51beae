"""What a filter would have hidden of findings that were made, and what an exception takes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from support.engine import batch_of, engine_of, ssh
from support.fakes import START
from support.rules import NOON
from support.store import finding

from rules.event import Severity
from rules.excepting import Past, Share, concerned, replay, worst
from rules.settings import EngineSettings
from rules.sigma.load import load
from rules.sigma.model import RuleSet
from store.excepting import (
    Candidate,
    ExceptionState,
    HiddenIncident,
    Preview,
    beginning,
    proposed_filter,
)
from store.incident import Incident
from store.ledger import Ledger

FAILED = """title: Failed
id: 5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11
name: failed
level: low
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: failure}, condition: s}
tocsin: {group-by: [source.ip]}
"""
MANY = """title: Many
name: many
level: high
correlation:
  type: event_count
  rules: failed
  group-by: [host.name]
  timespan: 10m
  condition: {gte: 3}
"""
FILTER = """title: Backup
logsource: {product: linux}
filter:
  rules: [%s]
  selection: {source.ip: 192.0.2.40}
  condition: not selection
"""


def loaded(*texts: str) -> RuleSet:
    found = load([("rules.yml", "---\n".join(texts))])
    assert not found.errors, "\n".join(map(str, found.errors))
    return found


def past(ips: Sequence[str], *rules: str) -> list[Past]:
    """What the engine finds of failures from these addresses, as the store would keep it."""
    outcome = engine_of(*rules).feed(batch_of([ssh(at, ip=ip) for at, ip in enumerate(ips)]))
    return [
        Past(
            id=one.id,
            rule_id=one.rule_id,
            group=one.group,
            first_seen=one.first_seen,
            last_seen=one.last_seen,
            lines=one.evidence,
        )
        for one in outcome.findings
    ]


def shares(name: str, found: Sequence[Past], *rules: str) -> list[tuple[Share, bool]]:
    ruleset = loaded(*rules, FILTER % name)
    (one,) = ruleset.filters
    return [(judged.share, judged.by_group) for judged in replay(one, ruleset, EngineSettings(), found)]


@pytest.mark.parametrize(
    ("ips", "share"),
    [
        (["192.0.2.40"] * 3, Share.ALL),
        (["192.0.2.40", "192.0.2.40", "192.0.2.41"], Share.SOME),
        (["192.0.2.41"] * 3, Share.NONE),
    ],
)
def test_lines_of_a_count(ips: list[str], share: Share) -> None:
    """All of its lines, some, or none: of some nobody can say whether the rest would have been enough."""
    found = past(ips, FAILED, MANY)
    assert shares("many", found, FAILED, MANY) == [(share, False)]
    assert shares("failed", found, FAILED, MANY) == [(share, False)], "what hides the base rule hides the count"


def test_a_finding_without_lines_is_judged_by_its_group() -> None:
    """Of what was only recorded no line is kept."""
    bare = [replace(one, lines=()) for one in past(["192.0.2.40", "192.0.2.41"], FAILED)]
    assert sorted(shares("failed", bare, FAILED)) == [(Share.ALL, True), (Share.NONE, True)]


def test_lines_of_other_groups_are_none_of_its() -> None:
    """The lines of a record are kept by rule: those of another address count for the other finding."""
    first, second = past(["192.0.2.40", "192.0.2.41"], FAILED)
    both = [
        replace(one, lines=[*first.lines, *second.lines], first_seen=NOON, last_seen=NOON + timedelta(hours=1))
        for one in (first, second)
    ]
    assert [share for share, _ in shares("failed", both, FAILED)] == [Share.ALL, Share.NONE]


def test_what_is_concerned() -> None:
    """A filter of a base rule reaches its correlations; the worst is what those can find, one step above the level."""
    ruleset = loaded(FAILED, MANY, FILTER % "failed")
    heads = concerned(ruleset.filters[0], ruleset)
    assert [head.title for head in heads] == ["Failed", "Many"]
    assert worst(heads) is Severity.CRITICAL
    ruleset = loaded(FAILED, FILTER % "failed")
    assert worst(concerned(ruleset.filters[0], ruleset)) is Severity.MEDIUM


def candidate(severity: Severity, confirmed: bool | None = None) -> Candidate:
    hidden = (
        ()
        if confirmed is None
        else (HiddenIncident(number=1, findings=1, in_part=0, severity_highest=Severity.LOW, confirmed=confirmed),)
    )
    preview = Preview(looked_at=1, left_out=0, findings=1, in_part=0, by_group=0, incidents=hidden)
    return Candidate(text="", title="", rules=(), worst=severity, preview=preview)


@pytest.mark.parametrize(
    ("one", "tried_before", "state"),
    [
        (candidate(Severity.MEDIUM), False, ExceptionState.AGREED),
        (candidate(Severity.MEDIUM), True, ExceptionState.AGREED),
        (candidate(Severity.MEDIUM, confirmed=False), False, ExceptionState.AGREED),
        (candidate(Severity.LOW, confirmed=True), False, ExceptionState.PROPOSED),
        (candidate(Severity.HIGH), False, ExceptionState.IN_FORCE),
        (candidate(Severity.HIGH), True, ExceptionState.PROPOSED),
        (candidate(Severity.CRITICAL, confirmed=True), False, ExceptionState.PROPOSED),
    ],
)
def test_what_it_takes(one: Candidate, tried_before: bool, state: ExceptionState) -> None:
    """One person for what is low, two for what is high, and no effect in advance where something was confirmed."""
    until = START + timedelta(days=9)
    found, lapses_at = beginning(one, now=START, until=until, tried_before=tried_before)
    assert found is state
    ends = {ExceptionState.IN_FORCE: START + timedelta(hours=12), ExceptionState.PROPOSED: until}
    assert lapses_at == ends.get(state)


def incident(rule: str, *group: tuple[str, str]) -> Incident:
    """A record of that rule about that group."""
    ledger = Ledger()
    ledger.take(finding(rule=rule))
    made = ledger.records()[0].incident
    assert made is not None
    return replace(made, group=group)


def test_a_filter_out_of_an_incident() -> None:
    """It hides its group and nothing beside it, whatever the values hold."""
    rules = loaded(FAILED, MANY)
    (rule,), (many,) = rules.rules, rules.correlations
    text = proposed_filter(incident(rule.id, ("source.ip", "192.0.2.4*")), rules)
    assert text is not None
    ruleset = loaded(FAILED, text)
    found = past(["192.0.2.40"], FAILED)
    starred = [replace(one, lines=(), group=(("source.ip", "192.0.2.4*"),)) for one in found]
    (one,) = ruleset.filters
    told = [judged.share for judged in replay(one, ruleset, EngineSettings(), [*found, *starred])]
    assert told == [Share.NONE, Share.ALL]
    text = proposed_filter(incident(many.id, ("host.name", "web1")), rules)
    assert text is not None
    assert loaded(FAILED, MANY, text).correlations[0].filters
    assert proposed_filter(incident("gone", ("host.name", "web1")), rules) is None
    assert proposed_filter(incident(rule.id), rules) is None, "it would hide all that the rule finds"

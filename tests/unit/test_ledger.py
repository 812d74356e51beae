"""What a replay would have opened."""

from datetime import timedelta

from support.fakes import START
from support.store import finding, line

from rules.event import Decision, Entity, Severity
from store.ledger import Ledger


def test_records_in_order_of_opening() -> None:
    """Incidents, observations and what is only recorded come in the order in which they were opened."""
    ledger = Ledger()
    ledger.take(finding("f1", rule="a", decision=Decision.RECORD))
    ledger.take(finding("f2", rule="b", decision=Decision.OBSERVE))
    ledger.take(finding("f3", rule="c"))
    ledger.take(finding("f1", rule="a", decision=Decision.RECORD, events=9, seconds=5))
    records = ledger.records()
    assert [(record.rule_id, record.decision, record.events) for record in records] == [
        ("a", Decision.RECORD, 9),
        ("b", Decision.OBSERVE, 1),
        ("c", Decision.INVESTIGATE, 1),
    ]
    assert [record.incident.number if record.incident else None for record in records] == [None, 1, 2]


def test_a_record_tells_all() -> None:
    """A record has severity with reasons, group, entities, counts and the very lines."""
    ledger = Ledger()
    ledger.take(finding("f1", severity=Severity.HIGH, events=3, evidence=[line(2), line(1)]))
    ledger.take(finding("f1", severity=Severity.HIGH, events=4, seconds=9, evidence=[line(3)], opened=False))
    [record] = ledger.records()
    assert (record.title, record.severity, record.events) == ("Title of rule-1", Severity.HIGH, 4)
    assert record.severity_terms[0].because == "the rule's level is high"
    assert record.group == (("source.ip", "203.0.113.7"),)
    assert record.entities == (Entity(kind="source", value="203.0.113.7"), Entity(kind="host", value="web1"))
    assert (record.first_seen, record.last_seen) == (START, START + timedelta(seconds=9))
    assert [one.line for one in record.evidence] == [1, 2, 3]
    assert [(tally.rule_id, tally.events) for tally in record.rules] == [("rule-1", 4)]


def test_recorded_evidence_is_bounded_and_merged_episodes_go() -> None:
    """What is only recorded keeps its first and last lines, and disappears once it is part of an older episode."""
    ledger = Ledger()
    for number in range(1, 101):
        found = finding("f1", decision=Decision.RECORD, events=number, seconds=number, evidence=[line(number)])
        ledger.take(found)
    ledger.take(finding("f2", decision=Decision.RECORD))
    ledger.take(finding("f2", decision=Decision.RECORD, merged_into="f1"))
    [record] = ledger.records()
    assert [one.line for one in record.evidence] == [*range(1, 21), *range(81, 101)]


def test_an_observation_has_all_its_attackers() -> None:
    """Eleven attackers in four hours on one host are one observation that names them all."""
    ledger = Ledger()
    for number in range(11):
        at = START + timedelta(minutes=20 * number)
        source = f"203.0.113.{number}"
        ledger.take(finding(f"f{number}", decision=Decision.OBSERVE, source=source, first_seen=at, events=50))
    [record] = ledger.records()
    assert record.events == 550
    assert len([one for one in record.entities if one.kind == "source"]) == 11


def test_notices() -> None:
    """A replay knows whom it would have told."""
    ledger = Ledger()
    ledger.take(finding("f1"))
    ledger.take(finding("f2", severity=Severity.CRITICAL))
    ledger.take(finding("f3", decision=Decision.OBSERVE, host="web2"))
    assert [notice.kind for notice in ledger.notices] == ["opened", "worse"]

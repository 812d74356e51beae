"""Open, attach, reopen or neither."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START
from support.store import finding

from rules.event import Decision, Entity
from rules.finding import Finding
from store.grouping import (
    CAP_PER_HOUR,
    MAX_KEY_CHARS,
    Attach,
    Candidate,
    Ignore,
    Open,
    Reopen,
    Verdict,
    bounded,
    campaign_key,
    decide,
    follow,
    record_key,
)
from store.incident import Incident, Outcome, Status
from store.ledger import Ledger

DAY = timedelta(days=1)


def incident(of: Finding, number: int = 1) -> Incident:
    """The record that a finding opens."""
    ledger = Ledger()
    ledger.take(of)
    made = ledger.records()[0].incident
    assert made is not None
    return replace(made, number=number)


def closed(of: Finding, outcome: Outcome = Outcome.RESOLVED) -> Incident:
    """The same, closed an hour after its start."""
    return replace(incident(of), status=Status.CLOSED, outcome=outcome, closed_at=START + timedelta(hours=1))


def candidate(
    of: Incident, *, has_key: bool = False, shared: str = "", has_host: bool = True, rule_ids: str = ""
) -> Candidate:
    """A record that might take a finding; *shared* names kinds of entities that both have."""
    entities = frozenset(Entity(kind=kind, value=f"the {kind}") for kind in shared.split())
    return Candidate(
        incident=of, has_key=has_key, shared=entities, has_host=has_host, rule_ids=frozenset(rule_ids.split())
    )


def chosen(found: Finding, *near: Candidate, lately: int = 0) -> Verdict:
    """The verdict."""
    return decide(found, near, opened_lately=lately)


def test_nothing_like_it_opens() -> None:
    """A finding like no open record opens one under its own key."""
    assert chosen(finding()) == Open(key="rule-1|203.0.113.7", reason="no open record like it")


def test_recorded_only() -> None:
    """A finding of a rule decided record opens nothing, whatever is open."""
    found = finding(decision=Decision.RECORD)
    assert isinstance(chosen(found, candidate(incident(finding()), has_key=True)), Ignore)


def test_same_key_joins_however_late() -> None:
    """The same problem joins its open record, also months later."""
    found = finding("f2", first_seen=START + 90 * DAY)
    verdict = chosen(found, candidate(incident(finding()), has_key=True))
    assert verdict == Attach(number=1, reason="same problem as INC-1, which is open")


@pytest.mark.parametrize(
    ("shared", "joins"),
    [
        ("source host", True),
        ("account host", True),
        ("component", True),
        ("host", False),
        ("source", False),
        ("account", False),
        ("source account", False),
        ("target host", False),
        ("", False),
    ],
)
def test_shared_pairs(shared: str, joins: bool) -> None:
    """Source and host, account and host, or component make one attack; less does not."""
    other = incident(finding(rule="rule-2"))
    assert isinstance(chosen(finding("f2"), candidate(other, shared=shared)), Attach if joins else Open)


def test_without_hosts_the_source_is_enough() -> None:
    """Where neither names a host, as in most access logs, the same address is one attack."""
    found = finding("f2", host=None)
    other = incident(finding(rule="rule-2", host=None))
    assert isinstance(chosen(found, candidate(other, shared="source", has_host=False)), Attach)
    assert isinstance(chosen(found, candidate(other, shared="source", has_host=True)), Open)


@pytest.mark.parametrize(("minutes", "joins"), [(-29, True), (29, True), (30, True), (31, False), (-31, False)])
def test_only_within_the_window(minutes: int, joins: bool) -> None:
    """A shared pair joins within the window of 30 minutes, before as well as after."""
    other = incident(finding(rule="rule-2"))
    found = finding("f2", first_seen=START + timedelta(minutes=minutes))
    assert isinstance(chosen(found, candidate(other, shared="source host")), Attach if joins else Open)


def test_correlation_joins_what_it_counts() -> None:
    """A correlation joins the incident that a rule it counts has opened about the same source, or the same host if it
    names nobody."""
    base = candidate(incident(finding(rule="rule-2")), shared="source", rule_ids="rule-2")
    assert isinstance(chosen(finding("f2", base_rule_ids=("rule-2",)), base), Attach)
    on_host = replace(base, shared=frozenset({Entity(kind="host", value="web1")}))
    assert isinstance(chosen(finding("f2", base_rule_ids=("rule-2",)), on_host), Open)
    assert isinstance(chosen(finding("f2", base_rule_ids=("rule-2",), source=None), on_host), Attach)


def test_observations_are_not_joined_by_entities() -> None:
    """An incident does not disappear in an observation, nor an observation in an incident."""
    observation = incident(finding(decision=Decision.OBSERVE))
    assert isinstance(chosen(finding("f2", rule="rule-2"), candidate(observation, shared="source host")), Open)
    observed = finding("f2", decision=Decision.OBSERVE)
    assert isinstance(chosen(observed, candidate(incident(finding(rule="rule-2")), shared="source host")), Open)


def test_observation_key() -> None:
    """One observation per rule, host and UTC day."""
    first = record_key(finding(decision=Decision.OBSERVE))
    assert first == "observe|rule-1|web1|2026-03-02"
    assert record_key(finding(decision=Decision.OBSERVE, source="192.0.2.1")) == first
    assert record_key(finding(decision=Decision.OBSERVE, host="web2")) != first
    assert record_key(finding(decision=Decision.OBSERVE, rule="rule-2")) != first
    assert record_key(finding(decision=Decision.OBSERVE, first_seen=START + DAY)) != first


def test_oldest_record_wins() -> None:
    """Of several that fit, the oldest takes it; one with the same key before all."""
    near = [candidate(incident(finding(rule=f"r{number}"), number), shared="source host") for number in (5, 3, 4)]
    assert isinstance(verdict := chosen(finding("f2"), *near), Attach)
    assert verdict.number == 3
    same = candidate(incident(finding(), 9), has_key=True)
    assert isinstance(verdict := chosen(finding("f2"), *near, same), Attach)
    assert verdict.number == 9


def test_cap_folds_into_a_campaign() -> None:
    """Above the cap of its rule a finding opens the rule's campaign, or joins it."""
    assert isinstance(verdict := chosen(finding(), lately=CAP_PER_HOUR - 1), Open)
    assert not verdict.campaign
    assert isinstance(verdict := chosen(finding(), lately=CAP_PER_HOUR), Open)
    assert (verdict.campaign, verdict.key) == (True, campaign_key("rule-1"))
    campaign = candidate(replace(incident(finding(), 21), dedup_key=campaign_key("rule-1"), campaign=True))
    assert isinstance(verdict := chosen(finding(), campaign, lately=CAP_PER_HOUR), Attach)
    assert verdict.number == 21
    assert isinstance(chosen(finding(), campaign, lately=0), Open)


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (timedelta(minutes=59), Ignore),
        (timedelta(hours=1), Reopen),
        (timedelta(hours=2), Reopen),
        (timedelta(days=30), Reopen),
        (timedelta(days=31), Open),
    ],
)
def test_after_the_end(after: timedelta, kind: type[Verdict]) -> None:
    """A match from before the closing changes nothing, one within 30 days reopens, a later one opens a recurrence."""
    verdict = chosen(finding("f2", first_seen=START + after), candidate(closed(finding()), has_key=True))
    assert isinstance(verdict, kind)
    if isinstance(verdict, Open):
        assert verdict.recurrence_of == 1


def test_looking_back_reopens_nothing() -> None:
    """What looking back finds never reopens a record."""
    late = finding("f2", first_seen=START + timedelta(hours=2), history=True)
    assert isinstance(chosen(late, candidate(closed(finding()), has_key=True)), Ignore)


@pytest.mark.parametrize(
    ("hours", "kind"), [(0.25, Ignore), (0.5, Reopen), (0.75, Reopen), (2, Reopen), (24 * 60, Reopen), (24 * 61, Open)]
)
def test_a_watched_record_is_reopened_by_what_it_promised(hours: float, kind: type) -> None:
    """From the fix on, which may be before the closing, and for as long as its watch says."""
    fixed = START + timedelta(minutes=30)
    watched = replace(closed(finding()), watched_from=fixed, watched_until=START + 60 * DAY)
    late = finding("f2", first_seen=START + timedelta(hours=hours))
    assert isinstance(chosen(late, candidate(watched, has_key=True)), kind)


def test_merged_is_not_reopened() -> None:
    """What was merged is carried on elsewhere: a new match opens a record of its own."""
    late = finding("f2", first_seen=START + timedelta(hours=2))
    assert isinstance(chosen(late, candidate(closed(finding(), Outcome.MERGED), has_key=True)), Open)


def test_growth_follows_its_record() -> None:
    """A finding that grew stays with its record, and reopens it if it grew after the end."""
    assert isinstance(follow(finding(), incident(finding())), Attach)
    assert isinstance(follow(finding(seconds=60), closed(finding())), Ignore)
    assert isinstance(follow(finding(seconds=7200), closed(finding())), Reopen)
    assert isinstance(follow(finding(seconds=DAY.total_seconds() * 40), closed(finding())), Ignore)


@given(st.text(), st.text())
def test_bounded_keys_stay_apart(one: str, other: str) -> None:
    """A bounded key is short enough for every index, and different keys stay different."""
    one, other = one * 100, other * 100
    assert len(bounded(one)) <= MAX_KEY_CHARS
    assert (bounded(one) == bounded(other)) == (one == other)


@pytest.mark.parametrize(
    "verdict",
    [
        chosen(finding()),
        chosen(finding("f2", rule="rule-2"), candidate(incident(finding()), shared="source host")),
        chosen(finding(), lately=99),
        chosen(finding(decision=Decision.OBSERVE)),
    ],
)
def test_reasons_hold_no_redactable_values(verdict: Verdict) -> None:
    """A reason is kept for ever, so it names kinds, never addresses, accounts or hosts."""
    assert verdict.reason
    for value in ("203.0.113.7", "web1", "the source", "the host"):
        assert value not in verdict.reason


def test_what_another_system_reported_is_named_by_its_alert() -> None:
    """Who is woken reads which alert it is, not only that there is one; any other incident has its title alone."""
    told = replace(incident(finding()), group=(("alert.name", "DiskFull"),), title="Alert of another system, critical")
    assert told.headline == "DiskFull: Alert of another system, critical"
    assert replace(told, group=(("source.ip", "203.0.113.7"),)).headline == told.title

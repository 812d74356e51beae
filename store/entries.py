"""What the timeline tells of findings: the entries that opening, joining and growing ask for. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from rules.finding import Finding
from store.incident import Actor, ActorKind, EntryKind, Fact, Incident, NewEntry
from store.moments import to_microseconds

ROLL_UP_AFTER = timedelta(minutes=10)


def by_rule(finding: Finding) -> Actor:
    """Who did what a finding caused."""
    return Actor(kind=ActorKind.RULE, id=finding.rule_id)


def opened(incident: Incident, finding: Finding, reason: str) -> NewEntry:
    """A record was opened."""
    facts: dict[str, Fact] = {
        "decision": finding.decision.value,
        "severity": finding.severity.value,
        "rule_version": finding.rule_version,
        "reason": reason,
        "step": incident.step.value,
        "history": finding.history,
    }
    values = {"title": incident.title, "group": _told(finding.group)}
    return NewEntry(kind=EntryKind.OPENED, actor=by_rule(finding), facts=facts, values=values)


def reopened(incident: Incident, finding: Finding, reason: str) -> NewEntry:
    """It happened again after the record was closed."""
    facts: dict[str, Fact] = {"reason": reason, "cycle": incident.cycle, "step": incident.step.value}
    return NewEntry(kind=EntryKind.REOPENED, actor=by_rule(finding), facts=facts)


def joined(finding: Finding, reason: str) -> NewEntry:
    """Another rule, or another group, is in the record from now on."""
    facts: dict[str, Fact] = {
        "rule_version": finding.rule_version,
        "severity": finding.severity.value,
        "reason": reason,
    }
    values = {"title": finding.rule_title, "group": _told(finding.group)}
    return NewEntry(kind=EntryKind.JOINED, actor=by_rule(finding), facts=facts, values=values)


def of_growth(before: Incident, after: Incident, finding: Finding, now: datetime) -> Iterator[NewEntry]:
    """The record became worse, went on, or grew; growth alone is told every ten minutes."""
    by = by_rule(finding)
    if after.severity is not before.severity:
        rise: dict[str, Fact] = {
            "from": before.severity.value,
            "to": after.severity.value,
            "track": after.track.value,
        }
        called = {"title": after.title} if after.title != before.title else {}
        yield NewEntry(kind=EntryKind.RAISED, actor=by, facts=rise, values=called)
    if after.step is not before.step:
        yield NewEntry(kind=EntryKind.MOVED, actor=by, facts={"from": before.step.value, "to": after.step.value})
    broke_through = after.broke_through and not before.broke_through
    is_due = now - before.rolled_up_at >= ROLL_UP_AFTER and after.events != before.events
    if is_due or broke_through:
        grown: dict[str, Fact] = {"events": after.events, "last_seen": to_microseconds(after.last_seen)}
        if broke_through:
            grown["broke_through"] = True
        yield NewEntry(kind=EntryKind.GREW, actor=by, facts=grown)


def _told(group: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name}={value}" for name, value in group)

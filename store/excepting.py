"""Exceptions: Sigma filters that people propose when a rule found what is harmless. Pure.

An exception hides what is to come, so it costs at least as much as dismissing the incident that it would hide: by the
worst that its rules can find and that it would have hidden, and always two persons where one was confirmed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import yaml

from rules.event import LogSource, Severity
from rules.excepting import Judged, Share
from rules.sigma.filter import bases
from rules.sigma.model import Correlation, Rule, RuleSet
from store.four_eyes import PROPOSAL_LASTS, settling_needs_another
from store.incident import Incident, Outcome, Step

#: How long one lasts if nobody says, and at most.
USUAL: Final = timedelta(days=90)
LONGEST: Final = timedelta(days=366)
#: Somebody whose exception nobody agreed to gets no effect in advance for another about the same rules so soon.
ONCE_WITHIN: Final = timedelta(days=30)
#: Longest filter, in characters.
LONGEST_FILTER: Final = 20_000


class ExceptionState(StrEnum):
    """Where an exception stands. Stored: never rename one."""

    PROPOSED = "proposed"  #: it has no effect before a second person agrees
    IN_FORCE = "in_force"  #: it has effect, and waits for a second person
    AGREED = "agreed"  #: it has effect until its end
    LAPSED = "lapsed"  #: nobody agreed in time, or its end came
    WITHDRAWN = "withdrawn"  #: somebody withdrew it or declined


#: In these it keeps the rules from finding.
EFFECTIVE: Final = (ExceptionState.IN_FORCE, ExceptionState.AGREED)
#: In these it waits for a second person.
WAITING: Final = (ExceptionState.PROPOSED, ExceptionState.IN_FORCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenIncident:
    """An incident of which findings would have been hidden."""

    number: int
    findings: int  #: that would have been hidden
    in_part: int  #: of which lines would have been hidden
    severity_highest: Severity
    confirmed: bool  #: it was investigated, or ended as resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a filter would have hidden of the findings that are stored."""

    looked_at: int  #: findings of the rules concerned, the latest first
    left_out: int  #: older ones, at which nobody looked
    findings: int  #: that would have been hidden
    in_part: int  #: of which lines would have been hidden; whether they would still have been found is not known
    by_group: int  #: of all these, those without any kept line: their group's values were asked
    incidents: tuple[HiddenIncident, ...] = ()

    @property
    def confirmed(self) -> tuple[int, ...]:
        """Numbers of the incidents that were confirmed."""
        return tuple(one.number for one in self.incidents if one.confirmed)

    @property
    def sentence(self) -> str:
        """All of it, for people."""
        part = f", and {self.in_part} in part" if self.in_part else ""
        told = ", ".join(f"INC-{one.number}" for one in self.incidents) or "none"
        confirmed = ", ".join(f"INC-{number}" for number in self.confirmed) or "none"
        looked = f"{self.findings} of {self.looked_at} findings{part}"
        return f"would have hidden {looked}; of incidents {told}; of which confirmed: {confirmed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A filter that compiled, and what it would have hidden."""

    text: str
    title: str
    rules: tuple[str, ...]  #: ids of those of which it may hide findings
    worst: Severity  #: that these can find
    preview: Preview

    @property
    def highest(self) -> Severity:
        """The highest severity of all that it hides, or would have hidden."""
        ever = [one.severity_highest for one in self.preview.incidents]
        return max([self.worst, *ever], key=lambda severity: severity.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleException:
    """An exception as it stands."""

    number: int
    incident: int | None  #: out of which it was proposed
    text: str  #: the Sigma filter; "" once it is redacted
    title: str
    rules: tuple[str, ...]
    state: ExceptionState
    reason: str
    highest: Severity
    preview: Preview
    proposed_by: str  #: person id
    proposed_at: datetime
    lapses_at: datetime | None  #: unless somebody agrees before; None: nobody has to
    until: datetime
    settled_by: str | None = None
    settled_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None  #: person id; None: by itself, or it has not ended
    version: int = 1

    @property
    def name(self) -> str:
        """What people call it."""
        return f"exception {self.number}"

    @property
    def waits(self) -> bool:
        """Whether a second person has to agree."""
        return self.state in WAITING

    @property
    def ends_at(self) -> datetime:
        """When it ends by itself."""
        return min(self.lapses_at, self.until) if self.waits and self.lapses_at else self.until


def is_confirmed(record: Incident) -> bool:
    """Whether people found that an incident was one: it is being investigated or further, or ended as resolved."""
    if record.outcome is Outcome.DISMISSED:
        return False
    further = (Step.INVESTIGATION, Step.CORRECTIVE_ACTIONS, Step.APPROVAL, Step.FOLLOW_UP)
    return record.step in further or record.outcome is Outcome.RESOLVED or record.resolved_at is not None


def preview(judged: Iterable[Judged], records: Mapping[str, Incident], *, looked_at: int, left_out: int) -> Preview:
    """What *judged* comes to.

    Args:
        records: By a finding's id, the record that it belongs to; none if it was recorded only.
    """
    touched = [one for one in judged if one.share is not Share.NONE]
    by_incident: dict[int, list[Judged]] = {}
    known: dict[int, Incident] = {}
    for one in touched:
        if (record := records.get(one.id)) is not None:
            by_incident.setdefault(record.number, []).append(one)
            known[record.number] = record
    return Preview(
        looked_at=looked_at,
        left_out=left_out,
        findings=_count(touched, Share.ALL),
        in_part=_count(touched, Share.SOME),
        by_group=sum(one.by_group for one in touched),
        incidents=tuple(
            HiddenIncident(
                number=number,
                findings=_count(found, Share.ALL),
                in_part=_count(found, Share.SOME),
                severity_highest=known[number].severity_highest,
                confirmed=is_confirmed(known[number]),
            )
            for number, found in sorted(by_incident.items())
        ),
    )


def beginning(
    candidate: Candidate, *, now: datetime, until: datetime, tried_before: bool
) -> tuple[ExceptionState, datetime | None]:
    """Where a proposed exception stands at first, and when it lapses unless a second person agrees.

    Args:
        tried_before: Another of the same person about the same rules lapsed a short while ago.
    """
    needs_another = settling_needs_another(candidate.highest)
    if candidate.preview.confirmed or (needs_another and tried_before):
        return ExceptionState.PROPOSED, until
    if needs_another:
        return ExceptionState.IN_FORCE, now + PROPOSAL_LASTS
    return ExceptionState.AGREED, None


def proposed_filter(record: Incident, rules: RuleSet) -> str | None:
    """A filter that hides what *record* is about: its rule, its group's values. None: a person has to write one."""
    known = {head.id: head for head in rules.all}
    head = known.get(record.rule_id)
    below = bases(record.rule_id, known)
    source = _common([rule.logsource for rule in below])
    names = {name: _field(head, name, below) for name, _ in record.group} if head else {}
    if head is None or not source or not record.group or None in names.values():
        return None
    values = {str(names[name]): _literal(value) if value else None for name, value in record.group}
    told = ", ".join(f"{name} {value or '(none)'}" for name, value in record.group)
    body = {
        "title": f"Except {told} from {head.title}"[:256],
        "id": str(uuid5(NAMESPACE_URL, f"tocsin:exception:{record.name}:{head.id}:{told}")),
        "description": f"Harmless, as {record.name} showed",
        "logsource": source,
        "filter": {"rules": [head.id], "selection": values, "condition": "not selection"},
    }
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=1000)


def _count(judged: Iterable[Judged], share: Share) -> int:
    return sum(one.share is share for one in judged)


def _common(sources: Sequence[LogSource]) -> dict[str, str]:
    """What all log sources say alike."""
    found = {}
    for name in ("category", "product", "service"):
        said = {getattr(one, name) for one in sources}
        if len(said) == 1 and (value := said.pop()) is not None:
            found[name] = value
    return found


def _field(head: Rule | Correlation, name: str, below: Iterable[Rule]) -> str | None:
    """The field that a group's name means in the events; None: different ones."""
    if not isinstance(head, Correlation):
        return name
    fields = {head.field_of(name, rule.id) for rule in below} | {head.field_of(name, rule) for rule in head.rules}
    return fields.pop() if len(fields) == 1 else None


def _literal(value: str) -> str:
    """A value that Sigma takes letter by letter."""
    return value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")

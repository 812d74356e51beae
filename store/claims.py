"""What a sender says of its own alert: it is over, and then perhaps it fires again. Pure.

Such a word is kept as a claim. It ends the asking, once all alerts of an incident are said to be over; it moves no step
and closes nothing. Once an alert came back, its sender's word alone ends no asking any more: it flaps.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rules.finding import Finding
from store.entries import by_rule
from store.incident import EntryKind, Fact, Incident, NewEntry
from store.notice import NewNotice, NoticeKind

#: The kind of entity of which a sender can say that it is over.
KIND: Final = "alert"
RESOLVED: Final = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The last word of a sender about one alert of an incident."""

    over_at: datetime | None  #: event time; None: it fires again
    times: int  #: how often it was said to be over


def alerts_of(finding: Finding) -> tuple[str, ...]:
    """The alerts that *finding* is about."""
    return tuple(entity.value for entity in finding.entities if entity.kind == KIND)


def over(before: Claim | None, finding: Finding) -> Claim | None:
    """The claim after a word that an alert is over; None if that is no news."""
    if before is not None and before.over_at is not None:
        return None
    return Claim(over_at=finding.last_seen, times=(before.times if before else 0) + 1)


def again(before: Claim | None, finding: Finding) -> Claim | None:
    """The claim after an alert fired; None if nobody had said that it was over before."""
    if before is None or before.over_at is None or finding.last_seen <= before.over_at:
        return None
    return Claim(over_at=None, times=before.times)


def entry_of_over(finding: Finding, alert: str) -> NewEntry:
    """The sender's word in the timeline."""
    facts: dict[str, Fact] = {"claim": True}
    return NewEntry(kind=EntryKind.RESOLVED, actor=by_rule(finding), facts=facts, values={"alert": alert})


def notice_of_over(incident: Incident, alerts: Collection[str], claims: Mapping[str, Claim]) -> NewNotice | None:
    """That nobody is asked any more; None while an alert fires, or where one flaps, or somebody has it already."""
    said = [claims.get(alert) for alert in alerts]
    if incident.acknowledged_at is not None or not incident.is_open:
        return None
    if any(one is None or one.over_at is None or one.times > 1 for one in said):
        return None
    return _notice(incident, NoticeKind.RESOLVED, "its sender says that it is over")


def notice_of_again(incident: Incident, claim: Claim) -> NewNotice | None:
    """That people are asked after all; only the first time: after that nothing was taken back."""
    if incident.acknowledged_at is not None or claim.times > 1:
        return None
    return _notice(incident, NoticeKind.WORSE, "it fires again after its sender said that it was over")


def _notice(incident: Incident, kind: NoticeKind, reason: str) -> NewNotice:
    return NewNotice(
        incident=incident.number, kind=kind, cycle=incident.cycle, reason=reason, severity=incident.severity
    )

"""What is said of an alert: it is over, or not reported any more, and then perhaps it fires again. Pure.

Such a word is kept as a claim. It ends the asking, once it is said of all alerts of an incident; it moves no step and
closes nothing. An alert that changes again and again flaps: that is told once, and its changes end or begin no asking
until it is calm: until an hour has passed in which it did not change.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from rules.finding import Finding
from store.entries import by_rule
from store.incident import DAEMON, EntryKind, Fact, Incident, NewEntry
from store.notice import NewNotice, NoticeKind

#: The kind of entity of which a sender can say that it is over.
KIND: Final = "alert"
RESOLVED: Final = "resolved"
EXPIRED: Final = "expired"
#: So many changes within so long are flapping.
FLAPS_AFTER: Final = 4
FLAPS_WITHIN: Final = timedelta(hours=1)
_SAID: Final[Mapping[str, tuple[NoticeKind, str]]] = {
    RESOLVED: (NoticeKind.RESOLVED, "its sender says that it is over"),
    EXPIRED: (NoticeKind.UNREPORTED, "its sender was to report it again by now, and did not"),
}
_FLAPS: Final = f"it flaps: {FLAPS_AFTER} changes within an hour; it is told again once it is calm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The last word about one alert of an incident."""

    over_at: datetime | None  #: event time; None: it fires again
    times: int  #: how often it was said to be over
    how: str = RESOLVED  #: or EXPIRED: nobody said anything
    changes: tuple[datetime, ...] = ()  #: event times of the last changes, at most `FLAPS_AFTER`

    @property
    def flaps(self) -> bool:
        """Whether it changes so often that no single change tells anything."""
        return len(self.changes) >= FLAPS_AFTER and self.changes[-1] - self.changes[-FLAPS_AFTER] < FLAPS_WITHIN

    @property
    def calm_at(self) -> datetime | None:
        """When it flaps no more if nothing changes; None: it does not."""
        return self.changes[-1] + FLAPS_WITHIN if self.flaps else None

    def begins_to_flap(self, before: "Claim | None") -> bool:
        """Whether it did not flap *before*."""
        return self.flaps and not (before is not None and before.flaps)


def alerts_of(finding: Finding) -> tuple[str, ...]:
    """The alerts that *finding* is about."""
    return tuple(entity.value for entity in finding.entities if entity.kind == KIND)


def over(before: Claim | None, finding: Finding) -> Claim | None:
    """The claim after a word that an alert is over, or after none came; None if that is no news."""
    if before is not None and before.over_at is not None:
        confirmed = before.how == EXPIRED and finding.claims == RESOLVED
        return replace(before, over_at=finding.last_seen, how=RESOLVED) if confirmed else None
    return Claim(
        over_at=finding.last_seen,
        times=(before.times if before else 0) + 1,
        how=finding.claims or RESOLVED,
        changes=_changed(before, finding.last_seen),
    )


def again(before: Claim | None, finding: Finding) -> Claim | None:
    """The claim after an alert fired; None if nobody had said that it was over before."""
    if before is None or before.over_at is None or finding.last_seen <= before.over_at:
        return None
    return replace(before, over_at=None, changes=_changed(before, finding.last_seen))


def calmed(before: Claim) -> Claim:
    """The claim of an alert that flapped and is calm."""
    return replace(before, changes=())


def entry_of_calm(alert: str, claim: Claim) -> NewEntry:
    """That it is over after all, in the timeline."""
    facts: dict[str, Fact] = {"claim": True, "calm": True}
    if claim.how == EXPIRED:
        facts["expired"] = True
    return NewEntry(kind=EntryKind.RESOLVED, actor=DAEMON, facts=facts, values={"alert": alert})


def over_before_it_was_told(finding: Finding) -> Claim:
    """The claim of an alert that was over when its first firing was taken."""
    return Claim(over_at=finding.last_seen, times=1)


def entry_of_over(finding: Finding, alert: str, claim: Claim, before: Claim | None) -> NewEntry | None:
    """The word in the timeline; None while it flaps: only that it begins to is told there."""
    if claim.flaps and not claim.begins_to_flap(before):
        return None
    facts: dict[str, Fact] = {"claim": True}
    if claim.how == EXPIRED:
        facts["expired"] = True
    if claim.flaps:
        facts["flaps"] = True
    return NewEntry(kind=EntryKind.RESOLVED, actor=by_rule(finding), facts=facts, values={"alert": alert})


def notice_of_over(
    incident: Incident, alerts: Collection[str], claims: Mapping[str, Claim], claim: Claim, before: Claim | None
) -> NewNotice | None:
    """That nobody is asked any more; None while an alert fires or flaps, or where somebody has it already."""
    if incident.acknowledged_at is not None or not incident.is_open:
        return None
    if claim.flaps:
        return _notice(incident, NoticeKind.WORSE, _FLAPS) if claim.begins_to_flap(before) else None
    said = [claims.get(alert) for alert in alerts]
    if any(one is None or one.over_at is None or one.flaps for one in said):
        return None
    kind, reason = _SAID[claim.how]
    return _notice(incident, kind, reason)


def notice_of_again(incident: Incident, claim: Claim, before: Claim | None) -> NewNotice | None:
    """That people are asked after all; of one that flaps once."""
    if incident.acknowledged_at is not None:
        return None
    if claim.flaps:
        return _notice(incident, NoticeKind.WORSE, _FLAPS) if claim.begins_to_flap(before) else None
    said = "its sender said that it was over" if claim.how == RESOLVED else "it was not reported any more"
    return _notice(incident, NoticeKind.WORSE, f"it fires again after {said}")


def _changed(before: Claim | None, at: datetime) -> tuple[datetime, ...]:
    return (*(before.changes if before else ()), at)[-FLAPS_AFTER:]


def _notice(incident: Incident, kind: NoticeKind, reason: str) -> NewNotice:
    return NewNotice(
        incident=incident.number, kind=kind, cycle=incident.cycle, reason=reason, severity=incident.severity
    )

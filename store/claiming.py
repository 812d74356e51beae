"""What is said of alerts, taken into the records that name them: over, not reported any more, fires again. Pure."""

from rules.event import Entity
from rules.finding import Finding
from store import claims
from store.claims import Claim
from store.grouping import Ignore, Reopen, Verdict
from store.incident import Incident, Outcome
from store.notice import NewNotice
from store.records import Records


def unless_it_only_goes_on(records: Records, finding: Finding, verdict: Verdict) -> Verdict:
    """People who dismissed an alert knew that it fires: that it still does, as its sender repeats, is nothing new."""
    if not isinstance(verdict, Reopen):
        return verdict
    closed = records.incident(verdict.number)
    if closed.outcome is not Outcome.DISMISSED or closed.closed_at is None:
        return verdict
    since = [records.fires_since(alert) for alert in claims.alerts_of(finding)]
    if since and all(moment is not None and moment <= closed.closed_at for moment in since):
        return Ignore(number=closed.number, reason=f"it goes on as it was when {closed.name} was dismissed")
    return verdict


def is_over(records: Records, finding: Finding) -> None:
    """Somebody says that alerts are over: it is kept with the open records that name them.

    Not while another sender says that they fire, nor if the same one has said so again since.
    """
    for alert in claims.alerts_of(finding):
        if records.fires_since(alert) is not None:
            continue
        for number in records.naming(Entity(kind=claims.KIND, value=alert)):
            before = records.claims(number).get(alert)
            claim = claims.over(before, finding)
            if claim is not None:
                _claim(records, finding, number, alert, claim, before)


def was_over(records: Records, finding: Finding, number: int) -> None:
    """Out of order: the record that its first firing opens asks nobody, if its sender ended it before."""
    for alert in claims.alerts_of(finding):
        if records.is_over(alert):
            _claim(records, finding, number, alert, claims.over_before_it_was_told(finding), None)


def is_calm(records: Records, number: int, alert: str, *, is_open: bool) -> None:
    """An alert has not changed for so long that it flaps no more: if it is over, that is told now."""
    before = records.claims(number)[alert]
    claim = claims.calmed(before)
    records.claim(number, alert, claim)
    if not is_open or claim.over_at is None:
        return
    records.write_entry(number, claims.entry_of_calm(alert, claim))
    notice = claims.notice_of_over(
        records.incident(number), records.alerts(number), records.claims(number), claim, before
    )
    if notice is not None:
        records.notify(notice)


def _claim(records: Records, finding: Finding, number: int, alert: str, claim: Claim, before: Claim | None) -> None:
    """Keep what is said of an alert, and tell who has to know."""
    records.claim(number, alert, claim)
    entry = claims.entry_of_over(finding, alert, claim, before)
    if entry is not None:
        records.write_entry(number, entry)
    record = records.incident(number)
    notice = claims.notice_of_over(record, records.alerts(number), records.claims(number), claim, before)
    if notice is not None:
        records.notify(notice)


def fires_again(records: Records, finding: Finding, after: Incident) -> NewNotice | None:
    """The notice that an alert asks for which was said to be over."""
    found = None
    for alert in claims.alerts_of(finding):
        before = records.claims(after.number).get(alert)
        claim = claims.again(before, finding)
        if claim is not None:
            records.claim(after.number, alert, claim)
            found = claims.notice_of_again(after, claim, before) or found
    return found

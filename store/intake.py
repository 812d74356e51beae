"""What a finding changes: one function for the daemon and for replay, over whatever keeps the records. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rules.entities import clean
from rules.event import Decision, Entity, Mode, Severity
from rules.finding import Finding
from store import break_through, claiming, claims, duties, entries, grouping, process, recurring
from store.deadlines import Duty
from store.grouping import Attach, Ignore, Open, Reopen
from store.incident import EntryKind, Incident, Outcome, SourceKind, Step, Track
from store.notice import NewNotice, NoticeKind
from store.records import Known, Records, Taken

#: A finding whose last event is older never pages singly.
STALE_AFTER = timedelta(minutes=15)
#: How many findings of one rule are told one by one as they join; after that the roll-up tells of them.
JOINS_TOLD = 20


def take(records: Records, finding: Finding, now: datetime) -> Taken:
    """Take a finding, or how it grew: counts are absolute, taking it twice changes nothing."""
    finding = cleaned(finding)
    known = records.known(finding.id)
    if known is not None and _tells_nothing_new(finding, known):
        return Taken(incident=known.number)
    taken = _carry_out(records, finding, known, _verdict(records, finding, known), now)
    if finding.claims:
        claiming.is_over(records, finding)
    elif taken.opened and taken.incident is not None:
        claiming.was_over(records, finding, taken.incident)
    return taken


def _verdict(records: Records, finding: Finding, known: Known | None) -> grouping.Verdict:
    if known is not None and known.number is not None:
        return claiming.unless_it_only_goes_on(
            records, finding, grouping.follow(finding, records.incident(known.number))
        )
    if known is None and finding.merged_into is not None:
        return _of_an_older_episode(records, finding.merged_into, finding)
    if finding.decision is Decision.RECORD or known is not None:
        return Ignore(reason="its rule is decided record: counted, no record is opened")
    near = records.candidates(finding, grouping.record_key(finding))
    asks = finding.decision is Decision.INVESTIGATE
    lately = records.opened_near(finding.rule_id, finding.first_seen) if asks else 0
    return claiming.unless_it_only_goes_on(records, finding, grouping.decide(finding, near, opened_lately=lately))


def _of_an_older_episode(records: Records, older: str, finding: Finding) -> grouping.Verdict:
    """It was joined to an older episode before it was told: it opens nothing of its own."""
    into = records.known(older)
    if into is None or into.number is None:
        return Ignore(reason="it is part of an older episode, which is in no record")
    return grouping.follow(finding, records.incident(into.number))


def _carry_out(
    records: Records, finding: Finding, known: Known | None, verdict: grouping.Verdict, now: datetime
) -> Taken:
    match verdict:
        case Ignore():
            counted = known.events if known else 0
            records.remember(finding, _as_known(finding, known, verdict.number, counted=counted), verdict.reason)
            return Taken(incident=verdict.number)
        case Open():
            incident = _open(records, finding, verdict, now)
        case Reopen():
            incident = _reopen(records, finding, verdict, now)
        case Attach():
            incident = records.incident(verdict.number)
    return _grow(records, finding, known, incident, verdict, now)


def _grow(
    records: Records,
    finding: Finding,
    known: Known | None,
    before: Incident,
    verdict: Open | Attach | Reopen,
    now: datetime,
) -> Taken:
    """Add to the record what is new in the finding."""
    told, episodes, more = _as_counted(records, finding, known, before.number)
    records.remember(finding, told, verdict.reason)
    tally = records.count(before.number, finding, findings=episodes, events=more)
    records.add_entities(before.number, finding.entities, finding.first_seen)
    records.add_evidence(before.number, finding.rule_id, finding.evidence)
    after = replace(
        before,
        first_seen=min(before.first_seen, finding.first_seen),
        last_seen=max(before.last_seen, finding.last_seen),
        window_seconds=max(before.window_seconds, finding.window_seconds),
        advised=before.advised or (before.decision is Decision.OBSERVE and _is_advised(finding)),
        events=max(before.events, tally.events) if more >= 0 else records.most_events(before.number),
    )
    raised = _rises(before, finding, known)
    if raised:
        after = _raised(after, finding)
    after, notice = _who_should_hear(before, after, finding, known, raised, isinstance(verdict, Attach), now)
    notice = claiming.fires_again(records, finding, after) or notice
    if isinstance(verdict, Attach):
        another = tally.findings == 1 or (verdict.other_key and tally.findings <= JOINS_TOLD)
        if known is None and another:
            records.write_entry(after.number, entries.joined(finding, verdict.reason))
        after = _tell_timeline(records, before, after, finding, now)
    _tell_approvers(records, before, after, finding, known, raised)
    records.change(before, after)
    if notice is not None:
        records.notify(notice)
    opened = not isinstance(verdict, Attach)
    return Taken(incident=after.number, opened=opened, incident_raised=raised, notified=notice is not None)


def _open(records: Records, finding: Finding, verdict: Open, now: datetime) -> Incident:
    incident = Incident(
        number=records.next_number(),
        decision=finding.decision,
        dedup_key=verdict.key,
        title=f"{finding.rule_title} (campaign)" if verdict.campaign else finding.rule_title,
        rule_id=finding.rule_id,
        rule_title=finding.rule_title,
        rule_path=finding.rule_path,
        rule_version=finding.rule_version,
        tags=finding.tags,
        group=() if verdict.campaign or finding.decision is Decision.OBSERVE else finding.group,
        severity=finding.severity,
        severity_highest=finding.severity,
        severity_terms=finding.severity_terms,
        track=track_for(finding.severity, finding.tags),
        source_kind=source_kind(finding),
        first_seen=finding.first_seen,
        last_seen=finding.last_seen,
        window_seconds=finding.window_seconds,
        detected_at=now,
        opened_at=now,
        step_entered_at=now,
        rolled_up_at=now,
        campaign=verdict.campaign,
        history=finding.history,
        advised=_is_advised(finding),
        recurrence_of=verdict.recurrence_of,
    )
    decided = _decided(incident, finding, now)
    records.add(decided)
    records.write_entry(decided.number, entries.opened(decided, finding, verdict.reason))
    return decided if verdict.recurrence_of is None else recurring.heavier(records, decided, finding, now)


def _is_advised(finding: Finding) -> bool:
    return finding.mode is Mode.ADVISE and finding.would_ask and not finding.history


def _reopen(records: Records, finding: Finding, verdict: Reopen, now: datetime) -> Incident:
    before = records.incident(verdict.number)
    to = process.IDENTIFICATION if before.outcome is Outcome.DISMISSED else process.NOTIFICATION
    after = process.advance(before, to, now=now, by=entries.by_rule(finding))
    after = _decided(after, finding, now)
    records.change(before, after)
    records.write_entry(after.number, entries.reopened(after, finding, verdict.reason))
    return recurring.heavier(records, after, finding, now)


def _decided(incident: Incident, finding: Finding, now: datetime) -> Incident:
    """The record at the step that the rule's decision leads to: people are told of what it wants investigated."""
    if incident.decision is not Decision.INVESTIGATE or finding.history or incident.step is not Step.IDENTIFICATION:
        return incident
    return process.advance(incident, process.NOTIFICATION, now=now, by=entries.by_rule(finding))


def _who_should_hear(
    before: Incident,
    after: Incident,
    finding: Finding,
    known: Known | None,
    raised: bool,
    attached: bool,
    now: datetime,
) -> tuple[Incident, NewNotice | None]:
    """The notice that the change asks for, and the record that remembers having asked."""
    if finding.history or after.decision is not Decision.INVESTIGATE:
        return after, None
    kind, reason, through = NoticeKind.OPENED, f"{after.rule_title}: first seen", False
    if before.history:
        after = _decided(replace(after, history=False), finding, now)
        reason = f"{after.rule_title}: seen before in older lines, now live"
    elif after.cycle > 1 and not attached:
        reason = f"{after.rule_title}: it happened again after it was closed"
    elif attached:
        worse = break_through.because(before, after, finding, known, raised=raised)
        if worse is None:
            return after, None
        through = before.acknowledged_at is not None or before.quiet_until is not None
        after = replace(after, broke_through=through)
        kind, reason = NoticeKind.WORSE, worse
    if waits_to_be_read(after):
        return after, None
    notice = NewNotice(
        incident=after.number,
        kind=kind,
        cycle=after.cycle,
        reason=reason,
        severity=after.severity,
        stale=now - finding.last_seen > STALE_AFTER,
        breaks_through=through,
    )
    return after, notice


def _tell_timeline(records: Records, before: Incident, after: Incident, finding: Finding, now: datetime) -> Incident:
    """Write the entries that growing asks for."""
    for entry in entries.of_growth(before, after, finding, now):
        records.write_entry(after.number, entry)
        if entry.kind is EntryKind.GREW:
            after = replace(after, rolled_up_at=now)
    return after


def _tell_approvers(
    records: Records, before: Incident, after: Incident, finding: Finding, known: Known | None, raised: bool
) -> None:
    """What changes the picture of a dossier that waits for its signatures is a discrepancy; the rest is annexed."""
    if before.step is not Step.APPROVAL or (at_freeze := records.events_at_freeze(before.number)) is None:
        return
    for cause, told in break_through.of_dossier(before, after, finding, known, raised=raised, at_freeze=at_freeze):
        if records.raise_discrepancy(after.number, cause, told):
            records.notify(duties.ask(after, Duty.APPROVAL, f"since the freeze: {told}"))


def cleaned(finding: Finding) -> Finding:
    """*finding* as every database can keep it, so that what is compared here is what will be found there."""
    return replace(
        finding,
        rule_title=clean(finding.rule_title),
        group=tuple((clean(name), clean(value)) for name, value in finding.group),
        dedup_key=grouping.bounded(clean(finding.dedup_key)),
        entities=tuple(Entity(kind=one.kind, value=clean(one.value)) for one in finding.entities),
        evidence=tuple(replace(one, origin=clean(one.origin), text=clean(one.text)) for one in finding.evidence),
    )


def source_kind(finding: Finding) -> SourceKind:
    """Where a record comes from that *finding* opens: what is handed in names its alert, or what feedback is about."""
    if claims.alerts_of(finding):
        return SourceKind.ALERT
    if any(field.startswith("feedback.") for field, _ in finding.group):
        return SourceKind.FEEDBACK
    return SourceKind.LOG


def waits_to_be_read(record: Incident) -> bool:
    """Whether nobody is told of it at once: what one person reports is read by day, within the time that its clock
    gives, and reminds of itself. What makes it graver is told.
    """
    return record.source_kind is SourceKind.FEEDBACK and record.severity.rank < Severity.MEDIUM.rank


def track_for(severity: Severity, tags: Sequence[str]) -> Track:
    """How many persons must act, by default."""
    if severity is Severity.CRITICAL or break_through.is_of_success(tags):
        return Track.FULL
    return Track.STANDARD if severity is Severity.HIGH else Track.LIGHT


def _rises(incident: Incident, finding: Finding, known: Known | None) -> bool:
    """Only by something new: what a person lowered does not rise again by the same finding told once more."""
    above = finding.severity.rank > incident.severity.rank
    return above and (known is None or finding.severity.rank > known.severity.rank)


def _raised(incident: Incident, finding: Finding) -> Incident:
    track = max(incident.track, track_for(finding.severity, finding.tags), key=lambda one: one.rank)
    highest = max(incident.severity_highest, finding.severity, key=lambda one: one.rank)
    return replace(
        incident,
        title=_title_once_raised(incident, finding),
        severity=finding.severity,
        severity_highest=highest,
        severity_terms=finding.severity_terms,
        track=track,
    )


def _title_once_raised(incident: Incident, finding: Finding) -> str:
    """What waited to be read is called by what made it graver: that many report it, not that one did."""
    is_as_opened = incident.title == incident.rule_title
    return finding.rule_title if is_as_opened and waits_to_be_read(incident) else incident.title


def _as_counted(records: Records, finding: Finding, known: Known | None, number: int) -> tuple[Known, int, int]:
    """The finding as it is now, and how many episodes and events more it makes in the record's tally.

    An episode that was joined to an older one is counted there. If that is in another record, this one keeps the
    count that it had: what people saw in it has happened.
    """
    before = known.events if known else 0
    if finding.merged_into is None:
        counted = max(finding.events, before)
    else:
        older = records.known(finding.merged_into)
        counted = 0 if older is not None and older.number == number else before
    told = _as_known(finding, known, number, counted=counted)
    episodes = _episodes(told) - _episodes(known) if counted != before else 0
    return told, episodes, counted - before


def _as_known(finding: Finding, known: Known | None, number: int | None, *, counted: int) -> Known:
    return Known(
        number=number,
        severity=finding.severity,
        first_seen=min(finding.first_seen, known.first_seen) if known else finding.first_seen,
        last_seen=max(finding.last_seen, known.last_seen) if known else finding.last_seen,
        events=counted,
        merged_into=finding.merged_into,
        success=break_through.shows_success(finding) or (known is not None and known.success),
    )


def _episodes(known: Known | None) -> int:
    """How many episodes it stands for in the tally."""
    return 1 if known is not None and known.merged_into is None and known.events > 0 else 0


def _tells_nothing_new(finding: Finding, known: Known) -> bool:
    counted = 0 if finding.merged_into else finding.events
    return (
        counted <= known.events
        and finding.merged_into == known.merged_into
        and finding.severity is known.severity
        and known.first_seen <= finding.first_seen
        and finding.last_seen <= known.last_seen
    )

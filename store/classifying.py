"""What a person says of severity and track. Pure.

What rises, rises at once. A severity that was ever high falls at once too, and rises again unless a second person
agrees in time; a track falls only once a second person agrees: until then nobody can sign alone what two must.
"""

from dataclasses import replace
from datetime import datetime

from rules.event import Severity
from rules.finding import SeverityTerm
from store.errors import ActNotAllowed
from store.four_eyes import PROPOSAL_LASTS, settling_needs_another
from store.incident import Actor, Incident, Lowering, Track
from store.intake import track_for


def classified(
    record: Incident, *, severity: Severity | None, track: Track | None, reason: str, by: Actor, now: datetime
) -> Incident:
    """*record* as *by* classifies it: the first one to do so sets when it was classified.

    Args:
        severity: None, or the same: it is confirmed as it is.
        track: None: as the severity asks for.
        reason: Needed for whatever falls.

    Raises:
        ActNotAllowed: ``level_pending``: a lower level waits for a second person; or ``reason_required``.
    """
    if record.lowering is not None:
        raise ActNotAllowed(
            "level_pending", f"{record.lowering.by} proposed a lower level of {record.name}: countersign that first"
        )
    wanted = severity or record.severity
    falls = wanted.rank < record.severity.rank
    narrows = track is not None and track.rank < record.track.rank
    if (falls or narrows) and not reason.strip():
        raise ActNotAllowed("reason_required", f"say why {record.name} is less than it seemed", missing=("reason",))
    waits = (falls and settling_needs_another(record.severity_highest)) or narrows
    return replace(
        _with_severity(record, wanted, by),
        track=_widened(record, wanted, track),
        lowering=_lowering(record, falls, track if narrows else None, by, now) if waits else None,
        classified_at=record.classified_at or now,
        aware_at=record.aware_at or now,
        version=record.version + 1,
    )


def agreed(record: Incident) -> Incident:
    """A second person agrees to what falls. A track that rose meanwhile stays where it is."""
    lowering = _pending(record)
    fell = lowering.track_to if record.track is lowering.track_from and lowering.track_to else record.track
    return replace(record, track=fell, lowering=None, version=record.version + 1)


def declined(record: Incident) -> Incident:
    """Nobody agrees: the severity is what it was, or what it rose to meanwhile."""
    lowering = _pending(record)
    before = lowering.severity_from
    after = replace(record, lowering=None, version=record.version + 1)
    if before is None or before.rank <= record.severity.rank:
        return after
    return replace(after, severity=before, severity_terms=lowering.terms_from)


def _with_severity(record: Incident, severity: Severity, by: Actor) -> Incident:
    if severity is record.severity:
        return record
    term = SeverityTerm(term="person", value=severity.rank, because=f"{by.id} says {severity.value}")
    highest = max(record.severity_highest, severity, key=lambda one: one.rank)
    return replace(record, severity=severity, severity_highest=highest, severity_terms=(term,))


def _widened(record: Incident, severity: Severity, track: Track | None) -> Track:
    """The track after what rises at once."""
    asked = track_for(severity, record.tags) if severity.rank > record.severity.rank else record.track
    return max(record.track, asked, track or record.track, key=lambda one: one.rank)


def _lowering(record: Incident, falls: bool, track: Track | None, by: Actor, now: datetime) -> Lowering:
    return Lowering(
        by=by.id,
        lapses_at=now + PROPOSAL_LASTS,
        severity_from=record.severity if falls else None,
        terms_from=record.severity_terms if falls else (),
        track_from=record.track if track else None,
        track_to=track,
    )


def _pending(record: Incident) -> Lowering:
    if record.lowering is None:
        raise ActNotAllowed("no_proposal", f"no lower level of {record.name} waits for a second person")
    return record.lowering

"""What comes back again and again needs more persons than what came once. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from rules.finding import Finding
from store import entries
from store.incident import EntryKind, Incident, NewEntry, Track
from store.records import Records

#: As often as this within a while is no chance any more.
MANY_RETURNS = 3
WITHIN = timedelta(days=30)
_NEXT = MappingProxyType({Track.LIGHT: Track.STANDARD, Track.STANDARD: Track.FULL, Track.FULL: Track.FULL})


def heavier(records: Records, incident: Incident, finding: Finding, now: datetime) -> Incident:
    """The record, which came back just now: on the next heavier track from the third time within 30 days on."""
    returns = records.returns(incident.dedup_key, now - WITHIN)
    track = _NEXT[incident.track]
    if returns < MANY_RETURNS or track is incident.track:
        return incident
    after = replace(incident, track=track)
    records.change(incident, after)
    reason = f"it came back {returns} times within {WITHIN.days} days"
    facts = {"track_from": incident.track.value, "track": track.value, "reason": reason}
    entry = NewEntry(kind=EntryKind.RAISED, actor=entries.by_rule(finding), facts=facts)
    records.write_entry(incident.number, entry)
    return after

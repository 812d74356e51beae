"""An eye of its own on records: tells from timelines alone who did what, and what must never be.

It shares no rule with `store.four_eyes`; where a site waives or halves its rules, it looks only at what still holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import ActorKind, EntryKind, Incident, TimelineEntry, Track
from store.process import Standing, legal_standings
from store.repository.dossier import actions, approval, forms
from store.repository.keeping import verification
from store.repository.record import records, timeline
from store.tables import incident

_COVERED = ("identification", "report", "investigation", "corrective_actions")
_CARRIED = ("identification", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One record at one moment."""

    record: Incident
    chain: tuple[tuple[int, str], ...]  #: number and hash of each entry
    dossier: str  #: the hash to sign
    entries: tuple[TimelineEntry, ...]


def look(connection: Connection) -> dict[int, Seen]:
    """All records."""
    numbers = connection.execute(select(incident.c.number)).scalars().all()
    return {number: _seen(connection, number) for number in numbers}


def faults(connection: Connection, before: dict[int, Seen], after: dict[int, Seen], *, mode: FourEyes) -> Iterator[str]:
    """What must not be, after one step."""
    for number in (0, *after):
        yield from (f"INC-{number}: {fault.says}" for fault in verification.faults_of(connection, number))
    for number, now in after.items():
        yield from (f"INC-{number}: {fault}" for fault in _standing(connection, now))
        if (was := before.get(number)) is not None:
            yield from (f"INC-{number}: {fault}" for fault in _moved(was, now))
            for entry in now.entries[len(was.chain) :]:
                yield from (
                    f"INC-{number} {entry.seq}: {fault}" for fault in _signed(connection, was, entry, now, mode)
                )


def _seen(connection: Connection, number: int) -> Seen:
    entries = tuple(timeline.of(connection, number))
    return Seen(
        record=records.load(connection, number),
        chain=tuple((one.seq, one.hash) for one in entries),
        dossier=approval.state(connection, number).hash,
        entries=entries,
    )


def _standing(connection: Connection, now: Seen) -> Iterator[str]:
    """What holds at any time."""
    record = now.record
    if Standing.of(record) not in legal_standings():
        yield f"stands at {Standing.of(record)}"
    if record.approved_at is not None and record.approval_void is None:
        signed = {one.hash for one in approval.state(connection, record.number).signatures}
        if now.dossier not in signed:
            yield "is approved, and nobody has signed what stands there"
    for one in actions.of(connection, record.number):
        own = one.verified_by is not None and one.verified_by in (one.owner, one.deputy, one.done_by)
        if own and not any(entry.facts.get("waived") for entry in now.entries):
            yield f"{one.verified_by} verified {one.name}, which is theirs"


def _moved(was: Seen, now: Seen) -> Iterator[str]:
    """What only grows, and only once."""
    old, new = was.record, now.record
    if now.chain[: len(was.chain)] != was.chain:
        yield "an entry was changed or taken away"
    if new.version < old.version or new.cycle < old.cycle or new.cycle > old.cycle + 1:
        yield f"version {old.version} cycle {old.cycle} became version {new.version} cycle {new.cycle}"
    if any(a.at > b.at for a, b in zip(now.entries, now.entries[1:], strict=False)):
        yield "time went back"
    if new.step_entered_at < old.step_entered_at or new.severity_highest.rank < old.severity_highest.rank:
        yield "a clock or the highest severity ever went back"
    if Standing.of(new) != Standing.of(old) and (new.version == old.version or len(now.chain) == len(was.chain)):
        yield "it moved, and nobody can see that"
    for instant in ("acknowledged_at", "contained_at", "resolved_at"):
        had = getattr(old, instant)
        changed = had is not None and getattr(new, instant) != had and new.cycle == old.cycle
        if changed and not any(one.kind is EntryKind.CORRECTED for one in now.entries[len(was.chain) :]):
            yield f"{instant} changed"


def _signed(connection: Connection, was: Seen, entry: TimelineEntry, now: Seen, mode: FourEyes) -> Iterator[str]:
    """Whether the one who signed may have, by what the timeline told before."""
    before = now.entries[: entry.seq - 1]
    who, facts = entry.actor.id, entry.facts
    if entry.actor.kind is not ActorKind.PERSON or facts.get("waived"):
        return
    agreed = facts.get("agreed") and facts.get("proposed_by") == who
    if agreed and entry.kind in (EntryKind.SETTLED, EntryKind.CLASSIFIED):
        yield f"{who} agreed to what they proposed"
    if entry.kind is EntryKind.REVIEWED and facts["result"] == "accepted" and mode is FourEyes.FULL:
        yield from (f"{who} reviewed {name}, which they wrote" for name in _own(connection, before, entry))
    if entry.kind is not EntryKind.SIGNED:
        return
    if facts["hash"] != was.dossier:
        yield f"{who} signed what did not stand there"
    if who in {one.actor.id for one in before if one.kind is EntryKind.SIGNED and one.facts["hash"] == facts["hash"]}:
        yield f"{who} signed twice"
    if mode is FourEyes.FULL and who in authors(before):
        yield f"{who} signed a dossier in which they wrote"
    if mode is FourEyes.FULL and was.record.track is Track.FULL and who in _reviewers(before):
        yield f"{who} reviewed the report and signed, on the full track"


def authors(entries: Sequence[TimelineEntry]) -> set[str]:
    """Who wrote in the dossier of the present cycle, by what *entries* tell."""
    found: dict[str, set[str]] = {}
    for one in entries:
        if one.kind is EntryKind.REOPENED:
            found = {name: who for name, who in found.items() if name in _CARRIED}
        if one.kind is EntryKind.FORM_SAVED and one.actor.kind is ActorKind.PERSON:
            name, fields = str(one.facts["form"]), set(str(one.facts["fields"]).split(", ")) - {""}
            if (name in _COVERED and fields) or (name == "follow_up" and "plan" in fields):
                found.setdefault(name, set()).add(one.actor.id)
    return {who for each in found.values() for who in each}


def _reviewers(entries: Sequence[TimelineEntry]) -> set[str]:
    """Who accepted the report in the present cycle."""
    begun = max((one.seq for one in entries if one.kind is EntryKind.REOPENED), default=0)
    accepted = [one for one in entries if one.kind is EntryKind.REVIEWED and one.facts["result"] == "accepted"]
    return {one.actor.id for one in accepted if one.seq > begun}


def _own(connection: Connection, before: Sequence[TimelineEntry], review: TimelineEntry) -> Iterator[str]:
    """Fields that the reviewer changed last, of those that were reviewed and still stand."""
    last: dict[str, str] = {}
    for one in before:
        if one.kind is EntryKind.FORM_SAVED and one.facts["form"] == "report":
            last |= dict.fromkeys(str(one.facts["fields"]).split(", "), one.actor.id)
    report = forms.latest(connection, review.incident, FormName.REPORT)
    looked_at = str(review.facts["fields"]).split(", ") if "fields" in review.facts else list(last)
    for name in looked_at:
        if last.get(name) == review.actor.id and report is not None and name in report.written:
            yield name

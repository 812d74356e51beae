"""What becomes of a record when some of its findings go, and of the one that they go to. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rules.event import Decision, Severity
from rules.finding import SeverityTerm
from store import grouping
from store.errors import ActNotAllowed
from store.incident import Actor, Incident, SourceKind, Track
from store.intake import track_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A finding of a record, as far as splitting needs it."""

    id: str
    rule_id: str
    rule_title: str
    rule_path: str
    rule_version: str
    decision: Decision
    severity: Severity
    dedup_key: str
    group: tuple[tuple[str, str], ...]
    first_seen: datetime
    last_seen: datetime
    events: int  #: as told last
    counted: int  #: of them, those in the tally of its record
    merged_into: str | None  #: the older episode that it was joined to
    success: bool
    taken_at: datetime  #: when the store took it first
    reason: str  #: why it is in the record


def chosen(record: Incident, every: Sequence[Episode], ids: Collection[str]) -> tuple[Episode, ...]:
    """The findings that *ids* name, with all that they were joined to or that was joined to them.

    Raises:
        ActNotAllowed: ``invalid_split``: unknown ones, none at all, or nothing that counts would be left.
    """
    known = {one.id for one in every}
    if unknown := tuple(one for one in ids if one not in known):
        told = ", ".join(one[:40] for one in unknown[:5])
        raise ActNotAllowed("invalid_split", f"{record.name} has no such findings: {told}", missing=("findings",))
    going = _whole({one.id: one for one in every}, set(ids))
    if not any(one.counted for one in every if one.id in going):
        raise ActNotAllowed("invalid_split", "name the findings that are to go", missing=("findings",))
    if not any(one.counted for one in every if one.id not in going):
        raise ActNotAllowed("invalid_split", f"nothing would be left in {record.name}", missing=("findings",))
    return tuple(one for one in every if one.id in going)


def new_record(
    record: Incident, going: Sequence[Episode], *, number: int, key: str, title: str, by: Actor, now: datetime
) -> Incident:
    """The record that they go to, as it is opened. It asks for no fewer persons than the one that they come from."""
    first = min(going, key=lambda one: (one.first_seen, one.id))
    severity = max((one.severity for one in going), key=lambda one: one.rank)
    is_same = first.rule_id == record.rule_id
    tags = record.tags if is_same else ()
    needs = Track.FULL if any(one.success for one in going) else track_for(severity, tags)
    because = f"the highest level of what {by.id} split off {record.name} is {severity.value}"
    return Incident(
        number=number,
        decision=record.decision,
        dedup_key=key,
        title=title or first.rule_title,
        rule_id=first.rule_id,
        rule_title=first.rule_title,
        rule_path=first.rule_path,
        rule_version=first.rule_version,
        tags=tags,
        group=first.group,
        severity=severity,
        # Whoever may not dismiss the whole alone may not dismiss it piece by piece.
        severity_highest=max(severity, record.severity_highest, key=lambda one: one.rank),
        severity_terms=(SeverityTerm(term="rule", value=severity.rank, because=because),),
        track=max(needs, record.track, key=lambda one: one.rank),
        first_seen=first.first_seen,
        last_seen=max(one.last_seen for one in going),
        window_seconds=record.window_seconds,
        detected_at=first.taken_at,
        opened_at=now,
        step_entered_at=now,
        rolled_up_at=now,
        events=sum(one.counted for one in going if one.rule_id == first.rule_id),
        history=record.history,
        source_kind=SourceKind.LOG if record.source_kind is SourceKind.PERSON else record.source_kind,
        drill=record.drill,
        tlp=record.tlp,
        restricted=record.restricted,
        aware_at=now,
    )


def keys(
    record: Incident, going: Sequence[Episode], staying: Sequence[Episode], in_use: Collection[str], number: int
) -> tuple[str, str]:
    """The dedup keys of both records afterwards: what comes next joins the one that has its like.

    Args:
        in_use: Keys of other open records.
        number: Of the new record.
    """
    moved = [one.dedup_key for one in going]
    kept = [one.dedup_key for one in staying]
    old = record.dedup_key
    if old in moved and old not in kept:
        left = next((key for key in kept if key not in in_use), grouping.bounded(f"split|{record.number}|{old}"))
        return left, old
    free = (key for key in moved if key != old and key not in kept and key not in in_use)
    return old, next(free, grouping.bounded(f"split|{number}|{moved[0]}"))


def after(record: Incident, *, key: str, events: int, now: datetime) -> Incident:
    """The record that they come from, once they are gone."""
    return replace(record, dedup_key=key, events=events, aware_at=record.aware_at or now, version=record.version + 1)


def _whole(every: dict[str, Episode], ids: set[str]) -> set[str]:
    """*ids* with every episode that was joined to the same one."""
    roots = {_root(every, one) for one in ids}
    return {one for one in every if _root(every, one) in roots}


def _root(every: dict[str, Episode], one: str) -> str:
    seen = {one}
    while (into := every[one].merged_into) is not None and into in every and into not in seen:
        seen.add(into)
        one = into
    return one

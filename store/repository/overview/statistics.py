"""The cycles of a period, for `store.statistics`: read from records, their timelines and what was sent."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, func, or_, select

from rules.event import Decision
from store.audit import Opened, unseal
from store.incident import EntryKind, Incident, Outcome, Step, Track
from store.moments import from_microseconds
from store.notice import DeliveryState
from store.process import legal_standings
from store.repository.dossier import actions
from store.repository.record import records
from store.statistics import Case, Share, Stay
from store.tables import action, delivery, incident, notice, timeline, watch
from store.watch import Verdict

#: No more records are looked at, the newest first.
MOST = 5_000
_STEPS = {str(place): place for place in legal_standings()}
_MOVING = frozenset(EntryKind) - {EntryKind.GREW, EntryKind.NOTE, EntryKind.FORM_SAVED, EntryKind.ACTION}
_EFFECTIVE = frozenset({Verdict.EFFECTIVE, Verdict.EFFECTIVE_TESTED})
_Entry = tuple[EntryKind, datetime, Opened]


def cases(connection: Connection, start: datetime) -> list[Case]:
    """Every cycle that began since *start*."""
    reopened = select(timeline.c.incident).where(timeline.c.kind == EntryKind.REOPENED, timeline.c.at >= start)
    rows = connection.execute(
        select(incident)
        .where(
            or_(incident.c.opened_at >= start, incident.c.number.in_(reopened)),
            incident.c.decision == Decision.INVESTIGATE,
            incident.c.outcome != Outcome.MERGED,
            ~incident.c.drill,
        )
        .order_by(incident.c.number.desc())
        .limit(MOST)
    )
    found = [records.from_row(row) for row in rows]
    numbers = [one.number for one in found]
    told, sent, verdicts = _entries(connection, numbers), _notified(connection, numbers), _verdicts(connection, numbers)
    listed = (case for one in found for case in _cycles(one, told.get(one.number, ()), sent, verdicts))
    return [one for one in listed if one.began_at >= start]


def slips(connection: Connection, start: datetime) -> Share:
    """Of the actions of incidents opened since *start*, those whose date was moved to a later day."""
    numbers = connection.execute(
        select(action.c.incident)
        .join(incident, incident.c.number == action.c.incident)
        .where(incident.c.opened_at >= start, ~incident.c.drill)
        .distinct()
        .limit(MOST)
    ).scalars()
    found = [one for number in numbers for one in actions.of(connection, number) if one.incident == number]
    late = sum(any(slip.until > slip.due for slip in one.slips) for one in found)
    definition = "of the actions of incidents opened since then, those whose date was moved to a later day"
    return Share(name="actions_slipped", definition=definition, count=late, of=len(found))


def _cycles(
    record: Incident,
    told: Sequence[_Entry],
    sent: Mapping[tuple[int, int], datetime],
    verdicts: Mapping[tuple[int, int], Collection[str]],
) -> Iterator[Case]:
    cuts = [0, *(at for at, (kind, _, _) in enumerate(told) if kind is EntryKind.REOPENED), len(told)]
    for cycle, (first, last) in enumerate(pairwise(cuts), start=1):
        if first < last:
            yield _case(record, cycle, told[first:last], sent, verdicts.get((record.number, cycle), ()))


def _case(
    record: Incident,
    cycle: int,
    told: Sequence[_Entry],
    sent: Mapping[tuple[int, int], datetime],
    verdicts: Collection[str],
) -> Case:
    is_last, began_at = cycle == record.cycle, told[0][1]
    stays, outcome, ended_at, reason = _way(told)
    acknowledged_at = record.acknowledged_at if is_last else _first(told, EntryKind.ACKNOWLEDGED)
    acknowledged_at = _lapsed(told) or acknowledged_at
    needs_somebody = acknowledged_at is None and ended_at is None and record.track is not Track.LIGHT
    return Case(
        rule_id=record.rule_id,
        began_at=began_at,
        occurred_at=record.began_at if cycle == 1 else None,
        detected_at=record.detected_at if cycle == 1 else began_at,
        notified_at=record.notified_at if is_last else sent.get((record.number, cycle)),
        acknowledged_at=acknowledged_at,
        resolved_at=record.resolved_at if is_last else _first(told, EntryKind.RESOLVED),
        ended_at=ended_at,
        outcome=outcome,
        reason=reason,
        waits_for_somebody=needs_somebody,
        was_reopened=not is_last,
        is_effective=bool(verdicts) and set(verdicts) <= _EFFECTIVE,
        stays=stays,
    )


def _way(told: Sequence[_Entry]) -> tuple[tuple[Stay, ...], Outcome, datetime | None, str]:
    """Where a cycle stood, how and when it ended, and why it was dismissed."""
    at: list[tuple[Step, datetime]] = []
    outcome, ended_at, reason = Outcome.NONE, None, ""
    for _, moment, entry in told:
        place = _STEPS.get(str(entry.facts.get("to") or entry.facts.get("step") or ""))
        if place is None:
            continue
        if not at or place.step is not at[-1][0]:
            at.append((place.step, moment))
        outcome, ended_at = place.outcome, moment if place.outcome is not Outcome.NONE else None
        reason = str(entry.facts.get("reason_code") or "")
    ends = [moment for _, moment in at[1:]] + [ended_at]
    stays = tuple(Stay(step=step, entered_at=since, left_at=end) for (step, since), end in zip(at, ends, strict=False))
    return stays, outcome, ended_at, reason


def _first(told: Sequence[_Entry], kind: EntryKind) -> datetime | None:
    return next((at for one, at, _ in told if one is kind), None)


def _lapsed(told: Sequence[_Entry]) -> datetime | None:
    """When it was acknowledged first, if that lapsed later."""
    found = (entry.facts.get("acknowledged_at") for kind, _, entry in told if kind is EntryKind.LAPSED)
    return next((from_microseconds(int(at)) for at in found if at), None)


def _entries(connection: Connection, numbers: Collection[int]) -> dict[int, list[_Entry]]:
    rows = connection.execute(
        select(timeline.c.incident, timeline.c.kind, timeline.c.at, timeline.c.entry)
        .where(timeline.c.incident.in_(numbers), timeline.c.kind.in_(_MOVING))
        .order_by(timeline.c.incident, timeline.c.seq)
    )
    found: dict[int, list[_Entry]] = {}
    for row in rows:
        found.setdefault(row.incident, []).append((row.kind, row.at, unseal(row.entry)))
    return found


def _notified(connection: Connection, numbers: Collection[int]) -> dict[tuple[int, int], datetime]:
    """The first accepted delivery by incident and cycle, as long as it is kept."""
    rows = connection.execute(
        select(delivery.c.incident, notice.c.cycle, func.min(delivery.c.finished_at))
        .join(notice, notice.c.id == delivery.c.notice)
        .where(delivery.c.incident.in_(numbers), delivery.c.state == DeliveryState.ACCEPTED)
        .group_by(delivery.c.incident, notice.c.cycle)
    )
    return {(number, cycle): at for number, cycle, at in rows}


def _verdicts(connection: Connection, numbers: Collection[int]) -> dict[tuple[int, int], list[str]]:
    rows = connection.execute(
        select(watch.c.incident, watch.c.cycle, watch.c.verdict).where(
            watch.c.incident.in_(numbers), watch.c.verdict.is_not(None)
        )
    )
    found: dict[tuple[int, int], list[str]] = {}
    for number, cycle, verdict in rows:
        found.setdefault((number, cycle), []).append(verdict)
    return found

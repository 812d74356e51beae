"""Have people hear of what waits for them: who is asked, which clocks run, and reminders, each exactly once.

A reminder is a notice and an entry of the timeline in one transaction; the entries tell which ones people have had,
so that neither a restart nor a reload tells one twice. Whose turn it has become with a move is told by
`store.repository.records.change` in the transaction of that move.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from store import asking, duties
from store.deadlines import Deadline
from store.designation import Asked
from store.duties import Clock, Matter, MatterKind, Told
from store.incident import DAEMON, EntryKind, Fact, Incident, NewEntry, TimelineEntry
from store.moments import from_microseconds, to_microseconds
from store.repository import agenda, clashing, dated, notices, records, staffing, timeline, timers
from store.site import Site
from store.timers import Decided
from store.tx import Tx

_DATED = frozenset({MatterKind.ACTION, MatterKind.IMPROVEMENT, MatterKind.REQUEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A clock as people see it."""

    matter: Matter
    deadline: Deadline
    asked: tuple[Asked, ...]  #: who is asked now; none for what is decided
    told: tuple[Told, ...]  #: reminders that people have had
    decided: Decided | None = None  #: of a timer: what was decided last; None: nothing was

    def is_overdue(self, now: datetime) -> bool:
        """Whether its time is over and nobody has decided that it need not run."""
        return self.deadline.is_overdue(now) and not (self.decided is not None and self.decided.decision.ends)


def remind(tx: Tx, site: Site) -> int:
    """Remind people of what is due, of `agenda.AT_ONCE` records at most. Returns how many records were looked at."""
    numbers = agenda.due(tx.connection, tx.now)
    if numbers:
        site = replace(site, staff=staffing.staff_of(tx.connection, site))
    for number in numbers:
        record = records.load(tx.connection, number)
        if record.merged_into is not None:
            agenda.look(tx, record.merged_into)  # its actions are the other one's now
        agenda.at_moment(tx, number, _remind(tx, record, site))
    return len(numbers)


def clocks(connection: Connection, record: Incident, site: Site, now: datetime) -> list[ClockView]:
    """All clocks and timers of *record*, those that are over or decided too, the first that is due first."""
    told, decided = _told(connection, record.number), timers.decided(connection, record.number)
    site = replace(site, staff=staffing.staff_of(connection, site))
    views = [
        ClockView(
            matter=one.matter,
            deadline=one.deadline,
            asked=() if _ends(one.matter, decided) else _asked(connection, record, one.matter, site, now, one.deadline),
            told=tuple(told.get(one.matter, ())),
            decided=decided.get(one.matter.name) if one.matter.kind is MatterKind.TIMER else None,
        )
        for one in _clocks(connection, record, site)
    ]
    return sorted(views, key=lambda one: one.deadline.due_at)


def asked(
    connection: Connection, record: Incident, matter: Matter, site: Site, now: datetime
) -> tuple[Asked, ...] | None:
    """Who is asked for *matter* now, the first of them first, by the clock that runs for it, if one does.

    None: it waits no more: it was done, answered, or decided.
    """
    site = replace(site, staff=staffing.staff_of(connection, site))
    if _ends(matter, timers.decided(connection, record.number)):
        return None
    if matter.kind in _DATED and all(one.matter != matter for one in dated.of(connection, record, site)):
        return None
    running = {one.matter: one.deadline for one in _clocks(connection, record, site)}
    return _asked(connection, record, matter, site, now, running.get(matter))


def _remind(tx: Tx, record: Incident, site: Site) -> datetime | None:
    """Write the reminders that are due; returns when the next one is."""
    told, decided = _told(tx.connection, record.number), timers.decided(tx.connection, record.number)
    moments = []
    for clock in _clocks(tx.connection, record, site):
        if _ends(clock.matter, decided) or _is_quiet(clock.matter, record) or duties.was_over(clock, record):
            continue
        percent = duties.reminder_due(clock.deadline, told.get(clock.matter, ()), tx.now)
        if percent:
            _write(tx, record, clock, percent, site)
        if (after := clock.deadline.next_reminder(tx.now)) is not None:
            moments.append(after.at)
    return min(moments, default=None)


def _write(tx: Tx, record: Incident, clock: Clock, percent: int, site: Site) -> None:
    people = _asked(tx.connection, record, clock.matter, site, tx.now, clock.deadline)
    facts: dict[str, Fact] = {
        "matter": str(clock.matter),
        "percent": percent,
        "start_at": to_microseconds(clock.deadline.start_at),
        "until": to_microseconds(clock.deadline.due_at),
        "asked": ", ".join(one.person for one in people),
    }
    timeline.append(tx, record.number, NewEntry(kind=EntryKind.REMINDED, actor=DAEMON, facts=facts))
    notices.write(tx, duties.remind(record, clock, percent))


def _clocks(connection: Connection, record: Incident, site: Site) -> Iterator[Clock]:
    """The clocks of *record*; of timers also those that were decided."""
    duty, deadline = duties.duty_of(record), site.deadlines.current(record)
    if not duties.may_wait(record):
        return
    if duty is not None and deadline is not None:
        yield Clock(matter=Matter.of(duty), deadline=deadline)
    for timer in site.deadlines.regulatory(record):
        yield Clock(matter=Matter(MatterKind.TIMER, timer.name), deadline=timer)
    for one in dated.of(connection, record, site):
        if one.due_at is not None:
            end = site.deadlines.of_date(one.matter.kind, since=one.since, due_at=one.due_at)
            yield Clock(matter=one.matter, deadline=end)


def _asked(
    connection: Connection, record: Incident, matter: Matter, site: Site, now: datetime, deadline: Deadline | None
) -> tuple[Asked, ...]:
    designation = staffing.designation_of(connection, record, site.staff)
    barred = clashing.of(connection, record, matter.duty, site, site.staff)
    if matter.kind not in _DATED:
        return asking.asked(matter, record, site.staff, designation, now=now, deadline=deadline, barred=barred)
    lead = designation.lead or record.owner or ""
    one = next(one for one in dated.of(connection, record, site) if one.matter == matter)
    return asking.asked_for_dated(one, lead, site.staff, now=now, deadline=deadline, barred=barred)


def _ends(matter: Matter, decided: Mapping[str, Decided]) -> bool:
    """Whether a person has decided that the timer runs no more."""
    found = decided.get(matter.name) if matter.kind is MatterKind.TIMER else None
    return found is not None and found.decision.ends


def _is_quiet(matter: Matter, record: Incident) -> bool:
    """While its dismissal is proposed nobody is asked for anything; the law still is."""
    return record.quiet_until is not None and matter.kind is not MatterKind.TIMER


def _told(connection: Connection, number: int) -> dict[Matter, list[Told]]:
    """The reminders that people have had, by what they were about, oldest first."""
    found: dict[Matter, list[Told]] = {}
    for entry in timeline.of(connection, number, EntryKind.REMINDED):
        found.setdefault(Matter.parse(str(entry.facts["matter"])), []).append(_as_told(entry))
    return found


def _as_told(entry: TimelineEntry) -> Told:
    facts = entry.facts
    return Told(
        percent=int(facts["percent"] or 0),
        start_at=from_microseconds(int(facts["start_at"] or 0)),
        until=from_microseconds(int(facts["until"] or 0)),
        at=entry.at,
        asked=tuple(filter(None, str(facts["asked"]).split(", "))),
    )

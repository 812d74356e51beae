"""Have people hear of what waits for them: who is asked, which clocks run, and reminders, each exactly once.

A reminder is a notice and an entry of the timeline in one transaction; the entries tell which ones people have had,
so that neither a restart nor a reload tells one twice. Whose turn it has become with a move is told by
`store.repository.record.records.change` in the transaction of that move.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from store import asking, duties
from store.action import ActionState
from store.deadlines import Deadline
from store.designation import Asked
from store.duties import Clock, Matter, MatterKind, Told
from store.incident import DAEMON, EntryKind, Fact, Incident, NewEntry, TimelineEntry
from store.moments import from_microseconds, to_microseconds
from store.repository.dossier import actions
from store.repository.people import staffing
from store.repository.record import agenda, notices, records, timeline
from store.repository.record.agenda import Item
from store.repository.steps import clashing, dated, timers
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was seen of the records that were to be looked at."""

    quiet: tuple[tuple[Item, datetime | None], ...]  #: of these nothing is due before the moment, if any
    due: tuple[Item, ...]  #: of these people are to be reminded


def survey(connection: Connection, site: Site, now: datetime) -> Survey:
    """Look at what is to be looked at, `agenda.AT_ONCE` records at most. Only reads: a write must be short."""
    site = replace(site, staff=staffing.staff_of(connection, site))
    seen = [(item, _seen(connection, item.incident, site, now)) for item in agenda.due(connection, now)]
    return Survey(
        quiet=tuple((item, one.next_at) for item, one in seen if one.is_quiet),
        due=tuple(item for item, one in seen if not one.is_quiet),
    )


def remind(tx: Tx, site: Site, item: Item) -> int:
    """Write the reminders of one record that are due, or have whatever it was merged into looked at.

    It is looked at again, in the transaction that tells it. Returns how many reminders those were.
    """
    site = replace(site, staff=staffing.staff_of(tx.connection, site))
    seen = _seen(tx.connection, item.incident, site, tx.now)
    for clock, percent in seen.due:
        _write(tx, seen.record, clock, percent, site)
    if seen.record.merged_into is not None:
        agenda.look(tx, seen.record.merged_into)  # its actions are the other one's now
    agenda.looked(tx, [(item, seen.next_at)])
    return len(seen.due)


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
    if matter.kind is MatterKind.VERIFICATION:
        return _asked_to_verify(connection, record, matter, site, now)
    if _ends(matter, timers.decided(connection, record.number)):
        return None
    if matter.kind in _DATED and all(one.matter != matter for one in dated.of(connection, record, site)):
        return None
    running = {one.matter: one.deadline for one in _clocks(connection, record, site)}
    return _asked(connection, record, matter, site, now, running.get(matter))


def _asked_to_verify(
    connection: Connection, record: Incident, matter: Matter, site: Site, now: datetime
) -> tuple[Asked, ...] | None:
    there = (one for one in actions.of(connection, record.number) if one.called_in(record.number) == matter.name)
    action = next(there, None)
    if action is None or action.state is not ActionState.DONE:
        return None
    barred = clashing.of_action(connection, record, action, site, site.staff)
    return asking.asked_to_verify(site.staff, now=now, barred=barred)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is due of a record now."""

    record: Incident
    due: tuple[tuple[Clock, int], ...]  #: with the percentage to be told
    next_at: datetime | None  #: when the next reminder comes

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to write."""
        return not self.due and self.record.merged_into is None


def _seen(connection: Connection, number: int, site: Site, now: datetime) -> _Seen:
    record = records.load(connection, number)
    decided = timers.decided(connection, number) if site.deadlines.timers else {}
    running = [one for one in _clocks(connection, record, site) if _is_told_of(one, record, decided)]
    told = _told(connection, number) if any(one.deadline.reached(now) for one in running) else {}
    found = ((one, duties.reminder_due(one.deadline, told.get(one.matter, ()), now)) for one in running)
    coming = (one.deadline.next_reminder(now) for one in running)
    return _Seen(
        record=record,
        due=tuple((one, percent) for one, percent in found if percent),
        next_at=min((one.at for one in coming if one is not None), default=None),
    )


def _is_told_of(clock: Clock, record: Incident, decided: Mapping[str, Decided]) -> bool:
    """Whether people are reminded of it."""
    return not (_ends(clock.matter, decided) or _is_quiet(clock.matter, record) or duties.was_over(clock, record))


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

"""What a period was about: each record that was open in it, and what was done because four eyes were waived."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, or_, select

from store.action import Action
from store.audit import unseal
from store.duties import MatterKind
from store.export.calendar import Due
from store.incident import EntryKind, Incident, Outcome, Status, TimelineEntry
from store.repository.dossier import actions
from store.repository.follow_up import improvements
from store.repository.incident.waivers import Waiver, register
from store.repository.overview import action_lists
from store.repository.overview.action_lists import Filter
from store.repository.record import records, timeline
from store.repository.record.seals import INSTALLATION
from store.repository.steps import duties
from store.site import Site
from store.tables import incident
from store.tables import timeline as entries

#: A longer list is asked for in parts.
MOST = 5_000
#: Actions whose dates a calendar holds at most.
MOST_DUE = 1_000
#: What tells why a record was dismissed.
_DISMISSING = (EntryKind.MOVED, EntryKind.SETTLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From an instant to another one, which is not in it. Aware UTC."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


def records_in(connection: Connection, period: Period) -> list[Incident]:
    """Each record that was open in the period, observations and dismissed ones too; by number, one too many at most."""
    was_open = or_(incident.c.closed_at.is_(None), incident.c.closed_at >= period.start)
    rows = select(incident).where(incident.c.opened_at < period.end, was_open).order_by(incident.c.number)
    return [records.from_row(row) for row in connection.execute(rows.limit(MOST + 1))]


def dismissed_because(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Why records were dismissed, of those that are."""
    dismissed = (incident.c.number.in_(numbers), incident.c.outcome == Outcome.DISMISSED)
    rows = connection.execute(
        select(entries.c.incident, entries.c.entry)
        .join(incident, incident.c.number == entries.c.incident)
        .where(*dismissed, entries.c.kind.in_(_DISMISSING))
        .order_by(entries.c.incident, entries.c.seq)
    )
    told = ((row.incident, unseal(row.entry).facts) for row in rows)
    return {number: str(facts.get("reason_code") or facts.get("reason") or "") for number, facts in told}


def actions_of(connection: Connection, numbers: Sequence[int]) -> list[Action]:
    """The actions of records, by number."""
    return [one for number in numbers for one in actions.of(connection, number) if one.incident == number]


def waivers_in(connection: Connection, period: Period) -> list[Waiver]:
    """The lines of the register that were written in the period."""
    return [one for one in register(connection) if one.at in period]


def installation_in(connection: Connection, period: Period) -> list[TimelineEntry]:
    """What happened to the installation itself: configurations, rules, roles, tokens, keys."""
    return [one for one in timeline.of(connection, INSTALLATION) if one.at in period]


def due(connection: Connection, site: Site, now: datetime, page: Callable[[int], str]) -> list[Due]:
    """All that is due of what is open: clocks and timers, actions, improvement items; what is due first comes first.

    Args:
        page: The address of a record's page.
    """
    found = [*_clocks(connection, site, now, page), *_dates(connection, page)]
    return sorted(found, key=lambda one: (str(one.when), one.incident, one.what))


def _clocks(connection: Connection, site: Site, now: datetime, page: Callable[[int], str]) -> list[Due]:
    rows = select(incident).where(incident.c.status == Status.OPEN).order_by(incident.c.number).limit(MOST_DUE)
    return [
        Due(
            incident=record.number,
            what=f"{clock.matter.kind} {clock.matter.name.replace('_', ' ')}",
            when=clock.deadline.due_at,
            person=clock.asked[0].person if clock.asked else "",
            link=page(record.number),
        )
        for record in map(records.from_row, connection.execute(rows))
        for clock in duties.clocks(connection, record, site, now)
        if clock.asked and clock.matter.kind is not MatterKind.ACTION
    ]


def _dates(connection: Connection, page: Callable[[int], str]) -> list[Due]:
    waiting = action_lists.list_of(connection, Filter(), after=None, limit=MOST_DUE)
    items = improvements.all_open(connection)
    dated: list[tuple[int, str, date | None, str]] = [
        *((one.incident, f"action {one.number}", one.due, one.owner) for one in waiting),
        *((one.incident, f"improvement {one.number}", one.due, one.owner) for one in items),
    ]
    return [
        Due(incident=number, what=what, when=when, person=person, link=page(number))
        for number, what, when, person in dated
        if when is not None
    ]

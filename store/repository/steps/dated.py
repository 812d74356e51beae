"""What of an incident has a date of its own, and somebody who has to see to it: actions, improvements, requests."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection

from store.action import ActionState
from store.duties import Dated, Matter, MatterKind
from store.improvement import State
from store.incident import Incident
from store.repository.dossier import actions
from store.repository.follow_up import improvements
from store.repository.incident import requests
from store.site import Site

_FIRST, _LAST = date(1970, 1, 1), date(9999, 1, 1)


def of(connection: Connection, record: Incident, site: Site) -> Iterator[Dated]:
    """All that somebody still has to see to. After an incident was resolved, improvements alone."""
    for item in improvements.of(connection, record.number):
        if item.state is State.OPEN:
            matter, end = Matter(MatterKind.IMPROVEMENT, str(item.number)), _end_of(item.due, site)
            yield Dated(matter=matter, since=item.written_at, due_at=end, owner=item.owner)
    if record.is_open:
        yield from _actions(connection, record, site)
        yield from _requests(connection, record)


def _actions(connection: Connection, record: Incident, site: Site) -> Iterator[Dated]:
    for one in actions.of(connection, record.number):
        if one.state is ActionState.AGREED and one.agreed_at is not None:
            matter = Matter(MatterKind.ACTION, one.called_in(record.number))
            end = _end_of(one.due, site) if one.due else None
            yield Dated(matter=matter, since=one.agreed_at, due_at=end, owner=one.owner, deputy=one.deputy)


def _requests(connection: Connection, record: Incident) -> Iterator[Dated]:
    """Of a contact outside nothing is asked by messages: who asked them hears that no answer came."""
    for one in requests.open_of(connection, record.number):
        name = str(one.number) if one.incident == record.number else f"INC-{one.incident}/{one.number}"
        matter, owner = Matter(MatterKind.REQUEST, name), one.person or one.asked_by
        yield Dated(matter=matter, since=one.asked_at, due_at=one.due_at, owner=owner, deputy=one.asked_by)


def _end_of(day: date, site: Site) -> datetime:
    """What is due on a day is late once that day is over; days that no zone can tell are the nearest that all can."""
    day = min(max(day, _FIRST), _LAST)
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=site.calendar.zone).astimezone(UTC)

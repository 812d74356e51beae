"""Actions of all incidents, those that are due first."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, tuple_

from store.action import WAITING, Action, ActionState
from store.incident import Outcome, Status
from store.repository.dossier import actions
from store.repository.record import records
from store.tables import action, incident

#: Sorts after every date.
NEVER = "9999-99-99"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which actions are asked for."""

    incident: int | None = None  #: of that one, and of those that it carries on
    owner: str | None = None  #: person id
    late_on: date | None = None  #: only those that are late on that day
    is_waiting: bool = True  #: only those that somebody still has to do something about


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page of the list ends."""

    due: str  #: a date, or `NEVER`
    incident: int
    number: int

    @classmethod
    def of(cls, one: Action) -> "Place":
        """Of *one*."""
        return cls(one.due.isoformat() if one.due else NEVER, one.incident, one.number)


def list_of(connection: Connection, wanted: Filter, *, after: Place | None, limit: int) -> list[Action]:
    """Actions as they stand, by the date on which they are due, *limit* at most."""
    due = func.coalesce(action.c.due, NEVER)
    rows = (
        select(action.c.incident, action.c.number)
        .join(incident, incident.c.number == action.c.incident)
        .where(*_is_newest(), *_fits(wanted), *_belongs(connection, wanted.incident))
        .order_by(due, action.c.incident, action.c.number)
        .limit(limit)
    )
    if after is not None:
        rows = rows.where(tuple_(due, action.c.incident, action.c.number) > (after.due, after.incident, after.number))
    return [actions.get(connection, row.incident, row.number) for row in connection.execute(rows)]


def _is_newest() -> list[ColumnElement[bool]]:
    newer = action.alias("newer")
    mine = and_(
        newer.c.incident == action.c.incident,
        newer.c.number == action.c.number,
        newer.c.version == action.c.version + 1,
    )
    return [~exists().where(mine)]


def _fits(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.is_waiting:
        # What was to be done about a dismissed incident is not waited for; a merged one is carried on.
        is_carried = or_(incident.c.status == Status.OPEN, incident.c.outcome == Outcome.MERGED)
        found += [action.c.state.in_(WAITING), is_carried]
    if wanted.owner is not None:
        found.append(action.c.owner == wanted.owner)
    if wanted.late_on is not None:
        undone = action.c.state.in_((ActionState.PROPOSED, ActionState.AGREED))
        found += [action.c.due < wanted.late_on.isoformat(), undone]
    return found


def _belongs(connection: Connection, number: int | None) -> list[ColumnElement[bool]]:
    return [] if number is None else [action.c.incident.in_(records.carried(connection, number))]

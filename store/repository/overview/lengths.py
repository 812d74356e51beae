"""How long it took until incidents were acknowledged and resolved, counted in the database for metrics."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Numeric, cast, func, select, type_coerce

from rules.event import Decision, Severity
from store.incident import Status
from store.tables import incident

#: A minute to a week.
BOUNDS: Final = (60, 300, 600, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 3 * 24 * 3600, 7 * 24 * 3600)
_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """A histogram of durations."""

    buckets: tuple[tuple[int, int], ...]  #: (seconds, how many took no longer), ascending
    count: int
    sum_seconds: float


def open_by_severity(connection: Connection) -> dict[Severity, int]:
    """How many incidents are open, by severity; observations are not among them."""
    asks = (incident.c.status == Status.OPEN, incident.c.decision == Decision.INVESTIGATE)
    rows = connection.execute(select(incident.c.severity, func.count()).where(*asks).group_by(incident.c.severity))
    return {Severity(severity): count for severity, count in rows}


def acknowledged(connection: Connection) -> Lengths:
    """From the opening to the acknowledgement that stands; drills are left out."""
    return _lengths(connection, incident.c.acknowledged_at)


def resolved(connection: Connection) -> Lengths:
    """From the opening to the moment at which it was resolved; drills are left out."""
    return _lengths(connection, incident.c.resolved_at)


def _lengths(connection: Connection, end: ColumnElement[Any]) -> Lengths:
    took = type_coerce(end, BigInteger) - type_coerce(incident.c.opened_at, BigInteger)
    counted = (func.count().filter(took <= bound * _MICRO).label(f"up_to_{bound}") for bound in BOUNDS)
    total = cast(func.coalesce(func.sum(took), 0), Numeric)
    row = connection.execute(
        select(func.count().label("count"), total.label("sum"), *counted).where(
            end.is_not(None), incident.c.decision == Decision.INVESTIGATE, ~incident.c.drill
        )
    ).one()
    found = row._mapping
    return Lengths(
        buckets=tuple((bound, found[f"up_to_{bound}"]) for bound in BOUNDS),
        count=found["count"],
        sum_seconds=float(found["sum"]) / _MICRO,
    )

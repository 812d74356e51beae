"""Alerts that flapped and are calm: looked for by when that may be, so that what they came to is told."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from store import claiming
from store.incident import Status
from store.repository.grouping.working_set import WorkingSet
from store.tables import claim, incident
from store.tx import Tx

#: How many are seen to in one transaction.
AT_ONCE = 100


def next_due(connection: Connection) -> datetime | None:
    """When the next one may be calm; None: none flaps."""
    found: datetime | None = connection.execute(
        select(func.min(claim.c.calm_at)).where(claim.c.calm_at.is_not(None))
    ).scalar()
    return found


def lapse(tx: Tx) -> int:
    """Take those as calm that have not changed for so long, and tell who was asked if they are over. Returns how many
    those were.
    """
    rows = tx.connection.execute(
        select(claim.c.incident, claim.c.alert, incident.c.status)
        .join(incident, incident.c.number == claim.c.incident)
        .where(claim.c.calm_at <= tx.now)
        .order_by(claim.c.calm_at, claim.c.incident, claim.c.alert)
        .limit(AT_ONCE)
    ).all()
    records = WorkingSet(tx, "", ())
    for row in rows:
        claiming.is_calm(records, row.incident, row.alert, is_open=row.status is Status.OPEN)
    records.flush()
    return len(rows)

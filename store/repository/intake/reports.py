"""Reports of people: which record holds one, and which records wait to be read."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from rules.event import Decision
from store.incident import Incident, SourceKind, Status, Step
from store.reports import KIND
from store.repository.record import records
from store.tables import entity, incident

#: Records that are listed at once: those that came first.
AT_ONCE = 100


def holding(connection: Connection, reference: str) -> Incident | None:
    """The record that carries on what a report is about, the newest of several; None: none does yet, or any more."""
    named = select(func.max(entity.c.incident)).where(entity.c.kind == KIND, entity.c.value == reference)
    number = connection.execute(named).scalar()
    return records.carrier(connection, number) if number is not None else None


def waiting(connection: Connection) -> Sequence[Incident]:
    """Records that reports opened and nobody has read: the oldest first, `AT_ONCE` at most."""
    rows = connection.execute(
        select(incident)
        .where(
            incident.c.status == Status.OPEN,
            incident.c.step == Step.NOTIFICATION,
            incident.c.decision == Decision.INVESTIGATE,
            incident.c.source_kind == SourceKind.FEEDBACK,
            incident.c.acknowledged_at.is_(None),
        )
        .order_by(incident.c.number)
        .limit(AT_ONCE)
    )
    return [records.from_row(row) for row in rows]

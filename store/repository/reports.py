"""Reports of people: which record holds one."""

from sqlalchemy import Connection, func, select

from store.incident import Incident
from store.reports import KIND
from store.repository import records
from store.tables import entity


def holding(connection: Connection, reference: str) -> Incident | None:
    """The record that carries on what a report is about, the newest of several; None: none does yet, or any more."""
    named = select(func.max(entity.c.incident)).where(entity.c.kind == KIND, entity.c.value == reference)
    number = connection.execute(named).scalar()
    return records.carrier(connection, number) if number is not None else None

"""Incidents that are followed up and for which nobody planned a watch: they get one by themselves."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, select

from rules.event import Entity
from store import promise
from store.incident import DAEMON, Incident, Status, Step
from store.promise import Promise
from store.repository.follow_up import watches
from store.tables import entity, incident, watch
from store.tx import Tx

#: It lasts as long as a match usually reopens.
HOURS = promise.USUAL / timedelta(hours=1)
_AT_ONCE = 50  #: planned at one look


def of(connection: Connection) -> Sequence[int]:
    """Incidents that are followed up, and no watch decides whether they can be closed."""
    mine = (watch.c.incident == incident.c.number, watch.c.cycle == incident.c.cycle, watch.c.retired_at.is_(None))
    wanted = (incident.c.step == Step.FOLLOW_UP, incident.c.status == Status.OPEN, ~exists().where(*mine))
    return connection.execute(select(incident.c.number).where(*wanted).limit(_AT_ONCE)).scalars().all()


def plan(tx: Tx, record: Incident) -> None:
    """What opened the record must not happen again where it happened; of an earlier promise, the same."""
    # One that was taken back, or never judged, is no promise to make again.
    old = [one for one in watches.of(tx.connection, record.number) if one.verdict is not None]
    number = watches.next_number(tx.connection, record.number)
    if old:
        made = _anew(old[-1], record, number, tx.now)
    else:
        rules = tuple(watches.rules_of(tx.connection, record.number))
        made = Promise(
            incident=record.number,
            number=number,
            cycle=record.cycle,
            criterion="what opened it does not happen again where it happened",
            rules=rules,
            scope=_where(tx.connection, record.number),
            sources=watches.sources_of(tx.connection, record.number, rules),
            hours=HOURS,
            planned_by=DAEMON.id,
            planned_at=tx.now,
        )
    watches.add(tx, made, DAEMON)


def _anew(old: Promise, record: Incident, number: int, now: datetime) -> Promise:
    """The same promise once more, for the record as a whole."""
    return Promise(
        incident=old.incident,
        number=number,
        cycle=record.cycle,
        criterion=old.criterion,
        rules=old.rules,
        scope=old.scope,
        sources=old.sources,
        at_most=old.at_most,
        hours=old.hours,
        planned_by=DAEMON.id,
        planned_at=now,
    )


def _where(connection: Connection, number: int) -> tuple[Entity, ...]:
    """Hosts and components that the record names."""
    named = select(entity.c.kind, entity.c.value).where(
        entity.c.incident == number, entity.c.kind.in_(("host", "component"))
    )
    rows = connection.execute(named.order_by(entity.c.kind, entity.c.value).limit(promise.MOST_NAMED))
    kinds = [Entity(kind=row.kind, value=row.value) for row in rows]
    # A component runs on some host: to ask for both would miss it elsewhere.
    components = tuple(one for one in kinds if one.kind == "component")
    return components or tuple(kinds)

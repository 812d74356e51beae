"""Who sees a record: everybody, unless it is TLP:RED or restricted; then those alone who take part in it.

Others see its number and where it stands. API, pages, lists and exports ask here and nowhere else.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from store.incident import ActorKind, Incident, Tlp
from store.repository.dossier import actions
from store.repository.people import staffing
from store.repository.record import conflicts, records
from store.site import Site
from store.tables import delivery, incident, reading, request
from store.tables import timeline as entries
from store.tx import Tx


def is_limited(record: Incident) -> bool:
    """Whether its participants alone see it."""
    return record.tlp is Tlp.RED or record.restricted


def sees(connection: Connection, record: Incident, person: str | None, site: Site) -> bool:
    """Whether somebody sees *record*; None: a caller who is no person."""
    return not is_limited(record) or (person is not None and person in participants(connection, record, site))


def hidden(connection: Connection, numbers: Iterable[int], person: str | None, site: Site) -> frozenset[int]:
    """Of *numbers*, the records that somebody does not see."""
    limited = (incident.c.tlp == Tlp.RED) | incident.c.restricted
    rows = connection.execute(select(incident).where(incident.c.number.in_(set(numbers)), limited))
    found = [records.from_row(row) for row in rows]
    return frozenset(one.number for one in found if not sees(connection, one, person, site))


def participants(connection: Connection, record: Incident, site: Site) -> dict[str, str]:
    """Who takes part in *record*, by person id, and why: they have it, are named for it, were asked or told, or acted
    on it. Whoever is involved in it takes no part.
    """
    out = conflicts.of(connection, record.number) | {""}
    found: dict[str, str] = {}
    for person, because in _taking_part(connection, record, site):
        if person not in out:
            found.setdefault(person, because)
    return found


def read(tx: Tx, number: int, person: str, *, via: str, route: str) -> None:
    """Note that somebody read what its participants alone may read."""
    tx.connection.execute(reading.insert().values(incident=number, at=tx.now, person=person, via=via, route=route))


def readings(connection: Connection, number: int, limit: int) -> list[dict[str, object]]:
    """Who read it, newest first."""
    columns = [column for column in reading.c if column.name not in ("id", "incident")]
    rows = select(*columns).where(reading.c.incident == number).order_by(reading.c.id.desc()).limit(limit)
    return [dict(row._mapping) for row in connection.execute(rows)]


def _taking_part(connection: Connection, record: Incident, site: Site) -> Iterator[tuple[str, str]]:
    named = staffing.designation_of(connection, record, staffing.staff_of(connection, site))
    yield record.owner or "", "owner"
    yield record.acknowledged_by or "", "acknowledged it"
    for seat in ("lead", "reviewer", "approver", "deputy"):
        yield getattr(named, seat), f"designated {seat}"
    numbers = records.carried(connection, record.number)
    acted = (entries.c.incident.in_(numbers), entries.c.actor_kind == ActorKind.PERSON)
    for statement, because in (
        (select(entries.c.actor_id).where(*acted), "acted on it"),
        (select(request.c.person).where(request.c.incident.in_(numbers), request.c.person.is_not(None)), "was asked"),
        (select(delivery.c.person).where(delivery.c.incident.in_(numbers), delivery.c.person.is_not(None)), "was told"),
    ):
        yield from ((person, because) for person in connection.execute(statement.distinct()).scalars())
    for one in actions.of(connection, record.number):
        yield one.owner, "owns an action"
        yield one.deputy, "deputy for an action"

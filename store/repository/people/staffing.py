"""Who fills which seat of an incident: its designation, among the persons who can act now."""

from dataclasses import replace

from sqlalchemy import Connection, select

from store.designation import Colleague, Designation, Seat, Staff, categories
from store.incident import Incident
from store.people import Person
from store.repository.people import persons
from store.site import Site
from store.tables import entity
from store.tx import Tx


def staff_of(connection: Connection, site: Site) -> Staff:
    """The persons who can act: those added by command too, with leave and accounts as far as *site* knows them."""
    configured = {one.id: one for one in site.staff.colleagues}
    able = (person for person in persons.all_of(connection) if person.disabled_at is None)
    return replace(site.staff, colleagues=tuple(_colleague(one, configured.get(one.id)) for one in able))


def designation_of(connection: Connection, record: Incident, staff: Staff) -> Designation:
    """Who is named for *record*, by its severity, its categories, and the hosts that it is about."""
    named = select(entity.c.value).where(entity.c.incident == record.number, entity.c.kind == "host")
    hosts = connection.execute(named).scalars().all()
    return staff.designation(severity=record.severity, categories=categories(record.tags), hosts=hosts)


def may_fill(tx: Tx, record: Incident, seat: Seat, person: str, site: Site) -> bool:
    """Whether *person* may act in *seat* now: named for it, its deputy, or asked for it by now."""
    staff = staff_of(tx.connection, site)
    named = designation_of(tx.connection, record, staff)
    return staff.may_fill(named, seat, person, now=tx.now, deadline=site.deadlines.current(record))


def _colleague(person: Person, configured: Colleague | None) -> Colleague:
    if configured is None:
        return Colleague(id=person.id, roles=person.roles, timezone=person.timezone)
    return replace(configured, roles=person.roles, timezone=person.timezone)

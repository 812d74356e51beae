"""Contacts outside: customers, vendors, authorities; from the configuration or added by command."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from store.errors import ActNotAllowed, Duplicate, NotFound
from store.incident import Actor
from store.people import Contact
from store.tables import contact
from store.tx import Tx
from store.upsert import insert


def upsert_from_config(tx: Tx, contacts: Iterable[Contact]) -> None:
    """Make the contacts of the configuration exactly these. Who is no longer in it is asked no more; the name stays in
    the records. A contact of the same id that was added by command becomes the configuration's.
    """
    kept = list(contacts)
    for one in kept:
        written = _columns(one) | {"from_config": True, "changed_by": "", "disabled_at": None}
        tx.connection.execute(
            insert(tx.connection, contact)
            .values(id=one.id, created_at=tx.now, **written)
            .on_conflict_do_update(index_elements=["id"], set_=written)
        )
    gone = (contact.c.from_config, contact.c.disabled_at.is_(None), contact.c.id.not_in([one.id for one in kept]))
    tx.connection.execute(contact.update().where(*gone).values(disabled_at=tx.now, changed_by=""))


def add(tx: Tx, new: Contact, by: Actor) -> None:
    """Add a contact by command.

    Raises:
        Duplicate: There is one of that id.
    """
    if get(tx.connection, new.id) is not None:
        raise Duplicate(f"there is a contact {new.id!r} already")
    values = _columns(new) | {"from_config": False, "changed_by": by.id}
    tx.connection.execute(contact.insert().values(id=new.id, created_at=tx.now, **values))


def disable(tx: Tx, contact_id: str, by: Actor) -> None:
    """Have a contact be asked no more; links that they have end. The name stays in the records.

    Raises:
        NotFound: There is no such contact.
        ActNotAllowed: The configuration says that there is.
    """
    found = get(tx.connection, contact_id)
    if found is None:
        raise NotFound(f"there is no contact {contact_id!r}")
    if found.from_config:
        raise ActNotAllowed(
            "from_config", f"{contact_id!r} stands in the configuration: remove the [[contact]] there and reload"
        )
    changed = {"disabled_at": tx.now, "changed_by": by.id}
    tx.connection.execute(contact.update().where(contact.c.id == contact_id).values(**changed))


def all_of(connection: Connection) -> list[Contact]:
    """All contacts, those that are asked no more too, by id."""
    return [_from_row(row) for row in connection.execute(select(contact).order_by(contact.c.id))]


def get(connection: Connection, contact_id: str) -> Contact | None:
    """One contact; None if there is none of that id."""
    row = connection.execute(select(contact).where(contact.c.id == contact_id)).first()
    return _from_row(row) if row else None


_NAMES = ("name", "kind", "address", "language", "assets", "max_tlp")


def _columns(one: Contact) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _NAMES}


def _from_row(row: Row[Any]) -> Contact:
    return Contact(
        id=row.id,
        from_config=row.from_config,
        disabled_at=row.disabled_at,
        **{name: row._mapping[name] for name in _NAMES},
    )

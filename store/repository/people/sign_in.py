"""Codes that sign a person in once. Only hashes are stored."""

from datetime import datetime

from sqlalchemy import Connection, select

from store.errors import NotFound
from store.people import Person
from store.repository.people import persons
from store.tables import person, sign_in_code
from store.tx import Tx


def create(tx: Tx, person_id: str, digest: str, expires_at: datetime) -> None:
    """Add a code; those that have expired are dropped.

    Raises:
        NotFound: There is no such person with access.
    """
    known = select(person.c.id).where(person.c.id == person_id, person.c.disabled_at.is_(None))
    if tx.connection.execute(known).first() is None:
        raise NotFound(f"there is no person {person_id!r} with access; `tocsin user list` shows all")
    tx.connection.execute(sign_in_code.delete().where(sign_in_code.c.expires_at <= tx.now))
    tx.connection.execute(sign_in_code.insert().values(hash=digest, person=person_id, expires_at=expires_at))


def spend(tx: Tx, digest: str) -> str | None:
    """Use a code up.

    Returns:
        The person's id; None if there is no such code, or it was used, has expired, or the person lost access.
    """
    with_access = select(person.c.id).where(person.c.disabled_at.is_(None))
    found: str | None = tx.connection.execute(
        sign_in_code.update()
        .where(
            sign_in_code.c.hash == digest,
            sign_in_code.c.spent_at.is_(None),
            sign_in_code.c.expires_at > tx.now,
            sign_in_code.c.person.in_(with_access),
        )
        .values(spent_at=tx.now)
        .returning(sign_in_code.c.person)
    ).scalar()
    return found


def person_of(connection: Connection, digest: str, now: datetime) -> Person | None:
    """Whom a code would sign in; None if it would sign in nobody. Changes nothing."""
    found = connection.execute(
        select(sign_in_code.c.person).where(
            sign_in_code.c.hash == digest, sign_in_code.c.spent_at.is_(None), sign_in_code.c.expires_at > now
        )
    ).scalar()
    one = persons.get(connection, found) if found else None
    return one if one and one.disabled_at is None else None

"""Passwords: what the store keeps of them is a hash that is slow to try (Argon2id). Who set one is in the chain."""

from datetime import datetime

from sqlalchemy import Connection, select

from store.errors import NotFound
from store.incident import Actor
from store.repository.people import sessions
from store.repository.record import installation
from store.tables import password, person
from store.tx import Tx
from store.upsert import insert


def put(tx: Tx, person_id: str, hashed: str, by: Actor, *, keep: str = "") -> None:
    """Set a password. Whoever was signed in as that person is so no more.

    Args:
        hashed: As `detector.passwords` made it.
        keep: Hash of the secret of the session that sets it, which goes on.

    Raises:
        NotFound: There is no such person with access.
    """
    _check(tx, person_id)
    _write(tx, person_id, {"hash": hashed, "changed_at": tx.now, "changed_by": by.id})
    sessions.delete_all_of(tx, person_id, keep=keep)
    installation.password_changed(tx, person_id, by, has_one=True)


def remove(tx: Tx, person_id: str, by: Actor) -> None:
    """Take a password away: they sign in by a link that works once. A second call is harmless.

    Raises:
        NotFound: There is no such person with access.
    """
    _check(tx, person_id)
    if tx.connection.execute(password.delete().where(password.c.person == person_id)).rowcount:
        installation.password_changed(tx, person_id, by, has_one=False)


def rehashed(tx: Tx, person_id: str, before: str, after: str) -> None:
    """The same password under other parameters; nothing if it was changed meanwhile."""
    same = (password.c.person == person_id, password.c.hash == before)
    tx.connection.execute(password.update().where(*same).values(hash=after))


def of(connection: Connection, person_id: str) -> str | None:
    """The hash of a person's password; None if they have none, or no access."""
    found: str | None = connection.execute(
        select(password.c.hash)
        .join(person, person.c.id == password.c.person)
        .where(password.c.person == person_id, person.c.disabled_at.is_(None))
    ).scalar()
    return found


def changed_at(connection: Connection, person_id: str) -> datetime | None:
    """Since when a person has the password that they have; None: they have none."""
    return connection.execute(select(password.c.changed_at).where(password.c.person == person_id)).scalar()


def _check(tx: Tx, person_id: str) -> None:
    known = select(person.c.id).where(person.c.id == person_id, person.c.disabled_at.is_(None))
    if tx.connection.execute(known).first() is None:
        raise NotFound(f"there is no person {person_id!r} with access; `tocsin user list` shows all")


def _write(tx: Tx, person_id: str, values: dict[str, object]) -> None:
    tx.connection.execute(
        insert(tx.connection, password)
        .values(person=person_id, **values)
        .on_conflict_do_update(index_elements=["person"], set_=values)
    )

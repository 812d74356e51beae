"""Persons and their roles, from the configuration or added by command."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from store.errors import ActNotAllowed, Duplicate, NotFound
from store.incident import DAEMON, Actor, ActorKind
from store.people import Person, Role
from store.repository.people import sessions, tokens
from store.repository.record import installation
from store.tables import person, person_role, token
from store.tx import Tx
from store.upsert import insert


def upsert_from_config(tx: Tx, persons: Iterable[Person]) -> None:
    """Make the persons of the configuration exactly these. Whoever is no longer in it can sign in no more; the name
    stays in the records. A person of the same id that was added by command becomes the configuration's.
    """
    kept = list(persons)
    for one in kept:
        installation.person_changed(tx, get(tx.connection, one.id), one, DAEMON)
        written = _columns(one) | {"from_config": True, "changed_by": "", "disabled_at": one.disabled_at}
        tx.connection.execute(
            insert(tx.connection, person)
            .values(id=one.id, created_at=tx.now, **written)
            .on_conflict_do_update(index_elements=["id"], set_=written)
        )
        _set_roles(tx, one)
    gone = select(person.c.id).where(
        person.c.from_config, person.c.disabled_at.is_(None), person.c.id.not_in([one.id for one in kept])
    )
    for row in tx.connection.execute(gone).all():
        _disable(tx, row.id, changed_by="", by=DAEMON)


def add(tx: Tx, new: Person, by: Actor) -> None:
    """Add a person by command.

    Raises:
        Duplicate: There is one of that id, or of one that differs in its capitals alone: nobody signs as a namesake.
    """
    same = unicodedata.normalize("NFKC", new.id).casefold()
    for one in all_of(tx.connection):
        if unicodedata.normalize("NFKC", one.id).casefold() == same:
            raise Duplicate(f"there is a person {one.id!r} already")
    values = _columns(new) | {"from_config": False, "changed_by": by.id}
    tx.connection.execute(person.insert().values(id=new.id, created_at=tx.now, **values))
    installation.person_changed(tx, None, new, by)
    _set_roles(tx, new)


def disable(tx: Tx, person_id: str, by: Actor) -> None:
    """Take a person's access away, tokens and sessions too. The name stays in the records.

    Raises:
        NotFound: There is no such person.
        ActNotAllowed: The configuration says that there is.
    """
    found = get(tx.connection, person_id)
    if found is None:
        raise NotFound(f"there is no person {person_id!r}")
    if found.from_config:
        raise ActNotAllowed(
            "from_config", f"{person_id!r} stands in the configuration: remove the [[person]] there and reload"
        )
    _disable(tx, person_id, changed_by=by.id, by=by)


def all_of(connection: Connection) -> list[Person]:
    """All persons, those without access too, by id."""
    return _read(connection, select(person).order_by(person.c.id))


def get(connection: Connection, person_id: str) -> Person | None:
    """One person, None if there is none of that id."""
    found = _read(connection, select(person).where(person.c.id == person_id))
    return found[0] if found else None


def by_token(connection: Connection, digest: str) -> Person | None:
    """Whose token has the hash *digest*; None if nobody's, or it was revoked, or the person has no access."""
    found = _read(
        connection,
        select(person)
        .join(token, token.c.person == person.c.id)
        .where(token.c.hash == digest, token.c.revoked_at.is_(None), person.c.disabled_at.is_(None)),
    )
    return found[0] if found else None


def number_of_token(connection: Connection, digest: str) -> int | None:
    """The number of the token with the hash *digest*, by which it is named where it is made and revoked."""
    return connection.execute(select(token.c.id).where(token.c.hash == digest)).scalar_one_or_none()


def roles_of(connection: Connection, actor: Actor) -> frozenset[Role]:
    """What *actor* may do; nothing unless a person with access."""
    found = get(connection, actor.id) if actor.kind is ActorKind.PERSON else None
    return found.roles if found is not None and found.disabled_at is None else frozenset()


def _read(connection: Connection, statement: Select[Any]) -> list[Person]:
    rows = connection.execute(statement).all()
    roles: dict[str, set[Role]] = {row.id: set() for row in rows}
    for row in connection.execute(select(person_role).where(person_role.c.person.in_(roles))):
        roles[row.person].add(Role(row.role))
    return [_from_row(row, roles[row.id]) for row in rows]


def _from_row(row: Row[Any], roles: set[Role]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        roles=frozenset(roles),
        email=row.email,
        timezone=row.timezone,
        accounts=row.accounts,
        from_config=row.from_config,
        disabled_at=row.disabled_at,
    )


def _columns(one: Person) -> dict[str, Any]:
    return {"name": one.name, "email": one.email, "timezone": one.timezone, "accounts": one.accounts}


def _set_roles(tx: Tx, one: Person) -> None:
    tx.connection.execute(person_role.delete().where(person_role.c.person == one.id))
    if one.roles:
        rows = [{"person": one.id, "role": role.value} for role in sorted(one.roles)]
        tx.connection.execute(person_role.insert(), rows)


def _disable(tx: Tx, person_id: str, *, changed_by: str, by: Actor) -> None:
    if (found := get(tx.connection, person_id)) is not None:
        installation.person_changed(tx, found, replace(found, disabled_at=tx.now), by)
    tx.connection.execute(
        person.update().where(person.c.id == person_id).values(disabled_at=tx.now, changed_by=changed_by)
    )
    tokens.revoke_all_of(tx, person_id, changed_by=changed_by)
    sessions.delete_all_of(tx, person_id)

"""Secrets for programs that act as a person. Only hashes are stored; whoever makes a secret shows it once."""

from sqlalchemy import Connection, select

from store.errors import NotFound
from store.incident import Actor
from store.people import Token
from store.repository.record import installation
from store.tables import person, token
from store.tx import Tx

_COLUMNS = (token.c.id, token.c.person, token.c.label, token.c.created_at, token.c.revoked_at)


def create(tx: Tx, person_id: str, label: str, digest: str, by: Actor) -> Token:
    """Add a token.

    Args:
        digest: Hash of the secret.

    Raises:
        NotFound: There is no such person with access.
    """
    known = select(person.c.id).where(person.c.id == person_id, person.c.disabled_at.is_(None))
    if tx.connection.execute(known).first() is None:
        raise NotFound(f"there is no person {person_id!r} with access; `tocsin user list` shows all")
    row = tx.connection.execute(
        token.insert()
        .values(person=person_id, label=label, hash=digest, created_at=tx.now, changed_by=by.id)
        .returning(*_COLUMNS)
    ).one()
    installation.token_made(tx, row.id, person_id, label, by)
    return Token(**row._mapping)


def all_of(connection: Connection) -> list[Token]:
    """All tokens, the revoked ones too, oldest first."""
    return [Token(**row._mapping) for row in connection.execute(select(*_COLUMNS).order_by(token.c.id))]


def revoke(tx: Tx, token_id: int, by: Actor) -> None:
    """End a token. A second call is harmless.

    Raises:
        NotFound: There is no such token.
    """
    if tx.connection.execute(select(token.c.id).where(token.c.id == token_id)).first() is None:
        raise NotFound(f"there is no token {token_id}; `tocsin token list` shows all")
    ended = tx.connection.execute(
        token.update()
        .where(token.c.id == token_id, token.c.revoked_at.is_(None))
        .values(revoked_at=tx.now, changed_by=by.id)
    ).rowcount
    if ended:
        installation.token_revoked(tx, token_id, by)


def revoke_all_of(tx: Tx, person_id: str, *, changed_by: str) -> None:
    """End all tokens of a person."""
    tx.connection.execute(
        token.update()
        .where(token.c.person == person_id, token.c.revoked_at.is_(None))
        .values(revoked_at=tx.now, changed_by=changed_by)
    )

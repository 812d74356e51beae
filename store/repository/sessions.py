"""Browsers that signed in. Only hashes of their secrets are stored."""

from datetime import datetime

from sqlalchemy import Connection, select

from store.people import Session
from store.tables import session
from store.tx import Tx


def create(tx: Tx, digest: str, person_id: str, expires_at: datetime, incident: int | None = None) -> None:
    """Add a session; those that have expired are dropped.

    Args:
        digest: Hash of the secret.
        incident: Only for this record, opened by a link; None: for everything.
    """
    tx.connection.execute(session.delete().where(session.c.expires_at <= tx.now))
    tx.connection.execute(
        session.insert().values(
            hash=digest, person=person_id, incident=incident, created_at=tx.now, expires_at=expires_at
        )
    )


def by_secret(connection: Connection, digest: str, now: datetime) -> Session | None:
    """The session whose secret has the hash *digest*; None if there is none or it has expired."""
    columns = (session.c.person, session.c.created_at, session.c.expires_at, session.c.incident)
    row = connection.execute(select(*columns).where(session.c.hash == digest, session.c.expires_at > now)).first()
    return Session(**row._mapping) if row else None


def delete(tx: Tx, digest: str) -> None:
    """Sign out. A second call is harmless."""
    tx.connection.execute(session.delete().where(session.c.hash == digest))


def delete_all_of(tx: Tx, person_id: str) -> None:
    """Sign a person out everywhere."""
    tx.connection.execute(session.delete().where(session.c.person == person_id))

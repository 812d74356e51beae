"""Tokens that sign once: whoever has one has shown within five minutes that it is them. Only hashes are stored."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from store.tables import fresh_token
from store.tx import Tx

LASTS = timedelta(minutes=5)


def create(tx: Tx, person_id: str, digest: str) -> datetime:
    """Add one, and return when it expires; those that have expired are dropped.

    Args:
        digest: Hash of the secret.
    """
    expires_at = tx.now + LASTS
    tx.connection.execute(fresh_token.delete().where(fresh_token.c.expires_at <= tx.now))
    tx.connection.execute(fresh_token.insert().values(hash=digest, person=person_id, expires_at=expires_at))
    return expires_at


def is_good(tx: Tx, person_id: str, digest: str) -> bool:
    """Whether a person can sign with it now."""
    return tx.connection.execute(select(fresh_token.c.hash).where(*_good(tx, person_id, digest))).first() is not None


def spend(tx: Tx, person_id: str, digest: str) -> bool:
    """Use it up; False if it cannot be used."""
    ended = tx.connection.execute(
        fresh_token.update().where(*_good(tx, person_id, digest)).values(spent_at=tx.now)
    ).rowcount
    return bool(ended)


def _good(tx: Tx, person_id: str, digest: str) -> tuple[ColumnElement[bool], ...]:
    return (
        fresh_token.c.hash == digest,
        fresh_token.c.person == person_id,
        fresh_token.c.spent_at.is_(None),
        fresh_token.c.expires_at > tx.now,
    )

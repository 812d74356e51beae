"""Signed links act once: the first use of a nonce counts."""

from sqlalchemy import Connection, select

from store.people import Spent
from store.tables import link_nonce
from store.tx import Tx
from store.upsert import insert


def spend(tx: Tx, nonce: str, *, incident: int, act: str, person: str) -> Spent:
    """Use a link's nonce up, or learn who did and when."""
    added = tx.connection.execute(
        insert(tx.connection, link_nonce)
        .values(nonce=nonce, incident=incident, act=act, person=person, spent_at=tx.now)
        .on_conflict_do_nothing()
        .returning(link_nonce.c.nonce)
    ).first()
    if added is not None:
        return Spent(first=True, person=person, at=tx.now)
    before = spent(tx.connection, nonce)
    if before is None:
        raise AssertionError("a nonce that could not be added is not there")
    return before


def spent(connection: Connection, nonce: str) -> Spent | None:
    """Who used a nonce up and when; None: nobody yet."""
    row = connection.execute(
        select(link_nonce.c.person, link_nonce.c.spent_at).where(link_nonce.c.nonce == nonce)
    ).first()
    return Spent(first=False, person=row.person, at=row.spent_at) if row else None

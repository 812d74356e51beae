"""Browsers that signed in. Only hashes of their secrets are stored."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from store.errors import NotFound
from store.people import Session, SignedInBy
from store.tables import session
from store.tx import Tx

IDLE = timedelta(hours=2)  #: of a session for everything; one that a link opened lasts until its end
MOST_EACH = 20  #: of one person and kind; the one that was left alone longest makes room
LONGEST_AGENT = 200
_COLUMNS = tuple(column for column in session.c if column.name != "hash")


def create(
    tx: Tx,
    digest: str,
    person_id: str,
    expires_at: datetime,
    incident: int | None = None,
    *,
    how: SignedInBy = SignedInBy.CODE,
    agent: str = "",
    address: str = "",
) -> None:
    """Add a session; those that have expired are dropped.

    Args:
        digest: Hash of the secret.
        incident: Only for this record, opened by a link; None: for everything.
    """
    tx.connection.execute(session.delete().where(session.c.expires_at <= tx.now))
    # One tap in a message opens one of the one kind: that must not end those of the other.
    same_kind = session.c.incident.is_(None) if incident is None else session.c.incident.is_not(None)
    mine = select(session.c.id).where(session.c.person == person_id, same_kind)
    mine = mine.order_by(session.c.used_at.desc(), session.c.id.desc())
    older = tx.connection.execute(mine.offset(MOST_EACH - 1)).scalars().all()
    tx.connection.execute(session.delete().where(session.c.id.in_(older)))
    tx.connection.execute(
        session.insert().values(
            hash=digest,
            person=person_id,
            incident=incident,
            how=how,
            agent=agent[:LONGEST_AGENT],
            address=address[:100],
            created_at=tx.now,
            used_at=tx.now,
            expires_at=expires_at,
        )
    )


def by_secret(connection: Connection, digest: str, now: datetime) -> Session | None:
    """The session whose secret has the hash *digest*; None if there is none, or it has expired or was left alone."""
    wanted = select(*_COLUMNS).where(session.c.hash == digest)
    return next(iter(_read(connection, wanted, now)), None)


def of(connection: Connection, person_id: str, now: datetime) -> list[Session]:
    """Where a person is signed in, the newest first."""
    return _read(connection, select(*_COLUMNS).where(session.c.person == person_id).order_by(session.c.id.desc()), now)


def touch(tx: Tx, session_id: int) -> None:
    """It is used."""
    tx.connection.execute(session.update().where(session.c.id == session_id).values(used_at=tx.now))


def delete(tx: Tx, digest: str) -> None:
    """Sign out. A second call is harmless."""
    tx.connection.execute(session.delete().where(session.c.hash == digest))


def end(tx: Tx, session_id: int, person_id: str) -> None:
    """End one of a person's sessions.

    Raises:
        NotFound: They have none of that number.
    """
    mine = (session.c.id == session_id, session.c.person == person_id)
    if not tx.connection.execute(session.delete().where(*mine)).rowcount:
        raise NotFound(f"there is no session {session_id} of {person_id}")


def delete_all_of(tx: Tx, person_id: str, *, keep: str = "") -> None:
    """Sign a person out everywhere, but for the session whose secret has the hash *keep*."""
    tx.connection.execute(session.delete().where(session.c.person == person_id, session.c.hash != keep))


def _read(connection: Connection, wanted: Select[Any], now: datetime) -> list[Session]:
    found = [_from_row(row) for row in connection.execute(wanted)]
    return [one for one in found if now < one.expires_at and (one.incident is not None or now < one.used_at + IDLE)]


def _from_row(row: Row[Any]) -> Session:
    return Session(**{**row._mapping, "how": SignedInBy(row.how)})

"""What other systems and people handed in: kept raw before it is answered, read in order of arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.errors import KeyReused
from store.repository.intake import positions
from store.tables import inbox
from store.tx import Tx
from store.upsert import insert_if_new

#: The one stream of each intake.
STREAM = "inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request's body."""

    id: int  #: in order of arrival; never given twice
    source: str
    kind: str
    received_at: datetime  #: aware UTC
    body: bytes


def put(tx: Tx, source: str, kind: str, body: bytes, *, key: str | None = None, partition: str = "") -> int:
    """Keep a body. One whose *key* came before is kept already. Returns its number.

    Raises:
        KeyReused: The key came before with another body; this one is not kept.
    """
    values = {"partition": partition, "source": source, "key": key, "kind": kind, "received_at": tx.now, "body": body}
    made = tx.connection.execute(insert_if_new(tx.connection.dialect.name, inbox, "id"), values).scalar()
    if made is not None:
        return int(made)
    known = select(inbox.c.id, inbox.c.body).where(
        inbox.c.partition == partition, inbox.c.source == source, inbox.c.key == key
    )
    row = tx.connection.execute(known).one()
    if bytes(row.body) != body:
        raise KeyReused(f"the key {key!r} came before with another body")
    return int(row.id)


def after(
    connection: Connection, source: str, number: int, *, at_once: int = 64, partition: str = ""
) -> Sequence[Parcel]:
    """What was handed in to *source* after parcel *number*, in order."""
    columns = (inbox.c.id, inbox.c.source, inbox.c.kind, inbox.c.received_at, inbox.c.body)
    rows = connection.execute(
        select(*columns)
        .where(inbox.c.partition == partition, inbox.c.source == source, inbox.c.id > number)
        .order_by(inbox.c.id)
        .limit(at_once)
    )
    return [Parcel(**row._mapping) for row in rows]


def get(connection: Connection, number: int) -> Parcel | None:
    """The parcel of that number; None if there is none, or none any more."""
    columns = (inbox.c.id, inbox.c.source, inbox.c.kind, inbox.c.received_at, inbox.c.body)
    row = connection.execute(select(*columns).where(inbox.c.id == number)).first()
    return Parcel(**row._mapping) if row else None


def read_up_to(connection: Connection, source: str, partition: str = "") -> int:
    """Number of the last parcel of *source* whose effects are stored; 0: none's are."""
    return number_of(positions.at(connection, source, partition, STREAM) or b"")


def unread(connection: Connection) -> int:
    """How many parcels wait to be read, of all intakes."""
    names = connection.execute(select(inbox.c.source, inbox.c.partition).distinct()).all()
    waiting = 0
    for name, partition in names:
        later = (inbox.c.partition == partition, inbox.c.source == name)
        number = read_up_to(connection, name, partition)
        waiting += connection.execute(select(func.count()).where(*later, inbox.c.id > number)).scalar_one()
    return waiting


def position_of(number: int) -> bytes:
    """A parcel's number as a position."""
    return str(number).encode()


def number_of(position: bytes) -> int:
    """The number of a parcel in a position; 0 if nothing was read."""
    return int(position or b"0")

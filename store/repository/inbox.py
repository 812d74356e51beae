"""What other systems and people handed in: kept raw before it is answered, read in order of arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.tables import inbox
from store.tx import Tx
from store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request's body."""

    id: int  #: in order of arrival; never given twice
    source: str
    kind: str
    received_at: datetime  #: aware UTC
    body: bytes


def put(tx: Tx, source: str, kind: str, body: bytes, *, key: str | None = None, partition: str = "") -> int:
    """Keep a body. One whose *key* came before is kept already. Returns its number."""
    values = {"partition": partition, "source": source, "key": key, "kind": kind, "received_at": tx.now, "body": body}
    made = tx.connection.execute(
        insert(tx.connection, inbox).values(values).on_conflict_do_nothing().returning(inbox.c.id)
    ).scalar()
    if made is not None:
        return int(made)
    known = select(inbox.c.id).where(inbox.c.partition == partition, inbox.c.source == source, inbox.c.key == key)
    return int(tx.connection.execute(known).scalar_one())


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


def waiting(connection: Connection, source: str, number: int, partition: str = "") -> int:
    """How many parcels of *source* wait after *number*."""
    wanted = (inbox.c.partition == partition, inbox.c.source == source, inbox.c.id > number)
    return connection.execute(select(func.count()).select_from(inbox).where(*wanted)).scalar_one()

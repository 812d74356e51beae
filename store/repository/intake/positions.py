"""How far each stream was read: committed with what was read before it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from store.errors import StaleVersion
from store.tables import position
from store.tx import Tx
from store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """How far one stream was read."""

    stream: str
    origin: str  #: what people call it, e.g. its path then
    position: bytes  #: opaque to everyone but its source
    format: str  #: pinned format, "" while undecided
    saved_at: datetime


def save(
    tx: Tx,
    source: str,
    partition: str,
    stream: str,
    origin: str,
    after: bytes,
    format: str = "",  # noqa: A002 (the word of the table)
    *,
    before: bytes | None = None,
) -> bool:
    """Note that *stream* was read up to *after*.

    Args:
        format: Pinned format; "" keeps the one that is noted.
        before: Where the reading began. If given, it must be where the stream stands: a commit whose answer was lost
            is then recognised when it is tried again.

    Returns:
        False if the stream stands at *after* already, so that everything else of the batch is stored too.

    Raises:
        StaleVersion: The stream stands neither at *before* nor at *after*: someone else wrote.
    """
    if before is not None:
        now_at = at(tx.connection, source, partition, stream)
        if now_at == after != before:
            return False
        if now_at not in (None, before):
            raise StaleVersion(f"source {source!r}, {origin}: its stored position is not the one this batch began at")
    written = {"origin": origin, "position": after, "saved_at": tx.now} | ({"format": format} if format else {})
    tx.connection.execute(
        insert(tx.connection, position)
        .values(partition=partition, source=source, stream=stream, **{"format": ""} | written)
        .on_conflict_do_update(index_elements=["partition", "source", "stream"], set_=written)
    )
    return True


def at(connection: Connection, source: str, partition: str, stream: str) -> bytes | None:
    """Where a stream stands, None if it was never read."""
    found: bytes | None = connection.execute(
        select(position.c.position).where(
            position.c.partition == partition, position.c.source == source, position.c.stream == stream
        )
    ).scalar()
    return found


def load(connection: Connection, source: str, partition: str = "") -> list[PositionRow]:
    """All streams of a source."""
    columns = (position.c.stream, position.c.origin, position.c.position, position.c.format, position.c.saved_at)
    rows = connection.execute(
        select(*columns)
        .where(position.c.partition == partition, position.c.source == source)
        .order_by(position.c.stream)
    )
    return [PositionRow(**row._mapping) for row in rows]


def forget(tx: Tx, source: str, partition: str, stream: str) -> None:
    """Drop what is known of a stream that is gone for good."""
    tx.connection.execute(
        position.delete().where(
            position.c.partition == partition, position.c.source == source, position.c.stream == stream
        )
    )

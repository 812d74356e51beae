"""Lines that the engine could not survive, kept raw so that a person can look at them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from rules.outcome import InternalEvent
from store.tables import poisoned_line
from store.tx import Tx
from store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonedLine:
    """A line that cost the engine its process and was skipped."""

    source: str
    stream: str
    origin: str
    line: int
    offset: int
    raw: bytes
    reason: str
    at: datetime  #: when it was skipped


def save(tx: Tx, event: InternalEvent, partition: str = "") -> None:
    """Keep a skipped line; the same one twice is kept once."""
    tx.connection.execute(
        insert(tx.connection, poisoned_line)
        .values(
            partition=partition,
            source=event.source,
            stream=event.stream,
            origin=event.origin,
            line=event.line,
            offset=event.offset,
            raw=event.raw,
            reason=event.reason,
            at=tx.now,
        )
        .on_conflict_do_nothing()
    )


def all_of(connection: Connection, limit: int = 100) -> list[PoisonedLine]:
    """The lines skipped last, newest first."""
    columns = [column for column in poisoned_line.c if column.name not in ("id", "partition")]
    rows = connection.execute(select(*columns).order_by(poisoned_line.c.id.desc()).limit(limit))
    return [PoisonedLine(**row._mapping) for row in rows]

"""What became of the lines of each stream, counted since it was first seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from rules.outcome import StreamCount
from store.tables import source_count
from store.tx import Tx
from store.upsert import insert

_COUNTS = ("lines", "parsed", "unparsed", "matched", "late", "suspect", "poisoned")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """Counts of one stream since it was first seen."""

    source: str
    stream: str
    lines: int
    parsed: int
    unparsed: int
    matched: int
    late: int
    suspect: int
    poisoned: int
    format: str  #: pinned format; else the likeliest with " (not settled)", "" if none read a line
    last_time: datetime | None  #: latest event time that a line told
    last_line_at: datetime  #: when a line was last stored
    sample_unparsed: str  #: the last line that no format took, shortened; "" if there was none


def save_counts(tx: Tx, counts: Iterable[StreamCount], partition: str = "") -> None:
    """Add what became of the lines of a batch."""
    for count in counts:
        numbers = {name: getattr(count, name) for name in _COUNTS}
        latest = {"last_time": count.last_time} if count.last_time is not None else {}
        sample = {"sample_unparsed": count.sample_unparsed} if count.sample_unparsed else {}
        known = {"format": count.format, "last_line_at": tx.now} | latest | sample
        tx.connection.execute(
            insert(tx.connection, source_count)
            .values(
                partition=partition,
                source=count.source,
                stream=count.stream,
                **{"sample_unparsed": ""} | known,
                **numbers,
            )
            .on_conflict_do_update(
                index_elements=["partition", "source", "stream"],
                set_=known | {name: source_count.c[name] + number for name, number in numbers.items()},
            )
        )


def status(connection: Connection, partition: str = "") -> list[SourceRow]:
    """Counts of all streams, by source."""
    columns = [column for column in source_count.c if column.name != "partition"]
    rows = connection.execute(
        select(*columns)
        .where(source_count.c.partition == partition)
        .order_by(source_count.c.source, source_count.c.stream)
    )
    return [SourceRow(**row._mapping) for row in rows]

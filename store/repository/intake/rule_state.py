"""The engine's state: one snapshot and the deltas after it. Opaque here, whatever its shape."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from store.tables import rule_state
from store.tx import Tx

SNAPSHOT = "snapshot"
DELTA = "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSize:
    """How much a start would have to load besides the snapshot."""

    deltas: int
    bytes: int  #: of the deltas


def append_delta(tx: Tx, partition: str, delta: bytes) -> None:
    """Add what one batch changed."""
    _append(tx, partition, DELTA, delta)


def replace_with_snapshot(tx: Tx, partition: str, snapshot: bytes) -> None:
    """Keep *snapshot* instead of everything before. It must hold all that was appended."""
    seq = _append(tx, partition, SNAPSHOT, snapshot)
    tx.connection.execute(rule_state.delete().where(rule_state.c.partition == partition, rule_state.c.seq < seq))


def load(connection: Connection, partition: str = "") -> tuple[bytes | None, list[bytes]]:
    """The snapshot, if there is one, and the deltas after it in order."""
    rows = connection.execute(
        select(rule_state.c.kind, rule_state.c.payload)
        .where(rule_state.c.partition == partition)
        .order_by(rule_state.c.seq)
    ).all()
    snapshot = next((row.payload for row in rows if row.kind == SNAPSHOT), None)
    return snapshot, [row.payload for row in rows if row.kind == DELTA]


def size(connection: Connection, partition: str = "") -> StateSize:
    """How much has come after the snapshot."""
    row = connection.execute(
        select(
            func.count().label("deltas"),
            func.coalesce(func.sum(func.length(rule_state.c.payload)), 0).label("bytes"),
        ).where(rule_state.c.partition == partition, rule_state.c.kind == DELTA)
    ).one()
    return StateSize(deltas=row.deltas, bytes=int(row.bytes))


def _append(tx: Tx, partition: str, kind: str, payload: bytes) -> int:
    last = select(func.coalesce(func.max(rule_state.c.seq), 0)).where(rule_state.c.partition == partition)
    seq: int = tx.connection.execute(last).scalar_one() + 1
    tx.connection.execute(
        rule_state.insert().values(partition=partition, seq=seq, kind=kind, payload=payload, saved_at=tx.now)
    )
    return seq

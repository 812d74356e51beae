"""Seals: made over what changed, appended, never changed."""

from collections.abc import Iterable

from sqlalchemy import Connection, and_, func, select

from store import seals
from store.incident import DAEMON, EntryKind, NewEntry
from store.repository.record import timeline as entries
from store.seals import Head, Keys, Seal
from store.tables import seal, seal_head, timeline
from store.tx import Tx

#: The record number under which the chain of the installation itself stands.
INSTALLATION = entries.INSTALLATION


def last(connection: Connection) -> Seal | None:
    """The newest seal."""
    row = connection.execute(select(seal).order_by(seal.c.number.desc()).limit(1)).first()
    return None if row is None else Seal(number=row.number, body=row.body, signature=row.signature)


def grown(connection: Connection, since: Seal | None) -> list[Head]:
    """The heads of the chains that grew since the seal *since*.

    Instants of transactions never go back, so what came after it bears its instant or a later one.
    """
    newest = select(timeline.c.incident, func.max(timeline.c.seq).label("seq")).group_by(timeline.c.incident)
    if since is not None:
        newest = newest.where(timeline.c.at >= seals.read(since.body).at)
    tops = newest.subquery()
    rows = connection.execute(
        select(timeline.c.incident, timeline.c.seq, timeline.c.hash)
        .join(tops, and_(tops.c.incident == timeline.c.incident, tops.c.seq == timeline.c.seq))
        .outerjoin(seal_head, and_(seal_head.c.record == timeline.c.incident, seal_head.c.seq == timeline.c.seq))
        .where(seal_head.c.record.is_(None))
    )
    return [Head(record=row.incident, seq=row.seq, hash=row.hash) for row in rows]


def is_due(connection: Connection) -> bool:
    """Whether anything changed since the last seal."""
    return bool(grown(connection, last(connection)))


def make(tx: Tx, keys: Keys) -> Seal | None:
    """Seal what changed since the last seal; None if nothing did."""
    previous = last(tx.connection)
    heads = seals.in_order(grown(tx.connection, previous))
    if not heads:
        return None
    made = seals.make(heads, at=tx.now, previous=previous, keys=keys)
    tx.connection.execute(seal.insert().values(number=made.number, body=made.body, signature=made.signature))
    rows = [{"record": head.record, "seq": head.seq, "hash": head.hash, "seal": made.number} for head in heads]
    tx.connection.execute(seal_head.insert(), rows)
    return made


def announce(tx: Tx, keys: Keys) -> None:
    """Write into the installation's own chain which key signs from here on, unless its last word on that says so."""
    if _announced(tx.connection) != keys.id:
        facts = {"key": keys.id, "public": keys.public[keys.id].hex()}
        entries.append(tx, INSTALLATION, NewEntry(kind=EntryKind.KEY_CHANGED, actor=DAEMON, facts=facts))


def _announced(connection: Connection) -> object:
    said = entries.last_of(connection, INSTALLATION, EntryKind.KEY_CHANGED)
    return None if said is None else said.facts["key"]


def covering(connection: Connection, record: int) -> list[tuple[Seal, list[Head]]]:
    """The seals that cover entries of a record, oldest first, each with all heads that it was made over."""
    numbers = select(seal_head.c.seal).where(seal_head.c.record == record)
    found = connection.execute(select(seal).where(seal.c.number.in_(numbers)).order_by(seal.c.number)).all()
    heads = heads_of(connection, [row.number for row in found])
    return [
        (Seal(number=row.number, body=row.body, signature=row.signature), heads.get(row.number, [])) for row in found
    ]


def heads_of(connection: Connection, numbers: Iterable[int]) -> dict[int, list[Head]]:
    """The heads that seals were made over, by the seal's number, as they stand in the tree."""
    found: dict[int, list[Head]] = {}
    rows = connection.execute(
        select(seal_head)
        .where(seal_head.c.seal.in_(list(numbers)))
        .order_by(seal_head.c.seal, seal_head.c.record, seal_head.c.seq)
    )
    for row in rows:
        found.setdefault(row.seal, []).append(Head(record=row.record, seq=row.seq, hash=row.hash))
    return found

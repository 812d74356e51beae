"""Reads everything that the chains and seals cover, and says what does not hold."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Table, cast, func, select, type_coerce
from sqlalchemy.types import NullType

from store import examine, examine_evidence, examine_signatures, seals, triggers
from store.errors import SchemaMismatch
from store.examine import Fault, Harm, SealedHead, Stored
from store.examine_documents import Shelved
from store.examine_evidence import StoredLine
from store.examine_signatures import StoredSignature
from store.repository.keeping import stored_documents
from store.repository.record import seals as repository
from store.repository.record.seals import INSTALLATION
from store.seals import Head, Seal
from store.tables import evidence, incident, seal, seal_head, timeline, value
from store.tables import signature as signature_table

#: How many records, or seals, are looked at in one go.
WINDOW = 1000
#: Columns that repeat what the bytes say, under their names there.
_BESIDE = ("incident", "seq", "at", "kind", "actor_kind", "actor_id", "via")
#: Columns of a signature that repeat what its entry says, under their names there.
_SIGNED = ("dossier", "hash", "signature", "person", "at", "meaning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was looked at, and what is wrong."""

    records: int  #: chains, that of the installation itself included
    entries: int
    seals: int
    unsealed: int  #: entries that no seal covers yet
    last: Seal | None  #: the newest seal; who writes its hash down elsewhere can show later that nothing was cut off
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is stored under one number."""

    number: int
    entries: list[Stored]
    heads: list[SealedHead]
    documents: list[Shelved]
    signatures: list[StoredSignature]
    lines: list[StoredLine]
    has_row: bool  #: there is such an incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A seal that somebody noted elsewhere."""

    number: int
    hash: str  #: hexadecimal


class Seen:
    """Rows in windows of numbers, each value as the database holds it: what was forged need not fit its column."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Counter[Table] = Counter()

    def rows(self, table: Table, by: Column[Any], start: int, *names: str) -> list[Any]:
        """The columns *names* of the rows whose number *by* is in the window that begins at *start*."""
        columns = [type_coerce(table.c[name], NullType()).label(name) for name in names]
        found = self._connection.execute(select(*columns).where(by >= start, by < start + WINDOW)).all()
        self._rows[table] += len(found)
        return list(found)

    def windows(self, *columns: Column[Any]) -> Iterator[int]:
        """Where each window begins in which one of *columns* has a number, however far apart they are."""
        start: int | None = 0
        while start is not None:
            ahead = [self._first_from(column, start) for column in columns]
            start = min((number for number in ahead if number is not None), default=None)
            if start is not None:
                yield start
                start += WINDOW

    def _first_from(self, column: Column[Any], start: int) -> int | None:
        found = self._connection.execute(select(func.min(cast(column, BigInteger))).where(column >= start)).scalar()
        return None if found is None or found < start else int(found)

    def strays(self) -> Iterator[Fault]:
        """Rows that are in no window, because they bear no number that a record can have."""
        once = (timeline, value, seal, signature_table, *stored_documents.TABLES)
        for table, times in (*((one, 1) for one in once), (seal_head, 2)):
            count = self._connection.execute(select(func.count()).select_from(table)).scalar_one()
            if self._rows[table] != count * times:
                yield Fault(harm=Harm.INSERTED, says=f"the table {table.name} holds rows of no record and no seal")


def examine_all(connection: Connection, public: Mapping[str, bytes], witness: Witness | None = None) -> Report:
    """Examine every chain and every seal, in one snapshot.

    Args:
        public: The keys that are trusted, by id.
        witness: A seal that must be among those stored.
    """
    with _any_text(connection):
        return _examine(connection, public, witness)


def faults_of(connection: Connection, number: int) -> tuple[Fault, ...]:
    """What is wrong with one record, seals left aside."""
    found = (one for one in _window(Seen(connection), number) if one.number == number)
    return tuple(fault for one in found for fault in _faults(replace(one, heads=[])))


def _examine(connection: Connection, public: Mapping[str, bytes], witness: Witness | None) -> Report:
    seen = Seen(connection)
    faults = [*_guards(connection), *_seals(seen, public), *_witnessed(connection, witness)]
    records, entries, unsealed = 0, 0, 0
    for one in _records(seen):
        faults += _faults(one)
        records += 1
        entries += len(one.entries)
        sealed = max((head.seq for head in one.heads), default=0)
        unsealed += sum(entry.seq > sealed for entry in one.entries)
    faults += seen.strays()
    newest = repository.last(connection)
    return Report(
        records=records,
        entries=entries,
        seals=0 if newest is None else newest.number,
        unsealed=unsealed,
        last=newest,
        faults=tuple(faults),
    )


def _guards(connection: Connection) -> Iterator[Fault]:
    try:
        triggers.verify(connection)
    except SchemaMismatch as error:
        yield Fault(harm=Harm.GUARD, says=str(error))


def _faults(one: Record) -> Iterator[Fault]:
    yield from examine.chain(one.number, one.entries, one.heads)
    said = [examine.decoded(entry.entry) for entry in one.entries]
    yield from stored_documents.faults(one.number, one.documents, said)
    yield from examine_signatures.faults(one.number, one.signatures, said)
    yield from examine_evidence.faults(one.number, one.lines)
    yield from _standing(one)


def _standing(one: Record) -> Iterator[Fault]:
    """Whether chain and record are both there."""
    if one.number == INSTALLATION:
        return
    if not one.has_row:
        yield Fault(record=one.number, harm=Harm.REMOVED, says="its entries are there, but the record is not")
    elif not one.entries:
        yield Fault(record=one.number, harm=Harm.REMOVED, says="the record is there, but it has no entries")


def _records(seen: Seen) -> Iterator[Record]:
    """Each record that is known from anywhere."""
    listed = (timeline.c.incident, signature_table.c.incident, *(table.c.incident for table in stored_documents.TABLES))
    for start in seen.windows(*listed, seal_head.c.record, incident.c.number):
        yield from _window(seen, start)


def _window(seen: Seen, start: int) -> Iterator[Record]:
    """Each record whose number is in the window that begins at *start*."""
    known = {row[0] for row in seen.rows(incident, incident.c.number, start, "number")}
    heads: dict[int, list[SealedHead]] = {}
    for record, number, seq, hashed in seen.rows(seal_head, seal_head.c.record, start, "record", "seal", "seq", "hash"):
        heads.setdefault(record, []).append(SealedHead(seal=number, seq=seq, hash=hashed))
    stored, documents, signed = _stored(seen, start), stored_documents.of(seen, start), _signatures(seen, start)
    lines = _lines(seen, start)
    for number in sorted(known | heads.keys() | stored.keys() | documents.keys() | signed.keys()):
        yield Record(
            number=number,
            entries=stored.get(number, []),
            heads=heads.get(number, []),
            documents=documents.get(number, []),
            signatures=signed.get(number, []),
            lines=lines.get(number, []),
            has_row=number in known,
        )


def _stored(seen: Seen, start: int) -> dict[int, list[Stored]]:
    values: dict[tuple[int, int], dict[str, tuple[object, object]]] = {}
    for record, seq, name, text, salt in seen.rows(
        value, value.c.incident, start, "incident", "seq", "name", "value", "salt"
    ):
        values.setdefault((record, seq), {})[name] = (text, salt)
    found: dict[int, list[Stored]] = {}
    for row in seen.rows(timeline, timeline.c.incident, start, *_BESIDE, "entry", "hash"):
        *beside, entry, hashed = row
        record, seq = beside[0], beside[1]
        one = Stored(
            seq=seq,
            columns=dict(zip(_BESIDE, beside, strict=True)),
            entry=entry,
            hash=hashed,
            values=values.get((record, seq), {}),
        )
        found.setdefault(record, []).append(one)
    for entries in found.values():
        entries.sort(key=lambda one: one.seq)
    return found


def _lines(seen: Seen, start: int) -> dict[int, list[StoredLine]]:
    """What was read; of what a person added the hash is that of something kept elsewhere."""
    found: dict[int, list[StoredLine]] = {}
    columns = ("incident", "rule_id", "origin", "line", "text", "sha256")
    for number, rule_id, origin, line, text, sha256 in seen.rows(evidence, evidence.c.incident, start, *columns):
        if rule_id != "":
            found.setdefault(number, []).append(StoredLine(origin=origin, line=line, text=text, sha256=sha256))
    return found


def _signatures(seen: Seen, start: int) -> dict[int, list[StoredSignature]]:
    found: dict[int, list[StoredSignature]] = {}
    columns = ("place", "places", *_SIGNED)
    for number, which, entry, place, places, *rest in seen.rows(
        signature_table, signature_table.c.incident, start, "incident", "number", "entry", *columns
    ):
        says = {"printed": f"{place} of {places}", **dict(zip(_SIGNED, rest, strict=True))}
        found.setdefault(number, []).append(StoredSignature(number=which, entry=entry, says=says))
    return found


def _seals(seen: Seen, public: Mapping[str, bytes]) -> Iterator[Fault]:
    previous: Seal | None = None
    for start in seen.windows(seal.c.number, seal_head.c.seal):
        heads: dict[int, list[Head]] = {}
        for number, record, seq, hashed in seen.rows(
            seal_head, seal_head.c.seal, start, "seal", "record", "seq", "hash"
        ):
            if isinstance(record, int) and record >= 0:
                heads.setdefault(number, []).append(Head(record=record, seq=seq, hash=_bytes(hashed)))
        found = seen.rows(seal, seal.c.number, start, "number", "body", "signature")
        for number, body, signature in sorted(found, key=lambda row: int(row[0])):
            one = Seal(number=number, body=_bytes(body), signature=_bytes(signature))
            for says in seals.faults(one, heads.get(number, []), previous=previous, public=public):
                yield Fault(seal=number, harm=Harm.SEAL, says=says)
            previous = one
        for number in sorted(heads.keys() - {row[0] for row in found}):
            yield Fault(seal=number, harm=Harm.TRUNCATED, says="what it was made over is there, but the seal is not")


def _witnessed(connection: Connection, witness: Witness | None) -> Iterator[Fault]:
    if witness is None:
        return
    row = connection.execute(select(seal.c.body).where(seal.c.number == witness.number)).first()
    if row is None:
        yield Fault(seal=witness.number, harm=Harm.TRUNCATED, says="it was made, and is not here")
    elif Seal(number=witness.number, body=row.body, signature=b"").hash.hex() != witness.hash.lower():
        yield Fault(seal=witness.number, harm=Harm.SEAL, says="it is not the one whose hash was given")


def _bytes(found: object) -> bytes:
    return found if isinstance(found, bytes) else b""


@contextmanager
def _any_text(connection: Connection) -> Iterator[None]:
    """Have SQLite give text that is not UTF-8 too, instead of refusing the row."""
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    driver.text_factory = lambda found: found.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str

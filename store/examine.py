"""What is wrong with a record's chain, found from nothing but what is stored. Pure, and trusts no row to be well made.

What this can show: an entry that was changed, removed, put in or contradicted by the columns beside it, a value that
is not the one committed to or that went without an entry saying so, and, by the seals, entries cut off at the end or
a chain that was written anew. What it cannot: entries forged after the last seal, by whoever can write the database.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from store.audit import GENESIS, Salted, commitment
from store.incident import EntryKind


class Harm(StrEnum):
    """What was done. Printed by programs: never rename one."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    TRUNCATED = "truncated"  #: the newest entries are gone
    COLUMN = "column"  #: a column says something else than the bytes
    SEAL = "seal"  #: a seal does not hold
    GUARD = "guard"  #: a trigger that keeps entries from being altered is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong."""

    record: int | None = None  #: None: it is not about one record
    entry: int | None = None  #: seq; None: it is not about one entry
    seal: int | None = None  #: number of the seal that it is about, or that shows it
    harm: Harm
    says: str

    def __str__(self) -> str:
        where = "" if self.record is None else name_of(self.record)
        entry = "" if self.entry is None else f" entry {self.entry}"
        seal = f"seal {self.seal}" if self.seal is not None and self.record is None else ""
        return f"{where}{entry}{seal}: {self.says} [{self.harm}]".removeprefix(": ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A row of the timeline and the values beside it, as the database gives them: any of it may be anything."""

    seq: int
    columns: Mapping[str, object]  #: those that repeat what the bytes say, under the names they have there
    entry: object
    hash: object
    values: Mapping[str, tuple[object, object]] = field(default_factory=dict)  #: name to value and salt


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedHead:
    """What a seal says of a record: entry *seq* had this hash."""

    seal: int
    seq: int
    hash: object


#: What canonical bytes say; None: they are not those of anything.
Said = dict[str, Any] | None


def name_of(record: int) -> str:
    """What people call the record whose chain it is."""
    return f"INC-{record}" if record else "the installation's own chain"


def chain(record: int, entries: Sequence[Stored], heads: Sequence[SealedHead] = ()) -> list[Fault]:
    """What is wrong with one record; nothing if all holds.

    Args:
        entries: All that are stored, in order of ``seq``.
        heads: All that seals say of the record.
    """
    said = [decoded(one.entry) for one in entries]
    found = list(_links(record, entries, said))
    blamed = {fault.entry for fault in found}
    redacted, disposed = _redacted(said), disposed_before(said)
    for one, content in zip(entries, said, strict=True):
        if content is not None:
            found += _columns(record, one, content)
            found += _values(record, one, content, redacted, disposed)
    found += [fault for fault in _heads(record, entries, heads) if fault.entry not in blamed]
    return found


def _links(record: int, entries: Sequence[Stored], said: Sequence[Said]) -> Iterator[Fault]:
    """Bytes against hashes, and each entry against the one before it."""
    previous, expected = {GENESIS.hex()}, 1
    met = {GENESIS.hex(): 0}
    for one, content in zip(entries, said, strict=True):
        computed = hashlib.sha256(one.entry).hexdigest() if isinstance(one.entry, bytes) else ""
        stored = one.hash.hex() if isinstance(one.hash, bytes) else ""
        if computed != stored:
            yield _fault(record, one.seq, Harm.CHANGED, "its bytes do not have the hash that is stored beside them")
        elif content is None:
            yield _fault(record, one.seq, Harm.CHANGED, "its bytes are not those of an entry")
        if one.seq != expected:
            missing = f"entry {expected} is" if one.seq == expected + 1 else f"entries {expected} to {one.seq - 1} are"
            yield _fault(record, expected, Harm.REMOVED, f"{missing} missing")
        elif content is not None and content.get("previous") not in previous:
            yield _not_following(record, one.seq, met.get(str(content.get("previous"))))
        previous, expected = {computed, stored}, one.seq + 1
        met |= {computed: one.seq, stored: one.seq}


def _not_following(record: int, seq: int, follows: int | None) -> Fault:
    """An entry that names another one as its predecessor than the one that stands there."""
    if follows is None:
        says = "it does not follow the entry before it: that one was changed, or either was put in"
        return _fault(record, seq, Harm.CHANGED, says)
    between = f"entry {seq - 1} was" if follows == seq - 2 else f"entries {follows + 1} to {seq - 1} were"
    return _fault(record, follows + 1, Harm.INSERTED, f"{between} put in: entry {seq} follows entry {follows}")


def _columns(record: int, one: Stored, content: Mapping[str, Any]) -> Iterator[Fault]:
    actor = content.get("actor")
    actor = actor if isinstance(actor, dict) else {}
    told = {**content, "actor_kind": actor.get("kind"), "actor_id": actor.get("id")}
    wrong = [name for name, value in one.columns.items() if told.get(name) != value]
    if wrong:
        columns = f"the column {wrong[0]} says" if len(wrong) == 1 else f"the columns {', '.join(wrong)} say"
        yield _fault(record, one.seq, Harm.COLUMN, f"{columns} something else than its bytes")


def _values(
    record: int,
    one: Stored,
    content: Mapping[str, Any],
    redacted: frozenset[tuple[object, object]],
    disposed: int,
) -> Iterator[Fault]:
    commitments = content.get("commitments")
    promised: Mapping[str, object] = commitments if isinstance(commitments, dict) else {}
    for name in one.values.keys() - promised.keys():
        yield _fault(record, one.seq, Harm.INSERTED, f"it commits to no value {name!r}")
    for name, promise in promised.items():
        if name not in one.values:
            if (one.seq, name) not in redacted and one.seq >= disposed:
                yield _fault(record, one.seq, Harm.REMOVED, f"the value {name!r} is gone, and no entry says by whom")
            continue
        value, salt = one.values[name]
        kept = isinstance(value, str) and isinstance(salt, bytes)
        if not kept or commitment(Salted(value=str(value), salt=bytes(salt))) != promise:  # type: ignore[call-overload]
            yield _fault(record, one.seq, Harm.CHANGED, f"the value {name!r} is not the one that it commits to")


def _redacted(said: Sequence[Said]) -> frozenset[tuple[object, object]]:
    """(entry, name) of each value that an entry says was redacted."""
    facts = [one.get("facts") for one in said if one is not None and one.get("kind") == EntryKind.REDACTED]
    return frozenset((one.get("entry"), one.get("name")) for one in facts if isinstance(one, dict))


def disposed_before(said: Sequence[Mapping[str, Any] | None]) -> int:
    """Number of the last entry that says that the record was disposed of: what was told before it may be gone."""
    found = [
        one.get("seq")
        for one in said
        if one is not None and one.get("kind") == EntryKind.DISPOSED and _fact(one, "did") == "done"
    ]
    return max((seq for seq in found if isinstance(seq, int)), default=0)


def _fact(one: Mapping[str, Any], name: str) -> object:
    facts = one.get("facts")
    return facts.get(name) if isinstance(facts, dict) else None


def _heads(record: int, entries: Sequence[Stored], heads: Sequence[SealedHead]) -> Iterator[Fault]:
    hashes = {one.seq: one.hash for one in entries}
    last = max(hashes, default=0)
    if cut := [head for head in heads if head.seq > last]:
        furthest = max(cut, key=lambda head: head.seq)
        gone = f"entry {last + 1} was" if furthest.seq == last + 1 else f"entries {last + 1} to {furthest.seq} were"
        says = f"{gone} cut off: seal {furthest.seal} covers entry {furthest.seq}"
        yield _fault(record, last + 1, Harm.TRUNCATED, says, furthest.seal)
    for head in heads:
        if head.seq in hashes and hashes[head.seq] != head.hash:
            yield _fault(record, head.seq, Harm.CHANGED, f"it is not the entry that seal {head.seal} covers", head.seal)


def decoded(entry: object) -> Said:
    """What bytes say that may be anything."""
    try:
        content = msgspec.json.decode(entry) if isinstance(entry, bytes) else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _fault(record: int, seq: int, harm: Harm, says: str, seal: int | None = None) -> Fault:
    return Fault(record=record, entry=seq, seal=seal, harm=harm, says=says)

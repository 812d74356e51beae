"""The chain of a record."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START

from store import audit, examine
from store.audit import GENESIS, Kept, Salted, Sealed
from store.examine import Stored
from store.incident import DAEMON, Actor, ActorKind, EntryKind, NewEntry
from store.moments import to_microseconds

ANA = Actor(kind=ActorKind.PERSON, id="ana")


def chain(length: int = 4) -> list[Kept]:
    """An unbroken chain of entries with a value each."""
    entries: list[Kept] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        at = START + timedelta(seconds=seq)
        values = {"note": Salted(value=f"note {seq}", salt=bytes([seq]) * audit.SALT_BYTES)}
        new = NewEntry(kind=EntryKind.NOTE, actor=ANA, facts={"n": seq, "b": True, "none": None}, via="token")
        sealed = audit.seal(new, incident=7, seq=seq, at=at, previous=previous, values=values)
        entries.append(
            Kept(incident=7, seq=seq, at=at, kind=new.kind, actor=ANA, via="token", sealed=sealed, values=values)
        )
        previous = sealed.hash
    return entries


def test_canonical_bytes() -> None:
    """The bytes are fixed: sorted keys, integer microseconds, no blanks. Changing this breaks every old chain."""
    new = NewEntry(kind=EntryKind.GREW, actor=DAEMON, facts={"events": 3, "because": "é"})
    sealed = audit.seal(new, incident=1, seq=2, at=START, previous=GENESIS, values={})
    assert sealed.entry.decode() == (
        '{"actor":{"id":"tocsin","kind":"daemon"},"at":1772442000000000,"commitments":{},"facts":{"because":"é",'
        '"events":3},"incident":1,"kind":"grew","previous":"' + "00" * 32 + '","seq":2,"v":1,"via":""}'
    )
    assert sealed.hash.hex() == "e7455570adbca2bb5a723ea05f45b12f2f1d567226fd178297bc703949071c8b"


def test_commitment() -> None:
    """The commitment is HMAC-SHA256 of the value under its salt, so equal values cannot be recognised."""
    one = audit.commitment(Salted(value="ana", salt=b"a" * 16))
    other = audit.commitment(Salted(value="ana", salt=b"b" * 16))
    assert one == "5ec98bad59ba6cd41c87ca7cd59387fef9dfb71cee84a72d159262a31abb5181"
    assert one != other


def test_unbroken() -> None:
    """A chain as it was written has no faults."""
    entries = chain()
    assert faults(entries) == ()
    assert faults([]) == ()


def faults(entries: Iterable[Kept]) -> tuple[str, ...]:
    """What is wrong with entries, in sentences."""
    rows = [
        Stored(
            seq=one.seq,
            columns={
                "at": to_microseconds(one.at),
                "kind": one.kind,
                "actor_kind": one.actor.kind,
                "actor_id": one.actor.id,
                "via": one.via,
            },
            entry=one.sealed.entry,
            hash=one.sealed.hash,
            values={name: (salted.value, salted.salt) for name, salted in one.values.items()},
        )
        for one in entries
    ]
    return tuple(map(str, examine.chain(7, rows)))


def forged(entry: Kept) -> Kept:
    """The entry with other bytes and the hash that fits them."""
    new = NewEntry(kind=EntryKind.NOTE, actor=ANA, facts={"n": 99}, via="token")
    said = audit.unseal(entry.sealed.entry)
    sealed = audit.seal(new, incident=7, seq=entry.seq, at=entry.at, previous=said.previous, values=dict(entry.values))
    return replace(entry, sealed=sealed)


def after(entry: Kept) -> Kept:
    """An entry that follows *entry*, made by somebody who knows how."""
    new = NewEntry(kind=EntryKind.NOTE, actor=ANA, via="token")
    sealed = audit.seal(new, incident=7, seq=entry.seq + 1, at=entry.at, previous=entry.sealed.hash, values={})
    return replace(entry, seq=entry.seq + 1, sealed=sealed, values={})


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda e: [e[0], *e[2:]], "entry 2 is missing [removed]"),
        (lambda e: [e[0], *[replace(one, seq=one.seq - 1) for one in e[2:]]], "entry 2: it does not follow"),
        (
            lambda e: [*e[:2], after(e[1]), *[replace(one, seq=one.seq + 1) for one in e[2:]]],
            "entry 3 was put in: entry 4 follows entry 2 [inserted]",
        ),
        (lambda e: [e[0], e[2], e[1], e[3]], "entry 2 is missing"),
        (lambda e: [e[0], forged(e[1]), *e[2:]], "entry 3: it does not follow"),
        (lambda e: [replace(e[0], sealed=Sealed(entry=e[1].sealed.entry, hash=e[0].sealed.hash)), *e[1:]], "its bytes"),
        (lambda e: [*e[:3], replace(e[3], actor=DAEMON)], "actor_kind, actor_id say something else"),
        (lambda e: [*e[:3], replace(e[3], at=START)], "the column at says something else"),
        (lambda e: [*e[:3], replace(e[3], values={"note": Salted(value="x", salt=b"4" * 16)})], "'note' is not"),
        (lambda e: [*e[:3], replace(e[3], values={"new": Salted(value="x", salt=b"4" * 16)})], "no value 'new'"),
        (lambda e: e[1:], "entry 1 is missing"),
    ],
)
def test_every_tampering_is_seen(tamper: Callable[[list[Kept]], list[Kept]], said: str) -> None:
    """An entry left out, moved, rewritten, or contradicted by its columns or values is named."""
    assert any(said in fault for fault in faults(tamper(chain())))


@given(st.text(), st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.booleans(), st.none())))
def test_any_text_can_be_sealed(text: str, facts: dict[str, str | int | bool | None]) -> None:
    """Whatever people and logs write can be sealed and read again; what UTF-8 cannot bear is escaped."""
    new = NewEntry(kind=EntryKind.NOTE, actor=replace(ANA, id=text), facts={"f": text}, via=text)
    salted = {"note": Salted(value=text, salt=b"s" * 16)}
    sealed = audit.seal(new, incident=1, seq=1, at=START, previous=GENESIS, values=salted)
    said = audit.unseal(sealed.entry)
    assert said.at == START
    assert said.actor.id == said.facts["f"] == said.via
    assert said.commitments == {"note": audit.commitment(salted["note"])}

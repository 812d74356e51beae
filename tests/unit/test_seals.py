"""Seals, and the tree under them."""

import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START

from store import merkle, seals
from store.seals import Head, Keys, Seal

KEYS = Keys([bytes(range(32))])
leaves = st.lists(st.binary(max_size=48), min_size=1, max_size=20)


def head(record: int, seq: int) -> Head:
    """A head that could be."""
    return Head(record=record, seq=seq, hash=hashlib.sha256(f"{record} {seq}".encode()).digest())


def chain(length: int = 3) -> list[tuple[Seal, list[Head]]]:
    """Seals that follow each other, with their heads."""
    made: list[tuple[Seal, list[Head]]] = []
    for number in range(1, length + 1):
        heads = [head(record, number) for record in range(number + 1)]
        previous = made[-1][0] if made else None
        made.append((seals.make(heads, at=START + timedelta(minutes=number), previous=previous, keys=KEYS), heads))
    return made


def faults(seal: Seal, heads: list[Head], previous: Seal | None) -> list[str]:
    """What is wrong with a seal, as the installation's own keys see it."""
    return list(seals.faults(seal, heads, previous=previous, public=KEYS.public))


def test_the_tree_is_that_of_rfc_6962() -> None:
    """The known answers of the tree over eight leaves that certificate logs are tested with."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    given_leaves = [bytes.fromhex(text) for text in inputs]
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(given_leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(given_leaves[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert merkle.root(given_leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(leaves, st.data())
def test_a_path_leads_to_the_root(given_leaves: list[bytes], data: st.DataObject) -> None:
    """From each leaf a path leads to the root; from another leaf, place or size it does not."""
    index = data.draw(st.integers(0, len(given_leaves) - 1))
    way = merkle.path(given_leaves, index)
    root = merkle.root(given_leaves)
    assert merkle.root_from(given_leaves[index], index, len(given_leaves), way) == root
    assert merkle.root_from(given_leaves[index] + b"x", index, len(given_leaves), way) != root
    assert merkle.root_from(given_leaves[index], len(given_leaves), len(given_leaves), way) is None
    assert merkle.root_from(given_leaves[index], index, len(given_leaves), (*way, bytes(32))) is None
    if way:
        assert merkle.root_from(given_leaves[index], index, len(given_leaves), way[:-1]) != root


def test_a_seal_is_fixed() -> None:
    """The signed bytes are fixed: changing this breaks every old seal."""
    seal = seals.make([head(1, 2)], at=START, previous=None, keys=KEYS)
    assert seal.body.decode() == (
        '{"at":1772442000000000,"heads":1,"key":"56475aa75463474c","number":1,"previous":"' + "00" * 32 + '","root":'
        f'"{merkle.root([head(1, 2).leaf]).hex()}","type":"tocsin.seal","v":1}}'
    )
    said = seals.read(seal.body)
    assert (said.number, said.at, said.key, said.heads) == (1, START, KEYS.id, 1)


def test_sound() -> None:
    """Seals as they were made hold, each and as a chain, in whatever order their heads come back."""
    previous = None
    for seal, heads in chain():
        assert faults(seal, heads[::-1], previous) == []
        previous = seal


@given(st.data())
def test_any_changed_byte_is_seen(data: st.DataObject) -> None:
    """One other bit in body, signature or a head, and the seal does not hold."""
    (first, _), (seal, heads), _ = chain()
    part = data.draw(st.sampled_from(["body", "signature", "head"]))
    body, signature = bytearray(seal.body), bytearray(seal.signature)
    hashed = bytearray(heads[0].hash)
    target = {"body": body, "signature": signature, "head": hashed}[part]
    target[data.draw(st.integers(0, len(target) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = Seal(number=2, body=bytes(body), signature=bytes(signature))
    assert faults(changed, [Head(record=0, seq=2, hash=bytes(hashed)), *heads[1:]], first)


@pytest.mark.parametrize("other", ["left out", "another number", "foreign key", "head gone", "head added"])
def test_what_else_is_seen(other: str) -> None:
    """A seal left out, renumbered, signed by somebody else, or with other heads is told."""
    (first, _), (second, heads), (third, more) = chain()
    if other == "left out":
        assert any("seal 2 is missing" in one for one in faults(third, more, first))
    elif other == "another number":
        moved = Seal(number=2, body=third.body, signature=third.signature)
        assert any("seal 3" in one for one in faults(moved, more, first))
    elif other == "foreign key":
        foreign = seals.make(heads, at=START, previous=first, keys=Keys([b"f" * 32]))
        assert any("not known here" in one for one in faults(foreign, heads, first))
    else:
        wrong = heads[1:] if other == "head gone" else [*heads, head(99, 1)]
        assert any("heads" in one for one in faults(second, wrong, first))


def test_rotated_keys() -> None:
    """After a key was added, it signs, and what the older one signed still holds."""
    [(old, heads)] = chain(1)
    both = Keys([bytes(range(32)), b"n" * 32])
    new = seals.make(heads, at=START, previous=old, keys=both)
    assert both.id != KEYS.id
    assert list(seals.faults(old, heads, previous=None, public=both.public)) == []
    assert list(seals.faults(new, heads, previous=old, public=both.public)) == []

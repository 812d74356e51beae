"""The program in a bundle verifies signatures with nothing but Python."""

from hypothesis import given
from hypothesis import strategies as st

from store import merkle, seals
from store.export import verify
from store.seals import Keys

seeds = st.binary(min_size=32, max_size=32)


@given(seeds, st.binary(max_size=200), st.integers(0, 63), st.integers(0, 7))
def test_it_judges_signatures_as_the_library_does(seed: bytes, message: bytes, byte: int, bit: int) -> None:
    """What the library signed holds, and with one other bit it does not, in the signature and in the message."""
    keys = Keys([seed])
    public, signature = keys.public[keys.id], keys.sign(message)
    assert verify.is_signed(message, signature, public)
    other = bytearray(signature)
    other[byte] ^= 1 << bit
    assert not verify.is_signed(message, bytes(other), public)
    assert not seals.is_signed(message, bytes(other), public)
    assert not verify.is_signed(message + b"x", signature, public)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12), st.data())
def test_it_follows_paths_as_the_tree_does(leaves: list[bytes], data: st.DataObject) -> None:
    """The way from a leaf leads to the same root."""
    index = data.draw(st.integers(0, len(leaves) - 1))
    way = list(merkle.path(leaves, index))
    assert verify.root_from(leaves[index], index, len(leaves), way) == merkle.root(leaves)

"""One hash over many, and the proof that one is among them. Pure.

The tree is that of RFC 6962, section 2.1: leaves and inner nodes are hashed with different first bytes, so that an
inner node can never be passed off as a leaf; a tree whose size is no power of two is split at the largest one below.
"""

import hashlib
from collections.abc import Sequence

_LEAF, _NODE = b"\x00", b"\x01"


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree's hash; that of nothing for an empty one."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(_LEAF + leaves[0]).digest()
    middle = _split(len(leaves))
    return _node(root(leaves[:middle]), root(leaves[middle:]))


def path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from the leaf at *index* to the root, lowest first (RFC 6962, section 2.1.1)."""
    if len(leaves) == 1:
        return ()
    middle = _split(len(leaves))
    if index < middle:
        return (*path(leaves[:middle], index), root(leaves[middle:]))
    return (*path(leaves[middle:], index - middle), root(leaves[:middle]))


def root_from(leaf: bytes, index: int, size: int, way: Sequence[bytes]) -> bytes | None:
    """The root of a tree of *size* leaves to which *way* leads from *leaf* at *index*; None if it leads nowhere."""
    if not 0 <= index < size:
        return None
    if size == 1:
        return None if way else hashlib.sha256(_LEAF + leaf).digest()
    if not way:
        return None
    middle = _split(size)
    if index < middle:
        below = root_from(leaf, index, middle, way[:-1])
        return None if below is None else _node(below, way[-1])
    below = root_from(leaf, index - middle, size - middle, way[:-1])
    return None if below is None else _node(way[-1], below)


def _split(size: int) -> int:
    """The largest power of two below *size*."""
    return 1 << (size - 1).bit_length() - 1


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()

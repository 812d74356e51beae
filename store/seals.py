"""Seals: signed statements of how far the chain of each record had come. Pure.

A chain alone shows a change in its middle; whoever can write the database can still cut off its newest entries, or
write all of it anew. A seal holds the Merkle root over the heads of the chains that grew since the seal before, the
hash of that seal, and an Ed25519 signature (RFC 8032) by a key that lies outside the database.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from store import merkle
from store.moments import from_microseconds, to_microseconds

#: What the first seal gives as the hash of the seal before it.
GENESIS = bytes(32)
SEED_BYTES = 32
_TYPE = "tocsin.seal"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far a record's chain had come: its newest entry."""

    record: int  #: 0 for the chain of the installation itself
    seq: int
    hash: bytes  #: of the entry's canonical bytes

    @property
    def leaf(self) -> bytes:
        """What the tree is made of: record and seq as 8 bytes each, big-endian, then the hash."""
        return self.record.to_bytes(8, "big") + self.seq.to_bytes(8, "big") + self.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A seal as it is stored."""

    number: int  #: from 1, without gaps
    body: bytes  #: the canonical bytes that were signed
    signature: bytes

    @property
    def hash(self) -> bytes:
        """What the next seal gives as the one before."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a seal's body says."""

    number: int
    at: datetime
    key: str  #: id of the key that signed
    previous: bytes
    root: bytes
    heads: int  #: how many


class Keys:
    """The keys of this installation: the last one signs, all of them verify.

    Args:
        seeds: Private keys, oldest first, 32 bytes each.
    """

    def __init__(self, seeds: Sequence[bytes]) -> None:
        private = [Ed25519PrivateKey.from_private_bytes(seed) for seed in seeds]
        self._signing = private[-1]
        self.public: Mapping[str, bytes] = {
            key_id(one): one for one in (key.public_key().public_bytes_raw() for key in private)
        }
        self.id = list(self.public)[-1]

    def sign(self, body: bytes) -> bytes:
        """The signature of *body*."""
        return self._signing.sign(body)


def key_id(public: bytes) -> str:
    """The name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def in_order(heads: Sequence[Head]) -> list[Head]:
    """Heads as they stand in the tree."""
    return sorted(heads, key=lambda head: (head.record, head.seq))


def make(heads: Sequence[Head], *, at: datetime, previous: Seal | None, keys: Keys) -> Seal:
    """The seal over *heads* that follows *previous*."""
    number = previous.number + 1 if previous else 1
    content = {
        "type": _TYPE,
        "v": _VERSION,
        "number": number,
        "at": to_microseconds(at),
        "key": keys.id,
        "previous": (previous.hash if previous else GENESIS).hex(),
        "root": merkle.root([head.leaf for head in in_order(heads)]).hex(),
        "heads": len(heads),
    }
    body = msgspec.json.encode(content, order="sorted")
    return Seal(number=number, body=body, signature=keys.sign(body))


def read(body: bytes) -> Statement:
    """What a seal's bytes say.

    Raises:
        ValueError: They are no seal.
    """
    try:
        content: dict[str, Any] = msgspec.json.decode(body)
        if content["type"] != _TYPE or content["v"] != _VERSION:
            raise ValueError("these bytes are not a seal of a version that is known")
        return Statement(
            number=content["number"],
            at=from_microseconds(content["at"]),
            key=content["key"],
            previous=bytes.fromhex(content["previous"]),
            root=bytes.fromhex(content["root"]),
            heads=content["heads"],
        )
    except (msgspec.MsgspecError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"these bytes are no seal: {error}") from None


def is_signed(body: bytes, signature: bytes, public: bytes) -> bool:
    """Whether the owner of *public* signed *body*."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, body)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def faults(seal: Seal, heads: Sequence[Head], *, previous: Seal | None, public: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with one seal, in sentences; nothing if it holds.

    Args:
        heads: Those that are stored with it.
        previous: The seal before it.
        public: The keys that are trusted, by id.
    """
    expected = previous.number + 1 if previous else 1
    if seal.number != expected:
        yield f"seal {expected} is missing"
    try:
        said = read(seal.body)
    except ValueError as error:
        yield str(error)
        return
    if said.number != seal.number:
        yield f"its bytes say that it is seal {said.number}"
    if said.previous != (previous.hash if previous else GENESIS):
        yield "it does not follow the seal before it; one was changed, left out or added"
    if said.key not in public:
        yield f"it was signed with the key {said.key}, which is not known here"
    elif not is_signed(seal.body, seal.signature, public[said.key]):
        yield f"its signature is not that of the key {said.key}"
    if said.heads != len(heads) or said.root != merkle.root([head.leaf for head in in_order(heads)]):
        yield "the heads that are stored with it are not those that it was made over"

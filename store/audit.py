"""The chain: what an entry's hash covers, and how a value can be redacted without breaking it. Pure.

An entry's canonical bytes are JSON with sorted keys and integer microseconds. They hold the hash of the entry before,
so that no entry can be changed, left out or moved without every later hash changing. Values that may have to be
redacted are not in them; each is committed to by HMAC-SHA256 with a salt of its own. Deleting value and salt leaves
a commitment that tells nothing and still verifies as part of the chain.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from rules.entities import clean
from store.incident import Actor, ActorKind, EntryKind, Fact, NewEntry
from store.moments import from_microseconds, to_microseconds

SALT_BYTES = 16
#: What the first entry of a record gives as the hash before it.
GENESIS = bytes(32)
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An entry as it is stored: the bytes that were hashed, and their hash."""

    entry: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Salted:
    """A value that may be redacted, and the salt of its commitment."""

    value: str
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Canonical bytes, read again."""

    incident: int
    seq: int
    at: datetime
    kind: EntryKind
    actor: Actor
    via: str
    facts: Mapping[str, Fact]
    commitments: Mapping[str, str]  #: name of the value to hexadecimal commitment
    previous: bytes


def commitment(salted: Salted) -> str:
    """What an entry holds instead of the value. Hexadecimal."""
    return hmac.new(salted.salt, clean(salted.value).encode(), hashlib.sha256).hexdigest()


def seal(
    new: NewEntry, *, incident: int, seq: int, at: datetime, previous: bytes, values: Mapping[str, Salted]
) -> Sealed:
    """The bytes and the hash of an entry that follows the one with the hash *previous*."""
    content = {
        "v": _VERSION,
        "incident": incident,
        "seq": seq,
        "at": to_microseconds(at),
        "kind": new.kind.value,
        "actor": {"kind": new.actor.kind.value, "id": clean(new.actor.id)},
        "via": clean(new.via),
        "facts": {name: clean(fact) if isinstance(fact, str) else fact for name, fact in new.facts.items()},
        "commitments": {name: commitment(salted) for name, salted in values.items()},
        "previous": previous.hex(),
    }
    entry = msgspec.json.encode(content, order="sorted")
    return Sealed(entry=entry, hash=hashlib.sha256(entry).digest())


def unseal(entry: bytes) -> Opened:
    """What canonical bytes say."""
    content: dict[str, Any] = msgspec.json.decode(entry)
    return Opened(
        incident=content["incident"],
        seq=content["seq"],
        at=from_microseconds(content["at"]),
        kind=EntryKind(content["kind"]),
        actor=Actor(kind=ActorKind(content["actor"]["kind"]), id=content["actor"]["id"]),
        via=content["via"],
        facts=content["facts"],
        commitments=content["commitments"],
        previous=bytes.fromhex(content["previous"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An entry as the database gives it back: the sealed bytes, and the columns and values beside them."""

    incident: int
    seq: int
    at: datetime
    kind: EntryKind
    actor: Actor
    via: str
    sealed: Sealed
    values: Mapping[str, Salted]  #: those that were not redacted

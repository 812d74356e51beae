"""What the engine saves, and how it is written: all it holds, or what one batch changed.

Layout: one byte, the version; then MessagePack, deflated (much of it is said again and again: a fifth is left).
"""

import zlib
from typing import Final

import msgspec

from rules.correlation.counter import CounterState
from rules.correlation.once import Counted
from rules.stream import StreamState

VERSION: Final = 2
OTHER_VERSIONS: Final = frozenset({0x95})  #: what began the state of the versions before; the first had no such byte


class StateUnreadable(Exception):
    """The saved state is damaged."""


class State(msgspec.Struct, array_like=True):
    """All, or what one batch changed. Applying the last parts twice changes nothing."""

    arrived: int  #: when the latest batch of any stream was read, microseconds
    meanings: dict[str, str] | None  #: by rule id, of all counters; None: as before
    streams: list[tuple[str, str, StreamState | None]]  #: None: forgotten
    counters: list[CounterState]
    once: list[Counted]  #: of the events that changed in this


def encoded(state: State) -> bytes:
    """As it is stored."""
    return bytes([VERSION]) + zlib.compress(msgspec.msgpack.encode(state), zlib.Z_BEST_SPEED)


def decoded(stored: bytes) -> State | None:
    """What ``encoded`` was given; None if another version of the program wrote this.

    Raises:
        StateUnreadable: No version wrote this.
    """
    if stored[0] in OTHER_VERSIONS:
        return None
    if stored[0] != VERSION:
        raise StateUnreadable(f"the saved state of the rules cannot be read: it begins with {stored[:1]!r}")
    try:
        return msgspec.msgpack.decode(zlib.decompress(stored[1:]), type=State)
    except (msgspec.DecodeError, zlib.error) as error:
        raise StateUnreadable(f"the saved state of the rules cannot be read: {error}") from error

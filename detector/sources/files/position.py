"""Where a stream stands, as the bytes that are committed with each batch."""

import msgspec

from detector.sources.source import SourceError

VERSION = 1


class PositionError(SourceError):
    """Stored position bytes that cannot be understood."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The hash of the up to 64 bytes before an offset: what tells one place in one file from any other."""

    offset: int
    digest: bytes


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Up to where a file was read, and how to know the file again.

    Only bytes before ``offset`` identify: nothing was read of a file at offset 0, so nothing can be counted twice.
    """

    version: int = VERSION
    path: str  #: where the file was last seen
    base: str  #: the path it is, or was, written at
    dev: int = 0  #: device and inode are a hint and never an identity: both are used again at once
    inode: int = 0
    generation: int = 0  #: how many times the file at this path was cut or rewritten before
    offset: int = 0  #: start of the first line that was not handed on
    line: int = 1  #: number of that line; 0 when nobody counted yet
    head_length: int = 0  #: bytes the head covers: the first 1,024 of those handed on
    head: bytes = b""
    marks: tuple[Mark, ...] = ()  #: ascending; the last one is the tail at ``offset``
    modified_ns: int = 0  #: the file's time of last change when it was last read
    history_until: int = 0  #: what lies before is look-back: recorded as history

    @property
    def tail(self) -> Mark | None:
        """The mark at ``offset``; None where nothing was read."""
        return self.marks[-1] if self.marks else None

    def encode(self) -> bytes:
        """The bytes to commit."""
        return msgspec.msgpack.encode(self)


def decode(data: bytes, *, source: str, stream: str) -> Position:
    """Read a position back.

    Raises:
        PositionError: the bytes are damaged, or a newer version wrote them.
    """
    where = f"the stored position of stream {stream} of source {source!r}"
    try:
        position = msgspec.msgpack.decode(data, type=Position)
    except msgspec.MsgspecError as error:
        raise PositionError(
            f"{where} cannot be read ({error}); restore the database from a backup, or delete that row of the"
            " positions and the file is read again from its beginning"
        ) from error
    if position.version != VERSION:
        raise PositionError(
            f"{where} has version {position.version}, this program knows {VERSION};"
            " run the version that wrote it, or a newer one"
        )
    return position

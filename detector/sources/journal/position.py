"""Where a journal source stands, as the bytes that are committed with each batch."""

from datetime import datetime, timedelta

import msgspec

from detector.sources.files.position import PositionError
from detector.sources.journal.settings import JournalSettings

VERSION = 1
LOOK_BACK = timedelta(hours=24)


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Up to where the journal was read."""

    version: int = VERSION
    cursor: str = ""  #: of the last entry that was handed on; "": none was
    line: int = 1  #: number of the next entry
    offset: int = 0  #: bytes handed on
    since: int = 0  #: while there is no cursor: read from this moment on, microseconds since 1970; 0: everything
    history_until: int = 0  #: what was written before is look-back: recorded as history; 0: nothing is

    def encode(self) -> bytes:
        """The bytes to commit."""
        return msgspec.msgpack.encode(self)


def decode(data: bytes, *, source: str) -> Position:
    """Read a position back.

    Raises:
        PositionError: the bytes are damaged, or a newer version wrote them.
    """
    try:
        position = msgspec.msgpack.decode(data, type=Position)
    except msgspec.MsgspecError as error:
        raise PositionError(
            f"the stored position of source {source!r} in the journal cannot be read ({error}); restore the database"
            " from a backup, or give the source another name and it begins anew"
        ) from error
    if position.version != VERSION:
        raise PositionError(
            f"the stored position of source {source!r} in the journal has version {position.version}, this program"
            f" knows {VERSION}; run the version that wrote it, or a newer one"
        )
    return position


def first(settings: JournalSettings, now: datetime, *, known: bool) -> Position:
    """Where to begin in a journal that was never read.

    Args:
        known: The source was there before and had nothing to read: what came since is new. It begins where the journal
            does, for want of a better place.
    """
    if known or settings.start == "beginning":
        return Position()
    return Position(since=in_microseconds(now), history_until=in_microseconds(now))


def where(position: Position, *, look_back_entries: int | None) -> tuple[str, ...]:
    """From where journalctl is to write.

    The entry at a cursor is asked for again, and left out here: with ``--after-cursor`` journalctl leaves out one that
    was never read where the entry at the cursor is gone (as of version 252).

    Args:
        look_back_entries: How many entries before now to look back at; None: it was done, or is not to be.
    """
    if position.cursor:
        return ("--no-tail", f"--cursor={position.cursor}")
    if look_back_entries is not None and position.since:
        return (f"--lines={look_back_entries}",)
    if position.since:
        seconds, rest = divmod(position.since, 1_000_000)
        return ("--no-tail", f"--since=@{seconds}.{rest:06}")
    return ("--no-tail",)


def in_microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)

"""The Source protocol: whole lines in Batches, each with the position to be committed with what it caused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from rules.event import Batch


class SourceError(Exception):
    """A source cannot do what the configuration asks. The message names the source, the cause and the way out."""


class RequiredFileMissing(SourceError):
    """A source with ``required = true`` has no file to read at start."""


class StreamState(StrEnum):
    """How one stream of a source is doing. Shown in status and metrics: never rename one."""

    OK = "ok"  #: being read
    MISSING = "missing"  #: nothing there yet; looked for again at each rescan
    UNREADABLE = "unreadable"  #: there, but it cannot be opened or read; tried again at each rescan
    VANISHED = "vanished"  #: was there and is gone; what could still be read was read
    ROTATED = "rotated"  #: moved aside by a rotation; read until its end is stable
    COPY = "copy"  #: holds the same lines as a file that is followed: recorded, not read
    IGNORED = "ignored"  #: not read: older than ignore_older_hours, or not text


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedPosition:
    """Where one stream stood when its last batch was committed."""

    stream: str
    origin: str
    position: bytes  #: as it stood in ``Batch.after``


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """One stream (for files: one file) as it stands now."""

    stream: str  #: "" for a path at which nothing was found
    origin: str
    state: StreamState
    detail: str = ""  #: what is wrong and what to do, "" if nothing
    size: int = 0  #: bytes there are
    offset: int = 0  #: bytes handed on
    committed: int = 0  #: bytes whose effects are committed
    last_line_at: datetime | None = None  #: when the last line was read; aware UTC
    is_unread: bool = False  #: there may be something to read

    @property
    def lag_bytes(self) -> int:
        """Bytes that are there and not yet handed on."""
        return max(0, self.size - self.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCounters:
    """What happened to a source since the daemon started."""

    rescans: int = 0  #: full looks at all paths
    wake_ups: int = 0  #: times a directory watch woke the reader
    overflows: int = 0  #: times the kernel dropped watch events; the rescan makes up for it
    fallbacks: int = 0  #: directories that cannot be watched and are only polled
    rotations: int = 0  #: files that were moved aside
    truncations: int = 0  #: files that were cut or rewritten in place
    lost_tails: int = 0  #: truncations with unread bytes of which no copy was found
    copies: int = 0  #: files recorded as copies of a followed one
    over_long: int = 0  #: lines cut at max_line_bytes
    failures: int = 0  #: times a file could not be opened or read


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """One source as it stands now."""

    source: str
    streams: tuple[StreamStatus, ...] = ()
    counters: SourceCounters = field(default_factory=SourceCounters)
    looked_at: datetime | None = None  #: when all its paths were last looked at; None: not yet

    @property
    def is_degraded(self) -> bool:
        """Whether something that should be read cannot be."""
        return any(
            stream.state in (StreamState.MISSING, StreamState.UNREADABLE, StreamState.VANISHED)
            for stream in self.streams
        )


class Source(Protocol):
    """Something that yields whole lines with a position."""

    name: str

    def batches(self) -> AsyncIterator[Batch]:
        """Yield batches for ever, until ``close``. Reads only when asked for the next one.

        A batch without data carries only a position that is to be stored; nothing in it is to be fed.
        """

    def committed(self, stream: str, position: bytes) -> None:
        """Take note that *position* (a ``Batch.after``) and all that its batch caused are stored."""

    def status(self) -> SourceStatus:
        """How each stream is doing, right now."""

    async def close(self) -> None:
        """End ``batches`` and let go of files and watches. A second call is harmless."""

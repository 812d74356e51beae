"""One file: from its bytes to Batches of whole lines, in bounded memory, never past what is there.

What can be lost is said in docs/explanation/following-files.md.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import msgspec

from detector.sources.files.content import Content
from detector.sources.files.identity import HEAD_BYTES, TAIL_BYTES, continues, digest, mark_of, thinned
from detector.sources.files.lines import Lines
from detector.sources.files.position import Mark, Position
from detector.sources.files.transcode import codec_of
from rules.event import Batch, Starts

CHUNK_BYTES = 256 * 1024  #: read at a time: a line of another source waits for no more than a few of them
COUNT_LIMIT_BYTES = 1024 * 1024 * 1024


class Pause(Enum):
    """Why a read gave no batch."""

    MORE = "more"  #: work was done, read again at once (a very long line, lines being counted)
    END = "end"  #: nothing new, or only a part of a line
    CHANGED = "changed"  #: these are not the bytes we read before: cut or rewritten in place


@dataclass(slots=True)
class Scan:
    """The search for the end of a line that is longer than a chunk. Keeps offsets, never bytes."""

    text_at: int  #: where the line starts, after the NULs of a hole
    at: int  #: next byte to look at
    solid: int  #: after the last byte that is not NUL: what lies behind may yet be filled in


@dataclass(slots=True)
class Counted:
    """How far the lines before our first one have been counted."""

    to: int = 0
    newlines: int = 0


class Follower:
    """Reads one stream. Knows its bytes and its position, and nothing of paths that come and go.

    Args:
        chunk_bytes: How much is read at a time, even; a batch is twice as long at most, or one line.
    """

    def __init__(
        self,
        *,
        source: str,
        stream: str,
        position: Position,
        max_line_bytes: int,
        encoding: str = "auto",
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self.source = source
        self.stream = stream
        self.position = position
        self.content: Content | None = None
        self.last_line_at: datetime | None = None
        self._max_line_bytes = max_line_bytes
        self._encoding = encoding
        self._chunk_bytes = chunk_bytes
        self._codec = codec_of(encoding, b"")
        self._scan: Scan | None = None
        self._there = 0  #: the size at which we found it: what lies before was written while nobody read
        self.quiet: tuple[int, int] | None = None  #: size and change time at which the last read found the end
        self._counted = Counted()

    def attach(self, content: Content | None, path: str | None = None) -> None:
        """Read from *content* from now on (None: from nothing); it must continue our position."""
        if self.content is not None and self.content is not content:
            self.content.close()
        self.content = content
        self.quiet = self._scan = None
        if content is not None:
            stat = content.stat()
            self._there = stat.size
            self._codec = codec_of(self._encoding, content.read_at(0, 2))
            self.position = msgspec.structs.replace(
                self.position, path=path or self.position.path, dev=stat.dev, inode=stat.inode
            )

    def read(self, received_at: datetime) -> Batch | Pause:
        """The next lines, at most one chunk of them.

        Raises:
            OSError: the file cannot be read.
        """
        if self.content is None:
            return Pause.END
        stat = self.content.stat()
        seen = (stat.size, stat.modified_ns)
        if seen == self.quiet:
            return Pause.END
        if stat.size < self.position.offset:
            return Pause.CHANGED
        if self._scan is not None and stat.size < self._scan.at:
            self._scan = None
        if self.position.line == 0:
            return self._count_lines(self.content)
        result = self._read(self.content, received_at)
        self.quiet = seen if result is Pause.END else None
        return result

    def finish(self, received_at: datetime) -> Batch | None:
        """What follows the last line end, as a last line: for a file whose end will not move any more."""
        if self.content is None or self.quiet is None:
            return None
        offset, (size, _) = self.position.offset, self.quiet
        rest = self.content.read_at(offset, self._chunk_bytes)
        text_at = self._scan.text_at if self._scan else offset + self._codec.leading(rest, at_start=offset == 0)
        kept = self._kept(self.content, text_at, size).strip(b"\0")
        return self._one_line(self.content, kept, text_at, size, size, received_at) if kept else None

    def registered(self, received_at: datetime) -> Batch:
        """A batch without data: the position we start from, to be stored before anything is read."""
        position = self.position.encode()
        return Batch(
            source=self.source,
            stream=self.stream,
            origin=self.position.path,
            data=b"",
            starts=Starts(line=self.position.line, offset=self.position.offset),
            received_at=received_at,
            before=position,
            after=position,
        )

    def moved_to(self, path: str) -> None:
        """Take note that the file is at *path* now."""
        if path != self.position.path:
            self.position = msgspec.structs.replace(self.position, path=path)

    def has_changed(self) -> bool:
        """Whether the file was written to since the last read found its end."""
        if self.content is None:
            return False
        try:
            stat = self.content.stat()
        except OSError:
            return True  # the next read says what is wrong
        return (stat.size, stat.modified_ns) != self.quiet

    def is_intact(self) -> bool:
        """Whether the bytes are still those that we read."""
        try:
            return self.content is None or not self.has_changed() or continues(self.content, self.position)
        except OSError:
            return True  # the next read says what is wrong

    def _read(self, content: Content, received_at: datetime) -> Batch | Pause:
        offset = self.position.offset
        tail = self.position.tail
        before = min(offset, TAIL_BYTES)
        # Tail and new bytes come from one read: nothing can be cut or rewritten between the check and the data.
        buffer = content.read_at(offset - before, before + self._chunk())
        if tail is not None and digest(buffer[:before]) != tail.digest:
            return Pause.CHANGED
        if self._scan is not None:
            return self._seek_line_end(content, self._scan, received_at)
        fresh = buffer[before:]
        found = self._take(fresh, at_start=offset == 0)
        if found.data:
            return self._batch(content, offset + found.skipped, found, offset + found.used, received_at)
        if len(fresh) < self._chunk_bytes:
            return Pause.END
        text_at = offset + self._codec.leading(fresh, at_start=offset == 0)
        self._scan = Scan(text_at, offset + len(fresh), offset + self._codec.whole(len(fresh.rstrip(b"\0"))))
        return Pause.MORE

    def _take(self, fresh: bytes, *, at_start: bool) -> Lines:
        if at_start:
            self._codec = codec_of(self._encoding, fresh[:2])  # the file may have been empty when we opened it
        return self._codec.take(fresh, self._max_line_bytes, at_start=at_start)

    def _chunk(self) -> int:
        """How much to read: a look-back ends exactly where the live part begins."""
        until = self.position.history_until - self.position.offset
        return min(self._chunk_bytes, until) if until > 0 else self._chunk_bytes

    def _seek_line_end(self, content: Content, scan: Scan, received_at: datetime) -> Batch | Pause:
        chunk = content.read_at(scan.at, self._chunk_bytes)
        chunk = chunk[: self._codec.whole(len(chunk))]
        if scan.text_at == scan.at:
            scan.text_at += self._codec.leading(chunk, at_start=False)
        end = self._codec.line_end(chunk)
        if end >= 0:
            return self._long_line(content, scan.text_at, scan.at + end, received_at)
        if not chunk:
            scan.at = max(scan.solid, self.position.offset)
            scan.text_at = min(scan.text_at, scan.at)
            return Pause.END
        solid = self._codec.whole(len(chunk.rstrip(b"\0")))
        if solid:
            scan.solid = scan.at + solid
        scan.at += len(chunk)
        return Pause.MORE

    def _long_line(self, content: Content, start: int, end: int, received_at: datetime) -> Batch | Pause:
        end_of_text = end - len(self._codec.newline)
        kept = self._kept(content, start, end_of_text)
        if b"\n" in kept:  # rewritten while we searched
            self._scan = None
            return Pause.MORE
        return self._one_line(content, kept, start, end_of_text, end, received_at)

    def _kept(self, content: Content, start: int, end: int) -> bytes:
        """The beginning of a line as UTF-8."""
        raw = content.read_at(start, min(end - start, self._codec.room(self._max_line_bytes)))
        return self._codec.utf8(raw)[: self._max_line_bytes]

    def _one_line(
        self, content: Content, kept: bytes, start: int, end_of_text: int, end: int, received_at: datetime
    ) -> Batch:
        """One line alone, of which this was kept."""
        left_out = end_of_text - start - self._codec.size(kept) if len(kept) == self._max_line_bytes else 0
        cuts = ((0, left_out),) if left_out > 0 else ()
        return self._batch(content, start, Lines(0, kept + b"\n", end - start, cuts, (end - start,)), end, received_at)

    def _batch(self, content: Content, start: int, found: Lines, end: int, received_at: datetime) -> Batch:
        before = self.position
        self.position = self._advanced(content, end, found.data.count(b"\n"))
        self._scan = None
        self.last_line_at = received_at
        return Batch(
            source=self.source,
            stream=self.stream,
            origin=before.path,
            data=found.data,
            starts=Starts(line=before.line, offset=start, cuts=found.cuts, strides=found.strides),
            received_at=received_at,
            before=before.encode(),
            after=self.position.encode(),
            history=before.offset < before.history_until,
            backlog=before.offset < self._there,
        )

    def _advanced(self, content: Content, offset: int, lines: int) -> Position:
        position = self.position
        head_length = position.head_length
        head = position.head
        if head_length < HEAD_BYTES:
            head_length = min(HEAD_BYTES, offset)
            head = digest(content.read_at(0, head_length))
        marks: tuple[Mark, ...] = (*thinned(position.marks, offset), mark_of(content, offset))
        return msgspec.structs.replace(
            position,
            offset=offset,
            line=position.line + lines,
            head_length=head_length,
            head=head,
            marks=marks,
            modified_ns=content.stat().modified_ns,
        )

    def _count_lines(self, content: Content) -> Pause:
        """Count the lines before a start that is not the beginning, a chunk at a time.

        Past COUNT_LIMIT_BYTES numbers count from where reading began: a line number is not worth minutes of reading.
        """
        counted, offset = self._counted, self.position.offset
        if offset <= COUNT_LIMIT_BYTES and counted.to < offset:
            chunk = content.read_at(counted.to, min(self._chunk_bytes, offset - counted.to))
            counted.newlines += self._codec.lines(chunk)
            counted.to += max(1, len(chunk))
        if offset > COUNT_LIMIT_BYTES or counted.to >= offset:
            self.position = msgspec.structs.replace(self.position, line=counted.newlines + 1)
        return Pause.MORE

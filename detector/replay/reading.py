"""Log files as batches of whole lines: plain, gzip, UTF-16, or standard input."""

import codecs
import gzip
import io
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from detector.sources.files.lines import whole_lines
from rules.event import Batch, Starts

Progress = Callable[[int, int], None]
"""Is told how many bytes and how many lines were read since the last call."""

STDIN = "-"
#: Since Debian 12 a fresh host has no /var/log/auth.log.
IN_JOURNAL = "; if the journal holds these messages: journalctl -o short-iso | tocsin replay -"
CHUNK_BYTES = 256 * 1024
MAX_LINE_BYTES = 1024 * 1024
LONGEST_LINE_BYTES = 256 * 1024 * 1024
IN_MEMORY_BYTES = 64 * 1024 * 1024
AUTO = "auto"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
GZIP = b"\x1f\x8b"


def nobody_watches(_bytes: int, _lines: int) -> None:
    """The progress that is shown to nobody."""


class LogUnreadable(Exception):
    """A log file cannot be read; says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Whole lines of a file."""

    data: bytes  #: each ended by b"\n"
    starts: Starts


class LogFile(AbstractContextManager["LogFile"]):
    """A log file that can be read from its beginning as often as wanted.

    What cannot be read twice (standard input, a pipe) or not from its end (gzip, UTF-16) is copied to a temporary file
    first.

    Args:
        path: Of the file; "-" is standard input.
        stdin: What is read for that.
        encoding: How its bytes become text; "auto": UTF-8, or UTF-16 where a byte order mark says so.
        max_line_bytes: What of a line is longer is left out.
        longest_line_bytes: Held at once while the end of a line is looked for; what has none within that is no log.

    Raises:
        LogUnreadable: it cannot be opened, or is no whole gzip file.
    """

    def __init__(
        self,
        path: str,
        stdin: IO[bytes] | None = None,
        *,
        encoding: str = AUTO,
        max_line_bytes: int = MAX_LINE_BYTES,
        longest_line_bytes: int = LONGEST_LINE_BYTES,
    ) -> None:
        self.name = "stdin" if path == STDIN else path
        self._max_line_bytes = max_line_bytes
        self._longest_line_bytes = longest_line_bytes
        try:
            self.written_at, self._file = self._open(path, stdin, encoding)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = IN_JOURNAL if isinstance(error, FileNotFoundError) and path.startswith("/var/log/") else ""
            raise LogUnreadable(f"cannot read {self.name}: {reason}{hint}") from None
        self.size = self._file.seek(0, io.SEEK_END)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def lines(self, progress: Progress = nobody_watches) -> Iterator[Lines]:
        """All lines, in order. The last line needs no end.

        Raises:
            LogUnreadable: reading fails, or so long a line begins that this can be no log.
        """
        try:
            yield from self._lines(progress)
        except OSError as error:
            raise LogUnreadable(f"cannot read {self.name} to its end: {error.strerror or error}") from None

    def _lines(self, progress: Progress) -> Iterator[Lines]:
        self._file.seek(0)
        rest, number, offset = b"", 1, 0
        told = number
        while True:
            chunk = self._file.read(max(CHUNK_BYTES, len(rest)))  # a long line costs its length, not the square of it
            buffer = rest + (chunk or (b"\n" if rest else b""))
            if not buffer:
                return
            while (found := whole_lines(buffer, self._max_line_bytes, at_start=offset == 0)).used:
                if found.data:
                    starts = Starts(line=number, offset=offset + found.skipped, cuts=found.cuts, strides=found.strides)
                    yield Lines(data=found.data, starts=starts)
                number += found.data.count(b"\n")
                offset += found.used
                buffer = buffer[found.used :]
            rest = buffer
            if len(rest) > self._longest_line_bytes:
                where = f"line {number} of {self.name} has no end within {self._longest_line_bytes // 2**20} MiB"
                raise LogUnreadable(f"{where}: is this a log?")
            progress(len(chunk), number - told)
            told = number
            if not chunk:
                return

    def batches(self, received_at: datetime, progress: Progress = nobody_watches) -> Iterator[Batch]:
        """All lines as the engine takes them."""
        for lines in self.lines(progress):
            yield self.batch(lines, received_at)

    def batch(self, lines: Lines, received_at: datetime) -> Batch:
        """*lines* as the engine takes them; there is no position, since nothing is committed."""
        return Batch(
            source=self.name,
            stream=self.name,
            origin=self.name,
            data=lines.data,
            starts=lines.starts,
            received_at=received_at,
            before=b"",
            after=b"",
        )

    def last_lines(self, count: int, within_bytes: int = 64 * 1024) -> list[bytes]:
        """The last lines of the file, as far as they are within its last bytes."""
        begin = max(0, self.size - within_bytes)
        self._file.seek(begin)
        lines = self._file.read(within_bytes).rstrip(b"\n").split(b"\n")
        return (lines[1:] if begin and len(lines) > 1 else lines)[-count:]

    def _open(self, path: str, stdin: IO[bytes] | None, encoding: str) -> tuple[datetime, IO[bytes]]:
        if path == STDIN:
            written_at = datetime.now(UTC)
            file: IO[bytes] = _spooled(stdin or sys.stdin.buffer)
        else:
            written_at = datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)
            file = Path(path).open("rb")  # noqa: SIM115 (closed by close)
            if not file.seekable():
                with file:
                    file = _spooled(file)
        if file.read(2) == GZIP:
            file.seek(0)
            with file, gzip.open(file) as unpacked:
                file = _spooled(cast(IO[bytes], unpacked))
        file.seek(0)
        name = "utf-16" if encoding == AUTO and file.read(2) in UTF_16 else encoding
        file.seek(0)
        if name not in (AUTO, "utf-8"):
            with file:
                file = _spooled(_in_utf_8(file, name))
        return written_at, file


def _spooled(source: IO[bytes]) -> IO[bytes]:
    copy = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 (closed by LogFile)
    try:
        shutil.copyfileobj(source, copy, CHUNK_BYTES)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return cast(IO[bytes], copy)


def _in_utf_8(file: IO[bytes], encoding: str) -> IO[bytes]:
    return codecs.EncodedFile(file, "utf-8", encoding, errors="replace")

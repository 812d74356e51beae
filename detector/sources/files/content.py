"""The bytes of a file, wherever they come from."""

import gzip
import os
import zlib
from dataclasses import dataclass, replace
from typing import Protocol

KEPT_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stat:
    """What the file system says of an open file."""

    size: int
    modified_ns: int
    dev: int
    inode: int
    links: int  #: 0 when no path leads to it any more


class Content(Protocol):
    """Bytes that can be read at any offset."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to *size* bytes from *offset*; fewer only at the end."""

    def stat(self) -> Stat:
        """Size, change time and identity hint as they are now."""

    def close(self) -> None:
        """Let go of the descriptor. A second call is harmless."""


class PlainFile:
    """An ordinary file, held open by its descriptor: renaming or unlinking it changes nothing for us."""

    def __init__(self, path: str) -> None:
        # O_NONBLOCK: a path that turned into a FIFO must not hang the daemon.
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to *size* bytes from *offset*; fewer only at the end."""
        return os.pread(self._fd, size, offset)

    def stat(self) -> Stat:
        """Size, change time and identity hint as they are now."""
        found = os.fstat(self._fd)
        return Stat(found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino, found.st_nlink)

    def close(self) -> None:
        """Let go of the descriptor. A second call is harmless."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class PackedFile:
    """A gzip file, read as what it unpacks to.

    Keeps the last stretch that was read: reading goes forward with small steps back, and going back in a gzip file
    means to unpack it from its beginning.
    """

    def __init__(self, path: str, unpacked_bytes: int) -> None:
        self._plain = PlainFile(path)
        self._file = gzip.GzipFile(path, "rb")
        self._unpacked_bytes = unpacked_bytes
        self._at = 0  # offset of the first byte kept
        self._kept = b""

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to *size* bytes from *offset*; fewer only at the end.

        Raises:
            OSError: it is damaged.
        """
        end = self._at + len(self._kept)
        if not self._at <= offset <= end:
            self._at, self._kept, end = offset, b"", offset
        try:
            self._file.seek(end)
            fresh = self._file.read(max(0, offset + size - end))
        except (EOFError, zlib.error) as error:
            raise OSError(f"damaged gzip file ({error})") from error
        kept = self._kept + fresh
        result = kept[offset - self._at : offset - self._at + size]
        drop = max(0, len(kept) - KEPT_BYTES)
        self._at, self._kept = self._at + drop, kept[drop:]
        return result

    def stat(self) -> Stat:
        """Unpacked size, change time and identity hint."""
        return replace(self._plain.stat(), size=self._unpacked_bytes)

    def close(self) -> None:
        """Let go of the descriptors. A second call is harmless."""
        self._plain.close()
        self._file.close()


def unpacked_bytes(path: str) -> int:
    """How many bytes a gzip file unpacks to; unpacks all of it, so it belongs into a thread.

    Raises:
        OSError: it cannot be read, or is no whole gzip file (yet).
    """
    total = 0
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(KEPT_BYTES):
                total += len(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(f"not a whole gzip file ({error})") from error
    return total

"""The bytes of a file, wherever they come from."""

import os
from dataclasses import dataclass
from typing import Protocol


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

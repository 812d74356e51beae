"""Compressed files of a source: which are worth unpacking, and what they unpack to."""

from collections.abc import Collection
from dataclasses import replace

from detector.sources.files.discover import Found

Hint = tuple[int, int]


class PackedFiles:
    """Remembers what compressed files unpack to, so that each is measured once for each change."""

    def __init__(self) -> None:
        self.unmeasured: dict[Hint, Found] = {}  #: files whose size is to be found out
        self._unpacked_bytes: dict[tuple[Hint, int], int] = {}  #: of (hint, change time)

    def with_size(self, found: Found) -> Found:
        """*found*, with what it unpacks to if that is known."""
        return replace(found, unpacked_bytes=self._unpacked_bytes.get((found.hint, found.modified_ns)))

    def measured(self, found: Found, unpacked_bytes: int) -> None:
        """Take note of what a file unpacks to."""
        self._unpacked_bytes = {key: size for key, size in self._unpacked_bytes.items() if key[0] != found.hint}
        self._unpacked_bytes[found.hint, found.modified_ns] = unpacked_bytes


def may_hold_news(found: Found, read_at_ns: Collection[int]) -> bool:
    """Whether a compressed file may hold lines that nobody read; packing keeps the change time of the original.

    Args:
        read_at_ns: change times at which the streams of the same path were last read.
    """
    if not found.is_rotated:
        return True  # named by the configuration
    return found.modified_ns not in read_at_ns and found.modified_ns >= min(read_at_ns, default=0)

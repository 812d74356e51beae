"""One stream and the file it lives in, as a source keeps track of it."""

from dataclasses import dataclass

from detector.sources.files.content import Content, PlainFile
from detector.sources.files.discover import Found
from detector.sources.files.follow import Follower
from detector.sources.files.identity import HEAD_BYTES, continues, is_prefix, is_shorter_copy, is_strong


def open_content(found: Found) -> Content:
    """Open what was found.

    Raises:
        OSError: it cannot be opened.
    """
    return PlainFile(found.path)


@dataclass(slots=True, eq=False)
class Tracked:
    """A stream: its follower, and where its bytes are to be found."""

    follower: Follower
    serial: int  #: order of first sight
    found: Found | None = None  #: where the last look saw it; None: no path leads to it
    settled: tuple[int, int] | None = None  #: size and change time up to which all was read, while it is not open
    quiet_since: float | None = None  #: since when the end of a file that was moved aside has not moved; monotonic
    lost_at: float | None = None  #: since when its bytes are nowhere (cut in place, or gone); monotonic
    committed: int = 0  #: offset whose effects are committed
    is_blocked: bool = False  #: it could not be read; tried again after the next look
    front: bytes = b""  #: its first bytes, to tell quickly what it is not

    @property
    def content(self) -> Content | None:
        """Its open bytes."""
        return self.follower.content

    @property
    def base(self) -> str:
        """The path it is, or was, written at; streams of one base are read one after the other."""
        return self.follower.position.base

    @property
    def is_in_place(self) -> bool:
        """Whether it is still at the path it is written at."""
        return self.found is not None and not self.found.is_rotated

    @property
    def is_unread(self) -> bool:
        """Whether there may be something to read."""
        if self.is_blocked:
            return False
        if self.content is not None:
            return self.follower.has_changed()
        return self.found is not None and self.found.state != self.settled

    @property
    def reading_order(self) -> tuple[bool, int, int]:
        """Older files of one base come first, the one in place last."""
        modified_ns = self.found.modified_ns if self.found else self.follower.position.modified_ns
        return self.is_in_place, modified_ns, self.serial

    def reopen(self) -> bool:
        """Open the file where it was last seen; False if another one is there by now.

        Raises:
            OSError: it cannot be opened.
        """
        if self.found is None:
            return False
        content = open_content(self.found)
        stat = content.stat()
        if (stat.dev, stat.inode) == self.found.hint and continues(content, self.follower.position):
            self.live_in(content, self.found)
            return True
        content.close()
        return False

    def live_in(self, content: Content, found: Found) -> None:
        """Read from *content* from now on."""
        self.follower.attach(content, found.path)
        self.found = found
        self.settled = self.quiet_since = self.lost_at = None
        self.front = content.read_at(0, HEAD_BYTES)

    def let_go(self) -> None:
        """Close the file; what was read stays known."""
        if self.content is None:
            return
        if self.follower.is_at_end:
            stat = self.content.stat()
            self.settled = (stat.size, stat.modified_ns)
        self.follower.attach(None)

    def goes_on_in(self, content: Content, found: Found) -> bool:
        """Whether *content* is where this stream goes on: moved, copied, or found again after a restart."""
        position = self.follower.position
        if position.offset == 0:
            return position.inode == found.inode and position.dev == found.dev
        known = is_strong(position) or (found.base == self.base and found.is_rotated)
        known = known or (position.dev, position.inode) == found.hint
        return known and continues(content, position)

    def is_copied_in(self, content: Content, front: bytes) -> bool:
        """Whether *content* is a copy of this stream's file, or of its beginning."""
        if self.content is not None:
            mine = self.front if len(self.front) == HEAD_BYTES else self.content.read_at(0, HEAD_BYTES)
            return mine.startswith(front) and is_prefix(content, self.content)
        position = self.follower.position
        if position.offset == 0:
            return False
        return is_shorter_copy(content, position) or (
            content.stat().size == position.offset and continues(content, position)
        )

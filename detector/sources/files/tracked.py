"""One stream and the file it lives in, as a source keeps track of it."""

from contextlib import closing
from dataclasses import dataclass

from detector.sources.files.content import Content, PackedFile, PlainFile
from detector.sources.files.discover import Found, rotated_path
from detector.sources.files.follow import Follower
from detector.sources.files.identity import HEAD_BYTES, continues, digest, is_prefix, is_shorter_copy, is_strong


def open_content(found: Found) -> Content:
    """Open what was found.

    Raises:
        OSError: it cannot be opened.
    """
    if found.unpacked_bytes is not None:
        return PackedFile(found.path, found.unpacked_bytes)
    return PlainFile(found.path)


@dataclass(slots=True, eq=False)
class Tracked:
    """A stream: its follower, and where its bytes are to be found.

    It is *living* while it has an open file or a path that leads to one, *homeless* otherwise.
    """

    follower: Follower
    serial: int  #: order of first sight
    found: Found | None = None  #: where the last look saw it; None: no path leads to it
    settled: tuple[int, int] | None = None  #: the file's state up to which all was read, while it is not open
    quiet_since: float | None = None  #: since when the end of a file that was moved aside has not moved; monotonic
    lost_at: float | None = None  #: since when it is homeless; monotonic
    is_cut: bool = False  #: homeless because its file was cut, and no copy turned up yet
    is_blocked: bool = False  #: it could not be read; tried again after the next look
    committed: int = 0  #: offset whose effects are committed
    turn: int = 0  #: when it was last read: the open file with the lowest number is closed first
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
    def is_living(self) -> bool:
        """Whether its bytes can be reached."""
        return self.found is not None or self.content is not None

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
        self.is_cut = self.is_blocked = False
        self.front = content.read_at(0, HEAD_BYTES)

    def let_go(self) -> None:
        """Close the file; what was read stays known."""
        if self.content is None:
            return
        self.settled = self.follower.quiet
        self.follower.attach(None)

    def must_end_before(self, content: Content) -> bool:
        """Whether *content* replaces our file, of which there is something left to read first."""
        return self.content is not None and self.is_unread and is_prefix(self.content, content)

    def goes_on_in(self, content: Content, found: Found) -> bool:
        """Whether *content* is where this stream goes on: moved, copied, or found again after a restart.

        Little that was read may be equal by coincidence: then the inode, or a rotated name, must say the same.
        """
        position = self.follower.position
        hinted = (position.dev, position.inode) == found.hint
        if position.offset == 0:
            return hinted
        return (hinted or self._may_be_moved_to(found) or is_strong(position)) and continues(content, position)

    def is_copied_in(self, content: Content, found: Found, front: bytes) -> bool:
        """Whether *content* is a copy of this stream's file, or of its beginning.

        Of a stream whose file was cut, only a rotated file may be the copy.

        Raises:
            OSError: this stream's file cannot be opened to compare.
        """
        if not self._may_begin_with(front):
            return False
        if self.content is not None:
            return is_prefix(content, self.content)
        if self.found is None:
            return self._may_be_moved_to(found) and is_shorter_copy(content, self.follower.position)
        with closing(open_content(self.found)) as mine:
            self.front = mine.read_at(0, HEAD_BYTES)
            return is_prefix(content, mine)

    def _may_be_moved_to(self, found: Found) -> bool:
        """Whether *found* bears a name that rotation or compression gives to our file.

        What counts is the name alone: the path that both were written at need not be there, or ever have been seen.
        """
        original = rotated_path(found.path)
        path = self.follower.position.path
        return original is not None and original in (self.base, path, rotated_path(path))

    def _may_begin_with(self, front: bytes) -> bool:
        """Rule out quickly, without a file: thousands of files are compared with one another."""
        if self.front:
            common = min(len(self.front), len(front))
            return self.front[:common] == front[:common]
        position = self.follower.position
        if position.head_length == 0 or len(front) < position.head_length:
            return True
        return digest(front[: position.head_length]) == position.head

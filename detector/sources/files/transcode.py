"""Lines of a file in the encoding that it is written in, as UTF-8. Pure.

A line whose length changes when it becomes UTF-8 moves all lines behind it, so the batch says how far it is from line
to line in the file (``strides``).
"""

import codecs
from dataclasses import dataclass
from typing import Final

from detector.sources.files.lines import Lines, leading, over_holes, shortened, whole_lines

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Codec:
    """How a file's bytes become text: UTF-8, UTF-16 of either order, or one byte a character."""

    name: str
    newline: bytes

    @property
    def is_utf8(self) -> bool:
        """Whether bytes are handed on as they are."""
        return self.name in ("utf-8", "ascii")

    @property
    def is_wide(self) -> bool:
        """Whether a character takes more than one byte at least."""
        return len(self.newline) > 1

    def utf8(self, raw: bytes) -> bytes:
        """The same text in UTF-8; what cannot be decoded becomes U+FFFD."""
        return raw if self.is_utf8 else self._text(raw).encode()

    def room(self, max_line_bytes: int) -> int:
        """How many bytes of a line to read for so many in UTF-8, where each character takes one at least."""
        return max_line_bytes if self.is_utf8 else (max_line_bytes + 1) * len(self.newline)  # 1: half of a pair

    def size(self, text: bytes) -> int:
        """How many bytes of the file became *text*, which is UTF-8 and may end within a character.

        What could not be decoded took as many bytes as the U+FFFD that stands there.
        """
        return len(text) if self.is_utf8 else len(text.decode("utf-8", "ignore").encode(self.name))

    def whole(self, size: int) -> int:
        """*size* without the bytes of a half unit at its end."""
        return size // len(self.newline) * len(self.newline)

    def leading(self, buffer: bytes, *, at_start: bool) -> int:
        """How many bytes before the first line belong to no line: a byte order mark, NULs of a hole."""
        if not self.is_wide:
            return leading(buffer, at_start=at_start and self.is_utf8)
        mark = len(buffer[:2]) if at_start and buffer[:2] in _MARKS else 0
        return mark + self.whole(leading(buffer[mark:], at_start=False))

    def line_end(self, buffer: bytes) -> int:
        """After the first line end of *buffer*, which begins with a whole character; -1 if there is none."""
        at = buffer.find(self.newline)
        while at >= 0 and at != self.whole(at):
            at = buffer.find(self.newline, at + 1)
        return at + len(self.newline) if at >= 0 else -1

    def last_line_end(self, buffer: bytes) -> int:
        """After the last line end of *buffer*, which begins with a whole character; -1 if there is none."""
        at = buffer.rfind(self.newline)
        while at >= 0 and at != self.whole(at):
            at = buffer.rfind(self.newline, 0, at + len(self.newline) - 1)
        return at + len(self.newline) if at >= 0 else -1

    def lines(self, buffer: bytes) -> int:
        """How many lines end in *buffer*, which begins with a whole character."""
        return self._text(buffer).count("\n") if self.is_wide else buffer.count(b"\n")

    def take(self, buffer: bytes, max_line_bytes: int, *, at_start: bool) -> Lines:
        """Take the whole lines off *buffer*, which begins at the start of a line.

        In UTF-8 they are twice as long as *buffer* at most.

        Args:
            at_start: The buffer is the beginning of a file and may bear a byte order mark.
        """
        end = buffer.rfind(self.newline) + len(self.newline)
        if self.is_utf8 or (not self.is_wide and buffer[:end].isascii()):
            return whole_lines(buffer, max_line_bytes, at_start=at_start and self.is_utf8)
        if end < len(self.newline):
            return Lines(0, b"", 0, ())
        skipped = self.leading(buffer, at_start=at_start)
        text = self._text(buffer[skipped : skipped + self.whole(len(buffer) - skipped)])
        return self._taken(text[: text.rfind("\n") + 1], skipped, max_line_bytes)

    def _taken(self, text: str, skipped: int, max_line_bytes: int) -> Lines:
        if not text:
            return Lines(0, b"", 0, ())
        strides = self._strides(text)
        used = skipped + sum(strides)
        data = over_holes(text.encode(), strides, len(self.newline))
        kept, cuts = shortened(data, max_line_bytes)
        if cuts:
            lines = data.split(b"\n")
            cuts = tuple((at, self.size(lines[at]) - self.size(lines[at][:max_line_bytes])) for at, _ in cuts)
        return Lines(skipped, kept, used, cuts, tuple(strides))

    def _strides(self, text: str) -> list[int]:
        """How many bytes of the file each line of *text* took up, with its end."""
        width, lines = len(self.newline), text.split("\n")[:-1]
        if len(text.encode(self.name)) == width * len(text):
            return [width * len(line) + width for line in lines]
        return [len(line.encode(self.name)) + width for line in lines]  # some character is a pair

    def _text(self, raw: bytes) -> str:
        return raw.decode(self.name, "replace")


UTF_8: Final = Codec("utf-8", b"\n")


def codec_of(encoding: str, front: bytes) -> Codec:
    """The codec of a file.

    Args:
        encoding: as configured; "auto" goes by the byte order mark.
        front: the first two bytes of the file.
    """
    name = _MARKS.get(front[:2], "utf-8") if encoding in ("auto", "utf-16") else codecs.lookup(encoding).name
    if encoding == "utf-16" and name == "utf-8":
        name = "utf-16-le"
    return Codec(name, "\n".encode(name))

"""Lines of a file that is not UTF-8, as UTF-8. Pure.

A batch says where its first line starts, and the others follow from their lengths. A line whose length changes when
it becomes UTF-8 therefore makes a batch of its own: slower, and every offset is right.
"""

import codecs
from dataclasses import dataclass

from detector.sources.files.lines import Lines, shortened, whole_lines

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Codec:
    """How a file's bytes become text."""

    name: str
    newline: bytes

    @property
    def is_wide(self) -> bool:
        """Whether a character takes more than one byte at least."""
        return len(self.newline) > 1

    def utf8(self, raw: bytes) -> bytes:
        """The same text in UTF-8; what cannot be decoded becomes U+FFFD."""
        return raw.decode(self.name, "replace").encode()


def codec_of(encoding: str, front: bytes) -> Codec | None:
    """The codec of a file; None for UTF-8, whose bytes are handed on as they are.

    Args:
        encoding: as configured; "auto" goes by the byte order mark.
        front: the first two bytes of the file.
    """
    name = _MARKS.get(front[:2], "utf-8") if encoding in ("auto", "utf-16") else codecs.lookup(encoding).name
    if encoding == "utf-16" and name == "utf-8":
        name = "utf-16-le"
    if name in ("utf-8", "ascii"):
        return None
    return Codec(name, "\n".encode(name))


def transcoded_lines(buffer: bytes, codec: Codec, max_line_bytes: int, *, at_start: bool, is_full: bool) -> Lines:
    """Take lines off *buffer*: those that stay as they are together, any other alone.

    Args:
        at_start: the buffer is the beginning of a file and may bear a byte order mark.
        is_full: there is no room for more: a line of two-byte characters that has no end by now is broken here.
    """
    skipped = 2 if at_start and codec.is_wide and buffer[:2] in _MARKS else 0
    if not codec.is_wide:
        same = _unchanged(buffer)
        if same:
            return whole_lines(buffer[:same], max_line_bytes, at_start=False)
    end = _line_end(buffer, skipped, codec)
    if end < 0 and codec.is_wide and is_full:
        end = len(buffer) // 2 * 2
    if end <= skipped:
        return Lines(0, b"", 0, ())
    text = codec.utf8(buffer[skipped:end]).removesuffix(b"\n").replace(b"\n", b" ") + b"\n"
    data, cuts = shortened(text, max_line_bytes)
    return Lines(skipped, data, end, cuts)


def _unchanged(buffer: bytes) -> int:
    """How many bytes from the beginning are whole lines of ASCII alone."""
    end = buffer.rfind(b"\n") + 1
    if buffer[:end].isascii():
        return end
    at = 0
    while not at >= end:
        after = buffer.find(b"\n", at) + 1
        if not buffer[at:after].isascii():
            break
        at = after
    return at


def _line_end(buffer: bytes, start: int, codec: Codec) -> int:
    """After the first line end from *start* on, whole characters counted; -1 if there is none."""
    width = len(codec.newline)
    at = buffer.find(codec.newline, start)
    while at >= 0 and (at - start) % width:
        at = buffer.find(codec.newline, at + 1)
    return at + width if at >= 0 else -1

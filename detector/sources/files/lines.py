"""Cutting bytes into lines: on ``\\n`` bytes only, with holes skipped and over-long lines shortened. Pure."""

from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines out of a buffer that begins at the start of a line."""

    skipped: int  #: bytes before the first line: NULs of a hole, a byte order mark
    data: bytes  #: lines, each ended by b"\n"; b"" if the buffer holds no whole line
    used: int  #: bytes of the buffer that these lines took up, with what was skipped
    cuts: tuple[tuple[int, int], ...]  #: (index of a line, bytes of it left out)


def whole_lines(buffer: bytes, max_line_bytes: int, *, at_start: bool) -> Lines:
    """Take the whole lines off *buffer*, up to a hole.

    A hole (NULs where a line should start: a writer that went on at its old offset after a truncation) ends the
    batch, so that the offset of each line follows from the first one's.

    Args:
        at_start: the buffer is the beginning of a file and may bear a byte order mark.
    """
    end = buffer.rfind(b"\n") + 1
    if end == 0:
        return Lines(0, b"", 0, ())
    skipped = leading(buffer[:end], at_start=at_start)
    hole = buffer.find(b"\n\0", skipped, end) if b"\0" in buffer else -1  # one byte is sought much faster than two
    if hole >= 0:
        end = hole + 1
    data, cuts = shortened(buffer[skipped:end], max_line_bytes)
    return Lines(skipped, data, end, cuts)


def leading(buffer: bytes, *, at_start: bool) -> int:
    """How many bytes before the first line belong to no line."""
    if at_start and buffer.startswith(BOM):
        return len(BOM)
    return len(buffer) - len(buffer.lstrip(b"\0"))


def shortened(data: bytes, max_line_bytes: int) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Cut each line of *data* at *max_line_bytes*; tell which were cut and by how much."""
    if len(data) <= max_line_bytes + 1:
        return data, ()
    lines = data.split(b"\n")[:-1]
    cuts = tuple((index, len(line) - max_line_bytes) for index, line in enumerate(lines) if len(line) > max_line_bytes)
    if not cuts:
        return data, ()
    return b"".join(line[:max_line_bytes] + b"\n" for line in lines), cuts

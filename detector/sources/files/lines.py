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
    strides: tuple[int, ...] = ()  #: from the start of each line to that of the next; empty: by its length and its cut


def whole_lines(buffer: bytes, max_line_bytes: int, *, at_start: bool) -> Lines:
    """Take the whole lines off *buffer*, over holes.

    A hole: NULs where a line should start, of a writer that went on at its old offset after a truncation.

    Args:
        at_start: the buffer is the beginning of a file and may bear a byte order mark.
    """
    end = buffer.rfind(b"\n") + 1
    if end == 0:
        return Lines(0, b"", 0, ())
    skipped = leading(buffer[:end], at_start=at_start)
    data, strides = buffer[skipped:end], []
    if b"\0" in data and b"\n\0" in data:  # one byte is sought much faster than two
        strides = [len(line) + 1 for line in data.split(b"\n")[:-1]]
        data = over_holes(data, strides, 1)
    data, cuts = shortened(data, max_line_bytes)
    return Lines(skipped, data, end, cuts, tuple(strides))


def leading(buffer: bytes, *, at_start: bool) -> int:
    """How many bytes before the first line belong to no line."""
    mark = len(BOM) if at_start and buffer.startswith(BOM) else 0
    return len(buffer) - len(buffer[mark:].lstrip(b"\0"))


def over_holes(data: bytes, strides: list[int], nul_bytes: int) -> bytes:
    """*data* without the NULs before its lines.

    Args:
        data: Lines, each ended by b"\n"; the first begins with none.
        strides: How far it is from line to line. What is left out before a line is added to the one before it.
        nul_bytes: How much of the file one NUL takes up.
    """
    lines = data.split(b"\n")
    for at, line in enumerate(lines):
        if line.startswith(b"\0"):
            lines[at] = line.lstrip(b"\0")
            hole = (len(line) - len(lines[at])) * nul_bytes
            strides[at] -= hole
            strides[at - 1] += hole
    return b"\n".join(lines)


def shortened(data: bytes, max_line_bytes: int) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Cut each line of *data* at *max_line_bytes*; tell which were cut and by how much."""
    if len(data) <= max_line_bytes + 1:
        return data, ()
    lines = data.split(b"\n")[:-1]
    cuts = tuple((index, len(line) - max_line_bytes) for index, line in enumerate(lines) if len(line) > max_line_bytes)
    if not cuts:
        return data, ()
    return b"".join(line[:max_line_bytes] + b"\n" for line in lines), cuts

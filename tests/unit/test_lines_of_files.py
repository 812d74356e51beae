"""Cutting bytes into lines, transcoding, identity and positions: pure parts of following files."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.sources.files.content import Stat
from detector.sources.files.discover import rotated_from
from detector.sources.files.follow import CHUNK_BYTES, Follower
from detector.sources.files.identity import continues, is_prefix, is_shorter_copy, mark_of, thinned
from detector.sources.files.lines import whole_lines
from detector.sources.files.position import Mark, Position, PositionError, decode
from detector.sources.files.start import line_start_before, looks_binary
from rules.engine import lines_of
from rules.event import Batch

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Bytes:
    """A file in memory."""

    def __init__(self, data: bytes, inode: int = 1) -> None:
        self.data = data
        self.inode = inode

    def read_at(self, offset: int, size: int) -> bytes:
        return self.data[offset : offset + size]

    def stat(self) -> Stat:
        return Stat(len(self.data), len(self.data), 1, self.inode, 1)

    def close(self) -> None:
        pass


def follow(content: Bytes, *, max_line_bytes: int = 100, encoding: str = "auto") -> Follower:
    follower = Follower(
        source="s",
        stream="t",
        position=Position(path="/p", base="/p"),
        max_line_bytes=max_line_bytes,
        encoding=encoding,
    )
    follower.attach(content)
    return follower


def drain(follower: Follower) -> list[Batch]:
    batches = []
    for _ in range(10_000):
        result = follower.read(NOW)
        if isinstance(result, Batch):
            batches.append(result)
        elif result.value == "end":
            return batches
    raise AssertionError("reading does not end")


texts = st.lists(st.sampled_from([b"a", b"bb" * 30, b"\n", b"\r\n", b"\xff", b"\xe2\x80\xa8", b"c" * 150])).map(
    b"".join
)


@given(texts, st.lists(st.integers(1, 400)))
def test_any_chunking_gives_the_same_lines(text: bytes, sizes: list[int]) -> None:
    """However a file grows, its lines, their numbers and their offsets are the same."""
    content = Bytes(b"")
    follower, batches = follow(content), []
    for size in [*sizes, len(text)]:
        content.data = text[: len(content.data) + size]
        batches += drain(follower)
    content.data = text
    batches += drain(follower)
    raw = text.split(b"\n")[:-1]
    assert b"".join(batch.data for batch in batches) == b"".join(line[:100] + b"\n" for line in raw)
    assert [place for batch in batches for place in places(batch)] == list(expected_places(raw))


def places(batch: Batch) -> list[tuple[int, int]]:
    """(number, offset) of each line, as the engine reckons them from the batch."""
    return [(number, offset) for _, number, offset, _ in lines_of(batch)]


def expected_places(raw: list[bytes]) -> list[tuple[int, int]]:
    return [(number + 1, sum(len(line) + 1 for line in raw[:number])) for number in range(len(raw))]


@pytest.mark.parametrize("length", [CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7])
def test_a_line_longer_than_a_chunk_is_one_line(length: int) -> None:
    """A line that no chunk holds is found whole, and what follows it starts where it should."""
    follower = follow(Bytes(b"x\n" + b"y" * length + b"\nz\n"), max_line_bytes=10 * CHUNK_BYTES)
    batches = drain(follower)
    assert b"".join(batch.data for batch in batches) == b"x\n" + b"y" * length + b"\nz\n"
    assert [place for batch in batches for place in places(batch)] == [(1, 0), (2, 2), (3, length + 3)]


def test_an_over_long_line_is_cut_and_marked() -> None:
    """Of a line past max_line_bytes the beginning is kept and the rest counted."""
    batches = drain(follow(Bytes(b"y" * (2 * CHUNK_BYTES) + b"\nz\n"), max_line_bytes=1000))
    assert batches[0].data == b"y" * 1000 + b"\n"
    assert batches[0].starts.cuts == ((0, 2 * CHUNK_BYTES - 1000),)
    assert batches[1].data == b"z\n"


@pytest.mark.parametrize("hole", [1, 300, CHUNK_BYTES + 5, 3 * CHUNK_BYTES])
def test_leading_nuls_are_skipped(hole: int) -> None:
    """A hole before a line is no part of it, and the line's offset is where its text starts."""
    batches = drain(follow(Bytes(b"one\n" + b"\0" * hole + b"two\nthree\n")))
    assert b"".join(batch.data for batch in batches) == b"one\ntwo\nthree\n"
    assert [place for batch in batches for place in places(batch)] == [(1, 0), (2, 4 + hole), (3, 8 + hole)]


def test_space_reserved_with_nuls_is_read_as_it_fills() -> None:
    """A file made large beforehand and filled later is read line by line."""
    size = 2 * CHUNK_BYTES
    content = Bytes(b"one\n".ljust(size, b"\0"))
    follower = follow(content)
    read = b"".join(batch.data for batch in drain(follower))
    for text in (b"one\ntw", b"one\ntwo\nthree\n"):
        content.data = text.ljust(size, b"\0") + b"\0" * len(text)
        read += b"".join(batch.data for batch in drain(follower))
    assert read == b"one\ntwo\nthree\n"


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    """UTF-8 with a byte order mark starts after it."""
    (batch,) = drain(follow(Bytes(b"\xef\xbb\xbfone\n")))
    assert (batch.data, batch.starts.offset) == (b"one\n", 3)


def test_bytes_that_changed_under_us_are_noticed() -> None:
    """A file whose bytes before our offset are others is not read on."""
    content = Bytes(b"one\ntwo\n")
    follower = follow(content)
    drain(follower)
    for other in (b"one\n", b"eno\nowt\nthree\n"):
        content.data = other
        assert follower.read(NOW).value == "changed"  # type: ignore[union-attr]


def test_the_last_line_of_a_finished_file_gets_its_end() -> None:
    """What follows the last line end of a file that is left becomes a line."""
    follower = follow(Bytes(b"one\ntwo"))
    drain(follower)
    last = follower.finish(NOW)
    assert last is not None
    assert last.data == b"two\n"
    assert decode(last.after, source="s", stream="t").offset == 7


@given(st.binary(min_size=1, max_size=3000), st.integers(0, 3000), st.binary(max_size=200))
def test_a_file_is_known_by_its_head_and_the_bytes_before_the_offset(data: bytes, at: int, more: bytes) -> None:
    """The same bytes under any inode go on; others do not."""
    at = min(at, len(data))
    position = Position(path="/p", base="/p", offset=at, marks=(mark_of(Bytes(data), at),) if at else ())
    assert continues(Bytes(data + more, inode=9), position)
    if at:
        changed = bytearray(data)
        changed[at - 1] ^= 1
        assert not continues(Bytes(bytes(changed)), position)
        assert not continues(Bytes(data[: at - 1]), position)


def test_a_copy_that_ends_before_our_offset_is_known() -> None:
    """copytruncate copied, the writer wrote, we read, the file was cut: the copy lacks the end and is a copy still."""
    content = Bytes(b"")
    follower = follow(content)
    for number in range(40):
        content.data += b"a line with number %d and some more text\n" % number
        drain(follower)
    assert is_shorter_copy(Bytes(content.data[:-50], inode=2), follower.position)
    assert is_prefix(Bytes(content.data[:-50]), content)
    assert not is_shorter_copy(Bytes(b"z" + content.data[1:-50]), follower.position)
    assert not is_shorter_copy(Bytes(content.data[:-50].replace(b"number 3", b"number 4")), follower.position)


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=300))
def test_marks_stay_few(steps: list[int]) -> None:
    """However long a file is followed, its position stays small and keeps a mark near the offset."""
    marks: tuple[Mark, ...] = ()
    offset = 0
    for step in steps:
        offset += step
        marks = (*thinned(marks, offset), Mark(offset, b""))
    assert len(marks) <= offset.bit_length() + 2
    assert list(marks) == sorted(marks, key=lambda mark: mark.offset)
    assert marks[-1].offset == offset


def test_a_position_survives_storing() -> None:
    """What is committed comes back as it was."""
    position = Position(path="/p", base="/b", offset=5, marks=(Mark(5, b"x"),))
    assert decode(position.encode(), source="s", stream="t") == position


@pytest.mark.parametrize("data", [b"", b"\xc1", msgspec.msgpack.encode({"version": 99, "path": "p", "base": "b"})])
def test_a_position_that_cannot_be_understood_says_so(data: bytes) -> None:
    """Damaged or newer position bytes are refused with source, stream and the way out."""
    with pytest.raises(PositionError, match="stream t of source 's'"):
        decode(data, source="s", stream="t")


@pytest.mark.parametrize(
    ("name", "written_as"),
    [
        ("auth.log.1", "auth.log"),
        ("auth.log.12.gz", "auth.log"),
        ("auth.log-20260102", "auth.log"),
        ("auth.log-20260102-1530.gz", "auth.log"),
        ("app-2026-01-02.log", "app.log"),
        ("app.1.log", "app.log"),
        ("messages.old", "messages"),
        ("auth.log", None),
        ("server1.log", None),
        ("auth.log.gz", None),
    ],
)
def test_rotated_names_are_recognised(name: str, written_as: str | None) -> None:
    """The name of a rotated file tells the name it was written under."""
    assert rotated_from(name) == written_as


def test_text_is_told_from_binary() -> None:
    """Logs in any script are text, holes do not count, an executable is not text."""
    assert not looks_binary("Jän 1 Größe ଊ 🙂\tx\r\n".encode())
    assert not looks_binary(b"\0" * 500 + b"Jan 1 text\n" + b"\0" * 500)
    assert not looks_binary("\ufefftext\n".encode("utf-16-le"))
    assert looks_binary(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0")


def test_the_end_of_lines_is_found_from_behind() -> None:
    """Starting at the end means at the start of a partial last line."""
    assert line_start_before(Bytes(b"one\ntwo"), 7, 100) == 4
    assert line_start_before(Bytes(b"one\n"), 4, 100) == 4
    assert line_start_before(Bytes(b"one"), 3, 100) == 0
    assert line_start_before(Bytes(b"x" * 200_000), 200_000, 100) == 200_000


def test_holes_cost_no_batch() -> None:
    """NULs before a line are left out of it, and count to the way from the line before."""
    found = whole_lines(b"\0one\n\0\0two\n\n\0\n\0", 100, at_start=True)
    assert (found.skipped, found.data, found.used) == (1, b"one\ntwo\n\n\n", 14)
    assert found.strides == (6, 4, 2, 1)
    assert len(drain(follow(Bytes(b"a\n\0" * 1000)))) == 1

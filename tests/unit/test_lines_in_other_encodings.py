"""Files that are not UTF-8: every line, its number and its offset are those of the file, read in whole batches."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.sources.files.content import Stat
from detector.sources.files.follow import CHUNK_BYTES, Follower
from detector.sources.files.position import Position, decode
from detector.sources.files.start import line_start_before
from detector.sources.files.transcode import codec_of
from rules.engine import Engine, lines_of
from rules.event import Batch
from rules.settings import EngineSettings
from rules.sigma.model import RuleSet

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
MAX_LINE_BYTES = 100
Told = tuple[int, int, bytes]  #: number, offset, text

#: Letters of one, two, three and four bytes in UTF-8; line ends and what looks like one in the wrong half; halves of
#: pairs; marks and NULs where they do not belong; lines to be cut.
PIECES = ("a", "größe", "世界", "\U0001f642", "\n", "\r\n", "\u0a0d", "\u0d0a", "\u0a00", "\ud83d", "\ude42", "\ufeff")
texts = st.lists(st.sampled_from([*PIECES, "\0", "x" * 150, "世" * 40, "\U0001f642" * 30])).map("".join)


class Bytes:
    """A file in memory, of which the first bytes are written."""

    def __init__(self, data: bytes, size: int | None = None) -> None:
        self.data = data
        self.size = len(data) if size is None else size

    def read_at(self, offset: int, size: int) -> bytes:
        return self.data[: self.size][offset : offset + size]

    def stat(self) -> Stat:
        return Stat(min(self.size, len(self.data)), self.size, 1, 1, 1)

    def close(self) -> None:
        pass


def by_hand(data: bytes, codec: str, mark: int) -> Iterator[Told]:
    """The lines of a file, read character by character; NULs before a line are none of its."""
    newline = "\n".encode(codec)
    number, start, nul = 1, mark, bytes(len(newline))
    for at in range(mark, len(data) - len(newline) + 1, len(newline)):
        if data[at : at + len(nul)] == nul and at == start:
            start += len(nul)
        if data[at : at + len(newline)] == newline:
            yield number, start, data[start:at].decode(codec, "replace").encode()[:MAX_LINE_BYTES]
            number, start = number + 1, at + len(newline)


def follower_of(content: Bytes, encoding: str, position: Position | None = None, chunk_bytes: int = 64) -> Follower:
    follower = Follower(
        source="s",
        stream="t",
        position=position or Position(path="/p", base="/p"),
        max_line_bytes=MAX_LINE_BYTES,
        encoding=encoding,
        chunk_bytes=chunk_bytes,
    )
    follower.attach(content)
    return follower


def drained(follower: Follower) -> list[Batch]:
    batches = []
    while True:
        result = follower.read(NOW)
        if isinstance(result, Batch):
            batches.append(result)
        elif result.value != "more":
            assert result.value == "end"
            return batches


def told(batches: list[Batch]) -> list[Told]:
    """What the engine makes of the batches."""
    return [(number, offset, raw) for batch in batches for _, number, offset, raw in lines_of(batch)]


@given(
    text=texts,
    codec=st.sampled_from([*MARKS, "latin-1"]),
    is_marked=st.booleans(),
    half=st.sampled_from([b"", b"\n", b"a"]),
    steps=st.lists(st.tuples(st.integers(1, 200), st.booleans())),
    chunk_bytes=st.sampled_from([64, 200, 1000]),
)
def test_lines_are_those_that_one_reads_by_hand(
    text: str, codec: str, is_marked: bool, half: bytes, steps: list[tuple[int, bool]], chunk_bytes: int
) -> None:
    """Whatever is written, in whatever portions, and wherever reading was stopped and begun again."""
    mark = MARKS[codec] if is_marked and codec in MARKS else b""
    data = mark + _encoded(text, codec) + half
    content, encoding = Bytes(data, 0), "auto" if mark else codec
    follower, batches = follower_of(content, encoding, None, chunk_bytes), []
    for size, is_restart in [*steps, (len(data), False)]:
        content.size += size
        batches += drained(follower)
        if is_restart:
            position = decode(batches[-1].after, source="s", stream="t") if batches else None
            follower = follower_of(content, encoding, position, chunk_bytes)
    begun = 2 if data[:2] in MARKS.values() and codec in MARKS else 0
    assert told(batches) == list(by_hand(data, codec, begun))


def _encoded(text: str, codec: str) -> bytes:
    if codec in MARKS:
        return text.encode(codec, "surrogatepass")
    return text.encode(codec, "ignore")


@given(texts, st.sampled_from([*MARKS]))
def test_what_follows_the_last_line_end_becomes_a_line(text: str, codec: str) -> None:
    """Of a file that is left; half a character at its very end is told as one that nobody can read."""
    data = MARKS[codec] + _encoded(text.replace("\n", "").replace("\0", "") + "end", codec) + b"a"
    follower = follower_of(Bytes(data), "auto", None, 1000)
    assert drained(follower) == []
    last = follower.finish(NOW)
    assert last is not None
    wanted = data[2:].decode(codec, "replace").encode()
    assert told([last]) == [(1, 2, wanted[:MAX_LINE_BYTES])]
    assert decode(last.after, source="s", stream="t").offset == len(data)


@pytest.mark.parametrize("codec", MARKS)
def test_a_chunk_of_lines_is_one_batch(codec: str) -> None:
    """Hostile lines make no batch of their own: not short ones, not halves of letters, not NULs between them."""
    lines = ("\n" * 500 + "\ud83d" * 400 + "\n" + "a\n\0" * 500 + "größe\n\u0a00\n" * 500).encode(
        codec, "surrogatepass"
    )
    batches = drained(follower_of(Bytes(MARKS[codec] + lines), "auto", None, CHUNK_BYTES))
    assert len(batches) == 1
    assert told(batches) == list(by_hand(MARKS[codec] + lines, codec, 2))


@pytest.mark.parametrize("text", ["\n", "a\n", "世\n", "世" * 50 + "\n", "\ud83d\n", "\u0a00\n", "\U0001f642\n", "ü\n"])
@pytest.mark.parametrize("codec", [*MARKS, "latin-1"])
def test_a_batch_stays_bounded(text: str, codec: str) -> None:
    """At most 512 KiB of lines, however little of UTF-16 makes however much of UTF-8, and ends at a line's end."""
    lines = _encoded(text, codec)
    content = Bytes(lines * (2 * CHUNK_BYTES // len(lines)))
    batches = drained(follower_of(content, codec, None, CHUNK_BYTES))
    assert max(len(batch.data) for batch in batches) <= 512 * 1024
    ends = [decode(batch.after, source="s", stream="t").offset for batch in batches]
    assert all(end % len(lines) == 0 for end in ends)
    assert len(batches) <= 3
    assert ends[-1] == content.size


@pytest.mark.parametrize("codec", MARKS)
@pytest.mark.parametrize("letter", ["a", "世", "\U0001f642", "\u0a0a", "\ud83d"])
def test_a_line_longer_than_a_chunk_is_one_line(codec: str, letter: str) -> None:
    """Nobody makes a line of his own by writing so much that a reader takes what follows for the next one."""
    long = letter * CHUNK_BYTES + "Mar  1 00:00:00 web1 sshd[1]: forged"
    data = MARKS[codec] + f"one\n{long}\nthree\n".encode(codec, "surrogatepass")
    batches = drained(follower_of(Bytes(data), "auto", None, CHUNK_BYTES))
    assert told(batches) == list(by_hand(data, codec, 2))
    cut = dict(batches[1].starts.cuts)[0]
    kept = len(batches[1].data.removesuffix(b"\n").decode("utf-8", "ignore").encode(codec))
    assert kept + cut == len(long.encode(codec, "surrogatepass"))


def test_lines_before_the_first_are_counted_by_characters() -> None:
    """Reading that begins in the middle counts line ends, not bytes that look like one."""
    before = "\u0a0a\n\u0a0d\n"
    data = (before + "new\n").encode("utf-16-le")
    position = Position(path="/p", base="/p", offset=len(before) * 2, line=0)
    assert told(drained(follower_of(Bytes(data), "utf-16-le", position))) == [(3, len(before) * 2, b"new")]


def test_what_was_cut_is_told_in_bytes_of_the_file() -> None:
    """A line past max_line_bytes is marked with what the batch does not hold of it."""
    codec = codec_of("utf-16-le", b"")
    found = codec.take(("é" * 60 + "\nshort\n").encode("utf-16-le"), MAX_LINE_BYTES, at_start=False)
    assert found.data == "é".encode() * 50 + b"\nshort\n"
    assert (found.cuts, found.strides) == (((0, 20),), (122, 12))


def test_a_line_that_is_left_out_moves_no_other() -> None:
    """What the engine skips, and what it says of it, has its place in the file."""
    data = MARKS["utf-16-be"] + "größe\n世界\n\0\0deadly\nlast\n".encode("utf-16-be")
    (batch,) = drained(follower_of(Bytes(data), "auto", None, 1000))
    outcome = Engine(EngineSettings(), RuleSet()).feed(replace(batch, skip=frozenset({2})))
    (left_out,) = outcome.internal
    assert (left_out.line, left_out.offset, left_out.raw) == (3, data.index(b"\0d"), b"deadly")


@pytest.mark.parametrize("codec", MARKS)
@pytest.mark.parametrize(
    ("before", "begun"), [("one\n", "tw"), ("", "on"), ("\u0a0a\n", "\u0a00\u0a0a" * 50_000), ("one\n", "")]
)
def test_reading_begins_at_the_start_of_the_last_line(codec: str, before: str, begun: str) -> None:
    """Of a file that is begun at its end, the line that is being written is read whole, and no byte for a line end."""
    data = MARKS[codec] + (before + begun).encode(codec) + b"\n"
    start = line_start_before(Bytes(data), len(data), 1_000_000, codec_of("auto", data[:2]))
    assert start == (len(MARKS[codec] + before.encode(codec)) if before else 0)

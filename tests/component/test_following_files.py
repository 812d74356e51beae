"""Every fault that a followed file can suffer, with numbered lines and "each exactly once"."""

# ruff: noqa: ASYNC240  (the tests are the writers and rotators; nothing else waits for this loop)

import asyncio
import gzip
import logging
import os
import shutil
import tracemalloc
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.tailing import Tail, numbered, numbers

from detector.sources.source import RequiredFileMissing, StreamState

MakeTail = Callable[..., Tail]


@pytest.fixture(params=["polling", "inotify"])
async def make_tail(request: pytest.FixtureRequest) -> AsyncIterator[MakeTail]:
    """Builds a followed source; each test runs with and without directory watches."""
    tails: list[Tail] = []

    def make(*paths: Path | str, **settings: Any) -> Tail:
        tails.append(Tail(*paths, watch=request.param == "inotify", **settings))
        return tails[-1]

    yield make
    for tail in tails:
        await tail.stop()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "a.log"


def append(path: Path, first: int, last: int) -> None:
    with path.open("a") as file:
        file.write(numbered(first, last))


async def expect(tail: Tail, last: int, *, first: int = 1, looks: int = 3) -> None:
    """All lines from *first* to *last*, each exactly once, and in this order."""
    for _ in range(looks):
        await tail.look()
    assert numbers(tail.lines) == list(range(first, last + 1))


def states(tail: Tail) -> dict[str, StreamState]:
    return {Path(stream.origin).name: stream.state for stream in tail.source.status().streams}


# -- growing ---------------------------------------------------------------------------------------------------


async def test_lines_are_read_as_they_are_appended(make_tail: MakeTail, log: Path) -> None:
    """What is appended is read once, in order, with line numbers and offsets."""
    append(log, 1, 3)
    tail = make_tail(log)
    await tail.look()
    append(log, 4, 5)
    await expect(tail, 5)
    assert [(batch.starts.line, batch.starts.offset) for batch in tail.batches] == [(1, 0), (4, len(numbered(1, 3)))]
    assert {batch.origin for batch in tail.batches} == {str(log)}


async def test_a_partial_last_line_waits(make_tail: MakeTail, log: Path) -> None:
    """A line without its end is not handed on, and the offset stays at its start, across a restart."""
    log.write_text(numbered(1, 1) + numbered(2, 2)[:10])
    tail = make_tail(log)
    await expect(tail, 1)
    await tail.restart()
    await expect(tail, 1)
    with log.open("a") as file:
        file.write(numbered(2, 2)[10:])
    await expect(tail, 2)


async def test_a_line_comes_by_a_watch_alone(log: Path) -> None:
    """With directory watches no rescan is needed to read what was appended."""
    append(log, 1, 1)
    async with Tail(log, watch=True, poll_seconds=3600) as tail:
        await tail.look()
        append(log, 2, 2)
        async with asyncio.timeout(10):
            await tail.until(2)
        assert tail.source.status().counters.wake_ups > 0
        assert tail.source.status().counters.rescans == 1


async def test_nothing_is_read_that_nobody_asked_for(log: Path) -> None:
    """The reader is pulled: a consumer that stops asking stops the reading, and the file is the buffer."""
    log.write_text(numbered(1, 40_000))
    async with Tail(log) as tail:
        batches = tail.source.batches()
        first = await anext(batches)
        assert len(first.data) <= 512 * 1024
        assert tail.source.status().streams[0].offset == len(first.data)
        await batches.aclose()


async def test_a_line_of_a_hundred_mebibytes_costs_no_memory(log: Path) -> None:
    """A 100 MiB line is cut, marked and counted; its neighbours are read; memory stays bounded."""
    with log.open("wb") as file:
        file.write(numbered(1, 1).encode())
        for _ in range(100):
            file.write(b"x" * 1024 * 1024)
        file.write(b"\n" + numbered(2, 2).encode())
    async with Tail(log) as tail:
        tracemalloc.start()
        await tail.look()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert [len(line) for line in tail.lines] == [len(numbered(1, 1)) - 1, 1024 * 1024, len(numbered(2, 2)) - 1]
        assert tail.batches[1].starts.cuts == ((0, 99 * 1024 * 1024),)
        assert tail.source.status().counters.over_long == 1
        assert peak < 8 * 1024 * 1024


async def test_odd_bytes_are_lines_like_others(make_tail: MakeTail, log: Path) -> None:
    """Invalid UTF-8, CRLF and U+2028 neither split nor stop anything; raw bytes are kept."""
    raw = b"bad \xff\xfe bytes\n" + b"crlf\r\n" + "line\u2028separator\x0b\x0c\x85\n".encode() + b"\n"
    log.write_bytes(b"text\n" * 30 + raw)
    tail = make_tail(log)
    await tail.look()
    assert b"".join(batch.data for batch in tail.batches) == b"text\n" * 30 + raw


async def test_a_utf_16_log_is_read_across_a_restart(make_tail: MakeTail, log: Path) -> None:
    """A UTF-16 log is recognised by its byte order mark, also when reading goes on in its middle."""
    log.write_bytes(("\ufeff" + numbered(1, 4)).encode("utf-16-le"))
    tail = make_tail(log)
    await tail.look()
    await tail.restart()
    with log.open("ab") as file:
        file.write(numbered(5, 6).encode("utf-16-le"))
    await expect(tail, 6)


async def test_a_binary_file_is_named_and_not_read(make_tail: MakeTail, tmp_path: Path) -> None:
    """What is not text is shown as ignored with a reason, and its neighbours are read."""
    shutil.copyfile("/bin/true", tmp_path / "b.log")
    append(tmp_path / "a.log", 1, 3)
    tail = make_tail(tmp_path / "*.log")
    await expect(tail, 3)
    ignored = next(stream for stream in tail.source.status().streams if stream.origin.endswith("b.log"))
    assert ignored.state is StreamState.IGNORED
    assert "not text" in ignored.detail


async def test_dirt_at_the_beginning_makes_no_log_less_of_one(make_tail: MakeTail, log: Path) -> None:
    """A log that begins with what is not text is read from there once lines follow: nobody is blinded by a line."""
    dirt = b"\x01\x02\x03" * 1000 + b"\n"
    log.write_bytes(dirt)
    tail = make_tail(log)
    await tail.look()
    assert [stream.state for stream in tail.source.status().streams] == [StreamState.IGNORED]
    with log.open("ab") as file:
        file.write(b"a line of an honest program\n" * 10)
    await tail.look()
    assert b"".join(batch.data for batch in tail.batches) == dirt + b"a line of an honest program\n" * 10


# -- rotation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [False, True])
async def test_a_renamed_file_is_read_to_its_end(make_tail: MakeTail, log: Path, down: bool) -> None:
    """Rename and create, with the writer still on the old descriptor for a while."""
    append(log, 1, 5)
    tail = make_tail(log)
    await tail.look()
    if down:
        await tail.stop()
    writer = log.open("a")
    log.rename(log.with_suffix(".log.1"))
    writer.write(numbered(6, 8))
    writer.close()
    append(log, 9, 12)
    if down:
        await tail.restart()
    await expect(tail, 12)


async def test_a_writer_that_stays_on_the_old_file_is_read(make_tail: MakeTail, log: Path) -> None:
    """Lines written to the renamed file after the new one was begun are read, and those after rotate_wait, too."""
    append(log, 1, 5)
    tail = make_tail(log, rotate_wait_seconds=10)
    await tail.look()
    with log.open("a") as writer:
        log.rename(log.with_suffix(".log.1"))
        append(log, 6, 7)
        await tail.look()
        writer.write(numbered(8, 9))
        writer.flush()
        await tail.look()
        await tail.look(11)
        await tail.look(11)
        writer.write(numbered(10, 10))
        writer.flush()
        await expect(tail, 10)


async def test_the_last_line_of_a_rotated_file_needs_no_end(make_tail: MakeTail, log: Path) -> None:
    """A rotated file that ends without a line end: its last line is read once its end has been stable."""
    log.write_text(numbered(1, 2)[:-1])
    tail = make_tail(log, rotate_wait_seconds=10)
    await tail.look()
    log.rename(log.with_suffix(".log.1"))
    append(log, 3, 3)
    await tail.look()
    assert numbers(tail.lines) == [1, 3]
    await tail.look(11)
    await tail.look(11)
    assert numbers(tail.lines) == [1, 3, 2]
    await tail.restart()
    await tail.look(30)
    await tail.look(30)
    assert numbers(tail.lines) == [1, 3, 2]


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("pattern", ["a.log", "a.log*"])
@pytest.mark.parametrize("refill", [0, 3, 90])
async def test_copytruncate_counts_nothing_twice(
    make_tail: MakeTail, log: Path, down: bool, pattern: str, refill: int
) -> None:
    """The copy is not read again, its unread tail is, and the cut file is read from its beginning.

    Also when the file has grown past the old offset before we look.
    """
    append(log, 1, 40)
    tail = make_tail(log.parent / pattern)
    await tail.look()
    if down:
        await tail.stop()
    append(log, 41, 43)
    shutil.copyfile(log, log.with_suffix(".log.1"))
    os.truncate(log, 0)
    append(log, 44, 43 + refill)
    if down:
        await tail.restart()
    await expect(tail, 43 + refill)


async def test_a_copy_that_is_being_written_is_never_read(make_tail: MakeTail, log: Path) -> None:
    """A look at any point of a copytruncate finds nothing to read twice, though we read what the copy lacks."""
    append(log, 1, 100)
    tail = make_tail(log.parent / "a.log*")
    await tail.look()
    whole = log.read_bytes()
    copy = log.with_suffix(".log.1")
    for part in (0, 10, 700, 1500, 4000, len(whole)):
        copy.write_bytes(whole[:part])
        await expect(tail, 100, looks=1)
    assert states(tail)["a.log.1"] is StreamState.COPY
    append(log, 101, 102)
    await tail.look()
    os.truncate(log, 0)
    append(log, 103, 104)
    await expect(tail, 104)
    await tail.restart()
    append(log, 105, 105)
    await expect(tail, 105)
    assert tail.source.status().counters.lost_tails == 0


@pytest.mark.parametrize("how", ["rename", "copytruncate"])
async def test_fifteen_rotations_keep_three_files(make_tail: MakeTail, log: Path, how: str) -> None:
    """Files that are shifted, deleted and given inodes again are never taken for one another."""
    tail = make_tail(log.parent / "a.log*", rotate_wait_seconds=2)
    last = 0
    for turn in range(15):
        append(log, last + 1, last + 30)
        last += 30
        if turn % 3:
            await tail.look()
        for number in (3, 2, 1):
            old = log.with_suffix(f".log.{number}")
            if old.exists() and number == 3:
                await tail.look()
                await tail.look()
                old.unlink()
            elif old.exists():
                old.rename(log.with_suffix(f".log.{number + 1}"))
        if how == "rename":
            log.rename(log.with_suffix(".log.1"))
        else:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
        if turn % 4 == 0:
            await tail.restart()
    await tail.look()
    await tail.look()
    assert sorted(numbers(tail.lines)) == list(range(1, last + 1))


@pytest.mark.parametrize("pattern", ["a.log", "a.log*"])
async def test_several_rotations_while_down(make_tail: MakeTail, log: Path, pattern: str) -> None:
    """Files that came and were rotated while we were down are read, oldest first."""
    append(log, 1, 5)
    tail = make_tail(log.parent / pattern)
    await tail.look()
    await tail.stop()
    append(log, 6, 7)
    for turn in range(3):
        for number in (3, 2, 1):
            old = log.with_suffix(f".log.{number}")
            if old.exists():
                old.rename(log.with_suffix(f".log.{number + 1}"))
        log.rename(log.with_suffix(".log.1"))
        append(log, 8 + 2 * turn, 9 + 2 * turn)
        os.utime(log, ns=(log.stat().st_atime_ns, log.stat().st_mtime_ns + turn))
    await tail.restart()
    await expect(tail, 13)


async def test_several_rotations_between_two_looks(make_tail: MakeTail, log: Path) -> None:
    """A file that lived at the path between two looks only is read all the same."""
    append(log, 1, 5)
    tail = make_tail(log)
    await tail.look()
    log.rename(log.with_suffix(".log.2"))
    append(log, 6, 8)
    log.rename(log.with_suffix(".log.1"))
    append(log, 9, 10)
    await tail.look()
    await tail.look()
    assert sorted(numbers(tail.lines)) == list(range(1, 11))


@pytest.mark.parametrize("down", [False, True])
async def test_a_compressed_file_with_an_unread_tail(make_tail: MakeTail, log: Path, down: bool) -> None:
    """Rotated, written to, compressed and deleted before we looked: the rest comes out of the .gz file."""
    append(log, 1, 50)
    tail = make_tail(log)
    await tail.look()
    if down:
        await tail.stop()
    append(log, 51, 60)
    old, packed = log.with_suffix(".log.1"), log.with_suffix(".log.1.gz")
    log.rename(old)
    pack(old, packed)
    append(log, 61, 65)
    if down:
        await tail.restart()
    await expect(tail, 65)
    await tail.restart()
    await expect(tail, 65)


async def test_a_compressed_file_that_was_read_is_left_alone(make_tail: MakeTail, log: Path) -> None:
    """Delayed compression of what was read long ago reads nothing again, and half a .gz file stops nothing."""
    append(log, 1, 50)
    tail = make_tail(log.parent / "a.log*", rotate_wait_seconds=2)
    await tail.look()
    old, packed = log.with_suffix(".log.1"), log.with_suffix(".log.1.gz")
    log.rename(old)
    append(log, 51, 55)
    await tail.look()
    packed.write_bytes(gzip.compress(old.read_bytes())[:-20])
    await tail.look()
    pack(old, packed)
    await expect(tail, 55)
    await tail.look(5)
    await tail.restart()
    await expect(tail, 55)
    assert states(tail)["a.log.1.gz"] is StreamState.IGNORED


async def test_a_short_rotated_file_that_stood_alone(make_tail: MakeTail, log: Path) -> None:
    """Rotated before the first look, then compressed: its one line is known by the names alone and read once."""
    first, second = log.with_suffix(".log.1"), log.with_suffix(".log.2.gz")
    append(first, 1, 1)
    tail = make_tail(log.parent / "a.log*")
    await expect(tail, 1)
    pack(first, second)
    append(first, 2, 2)
    await tail.restart()
    await expect(tail, 2)


def pack(old: Path, packed: Path) -> None:
    """As gzip does it: the change time goes along, and then the original goes."""
    stat = old.stat()
    packed.write_bytes(gzip.compress(old.read_bytes()))
    os.utime(packed, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    old.unlink()


async def test_a_hole_after_truncation(make_tail: MakeTail, log: Path) -> None:
    """A writer that goes on at its old offset in a file that was cut leaves NULs, which are no line."""
    tail = make_tail(log)
    with log.open("w") as writer:
        writer.write(numbered(1, 30))
        writer.flush()
        await tail.look()
        os.truncate(log, 0)
        writer.write(numbered(31, 33))
        writer.flush()
        await tail.look()
        writer.write(numbered(34, 35))
    await expect(tail, 35)


@pytest.mark.parametrize("down", [False, True])
async def test_an_inode_that_comes_back_is_no_identity(make_tail: MakeTail, log: Path, down: bool) -> None:
    """Deleted and created again under the same inode: read from the beginning."""
    last = 0
    tail = make_tail(log)
    for _ in range(5):
        append(log, last + 1, last + 20)
        last += 20
        await tail.look()
        await tail.stop() if down else await tail.look(100)
        log.unlink()
        if down:
            await tail.restart()
        else:
            await tail.look(100)
    assert numbers(tail.lines) == list(range(1, 101))


async def test_a_file_replaced_by_an_editor_goes_on(make_tail: MakeTail, log: Path) -> None:
    """Written anew beside and renamed over the old one with the same lines: reading goes on where it was."""
    append(log, 1, 20)
    tail = make_tail(log)
    await tail.look()
    append(log, 21, 22)
    anew = log.with_suffix(".new")
    shutil.copyfile(log, anew)
    append(anew, 23, 24)
    anew.rename(log)
    await expect(tail, 24)


async def test_a_file_replaced_by_an_editor_before_much_was_read(make_tail: MakeTail, log: Path) -> None:
    """What the old file still holds unread is read first; then it is known well enough to go on in the new one."""
    append(log, 1, 1)
    tail = make_tail(log)
    await tail.look()
    append(log, 2, 3)
    anew = log.with_suffix(".new")
    shutil.copyfile(log, anew)
    append(anew, 4, 5)
    anew.rename(log)
    await expect(tail, 5)


async def test_a_file_and_its_copy_seen_at_once(make_tail: MakeTail, log: Path) -> None:
    """Of a file and a copy of it that both are new, the file that is written to is followed."""
    tail = make_tail(log.parent / "a.log*")
    await tail.look()
    append(log, 1, 40)
    shutil.copyfile(log, log.with_suffix(".log.1"))
    await tail.look()
    append(log, 41, 43)
    await expect(tail, 43)
    assert states(tail) == {"a.log": StreamState.OK, "a.log.1": StreamState.COPY}


async def test_a_symlink_that_is_moved_on(make_tail: MakeTail, tmp_path: Path) -> None:
    """A link that points to another file leads to it, and back to where the first one was left."""
    one, two, link = tmp_path / "one", tmp_path / "two", tmp_path / "current.log"
    append(one, 1, 5)
    link.symlink_to(one)
    tail = make_tail(link, rotate_wait_seconds=2)
    await tail.look()
    append(one, 6, 6)
    append(two, 7, 9)
    point(link, two)
    await tail.look()
    await tail.look()
    await tail.look(5)
    append(one, 10, 10)
    point(link, one)
    await tail.look()
    assert sorted(numbers(tail.lines)) == list(range(1, 11))


def point(link: Path, target: Path) -> None:
    fresh = link.with_suffix(".fresh")
    fresh.symlink_to(target)
    fresh.rename(link)


async def test_two_files_with_the_same_first_kibibyte(make_tail: MakeTail, tmp_path: Path) -> None:
    """Equal heads alone make no file the copy of another, also across a restart."""
    head = "# the same header in every file\n" * 50
    (tmp_path / "a.log").write_text(head + numbered(1, 5))
    (tmp_path / "b.log").write_text(head + numbered(6, 9))
    tail = make_tail(tmp_path / "*.log")
    await tail.look()
    await tail.restart()
    append(tmp_path / "b.log", 10, 12)
    append(tmp_path / "a.log", 13, 14)
    await tail.look()
    lines = [line for line in tail.lines if not line.startswith("#")]
    assert sorted(numbers(lines)) == list(range(1, 15))
    assert len(tail.lines) == 114


async def test_files_that_are_equal_until_they_differ(make_tail: MakeTail, tmp_path: Path) -> None:
    """A file equal to a followed one is taken for a copy only for as long as it is one."""
    one, two = tmp_path / "a.log", tmp_path / "b.log"
    one.write_text("started\n")
    two.write_text("started\n")
    tail = make_tail(tmp_path / "*.log")
    await tail.look()
    append(one, 1, 2)
    append(two, 3, 4)
    await tail.look()
    await tail.look()
    assert sorted(numbers([line for line in tail.lines if line != "started"])) == [1, 2, 3, 4]
    assert tail.lines.count("started") == 2


# -- where to begin --------------------------------------------------------------------------------------------


async def test_a_source_never_seen_starts_at_the_end_after_a_look_back(make_tail: MakeTail, log: Path) -> None:
    """What was there is history, what comes is live, with line numbers as in the file; also after a restart."""
    append(log, 1, 100)
    tail = make_tail(log, known=False, look_back_bytes=len(numbered(1, 10)))
    tail.commits_left = 1
    await tail.look()
    assert tail.positions  # the start is stored before anything is read
    tail.commits_left = None
    await tail.restart()
    await tail.look()
    append(log, 101, 103)
    await expect(tail, 103, first=91)
    assert [(batch.history, batch.starts.line) for batch in tail.batches] == [(True, 91), (False, 101)]
    assert [batch.backlog for batch in tail.batches] == [True, False]


async def test_a_source_never_seen_reads_all_if_told(make_tail: MakeTail, log: Path) -> None:
    """start = "beginning" reads files from their first line, live; rotated ones are not what path names."""
    append(log.with_suffix(".log.1"), 500, 510)
    append(log, 1, 10)
    tail = make_tail(log, known=False, start="beginning")
    await expect(tail, 10)
    assert not any(batch.history for batch in tail.batches)
    await tail.restart()
    await expect(tail, 10)


async def test_old_files_are_no_news(make_tail: MakeTail, tmp_path: Path) -> None:
    """What was last written longer ago than ignore_older is not read, neither as history nor when it appears later."""
    there, later = tmp_path / "a.log", tmp_path / "b.log"
    append(there, 1, 5)
    os.utime(there, (0, 0))
    tail = make_tail(tmp_path / "*.log", known=False)
    await tail.look()
    append(later, 6, 9)
    os.utime(later, (0, 0))
    await tail.look()
    append(there, 10, 11)
    append(later, 12, 12)
    await tail.look()
    assert numbers(tail.lines) == [10, 11, 12]
    assert not any(batch.history for batch in tail.batches)


async def test_a_file_that_appears_later_is_read_from_its_beginning(make_tail: MakeTail, tmp_path: Path) -> None:
    """Under a source that is known, a new file is news from its first line."""
    tail = make_tail(tmp_path / "*.log", known=False)
    await tail.look()
    append(tmp_path / "b.log", 1, 5)
    await expect(tail, 5)
    assert not any(batch.history for batch in tail.batches)


# -- what cannot be read ---------------------------------------------------------------------------------------


async def test_a_missing_file_is_waited_for(make_tail: MakeTail, tmp_path: Path) -> None:
    """A path without a file, or without a folder, is shown as missing, looked for again, and read when it comes."""
    log = tmp_path / "later" / "a.log"
    tail = make_tail(log, known=False)
    await tail.look()
    assert states(tail) == {"a.log": StreamState.MISSING}
    assert tail.source.status().is_degraded
    log.parent.mkdir()
    append(log, 1, 3)
    await expect(tail, 3)
    assert states(tail) == {"a.log": StreamState.OK}


async def test_a_file_that_goes_is_shown_as_vanished(make_tail: MakeTail, log: Path) -> None:
    """A followed file that is deleted is read to its end, shown as vanished, and read anew when it comes back."""
    append(log, 1, 3)
    tail = make_tail(log, rotate_wait_seconds=2)
    await tail.look()
    append(log, 4, 4)
    log.unlink()
    await tail.look()
    await tail.look(5)
    await tail.look()
    assert states(tail) == {"a.log": StreamState.VANISHED}
    append(log, 5, 6)
    await expect(tail, 6)


async def test_a_file_that_cannot_be_opened_is_tried_again(make_tail: MakeTail, tmp_path: Path) -> None:
    """Permission lost and restored: shown with the reason, others are read, nothing is lost or read twice."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 == 0:  # pytest's own folders, closed to others
            folder.chmod(0o755)
    one, two = tmp_path / "a.log", tmp_path / "b.log"
    append(one, 1, 3)
    tail = make_tail(tmp_path / "*.log")
    await tail.look()
    await tail.restart()
    append(one, 4, 5)
    append(two, 6, 7)
    one.chmod(0)
    with nobody():
        await tail.look()
        await tail.look()
        assert states(tail) == {"a.log": StreamState.UNREADABLE, "b.log": StreamState.OK}
        assert numbers(tail.lines) == [1, 2, 3, 6, 7]
        assert tail.source.status().counters.failures == 1
    one.chmod(0o644)
    with nobody():
        await tail.look()
        await tail.look()
    assert numbers(tail.lines) == [1, 2, 3, 6, 7, 4, 5]
    assert states(tail)["a.log"] is StreamState.OK


async def test_a_folder_that_cannot_be_entered_for_a_while(make_tail: MakeTail, tmp_path: Path) -> None:
    """While the path cannot be reached the open file is read on, and nothing counts as rotated."""
    folder = tmp_path / "logs"
    folder.mkdir()
    append(folder / "a.log", 1, 3)
    tail = make_tail(folder / "a.log", rotate_wait_seconds=2)
    await tail.look()
    with (folder / "a.log").open("a") as writer:
        folder.rename(tmp_path / "hidden")
        folder.symlink_to("logs")  # a link to itself: neither root nor anyone else gets through
        writer.write(numbered(4, 4) + numbered(5, 5)[:10])
        writer.flush()
        await expect(tail, 4, looks=5)
        assert states(tail) == {"a.log": StreamState.UNREADABLE}
        folder.unlink()
        (tmp_path / "hidden").rename(folder)
        writer.write(numbered(5, 5)[10:])
    await expect(tail, 5)
    assert states(tail) == {"a.log": StreamState.OK}
    assert tail.source.status().counters.rotations == 0


async def test_rotations_of_a_path_that_is_no_longer_named_are_left_alone(tmp_path: Path) -> None:
    """After the configuration names another path, files rotated away from the old one are not read."""
    old, new = tmp_path / "old.log", tmp_path / "new.log"
    append(old, 1, 3)
    append(new, 4, 5)
    async with Tail(old) as tail:
        await tail.look()
        tail.settings = replace(tail.settings, paths=(str(new),))
        append(old, 900, 905)
        old.rename(tmp_path / "old.log.1")
        await tail.restart()
        await expect(tail, 5)


async def test_a_path_that_is_no_file_is_named(make_tail: MakeTail, tmp_path: Path) -> None:
    """A folder, a FIFO or a loop of links at the path is shown as unreadable and stops nothing."""
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "fifo.log")
    (tmp_path / "loop.log").symlink_to("loop.log")
    append(tmp_path / "a.log", 1, 2)
    tail = make_tail(tmp_path / "folder.log", tmp_path / "fifo.log", tmp_path / "loop.log", tmp_path / "a.log")
    await expect(tail, 2)
    assert [state for name, state in sorted(states(tail).items())] == [StreamState.OK, *[StreamState.UNREADABLE] * 3]


async def test_a_required_source_without_a_file_refuses_to_start(log: Path) -> None:
    """required = true and nothing to read: the message names the source, the path and the way out."""
    async with Tail(log, known=False, required=True) as tail:
        with pytest.raises(RequiredFileMissing, match=r"source 'test'.*a\.log: no such file.*required = false"):
            await tail.look()


# -- many files, few descriptors, no watches -------------------------------------------------------------------


async def test_a_thousand_files_in_a_new_folder(make_tail: MakeTail, tmp_path: Path) -> None:
    """New folders and 1,000 files at once are all found and read, with few of them open at a time."""
    tail = make_tail(tmp_path / "**" / "*.log", known=True, max_open_files=50)
    await tail.look()
    for number in range(1, 1001):
        folder = tmp_path / f"d{number % 10}"
        folder.mkdir(exist_ok=True)
        append(folder / f"{number}.log", number, number)
    await tail.look()
    assert sorted(numbers(tail.lines)) == list(range(1, 1001))
    assert len(list(Path("/proc/self/fd").iterdir())) < 150
    for number in range(1001, 2001, 100):
        append(tmp_path / f"d{number % 10}" / f"{number - 1000}.log", number, number)
    await tail.restart()
    await tail.look()
    assert sorted(numbers(tail.lines)) == sorted([*range(1, 1001), *range(1001, 2001, 100)])


async def test_folders_that_cannot_be_watched_are_polled(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit of watches the rescan does all the work, and the fallback is counted."""
    monkeypatch.setattr("detector.sources.files.watch.MAX_FOLDERS", 0)
    append(log, 1, 3)
    async with Tail(log, watch=True) as tail:
        await expect(tail, 3)
        append(log, 4, 5)
        await expect(tail, 5)
        assert tail.source.status().counters.fallbacks == 1


async def test_dropped_watch_events_are_counted_and_made_up_for(log: Path) -> None:
    """When the kernel drops events, that is counted and a look at all paths follows."""
    append(log, 1, 3)
    async with Tail(log, watch=True, poll_seconds=3600) as tail:
        await tail.look()
        logging.getLogger("watchdog.observers.inotify_c").warning(
            "Inotify queue overflowed; filesystem events were lost"
        )
        async with asyncio.timeout(10):
            await tail.clock.woken()
        await tail.look(0.2)
        counters = tail.source.status().counters
        assert (counters.overflows, counters.rescans) == (1, 2)


async def test_a_relative_path_is_taken_from_the_working_directory(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path works, and origins are absolute."""
    monkeypatch.chdir(log.parent)
    append(log, 1, 3)
    async with Tail("a.log") as tail:
        await expect(tail, 3)
        assert tail.batches[0].origin == str(log)


async def test_a_clock_that_jumps_changes_nothing(make_tail: MakeTail, log: Path) -> None:
    """A wall clock set back or forth neither stops reading nor reads twice."""
    append(log, 1, 3)
    tail = make_tail(log)
    await tail.look()
    for jump in (-86_400 * 400, 86_400 * 800):
        tail.clock.shift += jump
        append(log, 4 if jump < 0 else 6, 5 if jump < 0 else 7)
        await tail.look()
    await expect(tail, 7)


async def test_a_kill_at_any_commit_loses_and_doubles_nothing(make_tail: MakeTail, log: Path) -> None:
    """Killed after every single commit, with rotations in between, each line is committed exactly once."""
    tail = make_tail(log.parent / "a.log*")
    last = 0
    for turn in range(60):
        append(log, last + 1, last + 5)
        last += 5
        if turn % 5 == 2:
            log.rename(log.with_suffix(f".log.{100 - turn}"))
        if turn % 5 == 4:
            shutil.copyfile(log, log.with_suffix(f".log.{100 - turn}"))
            os.truncate(log, 0)
        tail.commits_left = turn % 2
        await tail.look()
        await tail.restart()
    tail.commits_left = None
    await tail.look()
    await tail.look()
    assert sorted(numbers(tail.lines)) == list(range(1, last + 1))


class nobody:  # noqa: N801 (reads as a phrase)
    """Run as a user whom file permissions bind."""

    def __enter__(self) -> None:
        if os.geteuid() == 0:
            os.seteuid(65534)

    def __exit__(self, *_: object) -> None:
        if os.getuid() == 0:
            os.seteuid(0)

"""Following real files: append, partial lines, rotation, restart; each line exactly once."""

from pathlib import Path

import pytest
from support.tailing import Tail, numbered, numbers


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def expect(tail: Tail, last: int) -> None:
    assert numbers(tail.lines) == list(range(1, last + 1))


async def test_lines_are_read_as_they_are_appended(tmp_path: Path) -> None:
    """What is appended is read once, in order, with line numbers and offsets."""
    log = tmp_path / "a.log"
    log.write_text(numbered(1, 3))
    async with Tail(log) as tail:
        await tail.look()
        append(log, numbered(4, 5))
        await tail.look()
        expect(tail, 5)
        assert [(batch.starts.line, batch.starts.offset) for batch in tail.batches] == [
            (1, 0),
            (4, len(numbered(1, 3))),
        ]
        assert {batch.origin for batch in tail.batches} == {str(log)}


async def test_a_partial_last_line_waits(tmp_path: Path) -> None:
    """A line without its end is not handed on, and the offset stays at its start."""
    log = tmp_path / "a.log"
    log.write_text(numbered(1, 1) + numbered(2, 2)[:10])
    async with Tail(log) as tail:
        await tail.look()
        expect(tail, 1)
        await tail.restart()
        await tail.look()
        append(log, numbered(2, 2)[10:])
        await tail.look()
        expect(tail, 2)


@pytest.mark.parametrize("restart", [False, True])
async def test_a_renamed_file_is_read_to_its_end(tmp_path: Path, restart: bool) -> None:
    """Rotation by rename: the rest of the old file and all of the new one are read, also across a restart."""
    log = tmp_path / "a.log"
    log.write_text(numbered(1, 5))
    async with Tail(log) as tail:
        await tail.look()
        if restart:
            await tail.stop()
        writer = log.open("a")
        log.rename(tmp_path / "a.log.1")
        writer.write(numbered(6, 8))
        writer.close()
        log.write_text(numbered(9, 12))
        if restart:
            await tail.restart()
        await tail.look()
        expect(tail, 12)


@pytest.mark.parametrize("restart", [False, True])
async def test_copytruncate_counts_nothing_twice(tmp_path: Path, restart: bool) -> None:
    """The copy is not read again, its unread tail is, and the cut file is read from its beginning."""
    log = tmp_path / "a.log"
    log.write_text(numbered(1, 40))
    async with Tail(log) as tail:
        await tail.look()
        if restart:
            await tail.stop()
        append(log, numbered(41, 43))
        (tmp_path / "a.log.1").write_bytes(log.read_bytes())
        log.write_text("")
        append(log, numbered(44, 50))
        if restart:
            await tail.restart()
        await tail.look()
        await tail.look()
        expect(tail, 50)

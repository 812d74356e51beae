"""The journal as a source, with a real child process: each entry exactly once, whatever becomes of the child."""

# ruff: noqa: ASYNC110, ASYNC240  (the tests are the writers; nothing else waits for this loop)

import asyncio
import itertools
import json
import os
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.journal import entry, fake_journalctl, numbers, real_journal
from support.tailing import HandClock

from detector.sources.journal.journal_source import JournalSource
from detector.sources.journal.settings import JournalSettings
from detector.sources.source import CommittedPosition, RequiredFileMissing, SourceStatus, StreamState
from rules.event import Batch


class Reader:
    """Reads a source as the pipeline would, and keeps its position."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.journal = folder / "journal"
        self.journal.touch()
        told = {"command": fake_journalctl(folder, self.journal), "start": "beginning"} | settings
        self.settings = JournalSettings(name="journal", **told)
        self.clock = HandClock()
        self.batches: list[Batch] = []
        self.open()

    def open(self) -> None:
        """Begin, where the last batch ended."""
        last = self.batches[-1:]
        at = [CommittedPosition(stream=one.stream, origin=one.origin, position=one.after) for one in last]
        self.source = JournalSource(self.settings, self.clock, at, known=bool(last))

    async def read(self, until: Callable[[], bool], seconds: float = 10) -> None:
        """Read until *until*, and close."""

        async def on() -> None:
            async with aclosing(self.source.batches()) as batches:
                async for batch in batches:
                    self.batches.append(batch)
                    self.source.committed(batch.stream, batch.after)

        reading = asyncio.create_task(on())
        try:
            async with asyncio.timeout(seconds):
                while not until() and not reading.done():
                    await asyncio.sleep(0.005)
        finally:
            await self.source.close()
            await reading

    async def read_to(self, last: int) -> None:
        """Read to the entry of that number."""
        await self.read(lambda: self.numbers[-1:] == [last])
        self.open()

    def write(self, *numbers: int, **fields: Any) -> None:
        with self.journal.open("ab") as journal:
            journal.writelines(entry(number, **fields) for number in numbers)

    @property
    def numbers(self) -> list[int]:
        return numbers(batch.data for batch in self.batches)

    @property
    def calls(self) -> list[list[str]]:
        path = Path(f"{self.journal}.calls")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def state(self) -> tuple[StreamState, str]:
        (stream,) = self.source.status().streams
        return stream.state, stream.detail


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


async def test_each_entry_once_across_restarts(reader: Reader) -> None:
    """A restart goes on behind the last committed entry, which is asked for again and left out."""
    reader.write(*range(1, 6))
    await reader.read_to(5)
    reader.write(*range(6, 9))
    await reader.read_to(8)
    assert reader.numbers == [*range(1, 9)]
    assert "--cursor=s=1;i=5" in reader.calls[1]
    ends = [(one.starts.line, one.starts.offset, len(one.data)) for one in reader.batches if one.data]
    assert all(first[1] + first[2] == second[1] for first, second in itertools.pairwise(ends))
    assert all(first.after == second.before for first, second in itertools.pairwise(reader.batches))


@pytest.mark.parametrize("size", [1, 3, 50, 1000])
async def test_chunks_of_any_size(reader: Reader, size: int) -> None:
    """It does not matter in which pieces the child writes."""
    Path(f"{reader.journal}.chunk").write_text(str(size))
    reader.write(*range(1, 12))
    await reader.read_to(11)
    assert reader.numbers == [*range(1, 12)]
    assert b"".join(one.data for one in reader.batches) == reader.journal.read_bytes()


async def test_a_child_that_dies_is_replaced(reader: Reader) -> None:
    """Each death costs a wait that grows; nothing is read twice or lost, and the status says what is wrong."""
    reader.write(1)

    def step() -> bool:
        if reader.numbers[-1:] == [1] and len(reader.calls) == 1 and reader.state[0] is StreamState.OK:
            Path(f"{reader.journal}.end").touch()
        if reader.state == (StreamState.UNREADABLE, "journalctl ended: told to end; tried again soon"):
            said.append(True)
            if len(reader.calls) == 1 and len(said) == 1:
                reader.write(2)
            reader.clock.advance(1)
        return reader.numbers == [1, 2]

    said: list[bool] = []
    await reader.read(step)
    assert reader.numbers == [1, 2]
    assert said
    assert reader.source.status().counters.failures == 1


async def test_a_killed_child_amid_an_entry(reader: Reader) -> None:
    """Half an entry of a child that was killed is no entry; the next child writes it whole."""
    whole = entry(2)
    reader.write(1)
    reader.journal.write_bytes(reader.journal.read_bytes())
    Path(f"{reader.journal}.chunk").write_text("10")
    killed: list[int] = []

    def step() -> bool:
        child = reader.source._child
        if child is not None and reader.numbers == [1] and not killed:
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)
            with reader.journal.open("ab") as journal:
                journal.write(whole)
        reader.clock.advance(0.5)
        return reader.numbers == [1, 2]

    await reader.read(step)
    assert reader.numbers == [1, 2]
    assert killed


async def test_a_child_that_hangs_is_replaced(reader: Reader) -> None:
    """One that says nothing for long enough may hang: another one takes over, and that is no trouble."""
    reader.settings = replace(reader.settings, renew_seconds=0.5)
    reader.open()
    reader.write(1)
    pids: list[int] = []

    def step() -> bool:
        child = reader.source._child
        if child is not None and reader.numbers and not pids:
            pids.append(child.pid)
            os.kill(child.pid, signal.SIGSTOP)
            reader.write(2)
        return reader.numbers == [1, 2]

    await reader.read(step)
    assert reader.numbers == [1, 2]
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert reader.source.status().counters.failures == 0


async def test_hostile_output(reader: Reader) -> None:
    """100 MiB in one line are read in bounded memory, cut and marked; what is no UTF-8 is kept as it is."""
    reader.settings = replace(reader.settings, max_line_bytes=1000)
    reader.open()
    with reader.journal.open("wb") as journal:
        journal.write(entry(1))
        journal.write(b'{"MESSAGE":"')
        for _ in range(100):
            journal.write(b"x" * (1 << 20))
        journal.write(b'","__CURSOR":"s=1;i=2"}\n')
        journal.write(b"\xff\xfe\x00 broken\n")
        journal.write(entry(4))
    await reader.read(lambda: any(b"i=4" in one.data for one in reader.batches))
    lines = b"".join(one.data for one in reader.batches).splitlines(keepends=True)
    assert [len(line) for line in lines][1] == 1001
    assert lines[2] == b"\xff\xfe\x00 broken\n"
    cuts = [cut for one in reader.batches for _, cut in one.starts.cuts]
    assert cuts == [len(b'{"MESSAGE":"') + (100 << 20) + len(b'","__CURSOR":"s=1;i=2"}') - 1000]
    reader.open()
    reader.write(5)
    await reader.read(lambda: any(b"i=5" in one.data for one in reader.batches))
    assert b"".join(one.data for one in reader.batches).count(b"broken") == 1


async def test_reads_only_when_asked(reader: Reader) -> None:
    """While nobody asks, the child waits: no more than a few chunks are taken from it."""
    reader.write(*range(1, 20_000), message="y" * 200)
    batches = reader.source.batches()
    await anext(batches)
    first = await anext(batches)
    await asyncio.sleep(0.1)
    child = reader.source._child
    assert child is not None
    taken = int(Path(f"/proc/{child.pid}/io").read_text().split("wchar: ")[1].split()[0])
    assert len(first.data) <= 64 * 1024
    assert taken < 1 << 20 < reader.journal.stat().st_size
    await reader.source.close()
    await batches.aclose()


async def test_looks_back_once(tmp_path: Path) -> None:
    """At first sight the last entries of a day are history; what came while we were away is not."""
    reader = Reader(tmp_path, start="end", look_back_entries=3)
    now = datetime.now(UTC)
    for number, hours in ((1, 2), (2, 30), (3, 2), (4, 1)):
        reader.write(number, at=now - timedelta(hours=hours))
    await reader.read_to(4)
    assert reader.numbers == [3, 4]  # of the three last, one is older than a day
    reader.write(5, at=datetime.now(UTC))
    await reader.read_to(5)
    assert [one.history for one in reader.batches] == [False, True, False]
    assert not reader.batches[0].data
    assert [one.backlog for one in reader.batches[1:]] == [True, True]


async def test_leaves_out_what_we_say(reader: Reader) -> None:
    """Our own unit's entries are not read, by what the journal knows of who wrote; a given name is no proof."""
    reader.write(1)
    reader.write(2, _SYSTEMD_UNIT="tocsin.service")
    reader.write(3, UNIT="tocsin.service", SYSLOG_IDENTIFIER="tocsin")
    await reader.read_to(3)
    assert reader.numbers == [1, 3]


async def test_a_journal_that_lost_our_place(reader: Reader) -> None:
    """Where the entry read last is gone, the next ones are read, none left out, and it is said."""
    reader.write(1, 2)
    await reader.read_to(2)
    reader.journal.write_bytes(b"")
    reader.write(7, 8)
    await reader.read(lambda: reader.numbers[-1:] == [8])
    assert reader.numbers == [1, 2, 7, 8]
    assert reader.source.status().counters.lost_tails == 1


async def test_no_journalctl(tmp_path: Path) -> None:
    """Without the program the source is degraded and says what to do; a required one refuses to start."""
    reader = Reader(tmp_path, command=("/nonexistent/journalctl",))
    await reader.read(lambda: reader.state[0] is StreamState.UNREADABLE)
    assert "cannot be run (No such file or directory): install systemd or read files" in reader.state[1]
    assert reader.source.status().is_degraded
    reader = Reader(tmp_path, command=("/nonexistent/journalctl",), required=True)
    with pytest.raises(RequiredFileMissing, match="the journal cannot be read"):
        await reader.read(lambda: False)


async def test_no_journal_at_all(tmp_path: Path) -> None:
    """A machine that keeps no journal is degraded, though journalctl waits for one; its first entry ends that."""
    reader = Reader(tmp_path)
    program, script, path = reader.settings.command[0], reader.settings.command[2], reader.journal
    say = "import sys; print('No journal files were found.', file=sys.stderr, flush=True)"
    run = f"{say}; sys.argv.insert(1, {str(path)!r}); exec(open({script!r}).read())"
    reader.settings = replace(reader.settings, command=(program, "-ISc", run))
    reader.open()
    states: list[tuple[StreamState, str]] = []

    def step() -> bool:
        states.append(reader.state)
        if states[-1][0] is StreamState.UNREADABLE and not path.stat().st_size:
            reader.write(1)
        return reader.numbers == [1] and reader.state[0] is StreamState.OK

    await reader.read(step)
    assert (StreamState.UNREADABLE, "there is no journal: see Storage= in journald.conf, or name files") in states


async def test_not_allowed(tmp_path: Path) -> None:
    """A child that runs and may not see the system's journal is degraded, not quiet."""
    hint = "Hint: You are currently not seeing messages from other users"
    script = f"import sys, time; print({hint!r}, file=sys.stderr, flush=True); time.sleep(9)"
    reader = Reader(tmp_path, command=(sys.executable, "-ISc", script))
    await reader.read(lambda: reader.state[0] is StreamState.UNREADABLE)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal that systemd-journald itself wrote."""
    folder = tmp_path_factory.mktemp("journal")
    bad = b"bad \xff\xfe bytes"
    binary = "MESSAGE\n" + (struct.pack("<Q", len(bad)) + bad).decode("latin-1") + "\nSYSLOG_IDENTIFIER=sshd\n"
    guess = "Failed password for root from 203.0.113.7 port 22 ssh2"
    failed = f"MESSAGE={guess}\nSYSLOG_IDENTIFIER=sshd\nSYSLOG_FACILITY=10\n"
    why = real_journal(folder, [failed, binary, "MESSAGE=" + "x" * 6000 + "\nSYSLOG_IDENTIFIER=long\n"])
    if why:
        pytest.skip(f"no journal can be made: {why}")
    return folder


@pytest.fixture
def of_journald(journal: Path, tmp_path: Path) -> Reader:
    return Reader(tmp_path, command=("journalctl",), directory=str(journal))


def messages(reader: Reader) -> list[Any]:
    return [json.loads(line)["MESSAGE"] for one in reader.batches for line in one.data.splitlines()]


async def test_the_real_journalctl(of_journald: Reader) -> None:
    """journalctl itself understands what it is asked: all entries, whole, and after a restart nothing again."""
    reader = of_journald
    await reader.read(lambda: "the last one" in messages(reader))
    found = messages(reader)
    assert list(b"bad \xff\xfe bytes") in found
    assert "x" * 6000 in found
    count = len(found)
    reader.open()
    status: list[SourceStatus] = []

    def caught_up() -> bool:
        status.append(reader.source.status())
        return status[-1].looked_at is not None

    await reader.read(caught_up)
    assert len(messages(reader)) == count
    assert status[-1].counters.lost_tails == 0


async def test_the_real_journalctl_chooses(of_journald: Reader) -> None:
    """Facilities and identifiers are asked of journalctl."""
    reader = of_journald
    reader.settings = replace(reader.settings, facilities=("auth", "authpriv"), identifiers=("sshd",))
    reader.open()
    await reader.read(lambda: bool(messages(reader)))
    assert messages(reader) == ["Failed password for root from 203.0.113.7 port 22 ssh2"]

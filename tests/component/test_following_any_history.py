"""Following a file through any sequence of writes, rotations and restarts, against a model."""

import asyncio
import gzip
import os
import shutil
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.budget import rounds
from support.tailing import Tail, numbered, numbers

T = TypeVar("T")


class FollowedFile(RuleBasedStateMachine):
    """Numbered lines are written to one path that is rotated in every way; the model is the last number.

    The reader looks whenever hypothesis lets it; what may be lost by design is not provoked (cutting a file whose
    bytes nobody read and nobody copied).
    """

    watch = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="following-"))
        self.log = self.folder / "a.log"
        self.loop = asyncio.new_event_loop()
        self.last = 0
        self.written_at_ns = time.time_ns()
        self.rest = ""  # of a line that was written in part
        self.kept = 40  # rotated files beside

    @initialize(glob=st.booleans(), first=st.integers(0, 5), open_files=st.sampled_from([2, 128]))
    def start(self, glob: bool, first: int, open_files: int) -> None:
        self.append(first)
        self.tail = self.call(self.build(self.folder / "a.log*" if glob else self.log, open_files))

    async def build(self, path: Path, open_files: int) -> Tail:
        return Tail(path, watch=self.watch, rotate_wait_seconds=5, max_open_files=open_files)

    @rule(lines=st.integers(1, 40))
    def append(self, lines: int) -> None:
        self.write(self.rest + numbered(self.last + 1, self.last + lines))
        self.last += lines
        self.rest = ""

    @precondition(lambda self: not self.rest)
    @rule(cut=st.integers(1, 40))
    def append_part(self, cut: int) -> None:
        line = numbered(self.last + 1, self.last + 1)
        self.write(line[:cut])
        self.rest = line[cut:]
        self.last += 1

    @rule()
    def look(self) -> None:
        self.call(self.tail.look())

    @rule(commits=st.integers(0, 2))
    def kill(self, commits: int) -> None:
        self.tail.commits_left = commits
        self.call(self.tail.look())
        self.tail.commits_left = None
        self.call(self.tail.restart())

    @precondition(lambda self: self.log.exists() and not self.rest)
    @rule(late=st.booleans())
    def rename(self, late: bool) -> None:
        self.shift()
        writer = self.log.open("a")
        self.log.rename(self.folder / "a.log.1")
        if late:
            writer.write(numbered(self.last + 1, self.last + 2))
            self.last += 2
        writer.close()
        if late:
            self.stamp(self.folder / "a.log.1")

    @precondition(lambda self: self.log.exists() and self.log.stat().st_size > 0 and not self.rest)
    @rule(look_between=st.booleans(), refill=st.integers(0, 60))
    def copytruncate(self, look_between: bool, refill: int) -> None:
        self.shift()
        shutil.copyfile(self.log, self.folder / "a.log.1")
        if look_between:
            self.look()
        os.truncate(self.log, 0)
        if refill:
            self.append(refill)

    @precondition(lambda self: any(self.folder.glob("a.log.?")))
    @rule()
    def compress(self) -> None:
        old = max(self.folder.glob("a.log.?"))
        stat = old.stat()
        packed = old.with_name(old.name + ".gz")
        packed.write_bytes(gzip.compress(old.read_bytes()))
        os.utime(packed, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        old.unlink()

    @precondition(lambda self: self.log.exists() and not self.rest)
    @rule()
    def replace_atomically(self) -> None:
        if 0 < self.log.stat().st_size < 64:
            return  # too little to be known again under another inode, by design
        self.call(self.tail.look())
        self.call(self.tail.look())
        copy = self.folder / "new"
        shutil.copyfile(self.log, copy)
        copy.rename(self.log)

    @precondition(lambda self: self.log.exists() and not self.rest)
    @rule()
    def truncate_what_was_read(self) -> None:
        self.call(self.tail.look())
        self.call(self.tail.look())
        os.truncate(self.log, 0)

    @precondition(lambda self: self.log.exists() and not self.rest)
    @rule()
    def delete_what_was_read(self) -> None:
        self.call(self.tail.look())
        self.call(self.tail.look())
        self.log.unlink()

    @rule()
    def wait(self) -> None:
        self.call(self.tail.look(6))

    @invariant()
    def nothing_twice_and_nothing_unwritten(self) -> None:
        if hasattr(self, "tail"):
            seen = numbers(self.tail.lines)
            assert len(set(seen)) == len(seen), f"twice: {sorted(n for n in seen if seen.count(n) > 1)}"

    def teardown(self) -> None:
        try:
            if hasattr(self, "tail"):
                self.nothing_is_missing()
        finally:
            self.call(self.tail.stop())
            self.loop.close()
            shutil.rmtree(self.folder)

    def nothing_is_missing(self) -> None:
        if self.rest:
            self.write(self.rest)
        for _ in range(4):
            self.call(self.tail.look(2))
        seen = sorted(numbers(self.tail.lines))
        assert seen == list(range(1, self.last + 1)), f"missing {set(range(1, self.last + 1)) - set(seen)}"

    def write(self, text: str) -> None:
        with self.log.open("a") as file:
            file.write(text)
        self.stamp(self.log)

    def stamp(self, path: Path) -> None:
        """Change times grow: a machine's clock ticks every few milliseconds, and these writers are faster."""
        self.written_at_ns = max(time.time_ns(), self.written_at_ns + 10_000_000)
        os.utime(path, ns=(self.written_at_ns, self.written_at_ns))

    def shift(self) -> None:
        for number in range(self.kept, 0, -1):
            for end in ("", ".gz"):
                old = self.folder / f"a.log.{number}{end}"
                if old.exists():
                    old.rename(self.folder / f"a.log.{number + 1}{end}")

    def call(self, work: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(work)


class WatchedFile(FollowedFile):
    """The same, woken by directory watches, too."""

    watch = True


TestPolledFile = FollowedFile.TestCase
TestPolledFile.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestWatchedFile = WatchedFile.TestCase
TestWatchedFile.settings = settings(TestPolledFile.settings, max_examples=20)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("machine", [FollowedFile, WatchedFile])
def test_any_longer_history(machine: type[FollowedFile], seed: int) -> None:
    """The same, with longer histories and other examples for as long as the budget allows."""
    longer = settings(TestPolledFile.settings, max_examples=20, stateful_step_count=60)
    for number in rounds(0.1, seed):
        run_state_machine_as_test(hypothesis.seed(number)(machine), settings=longer)

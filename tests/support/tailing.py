"""Drives a FileSource over real files with a hand-turned clock, and commits what it yields, as the pipeline would."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detector.sources.files.file_source import FileSource
from detector.sources.files.settings import FileSourceSettings
from detector.sources.source import CommittedPosition
from rules.event import Batch


class HandClock:
    """Time that moves only when told; knows when the source has nothing to do."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.shift = 0.0  #: how far the wall clock is off
        self.idle = asyncio.Event()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds + self.shift)

    def monotonic(self) -> float:
        return self.seconds

    async def wait_until(self, moment: datetime, wake: asyncio.Event) -> None:
        until = self.seconds + (moment - self.now()).total_seconds() - 0.001
        while self.seconds < until and not wake.is_set():
            self.idle.set()
            self._moved.clear()
            waits = [asyncio.create_task(event.wait()) for event in (self._moved, wake)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _cancel(*waits)

    async def woken(self) -> None:
        """Return when the source was woken and has nothing to do again."""
        self.idle.clear()
        await self.idle.wait()

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.idle.clear()
        self._moved.set()


class Tail:
    """A source, its consumer, and the store that survives a restart."""

    def __init__(self, *paths: Path | str, known: bool = True, watch: bool = False, **settings: Any) -> None:
        self.settings = FileSourceSettings(name="test", paths=tuple(map(str, paths)), **settings)
        self.clock = HandClock()
        self.known = known
        self.watch = watch
        self.batches: list[Batch] = []
        self.positions: dict[str, CommittedPosition] = {}
        self.commits_left: int | None = None  #: None: all; n: crash after n more commits
        self._committed = asyncio.Event()
        self._streams = 0
        self._task: asyncio.Task[None] | None = None
        self.source = self._build()

    @property
    def lines(self) -> list[str]:
        """All lines committed so far, in order."""
        return [line for batch in self.batches for line in batch.data.decode(errors="surrogateescape").split("\n")[:-1]]

    async def look(self, seconds: float = 1.0) -> list[str]:
        """Let *seconds* pass and the source do all it can; return all lines so far."""
        if self._task is None:
            self.clock.idle.clear()
            self._task = asyncio.create_task(self._consume())
        else:
            self.clock.advance(seconds)
        idle = asyncio.create_task(self.clock.idle.wait())
        await asyncio.wait([idle, self._task], return_when=asyncio.FIRST_COMPLETED)
        await _cancel(idle)
        if self._task.done():
            self._task.result()
        return self.lines

    async def until(self, lines: int) -> None:
        """Wait, without any time passing on the source's clock, until *lines* lines are committed."""
        while len(self.lines) < lines:
            self._committed.clear()
            await self._committed.wait()

    async def restart(self) -> None:
        """Stop without ceremony and start again from what was committed."""
        await self.stop()
        self.source = self._build()

    async def stop(self) -> None:
        if self._task is not None:
            await _cancel(self._task)
            self._task = None
        await self.source.close()

    async def __aenter__(self) -> "Tail":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _build(self) -> FileSource:
        known = self.known or bool(self.positions)
        return FileSource(
            self.settings,
            self.clock,
            list(self.positions.values()),
            known=known,
            watch=self.watch,
            new_stream=self._new_stream,
        )

    def _new_stream(self) -> str:
        self._streams += 1
        return f"s{self._streams}"

    async def _consume(self) -> None:
        async with aclosing(self.source.batches()) as batches:
            async for batch in batches:
                if self.commits_left is not None:
                    if self.commits_left == 0:
                        return  # killed with this batch in flight
                    self.commits_left -= 1
                self._commit(batch)

    def _commit(self, batch: Batch) -> None:
        if batch.data:
            self.batches.append(batch)
        self.positions[batch.stream] = CommittedPosition(stream=batch.stream, origin=batch.origin, position=batch.after)
        self.source.committed(batch.stream, batch.after)
        self._committed.set()


async def _cancel(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def numbered(first: int, last: int) -> str:
    """Lines *first* to *last*, each unlike any other."""
    return "".join(f"line {number:06d} of a log that is followed by somebody\n" for number in range(first, last + 1))


def numbers(lines: list[str]) -> list[int]:
    """The numbers of numbered lines."""
    return [int(line.split()[1]) for line in lines]

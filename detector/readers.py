"""The tasks that read sources, by name, so that a reload can start and end single ones."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from detector.sources.inbox import InboxSource
from detector.sources.source import Source, SourceStatus


class Readers:
    """One named task per source, inside the daemon's task group."""

    def __init__(self, read: Callable[[Source], Awaitable[None]]) -> None:
        self._read = read
        self._sources: dict[str, Source] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, group: asyncio.TaskGroup, sources: Mapping[str, Source]) -> None:
        """Begin to read *sources*, beside those that are read already."""
        for name, source in sources.items():
            self._sources[name] = source
            self._tasks[name] = group.create_task(self._run(source), name=f"source {name}")

    async def end(self, names: frozenset[str]) -> None:
        """Read the sources *names* no more. What was handed on goes its way."""
        for name in names & self._tasks.keys():
            self._tasks.pop(name).cancel()
            await self._sources.pop(name).close()

    async def end_all(self) -> None:
        """Read nothing more."""
        await self.end(frozenset(self._tasks))

    def wake(self, name: str) -> None:
        """There is something to read in *name*; a source that looks by itself is left alone."""
        source = self._sources.get(name)
        if isinstance(source, InboxSource):
            source.wake()

    def status(self) -> tuple[SourceStatus, ...]:
        """How each source is doing."""
        return tuple(source.status() for source in self._sources.values())

    async def _run(self, source: Source) -> None:
        await self._read(source)

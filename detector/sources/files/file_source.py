"""Follows the files of one ``[[source]]``: finds them, knows them again, and reads them in the order of writing."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from detector.sources.files.content import Content
from detector.sources.files.discover import Found, Look, discover
from detector.sources.files.follow import Follower, Pause
from detector.sources.files.happenings import Happenings
from detector.sources.files.position import Position, decode
from detector.sources.files.settings import FileSourceSettings
from detector.sources.files.tracked import Tracked, open_content
from detector.sources.source import (
    CommittedPosition,
    RequiredFileMissing,
    SourceStatus,
    StreamState,
    StreamStatus,
)
from rules.event import Batch
from store.clock import Clock


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that is known and not read, until it changes."""

    state: tuple[int, int]
    reason: StreamState
    detail: str
    of: Tracked | None = None  #: the stream it is a copy of


class FileSource:
    """Whole lines of the files that a set of paths and globs names."""

    def __init__(
        self,
        settings: FileSourceSettings,
        clock: Clock,
        committed: Iterable[CommittedPosition],
        *,
        known: bool,
        watch: bool = True,
        new_stream: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """Prepare; nothing is opened before ``batches`` runs.

        Args:
            committed: where each stream of this source stood at its last commit.
            known: whether this source was ever seen before; if not, ``settings.start`` says where to begin.
            watch: wake up by directory watches; without, only the rescan finds changes.
            new_stream: makes the id of a stream at its first sight.
        """
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._known = known
        self._watch = watch
        self._new_stream = new_stream
        self._happenings = Happenings(settings.name)
        self._serial = itertools.count()
        self._streams: dict[str, Tracked] = {}
        self._living: dict[tuple[int, int], Tracked] = {}
        self._aside: dict[tuple[int, int], Aside] = {}
        self._problems: dict[str, str] = {}
        self._look = Look()
        self._rescan_at = float("-inf")
        self._wake = asyncio.Event()
        self._closed = False
        for row in committed:
            self._remember(row)

    # -- the Source protocol ---------------------------------------------------------------------------------

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Yield batches until ``close``.

        Raises:
            RequiredFileMissing: at start, if the source is required and no file of it can be read.
        """
        while not self._closed:
            self._wake.clear()
            while self._clock.monotonic() >= self._rescan_at:  # a look may find out that another one is needed
                for batch in self._rescan():
                    yield batch
            turn, ending = self._turn()
            for tracked in turn + ending:
                result = self._read(tracked)
                if isinstance(result, Batch):
                    yield result
                else:
                    await asyncio.sleep(0)
                if self._closed:
                    return
            if not turn:
                await self._idle()

    def committed(self, stream: str, position: bytes) -> None:
        """Take note that *position* and all that its batch caused are stored."""
        tracked = self._streams.get(stream)
        if tracked is not None:
            tracked.committed = decode(position, source=self.name, stream=stream).offset

    def status(self) -> SourceStatus:
        """How each stream is doing, right now."""
        streams = [self._status_of(tracked) for tracked in self._streams.values() if tracked.found or tracked.content]
        streams += [
            StreamStatus(stream="", origin=path, state=self._absence(path), detail="no file there; looked for again")
            for path in self._look.missing
        ]
        streams += [
            StreamStatus(stream="", origin=path, state=StreamState.UNREADABLE, detail=why)
            for path, why in sorted(self._problems.items())
        ]
        for found in self._look.files:
            aside = self._aside.get(found.hint)
            if aside is not None:
                streams.append(StreamStatus(stream="", origin=found.path, state=aside.reason, detail=aside.detail))
        return SourceStatus(source=self.name, streams=tuple(streams), counters=self._happenings.counters)

    async def close(self) -> None:
        """End ``batches`` and let go of files and watches."""
        self._closed = True
        self._wake.set()
        for tracked in self._streams.values():
            tracked.let_go()

    # -- reading ---------------------------------------------------------------------------------------------

    def _turn(self) -> tuple[list[Tracked], list[Tracked]]:
        """Whom to read now, and whose end to watch.

        Of each base the oldest stream with something unread, one chunk each: in order of writing, and none starves.
        """
        turns: dict[str, Tracked] = {}
        ending = []
        for tracked in sorted(self._streams.values(), key=lambda tracked: tracked.reading_order):
            if tracked.is_unread:
                turns.setdefault(tracked.base, tracked)
            elif tracked.content is not None and not tracked.is_in_place:
                ending.append(tracked)
        return list(turns.values()), ending

    def _read(self, tracked: Tracked) -> Batch | Pause:
        try:
            if tracked.content is None and not self._reopen(tracked):
                return Pause.END
            result = tracked.follower.read(self._clock.now())
        except OSError as error:
            self._fail(tracked.follower.position.path, error)
            tracked.let_go()
            tracked.is_blocked = True
            return Pause.END
        if result is Pause.CHANGED:
            self._renew(tracked)
            return Pause.MORE
        if result is Pause.END:
            return self._end_of(tracked)
        tracked.quiet_since = None
        if isinstance(result, Batch) and result.starts.cuts:
            self._happenings.cut_lines(result.origin, len(result.starts.cuts), result.starts.line)
        return result

    def _end_of(self, tracked: Tracked) -> Batch | Pause:
        """What is due when all is read: for a file that was moved aside, leave it once its end is stable."""
        if tracked.is_in_place:
            return Pause.END
        now = self._clock.monotonic()
        if tracked.quiet_since is None:
            tracked.quiet_since = now
        if now - tracked.quiet_since < self._settings.rotate_wait_seconds:
            return Pause.END
        last = tracked.follower.finish(self._clock.now())
        tracked.follower.read(self._clock.now())
        tracked.let_go()
        return last or Pause.END

    def _reopen(self, tracked: Tracked) -> bool:
        if tracked.reopen():
            return True
        self._rescan_at = float("-inf")  # something else is there now
        if tracked.found is not None:
            self._leave(tracked)
        return False

    def _renew(self, tracked: Tracked) -> None:
        """The file was cut or rewritten in place: its bytes are a new stream, and the old one looks for its copy."""
        content, found = tracked.content, tracked.found
        old = tracked.follower.position
        self._happenings.truncated(old.path, old.offset)
        tracked.follower.content = None
        self._leave(tracked)
        if content is None:
            return
        fresh = self._track(Position(path=old.path, base=old.base, generation=old.generation + 1))
        fresh.follower.attach(content)
        fresh.found = found
        self._living[old.dev, old.inode] = fresh
        for hint, aside in list(self._aside.items()):
            if aside.of is tracked:
                del self._aside[hint]
        self._rescan_at = float("-inf")  # places what were its copies

    def _leave(self, tracked: Tracked) -> None:
        """The stream's bytes are no longer where they were."""
        position = tracked.follower.position
        if self._living.get((position.dev, position.inode)) is tracked:
            del self._living[position.dev, position.inode]
        tracked.found = tracked.settled = None
        tracked.lost_at = self._clock.monotonic()

    async def _idle(self) -> None:
        """Wait for a hint, or for the next rescan."""
        seconds = max(0.0, self._rescan_at - self._clock.monotonic())
        await self._clock.wait_until(self._clock.now() + timedelta(seconds=seconds), self._wake)

    # -- finding ---------------------------------------------------------------------------------------------

    def _rescan(self) -> list[Batch]:
        """Look at all paths; bring streams and files together again."""
        self._happenings.rescanned()
        self._rescan_at = self._clock.monotonic() + self._settings.poll_seconds
        self._look = discover(self._settings.paths, {tracked.base for tracked in self._streams.values()})
        self._problems = dict(self._look.problems)
        fresh = self._recognise()
        for tracked in list(self._streams.values()):
            if fresh and tracked.content is not None and not tracked.follower.is_intact():
                self._renew(tracked)
        batches = [batch for found in sorted(fresh, key=_oldest_first) for batch in self._place(found)]
        if not self._known and self._settings.required and not self._living:
            raise RequiredFileMissing(self._why_required())
        self._known = True
        return batches

    def _recognise(self) -> list[Found]:
        """Tell what is where it was; return the files that are yet to be placed."""
        fresh = []
        seen = set()
        for found in self._look.files:
            tracked = self._living.get(found.hint)
            aside = self._aside.get(found.hint)
            if tracked is not None and self._is_still(tracked, found):
                self._saw(tracked, found)
                seen.add(tracked)
            elif aside is None or aside.state != found.state:
                self._aside.pop(found.hint, None)
                fresh.append(found)
        for tracked in list(self._living.values()):
            if tracked not in seen and tracked.found is not None:
                self._moved_aside(tracked)
        return fresh

    def _is_still(self, tracked: Tracked, found: Found) -> bool:
        if tracked.content is not None or tracked.settled == found.state:
            return True
        tracked.found = found
        try:
            if tracked.reopen():
                return True
        except OSError as error:
            self._fail(found.path, error)
            return True
        self._leave(tracked)
        return False

    def _saw(self, tracked: Tracked, found: Found) -> None:
        if tracked.is_in_place and found.is_rotated:
            self._happenings.rotated(tracked.base)
        tracked.found = found
        tracked.is_blocked = False
        tracked.follower.moved_to(found.path)

    def _moved_aside(self, tracked: Tracked) -> None:
        """No path leads to a living stream any more: read what its descriptor still gives."""
        if tracked.is_in_place:
            self._happenings.rotated(tracked.base)
        tracked.found = None
        if tracked.content is None:
            self._leave(tracked)

    def _place(self, found: Found) -> list[Batch]:
        """Decide what a file is that no stream is known to live in."""
        if found.size == 0:
            return []  # nothing says yet what it will be
        try:
            content = open_content(found)
            return self._place_open(content, found)
        except OSError as error:
            self._fail(found.path, error)
            return []

    def _place_open(self, content: Content, found: Found) -> list[Batch]:
        for tracked in self._homeless():
            if tracked.goes_on_in(content, found):
                tracked.live_in(content, found)
                self._living[found.hint] = tracked
                return []
        front = content.read_at(0, 1024)
        for tracked in self._streams.values():
            if tracked.is_copied_in(content, front):
                self._put_aside(found, StreamState.COPY, f"a copy of {tracked.follower.position.path}", tracked)
                self._happenings.copied(found.path, tracked.follower.position.path)
                content.close()
                return []
        return self._begin(content, found)

    def _homeless(self) -> list[Tracked]:
        """Streams whose bytes are nowhere, the one read furthest first."""
        lost = [tracked for tracked in self._streams.values() if tracked.found is None and tracked.content is None]
        return sorted(lost, key=lambda tracked: -tracked.follower.position.offset)

    def _begin(self, content: Content, found: Found) -> list[Batch]:
        """A file never seen before."""
        tracked = self._track(Position(path=found.path, base=found.base))
        tracked.live_in(content, found)
        self._living[found.hint] = tracked
        return []

    def _put_aside(self, found: Found, reason: StreamState, detail: str, of: Tracked | None = None) -> None:
        self._aside[found.hint] = Aside(found.state, reason, detail, of)

    # -- keeping track ---------------------------------------------------------------------------------------

    def _remember(self, row: CommittedPosition) -> None:
        position = decode(row.position, source=self.name, stream=row.stream)
        tracked = self._track(position, row.stream)
        tracked.committed = position.offset

    def _track(self, position: Position, stream: str | None = None) -> Tracked:
        follower = Follower(
            source=self.name,
            stream=stream or self._new_stream(),
            position=position,
            max_line_bytes=self._settings.max_line_bytes,
        )
        tracked = Tracked(follower, next(self._serial))
        self._streams[follower.stream] = tracked
        return tracked

    def _fail(self, path: str, error: OSError) -> None:
        why = f"{error.strerror or error}; check the path and its permissions"
        if self._problems.get(path) != why:
            self._happenings.failed(path, why)
        self._problems[path] = why

    def _absence(self, path: str) -> StreamState:
        was_there = any(tracked.base == path for tracked in self._streams.values())
        return StreamState.VANISHED if was_there else StreamState.MISSING

    def _status_of(self, tracked: Tracked) -> StreamStatus:
        position = tracked.follower.position
        size = tracked.found.size if tracked.found else position.offset
        if tracked.content is not None:
            size = tracked.content.stat().size
        return StreamStatus(
            stream=tracked.follower.stream,
            origin=position.path,
            state=StreamState.OK if tracked.is_in_place else StreamState.ROTATED,
            size=size,
            offset=position.offset,
            committed=tracked.committed,
            last_line_at=tracked.follower.last_line_at,
        )

    def _why_required(self) -> str:
        reasons = [f"{path}: {why}" for path, why in self._problems.items()]
        reasons += [f"{path}: no such file" for path in self._look.missing]
        return (
            f"source {self.name!r} is required and none of its files can be read: {'; '.join(reasons)};"
            " correct path, or set required = false"
        )


def _oldest_first(found: Found) -> tuple[bool, int]:
    return not found.is_rotated, found.modified_ns

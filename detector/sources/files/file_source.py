"""Follows the files of one ``[[source]]``: reads them in the order of writing, and only when asked."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from detector.sources.files.content import unpacked_bytes
from detector.sources.files.discover import folder_of
from detector.sources.files.follow import Pause
from detector.sources.files.happenings import Happenings
from detector.sources.files.position import decode
from detector.sources.files.roster import Moment, Roster
from detector.sources.files.settings import FileSourceSettings
from detector.sources.files.status import status_of
from detector.sources.files.tracked import Tracked
from detector.sources.files.watch import Watches
from detector.sources.source import CommittedPosition, RequiredFileMissing, SourceStatus
from rules.event import Batch
from store.clock import Clock

SHORTEST_RESCAN_SECONDS = 0.1  #: however many hints come, there are at most ten looks at all paths a second


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

        Raises:
            PositionError: a committed position cannot be understood.
        """
        self.name = settings.name
        settings = replace(settings, paths=tuple(os.path.abspath(path) for path in settings.paths))  # noqa: PTH100 (globs)
        self._settings = settings
        self._clock = clock
        self._happenings = Happenings(settings.name)
        self._roster = Roster(settings, committed, known=known, new_stream=new_stream, happenings=self._happenings)
        self._is_first_look = True
        self._watches = self._make_watches() if watch else None
        self._wake = asyncio.Event()
        self._scanned_at = self._rescan_at = float("-inf")
        self._looked_at: datetime | None = None
        self._turns = 0
        self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Yield batches until ``close``.

        Raises:
            RequiredFileMissing: at start, if the source is required and no file of it can be read.
        """
        self._loop = asyncio.get_running_loop()
        while not self._is_closed:
            self._wake.clear()
            while self._clock.monotonic() >= self._rescan_at:  # a look may find out that another one is due
                for tracked in self._rescan():
                    yield tracked.follower.registered(self._clock.now())
                await self._measure()
            turn, ending = self._turn()
            for tracked in turn + ending:
                if self._is_closed:
                    return
                result = self._read(tracked)
                if isinstance(result, Batch):
                    yield result
                else:
                    await asyncio.sleep(0)
            if not turn:
                await self._idle()

    def committed(self, stream: str, position: bytes) -> None:
        """Take note that *position* and all that its batch caused are stored."""
        tracked = self._roster.streams.get(stream)
        if tracked is not None:
            tracked.committed = decode(position, source=self.name, stream=stream).offset

    def status(self) -> SourceStatus:
        """How each stream is doing, right now."""
        return SourceStatus(
            source=self.name,
            streams=status_of(self._roster),
            counters=self._happenings.counters,
            looked_at=self._looked_at,
        )

    async def close(self) -> None:
        """End ``batches`` and let go of files and watches. A second call is harmless."""
        self._is_closed = True
        self._wake.set()
        if self._watches is not None:
            self._watches.close()
        for tracked in self._roster.open_streams:
            tracked.let_go()

    # -- reading ---------------------------------------------------------------------------------------------

    def _turn(self) -> tuple[list[Tracked], list[Tracked]]:
        """Whom to read now, and whose end to watch.

        Of each base the oldest stream with something unread, one chunk each: in order of writing, and none starves.
        """
        turn: dict[str, Tracked] = {}
        ending = []
        for tracked in sorted(self._roster.streams.values(), key=lambda tracked: tracked.reading_order):
            if tracked.is_unread:
                turn.setdefault(tracked.base, tracked)
            elif tracked.content is not None and not tracked.is_in_place:
                ending.append(tracked)
        return list(turn.values()), ending

    def _read(self, tracked: Tracked) -> Batch | Pause:
        self._turns += 1
        tracked.turn = self._turns
        try:
            result = self._read_open(tracked)
        except OSError as error:
            self._roster.fail(tracked.follower.position.path, error)
            tracked.let_go()
            tracked.is_blocked = True
            return Pause.END
        if isinstance(result, Batch) and result.starts.cuts:
            self._happenings.cut_lines(result.origin, len(result.starts.cuts), result.starts.line)
        return result

    def _read_open(self, tracked: Tracked) -> Batch | Pause:
        if tracked.content is None and not self._reopen(tracked):
            return Pause.END
        result = tracked.follower.read(self._clock.now())
        if result is Pause.END:
            return self._end_of(tracked)
        tracked.quiet_since = None
        if result is Pause.CHANGED:
            self._roster.renew(tracked, self._moment())
            self._rescan_at = float("-inf")  # its copy may be there already, and is read first
        return result

    def _reopen(self, tracked: Tracked) -> bool:
        if self._roster.room.reopen(tracked):
            return True
        self._roster.leave(tracked, self._moment())
        self._rescan_at = float("-inf")  # another file is there now
        return False

    def _end_of(self, tracked: Tracked) -> Batch | Pause:
        """What is due when all is read: a file that was moved aside is left once its end is stable."""
        if tracked.is_in_place:
            return Pause.END
        now = self._clock.monotonic()
        if tracked.quiet_since is None:
            tracked.quiet_since = now
        if now - tracked.quiet_since < self._settings.rotate_wait_seconds:
            return Pause.END
        last = tracked.follower.finish(self._clock.now())
        tracked.let_go()
        if tracked.found is None:
            self._roster.leave(tracked, self._moment())
        return last or Pause.END

    # -- waiting ---------------------------------------------------------------------------------------------

    def _rescan(self) -> list[Tracked]:
        self._scanned_at = self._clock.monotonic()
        begun, again = self._roster.rescan(self._moment())
        self._rescan_at = float("-inf") if again else self._scanned_at + self._settings.poll_seconds
        if self._is_first_look and self._settings.required and not self._roster.has_living:
            raise RequiredFileMissing(self._why_required())
        self._is_first_look = False
        self._looked_at = self._clock.now()
        if self._watches is not None:
            self._watches.cover(self._folders())
        return begun

    async def _measure(self) -> None:
        """Find out what compressed files unpack to, beside the loop, and place them in another look."""
        for found in list(self._roster.packed.unmeasured.values()):
            try:
                result: int | OSError = await asyncio.to_thread(unpacked_bytes, found.path)
            except OSError as error:
                result = error
            self._roster.measured(found, result)
            self._rescan_at = float("-inf")

    async def _idle(self) -> None:
        """Wait for a hint, or for the next look."""
        seconds = max(0.0, self._rescan_at - self._clock.monotonic())
        await self._clock.wait_until(self._clock.now() + timedelta(seconds=seconds), self._wake)

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    def _folders(self) -> set[str]:
        paths = {found.path for found in self._roster.look.files} | set(self._roster.look.missing)
        return {folder_of(path) or "/" for path in paths}

    def _make_watches(self) -> Watches:
        return Watches(
            changed=lambda came_or_went: self._from_outside(self._hinted, came_or_went),
            overflowed=lambda: self._from_outside(self._overflowed),
            fell_back=self._happenings.fell_back,
        )

    def _from_outside(self, call: Callable[..., None], *args: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *args)

    def _hinted(self, came_or_went: bool) -> None:
        self._happenings.woken()
        if came_or_went or self._roster.is_waiting_for_bytes:
            self._rescan_at = min(self._rescan_at, self._scanned_at + SHORTEST_RESCAN_SECONDS)
        self._wake.set()

    def _overflowed(self) -> None:
        self._happenings.overflowed()
        self._hinted(True)

    def _why_required(self) -> str:
        reasons = [f"{path}: {why}" for path, why in self._roster.problems.items()]
        reasons += [f"{path}: no such file" for path in self._roster.look.missing]
        return (
            f"source {self.name!r} is required and none of its files can be read: {'; '.join(reasons)};"
            " correct path, or set required = false"
        )

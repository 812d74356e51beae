"""Follows systemd's journal through journalctl: begins where the last committed batch ended, and again when it ends."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import msgspec

from detector.sources.files.happenings import Happenings
from detector.sources.journal import position as positions
from detector.sources.journal.child import Child
from detector.sources.journal.entries import Cutter, Entry, grouped
from detector.sources.journal.settings import JournalSettings, arguments
from detector.sources.source import CommittedPosition, RequiredFileMissing, SourceStatus, StreamState, StreamStatus
from rules.event import Batch, Starts
from store.clock import Clock

STREAM = "journal"
ORIGIN = "journal"
FORMAT = "journal"
#: Nothing came for so long: all that was there is read.
IDLE_SECONDS = 0.5


class JournalSource:
    """Entries of the journal, each once, in its order."""

    def __init__(
        self, settings: JournalSettings, clock: Clock, committed: Iterable[CommittedPosition], *, known: bool
    ) -> None:
        """Prepare; nothing is started before ``batches`` runs.

        Args:
            committed: where the source stood at its last commit.
            known: whether this source was ever seen before; if not, ``settings.start`` says where to begin.

        Raises:
            PositionError: the committed position cannot be understood.
        """
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._happenings = Happenings(settings.name)
        stored = [positions.decode(one.position, source=self.name) for one in committed if one.stream == STREAM]
        self._position = stored[0] if stored else None
        self._is_known = known
        self._committed = self._position.offset if self._position else 0
        self._state, self._why = StreamState.OK, ""
        self._looked_at: datetime | None = None
        self._last_line_at: datetime | None = None
        self._is_unread = False
        self._has_failed = False  #: whether the last child ended by itself
        self._child: Child | None = None
        self._wake = asyncio.Event()
        self._is_closed = False

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Yield batches until ``close``.

        Raises:
            RequiredFileMissing: at start, if the source is required and the journal cannot be read.
        """
        look_back = None
        if self._position is None:
            self._position = positions.first(self._settings, self._clock.now(), known=self._is_known)
            look_back = self._settings.look_back_entries
            yield self._batch([], before=b"")  # what is written from now on is new, whatever happens to us
        failures = 0
        while not self._is_closed:
            before = self._position
            async with aclosing(self._run(look_back)) as run:
                async for batch in run:
                    yield batch
            look_back = None
            failures = 0 if not self._has_failed else 1 if self._position != before else failures + 1
            if failures and not self._is_closed:
                await self._pause(failures)

    def committed(self, stream: str, position: bytes) -> None:
        """Take note that *position* and all that its batch caused are stored."""
        self._committed = positions.decode(position, source=self.name).offset

    def status(self) -> SourceStatus:
        """How the journal is doing, right now."""
        offset = self._position.offset if self._position else 0
        trouble = self._child.trouble if self._child else ""
        one = StreamStatus(
            stream=STREAM,
            origin=self._settings.directory or ORIGIN,
            state=StreamState.UNREADABLE if trouble else self._state,
            detail=trouble or self._why,
            size=offset,
            offset=offset,
            committed=self._committed,
            last_line_at=self._last_line_at,
            is_unread=self._is_unread,
        )
        counters = self._happenings.counters
        return SourceStatus(source=self.name, streams=(one,), counters=counters, looked_at=self._looked_at)

    async def close(self) -> None:
        """End ``batches`` and the child. A second call is harmless."""
        self._is_closed = True
        self._wake.set()
        child, self._child = self._child, None
        if child is not None:
            await child.stop()

    # -- one run of the child --------------------------------------------------------------------------------

    async def _run(self, look_back: int | None) -> AsyncGenerator[Batch, None]:
        """What one child writes, until it ends, or is to be replaced."""
        assert self._position is not None
        where = positions.where(self._position, look_back_entries=look_back)
        self._has_failed = False
        try:
            child = self._child = await Child.start(arguments(self._settings, where))
        except OSError as error:
            self._failed(f"{self._settings.command[0]} cannot be run ({error.strerror}): install systemd or read files")
            return
        try:
            async with aclosing(self._read(child)) as read:
                async for batch in read:
                    yield batch
        finally:
            self._child = None
            why = await child.stop()
        if self._has_failed and not self._is_closed:
            self._failed(why)

    async def _read(self, child: Child) -> AsyncGenerator[Batch, None]:
        assert self._position is not None
        cutter, started = Cutter(self._settings.max_line_bytes), positions.in_microseconds(self._clock.now())
        sought, quiet = self._position.cursor, 0.0
        while not self._is_closed:
            chunk = await child.read(IDLE_SECONDS)
            if chunk is None:
                quiet += IDLE_SECONDS
                self._caught_up(child, amid=cutter.is_amid)
                if quiet >= self._settings.renew_seconds:
                    return  # it hangs, or has nothing to say: another one tells which
                continue
            if not chunk:
                self._has_failed = True
                return
            self._is_unread, quiet = True, 0.0
            entries = cutter.feed(chunk)
            if entries and sought:
                entries, sought = self._behind(entries, sought), ""
            for batch in self._batches(entries, started):
                yield batch

    def _behind(self, entries: list[Entry], cursor: str) -> list[Entry]:
        """Without the one that was read last."""
        if entries[0].cursor == cursor:
            return entries[1:]
        self._happenings.lost_tail(ORIGIN, self._position.offset if self._position else 0)
        return entries

    def _batches(self, entries: Iterable[Entry], started: int) -> Iterator[Batch]:
        assert self._position is not None
        ours = self._settings.own_units
        wanted = [one for one in entries if one.unit not in ours and not self._is_too_old(one)]
        for group in grouped(wanted, lambda one: (self._is_history(one), _is_before(one, started))):
            yield self._batch(group, before=self._position.encode(), backlog=_is_before(group[0], started))

    def _batch(self, group: list[Entry], *, before: bytes, backlog: bool = False) -> Batch:
        """The batch of *group*, and the position behind it."""
        was, now = self._position, self._clock.now()
        assert was is not None
        history = bool(group) and self._is_history(group[0])
        data = b"".join(one.data for one in group)
        cuts = tuple((index, one.left_out) for index, one in enumerate(group) if one.left_out)
        if group:
            self._position = behind(was, group, len(data), history=history)
            self._last_line_at = now
            self._looked_at = max(filter(None, (self._looked_at, _moment(group[-1], now))))
        if cuts:
            self._happenings.cut_lines(ORIGIN, len(cuts), was.line)
        return Batch(
            source=self.name,
            stream=STREAM,
            origin=self._settings.directory or ORIGIN,
            data=data,
            starts=Starts(line=was.line, offset=was.offset, cuts=cuts),
            received_at=now,
            before=before,
            after=(self._position or was).encode(),
            kind=FORMAT,
            history=history,
            backlog=backlog,
        )

    def _is_history(self, entry: Entry) -> bool:
        until = self._position.history_until if self._position else 0
        return bool(until) and entry.written_at is not None and entry.written_at < until

    def _is_too_old(self, entry: Entry) -> bool:
        """What lies farther back than is looked back at."""
        until = self._position.history_until if self._position else 0
        oldest = until - positions.LOOK_BACK // timedelta(microseconds=1)
        return bool(until) and entry.written_at is not None and entry.written_at < oldest

    # -- how it goes -----------------------------------------------------------------------------------------

    def _caught_up(self, child: Child, *, amid: bool) -> None:
        """Nothing came for a while: nothing waits."""
        if not amid and not child.trouble:
            self._state, self._why = StreamState.OK, ""
            self._is_unread, self._looked_at = False, self._clock.now()

    def _failed(self, why: str) -> None:
        self._has_failed = True
        if self._state is StreamState.OK:
            self._happenings.failed(ORIGIN, why)
        self._state, self._why = StreamState.UNREADABLE, f"{why}; tried again soon"
        if self._settings.required and self._looked_at is None:
            raise RequiredFileMissing(
                f"source {self.name!r} is required and the journal cannot be read: {why}; or set required = false"
            )

    async def _pause(self, failures: int) -> None:
        """Longer each time, up to a bound."""
        seconds = min(2.0 ** min(failures - 1, 16), self._settings.most_wait_seconds)
        await self._clock.wait_until(self._clock.now() + timedelta(seconds=seconds), self._wake)


def behind(was: positions.Position, group: list[Entry], size: int, *, history: bool) -> positions.Position:
    """The position behind *group*. Once something new came, nothing is history, whatever becomes of the clock."""
    cursor = next((one.cursor for one in reversed(group) if one.cursor), was.cursor)
    return msgspec.structs.replace(
        was,
        cursor=cursor,
        line=was.line + len(group),
        offset=was.offset + size,
        history_until=was.history_until if history else 0,
    )


def _is_before(entry: Entry, moment: int) -> bool:
    return entry.written_at is not None and entry.written_at < moment


def _moment(entry: Entry, now: datetime) -> datetime | None:
    """Up to when the journal is read with *entry*."""
    if entry.written_at is None:
        return None
    return min(now, datetime.fromtimestamp(entry.written_at / 1e6, UTC))

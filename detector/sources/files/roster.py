"""Which stream lives in which file: brings them together again after every look at the paths."""

import fnmatch
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from detector.sources.files.content import Content
from detector.sources.files.discover import Found, Look, discover
from detector.sources.files.follow import Follower
from detector.sources.files.happenings import Happenings
from detector.sources.files.identity import HEAD_BYTES
from detector.sources.files.packed import PackedFiles, may_hold_news
from detector.sources.files.position import Position, decode
from detector.sources.files.room import Room
from detector.sources.files.settings import FileSourceSettings
from detector.sources.files.start import first_position, is_no_text
from detector.sources.files.tracked import Tracked, open_content
from detector.sources.source import CommittedPosition, StreamState


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that is known and not read, until it changes."""

    state: tuple[int, int]
    reason: StreamState
    detail: str
    of: Tracked | None = None  #: the stream it is a copy of


@dataclass(frozen=True, slots=True)
class Moment:
    """When a look is taken."""

    now: datetime
    monotonic: float


class Roster:
    """The streams of one source and the files they live in."""

    def __init__(
        self,
        settings: FileSourceSettings,
        committed: Iterable[CommittedPosition],
        *,
        known: bool,
        new_stream: Callable[[], str],
        happenings: Happenings,
    ) -> None:
        self.streams: dict[str, Tracked] = {}
        self.look = Look()
        self.problems: dict[str, str] = {}  #: path -> why it cannot be read
        self._told: dict[str, str] = {}  #: problems at the look before
        self.aside: dict[tuple[int, int], Aside] = {}
        self.packed = PackedFiles()
        self.room = Room(settings.max_open_files)
        self._settings = settings
        self._known = known
        self._new_stream = new_stream
        self._happenings = happenings
        self._living: dict[tuple[int, int], Tracked] = {}
        self._serial = itertools.count()
        self._unread_at_first: set[str] = set()
        self._look_back_left = settings.look_back_bytes
        for row in committed:
            self._remember(row)

    @property
    def open_streams(self) -> list[Tracked]:
        """Those whose file is open."""
        return [tracked for tracked in self.streams.values() if tracked.content is not None]

    @property
    def is_waiting_for_bytes(self) -> bool:
        """Whether there are files that will be placed once something is written to them."""
        return any(found.size == 0 and found.hint not in self._living for found in self.look.files)

    @property
    def has_living(self) -> bool:
        """Whether there is any file to read."""
        return bool(self._living)

    def rescan(self, moment: Moment) -> tuple[list[Tracked], bool]:
        """Look at all paths.

        Returns:
            Streams whose position is to be stored though nothing was read, and whether another look is due at once.
        """
        self._happenings.rescanned()
        self.look = discover(self._settings.paths, self._bases())
        self.look.files = [self.packed.with_size(found) if found.is_compressed else found for found in self.look.files]
        self._told, self.problems = self.problems, {}
        for path, why in self.look.problems.items():
            self._trouble(path, why)
        fresh = self._recognise(moment)
        changed = [tracked for tracked in self.open_streams if fresh and not tracked.follower.is_intact()]
        for tracked in changed:
            try:
                self.renew(tracked, moment)
            except OSError as error:
                self.fail(tracked.follower.position.path, error)
        begun = [begun for found in sorted(fresh, key=_originals_first) if (begun := self._place(found, moment))]
        if not self._known:
            self._unread_at_first = set(self.problems)
            self._known = True
        self._forget(moment)
        return begun, bool(changed)

    def renew(self, tracked: Tracked, moment: Moment) -> None:
        """A file was cut or rewritten in place: its bytes are a new stream, and the old one waits for its copy."""
        content, found, old = tracked.content, tracked.found, tracked.follower.position
        self._happenings.truncated(old.path, old.offset)
        tracked.follower.content = None
        self.leave(tracked, moment)
        tracked.is_cut = True
        self.aside = {hint: aside for hint, aside in self.aside.items() if aside.of is not tracked}
        fresh = self._track(Position(path=old.path, base=old.base, generation=old.generation + 1))
        fresh.follower.attach(content)
        fresh.found = found
        self._living[old.dev, old.inode] = fresh
        self.room.hold(fresh)

    def leave(self, tracked: Tracked, moment: Moment) -> None:
        """A stream's bytes are no longer where they were."""
        self._vacate(tracked)
        tracked.found = tracked.settled = None
        tracked.lost_at = moment.monotonic
        if tracked.follower.position.offset == 0:
            self.streams.pop(tracked.follower.stream, None)  # nothing was read, so there is nothing to know again

    def measured(self, found: Found, result: int | OSError) -> None:
        """Take note of what a compressed file unpacks to; the next look places it."""
        del self.packed.unmeasured[found.hint]
        if isinstance(result, OSError):
            self._put_aside(found, StreamState.UNREADABLE, f"{result}; looked at again when it changes")
        else:
            self.packed.measured(found, result)

    def fail(self, path: str, error: OSError) -> None:
        """A file could not be opened or read."""
        self._trouble(path, f"{error.strerror or error}; check the path and its permissions")

    def _trouble(self, path: str, why: str) -> None:
        if why not in (self._told.get(path), self.problems.get(path)):
            self._happenings.failed(path, why)
        self.problems[path] = why

    def _bases(self) -> set[str]:
        """Paths that were followed, as far as the settings still name them."""
        bases = {tracked.base for tracked in self.streams.values()}
        patterns = [pattern.replace("**/", "*") for pattern in self._settings.paths]
        return {base for base in bases if any(fnmatch.fnmatchcase(base, pattern) for pattern in patterns)}

    # -- recognising -----------------------------------------------------------------------------------------

    def _recognise(self, moment: Moment) -> list[Found]:
        """Tell what is where it was; return the files that are yet to be placed."""
        fresh = []
        seen = set()
        for found in self.look.files:
            tracked = self._living.get(found.hint)
            aside = self.aside.get(found.hint)
            if tracked is not None and self._is_still(tracked, found, moment):
                self._saw(tracked, found)
                seen.add(tracked)
            elif aside is None or aside.state != found.state:
                self.aside.pop(found.hint, None)
                fresh.append(found)
        for tracked in list(self._living.values()):
            if tracked not in seen and tracked.found is not None and tracked.found.path not in self.look.problems:
                self._moved_aside(tracked, moment)
        return fresh

    def _is_still(self, tracked: Tracked, found: Found, moment: Moment) -> bool:
        if tracked.content is not None or tracked.settled == found.state:
            return True
        tracked.found = found
        try:
            # Of a stream of which nothing was read the inode alone would decide, and that is used again at once.
            if tracked.follower.position.offset > 0 and self.room.reopen(tracked):
                return True
        except OSError as error:
            self.fail(found.path, error)
            return True
        self.leave(tracked, moment)
        return False

    def _saw(self, tracked: Tracked, found: Found) -> None:
        if tracked.is_in_place and found.is_rotated:
            self._happenings.rotated(tracked.base)
        tracked.found = found
        tracked.is_blocked = False
        tracked.follower.moved_to(found.path)

    def _moved_aside(self, tracked: Tracked, moment: Moment) -> None:
        """No path leads to a living stream any more: what its descriptor still gives is read."""
        position, was_unread = tracked.follower.position, tracked.is_unread
        if tracked.is_in_place:
            self._happenings.rotated(tracked.base)
        tracked.found = None
        if tracked.content is None:
            if was_unread:
                self._happenings.lost_tail(position.path, position.offset)
            self.leave(tracked, moment)

    # -- placing ---------------------------------------------------------------------------------------------

    def _place(self, found: Found, moment: Moment) -> Tracked | None:
        """Decide what a file is in which no stream is known to live."""
        if found.size == 0:
            return None  # nothing says yet what it will be
        if found.is_compressed and found.unpacked_bytes is None:
            self._consider_packed(found)
            return None
        self.room.make()
        try:
            content = open_content(found)
        except OSError as error:
            self.fail(found.path, error)
            return None
        try:
            begun = self._place_open(content, found, moment)
        except OSError as error:
            content.close()
            self.fail(found.path, error)
            return None
        return begun

    def _consider_packed(self, found: Found) -> None:
        """Unpack a compressed file only if it may hold lines that nobody read."""
        read_at_ns = {t.follower.position.modified_ns for t in self.streams.values() if t.base == found.base}
        if may_hold_news(found, read_at_ns):
            self.packed.unmeasured[found.hint] = found
        else:
            self._put_aside(found, StreamState.IGNORED, "compressed, and nothing was written to it since it was read")

    def _place_open(self, content: Content, found: Found, moment: Moment) -> Tracked | None:
        for tracked in self._movable():
            if tracked.must_end_before(content):
                content.close()
                return None
            if tracked.goes_on_in(content, found):
                self._settle_in(tracked, content, found)
                return None
        front = content.read_at(0, HEAD_BYTES)
        for tracked in self.streams.values():
            if tracked.is_copied_in(content, found, front):
                content.close()
                original = tracked.follower.position.path
                self._put_aside(found, StreamState.COPY, f"holds the same lines as {original}", tracked)
                self._happenings.copied(found.path, original)
                tracked.is_cut = False
                return None
        if is_no_text(content, front):
            content.close()
            why = "is not text; name only text files in path, or set encoding"
            self._put_aside(found, StreamState.IGNORED, why)
            self._happenings.left_alone(found.path, why)
            return None
        return self._begin(content, found, moment)

    def _movable(self) -> list[Tracked]:
        """Streams that no path leads to, the one read furthest first."""
        lost = [tracked for tracked in self.streams.values() if tracked.found is None]
        return sorted(lost, key=lambda tracked: -tracked.follower.position.offset)

    def _settle_in(self, tracked: Tracked, content: Content, found: Found) -> None:
        self._vacate(tracked)
        tracked.live_in(content, found)
        self._living[found.hint] = tracked
        self.room.hold(tracked)

    def _vacate(self, tracked: Tracked) -> None:
        position = tracked.follower.position
        if self._living.get((position.dev, position.inode)) is tracked:
            del self._living[position.dev, position.inode]

    def _begin(self, content: Content, found: Found, moment: Moment) -> Tracked | None:
        """A file never seen before: read it from where the settings say."""
        first_sight = not self._known or found.path in self._unread_at_first
        start = first_position(content, found, self._settings, moment.now, first_sight, self._look_back_left)
        self._look_back_left -= start.history_until - start.offset if start.history_until else 0
        tracked = self._track(start)
        self._settle_in(tracked, content, found)
        return tracked if start.offset > 0 or start.history_until > 0 else None

    def _put_aside(self, found: Found, reason: StreamState, detail: str, of: Tracked | None = None) -> None:
        self.aside[found.hint] = Aside(found.state, reason, detail, of)

    # -- keeping track ---------------------------------------------------------------------------------------

    def _remember(self, row: CommittedPosition) -> None:
        position = decode(row.position, source=self._settings.name, stream=row.stream)
        tracked = self._track(position, row.stream)
        tracked.committed = position.offset
        tracked.settled = (position.offset, position.modified_ns)

    def _track(self, position: Position, stream: str | None = None) -> Tracked:
        follower = Follower(
            source=self._settings.name,
            stream=stream or self._new_stream(),
            position=position,
            max_line_bytes=self._settings.max_line_bytes,
            encoding=self._settings.encoding,
        )
        tracked = Tracked(follower, next(self._serial))
        self.streams[follower.stream] = tracked
        return tracked

    def _forget(self, moment: Moment) -> None:
        """Say what was lost, and drop streams whose bytes did not turn up again in a long time."""
        for stream, tracked in list(self.streams.items()):
            if tracked.is_living or tracked.lost_at is None:
                continue
            lost_for = moment.monotonic - tracked.lost_at
            position = tracked.follower.position
            if tracked.is_cut and lost_for >= self._settings.rotate_wait_seconds:
                tracked.is_cut = False
                self._happenings.lost_tail(position.path, position.offset)
            if lost_for >= self._settings.ignore_older_hours * 3600:
                del self.streams[stream]


def _originals_first(found: Found) -> tuple[bool, int]:
    """A file is placed before its copies."""
    return found.is_rotated, -found.modified_ns

"""All streams together: which of them holds back what, and how far all of them have come."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from rules.event import Batch, LogSource
from rules.formats.catalogue import by_name
from rules.formats.detect import PinState
from rules.formats.expression import expressions
from rules.settings import EngineSettings, SourceProfile
from rules.stream import Stream, StreamState

Key = tuple[str, str]  #: source and stream
MICROSECOND: Final = timedelta(microseconds=1)
FINISHED: Final = 3_600_000_000  #: replay: a stream an hour behind another has no more lines to come
FORGOTTEN: Final = 8 * 24 * 3_600_000_000


class Streams:
    """The streams that have delivered, each with its own sense of time.

    Raises:
        UnknownFormat: A source's profile names a format that there is not.
        ExpressionError: A format of the configuration cannot be used.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._formats = expressions(settings.expressions)
        for profile in settings.sources.values():
            if profile.format != "auto":
                by_name(profile.format, self._formats)
        self._idle = timedelta(seconds=settings.caps.idle_seconds) // MICROSECOND
        self._states: dict[Key, StreamState] = {}
        self._streams: dict[Key, Stream] = {}
        self._changed: set[Key] = set()
        self._others: list[int] = []  #: watermarks of those that deliver beside the one being read, in order
        self.arrived = 0  #: when the latest batch of any stream was read, microseconds

    @property
    def seen(self) -> dict[tuple[str, LogSource], int]:
        """By source and log source, how many events a replay has read."""
        found: dict[tuple[str, LogSource], int] = {}
        for (source, _), stream in self._streams.items():
            for logsource, events in stream.seen.items():
                found[source, logsource] = found.get((source, logsource), 0) + events
        return found

    def begin(self, batch: Batch) -> Stream:
        """The stream of *batch*, prepared for its lines."""
        key = (batch.source, batch.stream)
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = self._open(key, batch.kind)
        stream.begin(batch, self._settings.as_of or batch.received_at)
        self.arrived = max(self.arrived, stream.state.arrived)
        self._others = sorted(self._watermarks(but=key))
        self._changed.add(key)
        return stream

    def horizon(self, stream: Stream) -> int | None:
        """What all streams have passed, seen from the one that is being read; microseconds."""
        watermark = stream.state.watermark
        if watermark is None or not self._others:
            return watermark
        first = 0
        if self._settings.as_of is not None:
            first = bisect_left(self._others, watermark - FINISHED)
        return min(watermark, self._others[first]) if first < len(self._others) else watermark

    def advance(self, now: int) -> int | None:
        """Let time pass without lines; what all streams have passed by then, both in microseconds.

        Streams quiet for ``idle_seconds`` are taken to have passed *now*, less their lateness.
        """
        passed = []
        for key, state in self._states.items():
            if state.arrived > now - self._idle:
                passed.append(state.watermark)
            else:
                state.idle = now - self._lateness_of(key)
                passed.append(max(state.idle, state.watermark or state.idle))
                self._changed.add(key)
        self._forget(now)
        return min((mark for mark in passed if mark is not None), default=None)

    def dump(self, *, whole: bool) -> list[tuple[str, str, StreamState | None]]:
        """All state, or what changed since the last time; None: forgotten."""
        if whole:
            return [(*key, self._states[key]) for key in sorted(self._states)]
        changed, self._changed = self._changed, set()
        return [(*key, self._states.get(key)) for key in sorted(changed)]

    def load(self, arrived: int, states: Iterable[tuple[str, str, StreamState | None]]) -> None:
        """Take over what ``dump`` gave, before anything else."""
        self.arrived = arrived
        for source, stream, state in states:
            if state is None:
                self._states.pop((source, stream), None)
            else:
                self._states[source, stream] = state

    def _open(self, key: Key, kind: str) -> Stream:
        state = self._states.setdefault(key, StreamState(pin=PinState()))
        replay, trust = self._settings.as_of is not None, self._settings.trust
        return Stream(self._profile(key[0]), kind, state, self._formats, replay=replay, trust=trust)

    def _forget(self, now: int) -> None:
        """Rotated files come and go; one that was quiet for longer than any stamp is believed is no more."""
        for key in [key for key, state in self._states.items() if state.arrived < now - FORGOTTEN]:
            del self._states[key]
            self._streams.pop(key, None)
            self._changed.add(key)

    def _profile(self, source: str) -> SourceProfile:
        return self._settings.sources.get(source) or SourceProfile()

    def _lateness_of(self, key: Key) -> int:
        return timedelta(seconds=self._profile(key[0]).lateness_seconds) // MICROSECOND

    def _watermarks(self, but: Key) -> list[int]:
        """Of the streams that delivered lately."""
        return [
            state.watermark
            for key, state in self._states.items()
            if key != but and state.watermark is not None and state.arrived > self.arrived - self._idle
        ]

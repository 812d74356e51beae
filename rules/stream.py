"""One stream's sense of time: which stamps to believe, and how far it has certainly come."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from rules.entities import clean
from rules.event import Batch, Event, LogSource, TimeSource
from rules.formats.detect import Pin, PinState
from rules.formats.format import NOWHERE, Context, Format, Parsed
from rules.known import Known
from rules.masking import masked
from rules.outcome import StreamCount
from rules.settings import SourceProfile, Trust

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)  #: early enough for every span of a rule to end in the calendar
STAMPS: Final = 31  #: the median of so many stamps is where a stream stands: forged ones cannot move it far
OLDEST: Final = timedelta(days=7)  #: before arrival
NEWEST: Final = timedelta(minutes=5)  #: after arrival
NOBODY: Final = Trust()
#: So many log sources of a stream are told apart: some formats take a part of the name from the line.
MOST_LOG_SOURCES: Final = 1000
LOOK_BACK: Final = timedelta(hours=24)  #: of what is only looked back at, older lines are left out
#: The year of an old line's stamp is the one nearest to so long ago: within a year back, and up to three days ahead.
MIDDLE_OF_A_YEAR: Final = timedelta(days=179)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment(microseconds: int) -> datetime:
    """The aware UTC time, so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=microseconds)


class StreamState(msgspec.Struct, forbid_unknown_fields=True):
    """What is remembered of a stream between batches."""

    pin: PinState
    arrived: int = 0  #: when its latest batch was read, microseconds
    previous: datetime | None = None  #: the latest believed stamp
    watermark: int | None = None  #: microseconds; how far the stream has come by its own stamps
    idle: int | None = None  #: how far the clock had come when the stream was last found quiet
    stamps: list[int] = []  #: the last believed ones, in order of reading

    def see(self, time: int, latest: int, lateness: int) -> None:
        """Take note of a believed stamp.

        Args:
            time: The stamp.
            latest: The watermark never passes this, less *lateness*: arrival.
            lateness: How far behind a line may come without being late.
        """
        stamps = self.stamps
        stamps.append(time)
        if len(stamps) > STAMPS:
            del stamps[0]
        middle = sorted(stamps)[(len(stamps) - 1) // 2]
        passed = min(middle, latest) - lateness
        if self.watermark is None or passed > self.watermark:
            self.watermark = passed

    def is_late(self, time: int) -> bool:
        """Whether windows that a line of this time belongs to may be over."""
        return (self.watermark is not None and time < self.watermark) or (self.idle is not None and time < self.idle)


def is_of_a_clock(moment: datetime) -> bool:
    """Whether a clock of some log can have shown this: year 1 and year 9999 are those of forged lines."""
    return EPOCH <= moment <= LATEST


def is_believable(stamp: datetime, reference: datetime, *, old: bool) -> bool:
    """Whether a line read at *reference* may bear this stamp. Of *old* lines the future is refused, and what no clock
    shows.
    """
    return stamp <= reference + NEWEST and (is_of_a_clock(stamp) if old else stamp >= reference - OLDEST)


@dataclass(slots=True)
class Tally:
    """What became of a batch's lines, while it is worked on."""

    lines: int = 0
    parsed: int = 0
    unparsed: int = 0
    matched: int = 0
    late: int = 0
    suspect: int = 0
    poisoned: int = 0
    last_time: datetime | None = None
    sample_unparsed: str = ""


class Stream:
    """Turns the lines of one stream into events.

    Raises:
        UnknownFormat: The profile names a format that there is not.
    """

    def __init__(
        self,
        profile: SourceProfile,
        kind: str,
        state: StreamState,
        more: Iterable[Format],
        *,
        replay: bool,
        trust: Trust = NOBODY,
    ) -> None:
        named = profile.format if profile.format != "auto" else kind
        self.state = state
        self._pin = Pin(named, state.pin, more)
        state.pin = self._pin.state
        self._profile = profile
        self._zone = ZoneInfo(profile.timezone)
        self._lateness = timedelta(seconds=profile.lateness_seconds) // timedelta(microseconds=1)
        self._replay = replay
        known = Known(trust)
        self._known = None if known.says_nothing else known
        self._claimed: dict[LogSource, LogSource] = {}
        self.seen: dict[LogSource, int] = {}  #: in a replay, how many events of each log source there were
        self.tally = Tally()

    @property
    def lateness(self) -> int:
        """Microseconds."""
        return self._lateness

    def begin(self, batch: Batch, reference: datetime) -> None:
        """Prepare for the lines of *batch*; *reference* is arrival, or the moment as of which files are replayed.

        A profile that bears a moment of its own wins: files that are replayed together may be of different years.
        """
        self.tally = Tally()
        self._batch, self._reference = batch, self._profile.as_of or reference
        self._reference_us = microseconds(self._reference)
        self._old = self._replay or batch.backlog or batch.history  # written long before it was read
        self._year_reference = self._reference - MIDDLE_OF_A_YEAR if self._old else self._reference
        self.state.arrived = microseconds(batch.received_at)

    def read(self, raw: bytes, line: int, offset: int, wanted: Callable[[LogSource], object]) -> Event | None:
        """The event that a line tells of; None if it is blank, only a header, or of a log source not *wanted*.

        Of a line that tells of several it is the first.
        """
        return next(iter(self.events(raw, line, offset, wanted)), None)

    def events(
        self, raw: bytes, line: int, offset: int, wanted: Callable[[LogSource], object]
    ) -> list[Event] | tuple[()]:
        """The events that a line tells of, those of log sources not *wanted* left out."""
        text = raw.decode("utf-8", "surrogateescape").rstrip("\r")
        if not text or text.isspace():
            return ()
        state, tally = self.state, self.tally
        context = Context(reference=self._year_reference, zone=self._zone, previous=state.previous)
        name, parsed = self._pin.choose(text, context, state.arrived)
        if parsed is None:
            tally.unparsed += 1
            tally.sample_unparsed = tally.sample_unparsed or masked(clean(text[:200]))
            parsed = Parsed(fields={"message": text}, logsource=NOWHERE, time=None)
        else:
            tally.parsed += 1
            if parsed.header is not None:
                return ()
        told = (parsed, *parsed.also) if parsed.also else (parsed,)
        events = []
        for part, one in enumerate(told):
            event = self._event(one, part, text, line, offset, name, wanted)
            if event is not None:
                events.append(event)
        return events

    def _event(
        self,
        parsed: Parsed,
        part: int,
        text: str,
        line: int,
        offset: int,
        name: str,
        wanted: Callable[[LogSource], object],
    ) -> Event | None:
        time, suspect = self._time(parsed.time)
        if self._batch.history and time < self._batch.received_at - LOOK_BACK:
            return None  # a busy file's look-back in bytes may reach months back
        logsource = self._claim(parsed.logsource)
        if self._replay and (logsource in self.seen or len(self.seen) < MOST_LOG_SOURCES):
            self.seen[logsource] = self.seen.get(logsource, 0) + 1
        if not wanted(logsource):
            return None
        if self._known is not None:
            self._known.tell(parsed.fields, time)
        batch = self._batch
        return Event(
            source=batch.source,
            stream=batch.stream,
            origin=batch.origin,
            line=line,
            offset=offset,
            time=time,
            time_resolution=parsed.resolution,
            time_source=TimeSource.ARRIVAL if suspect or parsed.time is None else parsed.time_source,
            received_at=batch.received_at,
            text=text if parsed.text is None else parsed.text,
            format=name,
            logsource=logsource,
            fields=parsed.fields,
            time_suspect=suspect,
            part=None if parsed.text is None else part,
            repeats=max(1, parsed.repeats),
        )

    def count(self) -> StreamCount:
        """The tally of the batch that was begun last."""
        tally, batch = self.tally, self._batch
        return StreamCount(
            source=batch.source,
            stream=batch.stream,
            lines=tally.lines,
            parsed=tally.parsed,
            unparsed=tally.unparsed,
            matched=tally.matched,
            late=tally.late,
            suspect=tally.suspect,
            poisoned=tally.poisoned,
            format=self._pin.format or (f"{self._pin.likely} (not settled)" if self._pin.likely else ""),
            last_time=tally.last_time,
            sample_unparsed=tally.sample_unparsed,
        )

    def _time(self, stamp: datetime | None) -> tuple[datetime, bool]:
        """When the event happened, as far as we believe the line; and whether we do not."""
        state, tally = self.state, self.tally
        suspect = stamp is not None and not is_believable(stamp, self._reference, old=self._old)
        if stamp is None or suspect:
            tally.suspect += suspect
            if self._old:  # arrival says nothing: it happened when its neighbours did
                return state.previous or self._reference, suspect
            return self._reference, suspect
        time = microseconds(stamp)
        tally.late += state.is_late(time)
        state.see(time, self._reference_us, self._lateness)
        state.previous = stamp
        if tally.last_time is None or stamp > tally.last_time:
            tally.last_time = stamp
        return stamp, False

    def _claim(self, found: LogSource) -> LogSource:
        claimed = self._claimed.get(found)
        if claimed is None:
            if len(self._claimed) >= MOST_LOG_SOURCES:
                self._claimed.clear()
            claimed = self._claimed[found] = self._profile.claims(found)
        return claimed

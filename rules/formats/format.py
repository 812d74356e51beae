"""What a format is: Parsed, Context and the Format protocol.

Both records are msgspec structs rather than dataclasses because one of each is made for every line: a frozen
dataclass of six fields costs 1.1 µs here, a frozen struct 0.1 µs, and a whole line is parsed in 5 µs.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

import msgspec

from rules.event import LogSource, TimeSource

SECOND = timedelta(seconds=1)
NOWHERE = LogSource()


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What one line told."""

    fields: dict[str, Any]  #: names as in docs/reference/events.md
    logsource: LogSource
    time: datetime | None  #: aware UTC; None: the line bears no stamp that could be read
    resolution: timedelta = SECOND  #: the stamp's grain
    time_source: TimeSource = TimeSource.LINE
    repeats: int = 1  #: how many observations the line stands for ("message repeated 5 times")
    header: str | None = None
    #: not None: the line is no observation but tells how to read those that follow; this is what
    #: must be handed back as Context.header from now on. It counts as parsed; no event is made of it.
    after: str | None = None  #: as ``header``, but the line is an observation too
    text: str | None = None
    #: not None: what tells of this observation, where that is a part of the line or what several lines told together
    also: tuple["Parsed", ...] = ()  #: more observations that the line tells of; each bears a ``text``


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a format may know besides the line."""

    reference: datetime  #: aware UTC: arrival, or the moment as of which a file is replayed
    zone: tzinfo = UTC  #: for stamps that name no zone
    previous: datetime | None = None  #: last time of that stream: tells the two passes of a doubled hour apart
    header: str = ""
    #: what earlier lines of the stream told (the header of Zeek TSV, records that wait for others); kept by Pin


class Format(Protocol):
    """One log format. Its objects hold no state that changes: one serves all streams."""

    @property
    def name(self) -> str:
        """What a configuration and a person call it."""

    @property
    def strictness(self) -> int:
        """How hard it is to be taken for this format by accident; while detecting, the strictest wins."""

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read *line* (decoded as UTF-8 with surrogateescape, without its end).

        Returns:
            None if the line is not of this format. Never raises, whatever the line holds.
        """

"""The words everything else speaks: Batch, Event, Severity, LogSource, Entity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec


class Severity(StrEnum):
    """How bad. Sigma's levels, in Sigma's order; stored and sent over the API: never rename one."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for informational to 4 for critical."""
        return list(Severity).index(self)

    def shifted(self, steps: int) -> "Severity":
        """The severity *steps* higher (or lower), held within the scale."""
        levels = list(Severity)
        return levels[max(0, min(len(levels) - 1, self.rank + steps))]


class Decision(StrEnum):
    """What a finding of a rule is worth; written in the rule. Stored: never rename one."""

    RECORD = "record"  #: counted, in the digest
    OBSERVE = "observe"  #: one rolling record per rule, asset and day; no clocks, no page
    INVESTIGATE = "investigate"  #: an incident through the seven steps


class Mode(StrEnum):
    """How much is made of what a rule finds; set by the site, not in the rule. Stored: never rename one."""

    ON = "on"  #: as the rule decides
    SIMULATE = "simulate"  #: counted and kept as if it decided ``record``
    ADVISE = "advise"  #: what it would have investigated is observed, and listed as what would have paged


class TimeSource(StrEnum):
    """Where an event's time comes from."""

    LINE = "line"  #: the line bears a full stamp
    INFERRED_YEAR = "inferred_year"  #: the line bears no year; the one nearest to the reference was taken
    ARRIVAL = "arrival"  #: no usable stamp (absent, or outside [-7 days, +5 min]); the time we read it


class LogSource(msgspec.Struct, frozen=True, kw_only=True):
    """Sigma's log source. None means "not said": in a rule it matches any, in an event it matches none."""

    category: str | None = None
    product: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        """As a rule writes it: ``product: linux, service: sshd``."""
        said = (f"{name}: {value}" for name in self.__struct_fields__ if (value := getattr(self, name)))
        return ", ".join(said) or "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Someone or something that a finding is about."""

    kind: str  #: "source" (an address), "account", "host", "component", "target" (an address), "alert", "report"
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """Where the lines of a batch start in their stream, so that evidence can name line and offset."""

    line: int  #: number of the first line of the batch in its stream, counted from 1
    offset: int  #: byte offset of the first line in its stream
    cuts: tuple[tuple[int, int], ...] = ()
    #: (index of a line in the batch, bytes of it that were left out because it was too long)
    strides: tuple[int, ...] = ()
    #: bytes of the stream from the start of each line of the batch to the start of the next; empty: as many as the line
    #: has, and what was left out of it. Others where lines were not UTF-8, or where there are holes between them


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Whole lines of one stream, at most 512 KiB (but never less than one line).

    ``before`` and ``after`` are opaque to everyone but the source that made them; ``after`` is stored in the
    transaction of what the batch caused.
    """

    source: str  #: name of the source as configured
    stream: str  #: which file (or other sequence) of that source: stable over renames and restarts
    origin: str  #: what a person calls the stream, e.g. its path now
    data: bytes  #: lines, each ended by b"\n" (added if the stream had ended without one)
    starts: Starts
    received_at: datetime  #: aware UTC
    before: bytes
    after: bytes
    kind: str = "auto"  #: name of a format in rules.formats, or "auto": detect and pin
    partition: str = ""  #: reserved for more than one daemon per store
    skip: frozenset[int] = frozenset()  #: indexes of lines that must not be worked on (poison)
    history: bool = False  #: read-only look-back: findings are recorded as history and arm nothing
    backlog: bool = False  #: written before we began to read: old stamps are believed, however old


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One normalised observation. Never changed.

    A msgspec struct because one is made for every line: a frozen dataclass of so many fields takes 20 times as long.
    """

    source: str
    stream: str
    origin: str
    line: int  #: number in the stream, from 1
    offset: int  #: byte offset in the stream
    time: datetime  #: when it happened; aware UTC
    time_resolution: timedelta  #: the stamp's grain, e.g. 1 s for RFC 3164
    time_source: TimeSource
    received_at: datetime  #: when we read it; aware UTC
    text: str  #: the line, decoded as UTF-8 with surrogateescape, without its end
    format: str  #: name of the format that parsed it, "" if none did
    logsource: LogSource
    fields: Mapping[str, Any] = {}
    #: names as in docs/reference/events.md; values are str, int, float, bool, None, list or dict
    time_suspect: bool = False  #: the line bears a stamp too far from now to be believed; arrival was taken
    part: int | None = None
    #: not None: a part of the line, or several lines together, told of it, as ``text`` says; number of the part, from 0
    repeats: int = 1  #: how many observations this line stands for ("message repeated 5 times")

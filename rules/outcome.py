"""Outcome: what the engine says after a batch. Crosses the pipe from the engine's process."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from rules.finding import Finding
from rules.usage import RuleCount


class StreamCount(msgspec.Struct, frozen=True):
    """What became of the lines of one stream in one batch.

    ``lines`` is all of them; each is parsed, unparsed, poisoned, or blank (in no other count).
    """

    source: str
    stream: str
    lines: int
    parsed: int
    unparsed: int  #: no format took the line; rules still see its text
    matched: int  #: at least one rule matched
    late: int  #: older than the stream's watermark: counted in the windows still held, maybe not in all
    suspect: int  #: the stamp is too far from arrival to be believed; ordered by arrival
    poisoned: int  #: skipped, see Outcome.internal
    format: str  #: pinned for the stream; else the likeliest with " (not settled)", "" if none read a line
    last_time: datetime | None  #: latest event time of the batch that a line told
    sample_unparsed: str  #: the first unparsed line, at most 200 characters; "" if there is none


class InternalEvent(msgspec.Struct, frozen=True):
    """A line the engine could not survive: kept raw, so that a person can look at it."""

    source: str
    stream: str
    origin: str
    line: int  #: number in its stream, from 1
    offset: int
    raw: bytes  #: the line's original bytes, without its end
    reason: str


class Outcome(msgspec.Struct, frozen=True):
    """What a batch, or the passing of time, caused. To be committed in one transaction with the position."""

    findings: tuple[Finding, ...] = ()  #: in the order in which they changed
    counts: tuple[StreamCount, ...] = ()
    watermark: datetime | None = None  #: the time that all streams that deliver have passed
    delta: bytes = b""  #: what changed in the engine's state, for Engine.restore; b"" for nothing
    internal: tuple[InternalEvent, ...] = ()
    evictions: Mapping[str, int] = {}
    #: by rule id: groups forgotten because the rule holds too many; its findings are marked approximate
    rules: Mapping[str, RuleCount] = {}
    #: by rule id: what rules about single events did; those that neither matched nor were measured are left out

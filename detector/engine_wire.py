"""What goes over the pipe between the daemon and its engine: frames of 4 bytes of length and a msgpack message.

The daemon asks, the engine answers each question once; while it works carefully it also says which line it is at.
"""

import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from rules.correlation.standing import Standings
from rules.event import Batch, Decision, Mode, Severity
from rules.outcome import Outcome
from rules.settings import EngineSettings

LENGTH: Final = struct.Struct(">I")


class Init(msgspec.Struct, tag=True, frozen=True):
    """The first question: compile these rules. Answer: Compiled."""

    settings: EngineSettings
    last_good: Mapping[str, str] = {}  #: path -> text to take where the text in the settings is broken


class Restore(msgspec.Struct, tag=True, frozen=True):
    """Go on from this state. Answer: Restored."""

    snapshot: bytes | None
    deltas: list[bytes]


class Feed(msgspec.Struct, tag=True, frozen=True):
    """Work on this batch. Answer: Done, and before it, if *careful*, Progress at each line."""

    batch: Batch
    careful: bool = False


class Advance(msgspec.Struct, tag=True, frozen=True):
    """Let time pass. Answer: Done."""

    watermark: datetime


class Snapshot(msgspec.Struct, tag=True, frozen=True):
    """Say all you hold. Answer: Held."""


class HowFar(msgspec.Struct, tag=True, frozen=True):
    """Say how far a rule's counter has come. Answer: Stands."""

    rule_id: str


Question = Init | Restore | Feed | Advance | Snapshot | HowFar


class LoadedRule(msgspec.Struct, frozen=True):
    """One rule that is in force."""

    id: str
    title: str
    level: Severity
    decision: Decision
    path: str
    version: str
    mode: Mode = Mode.ON


class Remark(msgspec.Struct, frozen=True):
    """What may be wrong with a rule that is in force."""

    level: str  #: warning or notice
    place: str  #: file, line and column
    rule: str  #: its title
    message: str
    hint: str


class Compiled(msgspec.Struct, tag=True, frozen=True):
    """The rules that are in force."""

    rules: tuple[LoadedRule, ...]
    errors: tuple[str, ...]  #: why others are not, as people read it
    broken: tuple[str, ...]  #: paths of the files with errors
    remarks: tuple[Remark, ...] = ()  #: the first of them
    remarked: int = 0  #: how many there are


class Restored(msgspec.Struct, tag=True, frozen=True):
    """The state was taken over."""

    dropped: tuple[str, ...]  #: "rule id: why its state was dropped"


class Progress(msgspec.Struct, tag=True, frozen=True):
    """The line that is worked on from now."""

    index: int | None  #: in the batch; None: all lines are done


class Done(msgspec.Struct, tag=True, frozen=True):
    """What a batch, or time, caused."""

    outcome: Outcome


class Held(msgspec.Struct, tag=True, frozen=True):
    """All state."""

    snapshot: bytes


class Stands(msgspec.Struct, tag=True, frozen=True):
    """How far a rule has come in its fullest groups."""

    standings: Standings | None  #: None: no such rule is in force


class Refused(msgspec.Struct, tag=True, frozen=True):
    """The question cannot be answered; asking again will not help."""

    message: str


Answer = Compiled | Restored | Progress | Done | Held | Stands | Refused


def frame(message: Question | Answer) -> bytes:
    """*message* with its length before it."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body

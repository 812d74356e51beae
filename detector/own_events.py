"""What is wrong with a source for so long that it is an event of its own: the one place that decides. Pure.

Time is what passed while Tocsin looked, by a clock that nobody sets: a source is not silent because the machine slept,
or because its clock was put forward. What began ends; between beginning and end lies a margin, so that nothing flaps.
Nothing is said of the source through which these events come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

#: The source of own events, which nobody else may be called.
OWN: Final = "tocsin"
VERSION: Final = 1
#: For how long a source must be gone or unreadable; a rotation is over sooner.
TROUBLE_SECONDS: Final = 300.0
#: How much faster trouble is forgotten than it is gathered.
MENDING: Final = 5.0
WINDOW_SECONDS: Final = 600.0
#: From so many lines on a share says something.
MANY_LINES: Final = 20
#: A source that never caught up yet is given so many times as long: it may have years to read.
FIRST_TIMES: Final = 8
#: More than this between two looks did not pass while anybody looked: the machine slept.
LONGEST_LOOK_SECONDS: Final = 60.0


class Condition(StrEnum):
    """What can be wrong for long. Stored and named in rules: never rename one."""

    SILENT = "source_silent"  #: nothing comes any more
    VANISHED = "source_vanished"  #: what it reads was there and is gone
    UNREADABLE = "source_unreadable"  #: it is there and cannot be read
    UNPARSED = "source_unparsed"  #: no format takes many of its lines
    LAGGING = "source_lagging"  #: it is read more slowly than it is written
    POISONED = "line_poisoned"  #: a line cost the engine its process and was left out; that is never over


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on it is too much; 0 seconds and a share of 1: never."""

    silent_after_seconds: float = 86_400.0
    lagging_after_seconds: float = 900.0
    unparsed_share: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A source as it stands at a look."""

    source: str
    lines: int  #: read since the source was first seen; so are the next two
    unparsed: int
    poisoned: int
    trouble: Condition | None = None  #: VANISHED or UNREADABLE
    detail: str = ""  #: which, and why
    is_behind: bool = False  #: what was there at an earlier look is not worked on yet


class Memory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of a source between looks, and across restarts. Seconds are those of looking."""

    firing: dict[str, int] = {}  #: condition -> since when, seconds since 1970
    lines: int = 0
    poisoned: int = 0
    quiet: float = 0.0  #: since a line came
    trouble: float = 0.0
    behind: float = 0.0  #: since it was caught up
    has_caught_up: bool = False
    window: float = 0.0  #: since lines are counted for their share
    window_lines: int = 0  #: where the counts stood then
    window_unparsed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvent:
    """Something began, or is over."""

    condition: Condition
    source: str
    is_over: bool
    since: datetime
    message: str

    @property
    def key(self) -> str:
        """What tells it from others of its kind: one record a cause."""
        return f"{OWN}:{self.condition}:{self.source}"

    def line(self, at: datetime) -> bytes:
        """The line that the engine reads."""
        body = {
            "tocsin": "own",
            "condition": self.condition,
            "status": "over" if self.is_over else "began",
            "key": self.key,
            "source": self.source,
            "message": self.message,
            "since": self.since.isoformat(),
            "at": at.isoformat(),
        }
        return msgspec.json.encode(body, order="sorted") + b"\n"


def first(seen: Seen) -> Memory:
    """What is remembered of a source at its first look: what was before is not held against it."""
    return Memory(lines=seen.lines, poisoned=seen.poisoned, window_lines=seen.lines, window_unparsed=seen.unparsed)


def look(
    before: Memory, seen: Seen, limits: Limits, *, passed_seconds: float, now: datetime
) -> tuple[Memory, list[OwnEvent]]:
    """What is remembered after a look, and what began or ended with it."""
    passed = min(max(passed_seconds, 0.0), LONGEST_LOOK_SECONDS)
    after = _counted(before, seen, passed)
    verdicts = {
        Condition.SILENT: _silent(after, seen, limits),
        Condition.VANISHED: _trouble(after, seen, Condition.VANISHED),
        Condition.UNREADABLE: _trouble(after, seen, Condition.UNREADABLE),
        Condition.LAGGING: _lagging(before, after, seen, limits),
        Condition.UNPARSED: _unparsed(after, seen, limits),
    }
    if after.window >= WINDOW_SECONDS and seen.lines - after.window_lines >= MANY_LINES:
        after = msgspec.structs.replace(after, window=0.0, window_lines=seen.lines, window_unparsed=seen.unparsed)
    firing, events = dict(before.firing), []
    for condition, verdict in verdicts.items():
        if verdict is None or verdict == (condition in firing):
            continue
        since = firing.pop(condition, None)
        if verdict:
            firing[condition] = since = int(now.timestamp())
        began = datetime.fromtimestamp(since or 0, now.tzinfo)
        message = _said(condition, seen, is_over=not verdict)
        events.append(
            OwnEvent(condition=condition, source=seen.source, is_over=not verdict, since=began, message=message)
        )
    if seen.poisoned > before.poisoned:
        message = _said(Condition.POISONED, seen, is_over=False)
        events.append(
            OwnEvent(condition=Condition.POISONED, source=seen.source, is_over=False, since=now, message=message)
        )
    return msgspec.structs.replace(after, firing=firing), events


def gone(source: str, memory: Memory, now: datetime) -> list[OwnEvent]:
    """What ends because a source is not read any more."""
    return [
        OwnEvent(
            condition=Condition(name),
            source=source,
            is_over=True,
            since=datetime.fromtimestamp(since, now.tzinfo),
            message=f"source {source} is not read any more",
        )
        for name, since in memory.firing.items()
    ]


def _counted(before: Memory, seen: Seen, passed: float) -> Memory:
    """Time and lines taken in."""
    trouble = before.trouble + passed if seen.trouble else before.trouble - MENDING * passed
    shrunk = seen.lines < before.window_lines or seen.unparsed < before.window_unparsed
    return msgspec.structs.replace(
        before,
        lines=seen.lines,
        poisoned=seen.poisoned,
        quiet=0.0 if seen.lines != before.lines else before.quiet + (0.0 if seen.trouble else passed),
        trouble=min(max(trouble, 0.0), TROUBLE_SECONDS),
        behind=before.behind + passed if seen.is_behind else 0.0,
        has_caught_up=before.has_caught_up or not seen.is_behind,
        window=0.0 if shrunk else before.window + passed,
        window_lines=seen.lines if shrunk else before.window_lines,
        window_unparsed=seen.unparsed if shrunk else before.window_unparsed,
    )


#: Each of these says: it is so (True), it is not (False), or that cannot be told now and stays as it was (None).


def _silent(after: Memory, seen: Seen, limits: Limits) -> bool | None:
    if not limits.silent_after_seconds or not seen.lines:
        return False
    if after.quiet >= limits.silent_after_seconds:
        return True
    return False if after.quiet == 0.0 and seen.trouble is None else None


def _trouble(after: Memory, seen: Seen, which: Condition) -> bool | None:
    if seen.trouble is which and after.trouble >= TROUBLE_SECONDS:
        return True
    other = seen.trouble is not None and seen.trouble is not which
    return False if after.trouble == 0.0 or (other and after.trouble >= TROUBLE_SECONDS) else None


def _lagging(before: Memory, after: Memory, seen: Seen, limits: Limits) -> bool | None:
    limit = limits.lagging_after_seconds
    if not limit:
        return False
    if seen.is_behind:
        return True if after.behind >= limit * (1 if before.has_caught_up else FIRST_TIMES) else None
    return False if before.behind < limit / 2 else None  # caught up, but did it take long?


def _unparsed(after: Memory, seen: Seen, limits: Limits) -> bool | None:
    if limits.unparsed_share >= 1:
        return False
    lines = seen.lines - after.window_lines
    if after.window < WINDOW_SECONDS or lines < MANY_LINES:
        return None
    share = (seen.unparsed - after.window_unparsed) / lines
    if share > limits.unparsed_share:
        return True
    return False if share <= limits.unparsed_share / 2 else None


_WORDS: Mapping[Condition, tuple[Callable[[Seen], str], str]] = {
    Condition.SILENT: (lambda seen: f"nothing comes from source {seen.source} any more", "lines come from it again"),
    Condition.VANISHED: (lambda seen: f"what source {seen.source} reads is gone: {seen.detail}", "it is there again"),
    Condition.UNREADABLE: (lambda seen: f"source {seen.source} cannot be read: {seen.detail}", "it can be read again"),
    Condition.UNPARSED: (
        lambda seen: f"no format takes many lines of source {seen.source}: set its format, see tocsin explain",
        "its lines are understood again",
    ),
    Condition.LAGGING: (
        lambda seen: f"source {seen.source} is read more slowly than it is written",
        "reading has caught up",
    ),
    Condition.POISONED: (
        lambda seen: f"the engine died on a line of source {seen.source}, which was left out and kept raw",
        "",
    ),
}


def _said(condition: Condition, seen: Seen, *, is_over: bool) -> str:
    began, over = _WORDS[condition]
    return f"source {seen.source}: {over}" if is_over else began(seen)


def sentences(memories: Mapping[str, Memory]) -> list[str]:
    """What is wrong for long now, a sentence each."""
    shown = (Condition.SILENT, Condition.LAGGING, Condition.UNPARSED)  # the others the sources themselves tell
    return [
        _said(condition, Seen(source=source, lines=0, unparsed=0, poisoned=0), is_over=False)
        for source, memory in sorted(memories.items())
        for condition in shown
        if condition in memory.firing
    ]

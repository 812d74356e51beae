"""Which format a stream is of: Pin decides line by line, so that results never depend on how lines were batched.

While nothing is pinned each line is read by the strictest format that takes it; there is no waiting. After 200 lines,
or with the first line that is read 10 s after the first one, the format is pinned that read at least 90 % with a
time; from then on only that one is asked, which is fast, and a line made up to look like another format stays what it
is: unparsed. A pinned format is given up when it reads less than 10 % of 500 lines. A format that the configuration
names is never changed.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from rules.entities import clean
from rules.formats.catalogue import FORMATS, by_name
from rules.formats.format import Context, Format, Parsed

LINES_TO_PIN = 200
SECONDS_TO_PIN = 10
SHARE_TO_PIN = 0.9
LINES_TO_DOUBT = 500
SHARE_TO_KEEP = 0.1


class PinState(msgspec.Struct, forbid_unknown_fields=True):
    """What a Pin remembers of its stream; saved with the engine's state."""

    pinned: str = ""  #: name of the format, "" while detecting
    lines: int = 0  #: lines since the last decision; blank lines and headers are not counted
    read: dict[str, int] = {}  #: of these, per format: those that it read (while detecting: with a time)
    since: int | None = None  #: while detecting: when the first of these lines was read, microseconds
    header: str = ""  #: what earlier lines told (Context.header); bears no surrogates, which cannot be saved


class Pin:
    """The format of one stream.

    Args:
        named: "auto", or the name of the format that the configuration says.
        state: What ``state`` was when the stream was last worked on.
        more: Formats that the configuration adds; found only by name.

    Raises:
        UnknownFormat: *named* is no format.
    """

    def __init__(self, named: str = "auto", state: PinState | None = None, more: Iterable[Format] = ()) -> None:
        self.state = state or PinState()
        self._named = None if named == "auto" else by_name(named, more)
        if self._named is None and self.state.pinned not in _BY_NAME:
            self.state.pinned = ""  # this version has no such format any more
        self._only = self._named or _BY_NAME.get(self.state.pinned)

    @property
    def format(self) -> str:
        """Name of the format that is named or pinned, "" while detecting."""
        return self._only.name if self._only else ""

    @property
    def likely(self) -> str:
        """Name of the format that read most lines since the last decision, "" if none read any."""
        read = self.state.read
        return max(read, key=lambda name: (read[name], name), default="")

    def choose(self, line: str, context: Context, arrived: int | None = None) -> tuple[str, Parsed | None]:
        """Read *line*; ("", None) if no format took it.

        Args:
            line: Without its end.
            context: What the format may know besides.
            arrived: When the line was read, microseconds; None: nobody waits, only the number of lines decides.
        """
        if self._only is None and arrived is not None:
            self._settle(arrived)
        if self.state.header:
            context = msgspec.structs.replace(context, header=self.state.header)
        name, parsed = self._read(line, context)
        if parsed is not None and parsed.after is not None:
            self.state.header = clean(parsed.after)
        if parsed is not None and parsed.header is not None:
            self.state.header = clean(parsed.header)
        elif self._named is None and not line.isspace() and line:
            self._count(name, parsed)
        return name, parsed

    def _read(self, line: str, context: Context) -> tuple[str, Parsed | None]:
        if self._only is not None:
            parsed = self._only.parse(line, context)
            return (self._only.name if parsed else ""), parsed
        return strictest(line, context)

    def _count(self, name: str, parsed: Parsed | None) -> None:
        state = self.state
        state.lines += 1
        if parsed is not None and (state.pinned or parsed.time is not None):
            state.read[name] = state.read.get(name, 0) + 1
        if state.lines >= (LINES_TO_DOUBT if state.pinned else LINES_TO_PIN):
            self._decide()

    def _settle(self, arrived: int) -> None:
        """Pin a format that reads nearly all of the few lines of a quiet stream."""
        state = self.state
        if state.since is None:
            state.since = arrived
        elif state.lines and arrived - state.since >= SECONDS_TO_PIN * 1_000_000:
            share = state.read.get(self.likely, 0) / state.lines
            if share >= SHARE_TO_PIN:
                self._decide()

    def _decide(self) -> None:
        """Pin, keep or give up, and count from 0 again."""
        state = self.state
        best = self.likely
        share = state.read.get(best, 0) / state.lines
        if state.pinned:
            kept = share >= SHARE_TO_KEEP
            state.pinned = state.pinned if kept else ""
        elif share >= SHARE_TO_PIN:
            state.pinned = best
        state.lines, state.read, state.since = 0, {}, None
        self._only = _BY_NAME.get(state.pinned)


_BY_NAME = {one.name: one for one in FORMATS}


def strictest(line: str, context: Context) -> tuple[str, Parsed | None]:
    """What the strictest format that takes *line* makes of it; ("", None) if none does."""
    for one in FORMATS:
        parsed = one.parse(line, context)
        if parsed is not None:
            return one.name, parsed
    return "", None


#: Whether a line is read does not depend on the moment to which its year is nearest.
_ANY_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


class Nearest(msgspec.Struct, frozen=True):
    """How well some lines are understood, for messages to people."""

    format: str  #: the format that read most of them, "" if none read any
    share: float  #: of the lines that are not blank, those that it read; 0 to 1
    unparsed: str  #: the first line that it did not read, "" if there is none; at most 200 characters


def nearest(lines: Sequence[str], more: Iterable[Format] = ()) -> Nearest:
    """Which format reads most of *lines*; of two that read as many, the stricter."""
    context = Context(reference=_ANY_MOMENT)
    wanted = [line for line in lines if line and not line.isspace()]
    best = Nearest("", 0.0, wanted[0][:200] if wanted else "")
    for one in (*FORMATS, *more):
        here, read, unparsed = context, 0, ""
        for line in wanted:
            parsed = one.parse(line, here)
            if parsed is None:
                unparsed = unparsed or line[:200]
                continue
            read += 1
            remembered = parsed.after if parsed.header is None else parsed.header
            if remembered is not None:
                here = msgspec.structs.replace(here, header=remembered)
        if read > best.share * len(wanted):
            best = Nearest(one.name, read / len(wanted), unparsed)
    return best

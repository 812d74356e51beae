"""As of which moment files are read: it decides years that stamps do not bear, and which stamps are from the future."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from detector.replay.reading import LogFile
from rules.event import TimeSource
from rules.formats.detect import Pin
from rules.formats.format import Context, Format
from rules.stream import EPOCH, LATEST, NEWEST, is_of_a_clock

LINES = 31  #: at the end of a file; of so many, one that is forged moves nothing
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """The moment of one file, and whether it had to be guessed for stamps without a year."""

    moment: datetime
    gives_years: bool  #: some stamps bear no year: worth telling


def as_of(file: LogFile, named: str, zone: tzinfo, more: Iterable[Format]) -> AsOf:
    """The latest moment at which *file* can have been written.

    It is the file's own time, but where its last lines are later than that: then the file was copied or made by a
    clock of its own, and the lines are believed. Last lines without a year belong to the year before.
    """
    pin = Pin(named, more=tuple(more))
    context = Context(reference=file.written_at, zone=zone)
    stamps: dict[TimeSource, list[datetime]] = {source: [] for source in TimeSource}
    for line in file.last_lines(LINES):
        _, parsed = pin.choose(line.decode("utf-8", "surrogateescape").rstrip("\r"), context)
        if parsed is not None and parsed.time is not None and is_of_a_clock(parsed.time):
            stamps[parsed.time_source].append(parsed.time)
    guessed, told = stamps[TimeSource.INFERRED_YEAR], stamps[TimeSource.LINE]
    moment = min(max(file.written_at, EPOCH), LATEST)
    if guessed and _middle(guessed) > moment + NEWEST:
        moment = max(guessed) - YEAR + timedelta(days=1)  # one for a leap year between
    elif told and _middle(told) > moment + NEWEST:
        moment = max(told)
    return AsOf(moment=moment, gives_years=bool(guessed))


def _middle(stamps: list[datetime]) -> datetime:
    return sorted(stamps)[len(stamps) // 2]

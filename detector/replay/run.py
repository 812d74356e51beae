"""Replay: the engine of the daemon, the grouping of the daemon, the time of the lines; no database, nobody told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from detector.replay.merging import merged
from detector.replay.reading import LogFile, Progress, nobody_watches
from rules.engine import Engine
from rules.formats.detect import Nearest, nearest
from rules.formats.format import Format
from rules.outcome import Outcome
from rules.settings import EngineSettings
from rules.sigma.model import RuleSet
from store.ledger import Ledger, Record

AFTER_THE_END = timedelta(days=366)  #: no window is longer: all that end by time alone have ended
SAMPLE_LINES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of a file's lines."""

    name: str
    lines: int
    parsed: int
    unparsed: int
    format: str  #: "" if none was settled on
    sample_unparsed: str  #: the first line that was not parsed, cut; "" if there is none

    @property
    def is_understood(self) -> bool:
        """Whether at least half of the lines that are not blank were parsed."""
        return self.parsed >= self.unparsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay found."""

    records: tuple[Record, ...]  #: in order of opening
    tallies: tuple[Tally, ...]  #: one for each file


def replay(
    files: Sequence[LogFile],
    settings: EngineSettings,
    rules: RuleSet,
    formats: Sequence[Format] = (),
    progress: Progress = nobody_watches,
) -> Replayed:
    """Run *rules* over *files*, merged by the times in them.

    Args:
        settings: ``as_of`` must be set, and there is a profile for each file.
        formats: What ``settings.expressions`` describes.
        progress: Told of what was read.
    """
    assert settings.as_of is not None
    engine, ledger, tallies = Engine(settings, rules), Ledger(), _Tallies()
    for batch in merged(files, settings.sources, formats, settings.as_of, progress):
        outcome = engine.feed(batch)
        tallies.add(outcome)
        _take(ledger, outcome)
    _take(ledger, engine.advance(settings.as_of + AFTER_THE_END))
    return Replayed(records=ledger.records(), tallies=tuple(map(tallies.of, files)))


def nearest_format(file: LogFile, more: Sequence[Format] = ()) -> Nearest:
    """The format that reads most of a file's first lines."""
    sample: list[str] = []
    for lines in file.lines():
        sample += lines.data.decode("utf-8", "surrogateescape").split("\n")
        if len(sample) >= SAMPLE_LINES:
            break
    return nearest(sample[:SAMPLE_LINES], more)


def _take(ledger: Ledger, outcome: Outcome) -> None:
    for finding in outcome.findings:
        ledger.take(finding)


class _Tallies:
    """Adds up what the engine counts batch by batch."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._formats: dict[str, str] = {}
        self._samples: dict[str, str] = {}

    def add(self, outcome: Outcome) -> None:
        for one in outcome.counts:
            for name in ("lines", "parsed", "unparsed"):
                self._counts[one.source, name] += getattr(one, name)
            self._formats[one.source] = one.format
            self._samples[one.source] = self._samples.get(one.source) or one.sample_unparsed

    def of(self, file: LogFile) -> Tally:
        counts = {name: self._counts[file.name, name] for name in ("lines", "parsed", "unparsed")}
        return Tally(
            name=file.name,
            format=self._formats.get(file.name, ""),
            sample_unparsed=self._samples.get(file.name, ""),
            **counts,
        )

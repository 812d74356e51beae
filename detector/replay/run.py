"""Replay: the engine of the daemon, the grouping of the daemon, the time of the lines; no database, nobody told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.replay.asked import Asked, asked
from detector.replay.merging import merged
from detector.replay.reading import LogFile, Progress, nobody_watches
from rules.engine import Engine
from rules.formats.detect import Nearest, nearest
from rules.formats.format import Format
from rules.outcome import Outcome
from rules.settings import EngineSettings
from rules.sigma.duration import LONGEST
from rules.sigma.model import RuleSet
from rules.usage import RuleCount
from store.ledger import Ledger, Record

AFTER_THE_END = LONGEST + timedelta(days=1)  #: all windows that end by time alone have ended, whatever the lateness
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
    used: Mapping[str, RuleCount]  #: by rule id: what rules about single events matched, and the last time of each
    findings: Mapping[str, int]  #: by rule id: how many there are
    asked: Asked  #: which rules were about any of the lines


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
    engine, ledger, tallies, used = Engine(settings, rules, saves=False), Ledger(), _Tallies(), _Used()
    for batch in merged(files, settings.sources, formats, settings.as_of, progress):
        outcome = engine.feed(batch)
        tallies.add(outcome)
        used.add(outcome)
        _take(ledger, outcome)
    seen = engine.seen  # before streams are forgotten, which are quiet from now on
    last = engine.advance(settings.as_of + AFTER_THE_END)
    used.add(last)
    _take(ledger, last)
    return Replayed(
        records=ledger.records(),
        tallies=tuple(map(tallies.of, files)),
        used=used.counts,
        findings=dict(Counter(used.findings.values())),
        asked=asked(engine.rules, seen),
    )


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


class _Used:
    """Adds up what the rules did."""

    def __init__(self) -> None:
        self.counts: dict[str, RuleCount] = {}
        self.findings: dict[str, str] = {}  #: id of a finding -> id of its rule

    def add(self, outcome: Outcome) -> None:
        for rule_id, count in outcome.rules.items():
            self._see(rule_id, count.matches, count.last_match)
        for finding in outcome.findings:
            self._see(finding.rule_id, 0, finding.last_seen)
            if finding.merged_into is None:
                self.findings[finding.id] = finding.rule_id
            else:
                self.findings.pop(finding.id, None)

    def _see(self, rule_id: str, matches: int, moment: datetime | None) -> None:
        known = self.counts.get(rule_id, RuleCount())
        moments = [one for one in (known.last_match, moment) if one is not None]
        self.counts[rule_id] = RuleCount(known.matches + matches, max(moments, default=None))


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

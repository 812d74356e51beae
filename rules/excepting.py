"""What a filter would have hidden of findings that were made: their lines, read again and asked as the engine asks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from rules.event import Batch, Event, LogSource, Severity, Starts, TimeSource
from rules.finding import Evidence
from rules.formats.detect import PinState
from rules.formats.expression import expressions
from rules.formats.format import Format
from rules.match import lookup
from rules.predicate import Predicate, predicate
from rules.settings import EngineSettings, SourceProfile
from rules.sigma.model import Correlation, Filter, Rule, RuleSet, covers
from rules.stream import Stream, StreamState


class Share(StrEnum):
    """How much of a finding a filter hides."""

    ALL = "all"  #: every line that is kept
    SOME = "some"  #: whether it would still have been found is not known: not all of its lines are kept
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A finding that was made, as far as it is kept."""

    id: str
    rule_id: str
    group: tuple[tuple[str, str], ...]
    first_seen: datetime
    last_seen: datetime
    lines: Sequence[Evidence]  #: of its rule in its record; those of other findings among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a filter would have hidden of one finding."""

    id: str
    share: Share
    by_group: bool = False  #: no line of it is kept: its group's values alone were asked


def concerned(one: Filter, rules: RuleSet) -> tuple[Rule | Correlation, ...]:
    """The rules of which a filter may hide findings: those that it names, and the correlations that count those."""
    found: dict[str, Rule | Correlation] = {}
    for head in rules.all:  # a correlation stands after those that it refers to
        counted = head.rules if isinstance(head, Correlation) else ()
        if head.id in one.rules or any(name in found for name in counted):
            found[head.id] = head
    return tuple(found.values())


def worst(heads: Iterable[Rule | Correlation]) -> Severity:
    """The highest severity that findings of these rules can have."""
    speaking = [head for head in heads if not head.as_base_only]
    ranks = [head.level if head.pin else head.level.shifted(1) for head in speaking]
    return max(ranks, key=lambda severity: severity.rank, default=Severity.INFORMATIONAL)


def replay(one: Filter, rules: RuleSet, settings: EngineSettings, past: Iterable[Past]) -> Iterator[Judged]:
    """What *one*, as loaded with *rules*, would have hidden of each finding."""
    heads = {head.id: head for head in concerned(one, rules)}
    reader = _Reader(settings)
    counts = predicate(one.condition)
    for each in past:
        head = heads.get(each.rule_id)
        if head is not None:
            yield _judged(one, counts, head, each, reader)


def _judged(one: Filter, counts: Predicate, head: Rule | Correlation, past: Past, reader: "_Reader") -> Judged:
    events = [event for line in past.lines if (event := reader.event(line, past)) is not None]
    if not events:
        return Judged(id=past.id, share=Share.NONE if counts(_of_group(past)) else Share.ALL, by_group=True)
    hidden = [covers(one.logsource, event.logsource) and not counts(event) for event in events]
    if all(hidden):
        return Judged(id=past.id, share=Share.ALL)
    if not any(hidden):
        return Judged(id=past.id, share=Share.NONE)
    each_counts = isinstance(head, Correlation) and head.type in ("temporal", "temporal_ordered")
    return Judged(id=past.id, share=Share.ALL if each_counts else Share.SOME)


class _Reader:
    """Reads kept lines as the engine read them."""

    def __init__(self, settings: EngineSettings) -> None:
        self._sources = settings.sources
        self._formats: tuple[Format, ...] = expressions(settings.expressions)
        self._trust = settings.trust
        self._streams: dict[tuple[str, str], Stream] = {}
        self._read: dict[tuple[str, str, int, str], Event | None] = {}

    def event(self, line: Evidence, past: Past) -> Event | None:
        """The event of a line of a finding, with the values of its group; None if it is none of its lines."""
        if not line.text or not past.first_seen <= line.time <= past.last_seen:
            return None
        at = (line.source, line.origin, line.line, line.sha256)
        if at not in self._read:
            self._read[at] = self._event(line)
        event = self._read[at]
        if event is None or any(_differs(event, name, value) for name, value in past.group):
            return None
        return msgspec.structs.replace(event, fields={**dict(past.group), **event.fields})

    def _event(self, line: Evidence) -> Event | None:
        key = (line.source, line.origin)
        if key not in self._streams:
            profile = self._sources.get(line.source) or SourceProfile()
            self._streams[key] = Stream(
                profile, "auto", StreamState(pin=PinState()), self._formats, replay=True, trust=self._trust
            )
        stream = self._streams[key]
        stream.begin(_batch(line), line.time + timedelta(seconds=1))
        return stream.read(line.text.encode("utf-8", "surrogateescape"), line.line, line.offset, lambda _: True)


def _differs(event: Event, name: str, value: str) -> bool:
    found = lookup(event.fields, name)
    return isinstance(found, str) and found != value


def _batch(line: Evidence) -> Batch:
    return Batch(
        source=line.source,
        stream=line.origin,
        origin=line.origin,
        data=b"",
        starts=Starts(line=line.line, offset=line.offset),
        received_at=line.time,
        before=b"",
        after=b"",
        backlog=True,
    )


def _of_group(past: Past) -> Event:
    """What is known of a finding without a line."""
    return Event(
        source="",
        stream="",
        origin="",
        line=0,
        offset=0,
        time=past.first_seen.astimezone(UTC),
        time_resolution=timedelta(seconds=1),
        time_source=TimeSource.LINE,
        received_at=past.first_seen,
        text="",
        format="",
        logsource=LogSource(),
        fields=dict(past.group),
    )

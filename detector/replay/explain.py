"""Which single-event rules match each line of a file, and how it was read; before any correlation."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from detector.replay.reading import LogFile
from rules.engine import lines_of
from rules.event import Event
from rules.formats.detect import PinState
from rules.formats.format import Format
from rules.match import holds, matches
from rules.settings import SourceProfile, Trust
from rules.sigma.filter import is_about
from rules.sigma.model import Correlation, Filter, Rule, RuleSet
from rules.stream import NOBODY, Stream, StreamState


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file, once for each event that it tells of."""

    number: int  #: from 1
    text: str
    event: Event | None  #: None: blank, or a header that only says how to read the others
    rules: tuple[Rule, ...]  #: that match it
    excepted: tuple[tuple[Rule | Correlation, Filter], ...] = ()  #: for which it does not count, by which filter


def explained(
    file: LogFile,
    profile: SourceProfile,
    rules: RuleSet,
    formats: tuple[Format, ...],
    as_of: datetime,
    trust: Trust = NOBODY,
) -> Iterator[Line]:
    """Every line of *file*, read and matched as the engine does."""
    stream = Stream(profile, "auto", StreamState(pin=PinState()), formats, replay=True, trust=trust)
    for batch in file.batches(as_of):
        stream.begin(batch, as_of)
        for _, number, offset, raw in lines_of(batch):
            for event in stream.events(raw, number, offset, lambda _: True) or (None,):
                matched = () if event is None else tuple(_matching(rules, event))
                excepted = () if event is None else tuple(_excepted(rules, event, matched))
                yield Line(
                    number=number,
                    text=raw.decode("utf-8", "surrogateescape").rstrip("\r"),
                    event=event,
                    rules=matched,
                    excepted=excepted,
                )


def _excepted(rules: RuleSet, event: Event, matched: tuple[Rule, ...]) -> Iterator[tuple[Rule | Correlation, Filter]]:
    """Rules whose detection holds, and correlations of those that match, with each filter that keeps the event out."""
    for rule in rules.routed(event.logsource):
        if rule.filters and holds(rule.detection, event):
            yield from ((rule, one) for one in rule.filters if not holds(one.condition, event))
    for made in rules.correlations:
        for one in made.filters:
            if any(rule.id in made.rules and is_about(one, rule) for rule in matched) and not holds(
                one.condition, event
            ):
                yield made, one


def _matching(rules: RuleSet, event: Event) -> Iterator[Rule]:
    return (rule for rule in rules.routed(event.logsource) if matches(rule, event))

"""Which single-event rules match each line of a file, and how it was read; before any correlation."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from detector.replay.reading import LogFile
from rules.authoring.nearness import NearMiss, near_misses
from rules.correlation.progress import Progress
from rules.engine import Engine, lines_of
from rules.event import Event, Starts
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
    near: tuple[NearMiss, ...] = ()  #: rules that almost matched, the nearest first
    offset: int = 0  #: of its first byte in the file
    counts: tuple[Progress, ...] = ()  #: correlations that count it, as they stand after it
    asked: int = 0  #: rules about single events that are about its log source


def explained(
    file: LogFile,
    profile: SourceProfile,
    rules: RuleSet,
    formats: tuple[Format, ...],
    as_of: datetime,
    trust: Trust = NOBODY,
    engine: Engine | None = None,
) -> Iterator[Line]:
    """Every line of *file*, read and matched as the engine does.

    Args:
        file: What is read.
        profile: How.
        rules: That may match.
        formats: Of the configuration.
        as_of: When it is read.
        trust: Whom rules and formats believe.
        engine: A new one with these rules; counts line by line. None: nothing is told of correlations.
    """
    stream = Stream(profile, "auto", StreamState(pin=PinState()), formats, replay=True, trust=trust)
    for batch in file.batches(as_of):
        stream.begin(batch, as_of)
        for _, number, offset, raw in lines_of(batch):
            if engine is not None:
                engine.feed(replace(batch, data=raw + b"\n", starts=Starts(line=number, offset=offset)))
            for event in stream.events(raw, number, offset, lambda _: True) or (None,):
                matched = () if event is None else tuple(_matching(rules, event))
                excepted = () if event is None else tuple(_excepted(rules, event, matched))
                near = () if event is None else _near(rules, event, matched)
                yield Line(
                    number=number,
                    text=raw.decode("utf-8", "surrogateescape").rstrip("\r"),
                    event=event,
                    rules=matched,
                    excepted=excepted,
                    near=near,
                    offset=offset,
                    counts=() if event is None or engine is None or not matched else engine.standing(event),
                    asked=0 if event is None else len(rules.routed(event.logsource, event.source)),
                )


def _excepted(rules: RuleSet, event: Event, matched: tuple[Rule, ...]) -> Iterator[tuple[Rule | Correlation, Filter]]:
    """Rules whose detection holds, and correlations of those that match, with each filter that keeps the event out."""
    for rule in rules.routed(event.logsource, event.source):
        if rule.filters and holds(rule.detection, event):
            yield from ((rule, one) for one in rule.filters if not holds(one.condition, event))
    for made in rules.correlations:
        for one in made.filters:
            if any(rule.id in made.rules and is_about(one, rule) for rule in matched) and not holds(
                one.condition, event
            ):
                yield made, one


def _near(rules: RuleSet, event: Event, matched: tuple[Rule, ...]) -> tuple[NearMiss, ...]:
    known = {rule.id for rule in matched}
    return near_misses((rule for rule in rules.routed(event.logsource, event.source) if rule.id not in known), event)


def _matching(rules: RuleSet, event: Event) -> Iterator[Rule]:
    return (rule for rule in rules.routed(event.logsource, event.source) if matches(rule, event))

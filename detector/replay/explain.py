"""Which single-event rules match each line of a file, and how it was read; before any correlation."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from detector.replay.reading import LogFile
from rules.engine import lines_of
from rules.event import Event
from rules.formats.detect import PinState
from rules.formats.format import Format
from rules.match import matches
from rules.settings import SourceProfile
from rules.sigma.model import Rule, RuleSet
from rules.stream import Stream, StreamState


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file."""

    number: int  #: from 1
    text: str
    event: Event | None  #: None: blank, or a header that only says how to read the others
    rules: tuple[Rule, ...]  #: that match it


def explained(
    file: LogFile, profile: SourceProfile, rules: RuleSet, formats: tuple[Format, ...], as_of: datetime
) -> Iterator[Line]:
    """Every line of *file*, read and matched as the engine does."""
    stream = Stream(profile, "auto", StreamState(pin=PinState()), formats, replay=True)
    for batch in file.batches(as_of):
        stream.begin(batch, as_of)
        for _, number, offset, raw in lines_of(batch):
            event = stream.read(raw, number, offset, lambda _: True)
            matched = () if event is None else tuple(_matching(rules, event))
            yield Line(
                number=number, text=raw.decode("utf-8", "surrogateescape").rstrip("\r"), event=event, rules=matched
            )


def _matching(rules: RuleSet, event: Event) -> Iterator[Rule]:
    return (rule for rule in rules.routed(event.logsource) if matches(rule, event))

"""The one engine of daemon, replay, explain and rule tests. No clock, no I/O.

    Batch ─► lines ─► events (format, time) ─► rules that match ─► counters ─► episodes ─► findings

The engine only goes forward. What it holds can be taken out (snapshot, and a delta per batch) and put in (restore);
the same lines then give the same findings, however they are cut into batches and wherever it was stopped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from rules.correlation.counters import Counters
from rules.correlation.passage import Moment
from rules.correlation.progress import Progress, standing
from rules.correlation.standing import Standings, standings
from rules.correlation.telling import Telling, evidence_of
from rules.event import Batch, Event, LogSource
from rules.modes import with_modes
from rules.outcome import InternalEvent, Outcome
from rules.predicate import Predicate, predicate
from rules.saved import State, decoded, encoded
from rules.settings import EngineSettings
from rules.severity import Assets
from rules.sigma.model import MOST_ROUTES, RuleSet
from rules.stream import Stream, microseconds, moment
from rules.streams import Streams
from rules.usage import Stopwatch, Usage

FOREIGN: Final = "all rules: another version of the program saved what they had counted"
SKIPPED: Final = "left out: working on it killed the engine"


class Engine:
    """Lines in, findings out.

    Args:
        saves: Whether outcomes bear what is to be saved. A replay goes on nowhere: it saves half of the time.

    Raises:
        UnknownFormat: A source's profile names a format that there is not.
        ExpressionError: A format of the configuration cannot be used.
    """

    def __init__(self, settings: EngineSettings, rules: RuleSet, *, saves: bool = True) -> None:
        self.settings = settings
        self._saves = saves
        self.rules = rules = with_modes(rules, settings.modes)
        self.dropped: tuple[str, ...] = ()  #: "rule id: why its state was dropped" at restore
        self._assets = Assets(
            critical=frozenset(map(str.lower, settings.assets_critical)),
            lab=frozenset(map(str.lower, settings.assets_lab)),
        )
        self._streams = Streams(settings)
        self._counters = Counters(rules, settings.caps)
        self._predicates = {id(rule): predicate(rule.condition) for rule in rules.in_every_form}
        self._routes: dict[str, dict[LogSource, tuple[tuple[str, Predicate], ...]]] = {}
        self._here: str = ""  #: the source being read, if rules are something else for it
        self._passed: int | None = None
        self._saved_meanings: dict[str, str] = {}
        self._foreign: tuple[str, ...] = ()  #: why parts of the saved state were not taken over at all
        self._telling = self._new_telling()
        self._usage = Usage()
        self._watch: Stopwatch | None = None

    def feed(
        self, batch: Batch, progress: Callable[[int], None] | None = None, watch: Stopwatch | None = None
    ) -> Outcome:
        """Work on the lines of *batch*.

        Args:
            batch: The next lines of its stream.
            progress: Called with the index of each line before it is worked on, and with their number at the end.
            watch: Measures what each rule costs. That takes time itself: give it with few batches.
        """
        self._here = batch.source if batch.source in self.rules.forms else ""
        stream, self._watch = self._streams.begin(batch), watch
        internal = []
        for index, line, offset, raw in lines_of(batch):
            if progress is not None:
                progress(index)
            stream.tally.lines += 1
            if index in batch.skip:
                stream.tally.poisoned += 1
                internal.append(
                    InternalEvent(batch.source, batch.stream, batch.origin, line, offset, bytes(raw), SKIPPED)
                )
            else:
                self._work(stream, raw, line, offset, batch.history)
        if progress is not None:
            progress(stream.tally.lines)
        self._settle(self._streams.horizon(stream), history=batch.history)
        self._counters.shed()
        return self._outcome(streams=(stream,), internal=tuple(internal))

    def advance(self, watermark: datetime) -> Outcome:
        """Let time pass without lines.

        Args:
            watermark: Now. Streams quiet for ``idle_seconds`` are taken to have passed it, less their lateness, until
                they deliver again; those that do (a backlog is being read) keep their own pace.
        """
        passed = self._streams.advance(microseconds(watermark))
        if passed is not None:
            self._settle(passed, history=False)
            self._counters.expire(passed)
        return self._outcome()

    def snapshot(self) -> bytes:
        """All state."""
        return encoded(self._state(self._counters.meanings, whole=True))

    def restore(self, snapshot: bytes | None, deltas: Iterable[bytes]) -> None:
        """Go on where another engine stopped. Call it on a new engine, before anything else.

        State of rules that are gone, or whose meaning has changed, is dropped, and all that another version of the
        program has saved; ``dropped`` says so.

        Raises:
            StateUnreadable: This version wrote it, and it is damaged.
        """
        for part in ([] if snapshot is None else [snapshot], deltas):
            for data in part:
                if data:
                    self._load(data)
        lost = tuple(f"{rule_id}: {why}" for rule_id, why in self._counters.lost.items())
        self.dropped = (*self._foreign, *lost)

    def with_rules(self, settings: EngineSettings, rules: RuleSet) -> "Engine":
        """A new engine with other rules that goes on with all state whose meaning is unchanged."""
        engine = Engine(settings, rules)
        engine.restore(self.snapshot(), ())
        return engine

    @property
    def held_bytes(self) -> int:
        """How much memory all that is counted takes, about."""
        return self._counters.held_bytes

    def standing(self, event: Event) -> tuple[Progress, ...]:
        """How far the correlations that count *event*, which was fed, have come. Changes nothing."""
        matched = [rule_id for rule_id, holds in self._routed(event.logsource) if holds(event)]
        return standing(self._counters.feeds, event, matched, {head.id: head.title for head in self.rules.all})

    def standings(self, rule_id: str) -> Standings | None:
        """How far a rule has come in its fullest groups; None if there is no such rule. Changes nothing."""
        return standings(self._counters.feeds, self.rules, rule_id, self._passed)

    @property
    def seen(self) -> dict[tuple[str, LogSource], int]:
        """By source and log source, how many events a replay has read."""
        return self._streams.seen

    # matching

    def _work(self, stream: Stream, raw: bytes, line: int, offset: int, history: bool) -> None:
        for event in stream.events(raw, line, offset, self._routed):
            routed = self._routed(event.logsource)
            if self._watch is None:
                matched = [rule_id for rule_id, holds in routed if holds(event)]
            else:
                matched = self._usage.measured(routed, event, self._watch)
            if not matched:
                continue
            stream.tally.matched += 1
            self._usage.matched(matched, event)
            at = self._moment(self._streams.horizon(stream), history=history)
            self._counters.count(event, matched, evidence_of(event, raw), at, self._telling)

    def _routed(self, logsource: LogSource) -> tuple[tuple[str, Predicate], ...]:
        """Id and condition of the rules that apply to events of this log source."""
        routes = self._routes.setdefault(self._here, {})
        found = routes.get(logsource)
        if found is None:
            if len(routes) >= MOST_ROUTES:
                routes.clear()
            rules = self.rules.routed(logsource, self._here)
            found = routes[logsource] = tuple((rule.id, self._predicates[id(rule)]) for rule in rules)
        return found

    def _settle(self, horizon: int | None, *, history: bool) -> None:
        self._counters.settle(self._moment(horizon, history=history), self._telling)

    def _moment(self, horizon: int | None, *, history: bool) -> Moment:
        self._passed = horizon
        return Moment(watermark=horizon, history=history)

    # telling

    def _new_telling(self) -> Telling:
        return Telling(self._assets, self.settings.caps.max_entities)

    def _outcome(self, streams: tuple[Stream, ...] = (), internal: tuple[InternalEvent, ...] = ()) -> Outcome:
        telling, self._telling = self._telling, self._new_telling()
        usage, self._usage = self._usage, Usage()
        findings = telling.findings()
        return Outcome(
            findings=findings,
            counts=tuple(stream.count() for stream in streams),
            watermark=None if self._passed is None else moment(self._passed),
            delta=self._delta() if streams or findings else b"",
            internal=internal,
            evictions=self._counters.evictions(),
            rules=usage.counts(),
        )

    # state

    def _delta(self) -> bytes:
        """What changed since the last one. What time alone changed waits for the next that has more to say."""
        meanings = self._counters.meanings
        unsaid = meanings if meanings != self._saved_meanings else None
        self._saved_meanings = meanings
        state = self._state(unsaid, whole=False)  # taken by a replay, too: what changed must not pile up
        return encoded(state) if self._saves else b""

    def _state(self, meanings: dict[str, str] | None, *, whole: bool) -> State:
        streams, counters = self._streams, self._counters
        parts = streams.dump(whole=whole), counters.dump(whole=whole), counters.once.dump(whole=whole)
        return State(streams.arrived, meanings, *parts)

    def _load(self, data: bytes) -> None:
        state = decoded(data)
        if state is None:
            self._foreign = (FOREIGN,)
            return
        if state.meanings is not None:
            self._saved_meanings = state.meanings
            self._counters.compare(state.meanings)
        self._streams.load(state.arrived, state.streams)
        self._counters.load(state.counters, self._saved_meanings)
        self._counters.once.load(state.once)


def lines_of(batch: Batch) -> Iterator[tuple[int, int, int, bytes]]:
    """(index, line number, offset, bytes without the end) of each line."""
    lines = batch.data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    offsets = accumulate(strides_of(batch, lines), initial=batch.starts.offset)
    for index, (raw, offset) in enumerate(zip(lines, offsets, strict=False)):
        yield index, batch.starts.line + index, offset, raw


def strides_of(batch: Batch, lines: Sequence[bytes]) -> Sequence[int]:
    """How far it is in the stream from each of *lines*, those of the batch, to the next."""
    if batch.starts.strides:
        return batch.starts.strides
    strides = [len(raw) + 1 for raw in lines]
    for index, left_out in batch.starts.cuts:
        strides[index] += left_out
    return strides

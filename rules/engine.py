"""The one engine of daemon, replay, explain and rule tests. No clock, no I/O.

    Batch ─► lines ─► events (format, time) ─► rules that match ─► counters ─► episodes ─► findings

The engine only goes forward. What it holds can be taken out (snapshot, and a delta per batch) and put in (restore);
the same lines then give the same findings, however they are cut into batches and wherever it was stopped.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from rules.correlate import Item, Measure
from rules.counter import Counter, CounterState, Key, counter_of
from rules.entities import entities_of, value_of
from rules.event import Batch, Event
from rules.finding import Evidence
from rules.formats.catalogue import by_name
from rules.formats.detect import PinState
from rules.formats.format import Format
from rules.match import matches
from rules.outcome import InternalEvent, Outcome
from rules.settings import EngineSettings, SourceProfile
from rules.severity import Assets
from rules.sigma.model import Correlation, RuleSet
from rules.stream import Stream, StreamState, microseconds, moment
from rules.telling import Telling, evidence_of

STATE_VERSION: Final = 1
FINISHED: Final = 3_600_000_000  #: replay: a stream an hour behind another has no more lines to come
SKIPPED: Final = "left out: working on it killed the engine"


class StateUnreadable(Exception):
    """The saved state is not of this version of the engine."""


class State(msgspec.Struct, array_like=True):
    """What is saved: all, or what one batch changed. Applying a part twice changes nothing."""

    version: int
    arrived: int  #: when the latest batch of any stream was read, microseconds
    ended: int | None  #: windows that end before this have been judged
    meanings: dict[str, str] | None  #: by rule id, of all counters; None: as before
    streams: list[tuple[str, str, StreamState]]
    counters: list[CounterState]


@dataclass(frozen=True, slots=True)
class Feed:
    """How events that match one rule reach one counter."""

    counter: Counter
    rule_id: str
    group_fields: tuple[str, ...]
    value_field: str | None
    always: bool  #: count an event that lacks a group-by field too
    once: bool  #: an event that matches several of the rules counts once
    chained: bool  #: the rule is a correlation itself

    def key(self, event: Event) -> Key | None:
        """The group of *event*; None if it belongs to none."""
        values = [value_of(event, name) for name in self.group_fields]
        if self.always:
            return tuple(value or "" for value in values)
        return None if None in values else tuple(value for value in values if value is not None)

    def value(self, event: Event) -> str | None:
        """What is compared; None if *event* lacks it."""
        if self.counter.condition.measure is Measure.EVENTS:
            return ""
        return self.rule_id if self.value_field is None else value_of(event, self.value_field)


class Engine:
    """Lines in, findings out.

    Raises:
        UnknownFormat: A source's profile names a format that there is not.
    """

    def __init__(self, settings: EngineSettings, rules: RuleSet) -> None:
        self.settings = settings
        self.rules = rules
        self.dropped: tuple[str, ...] = ()  #: "rule id: why its state was dropped" at restore
        self._assets = Assets(
            critical=frozenset(map(str.lower, settings.assets_critical)),
            lab=frozenset(map(str.lower, settings.assets_lab)),
        )
        self._formats: tuple[Format, ...] = ()  # formats of the configuration
        for profile in settings.sources.values():
            if profile.format != "auto":
                by_name(profile.format, self._formats)
        self._idle = timedelta(seconds=settings.caps.idle_seconds) // timedelta(microseconds=1)
        self._counters = {
            head.id: counter_of(head, settings.caps)
            for head in rules.all
            if isinstance(head, Correlation) or not head.as_base_only
        }
        self._meanings = {rule_id: counter.meaning for rule_id, counter in self._counters.items()}
        self.feeds: dict[str, list[Feed]] = {}
        self._connect()
        self._states: dict[tuple[str, str], StreamState] = {}
        self._streams: dict[tuple[str, str], Stream] = {}
        self._changed_streams: set[tuple[str, str]] = set()
        self._others: list[int] = []
        self._arrived = 0
        self.ended: int | None = None
        self._lost: dict[str, str] = {}
        self._saved_meanings: dict[str, str] = {}
        self.telling = self._new_telling()

    def feed(self, batch: Batch, progress: Callable[[int], None] | None = None) -> Outcome:
        """Work on the lines of *batch*.

        Args:
            batch: The next lines of its stream.
            progress: Called with the index of each line before it is worked on, and with their number at the end.
        """
        stream = self._begin(batch)
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
        self._settle(self._horizon(stream.state.watermark), history=batch.history)
        return self._outcome(streams=(stream,), internal=tuple(internal))

    def advance(self, watermark: datetime) -> Outcome:
        """Let time pass without lines.

        Args:
            watermark: Now. Streams quiet for ``idle_seconds`` are taken to have passed it, less their lateness; those
                that still deliver (a backlog is being read) keep their own pace.
        """
        now = microseconds(watermark)
        for key, state in self._states.items():
            if state.watermark is not None and state.arrived <= now - self._idle:
                state.pass_(now - self._lateness_of(key))
                self._changed_streams.add(key)
        marks = [state.watermark for state in self._states.values() if state.watermark is not None]
        active = self._active(now) or marks
        if active:
            self._settle(min(active), history=False)
            for counter in self._counters.values():
                counter.expire(min(active))
        return self._outcome()

    def snapshot(self) -> bytes:
        """All state."""
        return self._encode(
            self._meanings,
            [(*key, self._states[key]) for key in sorted(self._states)],
            [state for counter in self._counters.values() if (state := counter.dump(whole=True)) is not None],
        )

    def restore(self, snapshot: bytes | None, deltas: Iterable[bytes]) -> None:
        """Go on where another engine stopped. Call it on a new engine, before anything else.

        State of rules that are gone, or whose meaning has changed, is dropped; ``dropped`` says so.

        Raises:
            StateUnreadable: The state was not written by this version.
        """
        for part in ([] if snapshot is None else [snapshot], deltas):
            for data in part:
                if data:
                    self._load(data)
        self.dropped = tuple(f"{rule_id}: {why}" for rule_id, why in self._lost.items())

    def with_rules(self, settings: EngineSettings, rules: RuleSet) -> "Engine":
        """A new engine with other rules that goes on with all state whose meaning is unchanged."""
        engine = Engine(settings, rules)
        engine.restore(self.snapshot(), ())
        return engine

    # reading

    def _begin(self, batch: Batch) -> Stream:
        key = (batch.source, batch.stream)
        if key not in self._streams:
            state = self._states.setdefault(key, StreamState(pin=PinState()))
            profile = self._profile(batch.source)
            replay = self.settings.as_of is not None
            self._streams[key] = Stream(profile, batch.kind, state, self._formats, replay=replay)
        stream = self._streams[key]
        stream.begin(batch, self.settings.as_of or batch.received_at)
        self._arrived = max(self._arrived, stream.state.arrived)
        self._others = sorted(self._active(self._arrived, but=key))
        self._changed_streams.add(key)
        return stream

    def _profile(self, source: str) -> SourceProfile:
        return self.settings.sources.get(source) or SourceProfile()

    def _lateness_of(self, key: tuple[str, str]) -> int:
        return timedelta(seconds=self._profile(key[0]).lateness_seconds) // timedelta(microseconds=1)

    def _active(self, now: int, but: tuple[str, str] | None = None) -> list[int]:
        """The watermarks of the streams that delivered lately."""
        return [
            state.watermark
            for key, state in self._states.items()
            if key != but and state.watermark is not None and state.arrived > now - self._idle
        ]

    def _horizon(self, watermark: int | None) -> int | None:
        """What all streams have passed, seen from one that stands at *watermark*."""
        if watermark is None or not self._others:
            return watermark
        first = 0
        if self.settings.as_of is not None:
            first = bisect_left(self._others, watermark - FINISHED)
        return min(watermark, self._others[first]) if first < len(self._others) else watermark

    # matching

    def _work(self, stream: Stream, raw: bytes, line: int, offset: int, history: bool) -> None:
        event = stream.read(raw, line, offset, self.rules.routed)
        if event is None:
            return
        matched = [rule.id for rule in self.rules.routed(event.logsource) if matches(rule, event)]
        if not matched:
            return
        stream.tally.matched += 1
        horizon = self._horizon(stream.state.watermark)
        if horizon is not None and (self.ended is None or horizon > self.ended):
            self.ended = horizon
        counting = _Counting(self, event, raw, horizon, history)
        for rule_id in matched:
            counting.reach(rule_id, event, counting.evidence, event.repeats)

    def _connect(self) -> None:
        """Lead each rule's matches to the counters that count them."""
        self.feeds.clear()
        for counter in self._counters.values():
            for rule_id in counter.base_rule_ids:
                self.feeds.setdefault(rule_id, []).append(self._feed(counter, rule_id))

    def _feed(self, counter: Counter, rule_id: str) -> Feed:
        head = counter.head
        if not isinstance(head, Correlation):
            return Feed(counter, rule_id, head.group_by, None, always=True, once=False, chained=False)
        return Feed(
            counter,
            rule_id,
            tuple(head.field_of(name, rule_id) for name in head.group_by),
            None if head.value_field is None else head.field_of(head.value_field, rule_id),
            always=False,
            once=head.type in ("event_count", "value_count"),
            chained=isinstance(self._counters.get(rule_id, counter).head, Correlation) and rule_id in self._counters,
        )

    def _settle(self, ended: int | None, *, history: bool) -> None:
        if ended is None:
            return
        self.ended = ended if self.ended is None else max(ended, self.ended)
        for counter in self._counters.values():
            for key, change in counter.settle(self.ended):
                self.telling.note(counter, key, change, history=history)

    # telling

    def _new_telling(self) -> Telling:
        return Telling(self._assets, self.settings.caps.max_entities)

    def _outcome(self, streams: tuple[Stream, ...] = (), internal: tuple[InternalEvent, ...] = ()) -> Outcome:
        telling, self.telling = self.telling, self._new_telling()
        findings = telling.findings()
        evictions = {counter.rule_id: counter.evicted for counter in self._counters.values() if counter.evicted}
        for counter in self._counters.values():
            counter.evicted = 0
        return Outcome(
            findings=findings,
            counts=tuple(stream.count() for stream in streams),
            watermark=None if self.ended is None else moment(self.ended),
            delta=self._delta() if streams or findings else b"",
            internal=internal,
            evictions=evictions,
        )

    # state

    def _delta(self) -> bytes:
        """What changed since the last one. What time alone changed waits for the next that has more to say."""
        meanings = self._meanings if self._meanings != self._saved_meanings else None
        self._saved_meanings = self._meanings
        changed, self._changed_streams = self._changed_streams, set()
        return self._encode(
            meanings,
            [(*key, self._states[key]) for key in sorted(changed)],
            [state for counter in self._counters.values() if (state := counter.dump(whole=False)) is not None],
        )

    def _encode(
        self,
        meanings: dict[str, str] | None,
        streams: list[tuple[str, str, StreamState]],
        counters: list[CounterState],
    ) -> bytes:
        return msgspec.msgpack.encode(
            State(STATE_VERSION, self._arrived, self.ended, meanings, streams, counters),
        )

    def _load(self, data: bytes) -> None:
        try:
            state = msgspec.msgpack.decode(data, type=State)
        except msgspec.DecodeError as error:
            raise StateUnreadable(f"the saved state of the rules cannot be read: {error}") from error
        if state.version != STATE_VERSION:
            raise StateUnreadable(
                f"the saved state of the rules is of version {state.version}, this program reads {STATE_VERSION}"
            )
        self._arrived, self.ended = state.arrived, state.ended
        if state.meanings is not None:
            self._compare(state.meanings)
        for source, stream, stream_state in state.streams:
            self._states[source, stream] = stream_state
        for counted in state.counters:
            self._take(counted)

    def _compare(self, meanings: dict[str, str]) -> None:
        """Drop what is held for rules that meant something else when the following was saved."""
        self._saved_meanings = meanings
        for rule_id, counter in self._counters.items():
            if meanings.get(rule_id) == counter.meaning:
                self._lost.pop(rule_id, None)
            elif counter.groups:
                self._counters[rule_id] = counter_of(counter.head, self.settings.caps)
        self._connect()

    def _take(self, counted: CounterState) -> None:
        rule_id = counted.rule_id
        if rule_id not in self._counters:
            self._lost[rule_id] = "there is no such rule any more"
        elif self._saved_meanings.get(rule_id) != self._meanings[rule_id]:
            self._lost[rule_id] = "its base rules, group-by, field or time span have changed"
        else:
            self._counters[rule_id].load(counted)


class _Counting:
    """One event on its way through the counters."""

    def __init__(self, engine: Engine, event: Event, raw: bytes, horizon: int | None, history: bool) -> None:
        self.event = event
        self.evidence = (evidence_of(event, raw),)
        self._engine = engine
        self._time = microseconds(event.time)
        self._position = f"{event.source}\0{event.stream}\0{event.offset}"
        self._success = event.fields.get("event.outcome") == "success"
        self._horizon, self._history = horizon, history
        self._counted: set[str] = set()

    def reach(self, rule_id: str, event: Event, evidence: tuple[Evidence, ...], weight: int) -> None:
        """Let all counters know that *event* fulfils a rule, and those that refer to them."""
        for feed in self._engine.feeds.get(rule_id, ()):
            counter = feed.counter
            if feed.once and counter.rule_id in self._counted:
                continue
            key, value = feed.key(event), feed.value(event)
            if key is None or value is None:
                continue
            self._counted.add(counter.rule_id)
            item = Item(
                weight=1 if feed.chained and counter.condition.measure is Measure.EVENTS else weight,
                value=value,
                entities=entities_of(event, counter.head.entities),
                success=self._success,
                position="" if counter.condition.eager else self._position,
                evidence=evidence,
            )
            self._add(counter, key, item)

    def _add(self, counter: Counter, key: Key, item: Item) -> None:
        engine = self._engine
        changes = counter.add(
            key, self._time, item, watermark=self._horizon, ended=engine.ended, position=self._position
        )
        for of, change in changes:
            evidence = tuple(line for item in change.fresh for line in item.evidence)
            engine.telling.note(counter, of, change, history=self._history)
            if change.qualified and counter.speaks_at_once and counter.rule_id in engine.feeds:
                fields = {**self.event.fields, **dict(zip(counter.head.group_by, key, strict=True))}
                weight = sum(item.weight for item in change.fresh)
                self.reach(counter.rule_id, replace(self.event, fields=fields), evidence, weight)


def lines_of(batch: Batch) -> Iterator[tuple[int, int, int, bytes]]:
    """(index, line number, offset, bytes without the end) of each line."""
    offset, cuts = batch.starts.offset, dict(batch.starts.cuts)
    lines = batch.data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for index, raw in enumerate(lines):
        yield index, batch.starts.line + index, offset, raw
        offset += len(raw) + 1 + cuts.get(index, 0)

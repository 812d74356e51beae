"""Puts together what the daemon says of itself, from its parts as they stand."""

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.metadata import version

from sqlalchemy import Connection

from detector.engine_process import EngineProcess, Ready
from detector.engine_wire import LoadedRule
from detector.heartbeat import WRITER
from detector.own_events import MANY_LINES
from detector.readers import Readers
from detector.sources.source import SourceStatus, StreamState, StreamStatus
from detector.status import DaemonStatus, HttpState, Readiness, RuleState, SourceState, Summary
from store.clock import Clock
from store.database import Store
from store.errors import StoreUnavailable
from store.repository.hiding import silences
from store.repository.incident import incidents
from store.repository.intake import sources
from store.repository.intake.sources import SourceRow
from store.repository.telling import lost, outbox

BROKEN = (StreamState.MISSING, StreamState.UNREADABLE, StreamState.VANISHED)
MOST_HUSHED = 20  #: silences that are told of


class Overview:
    """Answers ``status`` and ``readyz``."""

    def __init__(
        self,
        *,
        store: Store,
        engine: EngineProcess,
        readers: Readers,
        clock: Clock,
        rules: Callable[[], Ready],
        http: Callable[[], HttpState],
        stuck: Callable[[], tuple[str, ...]],
        unreachable: Callable[[], Iterable[str]] = lambda: (),
    ) -> None:
        self._store = store
        self._engine = engine
        self._readers = readers
        self._clock = clock
        self._rules = rules
        self._http = http
        self._stuck = stuck
        self._unreachable = unreachable
        self._started_at = clock.now()

    async def status(self) -> DaemonStatus:
        """Everything, as it is now."""
        now = self._clock.now()
        streams, summary = await self._store.read(lambda connection: _look(connection, now))
        shown = tuple(_merged(self._readers.status(), streams))
        ready = self._rules()
        return DaemonStatus(
            version=version("tocsin"),
            pid=os.getpid(),
            started_at=self._started_at,
            now=self._clock.now(),
            http=self._http(),
            store=describe(self._store),
            engine_pid=self._engine.pid,
            engine_restarts=self._engine.restarts,
            rules=tuple(_rule(one) for one in ready.rules),
            rule_errors=tuple(ready.errors),
            sources=shown,
            summary=summary,
            degraded=tuple(self._degraded(shown, summary)),
        )

    async def readiness(self) -> Readiness:
        """Whether intake is accepted; all else that is wrong is only named."""
        if not self._store.healthy:
            return Readiness(ready=False, degraded=(f"the store cannot commit: {self._store.trouble}",))
        try:
            status = await self.status()
        except StoreUnavailable as error:  # a read met the trouble before a commit did
            return Readiness(ready=False, degraded=(f"the store cannot be read: {error}",))
        return Readiness(ready=WRITER not in self._stuck(), degraded=status.degraded)

    def _degraded(self, shown: Iterable[SourceState], summary: Summary) -> Iterable[str]:
        for what in self._stuck():
            yield f"{what} does not advance: another start may help"
        if not self._store.healthy:
            yield f"the store cannot commit: {self._store.trouble}"
        if errors := len(self._rules().errors):
            yield f"{errors} rules did not load: tocsin check names them"
        yield from self._unreachable()
        for one in shown:
            if one.note:
                yield f"source {one.source}, {one.origin}: {one.note}"
        if summary.deliveries_dead:
            yield f"{summary.deliveries_dead} messages did not arrive: tocsin deliveries list names them"


def _rule(one: LoadedRule) -> RuleState:
    return RuleState(id=one.id, title=one.title, level=one.level, decision=one.decision, path=one.path, mode=one.mode)


def describe(store: Store) -> str:
    """Kind and place of the database, without secrets."""
    return f"sqlite {store.file}" if store.file else "postgresql"


def _look(connection: Connection, now: datetime) -> tuple[list[SourceRow], Summary]:
    """What the store has counted."""
    records = incidents.counts(connection)
    return sources.status(connection), Summary(
        open=records.open,
        unacknowledged=records.unacknowledged,
        observations=records.observations,
        deliveries_pending=outbox.pending(connection),
        deliveries_dead=lost.count(connection, now),
        hushed=tuple(one.sentence for one in silences.in_force(connection, now) if one.is_in_force(now))[:MOST_HUSHED],
    )


def _merged(live: Iterable[SourceStatus], stored: Iterable[SourceRow]) -> Iterable[SourceState]:
    """What the readers see now beside what the store has counted; streams that only one knows are shown too."""
    totals = {(one.source, one.stream): one for one in stored}
    for source in live:
        for stream in source.streams:
            yield _state(source.source, stream, totals.pop((source.source, stream.stream), None))
    for (name, _), total in totals.items():
        yield _state(name, None, total)


def _state(name: str, stream: StreamStatus | None, total: SourceRow | None) -> SourceState:
    last: datetime | None = (stream.last_line_at if stream else None) or (total.last_line_at if total else None)
    return SourceState(
        source=name,
        origin=stream.origin if stream else "",
        state=stream.state if stream else "done",
        format=total.format if total else "",
        lines=total.lines if total else 0,
        parsed=total.parsed if total else 0,
        unparsed=total.unparsed if total else 0,
        matched=total.matched if total else 0,
        poisoned=total.poisoned if total else 0,
        lag_bytes=stream.lag_bytes if stream else None,
        last_line_at=last,
        note=_note(stream, total),
    )


def _note(stream: StreamStatus | None, total: SourceRow | None) -> str:
    if stream and stream.state in BROKEN:
        return stream.detail or str(stream.state)
    if total and total.lines >= MANY_LINES and total.suspect * 2 > total.lines:
        return f"{total.suspect} of {total.lines} stamps are too far from now: check the writer's clock and timezone"
    if total and total.lines >= MANY_LINES and total.unparsed * 2 > total.lines:
        return f"no format took {total.unparsed} of {total.lines} lines: set format of this source, see tocsin explain"
    return ""

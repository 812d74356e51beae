"""The running daemon: its tasks for one life span, reload, and a stop in the order of the data."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from detector import in_force, logs
from detector.config.load import load
from detector.config.loaded import ConfigErrors
from detector.config.records import Config
from detector.coverage import Coverage
from detector.engine_link import EngineFailed
from detector.engine_process import EngineProcess, Ready
from detector.excepting import with_exceptions
from detector.heartbeat import Heartbeat
from detector.intake.settings import Intake
from detector.metrics import Metrics
from detector.own_events import OWN
from detector.pipeline import Pipeline
from detector.readers import Readers
from detector.rule_remarks import log_remarks
from detector.rule_watch import RuleWatch
from detector.settings import Settings, build, needs_restart
from detector.sources.choose import Either
from detector.sources.files.file_source import FileSource
from detector.sources.files.settings import FileSourceSettings
from detector.sources.inbox import InboxSource
from detector.sources.journal.journal_source import JournalSource
from detector.sources.journal.settings import JournalSettings
from detector.sources.source import CommittedPosition, Source
from detector.status import Reloaded
from detector.systemd import Systemd
from notifier.dispatch import Dispatch
from rules.sigma.files import RuleFileUnreadable
from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreBusy, StoreUnavailable
from store.repository.intake import inbox, positions
from store.repository.people import contacts, persons
from store.tx import Tx

log = structlog.get_logger()
T = TypeVar("T")

RULES_LOOK = timedelta(seconds=2)
EXCEPTIONS_LOOK = timedelta(seconds=5)
STORE_PAUSE = timedelta(seconds=1)  #: before the store is asked again after it could not answer
SEEN = ""  #: the stream under which it is noted that a source was looked at
KEPT = "nothing was changed; what was in force runs on"


@dataclass(frozen=True, slots=True)
class Own:
    """What Tocsin says of itself, which is always read."""

    name: str = OWN


#: What can be read, as the configuration says.
Readable = FileSourceSettings | JournalSettings | Either | Intake | Own


class Chore(Protocol):
    """Something that is done beside the flow, again and again."""

    async def run(self, stop: asyncio.Event) -> None:
        """Do it until *stop*. What it cannot do now it does later; what it raises ends the daemon."""


class Daemon:
    """Everything that runs, and what is in force.

    Args:
        chores: What is done beside the flow, by name, in the order in which it begins.
    """

    def __init__(
        self,
        *,
        config_path: Path,
        settings: Settings,
        check_receivers: Callable[[Config], tuple[str, ...]],
        store: Store,
        clock: Clock,
        engine: EngineProcess,
        pipeline: Pipeline,
        readers: Readers,
        dispatch: Dispatch,
        heartbeat: Heartbeat,
        coverage: Coverage,
        chores: Mapping[str, Chore],
        metrics: Metrics,
        systemd: Systemd,
    ) -> None:
        self.settings = settings
        self.unreachable = check_receivers(settings.config)  #: who cannot be told, a sentence each
        self._check_receivers = check_receivers
        self._config_path = config_path
        self._store = store
        self._clock = clock
        self._engine = engine
        self._pipeline = pipeline
        self._readers = readers
        self._dispatch = dispatch
        self._heartbeat = heartbeat
        self._coverage = coverage
        self._chores = chores
        self._metrics = metrics
        self._systemd = systemd
        self._group: asyncio.TaskGroup | None = None
        self._stop = asyncio.Event()
        self._reloading = asyncio.Lock()
        # Before anybody can ask us anything: who sees that we answer may edit a rule at once.
        self._rule_watch = RuleWatch(settings.config.rules.paths)

    @property
    def ready(self) -> Ready:
        """The rules in force, and what is wrong with others."""
        return self._engine.ready

    async def live(self, stop: asyncio.Event, hangup: asyncio.Event) -> None:
        """Run until *stop*; *hangup* asks for a reload. What was read when it stops is stored."""
        drain, silence = asyncio.Event(), asyncio.Event()
        self._stop = stop
        async with asyncio.TaskGroup() as group:
            self._group = group
            pipeline = group.create_task(self._pipeline.run(drain), name="pipeline")
            group.create_task(self._dispatch.run(silence), name="dispatch")
            group.create_task(self._heartbeat.run(stop), name="heartbeat")
            group.create_task(self._reload_on(hangup, stop), name="reload on SIGHUP")
            group.create_task(self._watch_rules(stop), name="watch rules")
            group.create_task(self._watch_exceptions(stop), name="watch exceptions")
            self._coverage.begin()
            self._readers.start(group, await self._sources(read_in(self.settings)))
            group.create_task(self._coverage.run(stop), name="coverage")
            for name, chore in self._chores.items():
                group.create_task(chore.run(stop), name=name)
            self._systemd.ready(f"watching {len(self.settings.sources)} sources with {len(self.ready.rules)} rules")
            await stop.wait()
            self._systemd.stopping()
            await self._coverage.end()  # while the readers still know how far they are
            await self._readers.end_all()  # stop order is data order
            drain.set()
            await pipeline
            await self._remember_sources()
            silence.set()

    async def reload(self) -> Reloaded:
        """Read configuration and rules again and put them in force as a whole; on any error nothing changes."""
        async with self._reloading:
            self._systemd.reloading()
            result = await self._try_reload()
            self._metrics.reload_ok.set(result.applied)
            log.info("reload ended", applied=result.applied, message=result.message, errors=result.errors)
            self._systemd.ready(result.message)
            return result

    async def _try_reload(self) -> Reloaded:
        try:
            settings = build(load(self._config_path).config)
        except (ConfigErrors, RuleFileUnreadable) as error:
            return Reloaded(applied=False, message=KEPT, errors=(str(error),))
        if fixed := needs_restart(self.settings.config, settings.config):
            message = f"nothing was changed: {', '.join(fixed)} needs a restart"
            return Reloaded(applied=False, message=message, needs_restart=fixed)
        try:
            await self._apply(settings)
        except (EngineFailed, StoreUnavailable) as error:
            return Reloaded(applied=False, message=KEPT, errors=(str(error),))
        errors = tuple(self.ready.errors)
        kept = "; a broken file keeps its last good version, of rules with one id none is in force" if errors else ""
        return Reloaded(applied=True, message=f"{len(self.ready.rules)} rules in force{kept}", errors=errors)

    async def _apply(self, settings: Settings) -> None:
        """Put *settings* in force. The engine comes first: it alone can refuse, and then nothing has changed."""
        ready_before = self.ready
        ready = await self._engine.reload(await with_exceptions(self._store, settings.engine))
        log_remarks(ready, ready_before)
        before, wanted = read_in(self.settings), read_in(settings)
        changed = changes(before, wanted)
        await self._readers.end(changed)
        self._pipeline.forget(changed)
        await self._pipeline.between_batches(lambda: self._know(settings, ready))
        fresh = {name: one for name, one in wanted.items() if name in changed or name not in before}
        self.settings, self.unreachable = settings, self._check_receivers(settings.config)
        logs.configure(settings.config.daemon.log_level)
        self._metrics.took_rules(ready)
        if self._group is not None:
            self._readers.start(self._group, await self._sources(fresh))

    async def _know(self, settings: Settings, ready: Ready) -> None:
        def work(tx: Tx) -> None:
            persons.upsert_from_config(tx, settings.persons)
            contacts.upsert_from_config(tx, settings.contacts)
            in_force.enter(tx, settings.config, ready)

        await self._store.write(work, patient=True)

    async def _sources(self, wanted: Mapping[str, Readable]) -> dict[str, Source]:
        """Sources that go on where their last committed batch ended."""
        return {name: await self._source(one) for name, one in wanted.items()}

    async def _source(self, settings: Readable) -> Source:
        rows = await self._insist(lambda connection: positions.load(connection, settings.name, ""))
        if isinstance(settings, Own):
            after = await self._insist(lambda connection: inbox.read_up_to(connection, OWN))
            return InboxSource(OWN, store=self._store, clock=self._clock, after=after)
        if isinstance(settings, Intake):
            after = await self._insist(lambda connection: inbox.read_up_to(connection, settings.name))
            return InboxSource(
                settings.name,
                store=self._store,
                clock=self._clock,
                format=settings.format,
                mapping=settings.mapping,
                after=after,
            )
        committed = [
            CommittedPosition(stream=row.stream, origin=row.origin, position=row.position)
            for row in rows
            if row.stream != SEEN
        ]
        chosen = settings.chosen([row.stream for row in rows]) if isinstance(settings, Either) else settings
        if isinstance(chosen, JournalSettings):
            return JournalSource(chosen, self._clock, committed, known=bool(rows))
        return FileSource(chosen, self._clock, committed, known=bool(rows))

    async def _insist(self, look: Callable[[Connection], T]) -> T:
        """Read; while the store cannot, try again until we are to stop."""
        while True:
            try:
                return await self._store.read(look)
            except StoreUnavailable as error:
                if self._stop.is_set() or isinstance(error, OwnershipLost):
                    raise
                log.warning("sources wait: the store cannot be read now", error=str(error))
                await self._clock.wait_until(self._clock.now() + STORE_PAUSE, self._stop)

    async def _remember_sources(self) -> None:
        """Note that all sources were looked at: what appears in one that had no file yet is new, not history."""
        names = tuple(self.settings.sources)

        def work(tx: Tx) -> None:
            for name in names:
                positions.save(tx, name, "", SEEN, "", b"")

        try:
            await self._store.write(work)
        except (StoreBusy, StoreUnavailable) as error:
            log.warning("store refused to note the sources", error=str(error))

    async def _reload_on(self, hangup: asyncio.Event, stop: asyncio.Event) -> None:
        """Reload whenever *hangup* is set."""
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            asked = asyncio.ensure_future(hangup.wait())
            await asyncio.wait({asked, stopping}, return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
            if hangup.is_set() and not stop.is_set():
                hangup.clear()
                await self.reload()

    async def _watch_exceptions(self, stop: asyncio.Event) -> None:
        """Give the engine the exceptions in force whenever they are others than it has."""
        while not stop.is_set():
            await self._clock.wait_until(self._clock.now() + EXCEPTIONS_LOOK, stop)
            if not stop.is_set():
                await self.take_exceptions()

    async def take_exceptions(self) -> None:
        """Others may be in force now: have the engine take them. What the engine or the store refuses waits."""
        async with self._reloading:
            try:
                wanted = await with_exceptions(self._store, self.settings.engine)
                if wanted.rule_files != self._engine.rule_files:
                    ready = await self._engine.reload(wanted)
                    await self._pipeline.between_batches(lambda: self._know(self.settings, ready))
                    self._metrics.took_rules(ready)
                    log.info("other exceptions are in force", errors=ready.errors)
            except (EngineFailed, StoreBusy, StoreUnavailable) as error:
                log.warning("exceptions could not be taken; tried again soon", error=str(error))

    async def _watch_rules(self, stop: asyncio.Event) -> None:
        """Reload when rule files changed and have been quiet for two seconds."""
        while not stop.is_set():
            await self._clock.wait_until(self._clock.now() + RULES_LOOK, stop)
            if not stop.is_set() and self._rule_watch.changed(self.settings.config.rules.paths):
                await self.reload()


def read_in(settings: Settings) -> Mapping[str, Readable]:
    """Everything that is read, by name."""
    return {**settings.sources, **settings.intakes, OWN: Own()}


def changes(old: Mapping[str, Readable], new: Mapping[str, Readable]) -> frozenset[str]:
    """Names of the sources that are gone or are to be read differently."""
    return frozenset(name for name, settings in old.items() if new.get(name) != settings)

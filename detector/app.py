"""Composition root: the only place that builds real things."""

import asyncio
import os
import random
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from detector import in_force, keyring, logs, sample, telling
from detector.api import keys
from detector.api.application import new_application
from detector.api.identity import hash_of
from detector.api.server import SOCKET_NAME, BindFailed, Server
from detector.api.signing_in import SIGN_IN_LASTS
from detector.config.load import load
from detector.config.loaded import ConfigErrors, Loaded
from detector.config.machine import unreachable
from detector.config.records import Config
from detector.console import Console
from detector.coverage import Coverage
from detector.daemon import Chore, Daemon
from detector.emergency import Emergency, Notebook, Past, failed_to_start
from detector.engine_link import EngineFailed
from detector.engine_process import EngineProcess
from detector.excepting import Excepting, with_exceptions
from detector.expiry import Expiry
from detector.figures import Look
from detector.heartbeat import Heartbeat
from detector.intake.desk import DESK, Desk
from detector.intake.doors import Doors
from detector.lapses import Lapses
from detector.metrics import Metrics
from detector.observers import Observers
from detector.outgoing import Outgoing
from detector.overview import Overview
from detector.own_events import OWN
from detector.passwords import Passwords
from detector.pipeline import Pipeline
from detector.readers import Readers
from detector.runbooks import Runbooks
from detector.sealing import Sealing, keys_of
from detector.self_watch import SelfWatch
from detector.settings import Settings, build, limits, listen_address
from detector.silencing import Silencing
from detector.sources.source import SourceError
from detector.status import HttpState
from detector.sweep import Sweep, keep_of
from detector.systemd import Systemd
from detector.vitals import Vitals
from detector.watching import Watching, is_urgent
from detector.web.frames import PAGES
from detector.web.pages import Pages
from notifier.apprise_sender import AppriseSender
from notifier.dispatch import Dispatch
from notifier.letters import Letters
from notifier.links import Links
from notifier.route import Receiver
from notifier.sender import Sender
from rules.sigma.files import RuleFileUnreadable
from store.clock import Clock, SystemClock
from store.database import Store
from store.errors import AlreadyRunning, StoreError
from store.repository import contacts, outbox, persons, rule_state, sign_in
from store.repository.retention import Keep
from store.seals import Keys
from store.tx import Tx

STARTS_NOT = (StoreError, BindFailed, keyring.KeyUnusable, EngineFailed, RuleFileUnreadable)


def run(config_path: Path, *, with_sample: bool = False) -> int:
    """The verb ``run``: live until a signal says stop. Returns the exit code: 0 fine, 1 failed, 2 cannot start.

    Args:
        config_path: The configuration.
        with_sample: Put sample logs, their times moved to now, into the state directory first.
    """
    console = Console(sys.stdout)
    try:
        loaded = load(config_path)
        if with_sample:
            sample.prepare(Path(loaded.config.daemon.state_dir), datetime.now(UTC))
        return asyncio.run(_main(config_path, loaded, console, with_sample=with_sample))
    except (ConfigErrors, RuleFileUnreadable) as error:
        return _refused(str(error), 2)
    except (StoreError, BindFailed, SourceError, keyring.KeyUnusable) as error:
        return _refused(f"tocsin: cannot start: {error}", 2)
    except EngineFailed as error:
        return _refused(f"tocsin: the engine does not run: {error}", 1)
    except ExceptionGroup as group:
        if group.split((StoreError, SourceError, EngineFailed))[1]:
            raise
        return _refused(f"tocsin: stopped: {'; '.join(_told(group))}", 1)


def _told(group: ExceptionGroup[Exception]) -> dict[str, None]:
    """What the errors of *group* say, each once: several tasks may have met the same one, some in groups of theirs."""
    said: dict[str, None] = {}
    for error in group.exceptions:
        said |= _told(error) if isinstance(error, ExceptionGroup) else {str(error): None}
    return said


def _refused(message: str, code: int) -> int:
    print(message, file=sys.stderr)  # noqa: T201
    return code


async def _main(config_path: Path, loaded: Loaded, console: Console, *, with_sample: bool) -> int:
    """One life span, from the first open file to the last."""
    logs.configure(loaded.config.daemon.log_level)
    stop, hangup = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hangup.set)
    for warning in loaded.warnings:
        console.write(str(warning))
    console.line("config", f"{config_path}   ok ({len(loaded.config.sources)} sources)")
    async with AsyncExitStack() as house:
        try:
            daemon, store = await _open(house, config_path, build(loaded.config), console)
        except STARTS_NOT as error:
            await _tell_of_failed_start(loaded.config, error, stop)
            raise
        if with_sample:
            console.hints(f" --config {config_path}", f"{loaded.config.daemon.state_dir}/{sample.INBOX}")
        await daemon.live(stop, hangup)
        pending = await store.read(outbox.pending)
    console.stopped(pending)
    return 0


async def _tell_of_failed_start(config: Config, error: Exception, stop: asyncio.Event) -> None:
    """Tell past the store, unless a person watches the start, or another daemon does all the work."""
    if isinstance(error, AlreadyRunning) or sys.stderr.isatty():
        return
    receiver = telling.routing(config).receivers.get(config.emergency.receiver)
    past = _past(Path(config.daemon.state_dir), _sender(), lambda: receiver)
    telling_of_it = asyncio.ensure_future(failed_to_start(past, str(error), datetime.now(UTC)))
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({telling_of_it, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (telling_of_it, stopped):
        task.cancel()


def _past(folder: Path, sender: Sender, receiver: Callable[[], Receiver | None]) -> Past:
    return Past(sender=sender, receiver=receiver, notebook=Notebook(folder), host=socket.gethostname())


def _sender() -> Sender:
    return AppriseSender(console=sys.stdout, folder=Path.cwd())


async def _open(house: AsyncExitStack, config_path: Path, settings: Settings, console: Console) -> tuple[Daemon, Store]:
    """Build everything, in the order in which each needs the other; *house* closes it in reverse."""
    clock = SystemClock()
    folder = keyring.state_dir(Path(settings.config.daemon.state_dir))
    store = await _open_store(house, settings, clock, folder)
    seal_keys = await keys_of(folder, store)
    sealing = Sealing(store, clock, seal_keys)
    house.push_async_callback(sealing.seal)  # whatever was written until the store closes
    await sealing.announce()
    await store.write(lambda tx: _know(tx, settings))
    engine = await _start_engine(house, settings, store)

    parts = _Parts(clock, store, engine, console, settings, config_path, sealing, keyring.link_secrets(folder))
    server = parts.server = Server(parts.application(seal_keys))
    await server.start(*listen_address(settings.config.http.listen), folder / SOCKET_NAME)
    house.push_async_callback(server.stop)
    for sentence in parts.daemon.unreachable:
        console.line("warning", sentence)
    paths = [path for source in settings.config.sources for path in source.paths or (source.type,)]
    console.started(await parts.overview.status(), await _sign_in_url(store, settings, parts.links), paths)
    return parts.daemon, store


def _know(tx: Tx, settings: Settings) -> None:
    """Write down who there is."""
    persons.upsert_from_config(tx, settings.persons)
    contacts.upsert_from_config(tx, settings.contacts)


async def _open_store(house: AsyncExitStack, settings: Settings, clock: Clock, folder: Path) -> Store:
    """The store, ours alone from here on."""
    store = await Store.open(settings.config.store_url, clock, lock_dir=folder, upgrade=_is_sqlite(settings))
    house.push_async_callback(store.close)
    return store


async def _start_engine(house: AsyncExitStack, settings: Settings, store: Store) -> EngineProcess:
    """The engine, where the last committed batch left it; which rules are in force is written down."""

    async def committed_state() -> tuple[bytes | None, list[bytes]]:
        return await store.read(lambda connection: rule_state.load(connection, ""))

    engine = EngineProcess(await with_exceptions(store, settings.engine), committed_state)
    ready = await engine.start()
    house.push_async_callback(engine.stop)
    await store.write(lambda tx: in_force.enter(tx, settings.config, ready))
    return engine


class _Parts:
    """The parts that know of each other. What a reload may change they ask the daemon for, each time."""

    server: Server  #: set once the application is made, before anything is answered

    def __init__(
        self,
        clock: Clock,
        store: Store,
        engine: EngineProcess,
        console: Console,
        settings: Settings,
        config_path: Path,
        sealing: Sealing,
        link_secrets: list[bytes],
    ) -> None:
        self._clock, self._store, self._engine = clock, store, engine
        self._link_secrets, self._folder = link_secrets, Path(settings.config.daemon.state_dir)
        self._wake = asyncio.Event()
        self._sender = _sender()
        self._metrics = Metrics(CollectorRegistry())
        self._metrics.took_rules(engine.ready)
        self._metrics.engine_restarts.set_function(lambda: engine.restarts)
        pipeline = Pipeline(engine, store, clock, Observers(self._metrics, console), self._wake.set)
        systemd = Systemd(os.environ)
        self._readers = Readers(pipeline.read)
        self._self_watch = SelfWatch(
            store,
            clock,
            self._readers.status,
            lambda: limits(self.daemon.settings.config),
            lambda: self._readers.wake(OWN),
        )
        self._pipeline = pipeline
        vitals = Vitals(
            store=store,
            clock=clock,
            engine=engine,
            pipeline=pipeline,
            readers=self._readers,
            settings=lambda: self.daemon.settings,
        )
        self._heartbeat = Heartbeat(clock, self._metrics, systemd, vitals.pulse)
        self._sweep = Sweep(store, clock, self._keep, self._readers.status, self._metrics)
        self._outgoing = Outgoing(
            clock,
            lambda: self.daemon.settings.config.heartbeat,
            lambda: vitals.health(self._heartbeat.stuck()),
            self._metrics,
        )
        self._teller = self._dispatch()
        self.daemon = Daemon(
            config_path=config_path,
            settings=settings,
            check_receivers=unreachable,
            store=store,
            clock=clock,
            engine=engine,
            pipeline=pipeline,
            readers=self._readers,
            dispatch=self._teller,
            heartbeat=self._heartbeat,
            coverage=self._coverage(pipeline),
            chores=self._chores(sealing),
            metrics=self._metrics,
            systemd=systemd,
        )
        self.overview = self._overview()

    def _unwell(self) -> Iterable[str]:
        """What is wrong beside sources and store, a sentence each."""
        return (
            *self.daemon.unreachable,
            *self._self_watch.sentences,
            *self._sweep.sentences,
            *self._outgoing.sentences,
        )

    def _chores(self, sealing: Sealing) -> Mapping[str, Chore]:
        """What is done beside the flow."""
        store, clock, wake = self._store, self._clock, self._wake.set
        return {
            "sweep": self._sweep,
            "outgoing heartbeat": self._outgoing,
            "sealing": sealing,
            "lapses": Lapses(store, clock, lambda: self.daemon.settings.site, wake),
            "emergency": Emergency(store=store, clock=clock, past=self._past()),
            "letters": Letters(store, clock, lambda: self.daemon.settings.routing, self._sender.channel, wake),
            "self-watch": self._self_watch,
            "watching": Watching(store, clock, wake),
            "expiry": Expiry(store, clock, self._readers.wake),
        }

    def _past(self) -> Past:
        return _past(self._folder, self._sender, lambda: self.daemon.settings.emergency)

    def _keep(self) -> Keep:
        return keep_of(self.daemon.settings.config.retention)

    def links(self) -> Links:
        """Links as they are to be made and read now."""
        return Links(self._link_secrets, self.daemon.settings.config.http.base_url or self.server.url)

    def application(self, seal_keys: Keys) -> web.Application:
        """The routes, with what they need under their keys."""
        daemon = self.daemon
        app = new_application()
        app[PAGES] = Pages()
        app[keys.STORE] = self._store
        app[keys.CLOCK] = self._clock
        app[keys.LINKS] = self.links
        app[keys.REGISTRY] = self._metrics.registry
        app[keys.LOOK] = Look(
            self._metrics.figures,
            self._store,
            self._clock,
            sources=self._readers.status,
            queued=lambda: {"writer": self._store.queued, "pipeline": self._pipeline.queued},
        ).refresh
        app[keys.STATUS] = self.overview.status
        app[keys.READINESS] = self.overview.readiness
        app[keys.RELOAD] = daemon.reload
        app[keys.WAKE_NOTIFIER] = self._wake.set
        app[keys.ROUTING] = lambda: daemon.settings.routing
        app[keys.TRY_RECEIVERS] = self._teller.try_out
        app[DESK] = Desk(self._link_secrets)
        app[keys.DOORS] = Doors(lambda: daemon.settings.intakes, self._readers.wake, self._metrics)
        app[keys.SITE] = lambda: daemon.settings.site
        app[keys.EXCEPTING] = Excepting(self._store, lambda: daemon.settings.engine)
        app[keys.SILENCING] = Silencing(self._store, self._clock, lambda: daemon.settings.engine)
        app[keys.EXCEPTIONS_CHANGED] = daemon.take_exceptions
        app[keys.NEW_SECRET] = lambda: secrets.token_urlsafe(32)
        app[keys.PASSWORDS] = Passwords()
        app[keys.RUNBOOKS] = Runbooks(lambda: daemon.settings.engine.rule_files)
        app[keys.SEAL_KEYS] = seal_keys
        return app

    def _coverage(self, pipeline: Pipeline) -> Coverage:
        return Coverage(
            store=self._store,
            clock=self._clock,
            sources=self._readers.status,
            rules=lambda: {rule.id: rule.version for rule in self.daemon.ready.rules},
            advanced_at=lambda: pipeline.advanced_at,
            is_urgent=lambda: is_urgent(self._store, self._clock),
        )

    def _dispatch(self) -> Dispatch:
        return Dispatch(
            store=self._store,
            clock=self._clock,
            sender=self._sender,
            routing=lambda: self.daemon.settings.routing,
            links=self.links,
            wake=self._wake,
            random=random.random,
            observer=self._metrics,
        )

    def _overview(self) -> Overview:
        return Overview(
            store=self._store,
            engine=self._engine,
            readers=self._readers,
            clock=self._clock,
            rules=lambda: self.daemon.ready,
            http=lambda: HttpState(url=self.server.url, base_url=self.daemon.settings.config.http.base_url),
            stuck=self._heartbeat.stuck,
            unreachable=self._unwell,
        )


async def _sign_in_url(store: Store, settings: Settings, links: Callable[[], Links]) -> str | None:
    """A link for the first person of the configuration, when a person watches the start; nobody reads it elsewhere."""
    if not settings.persons or not sys.stdout.isatty():
        return None
    person, code = settings.persons[0], secrets.token_urlsafe(32)

    def work(tx: Tx) -> None:
        sign_in.create(tx, person.id, hash_of(code), tx.now + SIGN_IN_LASTS)

    await store.write(work)
    return links().sign_in(code)


def _is_sqlite(settings: Settings) -> bool:
    """Only SQLite is brought to this version's schema by the daemon itself."""
    url = settings.config.store.url.reveal()
    return not url or url.startswith("sqlite")

"""Composition root: the only place that builds real things."""

import asyncio
import os
import random
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from detector import governance, in_force, keyring, logs, sample
from detector.api import keys
from detector.api.application import new_application
from detector.api.identity import hash_of
from detector.api.people import SIGN_IN_LASTS
from detector.api.server import SOCKET_NAME, BindFailed, Server
from detector.config.load import Loaded, load
from detector.config.machine import unreachable
from detector.config.problems import ConfigErrors
from detector.console import Console
from detector.daemon import Daemon
from detector.engine_link import EngineFailed
from detector.engine_process import EngineProcess
from detector.heartbeat import Heartbeat
from detector.lapses import Lapses
from detector.metrics import Metrics
from detector.observers import Observers
from detector.overview import Overview
from detector.pipeline import Pipeline
from detector.readers import Readers
from detector.sealing import Sealing, keys_of
from detector.settings import Settings, build, listen_address
from detector.sources.source import SourceError
from detector.status import HttpState
from detector.sweep import Sweep, keep_of
from detector.systemd import Systemd
from notifier.apprise_sender import AppriseSender
from notifier.dispatch import Dispatch
from notifier.links import Links
from rules.sigma.files import RuleFileUnreadable
from store.clock import Clock, SystemClock
from store.database import Store
from store.errors import StoreError
from store.repository import outbox, persons, rule_state, sign_in
from store.tx import Tx


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
        daemon, store = await _open(house, config_path, build(loaded.config), console)
        if with_sample:
            console.hints(f" --config {config_path}", f"{loaded.config.daemon.state_dir}/{sample.INBOX}")
        await daemon.live(stop, hangup)
        pending = await store.read(outbox.pending)
    console.stopped(pending)
    return 0


async def _open(house: AsyncExitStack, config_path: Path, settings: Settings, console: Console) -> tuple[Daemon, Store]:
    """Build everything, in the order in which each needs the other; *house* closes it in reverse."""
    clock = SystemClock()
    folder = keyring.state_dir(Path(settings.config.daemon.state_dir))
    store = await Store.open(settings.config.store_url, clock, lock_dir=folder, upgrade=_is_sqlite(settings))
    house.push_async_callback(store.close)
    seal_keys = await keys_of(folder, store)
    sealing = Sealing(store, clock, seal_keys)
    house.push_async_callback(sealing.seal)  # whatever was written until the store closes
    await sealing.announce()
    await store.write(lambda tx: persons.upsert_from_config(tx, settings.persons))

    async def committed_state() -> tuple[bytes | None, list[bytes]]:
        return await store.read(lambda connection: rule_state.load(connection, ""))

    engine = EngineProcess(settings.engine, committed_state)
    ready = await engine.start()
    house.push_async_callback(engine.stop)
    await store.write(lambda tx: in_force.enter(tx, settings.config, ready))

    metrics = Metrics(CollectorRegistry())
    metrics.took_rules(ready)
    metrics.engine_restarts.set_function(lambda: engine.restarts)
    wake = asyncio.Event()
    pipeline = Pipeline(engine, store, clock, Observers(metrics, console), wake.set)
    readers = Readers(pipeline.read)
    systemd = Systemd(os.environ)
    heartbeat = Heartbeat(clock, metrics, systemd, lambda: pipeline.advanced_at)
    secrets_of_links = keyring.link_secrets(folder)
    daemon: Daemon
    server: Server

    def links() -> Links:
        return Links(secrets_of_links, daemon.settings.config.http.base_url or server.url)

    sender = AppriseSender(console=sys.stdout, folder=Path.cwd())
    dispatch = Dispatch(
        store=store,
        clock=clock,
        sender=sender,
        routing=lambda: daemon.settings.routing,
        links=links,
        wake=wake,
        random=random.random,
        observer=metrics,
    )
    daemon = Daemon(
        config_path=config_path,
        settings=settings,
        check_receivers=unreachable,
        store=store,
        clock=clock,
        engine=engine,
        pipeline=pipeline,
        readers=readers,
        dispatch=dispatch,
        heartbeat=heartbeat,
        sealing=sealing,
        lapses=Lapses(store, clock, wake.set),
        sweep=Sweep(store, clock, lambda: keep_of(daemon.settings.config.retention), readers.status, metrics),
        metrics=metrics,
        systemd=systemd,
    )
    overview = Overview(
        store=store,
        engine=engine,
        readers=readers,
        clock=clock,
        rules=lambda: daemon.ready,
        http=lambda: HttpState(url=server.url, base_url=daemon.settings.config.http.base_url),
        is_stuck=lambda: heartbeat.is_stuck,
        unreachable=lambda: daemon.unreachable,
    )
    application = _application(store, clock, links, metrics, overview, daemon, wake)
    application[keys.SEAL_KEYS] = seal_keys
    server = Server(application)
    await server.start(*listen_address(settings.config.http.listen), folder / SOCKET_NAME)
    house.push_async_callback(server.stop)
    for sentence in daemon.unreachable:
        console.line("warning", sentence)
    paths = [path for source in settings.config.sources for path in source.paths]
    console.started(await overview.status(), await _sign_in_url(store, settings, links), paths)
    return daemon, store


def _application(
    store: Store,
    clock: Clock,
    links: Callable[[], Links],
    metrics: Metrics,
    overview: Overview,
    daemon: Daemon,
    wake: asyncio.Event,
) -> web.Application:
    """The routes, with what they need under their keys."""
    app = new_application()
    app[keys.STORE] = store
    app[keys.CLOCK] = clock
    app[keys.LINKS] = links
    app[keys.FORMS] = lambda: daemon.settings.forms
    app[keys.REGISTRY] = metrics.registry
    app[keys.STATUS] = overview.status
    app[keys.READINESS] = overview.readiness
    app[keys.RELOAD] = daemon.reload
    app[keys.WAKE_NOTIFIER] = wake.set
    app[keys.FOUR_EYES] = lambda: governance.four_eyes(daemon.settings.config)
    app[keys.CALENDAR] = lambda: governance.deadlines(daemon.settings.config).calendar
    app[keys.NEW_SECRET] = lambda: secrets.token_urlsafe(32)
    return app


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

"""Composition root: the only place that builds real things."""

import asyncio
import contextlib
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from detector import in_force, keyring, logs, sample, telling
from detector.api.identity import hash_of
from detector.api.server import SOCKET_NAME, BindFailed, Server
from detector.api.signing_in import SIGN_IN_LASTS
from detector.config.load import load
from detector.config.loaded import ConfigErrors, Loaded
from detector.config.records import Config
from detector.console import Console
from detector.daemon import Daemon
from detector.emergency import failed_to_start
from detector.engine_link import EngineFailed
from detector.engine_process import EngineProcess
from detector.excepting import with_exceptions
from detector.parts import Parts, new_sender, past_the_store
from detector.rule_remarks import log_remarks
from detector.sealing import Sealing, keys_of
from detector.settings import Settings, build, listen_address
from detector.sources.source import SourceError
from notifier.links import Links
from rules.sigma.files import RuleFileUnreadable
from store.clock import Clock, SystemClock
from store.database import Store
from store.errors import AlreadyRunning, StoreError
from store.repository.intake import rule_state
from store.repository.people import contacts, persons, sign_in
from store.repository.telling import outbox
from store.tx import Tx

STARTS_NOT = (StoreError, BindFailed, keyring.KeyUnusable, EngineFailed, RuleFileUnreadable)


def run(config_path: Path, *, with_sample: bool = False) -> int:
    """The verb ``run``: live until a signal says stop. Returns the exit code: 0 fine, 1 failed, 2 cannot start.

    Args:
        config_path: The configuration.
        with_sample: Put sample logs, their times moved to now, into the state directory first.
    """
    with contextlib.redirect_stderr(logs.Unfailing(sys.stderr)):
        return _run(config_path, Console(sys.stdout), with_sample=with_sample)


def _run(config_path: Path, console: Console, *, with_sample: bool) -> int:
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
    past = past_the_store(Path(config.daemon.state_dir), new_sender(), lambda: receiver)
    telling_of_it = asyncio.ensure_future(failed_to_start(past, str(error), datetime.now(UTC)))
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({telling_of_it, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (telling_of_it, stopped):
        task.cancel()


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

    parts = Parts(clock, store, engine, console, settings, config_path, sealing, keyring.link_secrets(folder))
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
    log_remarks(ready)
    house.push_async_callback(engine.stop)
    await store.write(lambda tx: in_force.enter(tx, settings.config, ready))
    return engine


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

"""The parts of a running daemon that know of each other, made for `detector.app`."""

import asyncio
import os
import random
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from detector.api import keys
from detector.api.application import new_application
from detector.api.server import Server
from detector.config.machine import unreachable
from detector.console import Console
from detector.coverage import Coverage
from detector.daemon import Chore, Daemon
from detector.emergency import Emergency, Notebook, Past
from detector.engine_process import EngineProcess
from detector.excepting import Excepting
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
from detector.rule_use import RuleUse
from detector.runbooks import Runbooks
from detector.sealing import Sealing
from detector.self_watch import SelfWatch
from detector.settings import Settings, limits
from detector.silencing import Silencing
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
from store.clock import Clock
from store.database import Store
from store.repository.keeping.retention import Keep
from store.seals import Keys


class Parts:
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
        self._sender = new_sender()
        self._metrics = Metrics(CollectorRegistry())
        self._metrics.took_rules(engine.ready)
        self._metrics.engine_restarts.set_function(lambda: engine.restarts)
        self._rule_use = RuleUse()
        observers = Observers(self._metrics, self._rule_use, console)
        pipeline = Pipeline(engine, store, clock, observers, self._wake.set)
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
        return past_the_store(self._folder, self._sender, lambda: self.daemon.settings.emergency)

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
        app[keys.RULES] = lambda: daemon.ready
        app[keys.STANDINGS] = self._engine.standings
        app[keys.RULE_USE] = self._rule_use
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


def past_the_store(folder: Path, sender: Sender, receiver: Callable[[], Receiver | None]) -> Past:
    """The way to tell somebody where the store cannot be used."""
    return Past(sender=sender, receiver=receiver, notebook=Notebook(folder), host=socket.gethostname())


def new_sender() -> Sender:
    """What sends for real."""
    return AppriseSender(console=sys.stdout, folder=Path.cwd())

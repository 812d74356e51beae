"""The application behind both of its doors, on a real store, with what a daemon would hand to it."""

import http.cookies
import itertools
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from detector.api import keys
from detector.api.application import new_application
from detector.api.identity import CSRF_HEADER, LINK_COOKIE, SESSION_COOKIE, csrf_of
from detector.api.server import Server
from detector.engine_process import Ready
from detector.excepting import Excepting
from detector.figures import Figures, Look
from detector.intake.desk import DESK, Desk
from detector.intake.doors import Doors
from detector.intake.settings import Intake
from detector.passwords import Passwords
from detector.rule_use import RuleUse
from detector.silencing import Silencing
from detector.status import DaemonStatus, HttpState, Readiness, Reloaded, Summary
from detector.web import frames
from detector.web.pages import Pages
from notifier.links import ACKNOWLEDGE, Links
from notifier.plan import Routing
from notifier.trial import Trial
from rules.correlation.standing import Standings
from rules.settings import EngineSettings
from store.database import Store
from store.people import Person, Role
from store.seals import Keys
from store.site import Site as Rules
from support.fakes import START, FakeClock

#: Compiled once: that takes longer than most tests.
PAGES = Pages()
#: Hashes as the daemon does, with parameters that take no time.
PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
SEAL_KEYS = Keys([bytes(range(32))])
ANA = Person(id="ana", name="Ana", roles=frozenset({Role.RESPONDER}))
VIC = Person(id="vic", name="Vic", roles=frozenset({Role.VIEWER}))


def status() -> DaemonStatus:
    """A daemon without sources."""
    return DaemonStatus(
        version="0",
        pid=1,
        started_at=START,
        now=START,
        http=HttpState(url="", base_url=""),
        store="sqlite",
        engine_pid=2,
        engine_restarts=0,
        rules=(),
        rule_errors=(),
        sources=(),
        summary=Summary(open=1, unacknowledged=1, observations=0, deliveries_pending=0, deliveries_dead=0),
        degraded=(),
    )


async def with_csrf(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """What the forms of our pages hold, without reading one before each POST."""
    cookies = http.cookies.SimpleCookie(request.headers.get("Cookie", ""))
    if held := cookies.get(SESSION_COOKIE) or cookies.get(LINK_COOKIE):
        request.headers.setdefault(CSRF_HEADER, csrf_of(held.value))
    return await send(request)


class Site:
    """The application behind both of its doors."""

    def __init__(self, store: Store, clock: FakeClock, folder: Path) -> None:
        self.store = store
        self.clock = clock
        self.woken = 0
        self.rules = Rules()
        self.links = Links([b"0123456789abcdef"], "http://tocsin.test")
        self.door = folder / "s.sock"
        serial = itertools.count()
        app = new_application()
        app[frames.PAGES] = PAGES
        app[keys.STORE] = store
        app[keys.CLOCK] = clock
        app[keys.LINKS] = lambda: self.links
        app[keys.REGISTRY] = CollectorRegistry()
        figures = Figures()
        app[keys.REGISTRY].register(figures)
        app[keys.LOOK] = Look(figures, store, clock, sources=lambda: (), queued=dict).refresh
        app[keys.STATUS] = self._status
        app[keys.READINESS] = self._readiness
        app[keys.RELOAD] = self._reload
        app[keys.WAKE_NOTIFIER] = self._wake
        app[keys.SEAL_KEYS] = SEAL_KEYS
        self.intakes: dict[str, Intake] = {}
        self.handed_in: list[str] = []
        app[DESK] = Desk([b"0123456789abcdef"])
        self.doors = app[keys.DOORS] = Doors(lambda: self.intakes, self.handed_in.append)
        app[keys.SITE] = lambda: self.rules
        self.engine = EngineSettings()
        self.exceptions_changed = 0
        app[keys.EXCEPTING] = Excepting(store, lambda: self.engine)
        app[keys.SILENCING] = Silencing(store, clock, lambda: self.engine)
        app[keys.EXCEPTIONS_CHANGED] = self._exceptions_changed
        self.ready = Ready((), (), ())
        app[keys.RULES] = lambda: self.ready
        self.standings: Callable[[str], Standings | None] = lambda _: None
        app[keys.STANDINGS] = self._standings
        self.rule_use = app[keys.RULE_USE] = RuleUse()
        app[keys.PASSWORDS] = PASSWORDS
        self.routing = Routing(routes=(), receivers={})
        app[keys.ROUTING] = lambda: self.routing
        app[keys.NEW_SECRET] = lambda: f"secret{next(serial)}"
        app[keys.TRY_RECEIVERS] = self._tried
        self.server = Server(app)

    async def start(self) -> None:
        """Listen on a free port and on a socket."""
        await self.server.start("127.0.0.1", 0, self.door)
        jar = aiohttp.CookieJar(unsafe=True)
        self.browser = aiohttp.ClientSession(self.server.url, cookie_jar=jar, middlewares=(with_csrf,))
        self.operator = aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.door)))

    async def stop(self) -> None:
        """Close everything."""
        await self.browser.close()
        await self.operator.close()
        await self.server.stop()

    async def ask(
        self, method: str, path: str, *, token: str = "", version: int | None = None, key: str = "", **more: Any
    ) -> tuple[int, Any]:
        """A program's request over the socket, upon *version* and once per *key* if given: status and JSON."""
        given = {
            "Authorization": f"Bearer {token}" if token else "",
            "If-Match": "" if version is None else f'"{version}"',
            "Idempotency-Key": key,
        }
        headers = {name: value for name, value in given.items() if value}
        async with self.operator.request(method, f"http://tocsin{path}", headers=headers, **more) as answer:
            return answer.status, await answer.json() if answer.content_length else None

    async def token_of(self, person: str) -> str:
        """A fresh token."""
        _, made = await self.ask("POST", "/api/v1/tokens", json={"person": person, "label": "t"})
        return str(made["token"])

    async def sign_in(self, person: str) -> None:
        """Have the browser be *person* from now on."""
        _, made = await self.ask("POST", "/api/v1/sign-in-links", json={"person": person})
        async with self.browser.post(made["url"].removeprefix("http://tocsin.test")) as answer:
            assert answer.status == 200

    def link(self, person: str = "ana", hours: float = 24) -> str:
        """The path of a signed link to acknowledge INC-1."""
        expires = self.clock.now() + timedelta(hours=hours)
        url = self.links.make(record=1, act=ACKNOWLEDGE, person=person, expires_at=expires, nonce=f"n-{person}")
        return url.removeprefix("http://tocsin.test")

    async def _status(self) -> DaemonStatus:
        return status()

    async def _readiness(self) -> Readiness:
        return Readiness(ready=True, degraded=())

    async def _reload(self) -> Reloaded:
        return Reloaded(applied=False, message="nothing was changed", errors=("config.toml:1:1: error: …",))

    async def _exceptions_changed(self) -> None:
        self.exceptions_changed += 1

    async def _standings(self, rule_id: str) -> Standings | None:
        return self.standings(rule_id)

    async def _tried(self, receivers: Collection[str]) -> list[Trial]:
        return []

    def _wake(self) -> None:
        self.woken += 1

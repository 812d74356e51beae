"""The outgoing heartbeat: while all is well an address elsewhere is asked; who keeps it tells somebody when that stops.

It stops on purpose when what is found could not be kept, seen or told: when something does not advance, the store
cannot commit, a required source cannot be read, or nobody at the end of an escalation can be reached.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

import aiohttp
import structlog

from detector.config.sections.heartbeat import HeartbeatSection
from detector.sources.source import SourceStatus
from notifier.escalation import Policy, levels
from notifier.plan import Routing
from store.clock import Clock

log = structlog.get_logger()

ANSWER_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 60.0  #: until it is looked again whether there is an address
LONGEST_LINE: Final = 8190  #: bytes of an answer's header


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the heartbeat says is well."""

    stuck: tuple[str, ...] = ()  #: what does not advance
    store_trouble: str | None = None  #: why the store cannot commit
    sources: tuple[SourceStatus, ...] = ()
    required: frozenset[str] = frozenset()  #: names of the sources that must be read
    routing: Routing = field(default_factory=lambda: Routing(routes=(), receivers={}))
    down: frozenset[str] = frozenset()  #: receivers that messages do not reach


class Observer(Protocol):
    """Who counts heartbeats."""

    def beat(self, outcome: str) -> None:
        """One was "sent", "failed" or "withheld"."""


def why_not(health: Health) -> tuple[str, ...]:
    """Why there is to be no heartbeat, a sentence each without a full stop; empty: all is well."""
    found = [f"{what} does not advance" for what in health.stuck]
    if health.store_trouble:
        found.append("the store cannot commit")
    broken = [one.source for one in health.sources if one.source in health.required and one.is_degraded]
    found += [f"source {name} is required and cannot be read" for name in sorted(broken)]
    for name, receivers in last_told(health.routing).items():
        if receivers and receivers <= health.down:
            found.append(f"nobody whom {name} tells in the end can be reached")
    return tuple(found)


def last_told(routing: Routing) -> Mapping[str, frozenset[str]]:
    """Who is told in the end, by what says so: each escalation, or the routes where there is none."""
    routed = frozenset(name for route in routing.routes for name in route.receivers)
    if not routing.escalations:
        return {"a route": routed}
    return {f'escalation "{one.name}"': _last(one) or routed for one in routing.escalations}


def _last(policy: Policy) -> frozenset[str]:
    told: Collection[str] = ()
    for level in levels(policy):
        told = level.receivers
    return frozenset(told)


class Outgoing:
    """Asks the address.

    Args:
        section: What the configuration says now.
        look: Takes in how everything is.
        answer_seconds: That an answer is waited for.
    """

    def __init__(
        self,
        clock: Clock,
        section: Callable[[], HeartbeatSection],
        look: Callable[[], Awaitable[Health]],
        observer: Observer,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._answer_seconds = answer_seconds
        self._clock = clock
        self._section = section
        self._look = look
        self._observer = observer
        self.sentences: tuple[str, ...] = ()  #: what people are to know of it

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until *stop*, which nothing that is asked holds up."""
        while not stop.is_set():
            section = self._section()
            if section.url:
                await _unless(stop, self.beat(section))
            else:
                self.sentences = ()
            every = section.every_seconds if section.url else PAUSE_SECONDS
            await self._clock.wait_until(self._clock.now() + timedelta(seconds=every), stop)

    async def beat(self, section: HeartbeatSection) -> None:
        """Ask once, if all is well."""
        if reasons := why_not(await self._look()):
            self._note("withheld", f"the outgoing heartbeat is withheld: {'; '.join(reasons)}")
        elif failure := await _ask(section, self._answer_seconds):
            self._note("failed", f"the outgoing heartbeat is not taken: {failure}")
        else:
            self._note("sent", "")

    def _note(self, outcome: str, sentence: str) -> None:
        self._observer.beat(outcome)
        if sentence and (sentence,) != self.sentences:
            log.warning(sentence)
        self.sentences = tuple(filter(None, (sentence,)))


async def _ask(section: HeartbeatSection, seconds: float) -> str:
    """Ask the address and read nothing of what it answers; why it did not work, "" if it did. Never the address."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    connector = aiohttp.TCPConnector(force_close=True, limit=1)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                max_line_size=LONGEST_LINE,
                trust_env=True,
                headers={"User-Agent": "tocsin"},
            ) as session,
            session.request(section.method, section.url.reveal(), allow_redirects=False) as answer,
        ):
            return "" if 200 <= answer.status < 300 else f"it answers {answer.status}"
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return type(error).__name__


async def _unless(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Do *work*, or give it up when *stop* is set."""
    doing = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
    finally:
        stopping.cancel()
        doing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({doing})

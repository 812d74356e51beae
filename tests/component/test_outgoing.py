"""The outgoing heartbeat: when it is withheld, and what it takes for an answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from support.fakes import FakeClock
from support.store import finding

from detector.config.secret import Secret
from detector.config.sections.heartbeat import HeartbeatSection
from detector.metrics import Metrics
from detector.outgoing import Health, Outgoing, why_not
from detector.sources.source import SourceStatus, StreamState, StreamStatus
from notifier.escalation import Policy, Step
from notifier.plan import Routing
from notifier.route import Route
from store.database import Store
from store.notice import DeliveryState, NewDelivery, Settlement
from store.repository.grouping import findings
from store.repository.telling import outbox, reach
from store.tx import Tx

BROKEN = SourceStatus(source="auth", streams=(StreamStatus(stream="", origin="/x", state=StreamState.UNREADABLE),))
ROUTES = (Route(receivers=("ana", "bo")),)
POLICY = Policy(name="p", steps=(Step(after=timedelta(minutes=5), receivers=("bo",)),), last_resort=("chief",))
ESCALATED = Routing(routes=ROUTES, receivers={}, escalations=(POLICY,))


@pytest.mark.parametrize(
    ("health", "reasons"),
    [
        (Health(), ()),
        (Health(stuck=("the engine",)), ("the engine does not advance",)),
        (Health(store_trouble="the disk is full"), ("the store cannot commit",)),
        (Health(sources=(BROKEN,)), ()),
        (Health(sources=(BROKEN,), required=frozenset({"auth"})), ("source auth is required and cannot be read",)),
        (Health(routing=Routing(routes=ROUTES, receivers={}), down=frozenset({"ana"})), ()),
        (
            Health(routing=Routing(routes=ROUTES, receivers={}), down=frozenset({"ana", "bo"})),
            ("nobody whom a route tells in the end can be reached",),
        ),
        (Health(routing=ESCALATED, down=frozenset({"ana", "bo"})), ()),
        (
            Health(routing=ESCALATED, down=frozenset({"chief"})),
            ('nobody whom escalation "p" tells in the end can be reached',),
        ),
    ],
)
def test_when_it_is_withheld(health: Health, reasons: tuple[str, ...]) -> None:
    """Only when what is found could not be kept, seen or told."""
    assert why_not(health) == reasons


class Elsewhere:
    """Who expects a heartbeat, and answers as told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        self.was_asked.set()
        if self.status == 0:
            await asyncio.Event().wait()
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[Elsewhere, str]]:
    """It listens."""
    there, app = Elsewhere(), web.Application()
    app.router.add_route("*", "/{path:.*}", there.answer)
    server = TestServer(app)
    await server.start_server()
    yield there, str(server.make_url("/ping"))
    await server.close()


def beating(clock: FakeClock, section: HeartbeatSection, health: Health) -> tuple[Outgoing, Metrics]:
    """One that looks at *health*."""

    async def look() -> Health:
        return health

    metrics = Metrics(CollectorRegistry())
    return Outgoing(clock, lambda: section, look, metrics, answer_seconds=0.2), metrics


def counted(metrics: Metrics, outcome: str) -> float | None:
    """How many had that outcome."""
    return metrics.registry.get_sample_value("tocsin_heartbeats_total", {"outcome": outcome})


async def test_what_counts_as_taken(elsewhere: tuple[Elsewhere, str], clock: FakeClock) -> None:
    """A 2xx; a redirect is not followed, an error and silence are told without the address."""
    there, url = elsewhere
    section = HeartbeatSection(url=Secret(url), method="POST")
    one, metrics = beating(clock, section, Health())
    said = []
    for there.status in (204, 302, 500, 0):
        await one.beat(section)
        said.append(one.sentences)
    assert there.asked == ["POST /ping"] * 4
    assert said == [
        (),
        ("the outgoing heartbeat is not taken: it answers 302",),
        ("the outgoing heartbeat is not taken: it answers 500",),
        ("the outgoing heartbeat is not taken: no answer within 0.2 s",),
    ]
    nobody = HeartbeatSection(url=Secret("http://127.0.0.1:1/secret"))
    await one.beat(nobody)
    assert one.sentences == ("the outgoing heartbeat is not taken: ClientConnectorError",)
    assert (counted(metrics, "sent"), counted(metrics, "failed")) == (1, 4)


async def test_it_asks_nobody_when_all_is_not_well(elsewhere: tuple[Elsewhere, str], clock: FakeClock) -> None:
    """It says why."""
    there, url = elsewhere
    section = HeartbeatSection(url=Secret(url))
    one, metrics = beating(clock, section, Health(store_trouble="x"))
    await one.beat(section)
    assert (there.asked, counted(metrics, "withheld")) == ([], 1)
    assert one.sentences == ("the outgoing heartbeat is withheld: the store cannot commit",)


async def test_a_stop_waits_for_nobody(elsewhere: tuple[Elsewhere, str], clock: FakeClock) -> None:
    """An address that never answers holds no stop up."""
    there, url = elsewhere
    there.status = 0
    one, metrics = beating(clock, HeartbeatSection(url=Secret(url)), Health())
    stop = asyncio.Event()
    task = asyncio.create_task(one.run(stop))
    await asyncio.wait_for(there.was_asked.wait(), 5)
    stop.set()
    await asyncio.wait_for(task, 1)
    assert counted(metrics, "sent") is None


async def test_who_cannot_be_reached(store: Store, clock: FakeClock) -> None:
    """The newest message that was tried decides; what was never tried says nothing, nor what is long ago."""

    def tell(tx: Tx, number: int, states: dict[str, DeliveryState]) -> None:
        findings.take(tx, finding(f"f{number}", source=f"192.0.2.{number}", host=f"h{number}", opened=True))
        for notice in outbox.notices_unplanned(tx.connection):
            outbox.plan(tx, notice.id, [NewDelivery(receiver=name, target=0, channel=name) for name in states])
        for one in outbox.claim(tx, None, lease_seconds=60, limit=10):
            outbox.settle(tx, one.id, Settlement(state=states[one.receiver]))

    dead, well = DeliveryState.DEAD, DeliveryState.ACCEPTED
    await store.write(lambda tx: tell(tx, 1, {"ana": dead, "bo": dead, "chief": well}))
    await store.write(lambda tx: tell(tx, 2, {"ana": well, "chief": dead}))
    assert await store.read(lambda c: reach.failing(c, clock.now())) == {"bo", "chief"}
    clock.advance(25 * 3600)
    assert await store.read(lambda c: reach.failing(c, clock.now())) == frozenset()

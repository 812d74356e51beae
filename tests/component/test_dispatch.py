"""The dispatch with a real store: nobody is forgotten, nobody is paged twice unmarked, nobody for what is settled."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock

from notifier.dispatch import Dispatch
from notifier.links import Link, Links
from notifier.message import Message
from notifier.plan import Routing
from notifier.retry import SHORTEST_WAIT
from notifier.route import Matcher, Receiver, Route
from notifier.sender import SendResult, Sent
from notifier.throttle import QUIET
from rules.event import Decision, Entity, Severity
from rules.finding import Evidence, Finding, SeverityTerm
from store.database import Store
from store.deadlines import DEFAULT_LIMITS, Deadlines, Duty, Limit, Within
from store.incident import Actor, ActorKind, Tlp
from store.notice import Delivery, DeliveryState, NewDelivery
from store.people import Person, Role
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.people import persons
from store.repository.telling import outbox
from store.site import Site

ANA = Actor(kind=ActorKind.PERSON, id="ana")
ACCEPTED, RETRY = SendResult(outcome=Sent.ACCEPTED), SendResult(outcome=Sent.RETRY, detail="refused")
UNCERTAIN = SendResult(outcome=Sent.UNCERTAIN, detail="no answer")
PERMANENT = SendResult(outcome=Sent.PERMANENT, detail="401")
LINKS = Links([b"k" * 32], "http://tocsin.test")
RECEIVERS = {
    "ana": Receiver(name="ana", urls=("phone://ana",), person="ana"),
    "team": Receiver(name="team", urls=("chat://team",)),
}


@dataclass
class Channel:
    """Remembers what it was asked to send, and answers as told: in turn, then it accepts."""

    answers: list[SendResult] = field(default_factory=list)
    sent: list[tuple[str, Message]] = field(default_factory=list)
    held: dict[str, threading.Event] = field(default_factory=dict)  #: by url: hangs until it is set

    def send(self, url: str, message: Message) -> SendResult:
        self.sent.append((url, message))
        if url in self.held:
            self.held[url].wait(30)
        return self.answers.pop(0) if self.answers else ACCEPTED

    def channel(self, url: str) -> str:
        return url.partition("://")[0]

    def check(self, url: str) -> list[str]:
        return []

    def titles(self, url: str = "phone://ana") -> list[str]:
        return [message.title for to, message in self.sent if to == url]


@dataclass
class Count:
    """Remembers attempts."""

    attempts: list[tuple[str, str]] = field(default_factory=list)

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        self.attempts.append((channel, outcome))


@dataclass
class Desk:
    """A store, a clock, a channel and what wires them."""

    store: Store
    clock: FakeClock
    channel: Channel = field(default_factory=Channel)
    count: Count = field(default_factory=Count)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    routing: Routing = field(default_factory=lambda: Routing(routes=(Route(receivers=("ana",)),), receivers=RECEIVERS))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The dispatch at work."""
        stop = asyncio.Event()
        dispatch = Dispatch(
            store=self.store,
            clock=self.clock,
            sender=self.channel,
            routing=lambda: self.routing,
            links=lambda: LINKS,
            wake=self.wake,
            random=lambda: 0.0,
            observer=self.count,
        )
        task = asyncio.create_task(dispatch.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 5)

    async def found(self, **changes: Any) -> int:
        """Take a finding that opens (or joins) an incident; its number."""
        one = finding(self.clock.now(), **changes)
        taken = await self.store.write(lambda tx: findings.take(tx, one))
        self.wake.set()
        assert taken.incident is not None
        return taken.incident

    async def acknowledge(self, number: int) -> None:
        await self.store.write(lambda tx: incidents.acknowledge(tx, number, ANA, via="link"))
        self.wake.set()

    async def deliveries(self, number: int) -> list[Delivery]:
        return await self.store.read(lambda connection: outbox.of_incident(connection, number))

    async def states(self, number: int) -> list[DeliveryState]:
        return [one.state for one in await self.deliveries(number)]

    async def settled(self, number: int, *states: DeliveryState) -> None:
        """Return once the deliveries about an incident stand so."""

        async def stand() -> bool:
            return await self.states(number) == list(states)

        await eventually(stand, lambda: self.states(number))

    async def tried(self, number: int, times: int) -> None:
        """Return once the first delivery about an incident was tried so often, and is settled."""

        async def settled() -> bool:
            first = next(iter(await self.deliveries(number)), None)
            return first is not None and first.attempts == times and first.state is not DeliveryState.SENDING

        await eventually(settled, lambda: self.deliveries(number))

    async def later(self, span: timedelta) -> None:
        """Let time pass once the dispatch sleeps."""

        async def asleep() -> bool:
            return bool(self.clock.waiting_until)

        await eventually(asleep, asleep)
        self.clock.advance(span.total_seconds())


async def eventually(holds: Callable[[], Awaitable[bool]], found: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that the dispatch's own threads bring about."""
    ends = time.monotonic() + 10
    while not await holds():
        assert time.monotonic() < ends, await found()
        await asyncio.sleep(0.005)


def finding(now: datetime, **changes: Any) -> Finding:
    address = changes.pop("address", "203.0.113.7")
    line = f"Failed password for root from {address} @everyone"
    fields: dict[str, Any] = {
        "id": f"{abs(hash((address, changes.get('rule_id')))):032x}"[:32],
        "rule_id": "ssh",
        "rule_title": "SSH brute force",
        "rule_path": "ssh.yml",
        "rule_version": "0" * 16,
        "author": "",
        "license": "",
        "tags": (),
        "decision": Decision.INVESTIGATE,
        "severity": Severity.HIGH,
        "severity_terms": (SeverityTerm(term="rule", value=3, because="the rule says high"),),
        "group": (("source.ip", address),),
        "dedup_key": f"ssh|{address}",
        "entities": (Entity(kind="source", value=address), Entity(kind="host", value=f"web-{address}")),
        "base_rule_ids": (),
        "first_seen": now,
        "last_seen": now,
        "events": 1,
        "evidence": (
            Evidence(
                source="auth", origin="/a", line=1, offset=0, time=now, text=line, sha256=f"{abs(hash(line)):064x}"
            ),
        ),
        "window_seconds": 1800.0,
        "opened": True,
    }
    return Finding(**(fields | changes))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock()
    store = await Store.open(f"sqlite:///{tmp_path}/t.db", clock, lock_dir=tmp_path, upgrade=True)
    ana = Person(id="ana", name="Ana", roles=frozenset({Role.RESPONDER}))
    await store.write(lambda tx: persons.upsert_from_config(tx, (ana,)))
    yield Desk(store=store, clock=clock)
    await store.close()


async def test_told(desk: Desk) -> None:
    """An incident is told once, with a link that lets the receiver's person acknowledge it; what was sent is kept."""
    async with desk.running():
        number = await desk.found()
        await desk.settled(number, DeliveryState.ACCEPTED)
    ((url, message),) = desk.channel.sent
    assert url == "phone://ana"
    assert message.title.startswith(f"TLP:AMBER HIGH INC-{number}: SSH brute force, 203.0.113.7")
    assert "@everyone" not in message.body
    (address,) = [line for line in message.body.split("\n") if line.startswith("http")]
    link = LINKS.read(address.rsplit("/", 1)[1], desk.clock.now())
    assert isinstance(link, Link)
    assert (link.record, link.act, link.person) == (number, "acknowledge", "ana")
    assert link.expires_at == desk.clock.now() + timedelta(hours=24)
    (kept,) = await desk.deliveries(number)
    assert (kept.title, kept.attempts, kept.reason) == (message.title, 1, "route 1: catch-all")
    assert address not in kept.body
    assert desk.count.attempts == [("phone", "accepted")]
    view = await desk.store.read(lambda connection: incidents.get(connection, number))
    assert view.incident.notified_at == desk.clock.now()


async def test_routes_decide(desk: Desk) -> None:
    """Who hears of it is what the routes say; a receiver that is nobody's gets a link that does not act."""
    desk.routing = Routing(
        routes=(Route(match=Matcher(severity=("critical",)), receivers=("ana",)), Route(receivers=("team",))),
        receivers=RECEIVERS,
    )
    async with desk.running():
        number = await desk.found()
        await desk.settled(number, DeliveryState.ACCEPTED)
    ((url, message),) = desk.channel.sent
    assert url == "chat://team"
    assert LINKS.page(number) in message.body.split("\n")


async def test_the_time_to_acknowledge_is_the_configured_one(desk: Desk) -> None:
    """A message says until when somebody should have it, as the site's clocks say; a reload changes it."""
    limit = Limit(duty=Duty.ACKNOWLEDGE, within=Within(elapsed=timedelta(minutes=5)))
    waits = Limit(duty=Duty.ACKNOWLEDGE, within=None)
    told: list[str] = []
    async with desk.running():
        for limits in (DEFAULT_LIMITS, (limit,), (waits,)):
            desk.routing = replace(desk.routing, site=Site(deadlines=Deadlines(limits=limits)))
            number = await desk.found(address=f"198.51.100.{len(told)}")
            await desk.settled(number, DeliveryState.ACCEPTED)
            told.append(desk.channel.sent[-1][1].body)
    now = desk.clock.now()
    by = [f", by {now + wait:%Y-%m-%d %H:%M:%S UTC}" for wait in (timedelta(hours=1), timedelta(minutes=5))]
    assert [one in body for one, body in zip(by, told, strict=False)] == [True, True]
    assert ", by " not in told[2]


async def test_tried_again(desk: Desk) -> None:
    """What did not arrive is tried again after 15 s, then 30 s, without a mark."""
    desk.channel.answers = [RETRY, RETRY]
    async with desk.running():
        number = await desk.found()
        await desk.tried(number, 1)
        await desk.later(SHORTEST_WAIT - timedelta(seconds=1))
        assert len(desk.channel.sent) == 1
        await desk.later(timedelta(seconds=1))
        await desk.tried(number, 2)
        await desk.later(2 * SHORTEST_WAIT)
        await desk.settled(number, DeliveryState.ACCEPTED)
    assert len(set(desk.channel.titles())) == 1
    assert "(re-sent)" not in desk.channel.titles()[-1]


async def test_no_answer_is_sent_again_marked(desk: Desk) -> None:
    """What may have arrived is sent again, marked, under the same id."""
    desk.channel.answers = [UNCERTAIN]
    async with desk.running():
        number = await desk.found()
        await desk.settled(number, DeliveryState.UNCERTAIN)
        await desk.later(SHORTEST_WAIT)
        await desk.settled(number, DeliveryState.ACCEPTED)
    first, second = (message for _, message in desk.channel.sent)
    assert "re-sent" not in first.title
    assert "(re-sent)" in second.title
    assert first.body.rsplit("id ", 1)[1] == second.body.rsplit("id ", 1)[1]


@pytest.mark.parametrize(
    ("severity", "state"), [(Severity.HIGH, DeliveryState.FAILED), (Severity.CRITICAL, DeliveryState.QUEUED)]
)
async def test_refused(desk: Desk, severity: Severity, state: DeliveryState) -> None:
    """A refusal ends a delivery, unless it is critical: that is never given up."""
    desk.channel.answers = [PERMANENT]
    async with desk.running():
        number = await desk.found(severity=severity)
        await desk.tried(number, 1)
    assert await desk.states(number) == [state]
    (kept,) = await desk.deliveries(number)
    assert kept.detail == "401"


async def test_acknowledged_before_it_was_sent(desk: Desk) -> None:
    """What waits to be tried again is cancelled by an acknowledgement, and nobody who was not told hears of that."""
    desk.channel.answers = [RETRY]
    async with desk.running():
        number = await desk.found()
        await desk.tried(number, 1)
        await desk.acknowledge(number)
        await desk.settled(number, DeliveryState.CANCELLED)
        await desk.later(timedelta(hours=1))
    assert len(desk.channel.sent) == 1


async def test_acknowledged_while_planned(desk: Desk) -> None:
    """A delivery that was planned and is settled meanwhile is not sent: the state is looked at before sending."""
    number = await desk.found()
    (notice,) = await desk.store.read(outbox.notices_unplanned)
    await desk.acknowledge(number)
    late = NewDelivery(receiver="ana", target=0, channel="phone", person="ana")
    await desk.store.write(lambda tx: outbox.plan(tx, notice.id, [late]))
    async with desk.running():
        await desk.later(timedelta(seconds=1))
    assert desk.channel.sent == []


async def test_who_was_told_hears_of_the_acknowledgement(desk: Desk) -> None:
    """Exactly those who were told are told that somebody has it."""
    desk.routing = Routing(routes=(Route(receivers=("ana", "team")),), receivers=RECEIVERS)
    desk.channel.held = {"chat://team": threading.Event()}
    desk.channel.answers = [ACCEPTED]
    async with desk.running():
        number = await desk.found()
        await eventually(lambda: _done(len(desk.channel.sent) == 2), lambda: desk.states(number))
        desk.channel.answers = [RETRY]  # the team's channel comes back and did not take it
        desk.channel.held["chat://team"].set()
        await desk.settled(number, DeliveryState.ACCEPTED, DeliveryState.QUEUED)
        await desk.acknowledge(number)
        await desk.settled(number, DeliveryState.ACCEPTED, DeliveryState.CANCELLED, DeliveryState.ACCEPTED)
    assert [title for title in desk.channel.titles() if "(acknowledged)" in title]
    assert not [title for title in desk.channel.titles("chat://team") if "acknowledged" in title]
    assert "Asked of you" not in desk.channel.sent[-1][1].body


async def test_worse(desk: Desk) -> None:
    """A rise in severity is told after the first message, with what changed."""
    async with desk.running():
        number = await desk.found(severity=Severity.MEDIUM)
        await desk.settled(number, DeliveryState.ACCEPTED)
        await desk.found(severity=Severity.CRITICAL, rule_id="other", dedup_key="other", rule_title="Log-in")
        await desk.settled(number, DeliveryState.ACCEPTED, DeliveryState.ACCEPTED)
    assert f"CRITICAL INC-{number} (worse)" in desk.channel.titles()[1]


async def test_storm(desk: Desk) -> None:
    """Many incidents at once are a handful of messages that name or count all of them."""
    for n in range(1, 16):
        await desk.found(address=f"198.51.100.{n}")
    async with desk.running():
        await eventually(lambda: _done(len(desk.channel.sent) == 4), lambda: desk.states(1))
        await desk.settled(15, DeliveryState.ACCEPTED)
    assert "12 more incidents" in desk.channel.titles()[3]
    assert "and 2 more" in desk.channel.sent[3][1].body
    for number in range(1, 16):
        assert await desk.states(number) == [DeliveryState.ACCEPTED]
        assert [one.attempts for one in await desk.deliveries(number)] == [1]


async def test_caught_up(desk: Desk) -> None:
    """What was read long after it happened is told as one message, once it is quiet."""
    old = {"first_seen": START - timedelta(hours=5), "last_seen": START - timedelta(hours=4)}
    for n in (1, 2, 3):
        await desk.found(address=f"198.51.100.{n}", **old)
    async with desk.running():
        await desk.later(QUIET)
        await desk.settled(3, DeliveryState.ACCEPTED)
    assert desk.channel.titles() == ["TLP:AMBER HIGH caught up: 3 incidents from 2026-03-02 04:00 to 05:00 UTC"]


async def test_caught_up_with_one(desk: Desk) -> None:
    """One alone is told as caught up too, with a link by which it can be acknowledged."""
    await desk.found(first_seen=START - timedelta(hours=5), last_seen=START - timedelta(hours=4))
    async with desk.running():
        await desk.later(QUIET)
        await desk.settled(1, DeliveryState.ACCEPTED)
    assert desk.channel.titles() == ["TLP:AMBER HIGH caught up: 1 incident from 2026-03-02 04:00 to 05:00 UTC"]
    assert "/a/" in desk.channel.sent[0][1].body


async def test_restart_while_sending(desk: Desk) -> None:
    """What was on its way when the daemon ended is sent again at the next start, marked; what waited is not."""
    await desk.found()
    await desk.found(address="198.51.100.1")
    (first, second) = await desk.store.read(outbox.notices_unplanned)
    new = [NewDelivery(receiver="ana", target=0, channel="phone", person="ana")]
    await desk.store.write(lambda tx: (outbox.plan(tx, first.id, new), outbox.plan(tx, second.id, new)))
    await desk.store.write(lambda tx: outbox.claim(tx, "phone", lease_seconds=60, limit=1))
    async with desk.running():
        await desk.settled(1, DeliveryState.ACCEPTED)
        await desk.settled(2, DeliveryState.ACCEPTED)
    assert [("(re-sent)" in title) for title in desk.channel.titles()] == [True, False]


async def test_a_stuck_channel_delays_nobody_and_holds_nothing_up(desk: Desk) -> None:
    """While one channel hangs, the other one sends; stopping takes less than two seconds, and nothing is lost."""
    desk.routing = Routing(routes=(Route(receivers=("ana", "team")),), receivers=RECEIVERS)
    desk.channel.held = {"chat://team": threading.Event()}
    async with desk.running():
        for n in (1, 2):
            number = await desk.found(address=f"198.51.100.{n}")
            waits = [DeliveryState.SENDING, DeliveryState.QUEUED][n - 1]
            await desk.settled(number, DeliveryState.ACCEPTED, waits)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    desk.channel.held["chat://team"].set()
    assert await desk.states(1) == [DeliveryState.ACCEPTED, DeliveryState.SENDING]
    desk.channel.held.clear()
    async with desk.running():
        await desk.settled(1, DeliveryState.ACCEPTED, DeliveryState.ACCEPTED)
        await desk.settled(2, DeliveryState.ACCEPTED, DeliveryState.ACCEPTED)
    assert "(re-sent)" in desk.channel.titles("chat://team")[1]


async def test_receiver_that_is_gone(desk: Desk) -> None:
    """What waits for a receiver that a reload took away fails, and says so."""
    desk.channel.answers = [RETRY]
    async with desk.running():
        number = await desk.found()
        await desk.tried(number, 1)
        desk.routing = Routing(routes=(Route(receivers=("team",)),), receivers={"team": RECEIVERS["team"]})
        await desk.later(SHORTEST_WAIT)
        await desk.settled(number, DeliveryState.FAILED)
    (kept,) = await desk.deliveries(number)
    assert kept.detail == "receiver ana is not configured any more"


async def test_label_above_the_channel(desk: Desk) -> None:
    """A channel that may not carry the incident's label gets a stub with the link."""
    green = Receiver(name="ana", urls=("phone://ana",), person="ana", max_tlp=Tlp.GREEN)
    desk.routing = Routing(routes=(Route(receivers=("ana",)),), receivers={"ana": green})
    async with desk.running():
        number = await desk.found()
        await desk.settled(number, DeliveryState.ACCEPTED)
    ((_, message),) = desk.channel.sent
    assert "203.0.113.7" not in message.title + message.body
    assert "http://tocsin.test/a/" in message.body


async def test_a_bad_channel_does_not_end_the_dispatch(desk: Desk) -> None:
    """A sender that raises is a failed attempt; the others are told, and it is tried again."""

    class Broken(Channel):
        def send(self, url: str, message: Message) -> SendResult:
            super().send(url, message)
            raise RuntimeError("boom")

    desk.channel = Broken()
    async with desk.running():
        number = await desk.found()
        await desk.tried(number, 1)
    (kept,) = await desk.deliveries(number)
    assert "RuntimeError" in kept.detail


async def test_a_finding_is_told_of_without_waiting(desk: Desk) -> None:
    """The commit of a critical finding alone makes the attempt happen: the clock does not move until it has."""
    async with desk.running():
        await desk.later(timedelta(0))
        before = desk.clock.now()
        await desk.found(severity=Severity.CRITICAL)
        await eventually(lambda: _done(bool(desk.channel.sent)), lambda: desk.states(1))
        assert desk.clock.now() == before


async def _done(condition: bool) -> bool:
    return condition

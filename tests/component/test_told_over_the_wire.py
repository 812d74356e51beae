"""The real dispatch, store and adapter, and real peers: what becomes of each fault, and that nothing is lost."""

import asyncio
import io
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from support.fakes import FakeClock
from support.mail import Fault, Sink, sink
from support.peers import peer
from support.store import ANA, add_persons, finding, line

from notifier.apprise_sender import AppriseSender
from notifier.dispatch import Dispatch
from notifier.links import Links
from notifier.plan import Routing
from notifier.route import Receiver, Route
from rules.event import Severity
from store.database import Store
from store.incident import Tlp
from store.notice import Delivery, DeliveryState
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.telling import outbox

LINKS = Links([b"k" * 32], "https://tocsin.example.org")
RETRY_WAIT = timedelta(seconds=15)


class Count:
    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """Nobody asks here."""


@dataclass
class Desk:
    """A store, a clock and the real sender; receivers are who is told of everything."""

    store: Store
    clock: FakeClock
    receivers: tuple[Receiver, ...] = ()
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def telling(self, **urls: str) -> AsyncIterator[None]:
        """The dispatch at work, with a receiver per url; ana reads all mail."""
        self.receivers = self.receivers or tuple(
            Receiver(name=name, urls=(url,), person="ana" if "mail" in name else None) for name, url in urls.items()
        )
        routing = Routing(
            routes=(Route(receivers=tuple(one.name for one in self.receivers)),),
            receivers={one.name: one for one in self.receivers},
        )
        stop = asyncio.Event()
        dispatch = Dispatch(
            store=self.store,
            clock=self.clock,
            sender=AppriseSender(console=io.StringIO(), folder=Path.cwd()),
            routing=lambda: routing,
            links=lambda: LINKS,
            wake=self.wake,
            random=lambda: 0.0,
            observer=Count(),
        )
        task = asyncio.create_task(dispatch.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 5)

    async def found(self, severity: Severity = Severity.HIGH) -> int:
        one = finding(severity=severity, first_seen=self.clock.now(), evidence=(line(1),))
        taken = await self.store.write(lambda tx: findings.take(tx, one))
        self.wake.set()
        assert taken.incident is not None
        return taken.incident

    async def deliveries(self) -> dict[str, Delivery]:
        """The newest of each receiver."""
        all_of_them = await self.store.read(lambda connection: outbox.of_incident(connection, 1))
        return {one.receiver: one for one in all_of_them}

    async def stand(self, **states: DeliveryState) -> dict[str, Delivery]:
        """Return once the newest delivery of each named receiver stands so."""

        async def look() -> bool:
            found = await self.deliveries()
            tried = [name for name, one in found.items() if one.attempts]
            return all(name in tried and found[name].state is state for name, state in states.items())

        await eventually(look)
        return await self.deliveries()

    async def later(self, span: timedelta) -> None:
        """Let time pass once the dispatch sleeps."""

        async def asleep() -> bool:
            return bool(self.clock.waiting_until)

        await eventually(asleep)
        self.clock.advance(span.total_seconds())


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    ends = time.monotonic() + 10
    while not await holds():
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


@pytest.fixture
async def desk(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    shutil.copy(sqlite_template, tmp_path)
    clock = FakeClock()
    store = await Store.open(f"sqlite:///{tmp_path}/tocsin.db", clock, lock_dir=tmp_path, upgrade=False)
    await store.write(add_persons)
    yield Desk(store=store, clock=clock)
    await store.close()


@pytest.fixture
def mail() -> Iterator[Sink]:
    with sink() as server:
        yield server


@pytest.mark.parametrize(
    ("fault", "code", "first", "marked"),
    [
        (Fault.REFUSES_RCPT, 451, DeliveryState.QUEUED, False),
        (Fault.REFUSES_RCPT, 550, DeliveryState.QUEUED, False),
        (Fault.DROPS_RCPT, 0, DeliveryState.QUEUED, False),
        (Fault.DROPS_END, 0, DeliveryState.UNCERTAIN, True),
        (Fault.STALLS_END, 0, DeliveryState.UNCERTAIN, True),
    ],
)
async def test_nothing_is_lost(
    desk: Desk, mail: Sink, fault: Fault, code: int, first: DeliveryState, marked: bool
) -> None:
    """A critical message arrives once the server has mended; only what may have arrived says that it was sent again."""
    mail.fault, mail.code = fault, code
    async with desk.telling(mail=mail.url):
        await desk.found(Severity.CRITICAL)
        tried = (await desk.stand(mail=first))["mail"]
        mail.fault = Fault.NONE
        await desk.later(RETRY_WAIT)
        await desk.stand(mail=DeliveryState.ACCEPTED)
    last = mail.taken[-1]
    text = last.get_content()
    assert (("re-sent" in text), tried.attempts) == (marked, 1)
    assert f"id D-{tried.id}" in text
    assert {one["Message-ID"] for one in mail.taken} == {last["Message-ID"]}
    assert {one["Subject"] for one in mail.taken} == {last["Subject"]}


async def test_refused_for_good(desk: Desk, mail: Sink) -> None:
    """What is not critical and refused for good ends there, with what the server said."""
    mail.fault, mail.code = Fault.REFUSES_RCPT, 550
    async with desk.telling(mail=mail.url):
        await desk.found()
        failed = (await desk.stand(mail=DeliveryState.FAILED))["mail"]
    assert failed.detail == "the mail server refused RCPT: 550 no thanks"


async def test_one_thread(desk: Desk, mail: Sink) -> None:
    """The first message and the acknowledgement land in one thread of each recipient, and in nobody else's."""
    async with desk.telling(mail=mail.url, bo_mail=mail.url_to("bo@example.com")):
        number = await desk.found()
        await desk.stand(mail=DeliveryState.ACCEPTED, bo_mail=DeliveryState.ACCEPTED)
        await desk.store.write(lambda tx: incidents.acknowledge(tx, number, ANA, via="link"))
        desk.wake.set()

        async def all_came() -> bool:
            return len(mail.taken) == 4

        await eventually(all_came)
    threads = {(one["To"], one["References"], one["Subject"]) for one in mail.taken}
    assert {to for to, _, _ in threads} == {"ana@example.com", "bo@example.com"}
    assert len(threads) == 2
    assert len({one["Message-ID"] for one in mail.taken}) == 4
    assert sum("acknowledged" in one.get_content().split("\n")[0] for one in mail.taken) == 2


async def test_a_stuck_peer_delays_nobody(desk: Desk, mail: Sink) -> None:
    """While a mail server hangs and a receiver does not answer, a message over another channel arrives."""
    mail.fault = Fault.GREETS_NOT
    async with peer() as stuck, peer() as quick:
        stuck.hold = asyncio.Event()
        async with desk.telling(
            mail=mail.url_to("ana@example.com", "&cto=30"),
            stuck=f"json://127.0.0.1:{stuck.port}/?rto=15",
            quick=f"xml://localhost:{quick.port}/",
        ):
            await desk.found()
            await asyncio.wait_for(stuck.arrived.acquire(), 5)  # it hangs from here on
            found = await desk.stand(quick=DeliveryState.ACCEPTED)
            assert {name: one.state for name, one in found.items() if name != "quick"} == {
                "mail": DeliveryState.SENDING,
                "stuck": DeliveryState.SENDING,
            }  # neither has ended: nobody waited for them


async def test_when_a_peer_may_be_asked_again(desk: Desk) -> None:
    """429 with Retry-After: not a second earlier, and then unmarked."""
    async with peer() as receiver:
        receiver.answers, receiver.retry_after = [429], "90"
        async with desk.telling(chat=receiver.url):
            await desk.found()
            waits = (await desk.stand(chat=DeliveryState.QUEUED))["chat"]
            assert waits.due_at == desk.clock.now() + timedelta(seconds=90)
            await desk.later(timedelta(seconds=89))
            assert len(receiver.got) == 1
            await desk.later(timedelta(seconds=1))
            await desk.stand(chat=DeliveryState.ACCEPTED)
        assert "re-sent" not in receiver.got[1]["title"]


async def test_what_was_withheld_is_kept(desk: Desk) -> None:
    """A stub and a message to people outside tell less, and the delivery says what they did not tell."""
    async with peer() as receiver:
        desk.receivers = (
            Receiver(name="stub", urls=(receiver.url,), max_tlp=Tlp.GREEN),
            Receiver(name="outside", urls=(receiver.url.replace("/hook", "/out"),), external=True),
            Receiver(name="inside", urls=(receiver.url.replace("/hook", "/in"),)),
        )
        async with desk.telling():
            await desk.found()
            states = dict.fromkeys(("stub", "outside", "inside"), DeliveryState.ACCEPTED)
            kept = await desk.stand(**states)
        told = {one.path: one.body.decode() for one in receiver.taken}
    assert kept["stub"].withheld == "title, who and where, number of events, first and last time, log lines"
    assert kept["outside"].withheld == "title, who and where, number of events, log lines"
    assert kept["inside"].withheld == ""
    assert ["203.0.113.7" in told[path] for path in ("/hook", "/out", "/in")] == [False, False, True]
    assert "Title of rule-1" not in told["/out"]

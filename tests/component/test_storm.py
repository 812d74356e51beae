"""A storm: a person gets a handful of messages, the first critical one at once, and nothing is forgotten."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.store import add_persons, finding, open_store, sqlite_url

from notifier import jobs, planning
from notifier.dispatch import Dispatch
from notifier.links import Links
from notifier.message import Message
from notifier.plan import Routing
from notifier.route import Receiver, Route
from notifier.sender import SendResult, Sent
from rules.event import Severity
from rules.finding import Finding
from store.clock import Clock, SystemClock
from store.database import Store
from store.notice import DeliveryState
from store.repository.grouping import findings
from store.repository.telling import outbox
from store.tx import Tx

MOST = 5
SOAK_SECONDS = float(os.environ.get("TOCSIN_SOAK_SECONDS", "60"))
RECEIVERS = {
    "phone": Receiver(name="phone", urls=("phone://ana",), person="ana"),
    "mail": Receiver(name="mail", urls=("mail://ana",), person="ana"),
}
ROUTING = Routing(routes=(Route(receivers=("phone", "mail")),), receivers=RECEIVERS, most_per_minute=MOST)


LINKS = Links([b"k" * 32], "http://tocsin.test")


def channel(url: str) -> str:
    return url.partition(":")[0]


class Phone:
    """Takes everything, and remembers when."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, str, Message]] = []

    def send(self, url: str, message: Message) -> SendResult:
        self.sent.append((time.monotonic(), url, message))
        return SendResult(outcome=Sent.ACCEPTED)

    def channel(self, url: str) -> str:
        return channel(url)

    def check(self, url: str) -> list[str]:
        return []

    def critical(self) -> list[float]:
        return [at for at, _, message in self.sent if "CRITICAL" in message.title]


class Nobody:
    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """Counts nothing."""


@asynccontextmanager
async def running(store: Store, clock: Clock, phone: Phone, wake: asyncio.Event) -> AsyncIterator[None]:
    stop = asyncio.Event()
    dispatch = Dispatch(
        store=store,
        clock=clock,
        sender=phone,
        routing=lambda: ROUTING,
        links=lambda: LINKS,
        wake=wake,
        random=lambda: 0.0,
        observer=Nobody(),
    )
    task = asyncio.create_task(dispatch.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


def taking(numbers: range, critical: int) -> Callable[[Tx], object]:
    """Findings that open an incident each, taken together as those of a batch of lines are."""

    def found(number: int, now: datetime) -> Finding:
        severity = Severity.CRITICAL if number == critical else Severity.HIGH
        told: dict[str, Any] = {"rule": f"r{number % 97}", "host": f"h{number}", "key": f"k{number}"}
        source = f"10.0.{number // 250}.{number % 250}"
        return finding(f"f{number}", severity=severity, source=source, first_seen=now, **told)

    return lambda tx: findings.take_all(tx, [found(number, tx.now) for number in numbers])


async def test_a_storm_is_a_handful_of_messages(sqlite_template: Path, tmp_path: Path) -> None:
    """Over two receivers of one person: the critical one first, though it came last; then digests, each minute."""
    shutil.copy(sqlite_template, tmp_path)
    clock, many = FakeClock(START), 30
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        await store.write(add_persons)
        await store.write(taking(range(1, many + 1), critical=many))
        await plan_all(store, clock)
        sent: list[datetime] = []
        first: list[int] = []
        while (await store.read(outbox.counts))[DeliveryState.QUEUED]:
            for over in ("phone", "mail") * MOST:
                load = await store.write(lambda tx, over=over: jobs.claim(tx, over, ROUTING, {"ana": tuple(sent)}))  # type: ignore[misc]
                if load is not None:
                    sent.append(clock.now())
                    first.append(load.parcel.deliveries[0].incident)
                    await store.write(lambda tx, load=load: settle(tx, load))  # type: ignore[misc]
            clock.advance(61)
        assert (await store.read(outbox.counts))[DeliveryState.ACCEPTED] == 2 * many
    assert first[:2] == [many, many]  # on the phone and in the mail
    assert len(sent) <= 2 * MOST
    assert all(sum(at - timedelta(minutes=1) < other <= at for other in sent) <= MOST for at in sent)


async def test_what_becomes_critical_waits_for_no_place(sqlite_template: Path, tmp_path: Path) -> None:
    """A message about it was held back before; both go out as one, in the place that is kept."""
    shutil.copy(sqlite_template, tmp_path)
    clock, sent = FakeClock(START), [START] * (MOST - 1)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        await store.write(add_persons)
        await store.write(taking(range(1, 4), critical=0))
        await plan_all(store, clock)
        claim = lambda tx: jobs.claim(tx, "phone", ROUTING, {"ana": tuple(sent)})  # noqa: E731
        assert await store.write(claim) is None
        worse = finding("worse", rule="r2", key="k2", source="10.0.0.2", host="h2", severity=Severity.CRITICAL)
        await store.write(lambda tx: findings.take(tx, worse))
        await plan_all(store, clock)
        load = await store.write(claim)
        assert load is not None
        assert {one.incident for one in load.parcel.deliveries} == {2}


async def plan_all(store: Store, clock: Clock) -> None:
    while looked := await store.read(lambda c: planning.survey(c, ROUTING, channel, clock.now())):
        await store.write(lambda tx, looked=looked: planning.plan(tx, looked))  # type: ignore[misc]


def settle(tx: Tx, load: jobs.Load) -> None:
    done = SendResult(outcome=Sent.ACCEPTED)
    jobs.settle(tx, load, load.parcel.deliveries, None, done, jitter=0.0, links=LINKS)


@pytest.mark.soak
async def test_ten_thousand_in_a_minute(sqlite_template: Path, tmp_path: Path) -> None:
    """As fast as the store takes them, at most a minute: never more than the cap, the critical one within a second."""
    shutil.copy(sqlite_template, tmp_path)
    clock, phone, wake = SystemClock(), Phone(), asyncio.Event()
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        await store.write(add_persons)
        async with running(store, clock, phone, wake):
            began, taken, committed = time.monotonic(), 0, 0.0
            while taken < 10_000 and time.monotonic() < began + min(SOAK_SECONDS, 60):
                is_half = taken >= 5_000 or time.monotonic() > began + min(SOAK_SECONDS, 60) / 2
                last = is_half and not committed
                marked = taken + 1 if last else 0
                await store.write(taking(range(taken + 1, taken + 11), critical=marked))
                committed = time.monotonic() if last else committed
                taken += 10
                wake.set()
            await asyncio.sleep(2)
        minutes = [sum(at - 60 < other <= at for other, _, _ in phone.sent) for at, _, _ in phone.sent]
        waited = phone.critical()[0] - committed
        shown = f"{len(phone.sent)} messages, at most {max(minutes)} in a minute"
        print(f"{taken} findings in {time.monotonic() - began:.0f} s: {shown}; the critical one after {waited:.2f} s")
    assert max(minutes) <= MOST
    assert waited < 1
    assert taken == 10_000 or SOAK_SECONDS < 60, "what is asked of a minute"

"""Telling people: mails a second over one server, what stuck peers cost the others, and how long a stop takes. Prints.

All figures are wall-clock time, which suffers from what else runs on the machine. The store, the dispatch, the adapter
and the mail server are real and in one process; only the mail server's network is the loopback.

Usage: .venv/bin/python tests/benchmarks/bench_mail.py [incidents that ten persons are told of, 20]
"""

import asyncio
import io
import socket
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.mail import Fault, Sink, sink
from support.peers import Peer, peer
from support.store import add_persons, finding, line

from notifier.apprise_sender import AppriseSender
from notifier.dispatch import Dispatch
from notifier.links import Links
from notifier.plan import Routing
from notifier.route import Receiver, Route
from rules.event import Severity
from store.clock import SystemClock
from store.database import Store
from store.repository.grouping import findings

ROUNDS = 20
LINKS = Links([b"k" * 32], "https://tocsin.example.org")


class Count:
    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """Nobody asks here."""


@asynccontextmanager
async def telling(receivers: list[Receiver]) -> AsyncIterator[tuple[Store, asyncio.Event, list[float]]]:
    """A dispatch that tells *receivers* of everything; the list gets how long its stop took."""
    with tempfile.TemporaryDirectory() as folder:
        clock, wake, stop, took = SystemClock(), asyncio.Event(), asyncio.Event(), list[float]()
        store = await Store.open(f"sqlite:///{folder}/t.db", clock, lock_dir=Path(folder), upgrade=True)
        await store.write(add_persons)
        names = {one.name: one for one in receivers}
        routing = Routing(routes=(Route(receivers=tuple(names)),), receivers=names, most_per_minute=10_000)
        sender = AppriseSender(console=io.StringIO(), folder=Path(folder))
        for one in receivers[:1]:
            sender.check(one.urls[0])  # as the daemon does at its start: load Apprise's channels
        dispatch = Dispatch(
            store=store,
            clock=clock,
            sender=sender,
            routing=lambda: routing,
            links=lambda: LINKS,
            wake=wake,
            random=lambda: 0.0,
            observer=Count(),
        )
        task = asyncio.create_task(dispatch.run(stop))
        try:
            yield store, wake, took
        finally:
            began = time.perf_counter()
            stop.set()
            await task
            took.append(time.perf_counter() - began)
            await store.close()


async def found(store: Store, wake: asyncio.Event, number: int) -> None:
    """An incident of its own."""
    now = SystemClock().now()
    one = finding(f"{number:x}", source=f"10.0.{number // 250}.{number % 250}", severity=Severity.HIGH, first_seen=now,
                  evidence=(line(number + 1),))  # fmt: skip
    await store.write(lambda tx: findings.take(tx, one))
    wake.set()


async def mails_a_second(incidents: int, server: Sink) -> float:
    """One mail about each incident to ten persons, from the first commit to the last mail in the server."""
    receivers = [
        Receiver(name=f"p{n}", urls=(server.url_to(f"p{n}@example.com", ""),), person="ana") for n in range(10)
    ]
    before, mails = len(server.taken), incidents * len(receivers)
    async with telling(receivers) as (store, wake, _):
        began = time.perf_counter()
        for number in range(incidents):
            await found(store, wake, number)
        while len(server.taken) - before < mails:  # noqa: ASYNC110 (a thread fills it)
            await asyncio.sleep(0.01)
        return mails / (time.perf_counter() - began)


async def line_to_arrival(quick: Peer, others: list[str]) -> tuple[float, float]:
    """Median time from commit to arrival at a receiver that answers, beside *others*; and what the stop took."""
    receivers = [Receiver(name=f"other{n}", urls=(url,)) for n, url in enumerate(others)]
    receivers.append(Receiver(name="quick", urls=(f"json://localhost:{quick.port}/",)))
    waits: list[float] = []
    async with telling(receivers) as (store, wake, took):
        for number in range(ROUNDS):
            await found(store, wake, number)
            began = time.perf_counter()
            await quick.arrived.acquire()
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)
    return statistics.median(waits), took[0]


async def main() -> None:
    """Everything, one line each."""
    incidents = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with sink() as server:
        print(f"mails over one server          {await mails_a_second(incidents, server):8.1f} /s (wanted: 5)")
    with sink(slow_seconds=0.1) as server:
        print(f"  that takes 0.1 s for each    {await mails_a_second(max(1, incidents // 4), server):8.1f} /s")
    with sink(fault=Fault.GREETS_NOT) as stuck, socket.create_server(("127.0.0.1", 0)) as deaf:
        urls = [stuck.url_to("x@example.com", "&cto=30"), f"xml://127.0.0.1:{deaf.getsockname()[1]}/?rto=15"]
        async with peer() as quick:
            alone, stop_alone = await line_to_arrival(quick, [])
            beside, stop_beside = await line_to_arrival(quick, urls)
    print(f"commit to arrival, alone       {alone * 1000:8.1f} ms")
    print(
        f"  beside two stuck peers       {beside * 1000:8.1f} ms, {(beside - alone) * 1000:+.1f} (wanted: < 100 more)"
    )
    print(f"stop of the dispatch, alone    {stop_alone:8.2f} s")
    print(f"  with two stuck peers         {stop_beside:8.2f} s (wanted: <= 2 for the whole daemon)")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(main())

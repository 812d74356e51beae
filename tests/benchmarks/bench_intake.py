"""Durable alerts a second, handed in over HTTP, beside Debian's Alertmanager, which keeps them in memory. Prints only.

The same requests go to both in turn, round by round, from one process with raw sockets: `POST /api/v2/alerts`, each
alert another one. A figure is refused unless both say that they took all. Tocsin's answer comes after its commit; what
it does with the alerts afterwards goes on beside the posts, and is waited for between two rounds; the processor
time of an alert counts that too.

Usage: .venv/bin/python tests/benchmarks/bench_intake.py [seconds of a round, 2] [rounds, 3]
"""

import asyncio
import itertools
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.daemon import CONFIG, ENDS_WITH_US, Daemon, eventually

ALERTMANAGER = "/usr/bin/prometheus-alertmanager"
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
#: (connections, alerts a post, while a backlog is read)
CASES = ((1, 1, False), (16, 1, False), (64, 1, False), (16, 100, False), (16, 1, True))
BACKLOG_LINES = 100_000
#: How long one may take to read what was posted in a round.
DRAIN_SECONDS = 300.0
INTAKE = '\n[[intake]]\nname = "prom"\nkind = "prometheus"\nproof = "none"\n'
BULK = '\n[[source]]\nname = "bulk"\npath = "bulk.log"\nstart = "beginning"\n'
TAKEN = "SELECT coalesce(sum(json_array_length(CAST(body AS TEXT))), 0) FROM inbox WHERE kind = 'prometheus'"
SERIAL = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Somebody who takes alerts."""

    name: str
    port: int
    taken: Callable[[], int]  #: alerts, by its own count
    settle: Callable[[], None]  #: waits until what was posted is worked off
    processes: Callable[[], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round came to."""

    posts_a_second: float
    seconds: tuple[float, ...]  #: from sending to the whole answer, of each post


def main() -> None:
    """Everything there is to measure, one thing after the other."""
    print(f"Python {sys.version.split()[0]}, {ROUNDS} rounds of {SECONDS:g} s, wall-clock time")
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
        daemon, tocsin = running.enter_context(daemon_in(folder))
        alertmanager = running.enter_context(other(folder))
        peers = [tocsin] + ([alertmanager] if alertmanager else [])
        for connections, alerts, busy in CASES:
            with backlog(daemon) if busy else nullcontext():
                case(peers, connections, alerts, "backlog" if busy else "idle")


def case(peers: list[Peer], connections: int, alerts: int, while_: str) -> None:
    """One case, in turns, and what it came to."""
    found: dict[str, list[Round]] = {peer.name: [] for peer in peers}
    refused, busy = "", dict.fromkeys(found, 0.0)
    for _ in range(ROUNDS):
        for peer in peers:
            before, began = peer.taken(), processor_seconds(peer.processes())
            one = asyncio.run(posted(peer.port, connections, alerts))
            wanted, took = len(one.seconds) * alerts, peer.taken() - before
            refused = refused or (f"{peer.name} took {took} of {wanted}" if took != wanted else "")
            found[peer.name].append(one)
            peer.settle()
            busy[peer.name] += processor_seconds(peer.processes()) - began
    what = f"{connections} connections, {alerts} a post, {while_}"
    if refused:
        print(f"{what:<40} refused: {refused}", flush=True)
        return
    for name, rounds in found.items():
        rates = [one.posts_a_second for one in rounds]
        each = sorted(second for one in rounds for second in one.seconds)
        print(
            f"{what:<40} {name:<13} {statistics.median(rates):>7,.0f} posts/s = "
            f"{statistics.median(rates) * alerts:>7,.0f} alerts/s ({min(rates):,.0f} to {max(rates):,.0f}), "
            f"p50 {each[len(each) // 2] * 1000:.1f} ms, p99 {each[int(len(each) * 0.99)] * 1000:.1f} ms; "
            f"{busy[name] / len(each) / alerts * 1000:.2f} ms of processor an alert",
            flush=True,
        )


# -- posting -----------------------------------------------------------------------------------------------------------


class Poster(asyncio.Protocol):
    """One connection: posts, waits for the whole answer, posts again."""

    def __init__(self, alerts: int, end: float, done: "asyncio.Future[None]") -> None:
        self.seconds: list[float] = []
        self._alerts, self._end, self._done = alerts, end, done
        self._came, self._sent_at = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._post()

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, rest = self._came.partition(b"\r\n\r\n")
        if not found or len(rest) < length_of(head):
            return
        assert head.startswith(b"HTTP/1.1 200"), self._came[:300]
        now = time.perf_counter()
        self.seconds.append(now - self._sent_at)
        self._came = b""
        if now < self._end:
            self._post()
        else:
            self._transport.close()
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("it hung up"))

    def _post(self) -> None:
        body = bodies(self._alerts)
        head = (
            f"POST /api/v2/alerts HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        )
        self._sent_at = time.perf_counter()
        self._transport.write(head.encode() + b"\r\n\r\n" + body)


def length_of(head: bytes) -> int:
    """Bytes of the body that follows *head*."""
    return int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0")


def bodies(alerts: int) -> bytes:
    """So many alerts that nobody has heard of."""
    now = datetime.now(UTC)
    labels = ({"alertname": "Bench", "severity": "info", "instance": f"h{next(SERIAL)}:1"} for _ in range(alerts))
    return msgspec.json.encode([{"labels": one, "startsAt": now} for one in labels])


async def posted(port: int, connections: int, alerts: int) -> Round:
    """One round."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    done = [loop.create_future() for _ in range(connections)]
    posters = [Poster(alerts, began + SECONDS, one) for one in done]
    for poster in posters:
        await loop.create_connection(lambda poster=poster: poster, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*done)
    seconds = tuple(second for poster in posters for second in poster.seconds)
    return Round(posts_a_second=len(seconds) / (time.perf_counter() - began), seconds=seconds)


# -- who takes them ----------------------------------------------------------------------------------------------------


@contextmanager
def daemon_in(folder: Path) -> Iterator[tuple[Daemon, Peer]]:
    """The installed daemon with one intake."""
    with Daemon(folder / "t", config=CONFIG + BULK + INTAKE, files={"auth.log": "", "bulk.log": ""}) as daemon:
        port = int(daemon.url.rpartition(":")[2])

        yield (
            daemon,
            Peer(
                name="tocsin",
                port=port,
                taken=lambda: rows(daemon),
                settle=lambda: settle(daemon),
                processes=lambda: pids(daemon),
            ),
        )


def pids(daemon: Daemon) -> list[int]:
    """The daemon and its engine."""
    assert daemon.process is not None
    return [daemon.process.pid, *daemon.children()]


def processor_seconds(processes: list[int]) -> float:
    """How long they have kept a processor busy."""
    ticks = 0
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime, see proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def rows(daemon: Daemon) -> int:
    """Alerts in the inbox: what was committed, not what was answered."""
    with sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True) as database:
        found = database.execute(TAKEN).fetchone()
    return int(found[0])


def settle(daemon: Daemon) -> None:
    """Until what is in the inbox has gone through the rules; asked seldom, for asking costs the daemon something."""
    end = time.monotonic() + DRAIN_SECONDS
    while daemon.lines_read("prom") < rows(daemon):
        assert time.monotonic() < end, "not all alerts are read"
        time.sleep(0.5)


@contextmanager
def other(folder: Path) -> Iterator[Peer | None]:
    """Debian's Alertmanager, or a word that there is none."""
    if not Path(ALERTMANAGER).exists():
        print(f"skipped: {ALERTMANAGER} is not installed, so there is nothing to compare with")
        yield None
        return
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    port = free_port()
    options = (f"--config.file={config}", f"--storage.path={folder / 'am'}", "--log.level=error")
    listens = (f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=")
    process = subprocess.Popen([*ENDS_WITH_US, ALERTMANAGER, *options, *listens], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: is_ready(port), "Alertmanager is ready")
        name = 'alertmanager_alerts_received_total{status="firing"'
        yield Peer(
            name="alertmanager",
            port=port,
            taken=lambda: int(counted(port, name)),
            settle=lambda: None,
            processes=lambda: [process.pid],
        )
    finally:
        process.kill()
        process.wait()


def counted(port: int, name: str) -> float:
    """The sum of a metric."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def is_ready(port: int) -> bool:
    """Whether it answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready"):
            return True
    except OSError:
        return False


def free_port() -> int:
    """One that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# -- what else goes on -------------------------------------------------------------------------------------------------


@contextmanager
def backlog(daemon: Daemon) -> Iterator[None]:
    """A log of which there is always more to read."""
    line = "2026-03-01T03:00:00.000000+00:00 web1 CRON[1]: (root) CMD (run-parts --report /etc/cron.hourly)\n"
    text, stop = (line * BACKLOG_LINES).encode(), threading.Event()

    def feed() -> None:
        written = daemon.lines_read("bulk")
        while not stop.is_set():
            if written - daemon.lines_read("bulk") < BACKLOG_LINES / 2:
                with (daemon.folder / "bulk.log").open("ab") as log:
                    log.write(text)
                written += BACKLOG_LINES
            stop.wait(0.2)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        eventually(lambda: daemon.lines_read("bulk") > 0, "the backlog is being read")
        yield
    finally:
        stop.set()
        feeder.join()


if __name__ == "__main__":
    main()

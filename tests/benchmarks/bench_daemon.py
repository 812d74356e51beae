"""The daemon as a process: start, lines a second with commit, line to page, memory. Prints; never fails on a figure.

Each figure says whether it is wall-clock time, which suffers from what else runs on the machine, or processor time.

Usage: .venv/bin/python tests/benchmarks/bench_daemon.py [lines of the backlog, 100000]

The yardstick beside each throughput is counting the newlines of the same bytes: it tells the machine apart from us.
"""

import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.daemon import CONFIG, Daemon, eventually
from support.logs import FAILED_PASSWORD_RULE, failed_password

SEED = 7
STARTS = 5
ROUNDS = 5
PAGES = 60
POLL_SECONDS = 0.1
USERS = 40  # a rule and a recipient each, because a rule opens, and a recipient gets, only so many at once
BACKLOG = Path("bulk.log")
BULK = '\n[[source]]\nname = "bulk"\npath = "bulk.log"\nstart = "beginning"\n'

ROUTE = """
[[person]]
id = "p{user}"
roles = ["responder"]

[[receiver]]
name = "r{user}"
person = "p{user}"
url = "tocsin-file://outbox.txt"

[[route]]
match = {{rule = ["{rule}"]}}
receiver = ["r{user}"]
"""


def main() -> None:
    """Measure everything, one thing after the other."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"seed {SEED}, Python {sys.version.split()[0]}, backlog of {lines:,} lines, wall-clock time")
    for measure in (start, throughput, latency):
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            measure(Path(folder), lines)


def start(folder: Path, _lines: int) -> None:
    """From the command to readiness, with an empty state and again."""
    daemon = new_daemon(folder)
    seconds = []
    for _ in range(STARTS):
        began = time.perf_counter()
        daemon.start()
        seconds.append(time.perf_counter() - began)
        daemon.stop()
    show("start, first", f"{seconds[0]:.2f} s wall")
    show("start, again", f"{statistics.median(seconds[1:]):.2f} s wall (median of {STARTS - 1})")


def throughput(folder: Path, lines: int) -> None:
    """Lines a second, from the moment they are written until what they caused is committed."""
    with new_daemon(folder) as daemon:
        for name, make in (("sparse", cron), ("dense", from_one_address)):
            text = bulk(make, lines)
            rates, processor_rates, yardsticks = [], [], []
            for _ in range(ROUNDS):
                busy = processor_seconds(daemon)
                rates.append(lines / time_to_read(daemon, text, lines))
                processor_rates.append(lines / (processor_seconds(daemon) - busy))
                yardsticks.append(newlines_a_second(text, lines))
            for clock, each in (("wall", rates), ("processor, daemon + engine", processor_rates)):
                show_rate(f"daemon path with commit, {name}", each, clock, len(text) / lines)
            show_rate("  counting newlines", yardsticks, "wall", len(text) / lines)
        show_memory(daemon)


def latency(folder: Path, lines: int) -> None:
    """From a line written to its message accepted: idle, then while a backlog is read."""
    with new_daemon(folder) as daemon:
        show_latency("line to page, idle", [page(daemon, number) for number in range(PAGES)])
        stop = threading.Event()
        feeder = threading.Thread(target=keep_busy, args=(daemon, bulk(cron, lines), lines, stop))
        feeder.start()
        try:
            eventually(lambda: daemon.lines_read("bulk") > 0, "the backlog is being read")
            show_latency("line to page, backlog", [page(daemon, PAGES + number) for number in range(PAGES)])
        finally:
            stop.set()
            feeder.join()
        show_memory(daemon)


def new_daemon(folder: Path) -> Daemon:
    """A daemon with some rules, and a source for the backlog; not started."""
    rules = {f"rules/{user}.yml": rule_for(user) for user in range(USERS)}
    logs = {"auth.log": "", "bulk.log": ""}
    routes = "".join(ROUTE.format(user=user, rule=rule_id(user)) for user in range(USERS))
    main, catch_all = CONFIG.split("[[route]]")
    config = f'{main}{BULK}{routes}[[route]]{catch_all}\n[rules]\npaths = ["rules"]\n'
    return Daemon(folder, config=config, files=rules | logs)


def rule_id(user: int) -> str:
    """The id of a user's rule."""
    return f"6f3c2f{user:02x}-3a0b-4b57-9c39-0d8e3f1f7a11"


def rule_for(user: int) -> str:
    """A rule that takes the failures of users whose names begin alike."""
    text = FAILED_PASSWORD_RULE.replace("6f3c2f0e-3a0b-4b57-9c39-0d8e3f1f7a11", rule_id(user)).replace(
        "Failed password", f"Failure {user}"
    )
    return text.replace("event.outcome: failure", f"event.outcome: failure\n        user.name|startswith: user{user}-")


def bulk(make: Callable[[random.Random], str], lines: int) -> bytes:
    """Many lines of one kind."""
    chance = random.Random(SEED)
    return "".join(f"{make(chance)}\n" for _ in range(lines)).encode()


def cron(chance: random.Random) -> str:
    """A line that no rule takes."""
    stamp = datetime.now(UTC).isoformat(timespec="microseconds")
    return f"{stamp} web1 CRON[{chance.randrange(99999)}]: (root) CMD (run-parts --report /etc/cron.hourly)"


def from_one_address(_chance: random.Random) -> str:
    """A line that a rule takes, always for the same incident."""
    return failed_password("203.0.113.250", user="user0-0")


def time_to_read(daemon: Daemon, text: bytes, lines: int) -> float:
    """Seconds until all of *text*, written at once, is committed."""
    target = daemon.lines_read("bulk") + lines
    began = time.perf_counter()
    write(daemon, text)
    while daemon.lines_read("bulk") < target:
        time.sleep(POLL_SECONDS)  # asking costs the daemon something, too
    return time.perf_counter() - began


def processor_seconds(daemon: Daemon) -> float:
    """How long daemon and engine have kept a processor busy."""
    assert daemon.process is not None
    ticks = 0
    for pid in (daemon.process.pid, *daemon.children()):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime, see proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def newlines_a_second(text: bytes, lines: int) -> float:
    """The yardstick."""
    began = time.perf_counter()
    assert text.count(b"\n") == lines
    return lines / (time.perf_counter() - began)


def page(daemon: Daemon, number: int) -> float:
    """Seconds from one line to its message in the receiver's file."""
    address = f"198.51.{100 + number // 250}.{number % 250 + 1}"
    began = time.perf_counter()
    daemon.append("auth.log", [failed_password(address, user=f"user{number % USERS}-{number}")])
    end = began + 60
    while f"{address} " not in daemon.outbox() and time.perf_counter() < end:
        time.sleep(0.002)
    return time.perf_counter() - began


def keep_busy(daemon: Daemon, text: bytes, lines: int, stop: threading.Event) -> None:
    """Write the backlog again whenever less than half of it is left, so that there is always one."""
    written = 0
    while not stop.is_set():
        if written - daemon.lines_read("bulk") < lines / 2:
            write(daemon, text)
            written += lines
        stop.wait(0.1)


def write(daemon: Daemon, text: bytes) -> None:
    """Append to the backlog in one go."""
    with (daemon.folder / BACKLOG).open("ab") as log:
        log.write(text)


def show(what: str, figure: str) -> None:
    """One line of the result."""
    print(f"{what:<34} {figure}", flush=True)


def show_rate(what: str, rates: list[float], clock: str, line_bytes: float) -> None:
    """Lines a second, by which clock."""
    rate = statistics.median(rates)
    show(
        what,
        f"{rate:,.0f} lines/s = {rate * line_bytes / 1e6:,.1f} MB/s, {clock} "
        f"(median of {len(rates)}, from {min(rates):,.0f} to {max(rates):,.0f})",
    )


def show_latency(what: str, seconds: list[float]) -> None:
    """Middle and tail of some durations."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    show(what, f"p50 {statistics.median(ordered) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms wall ({len(ordered)} pages)")


def show_memory(daemon: Daemon) -> None:
    """The most that daemon and engine have held so far."""
    assert daemon.process is not None
    peaks = [peak_mib(pid) for pid in (daemon.process.pid, *daemon.children())]
    show("peak memory, daemon + engine", " + ".join(f"{peak:.0f}" for peak in peaks) + " MiB")


def peak_mib(pid: int) -> float:
    """The high-water mark of a process's resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()

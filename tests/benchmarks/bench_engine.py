"""How fast the engine is by itself: lines per second with the bundled rules, on sparse and on dense text.

Each round runs everything once, one after the other, so that a busy moment of the machine hits all alike; counting
the newlines of the same buffer is the yardstick. Nothing here passes or fails: figures depend on the machine.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from rules.engine import Engine
from rules.event import Batch, Starts
from rules.settings import EngineSettings
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet

ROUNDS = 7
LINES = 20_000
BATCH_BYTES = 512 * 1024
START = datetime(2026, 3, 1, tzinfo=UTC)


def sparse(chance: random.Random) -> Iterator[str]:
    """A machine that goes about its business; one line in 500 is a failed login."""
    said = (
        "CRON[{pid}]: (root) CMD (/usr/lib/sysstat/sa1 1 1)",
        "systemd[1]: Started Session {pid} of User www-data.",
        "kernel: [{pid}.000000] usb 1-1: new high-speed USB device number 4 using xhci_hcd",
        "dhclient[{pid}]: DHCPREQUEST for 10.0.0.17 on eth0 to 10.0.0.1 port 67",
        "postfix/qmgr[{pid}]: 4F1B2C0012: from=<a@example.org>, size=2134, nrcpt=1 (queue active)",
    )
    for number in range(LINES):
        text = chance.choice(said).format(pid=chance.randint(100, 32_000))
        yield failed_login(chance) if number % 500 == 0 else text


def dense(chance: random.Random) -> Iterator[str]:
    """A machine under attack: sshd alone speaks, and two lines in three are failed logins."""
    for number in range(LINES):
        address = f"203.0.113.{chance.randint(1, 40)}"
        yield failed_login(chance) if number % 3 else f"sshd[812]: Connection closed by {address} port 40000 [preauth]"


def failed_login(chance: random.Random) -> str:
    """One of forty attackers tries one of fifty names."""
    user, address = f"user{chance.randint(1, 50)}", f"203.0.113.{chance.randint(1, 40)}"
    return f"sshd[812]: Failed password for invalid user {user} from {address} port 40000 ssh2"


def buffer_of(texts: Iterator[str]) -> bytes:
    """The texts as syslog, twenty a second."""
    stamps = (START + timedelta(milliseconds=50 * number) for number in range(LINES))
    return b"".join(
        f"{stamp:%b} {stamp.day:2} {stamp:%H:%M:%S} web1 {text}\n".encode()
        for stamp, text in zip(stamps, texts, strict=True)
    )


def batches(buffer: bytes) -> Iterator[Batch]:
    """The buffer as the tail would hand it on."""
    at, line = 0, 1
    while at < len(buffer):
        end = buffer.rfind(b"\n", at, at + BATCH_BYTES) + 1
        yield Batch(
            source="bench",
            stream="bench",
            origin="bench.log",
            data=buffer[at:end],
            starts=Starts(line=line, offset=at),
            received_at=START + timedelta(days=1),
            before=b"",
            after=b"",
        )
        line += buffer.count(b"\n", at, end)
        at = end


def seconds(work: Callable[[], object]) -> float:
    """How long a processor is busy with *work*: what else runs on the machine does not count."""
    before = time.process_time()
    work()
    return time.process_time() - before


def run_engine(rules: RuleSet, buffer: bytes) -> int:
    """The number of findings told."""
    engine = Engine(EngineSettings(), rules)
    return sum(len(engine.feed(batch).findings) for batch in batches(buffer))


def main() -> None:
    """Print one table."""
    chance = random.Random(1)
    rules = load(read_rule_files([BUNDLED]))
    kinds = {"sparse": buffer_of(sparse(chance)), "dense sshd": buffer_of(dense(chance))}
    took: dict[str, list[float]] = {name: [] for kind in kinds for name in (kind, f"{kind}: newlines")}
    for _ in range(ROUNDS):
        for kind, buffer in kinds.items():
            took[kind].append(seconds(lambda buffer=buffer: run_engine(rules, buffer)))  # type: ignore[misc]
            took[f"{kind}: newlines"].append(seconds(lambda buffer=buffer: buffer.count(b"\n")))  # type: ignore[misc]
    print(f"engine alone, {len(rules.all)} rules, {LINES} lines, {ROUNDS} rounds, per second of processor time:")
    print("median (slowest to fastest); processor time leaves out what else runs on the machine")
    for name, each in took.items():
        size = len(kinds[name.split(":")[0]])
        rate, low, high = (LINES / figure for figure in (median(each), max(each), min(each)))
        print(
            f"  {name:<22}{rate:>14,.0f} lines/s  ({low:,.0f} to {high:,.0f}) {size / median(each) / 1e6:>10,.1f} MB/s"
        )


if __name__ == "__main__":
    main()

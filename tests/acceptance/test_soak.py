"""A daemon at full speed for long: every numbered line once, and neither memory nor database grow without end."""

import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

import pytest
from support.budget import soak_seconds
from support.daemon import Daemon, eventually
from support.logs import failed_password

ATTACKERS = [f"203.0.113.{last}" for last in range(1, 16)]
LINES_AT_ONCE = 5_000
AHEAD_LINES = 20_000  #: so many lines wait to be read at most: there is always a backlog, and never a long one
ROTATE_BYTES = 32 * 1024 * 1024
ROTATIONS_KEPT = 2
SAMPLE_SECONDS = 0.5
MIB = 1024 * 1024
ROOM = 1.25  #: what the second half may grow by, measured in what the first half grew by after its start


@dataclass(frozen=True, slots=True)
class Sample:
    """How large everything is at one moment, in bytes."""

    memory: int  #: resident, daemon and engine
    database: int
    journal: int  #: SQLite's write-ahead log


class Load:
    """Numbered lines, one in ten of them a failed login, in one log that is rotated."""

    def __init__(self, daemon: Daemon, chance: random.Random) -> None:
        self.lines = 0
        self.failures: Counter[str] = Counter()
        self._daemon = daemon
        self._chance = chance
        self._names = count(1)

    def write(self) -> None:
        """Append many lines at once."""
        log = self._daemon.folder / "auth.log"
        if log.exists() and log.stat().st_size > ROTATE_BYTES:
            log.rename(log.with_name(f"auth.log.{next(self._names)}"))
        stamp = datetime.now(UTC).isoformat(timespec="microseconds")
        text = []
        for number in range(self.lines, self.lines + LINES_AT_ONCE):
            if self._chance.random() < 0.1:
                address = self._chance.choice(ATTACKERS)
                self.failures[address] += 1
                text.append(failed_password(address, user=f"u{number}"))
            else:
                text.append(f"{stamp} web1 CRON[{number}]: (root) CMD (run-parts --report /etc/cron.hourly)")
        self._daemon.append("auth.log", text)
        self.lines += LINES_AT_ONCE

    def forget_what_was_read(self) -> None:
        """Delete rotated files but for the last ones, as logrotate does; all that is older was read long ago."""
        names = sorted(self._daemon.folder.glob("auth.log.*"), key=lambda path: int(path.suffix[1:]))
        for path in names[:-ROTATIONS_KEPT]:
            path.unlink()


def sample(daemon: Daemon) -> Sample:
    """Measure now."""
    assert daemon.process is not None
    memory = sum(resident_bytes(pid) for pid in (daemon.process.pid, *daemon.children()))
    journal = daemon.database.with_name(f"{daemon.database.name}-wal")
    return Sample(memory, daemon.database.stat().st_size, journal.stat().st_size if journal.exists() else 0)


def resident_bytes(pid: int) -> int:
    """The resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def run_for(daemon: Daemon, load: Load, seconds: float) -> list[Sample]:
    """Keep the daemon busy and measure it all the while."""
    end = time.monotonic() + seconds
    samples, next_at = [], 0.0
    while time.monotonic() < end:
        while load.lines - daemon.lines_read("auth") < AHEAD_LINES:
            load.write()
        load.forget_what_was_read()
        if time.monotonic() >= next_at:
            samples.append(sample(daemon))
            next_at = time.monotonic() + SAMPLE_SECONDS
        time.sleep(0.02)
    return samples


def assert_bounded(what: str, sizes: list[int], slack_mib: float) -> None:
    """From the middle to the end it grows by no more than from the first quarter to the middle, times ROOM.

    (A line through quarter and middle, doubled in length; the first quarter is the warming up.)
    """
    fifth = max(1, len(sizes) // 5)
    moments = (len(sizes) // 4, len(sizes) // 2, len(sizes))
    quarter, middle, last = (median(sizes[max(0, at - fifth) : at]) / MIB for at in moments)
    allowed = middle + 2 * ROOM * max(0.0, middle - quarter) + slack_mib
    told = f"{what}: {quarter:.1f} MiB after a quarter, {middle:.1f} at half-time, {last:.1f} at the end"
    print(f"{told} (allowed: {allowed:.1f})")
    assert last <= allowed, told


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_nothing_grows_without_end(idle_daemon: Daemon, chance: random.Random) -> None:
    """Memory, database and write-ahead log stay below a line through the first half; each line is counted once."""
    load = Load(idle_daemon, chance)
    idle_daemon.start()
    samples = run_for(idle_daemon, load, soak_seconds(0.25))
    eventually(lambda: idle_daemon.lines_read("auth") >= load.lines, "all lines are read", 60, lambda: idle_daemon.said)
    assert idle_daemon.lines_read("auth") == load.lines
    counted = {one["group"]["source.ip"]: one["events"] for one in idle_daemon.incidents(limit=100)}
    assert counted == dict(load.failures)
    print(f"\n{load.lines:,} lines, {len(samples)} samples")
    assert_bounded("memory", [one.memory for one in samples], 16)
    assert_bounded("database", [one.database for one in samples], 2)
    assert_bounded("write-ahead log", [one.journal for one in samples], 8)

"""SIGKILL at random instants: every numbered line is counted exactly once, and no notice is lost."""

import os
import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from support.daemon import Daemon, eventually, failed_password_daemon
from support.logs import failed_password

ADDRESSES = [f"203.0.113.{last}" for last in range(1, 11)]
LINES_AT_ONCE = 40


class Writer:
    """Writes numbered lines of a few addresses, and knows how many of each."""

    def __init__(self, daemon: Daemon, chance: random.Random) -> None:
        self.daemon = daemon
        self.chance = chance
        self.written: Counter[str] = Counter()

    def write_for(self, seconds: float) -> None:
        """Append a handful of lines again and again, sometimes ending amid a line."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            addresses = self.chance.choices(ADDRESSES, k=self.chance.randint(1, LINES_AT_ONCE))
            number = self.written.total()
            text = "".join(
                f"{failed_password(address, user=f'u{number + index}', port=1024 + index)}\n"
                for index, address in enumerate(addresses)
            )
            cut = self.chance.randrange(len(text))
            with (self.daemon.folder / "auth.log").open("a") as log:
                log.write(text[:cut])
                log.flush()
                time.sleep(self.chance.uniform(0, 0.02))
                log.write(text[cut:])
            self.written.update(addresses)


def read_all(daemon: Daemon, writer: Writer) -> None:
    """Wait until the daemon says that it has read every line."""
    total = writer.written.total()
    eventually(
        lambda: daemon.lines_read("auth") >= total,
        f"all {total} lines are read",
        60,
        lambda: f"read {daemon.lines_read('auth')}\n{daemon.said}",
    )


def assert_each_line_once(daemon: Daemon, writer: Writer) -> None:
    """Counters and incidents both hold every line exactly once."""
    assert daemon.lines_read("auth") == writer.written.total()
    incidents = daemon.incidents(limit=100)
    counted = {address: item["events"] for item in incidents for address in ADDRESSES if address in group_of(item)}
    assert counted == dict(writer.written)
    assert len(incidents) == len(writer.written), "one incident per address"


def group_of(incident: dict[str, object]) -> list[str]:
    """The values that an incident's findings have in common."""
    return re.findall(r"\d+\.\d+\.\d+\.\d+", str(incident["group"]))


def assert_no_notice_lost(daemon: Daemon) -> None:
    """Each incident has an accepted message in the file of the receiver; none waits, none is dead."""
    numbers = {int(item["number"]) for item in daemon.incidents(limit=100)}
    eventually(
        lambda: numbers <= {int(told) for told in re.findall(r"INC-(\d+)", daemon.outbox())},
        "each incident is told",
        90,  # one recipient gets only so many messages a minute
        context=lambda: daemon.outbox()[-2000:] + daemon.said,
    )
    eventually(
        lambda: daemon.status()["summary"]["deliveries_pending"] == 0,
        "no delivery waits",
        90,
        lambda: daemon.said,
    )
    assert daemon.status()["summary"]["deliveries_dead"] == 0


def kill_at_random(daemon: Daemon, writer: Writer, chance: random.Random, kills: int, until: float) -> None:
    """Kill the daemon or its engine *kills* times, or until the monotonic time *until*, while lines are written."""
    daemon.start()
    for _ in range(kills):
        if time.monotonic() > until:
            return
        writer.write_for(chance.uniform(0.02, 1.0))
        if chance.random() < 0.4:
            eventually(daemon.kill_engine, "there is an engine to kill", context=lambda: daemon.said)
            continue
        kill_daemon(daemon)
        if chance.random() < 0.3:  # during the start, too
            daemon.launch()
            writer.write_for(chance.uniform(0, 1.5))
            daemon.kill()
        daemon.start()


def kill_daemon(daemon: Daemon) -> None:
    """Kill the daemon alone; its engine must notice."""
    engines = daemon.children()
    daemon.kill()
    eventually(lambda: not any(map(is_running, engines)), "the engine ends when its daemon is gone")


def is_running(pid: int) -> bool:
    """Whether a process with this id exists and is not a zombie."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.timeout(240)
def test_ten_kills_lose_nothing_and_count_nothing_twice(idle_daemon: Daemon, chance: random.Random) -> None:
    """After ten SIGKILLs of daemon or engine, all lines are counted once and all incidents are told."""
    writer = Writer(idle_daemon, chance)
    kill_at_random(idle_daemon, writer, chance, 10, time.monotonic() + 180)
    read_all(idle_daemon, writer)
    assert_each_line_once(idle_daemon, writer)
    assert_no_notice_lost(idle_daemon)
    assert idle_daemon.stop() == 0
    idle_daemon.start()
    assert_each_line_once(idle_daemon, writer)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_two_hundred_kills_lose_nothing_and_count_nothing_twice(idle_daemon: Daemon, chance: random.Random) -> None:
    """The same as often as the budget allows, at most 200 times."""
    budget = float(os.environ.get("TOCSIN_SOAK_SECONDS", "600"))
    writer = Writer(idle_daemon, chance)
    kill_at_random(idle_daemon, writer, chance, 200, time.monotonic() + budget)
    read_all(idle_daemon, writer)
    assert_each_line_once(idle_daemon, writer)
    assert_no_notice_lost(idle_daemon)


def test_a_line_that_kills_the_engine_costs_exactly_that_line(tmp_path: Path) -> None:
    """The engine is restarted at most three times; the lines around the poisonous one are counted as ever."""
    daemon = failed_password_daemon(tmp_path)
    daemon.environment["TOCSIN_TEST_CRASH_ON"] = "p0is0n"
    before, after = ADDRESSES[:3], ADDRESSES[3:6]
    lines = [failed_password(address, user=f"of-{address}") for address in before]
    lines += [failed_password("203.0.113.66", user="p0is0n")]
    lines += [failed_password(address, user=f"of-{address}") for address in after]
    with daemon:
        daemon.append("auth.log", lines)
        eventually(lambda: daemon.lines_read("auth") == len(lines), "all lines are read", 60, lambda: daemon.said)
        status = daemon.status()
        assert sum(source["poisoned"] for source in status["sources"]) == 1
        assert 1 <= status["engine_restarts"] <= 3
        found = {address for item in daemon.incidents(limit=100) for address in group_of(item)}
        assert found == {*before, *after}
        daemon.append("auth.log", [failed_password(ADDRESSES[7], user="late")])
        eventually(
            lambda: any(ADDRESSES[7] in group_of(item) for item in daemon.incidents(limit=100)),
            "the daemon goes on",
            context=lambda: daemon.said,
        )

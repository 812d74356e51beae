"""SIGKILL at random instants while lines of two sources, alerts and messages flow: each line and each alert that was
answered is counted exactly once, and no notice is lost.
"""

import http.client
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.budget import soak_seconds
from support.daemon import CONFIG, Daemon, eventually, failed_password_daemon
from support.findings import Found, episodes, stored_findings
from support.logs import FAILED_PASSWORD_RULE, failed_password

ADDRESSES = [f"203.0.113.{last}" for last in range(1, 11)]
WEIGHTS = [2.0**-place for place in range(10)]  # from many a second to one now and then
SOURCES = {"auth": "auth.log", "edge": "edge.log"}
LINES_AT_ONCE = 40
LATENESS_SECONDS = 60
LATEST_SECONDS = 8.0  #: how far behind a line's stamp may be: within the lateness, with time to start again

SECOND_SOURCE = """
[[source]]
name = "edge"
path = "edge.log"
start = "beginning"
"""

INTAKE = """
[[intake]]
name = "native"
kind = "alerts"
proof = "none"
"""
PAGER = """
[[receiver]]
name = "pager"
url = "tocsin-file://pager.txt"

[[route]]
receiver = ["pager"]
match = {rule = ["Loud*"]}
"""
ACCEPTED = 202

GUESSING = "3d2b4a8c-56f0-4c0b-9a4e-1f0a7f5b9c22"
GUESSING_SPAN_SECONDS = 1
GUESSING_EVENTS = 8
GUESSING_RULE = f"""\
title: Password guessing
id: {GUESSING}
status: test
description: Counts failed logins of each address, and tells nobody.
author: Tocsin
level: low
correlation:
    type: event_count
    rules: [6f3c2f0e-3a0b-4b57-9c39-0d8e3f1f7a11]
    group-by: [source.ip]
    timespan: {GUESSING_SPAN_SECONDS}s
    condition: {{gte: {GUESSING_EVENTS}}}
    generate: true
tocsin: {{decision: record}}
"""
ALERTS = "c1a3a0f5-7a0e-4c36-8c53-5d5a6c9f4a10"
ALERTS_RULE = f"""\
title: Alerts
id: {ALERTS}
status: test
description: Counts what is handed in, and tells nobody.
author: Tocsin
level: low
logsource: {{product: tocsin, service: alert}}
detection:
  firing: {{alert.status: firing}}
  condition: firing
tocsin: {{decision: record, group-by: [alert.name], window: 1h}}
"""
LOUD = "8f0f2c9e-0c5b-4f0e-9d0e-4a6a5b1f7c21"
LOUD_RULE = f"""\
title: Loud alert
id: {LOUD}
status: test
description: Each is an incident, of which somebody is told.
author: Tocsin
level: high
logsource: {{product: tocsin, service: alert}}
detection:
  firing: {{alert.status: firing, alert.name: loud}}
  condition: firing
tocsin: {{group-by: [labels.number], window: 1h}}
"""
MOST_LOUD = 20  #: of one rule in an hour; what comes on top folds into one campaign


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon, not started, that reads two logs and takes alerts; rules about single lines, counts of them, alerts."""
    begin, route, rest = CONFIG.partition("[[route]]")
    config = (begin + PAGER + route + rest + SECOND_SOURCE + INTAKE).replace(
        "start =", f"lateness_seconds = {LATENESS_SECONDS}\nstart ="
    )
    rules = {
        "rules/failed.yml": FAILED_PASSWORD_RULE,
        "rules/guessing.yml": GUESSING_RULE,
        "rules/alerts.yml": ALERTS_RULE,
        "rules/loud.yml": LOUD_RULE,
    }
    logs = dict.fromkeys(SOURCES.values(), "")
    daemon = Daemon(tmp_path, config=config + '\n[rules]\npaths = ["rules"]\n', files=rules | logs)
    yield daemon
    daemon.kill()


class Writer:
    """Writes numbered lines of a few addresses into two logs, out of order, hands in alerts, and knows both."""

    def __init__(self, daemon: Daemon, chance: random.Random) -> None:
        self.daemon = daemon
        self.chance = chance
        self.lines: Counter[str] = Counter()  #: by source
        self.times: dict[str, list[datetime]] = defaultdict(list)  #: by address
        self.alerts = 0  #: handed in
        self.loud: set[int] = set()  #: of them, those that are an incident each
        self.unanswered: list[int] = []  #: of them, those of which nobody said that they are kept

    @property
    def written(self) -> dict[str, int]:
        """How many lines of each address."""
        return {address: len(times) for address, times in self.times.items()}

    def write_for(self, seconds: float) -> None:
        """Append a handful of lines again and again, sometimes ending amid a line."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            source = self.chance.choice(list(SOURCES))
            text = "".join(self._lines(source, self._some()))
            cut = self.chance.randrange(len(text))
            with (self.daemon.folder / SOURCES[source]).open("a") as log:
                log.write(text[:cut])
                log.flush()
                time.sleep(self.chance.uniform(0, 0.02))
                log.write(text[cut:])
            if self.chance.random() < 0.5:
                self.hand_in()

    def hand_in(self, *, loud: bool = False) -> None:
        """One alert more, as a sender does it: what was not answered is sent again."""
        self.alerts += 1
        if loud and len(self.loud) < MOST_LOUD:
            self.loud.add(self.alerts)
        self.unanswered.append(self.alerts)
        self.unanswered = [number for number in self.unanswered if not self._is_kept(number)]

    def _is_kept(self, number: int) -> bool:
        name = "loud" if number in self.loud else "numbered"
        body = {"name": name, "severity": "high", "labels": {"number": str(number)}}
        try:
            return self.daemon.request("POST", "/api/v1/alerts", json.dumps(body).encode()).status == ACCEPTED
        except (OSError, http.client.HTTPException):
            return False

    def write_of_each(self) -> None:
        """One line of each address: what opens later waits for the next digest, up to a minute."""
        with (self.daemon.folder / "auth.log").open("a") as log:
            log.writelines(self._lines("auth", ADDRESSES))

    def _some(self) -> list[str]:
        return self.chance.choices(ADDRESSES, WEIGHTS, k=self.chance.randint(1, LINES_AT_ONCE))

    def _lines(self, source: str, addresses: Sequence[str]) -> Iterator[str]:
        for address in addresses:
            at = datetime.now(UTC)
            if self.chance.random() < 0.3:
                at -= timedelta(seconds=self.chance.uniform(0, LATEST_SECONDS))
            user = f"u{self.lines.total()}"
            self.lines[source] += 1
            self.times[address].append(at)
            yield f"{failed_password(address, user=user, at=at)}\n"


def read_all(daemon: Daemon, writer: Writer) -> None:
    """Wait until the daemon says that it has read every line and every alert."""
    writer.hand_in()
    assert writer.unanswered == []
    eventually(
        lambda: alerts_found(daemon) == writer.alerts,
        f"all of {writer.alerts} alerts are counted",
        60,
        lambda: f"counted {alerts_found(daemon)}\n{daemon.said}",
    )
    eventually(
        lambda: lines_read(daemon) == dict(writer.lines),
        f"all of {dict(writer.lines)} are read",
        60,
        lambda: f"read {lines_read(daemon)}\n{daemon.said}",
    )


def lines_read(daemon: Daemon) -> dict[str, int]:
    """How many lines of each source are counted."""
    return {source: lines for source in SOURCES if (lines := daemon.lines_read(source))}


def alerts_found(daemon: Daemon) -> int:
    """How many alerts the rule counted."""
    return sum(one.events for one in stored_findings(daemon) if one.rule_id == ALERTS)


def assert_each_once(daemon: Daemon, writer: Writer) -> None:
    """Counts of lines, incidents and findings all hold every line exactly once, and every alert."""
    assert alerts_found(daemon) == writer.alerts
    assert lines_read(daemon) == dict(writer.lines)
    incidents = daemon.incidents(limit=100)
    counted = {address: item["events"] for item in incidents for address in ADDRESSES if address in group_of(item)}
    assert counted == writer.written
    loud = {str(number) for number in writer.loud}
    assert {str(item["group"]["labels.number"]) for item in incidents if "labels.number" in item["group"]} == loud
    assert len(incidents) == len(writer.written) + len(loud), "one incident per address, and per loud alert"
    found = stored_findings(daemon)
    assert [one for one in found if one.rule_id == GUESSING] == sorted(guessing(writer))
    assert sum(one.events for one in found if one.rule_id not in (GUESSING, ALERTS, LOUD)) == writer.lines.total()


def guessing(writer: Writer) -> Iterator[Found]:
    """What the counting rule should have found."""
    for address, times in writer.times.items():
        for first, last, events in episodes(times, GUESSING_SPAN_SECONDS, GUESSING_EVENTS):
            yield Found(GUESSING, (("source.ip", address),), first, last, events)


def group_of(incident: dict[str, object]) -> list[str]:
    """The values that an incident's findings have in common."""
    return re.findall(r"\d+\.\d+\.\d+\.\d+", str(incident["group"]))


def assert_no_notice_lost(daemon: Daemon, kills: int) -> None:
    """Each incident has an accepted message in the file of a receiver; none waits, none is dead; a copy says so, and
    there are no more of them than there were lanes in flight: one at each kill.
    """
    numbers = {int(item["number"]) for item in daemon.incidents(limit=100)}
    eventually(
        lambda: (
            numbers <= {int(told) for told in re.findall(r"INC-(\d+)", daemon.outbox() + daemon.outbox("pager.txt"))}
        ),
        "each incident is told",
        90,
        lambda: daemon.outbox()[-2000:] + daemon.outbox("pager.txt") + daemon.said,
    )
    eventually(
        lambda: daemon.status()["summary"]["deliveries_pending"] == 0,
        "no delivery waits",
        60,
        lambda: daemon.said,
    )
    assert daemon.status()["summary"]["deliveries_dead"] == 0
    for outbox in (daemon.outbox(), daemon.outbox("pager.txt")):  # a lane each
        assert_copies_are_marked(outbox)
        assert len(re.findall(r"^\S.*re-sent", outbox, re.MULTILINE)) <= kills


def assert_copies_are_marked(outbox: str) -> None:
    """A message that may have arrived before says so: of all with one id, only the first may be unmarked."""
    seen: set[str] = set()
    for title, message_id in re.findall(r"^(\S.*)\n(?:    .*\n)*?    .*\bid (D-\w+)", outbox, re.MULTILINE):
        assert message_id not in seen or "re-sent" in title, f"{message_id} is told twice: {title}"
        seen.add(message_id)
    assert seen, outbox[-2000:]


def kill_at_random(daemon: Daemon, writer: Writer, chance: random.Random, kills: int, until: float) -> int:
    """Kill the daemon or its engine *kills* times, or until the monotonic time *until*, while lines are written.

    Returns:
        How often the daemon was killed.
    """
    daemon.start()
    writer.write_of_each()
    killed = 0
    for _ in range(kills):
        if time.monotonic() > until:
            break
        writer.hand_in(loud=True)
        writer.write_for(chance.uniform(0.02, 1.0))
        if chance.random() < 0.4:
            eventually(daemon.kill_engine, "there is an engine to kill", context=lambda: daemon.said)
            continue
        kill_daemon(daemon)
        killed += 1
        if chance.random() < 0.3:  # during the start, too
            daemon.launch()
            writer.write_for(chance.uniform(0, 1.5))
            daemon.kill()
            killed += 1
        daemon.start()
    return killed


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
def test_ten_kills_lose_nothing_and_count_nothing_twice(victim: Daemon, chance: random.Random) -> None:
    """After ten SIGKILLs of daemon or engine, all lines and alerts are counted once and all incidents are told."""
    writer = Writer(victim, chance)
    killed = kill_at_random(victim, writer, chance, 10, time.monotonic() + 180)
    read_all(victim, writer)
    assert_each_once(victim, writer)
    assert_no_notice_lost(victim, killed)
    assert victim.stop() == 0
    victim.start()
    assert_each_once(victim, writer)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_two_hundred_kills_lose_nothing_and_count_nothing_twice(victim: Daemon, chance: random.Random) -> None:
    """The same as often as the budget allows, at most 200 times."""
    writer = Writer(victim, chance)
    killed = kill_at_random(victim, writer, chance, 200, time.monotonic() + soak_seconds(0.45))
    read_all(victim, writer)
    assert_each_once(victim, writer)
    assert_no_notice_lost(victim, killed)


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

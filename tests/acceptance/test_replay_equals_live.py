"""A daemon that followed logs while they were written, and was killed, has found what a replay of them finds."""

import heapq
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from support.daemon import Daemon, eventually
from support.findings import Found, all_records, stored_findings, told
from support.ssh_noise import a_day

from detector.sample import shifted
from rules.formats.format import Context
from rules.formats.reading.stamps import rfc3164

SOURCES = {"auth": "auth.log", "gate": "gate.log"}
CHUNKS = 60

CONFIG = """\
[daemon]
state_dir = "var"

[http]
listen = "127.0.0.1:0"

[[source]]
name = "auth"
path = "auth.log"
start = "beginning"

[[source]]
name = "gate"
path = "gate.log"
start = "beginning"

[[person]]
id = "ana"
name = "Ana"
roles = ["responder"]

[[receiver]]
name = "file"
person = "ana"
url = "tocsin-file://outbox.txt"

[[route]]
receiver = ["file"]
"""


def logs_ending_at(end: datetime, seed: int) -> dict[str, list[str]]:
    """By source: a host's log, and a day of noise at an SSH port with somebody getting in."""
    sample = files("detector").joinpath("data", "sample", "auth.log").read_text(encoding="utf-8")
    noise = "".join(f"{line}\n" for line in a_day(seed, planted=("198.51.100.250", timedelta(hours=11))))
    return {source: shifted(text, "syslog", end).splitlines() for source, text in (("auth", sample), ("gate", noise))}


def chunks_of(logs: dict[str, list[str]], end: datetime, chance: random.Random) -> Iterator[list[tuple[str, str]]]:
    """(source, line) in the order of their stamps, cut at random."""
    context = Context(reference=end)
    timed = [
        [(rfc3164(line, context) or end, index, source, line) for index, line in enumerate(lines)]
        for source, lines in logs.items()
    ]
    merged = [(source, line) for _, _, source, line in heapq.merge(*timed)]
    cuts = sorted(chance.sample(range(1, len(merged)), CHUNKS - 1))
    for first, last in zip([0, *cuts], [*cuts, len(merged)], strict=True):
        yield merged[first:last]


def write(daemon: Daemon, chunk: list[tuple[str, str]], chance: random.Random) -> None:
    """Append the lines of a chunk to their logs, ending amid a line for a moment."""
    for source, name in SOURCES.items():
        text = "".join(f"{line}\n" for of, line in chunk if of == source)
        cut = chance.randint(0, len(text))
        for part in (text[:cut], text[cut:]):
            with (daemon.folder / name).open("a") as log:
                log.write(part)


def lines_read(daemon: Daemon) -> int:
    """How many lines of all sources are stored."""
    return sum(daemon.lines_read(source) for source in SOURCES)


def read_until(daemon: Daemon, lines: int) -> None:
    """Wait until at least so many lines are stored."""
    eventually(lambda: lines_read(daemon) >= lines, f"{lines} lines are read", 60, lambda: daemon.said)


def replayed(daemon: Daemon, *options: str) -> list[Found]:
    """What ``tocsin replay --json`` of the daemon's logs tells, in a fixed order."""
    done = daemon.command("replay", "--json", "--exit-zero", *options, *SOURCES.values(), seconds=120)
    assert done.returncode == 0, done.stderr
    return sorted(told(json.loads(line)) for line in done.stdout.splitlines())


def assert_same(daemon: Daemon, folder: Path) -> None:
    """Records and findings of the daemon are those of a replay."""
    assert all_records(daemon) == replayed(daemon)
    # Of a rule that is decided "record" each finding is told by itself: so all findings can be compared.
    for rule in Path(str(files("rules").joinpath("bundled"))).rglob("*.yml"):
        text = rule.read_text().replace("decision: observe", "decision: record")
        (folder / f"{rule.parent.name}-{rule.name}").write_text(
            text.replace("decision: investigate", "decision: record")
        )
    found = stored_findings(daemon)
    assert found == replayed(daemon, "--rules", str(folder))
    assert len(found) > 20, found


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with the bundled rules and two empty logs, not started."""
    daemon = Daemon(tmp_path, config=CONFIG, files=dict.fromkeys(SOURCES.values(), ""))
    yield daemon
    daemon.kill()


@pytest.mark.timeout(240)
def test_logs_that_are_followed(
    follower: Daemon, chance: random.Random, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two logs grow in random chunks; the engine is killed once and the daemon once, each with lines unread."""
    end = datetime.now(UTC) - timedelta(minutes=1)
    chunks = list(chunks_of(logs_ending_at(end, seed), end, chance))
    engine_dies, daemon_dies = sorted(chance.sample(range(1, CHUNKS - 1), 2))
    follower.start()
    written = 0
    for number, chunk in enumerate(chunks):
        write(follower, chunk, chance)
        written += len(chunk)
        if number == engine_dies:
            eventually(follower.kill_engine, "there is an engine to kill")
        if number == daemon_dies:
            follower.kill()
            follower.start()
        read_until(follower, written - chance.randint(0, len(chunk)))
    read_until(follower, written)
    assert_same(follower, tmp_path_factory.mktemp("rules"))


@pytest.mark.timeout(240)
def test_logs_of_last_month(
    follower: Daemon, chance: random.Random, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Logs whose stamps are a month old are read from their beginning, with the same two deaths in between."""
    end = datetime.now(UTC) - timedelta(days=30)
    logs = logs_ending_at(end, seed)
    for source, lines in logs.items():
        follower.append(SOURCES[source], lines)
    total = sum(map(len, logs.values()))
    follower.start()
    read_until(follower, chance.randint(1, total // 3))
    follower.kill_engine()
    read_until(follower, chance.randint(total // 3, total // 2))
    follower.kill()
    follower.start()
    read_until(follower, total)
    assert_same(follower, tmp_path_factory.mktemp("rules"))

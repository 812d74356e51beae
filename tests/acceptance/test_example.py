"""`make run`: the example configuration with its sample logs, as a newcomer meets it."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.daemon import Daemon, eventually

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The daemon of `make run`, on a port of its own."""
    config = EXAMPLE.read_text().replace("127.0.0.1:8787", "127.0.0.1:0")
    daemon = Daemon(tmp_path_factory.mktemp("e"), config=config)
    daemon.start("--sample")
    for source, name in (("auth", "auth.log"), ("web", "access.log")):
        lines = (daemon.state_dir / "sample" / name).read_text().count("\n")
        eventually(partial(_has_read, daemon, source, lines), "the samples are read", 60)
    yield daemon
    daemon.kill()


def _has_read(daemon: Daemon, source: str, lines: int) -> bool:
    return daemon.lines_read(source) == lines


def test_a_real_incident_is_found(newcomer: Daemon) -> None:
    """Among the noise somebody got in, and that is what people are told of, on the console with a link."""
    eventually(lambda: "SSH login after many failures" in newcomer.console, "it is told", 60, lambda: newcomer.said)
    assert re.search(r"http://127\.0\.0\.1:\d+/a/\S+", newcomer.console)


def test_noise_asks_nobody_for_anything(newcomer: Daemon) -> None:
    """At most three records of the samples are incidents; what else there is, is observed."""
    decisions = [incident["decision"] for incident in newcomer.incidents(limit=100)]
    assert 1 <= decisions.count("investigate") <= 3
    assert decisions.count("observe") >= 1


def test_all_lines_are_understood(newcomer: Daemon) -> None:
    """No line of the samples is one that no format takes, and no bundled rule fails to load."""
    status = newcomer.status()
    assert sum(source["unparsed"] for source in status["sources"]) == 0
    assert status["rule_errors"] == []


def test_it_goes_on_where_it_stopped(newcomer: Daemon) -> None:
    """A second start finds the records of the first, and reads no line twice."""
    before = {incident["number"]: incident["events"] for incident in newcomer.incidents(limit=100)}
    lines = newcomer.lines_read("auth"), newcomer.lines_read("web")
    assert newcomer.stop() == 0, newcomer.said
    newcomer.start("--sample")
    assert (newcomer.lines_read("auth"), newcomer.lines_read("web")) == lines
    assert {incident["number"]: incident["events"] for incident in newcomer.incidents(limit=100)} == before


def test_replay_finds_what_the_daemon_found(newcomer: Daemon) -> None:
    """The rules say the same of a file, whether it is followed or replayed."""
    done = newcomer.command("replay", "--json", "var/sample/auth.log", "var/sample/access.log")
    assert done.returncode == 1, done.stderr
    replayed = {json.loads(line)["title"] for line in done.stdout.splitlines()}
    assert replayed == {incident["title"] for incident in newcomer.incidents(limit=100)}

"""Was anybody watching? The coverage log of a real daemon, over a stop, a crash and a reload."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.daemon import CONFIG, Daemon, eventually
from support.logs import FAILED_PASSWORD_RULE, failed_password

RULES = '\n[rules]\npaths = ["rules"]\n'


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """One rule, one source."""
    files = {"rules/failed.yml": FAILED_PASSWORD_RULE, "auth.log": "", "other.log": ""}
    with Daemon(tmp_path, config=CONFIG + RULES, files=files) as running:
        yield running


def spans(daemon: Daemon, kind: str) -> list[dict[str, Any]]:
    """What the log tells of a kind, oldest first; of the sources, of the log that is followed."""
    told = [one for one in daemon.get("/api/v1/coverage").json()["items"] if one["kind"] == kind]
    return [one for one in told if kind != "source" or one["name"] == "auth"]


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_was_anybody_watching(daemon: Daemon) -> None:
    """While it runs, yes; between a stop or a crash and the next start, no, and the reason is told."""
    daemon.append("auth.log", [failed_password("192.0.2.50")])
    eventually(lambda: spans(daemon, "source"), "the source is alive", context=lambda: daemon.said)
    eventually(lambda: spans(daemon, "rules"), "the rules are applied", context=lambda: daemon.said)
    (alive,) = spans(daemon, "source")
    assert (alive["name"], alive["ended"]) == ("auth", None)

    def why() -> str:
        return daemon.command("why", "--at", alive["from"], "--source", "auth").stdout

    eventually(lambda: why().startswith("watched\n"), "both are noted", context=why)
    daemon.stop()
    down = now()
    time.sleep(0.1)  # the moment asked for lies between, by the machine's clock
    daemon.start()
    eventually(lambda: len(spans(daemon, "source")) == 2, "it is alive again", context=lambda: daemon.said)
    answer = daemon.command("why", "--at", down, "--source", "auth", "--json")
    assert answer.returncode == 1, answer.stdout
    assert '"the daemon was stopped"' in answer.stdout
    daemon.kill()
    daemon.start()
    eventually(lambda: len(spans(daemon, "source")) == 3, "and again", context=lambda: daemon.said)
    stopped, killed, alive = spans(daemon, "source")
    assert (stopped["ended"], killed["ended"]) == ("the daemon was stopped", "the daemon ended without a word")
    assert killed["until"] <= alive["from"]
    assert stopped["until"] <= down <= killed["from"]
    answer = daemon.command("why", "--at", "yesterday", "--source", "auth")
    assert answer.returncode == 1
    assert "with its zone" in answer.stderr


def test_a_file_that_goes_away_ends_it(daemon: Daemon) -> None:
    """The log names the file, and goes on once it is there again; an edited rule begins another set."""
    eventually(lambda: spans(daemon, "source"), "the source is alive", context=lambda: daemon.said)
    (daemon.folder / "auth.log").rename(daemon.folder / "elsewhere")
    eventually(lambda: spans(daemon, "source")[0]["ended"], "its file is gone", seconds=30)
    assert "auth.log" in spans(daemon, "source")[0]["ended"]
    daemon.write("auth.log", "")
    eventually(lambda: len(spans(daemon, "source")) == 2, "it is there again", seconds=30)
    daemon.write("rules/failed.yml", FAILED_PASSWORD_RULE.replace("title: ", "title: Edited "))
    eventually(lambda: len(spans(daemon, "rules")) == 2, "other rules are in force", seconds=30)
    assert spans(daemon, "rules")[0]["ended"] == "other rules were put in force"

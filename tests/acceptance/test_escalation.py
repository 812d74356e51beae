"""Escalation by the installed command: the next step comes once, though the daemon is killed while it waits."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support.daemon import CONFIG, Daemon, eventually
from support.logs import FAILED_PASSWORD_RULE, failed_password

STEP_SECONDS = 2
#: From when the daemon is ready, until it has told what was due while it did not run.
RESUMED_SECONDS = 1
BO_AND_THE_BOSS = f"""
[[person]]
id = "bo"
roles = ["responder"]

[[receiver]]
name = "bo"
person = "bo"
url = "tocsin-file://bo.txt"

[[receiver]]
name = "boss"
url = "tocsin-file://boss.txt"

[[receiver]]
name = "broken"
url = "tocsin-file://no/such/folder/file.txt"

[[escalation]]
name = "nights"
step = [{{ after_minutes = {STEP_SECONDS / 60}, receiver = ["bo"] }}, {{ after_minutes = 60, receiver = ["boss"] }}]

[rules]
paths = ["rules"]
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Ana hears of everything, after two seconds Bo, after an hour the boss."""
    files = {"rules/failed.yml": FAILED_PASSWORD_RULE, "auth.log": ""}
    with Daemon(tmp_path_factory.mktemp("d"), config=CONFIG + BO_AND_THE_BOSS, files=files) as daemon:
        yield daemon


def titles(text: str) -> list[str]:
    """The titles of messages that tell of INC-1."""
    return [line for line in text.splitlines() if re.search(r"TLP:\S+ \w+ INC-1\b", line)]


def test_killed_while_the_next_step_waits(daemon: Daemon) -> None:
    """Ana is told, the daemon is killed and started again: Bo is told once, at his time, and the boss not yet."""
    daemon.append("auth.log", [failed_password("203.0.113.7")])
    eventually(lambda: titles(daemon.outbox()), "Ana is told", context=lambda: daemon.said)
    daemon.kill()
    daemon.start()
    ready_at = datetime.now(UTC)
    eventually(lambda: titles(daemon.outbox("bo.txt")), "Bo is told", context=lambda: daemon.said)
    first, then = daemon.incident(1)["deliveries"][:2]
    told_at = datetime.fromisoformat(then["created_at"])
    assert (told_at - datetime.fromisoformat(first["created_at"])).total_seconds() >= STEP_SECONDS
    due_at = datetime.fromisoformat(first["created_at"]) + timedelta(seconds=STEP_SECONDS)
    assert (told_at - max(ready_at, due_at)).total_seconds() < RESUMED_SECONDS
    assert [one["receiver"] for one in daemon.incident(1)["deliveries"]] == ["file", "bo"]
    assert len(titles(daemon.outbox("bo.txt"))) == 1
    assert [one["kind"] for one in daemon.incident(1)["timeline"]].count("escalated") == 1


def test_why(daemon: Daemon) -> None:
    """What was sent to Bo, and that the boss is next; nobody's receiver tells as much."""
    answer = daemon.command("why", "INC-1", "bo")
    lines = answer.stdout.splitlines()
    assert answer.returncode == 0, answer.stderr
    assert "not sent: went to file; no route names a receiver of theirs" in lines[0]
    assert 'accepted over bo: escalation "nights", step 1' in lines[1]
    assert 'later: escalation "nights", step 2: boss, unless it is settled before' in lines[2]


def test_routes_of_an_incident(daemon: Daemon) -> None:
    """By its number, with the daemon; by what it would be, without."""
    told = json.loads(daemon.command("routes", "test", "INC-1", "--json").stdout)
    assert [one["receiver"] for one in told["receivers"]] == ["file"]
    assert [(one["after_seconds"], one["receivers"]) for one in told["then"]] == [
        (STEP_SECONDS, ["bo"]),
        (STEP_SECONDS + 3600, ["boss"]),
    ]


def test_receivers_are_tried(daemon: Daemon) -> None:
    """One that takes it, and one that does not: exit codes tell."""
    all_of_them = daemon.command("notify", "test", "--json")
    results = {one["receiver"]: one["accepted"] for one in json.loads(all_of_them.stdout)["items"]}
    assert (all_of_them.returncode, results) == (1, {"file": True, "bo": True, "boss": True, "broken": False})
    assert "Test of receiver bo" in daemon.outbox("bo.txt")


def test_nothing_is_lost(daemon: Daemon) -> None:
    """Every message arrived; there is none to send again."""
    assert daemon.get("/api/v1/deliveries").json() == {"items": []}
    again = daemon.command("deliveries", "resend", "1")
    assert (again.returncode, "only a lost one can be sent again" in again.stderr) == (1, True)

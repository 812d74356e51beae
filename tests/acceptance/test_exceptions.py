"""From a false positive to an exception: the same line finds nothing any more, another address still does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.daemon import Daemon, eventually, failed_password_daemon
from support.logs import failed_password

HARMLESS, OTHER, LAST = "203.0.113.7", "203.0.113.8", "203.0.113.9"
PERSON = """
[[person]]
id = "bo"
roles = ["responder"]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with two responders."""
    daemon = failed_password_daemon(tmp_path)
    daemon.write("config.toml", (tmp_path / "config.toml").read_text() + PERSON)
    with daemon:
        yield daemon


def ask(daemon: Daemon, path: str, person: str, body: dict[str, Any], version: int | None = None) -> Any:
    """What somebody asks for with a token of theirs, upon *version*: what came back once it went well."""
    token = daemon.post("/api/v1/tokens", {"person": person, "label": "t"}).json()["token"]
    answer = daemon.request("POST", path, json.dumps(body).encode(), token=token, version=version)
    assert answer.status < 300, answer.text
    return answer.json()


def about(daemon: Daemon, address: str) -> list[dict[str, Any]]:
    """The incidents about an address."""
    return [one for one in daemon.incidents() if address in str(one)]


def rules_loaded(daemon: Daemon) -> int:
    """How often other rules came into force, by the daemon's log."""
    return daemon.said.count("other exceptions are in force")


def test_a_false_positive_finds_nothing_any_more(site: Daemon) -> None:
    """Dismissed by two, excepted with a replay, agreed upon, over a restart, and found again once it is withdrawn."""
    site.append("auth.log", [failed_password(HARMLESS)])
    (one,) = eventually(lambda: about(site, HARMLESS), "an incident opens", context=lambda: site.said)
    path = f"/api/v1/incidents/{one['number']}"
    version = site.incident(one["number"])["version"]
    dismissed = ask(site, f"{path}/moves/dismiss", "ana", {"reason_code": "false_positive"}, version)
    ask(site, f"{path}/moves/settle", "bo", {"agree": True}, dismissed["version"])
    tried = ask(site, f"{path}/acts/except", "ana", {"dry_run": True})
    assert (tried["preview"]["findings"], tried["preview"]["confirmed"]) == (1, [])
    made = ask(site, f"{path}/acts/except", "ana", {"reason": "our own scanner"})
    assert made["state"] == "in_force"
    exceptions = f"/api/v1/exceptions/{made['exception']}"
    agreed = ask(site, f"{exceptions}/settle", "bo", {"agree": True}, made["version"])
    assert agreed["state"] == "agreed"
    eventually(lambda: rules_loaded(site), "the engine takes it", context=lambda: site.said)

    site.append("auth.log", [failed_password(HARMLESS), failed_password(OTHER, user="cy", host="web2")])
    eventually(lambda: about(site, OTHER), "another address is found", context=lambda: site.said)
    assert [each["status"] for each in about(site, HARMLESS)] == ["closed"]
    assert site.incident(one["number"])["events"] == 1

    site.stop()
    site.start()
    site.append("auth.log", [failed_password(HARMLESS), failed_password(LAST, user="di", host="web3")])
    eventually(lambda: about(site, LAST), "a third address is found", context=lambda: site.said)
    assert site.incident(one["number"])["events"] == 1, "it is in force from the start"

    before = rules_loaded(site)
    ask(site, f"{exceptions}/withdraw", "ana", {"reason": "it was none of ours"}, agreed["version"])
    eventually(lambda: rules_loaded(site) > before, "the engine lets it go", context=lambda: site.said)
    site.append("auth.log", [failed_password(HARMLESS)])
    eventually(lambda: site.incident(one["number"])["status"] == "open", "it is found again", context=lambda: site.said)

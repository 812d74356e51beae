"""Feedback over page and API, with the installed daemon: one report waits to be read, five about the same are told."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.daemon import CONFIG, Daemon, eventually

INTAKE = """
[[intake]]
name = "people"
kind = "feedback"
proof = "none"
page = true
"""


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose page is open."""
    folder: Path = tmp_path_factory.mktemp("feedback")
    daemon = Daemon(folder, config=CONFIG + INTAKE, files={"auth.log": ""})
    yield daemon.start()
    daemon.kill()


def reported(daemon: Daemon, text: str, component: str = "") -> str:
    """A report over the API: the reference that its reporter gets."""
    body = {"text": text, "component": component, "category": "broken"}
    answer = daemon.hand_in("/api/v1/feedback", json.dumps(body).encode())
    assert answer.status == 202, answer.text
    return str(answer.json()["public_reference"])


def sent(daemon: Daemon, slip: str, text: str) -> str:
    """A report on the page: where its answer leads; "" if it is shown again."""
    form = urlencode({"slip": slip, "category": "wrong", "text": text}).encode()
    answer = daemon.visit(f"{daemon.url}/feedback", "POST", form)
    return answer.headers.get("Location", "") if answer.status == 303 else ""


def records(daemon: Daemon) -> list[tuple[Any, ...]]:
    """Severity, events and title of each incident."""
    return [(one["severity"], one["events"], one["title"]) for one in daemon.incidents()]


def test_a_burst_is_one_incident(open_to_all: Daemon) -> None:
    """The first report waits and pages nobody; the fifth is told, in the incident where the first one waits."""
    daemon = open_to_all
    page = daemon.visit(f"{daemon.url}/feedback")
    assert page.status == 200
    slip = re.findall(r'name="slip" value="([^"]+)"', page.text)[0]
    reference = reported(daemon, "It does nothing", "Check-Out")
    eventually(lambda: records(daemon) == [("low", 1, "Feedback")], "it waits", context=lambda: daemon.said)
    [clock] = [one for one in daemon.get("/api/v1/incidents/1/clocks").json()["items"] if one["name"] == "acknowledge"]
    assert [one["percent"] for one in clock["reminders"]] == [50, 80, 100]
    assert daemon.outbox() == ""

    reported(daemon, "I cannot pay")
    reported(daemon, "checkout broken")
    location = eventually(lambda: sent(daemon, slip, "The check out fails (again)"), "the page takes it")
    assert re.fullmatch(r"/feedback/IN-\d+-[A-Z2-7]{12}", location)
    assert sent(daemon, slip, "Payments do not go through")
    burst = "Several people report the same"
    eventually(lambda: records(daemon) == [("high", 5, burst)], "five are one", context=lambda: daemon.said)
    eventually(lambda: f": {burst}, " in daemon.outbox(), "people are told")

    for path in (f"/feedback/{reference}", location):
        assert "Nobody has looked at it yet" in daemon.visit(daemon.url + path).text
    link = re.findall(r"http://\S+/a/\S+", daemon.outbox())[0]
    assert daemon.visit(link, "POST", b"").status == 200
    for path in (f"/feedback/{reference}", location):
        assert "Somebody has looked at it" in daemon.visit(daemon.url + path).text

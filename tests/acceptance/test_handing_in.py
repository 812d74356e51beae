"""Alerts and feedback handed in to the installed daemon become incidents. (`test_kill` shows that none is lost.)"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.daemon import CONFIG, Daemon, eventually

INTAKES = """
[[intake]]
name = "prom"
kind = "alertmanager"
secret = "s3cret"

[[intake]]
name = "native"
kind = "alerts"
proof = "none"

[[intake]]
name = "people"
kind = "feedback"
proof = "none"

[[intake]]
name = "web9"
kind = "logs"
proof = "none"
format = "syslog"
"""


@pytest.fixture
def receiving(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with an intake of each kind, and the bundled rules."""
    daemon = Daemon(tmp_path, config=CONFIG + INTAKES, files={"auth.log": ""})
    yield daemon.start()
    daemon.kill()


def webhook(name: str, status: str = "firing", severity: str = "critical") -> dict[str, Any]:
    """What Alertmanager sends of one alert."""
    labels = {"alertname": name, "severity": severity, "instance": "web1:9100"}
    return {"version": "4", "alerts": [{"status": status, "labels": labels, "annotations": {"summary": "it is down"}}]}


def hand_in(daemon: Daemon, path: str, body: Any) -> int:
    """Status of the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return daemon.hand_in(path, raw, secret="s3cret").status


def listed(daemon: Daemon) -> list[dict[str, Any]]:
    """All incidents, the oldest first."""
    items: list[dict[str, Any]] = daemon.get("/api/v1/incidents?limit=200").json()["items"]
    return sorted(items, key=lambda one: int(one["number"]))


def test_an_alert_becomes_an_incident_that_tells_people(receiving: Daemon) -> None:
    """Told again it is the same incident, and a repetition; once it is something else, it is an event more."""
    assert hand_in(receiving, "/hooks/prom", webhook("Down")) == 200
    [record] = eventually(lambda: listed(receiving), "an incident opens", context=lambda: receiving.said)
    assert (record["severity"], record["title"]) == ("critical", "Alert of another system, critical")
    assert record["group"]["alert.name"] == "Down"
    eventually(lambda: "INC-1" in receiving.outbox(), "people are told")
    for status in ("firing", "resolved", "firing"):
        assert hand_in(receiving, "/hooks/prom", webhook("Down", status)) == 200
    eventually(lambda: listed(receiving)[0]["events"] == 2, "it is counted")
    assert len(listed(receiving)) == 1


def test_a_burst_of_feedback_is_one_incident(receiving: Daemon) -> None:
    """Five people say that checkout fails."""
    for number in range(5):
        report = {"text": f"I cannot pay ({number})", "component": "checkout", "category": "broken"}
        assert hand_in(receiving, "/api/v1/feedback", report) == 202
    asked = eventually(
        lambda: [one for one in listed(receiving) if one["severity"] == "high"], "one asks for people at once"
    )
    assert [one["id"] for one in asked] == [one["id"] for one in listed(receiving)], "and nothing else was opened"
    assert [(one["title"], one["events"]) for one in asked] == [("Several people report the same", 5)]


def test_lines_of_another_host(receiving: Daemon) -> None:
    """Its log is read as if it were here."""
    lines = "".join(
        f"Mar  1 03:11:{second} web9 sshd[8]: Failed password for root from 10.0.0.5 port 40022 ssh2\n"
        for second in range(10, 22)
    )
    stamped = lines.replace("Mar  1 03:11:", "2026-11-23T03:11:").replace(" web9", "+00:00 web9")
    assert hand_in(receiving, "/api/v1/logs", stamped.encode()) == 202
    eventually(lambda: receiving.lines_read("web9") == 12, "they are read", context=lambda: receiving.said)

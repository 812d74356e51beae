"""With the installed command: a rule is muted over a restart, and what it hid is told when the mute is ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.daemon import Daemon, eventually, failed_password_daemon
from support.logs import failed_password

ADDRESS = "203.0.113.7"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that tells Ana in a file, with a digest that was due within the last two hours."""
    daemon = failed_password_daemon(tmp_path_factory.mktemp("silencing"))
    config = Path(daemon.folder / "config.toml")
    due = f'[[receiver]]\ndigest_at = "{datetime.now(UTC) - timedelta(hours=1):%H:00}"'
    daemon.write("config.toml", config.read_text().replace("[[receiver]]", due, 1))
    with daemon:
        yield daemon


def said_by(daemon: Daemon, *arguments: str) -> str:
    answer = daemon.command(*arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def deliveries(daemon: Daemon) -> list[dict[str, Any]]:
    return [one for each in daemon.incidents() for one in daemon.incident(each["number"])["deliveries"]]


def test_a_muted_rule_tells_nobody_until_the_mute_is_over(site: Daemon) -> None:
    """It is recorded as suppressed; the mute stands in status and on the command line, also after a kill."""
    eventually(lambda: "Tocsin day" in site.outbox(), "the digest is there", context=lambda: site.said)
    token = site.post("/api/v1/tokens", {"person": "ana", "label": "t"}).json()["token"]
    secret = site.write("token", token)
    mute = ("rules", "mute", "Failed password", "--until", "2h", "--reason", "a scan of our own")
    assert "would have hidden nothing" in said_by(site, *mute, "--dry-run", "--token-file", str(secret))
    assert "mute 1 " in said_by(site, *mute, "--token-file", str(secret))
    site.kill()
    site.start()
    site.append("auth.log", [failed_password(ADDRESS)])
    found = eventually(lambda: deliveries(site), "its incident is planned", context=lambda: site.said)
    assert {one["state"] for one in found} == {"suppressed"}
    assert "mute 1 by ana" in found[0]["reason"]
    assert ADDRESS not in site.outbox()
    assert "silenced: mute 1 by ana" in said_by(site, "status")
    assert "a scan of our own" in said_by(site, "silences", "list")
    assert "withdrawn; it hid 1" in said_by(site, "silences", "end", "1", "--token-file", str(secret))
    eventually(lambda: ADDRESS in site.outbox(), "what it hid is told", seconds=40, context=lambda: site.said)
    assert site.outbox().count("Tocsin day") == 1, "one digest a day, over a kill"

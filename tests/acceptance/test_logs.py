"""What the daemon writes to its log and its console: one JSON object a line, and never a secret."""

import base64
import json
import re
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.daemon import CONFIG, Daemon, eventually
from support.logs import FAILED_PASSWORD_RULE

RECEIVER, INTAKE, PASSWORD = "pw-of-receiver-7f3a", "pw-of-intake-5c1e", "a long password-9b2d of ana"
RAW = "raw-log-text-4e8c"
SECRETS = f"""
[[receiver]]
name = "hook"
person = "ana"
url = "json://user:{RECEIVER}@127.0.0.1:9/path?token={RECEIVER}"

[[intake]]
name = "shop"
kind = "alerts"
secret = "{INTAKE}"
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """One that cannot reach its receiver, and logs all there is to log."""
    config = CONFIG.replace('state_dir = "var"', 'state_dir = "var"\nlog_level = "info"')
    config = config.replace('receiver = ["file"]', 'receiver = ["file", "hook"]') + SECRETS
    config += '\n[rules]\npaths = ["rules"]\n'
    with Daemon(tmp_path, config=config, files={"rules/failed.yml": FAILED_PASSWORD_RULE}) as made:
        yield made


def test_the_log_is_json_and_holds_no_secret(daemon: Daemon) -> None:
    """Passwords, tokens, links, secrets of intakes and lines of logs do not get into it; nor do forged lines."""
    now = datetime.now(UTC).isoformat()
    daemon.append("auth.log", [f"{now} web1 sshd[1]: Failed password for {RAW} from 203.0.113.7 port 4 ssh2"])
    eventually(lambda: daemon.incidents() or None, "an incident", seconds=20)
    eventually(lambda: "http" in daemon.outbox() or None, "a message with a link", seconds=20)
    token = daemon.post("/api/v1/tokens", {"person": "ana", "label": "t"}).json()["token"]
    once = daemon.post("/api/v1/sign-in-links", {"person": "ana"}).json()["url"]
    link = re.search(r"/a/([\w.~-]+)", daemon.outbox())
    assert link is not None
    forged = '{"event": "forged"}'
    odd = json.dumps({"name": "y", "severity": f"a\n{forged}\x1b[31m"}).encode()
    said = [
        daemon.post("/api/v1/users/ana/password", {"password": PASSWORD}).status,
        daemon.post("/api/v1/sign-in", {"person": "ana", "password": PASSWORD + "x"}).status,
        daemon.visit(f"{daemon.url}/a/{link[1]}").status,
        daemon.visit(once).status,
        daemon.get("/api/v1/incidents", token=token + "x").status,
        daemon.hand_in("/api/v1/alerts", b'{"name": "x"}', secret=INTAKE).status,
        daemon.hand_in("/api/v1/alerts", b'{"name": "x"}', secret=INTAKE + "x").status,
        daemon.hand_in("/api/v1/alerts", odd, secret=INTAKE).status,
        daemon.get(f"/api/v1/incidents?owner={urllib.parse.quote(chr(10) + forged)}", token=token).status,
    ]
    assert said[0] in (200, 204)
    assert said[-3:] == [401, 202, 200]
    eventually(lambda: "severities that nobody knows" in daemon.log or None, "a line of the log", seconds=20)
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    assert [line for line in lines if line["event"] == "forged"] == []
    basic = base64.b64encode(f"user:{RECEIVER}".encode()).decode()
    code = once.rpartition("/")[2]
    hidden = (RECEIVER, basic, INTAKE, "password-9b2d", RAW, token, link[1], code, token.removeprefix("tcs_"))
    assert [one for one in hidden if one in daemon.log] == []
    # The console tells of incidents, with links that act; nobody's credentials.
    assert [one for one in (RECEIVER, basic, INTAKE, "password-9b2d", token, code) if one in daemon.console] == []
    assert "\x1b" not in daemon.log

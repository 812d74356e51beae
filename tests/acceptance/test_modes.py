"""With the installed command: a rule is tried out in the mode advise, and pages once a reload has it on."""

import json
from pathlib import Path

from support.daemon import Daemon, eventually
from support.logs import failed_password

MODE = """
[[rules.mode]]
mode = "advise"
rule = ["Failed password"]
author = "Ana"
reason = "new here"
"""


def said_by(daemon: Daemon, *arguments: str) -> str:
    answer = daemon.command(*arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_rule_is_tried_out_and_then_on(idle_daemon: Daemon) -> None:
    """While it is tried out nobody is told, and lists say what would have paged; afterwards people are told."""
    config = Path(idle_daemon.folder / "config.toml")
    on = config.read_text()
    idle_daemon.write("config.toml", on + MODE)
    idle_daemon.start()
    idle_daemon.append("auth.log", [failed_password("203.0.113.7")])
    found = eventually(idle_daemon.incidents, "it is observed", context=lambda: idle_daemon.said)
    assert [(one["decision"], one["advised"]) for one in found] == [("observe", True)]
    assert "would have paged" in said_by(idle_daemon, "incidents", "list")
    assert "notice: advise: 1 rule, by Ana: new here" in said_by(idle_daemon, "check")
    assert "1 in the mode advise" in said_by(idle_daemon, "status")
    (rule,) = json.loads(said_by(idle_daemon, "rules", "list", "--json"))["rules"]
    assert (rule["mode"], rule["mode_author"], rule["decision"]) == ("advise", "Ana", "observe")
    assert (rule["use"]["matches"], rule["use"]["findings"], rule["use"]["mute"]) == (1, 1, None)
    assert rule["use"]["microseconds"] > 0

    idle_daemon.write("config.toml", on)
    assert idle_daemon.post("/-/reload").json()["applied"]
    idle_daemon.append("auth.log", [failed_password("203.0.113.8")])
    eventually(lambda: "203.0.113.8" in idle_daemon.outbox(), "people are told", context=lambda: idle_daemon.said)
    assert "203.0.113.7" not in idle_daemon.outbox()
    assert idle_daemon.stop() == 0

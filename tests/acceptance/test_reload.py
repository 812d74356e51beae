"""Reload of a running daemon: rules and configuration change as a whole, or not at all."""

import signal
from collections.abc import Iterator
from pathlib import Path

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


def reload(daemon: Daemon) -> dict[str, object]:
    """Ask for a reload and return what it says."""
    answer: dict[str, object] = daemon.post("/-/reload").json()
    return answer


def test_a_rule_broken_by_an_edit_keeps_its_last_good_version(daemon: Daemon) -> None:
    """The broken rule is named with its place; lines are still matched by the version before."""
    daemon.write("rules/failed.yml", FAILED_PASSWORD_RULE.replace("condition:", "condition: nothing_like_it #"))
    answer = reload(daemon)
    assert answer["applied"] is True
    assert "rules/failed.yml:" in str(answer["errors"])
    daemon.append("auth.log", [failed_password("192.0.2.50")])
    eventually(daemon.incidents, "the last good version finds it", context=lambda: daemon.said)
    assert any("did not load" in sentence for sentence in daemon.status()["degraded"])


def test_a_broken_configuration_changes_nothing(daemon: Daemon) -> None:
    """422 with every error in place; the old configuration runs on."""
    daemon.write("config.toml", CONFIG.replace('name = "auth"', "name = 7") + "[nonsense]\n")
    answer = daemon.post("/-/reload")
    assert answer.status == 422
    told = answer.json()
    assert told["applied"] is False
    assert "config.toml:" in told["errors"][0]
    assert "nonsense" in told["errors"][0]
    daemon.append("auth.log", [failed_password("192.0.2.51")])
    eventually(daemon.incidents, "the old configuration finds it", context=lambda: daemon.said)


def test_what_needs_a_restart_is_named_and_nothing_is_applied(daemon: Daemon) -> None:
    """A changed address is not half applied."""
    daemon.write("config.toml", (CONFIG + RULES).replace("127.0.0.1:0", "127.0.0.1:9"))
    answer = reload(daemon)
    assert (answer["applied"], answer["needs_restart"]) == (False, ["http.listen"])


def test_sources_come_and_go_on_sighup_and_every_line_counts_once(daemon: Daemon) -> None:
    """A source that is read differently goes on where it stood; a new one starts; none is read twice."""
    assert daemon.process is not None
    daemon.append("auth.log", [failed_password(f"192.0.2.{number}") for number in range(1, 101)])
    eventually(lambda: daemon.lines_read("auth") == 100, "the first lines are read")
    more = '\n[[source]]\nname = "other"\npath = "other.log"\nstart = "beginning"\n'
    changed = (CONFIG + RULES + more).replace(
        'path = "auth.log"\n', 'path = "auth.log"\nlateness_seconds = 20\nrotate_wait_seconds = 5\n'
    )
    daemon.write("config.toml", changed)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.append("auth.log", [failed_password(f"192.0.2.{number}") for number in range(101, 151)])
    daemon.append("other.log", [failed_password("198.51.100.1")])
    eventually(lambda: daemon.lines_read("other") == 1, "the new source is read", context=lambda: daemon.said)
    eventually(lambda: daemon.lines_read("auth") == 150, "the changed source goes on", context=lambda: daemon.said)
    daemon.append("auth.log", [failed_password("192.0.2.200")])
    eventually(lambda: daemon.lines_read("auth") == 151, "nothing was read twice", context=lambda: daemon.said)


def test_a_changed_rule_file_is_taken_by_itself(daemon: Daemon) -> None:
    """Once an edit has been quiet for two seconds, it is in force without anybody asking."""
    daemon.write("rules/failed.yml", FAILED_PASSWORD_RULE.replace("title: ", "title: Edited "))
    eventually(
        lambda: daemon.status()["rules"][0]["title"].startswith("Edited"),
        "the edit is in force",
        context=lambda: daemon.said,
    )

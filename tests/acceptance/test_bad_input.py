"""Whatever is wrong with configuration, logs or rules: a message that ends the search, and nothing lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.daemon import CONFIG, Daemon, eventually, tocsin
from support.logs import FAILED_PASSWORD_RULE, failed_password

USAGE = 2

BROKEN = {
    "not TOML": ("[daemon\nstate_dir = 1\n", ["config.toml:1:"]),
    "a wrong type": (CONFIG.replace('"auth.log"', "7"), ["config.toml:9:", "path", "integer", "^"]),
    "an unknown key": (CONFIG.replace("start =", "strat ="), ["config.toml:10:1", "strat", "did you mean", "start"]),
    "an unknown section": (CONFIG + "\n[retentoin]\ndays = 3\n", ["retentoin", "retention"]),
    "a value that is not allowed": (CONFIG.replace('"beginning"', '"middle"'), ["middle", "beginning", "end"]),
    "a folder in place of a log": (CONFIG.replace('"auth.log"', '"."'), ["config.toml:9:", "folder", "*.log"]),
    "a receiver that no one defined": (CONFIG.replace('receiver = ["file"]', 'receiver = ["fiel"]'), ["fiel", "file"]),
}


@pytest.mark.parametrize(("verb", "what"), [*(("check", what) for what in BROKEN), ("run", "a wrong type")])
def test_a_broken_configuration_is_told_with_its_place(tmp_path: Path, verb: str, what: str) -> None:
    """Exit 2, with file, line, and what would be right; never a traceback."""
    text, words = BROKEN[what]
    (tmp_path / "config.toml").write_text(text)
    done = tocsin(verb, "--config", "config.toml", folder=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == USAGE, said
    assert "config.toml" in said
    assert "Traceback" not in said
    for word in words:
        assert word in said


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    """Who mends one error is not sent round again for the next."""
    text = CONFIG.replace('"auth.log"', "7").replace("start =", "strat =").replace('roles = ["responder"]', "roles = 1")
    (tmp_path / "config.toml").write_text(text)
    done = tocsin("check", "--config", "config.toml", folder=tmp_path)
    said = done.stdout + done.stderr
    assert all(word in said for word in ("path", "strat", "roles")), said


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    """The message names the file."""
    done = tocsin("run", "--config", "nowhere.toml", folder=tmp_path)
    assert done.returncode == USAGE
    assert "nowhere.toml" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_receiver_that_cannot_be_told_is_said_at_the_start(idle_daemon: Daemon) -> None:
    """No reason not to start: the console warns, and it stays degraded; the others are told."""
    config = idle_daemon.folder / "config.toml"
    config.write_text(config.read_text() + '\n[[receiver]]\nname = "phone"\nurl = "discord://s3cret"\n')
    idle_daemon.start()
    assert 'receiver "phone" cannot be told' in str(idle_daemon.status()["degraded"]), idle_daemon.status()
    assert 'warning  receiver "phone" cannot be told' in idle_daemon.console
    assert "s3cret" not in idle_daemon.said
    idle_daemon.append("auth.log", [failed_password("203.0.113.1")])
    eventually(lambda: "INC-1" in idle_daemon.outbox(), "the file is told", context=lambda: idle_daemon.said)


def test_a_log_of_another_time_is_shown(idle_daemon: Daemon) -> None:
    """A writer whose clock is months ahead: its lines count, ordered by arrival, and the source is degraded."""
    future = (datetime.now(UTC) + timedelta(days=90)).isoformat(timespec="microseconds")
    idle_daemon.start()
    idle_daemon.append("auth.log", [f"{future} web1 cron[{pid}]: hello" for pid in range(30)])
    eventually(lambda: "stamps are too far" in str(idle_daemon.status()["degraded"]), "it is shown")


def test_a_missing_log_does_not_stop_the_daemon(idle_daemon: Daemon) -> None:
    """It is shown, and read once it appears."""
    (idle_daemon.folder / "auth.log").unlink()
    idle_daemon.start()
    eventually(lambda: "auth.log" in str(idle_daemon.status()["degraded"]), "it is shown", context=idle_daemon.status)
    idle_daemon.append("auth.log", [failed_password("203.0.113.1")])
    eventually(lambda: idle_daemon.incidents(), "the line is found", context=lambda: idle_daemon.said)
    eventually(lambda: "auth.log" not in str(idle_daemon.status()["degraded"]), "it is no longer degraded")


def test_a_log_that_cannot_be_opened_is_shown(idle_daemon: Daemon) -> None:
    """It is named with the reason, and the others are read on. (A loop of links: root may read any file.)"""
    (idle_daemon.folder / "loop.log").symlink_to("loop.log")
    config = idle_daemon.folder / "config.toml"
    config.write_text(config.read_text() + '\n[[source]]\nname = "loop"\npath = "loop.log"\n')
    idle_daemon.start()
    eventually(lambda: "loop.log" in str(idle_daemon.status()["degraded"]), "it is shown")
    idle_daemon.append("auth.log", [failed_password("203.0.113.1")])
    eventually(lambda: idle_daemon.incidents(), "the other source goes on", context=lambda: idle_daemon.said)


def test_binary_and_endless_lines_are_counted_and_passed_over(idle_daemon: Daemon) -> None:
    """After NULs, invalid UTF-8 and a line of 10 MiB amid a log the next line is found as ever."""
    idle_daemon.start()
    idle_daemon.append("auth.log", [failed_password("203.0.113.1")])
    eventually(lambda: idle_daemon.incidents(), "the line before is found", context=lambda: idle_daemon.said)
    with (idle_daemon.folder / "auth.log").open("ab") as log:
        log.write(bytes(range(256)).replace(b"\n", b"") * 16 + b"\n")
        log.write(b"x" * 10 * 1024 * 1024 + b"\n")
    idle_daemon.append("auth.log", [failed_password("203.0.113.2", user="bo")])
    eventually(lambda: idle_daemon.lines_read("auth") == 4, "four lines are read", 60, lambda: idle_daemon.said)
    assert sum(source["unparsed"] for source in idle_daemon.status()["sources"]) == 2
    assert len(idle_daemon.incidents()) == 2


def test_a_file_that_is_no_log_is_left_alone_and_shown(idle_daemon: Daemon) -> None:
    """A picture or a database that a pattern takes in is not read, and the status says so."""
    (idle_daemon.folder / "auth.log").write_bytes(bytes(range(32)) * 512)
    idle_daemon.start()
    eventually(
        lambda: [source for source in idle_daemon.status()["sources"] if source["state"] == "ignored"],
        "it is shown",
        context=lambda: idle_daemon.status(),
    )
    assert idle_daemon.lines_read("auth") == 0


def test_a_second_daemon_on_the_same_state_is_refused(daemon: Daemon) -> None:
    """It says who has it, exits with 2, and the first one goes on."""
    done = tocsin("run", "--config", "config.toml", folder=daemon.folder)
    said = done.stdout + done.stderr
    assert done.returncode == USAGE, said
    assert "Traceback" not in said
    assert "var" in said
    assert daemon.get("/readyz").status == 200


def test_a_port_that_is_taken_is_named(daemon: Daemon, tmp_path: Path) -> None:
    """The message names the address; no second daemon stays behind."""
    taken = daemon.url.removeprefix("http://")
    (tmp_path / "config.toml").write_text(CONFIG.replace("127.0.0.1:0", taken))
    done = tocsin("run", "--config", "config.toml", folder=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == USAGE, said
    assert taken in said
    assert "Traceback" not in said


def test_a_broken_rule_is_named_and_the_others_run(idle_daemon: Daemon) -> None:
    """File, line and column of what is wrong are shown; the daemon is degraded, not dead."""
    broken = FAILED_PASSWORD_RULE.replace("6f3c2f0e", "7f3c2f0e").replace(
        "condition: selection", "condition: selektion"
    )
    idle_daemon.write("rules/broken.yml", broken)
    idle_daemon.start()
    errors = idle_daemon.status()["rule_errors"]
    assert len(errors) == 1
    assert "broken.yml:" in errors[0]
    assert "selektion" in errors[0]
    idle_daemon.append("auth.log", [failed_password("203.0.113.1")])
    eventually(lambda: idle_daemon.incidents(), "the good rule runs", context=lambda: idle_daemon.said)


def test_a_stamp_from_the_future_blinds_nobody(daemon: Daemon) -> None:
    """One forged line a year ahead does not make the honest lines late."""
    future = (datetime.now(UTC) + timedelta(days=365)).isoformat(timespec="microseconds")
    line = failed_password("203.0.113.200", user="bo")
    daemon.append("auth.log", [f"{future} {line.partition(' ')[2]}", failed_password("203.0.113.201")])
    eventually(
        lambda: {"203.0.113.200", "203.0.113.201"} <= {value for item in daemon.incidents() for value in groups(item)},
        "both lines are found",
        context=lambda: f"{daemon.incidents()}\n{daemon.said}",
    )


def groups(incident: dict[str, object]) -> set[str]:
    """Texts in an incident's group."""
    return {text.strip("'\"[](){},") for text in str(incident["group"]).split()}

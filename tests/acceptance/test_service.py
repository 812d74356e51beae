"""The daemon as a service: what systemd hears of it, and a backup that is taken at work and restored by the book."""

import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.daemon import CONFIG, TOCSIN, Daemon, eventually
from support.logs import FAILED_PASSWORD_RULE, failed_password

RULES = '\n[rules]\npaths = ["rules"]\n'
FILES = {"rules/failed.yml": FAILED_PASSWORD_RULE, "auth.log": ""}
GUIDE = Path(__file__).parents[2] / "docs/how-to/back-up-and-restore.md"
#: What systemd waits for a sign of life, in seconds; ours is told twice as often.
WATCHDOG_SECONDS = 2.0


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[socket.socket]:
    """What stands for systemd."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path_factory.mktemp("s") / "notify"))
        yield listening


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, manager: socket.socket) -> Iterator[Daemon]:
    """One daemon, watched."""
    watched = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": str(round(WATCHDOG_SECONDS * 1e6))}
    folder = tmp_path_factory.mktemp("d")
    with Daemon(folder, config=CONFIG + RULES, files=FILES, environment=watched) as running:
        yield running


def hear(manager: socket.socket, wanted: Callable[[str], bool], seconds: float) -> str | None:
    """The next message that is *wanted*; None: none came for so long."""
    manager.settimeout(seconds)
    try:
        while not wanted(text := manager.recv(4096).decode()):
            pass
    except TimeoutError:
        return None
    return text


def test_an_engine_that_hangs_ends_the_beats(daemon: Daemon, manager: socket.socket) -> None:
    """Ready first; the beats end while the engine is stopped, which is named; then all of it goes on."""
    assert (hear(manager, lambda text: True, 1) or "").startswith("READY=1\nSTATUS=watching 1 sources")
    assert hear(manager, lambda text: text == "WATCHDOG=1", 5), daemon.said
    (engine,) = daemon.children()
    os.kill(engine, signal.SIGSTOP)
    try:
        told = hear(manager, lambda text: text.startswith("STATUS="), 4 * WATCHDOG_SECONDS)
        assert told == "STATUS=the engine: no sign of life", daemon.said
        assert any(sentence.startswith("the engine does not") for sentence in daemon.status()["degraded"])
        assert hear(manager, lambda text: text == "WATCHDOG=1", WATCHDOG_SECONDS) is None
    finally:
        os.kill(engine, signal.SIGCONT)
    assert hear(manager, lambda text: text == "WATCHDOG=1", 10), daemon.said
    daemon.append("auth.log", [failed_password("192.0.2.1")])
    eventually(lambda: daemon.lines_read("auth") == 1, "reading goes on", context=lambda: daemon.said)
    assert daemon.children() == [engine]


def test_a_reload_is_told(daemon: Daemon, manager: socket.socket) -> None:
    """Reloading with the time of it, then ready again; what is logged is part of it."""
    assert daemon.process is not None
    daemon.write("config.toml", CONFIG.replace("[daemon]\n", '[daemon]\nlog_level = "error"\n') + RULES)
    daemon.process.send_signal(signal.SIGHUP)
    assert hear(manager, lambda text: re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", text) is not None, 10)
    assert hear(manager, lambda text: text.startswith("READY=1\nSTATUS=1 rules in force"), 20)
    assert "reload ended" not in daemon.log


def test_a_backup_under_load_is_restored_by_the_book(daemon: Daemon, tmp_path: Path) -> None:
    """The guide's own commands: copied while lines are read, put back into an empty folder, verified, started; each
    line has counted once."""
    backups = tmp_path / "backups"
    lines = [failed_password(f"198.51.100.{number % 20}") for number in range(3_000)]
    daemon.append("auth.log", lines[:2_000])
    follow(section("Back up"), daemon.folder, daemon.state_dir, backups)
    daemon.append("auth.log", lines[2_000:])
    with closing(sqlite3.connect(backups / "tocsin.db")) as copy:
        (copied,) = copy.execute("SELECT coalesce(sum(lines), 0) FROM source_count").fetchone()
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    before = len(lines) + 1
    eventually(lambda: daemon.lines_read("auth") == before, "all is read", 40, lambda: daemon.said)
    assert copied < before, "the copy was made while it worked"
    assert daemon.process is not None
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):  # the second is harmless
        daemon.process.send_signal(sign)
    assert daemon.stop() == 0
    shutil.rmtree(daemon.state_dir)

    follow(section("Restore"), daemon.folder, daemon.state_dir, backups)
    daemon.start()
    eventually(lambda: daemon.lines_read("auth") == before, "the rest is read again", 40, lambda: daemon.said)
    assert (daemon.state_dir / "seal.key").stat().st_mode & 0o777 == 0o600


def section(title: str) -> str:
    """The commands of one section of the guide."""
    _, _, rest = GUIDE.read_text().partition(f"\n## {title}\n")
    found = re.search(r"```\n(.*?)```", rest, re.DOTALL)
    assert found, title
    return found[1]


def follow(commands: str, folder: Path, state: Path, backups: Path) -> None:
    """Type *commands*, but for those that ask systemd, in our own places."""
    for command in commands.splitlines():
        if command.startswith("systemctl"):
            continue
        command = command.replace("/etc/tocsin/config.toml", "config.toml")
        command = command.replace("/var/backups/tocsin", shlex.quote(str(backups)))
        command = command.replace("/var/lib/tocsin", shlex.quote(str(state)))
        path = f"{Path(TOCSIN).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

"""One daemon writes. A second one is refused; one that was replaced ends."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from support.daemon import STOP_SECONDS, Daemon, eventually
from support.logs import failed_password

FAILED = 1
CANNOT_START = 2


def test_a_second_daemon_on_one_database_is_refused(idle_daemon: Daemon, tmp_path: Path) -> None:
    """With a state directory of its own but the first one's database it exits with 2, and names who has it."""
    first = idle_daemon.start()
    assert first.process is not None
    config = (tmp_path / "config.toml").read_text()
    second = Daemon(tmp_path / "second", config=f'{config}\n[store]\nurl = "sqlite:///{first.state_dir}/tocsin.db"\n')
    shutil.copytree(tmp_path / "rules", second.folder / "rules")
    assert second.launch().wait(STOP_SECONDS) == CANNOT_START
    said = f"tocsin: cannot start: another tocsin (process {first.process.pid}) works on {first.state_dir}/tocsin.db."
    assert said in second.log, second.said
    assert "Traceback" not in second.log
    first.append("auth.log", [failed_password("203.0.113.1")])
    eventually(first.incidents, "the first goes on", context=lambda: first.said)
    assert first.stop() == 0, first.said


def test_a_daemon_that_was_replaced_ends(idle_daemon: Daemon) -> None:
    """When the store is no longer its own, it says so once, and exits with 1."""
    daemon = idle_daemon.start()
    assert daemon.process is not None
    with closing(sqlite3.connect(daemon.state_dir / "tocsin.db")) as connection, connection:
        connection.execute("UPDATE owner SET fencing = fencing + 1, pid = 4711, host = 'elsewhere'")
    daemon.append("auth.log", [failed_password("203.0.113.1")])
    assert daemon.process.wait(STOP_SECONDS) == FAILED, daemon.said
    told = [line for line in daemon.log.splitlines() if line.startswith("tocsin: ")]
    assert told == [
        "tocsin: stopped: process 4711 on elsewhere took this store over. "
        "This daemon must stop; nothing of this change was written."
    ]
    assert "Traceback" not in daemon.log, daemon.said

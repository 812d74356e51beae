"""Persons and tokens can be administered while no daemon runs."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.daemon import CONFIG, Daemon, tocsin

NOT_REACHABLE = 3

HOLDING = """
import sys, time
from pathlib import Path
from store.ownership import FileLocks
locks = FileLocks(Path(sys.argv[1]), None)
print("held", flush=True)
time.sleep(60)
"""


def test_persons_and_tokens_before_the_first_start(idle_daemon: Daemon) -> None:
    """What is set up before the first start is there when the daemon runs, and the token is good."""
    added = idle_daemon.command("user", "add", "bo", "--role", "responder")
    assert added.returncode == 0, added.stderr
    made = idle_daemon.command("token", "create", "bo")
    assert made.returncode == 0, made.stderr
    twice = idle_daemon.command("user", "add", "bo")
    assert (twice.returncode, "bo" in twice.stderr) == (1, True)
    idle_daemon.start()
    people = idle_daemon.get("/api/v1/incidents", token=made.stdout.strip())
    assert people.status == 200
    assert idle_daemon.stop() == 0
    listed = json.loads(idle_daemon.command("user", "list", "--json").stdout)
    assert {one["id"] for one in listed["items"]} == {"ana", "bo"}
    assert idle_daemon.command("token", "revoke", "1").returncode == 0
    assert idle_daemon.command("user", "remove", "bo").returncode == 0
    assert stat.S_IMODE(idle_daemon.state_dir.stat().st_mode) == 0o700


def test_a_daemon_that_does_not_answer_is_not_reachable(tmp_path: Path) -> None:
    """Who holds the lock is named; nothing is changed behind its back."""
    (tmp_path / "config.toml").write_text(CONFIG)
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path / "var")], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            done = tocsin("user", "list", folder=tmp_path)
        finally:
            holder.kill()
    assert done.returncode == NOT_REACHABLE
    assert f"(process {holder.pid})" in done.stderr
    assert not (tmp_path / "var" / "tocsin.db").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that belongs to another account")
def test_nothing_is_made_for_another_account(tmp_path: Path) -> None:
    """What root would leave in the daemon's state directory the daemon could not open."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "var").mkdir()
    os.chown(tmp_path / "var", 65534, 65534)
    done = tocsin("user", "list", folder=tmp_path)
    assert (done.returncode, "belongs to another account" in done.stderr) == (1, True)
    assert list((tmp_path / "var").iterdir()) == []

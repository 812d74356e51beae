"""The record, verified by command: beside the running daemon, after its stop, and after somebody wrote the database."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from support.daemon import Daemon, eventually
from support.logs import failed_password


def verify(daemon: Daemon, *options: str) -> tuple[int, dict[str, object]]:
    """Exit code and JSON of ``tocsin audit verify``."""
    done = daemon.command("audit", "verify", "--json", *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_the_record_from_start_to_tampering(idle_daemon: Daemon, tmp_path: Path) -> None:
    """It holds while the daemon runs and after it; an exported folder verifies itself; a cut-off record is named; and
    without its key the daemon does not start again."""
    daemon = idle_daemon.start()
    daemon.append("auth.log", [failed_password("203.0.113.7")])
    eventually(daemon.incidents, "an incident opens")
    code, report = verify(daemon)
    assert (code, report["holds"], report["faults"]) == (0, True, [])
    assert daemon.stop() == 0
    code, report = verify(daemon)
    assert (code, report["unsealed"]) == (0, 0)
    noted = report["last_seal"]
    assert isinstance(noted, dict)
    assert verify(daemon, "--seal", f"{noted['number']}:{noted['hash']}")[0] == 0

    daemon.start()
    out = tmp_path / "out"
    assert daemon.command("incidents", "export", "INC-1", "--out", str(out)).returncode == 0
    assert daemon.command("incidents", "export", "INC-1", "--out", str(out)).returncode == 2
    checked = subprocess.run(
        [sys.executable, "-I", "-S", str(out / "verify.py")], env={}, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout
    key = json.loads(daemon.command("audit", "key", "--json").stdout)
    assert key["public"] in checked.stdout
    assert daemon.stop() == 0

    with closing(sqlite3.connect(daemon.database, isolation_level=None)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM timeline WHERE incident = 1 AND seq = (SELECT max(seq) FROM timeline t "
                         "WHERE t.incident = 1)")  # fmt: skip
    code, report = verify(daemon)
    assert code == 1
    assert any(one["record"] == 1 and one["harm"] == "truncated" for one in report["faults"])  # type: ignore[attr-defined]

    shutil.move(daemon.state_dir / "seal.key", tmp_path / "seal.key")
    assert daemon.command("db", "upgrade").returncode == 0  # makes the triggers anew
    refused = daemon.command("run")
    assert refused.returncode == 2
    assert "seal.key is missing" in refused.stderr

"""The installed daemon follows a journal through the program journalctl, and is killed meanwhile."""

import os
import random
import re
import sys
import time
from pathlib import Path

from support.daemon import CONFIG, Daemon, eventually
from support.journal import FAKE, entry
from support.logs import FAILED_PASSWORD_RULE

SOURCE = """name = "auth"
path = "none.log"
otherwise = "journal"
"""
KILLS = 2


def journal_daemon(folder: Path) -> tuple[Daemon, Path]:
    """A daemon on a host without a log file, and its journal."""
    journal = folder / "journal"
    journal.touch()
    programs = folder / "bin"
    programs.mkdir()
    script = programs / "journalctl"
    script.write_text(f"#!{sys.executable} -IS\nimport sys\nsys.argv.insert(1, {str(journal)!r})\n{FAKE}")
    script.chmod(0o755)
    config = CONFIG.replace('name = "auth"\npath = "auth.log"\n', SOURCE) + '\n[rules]\npaths = ["rules"]\n'
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    return (
        Daemon(folder, config=config, files={"rules/failed.yml": FAILED_PASSWORD_RULE}, environment=environment),
        journal,
    )


def test_each_entry_once_across_kills(tmp_path: Path) -> None:
    """Without a file the journal is chosen, stays chosen when a file appears, and each entry counts once."""
    chance = random.Random(4)
    daemon, journal = journal_daemon(tmp_path)
    written = 0

    def write(count: int) -> None:
        nonlocal written
        with journal.open("ab") as file:
            for _ in range(count):
                written += 1
                guess = f"Failed password for u{written} from 203.0.113.7 port 22 ssh2"
                file.write(entry(written, guess, SYSLOG_IDENTIFIER="sshd", _HOSTNAME="web1"))

    with daemon:
        write(1)
        eventually(lambda: daemon.lines_read("auth") == 1, "the journal is read", context=lambda: daemon.said)
        for _ in range(KILLS):
            write(50)
            time.sleep(chance.uniform(0.1, 0.6))
            daemon.kill()
            write(50)
            (tmp_path / "none.log").write_text("Mar  1 03:11:26 web1 sshd[1]: a file appeared\n")
            daemon.start()
        write(50)
        eventually(
            lambda: daemon.lines_read("auth") == written, f"{written} lines are read", context=lambda: daemon.said
        )
        (incident,) = daemon.incidents()
        assert incident["events"] == written
        (shown,) = [one for one in daemon.status()["sources"] if one["source"] == "auth"]
        assert (shown["origin"], shown["state"], shown["format"], shown["unparsed"]) == ("journal", "ok", "journal", 0)
        assert daemon.stop() == 0
    assert re.findall(r"--cursor=s=1;i=\w+", Path(f"{journal}.calls").read_text())

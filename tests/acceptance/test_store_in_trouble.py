"""The database is locked or its disk is full: it is said, nothing is lost, and the daemon goes on by itself."""

import re
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from support.daemon import Daemon, eventually
from support.logs import failed_password

LOCKED_SECONDS = 8
TMPFS_BYTES = 4 * 1024 * 1024
QUOTA_BYTES = 64 * 1024  #: of any one file: the write-ahead log meets it first
LINES_AT_ONCE = 200
ATTACKERS = [f"203.0.113.{last}" for last in range(1, 11)]


class Writer:
    """Lines of a few attackers, counted."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.lines = 0

    def write(self, lines: int = LINES_AT_ONCE) -> None:
        """Append numbered lines."""
        numbers = range(self.lines, self.lines + lines)
        self.daemon.append(
            "auth.log", (failed_password(ATTACKERS[number % len(ATTACKERS)], user=f"u{number}") for number in numbers)
        )
        self.lines += lines


def is_refusing(daemon: Daemon) -> str | None:
    """What /readyz says is wrong while nothing can be taken in."""
    answer = daemon.get("/readyz")
    return answer.text if answer.status == HTTPStatus.SERVICE_UNAVAILABLE else None


def assert_recovers(writer: Writer) -> None:
    """Ready again without help; all lines are counted once and each attacker is told."""
    daemon = writer.daemon
    eventually(lambda: daemon.get("/readyz").status == HTTPStatus.OK, "it is ready again", 30, lambda: daemon.said)
    eventually(lambda: daemon.lines_read("auth") == writer.lines, "all lines are read", 30, lambda: daemon.said)
    incidents = daemon.incidents(limit=100)
    assert sum(incident["events"] for incident in incidents) == writer.lines
    eventually(
        lambda: all(re.search(rf"INC-{incident['number']}\b", daemon.outbox()) for incident in incidents),
        "each incident is told",
        30,
        lambda: f"{daemon.outbox()[-2000:]}\n{daemon.said}",
    )
    assert "Traceback" not in daemon.log, daemon.said


def test_a_database_that_is_locked(idle_daemon: Daemon) -> None:
    """Somebody else writes for eight seconds: the daemon waits, says so, and takes everything in afterwards."""
    idle_daemon.start()
    writer = Writer(idle_daemon)
    writer.write(10)
    eventually(lambda: idle_daemon.lines_read("auth") == writer.lines, "the first lines are read")
    with closing(sqlite3.connect(idle_daemon.database, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + LOCKED_SECONDS
        writer.write()
        said = eventually(lambda: is_refusing(idle_daemon), "/readyz says it", context=lambda: idle_daemon.said)
        assert "lock" in said
        writer.write()
        while time.monotonic() < until:
            assert idle_daemon.get("/healthz").status == HTTPStatus.OK, "the process lives"
            time.sleep(0.2)
        assert idle_daemon.lines_read("auth") == 10
        other.execute("ROLLBACK")
    assert_recovers(writer)


def test_a_disk_that_is_full(idle_daemon: Daemon) -> None:
    """The state's file system has no room left: the message says so, and room is all that it takes to go on."""
    with small_disk(idle_daemon.state_dir):
        idle_daemon.start()
        writer = Writer(idle_daemon)
        writer.write()
        eventually(lambda: idle_daemon.lines_read("auth") == writer.lines, "the first lines are read")
        filler = idle_daemon.state_dir / "filler"
        fill(filler)
        said = write_until_refused(writer)
        assert "full" in said, said
        filler.unlink()
        assert_recovers(writer)
        assert idle_daemon.stop() == 0


def test_a_file_that_may_not_grow(idle_daemon: Daemon) -> None:
    """A limit on the size of files (a quota) refuses the same way, and is got over the same way."""
    idle_daemon.start()
    assert idle_daemon.process is not None
    writer = Writer(idle_daemon)
    limit = resource.prlimit(idle_daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(idle_daemon.process.pid, resource.RLIMIT_FSIZE, (QUOTA_BYTES, limit[1]))
    said = write_until_refused(writer)
    assert "the store cannot be" in said or "the store cannot commit" in said, said
    resource.prlimit(idle_daemon.process.pid, resource.RLIMIT_FSIZE, limit)
    assert_recovers(writer)


def test_a_log_of_our_own_that_may_not_grow(idle_daemon: Daemon) -> None:
    """What the daemon says goes to files that are at their limit already: it is not worth the daemon."""
    for name in ("log.txt", "console.txt"):
        idle_daemon.write(name, "x" * QUOTA_BYTES + "\n")
    idle_daemon.start()
    assert idle_daemon.process is not None
    writer = Writer(idle_daemon)
    limit = resource.prlimit(idle_daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(idle_daemon.process.pid, resource.RLIMIT_FSIZE, (QUOTA_BYTES, limit[1]))
    write_until_refused(writer)
    time.sleep(1)  # it tries again, and says each time that it could not
    resource.prlimit(idle_daemon.process.pid, resource.RLIMIT_FSIZE, limit)
    assert_recovers(writer)


def write_until_refused(writer: Writer) -> str:
    """Write on until the daemon says that it can store nothing more; what it said."""

    def look() -> str | None:
        writer.write()
        return is_refusing(writer.daemon)

    return eventually(look, "/readyz says it", 30, lambda: writer.daemon.said)


def fill(filler: Path) -> None:
    """Take all the room that is left."""
    with filler.open("wb", buffering=0) as file:
        for size in (64 * 1024, 1024, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own at *folder*; the test is skipped where we may not mount one."""
    folder.mkdir(exist_ok=True)
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES},mode=0700", "tocsin-test", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("needs a small file system: there is no mount command here")
    if done.returncode != 0:
        pytest.skip(f"needs a small file system: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)

"""One active daemon per store: a file lock, on PostgreSQL an advisory lock too, and a fencing number for the rest."""

import fcntl
import os
import socket
import time
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text

from store import tables
from store.errors import AlreadyRunning, OwnershipLost, StoreError, StoreUnavailable
from store.upsert import insert

#: "tocsin" in ASCII; advisory locks are numbers, per database.
_ADVISORY_LOCK = 0x746F6373696E


class FileLock:
    """A lock that ends with the process, however that ends."""

    def __init__(self, path: Path, works_on: Path) -> None:
        """Take it.

        Args:
            path: The file that is locked; made if it is not there.
            works_on: What it stands for, for messages.

        Raises:
            AlreadyRunning: Another process holds it; names its process id.
            StoreUnavailable: The file cannot be opened.
        """
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"{path} cannot be opened: {error.strerror}; check the folder and its owner"
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise AlreadyRunning(
                f"another tocsin (process {holder}) works on {works_on}. "
                "Stop it first, or give this one a state directory and store of its own."
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go. A second call is harmless. The file stays: removing it would race with the next holder."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class FileLocks:
    """The locks of one daemon: on its state directory, and on the SQLite file, which two directories may share."""

    def __init__(self, folder: Path, database: Path | None) -> None:
        """Take them.

        Args:
            folder: The state directory; made if it is not there.
            database: The SQLite file; None on PostgreSQL, which has locks of its own.

        Raises:
            AlreadyRunning: Another process holds one of them; names its process id.
            StoreUnavailable: A lock file cannot be opened.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._held = [FileLock(folder / "tocsin.lock", folder)]
        if database is None:
            return
        file = database.resolve()  # so that a link to it leads to the same lock
        try:
            self._held.append(FileLock(file.with_name(f"{file.name}.lock"), file))
        except StoreError:
            self.release()
            raise

    def release(self) -> None:
        """Let go. A second call is harmless."""
        for lock in self._held:
            lock.release()


def take_advisory_lock(connection: Connection, *, wait_seconds: float) -> None:
    """On PostgreSQL, lock the database for as long as *connection* lives; on SQLite do nothing.

    Args:
        wait_seconds: The server may notice only a moment later that a killed daemon's connection has ended.

    Raises:
        AlreadyRunning: Another daemon holds it; names its host and process id.
    """
    if connection.dialect.name == "sqlite":
        return
    give_up_at = time.monotonic() + wait_seconds
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}).scalar_one():
        if time.monotonic() > give_up_at:
            break
        time.sleep(0.05)
    else:
        return
    holder = "another machine"
    if inspect(connection).has_table(tables.owner.name):
        row = connection.execute(select(tables.owner.c.host, tables.owner.c.pid)).first()
        holder = f"process {row.pid} on {row.host}" if row else holder
    raise AlreadyRunning(
        f"another tocsin ({holder}) works on this PostgreSQL database. Stop it first, or give this one its own."
    )


def take_over(connection: Connection, now: datetime) -> tuple[int, datetime]:
    """Become the owner: from now on, whoever was it before cannot commit any more.

    Returns:
        The fencing number, and the instant of the last transaction that the store knows.
    """
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "since": now}
    row = connection.execute(
        insert(connection, tables.owner)
        .values(id=1, fencing=1, last_at=now, **mine)
        .on_conflict_do_update(index_elements=["id"], set_={"fencing": tables.owner.c.fencing + 1, **mine})
        .returning(tables.owner.c.fencing, tables.owner.c.last_at)
    ).one()
    return row.fencing, row.last_at


def check(connection: Connection, fencing: int, now: datetime) -> None:
    """Prove, inside a transaction, that we still own the store, and note its instant.

    The row stays locked until the commit, so that nobody can take over between this and the commit.

    Raises:
        OwnershipLost: Another daemon took over.
    """
    changed = connection.execute(
        tables.owner.update().where(tables.owner.c.id == 1, tables.owner.c.fencing == fencing).values(last_at=now)
    ).rowcount
    if changed != 1:
        row = connection.execute(select(tables.owner.c.host, tables.owner.c.pid)).first()
        who = f"process {row.pid} on {row.host}" if row else "somebody"
        raise OwnershipLost(f"{who} took this store over. This daemon must stop; nothing of this change was written.")

"""Writing and reading: groups, reruns, limits, and what happens when the database cannot."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, func, select, text
from support.fakes import START, FakeClock
from support.store import finding, open_store, sqlite_url
from support.warm import plain

from store import engines, tables
from store.database import Store
from store.errors import (
    AlreadyRunning,
    Duplicate,
    InvariantBroken,
    OwnershipLost,
    StoreBusy,
    StoreError,
    StoreUnavailable,
)
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.intake import positions
from store.tx import Tx


def note(stream: str) -> Callable[[Tx], str]:
    """A small job that leaves a trace."""

    def work(tx: Tx) -> str:
        positions.save(tx, "s", "", stream, stream, b"x")
        return stream

    return work


async def traces(store: Store) -> list[str]:
    """The traces that jobs left."""
    return [row.stream for row in await store.read(lambda connection: positions.load(connection, "s"))]


class Gate:
    """Holds the writer up, so that what is handed in meanwhile forms one group."""

    def __init__(self, store: Store) -> None:
        self._opened = threading.Event()
        self._reached = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(tx: Tx) -> None:
            loop.call_soon_threadsafe(self._reached.set)
            self._opened.wait(20)

        self._held = asyncio.ensure_future(store.write(hold))

    async def reached(self) -> None:
        """Return when the writer stands at the gate."""
        await self._reached.wait()

    async def open(self) -> None:
        """Let it go on."""
        self._opened.set()
        await self._held


async def test_one_bad_job_does_not_cost_the_others(store: Store) -> None:
    """If one job of a group raises, the group is rolled back and each runs alone: the others are committed."""
    runs: list[str] = []

    def job(name: str) -> Callable[[Tx], str]:
        def work(tx: Tx) -> str:
            runs.append(name)
            note(name)(tx)
            if name == "bad":
                raise LookupError("on purpose")
            return name

        return work

    gate = Gate(store)
    await gate.reached()
    jobs = [asyncio.ensure_future(store.write(job(name))) for name in ("first", "bad", "last")]
    await asyncio.sleep(0)
    await gate.open()
    first, bad, last = await asyncio.gather(*jobs, return_exceptions=True)
    assert (first, last) == ("first", "last")
    assert isinstance(bad, LookupError)
    assert runs == ["first", "bad", "first", "bad", "last"]
    assert await traces(store) == ["first", "last"]


async def test_a_group_is_one_commit_at_one_instant(store: Store, clock: FakeClock) -> None:
    """Jobs that wait together share a transaction and its instant."""
    gate = Gate(store)
    await gate.reached()
    jobs = [asyncio.ensure_future(store.write(lambda tx: (tx.now, id(tx.connection.get_transaction())))) for _ in "abc"]
    await asyncio.sleep(0)
    clock.advance(1)
    await gate.open()
    assert len(set(await asyncio.gather(*jobs))) == 1


async def test_effects_happen_once_and_only_after_the_commit(store: Store) -> None:
    """An effect after the commit happens once, in the event loop, although its job ran twice; never if that failed."""
    happened: list[tuple[str, threading.Thread]] = []

    def job(name: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            tx.after_commit(lambda: happened.append((name, threading.current_thread())))
            if name == "bad":
                raise LookupError("on purpose")

        return work

    gate = Gate(store)
    await gate.reached()
    jobs = [asyncio.ensure_future(store.write(job(name))) for name in ("good", "bad")]
    await asyncio.sleep(0)
    await gate.open()
    await asyncio.gather(*jobs, return_exceptions=True)
    assert happened == [("good", threading.current_thread())]


async def test_time_never_goes_back(store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """A clock that is set back does not set back the store's time, not even over a restart; it runs on slowly."""
    async with open_store(store_url, clock, tmp_path) as store:
        before = await store.write(lambda tx: tx.now)
        clock.set(START - timedelta(hours=1))
        assert await store.write(lambda tx: tx.now) == before
    async with open_store(store_url, clock, tmp_path) as store:
        clock.advance(10)
        assert await store.write(lambda tx: tx.now) == before + timedelta(seconds=5)
        clock.set(before + timedelta(minutes=1))
        assert await store.write(lambda tx: tx.now) == before + timedelta(minutes=1)


async def test_full_queue_is_said_at_once_or_waited_for(store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """When the queue is full the web is told to come back, and the pipeline waits for a place."""
    async with open_store(store_url, clock, tmp_path, queue_limit=2) as store:
        gate = Gate(store)
        await gate.reached()
        second = asyncio.ensure_future(store.write(note("second")))
        await asyncio.sleep(0)
        with pytest.raises(StoreBusy, match="try again"):
            await store.write(note("refused"))
        patient = asyncio.ensure_future(store.write(note("patient"), patient=True))
        await asyncio.sleep(0)
        await gate.open()
        assert [await second, await patient] == ["second", "patient"]
        assert await traces(store) == ["patient", "second"]


async def test_who_gave_up_before_its_turn_leaves_nothing(store: Store) -> None:
    """A job whose caller was cancelled while it waited is not done, and gives its place back."""
    gate = Gate(store)
    await gate.reached()
    job = asyncio.ensure_future(store.write(note("given up")))
    await asyncio.sleep(0)
    job.cancel()
    await gate.open()
    await store.write(note("next"))
    assert await traces(store) == ["next"]


async def test_reading_cannot_write(store: Store) -> None:
    """The door for reading refuses to write."""

    def look(connection: Connection) -> None:
        connection.execute(tables.position.delete())

    with pytest.raises(StoreError):
        await store.read(look)


async def test_reading_is_a_snapshot(store: Store) -> None:
    """What is committed while a reader looks does not change what it sees."""
    loop = asyncio.get_running_loop()

    def look(connection: Connection) -> tuple[int, int]:
        count = select(func.count()).select_from(tables.position)
        before = connection.execute(count).scalar_one()
        asyncio.run_coroutine_threadsafe(store.write(note("meanwhile")), loop).result(20)
        return before, connection.execute(count).scalar_one()

    assert await store.read(look) == (0, 0)
    assert await traces(store) == ["meanwhile"]


async def test_reading_waits_for_no_writer(store: Store) -> None:
    """A reader that connects while something is being written is answered at once.

    Each connection once asked for WAL mode, which waits for the writer's lock even where the file is in that mode.
    """
    gate = Gate(store)
    await gate.reached()
    assert await traces(store) == []
    await gate.open()


async def test_closed_store_says_so(store: Store) -> None:
    """After closing, both doors refuse; closing twice is harmless; what was queued before is committed."""
    last = asyncio.ensure_future(store.write(note("last")))
    await asyncio.sleep(0)
    await store.close()
    assert await last == "last"
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.write(note("too late"))
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.read(lambda connection: None)


async def test_locked_database(store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """While someone else holds the lock nothing is written and it is said why; the same work succeeds afterwards."""
    async with open_store(store_url, clock, tmp_path, lock_wait_seconds=0.2) as store:
        outside = create_engine(engines.parse(store_url))
        with outside.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("LOCK TABLE owner IN EXCLUSIVE MODE")
            jobs = [store.write(note(str(number))) for number in range(3)]
            results = await asyncio.gather(*jobs, return_exceptions=True)
            assert [type(result) for result in results] == [StoreUnavailable] * 3
            assert not store.healthy
            assert "lock" in (store.trouble or "")
            connection.rollback()
        outside.dispose()
        await store.write(note("afterwards"))
        assert store.healthy
        assert await traces(store) == ["afterwards"]


async def test_full_disk(clock: FakeClock, tmp_path: Path) -> None:
    """On a full disk nothing of the transaction is written; once there is room the same work succeeds."""

    def limit(pages: int) -> Callable[[Tx], object]:
        return lambda tx: tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").close()

    def big(tx: Tx) -> None:
        note("small")(tx)
        positions.save(tx, "s", "", "big", "big", bytes(1_000_000))

    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        await store.write(limit(1))  # SQLite takes the present size, if that is more
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await store.write(big)
        assert await traces(store) == []
        await store.write(limit(1_000_000))
        await store.write(big)
        assert await traces(store) == ["big", "small"]


async def test_fencing(store: Store, store_url: str) -> None:
    """Once another daemon has taken the store over, this one can write nothing more."""
    await store.write(note("mine"))
    outside = create_engine(engines.parse(store_url))
    with outside.begin() as connection:
        connection.execute(text("UPDATE owner SET fencing = fencing + 1, pid = 4711"))
    outside.dispose()
    with pytest.raises(OwnershipLost, match="process 4711"):
        await store.write(note("not mine"))
    assert await traces(store) == ["mine"]


async def test_second_daemon_on_one_state(store: Store, store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """A second daemon on the same state directory is refused and told which process has it."""
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        await Store.open(store_url, clock, lock_dir=tmp_path, upgrade=True)
    await store.write(note("undisturbed"))


async def test_second_daemon_on_one_sqlite_file(clock: FakeClock, tmp_path: Path) -> None:
    """From another state directory too, and over a link, the second is refused; the first goes on undisturbed."""
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "tocsin.db")
    async with open_store(sqlite_url(tmp_path), clock, tmp_path / "one") as store:
        for url in (sqlite_url(tmp_path), f"sqlite:///{link}"):
            with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}\) works on {tmp_path}/tocsin.db"):
                await Store.open(url, clock, lock_dir=tmp_path / "other", upgrade=True)
        await store.write(note("undisturbed"))
    async with open_store(sqlite_url(tmp_path), clock, tmp_path / "other") as store:
        assert await traces(store) == ["undisturbed"]


async def test_a_lock_that_cannot_be_made_is_said(clock: FakeClock, tmp_path: Path) -> None:
    """Where there is no folder for the database, the message names what cannot be opened, and nothing stays locked."""
    with pytest.raises(StoreUnavailable, match=r"absent/tocsin.db.lock cannot be opened: No such file"):
        await Store.open(sqlite_url(tmp_path / "absent"), clock, lock_dir=tmp_path, upgrade=True)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path):
        pass


@pytest.mark.postgres
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_second_daemon_on_one_postgres(store: Store, store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """On PostgreSQL the database itself refuses a second daemon, also from another machine."""
    with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()} on "):
        await Store.open(store_url, clock, lock_dir=tmp_path / "elsewhere", upgrade=True, lock_wait_seconds=0.2)
    await store.write(note("undisturbed"))


@pytest.mark.postgres
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_lost_connection(store: Store, store_url: str) -> None:
    """When PostgreSQL drops the connection one commit fails; the next one has a new connection and the lock again."""
    outside = create_engine(engines.parse(store_url))
    with outside.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        )
    with pytest.raises(StoreUnavailable):
        await store.write(note("lost"))
    await store.write(note("kept"))
    assert await traces(store) == ["kept"]
    with outside.begin() as connection:
        held = connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"))
        assert held.scalar_one() == 1
    outside.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE timeline SET via = 'forged'",
        "DELETE FROM timeline",
        "UPDATE value SET value = 'forged'",
        "DELETE FROM incident",
        "UPDATE incident SET opened_at = opened_at + 1",
        "UPDATE owner SET fencing = fencing - 1",
        "UPDATE incident SET step = 'approval', stage = 'in_review'",
        "UPDATE incident SET status = 'closed'",
        "UPDATE incident SET severity = 'very bad'",
        "UPDATE incident SET acknowledged_at = 1",
        "INSERT INTO tally VALUES (99, 'r', 'r', 0, 0, 0, 0)",
    ],
)
async def test_the_database_refuses(store: Store, statement: str) -> None:
    """What would break a record is refused by the database itself, whoever asks."""
    await store.write(lambda tx: findings.take(tx, finding()))
    with pytest.raises(InvariantBroken):
        await store.write(lambda tx: tx.connection.execute(text(statement)))


async def test_one_open_record_per_key(store: Store) -> None:
    """The database itself refuses a second open record with the same key."""
    await store.write(lambda tx: findings.take(tx, finding()))
    columns = ", ".join(f'"{column.name}"' for column in tables.incident.c if column.name != "number")
    twin = f"INSERT INTO incident (number, {columns}) SELECT 2, {columns} FROM incident"
    with pytest.raises(Duplicate):
        await store.write(lambda tx: tx.connection.execute(text(twin)))


async def test_open_or_attach_race(store: Store) -> None:
    """Many findings of one key at once, with failing jobs between them, open exactly one record."""

    def fail(tx: Tx) -> None:
        raise LookupError("on purpose")

    jobs: list[Coroutine[None, None, object]] = []
    for number in range(60):
        jobs.append(store.write(lambda tx, n=number: findings.take(tx, finding(f"f{n}"))))  # type: ignore[misc]
        if number % 7 == 0:
            jobs.append(store.write(fail))
    results = await asyncio.gather(*jobs, return_exceptions=True)
    taken = [result for result in results if isinstance(result, findings.Taken)]
    assert len(taken) == 60
    assert sum(one.opened for one in taken) == 1
    [record] = await store.read(incidents.list_of)
    assert (record.number, record.events) == (1, 60)


WRITING = """
import asyncio, sys
from pathlib import Path
from store.clock import SystemClock
from store.database import Store
from store.repository.intake import positions

async def main(url, folder):
    store = await Store.open(url, SystemClock(), lock_dir=Path(folder), upgrade=True)
    for number in range(100_000):
        await store.write(lambda tx: positions.save(tx, "s", "", f"{number:06}", "", b"x"))
        print(number, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_daemon_loses_nothing(store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """After kill -9 everything is there that was answered, and the next daemon takes over at once."""
    process = subprocess.Popen(  # noqa: ASYNC220 (its output is read line by line, nothing else runs here)
        [sys.executable, "-c", WRITING, plain(store_url), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as output:
        answered = [int(output.readline()) for _ in range(50)]
        process.kill()
        answered += [int(line) for line in output if line.endswith("\n")]
    process.wait()
    if store_url.startswith("postgresql"):
        await _until_free(store_url)
    async with open_store(store_url, clock, tmp_path) as store:
        stored = [int(stream) for stream in await traces(store)]
    assert stored[: len(answered)] == answered
    assert len(stored) <= len(answered) + 1  # the last one may have been committed and not answered


async def _until_free(url: str) -> None:
    """PostgreSQL notices the end of a killed client's socket only when it looks next."""
    outside = create_engine(engines.parse(url))
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    for _ in range(200):
        with outside.begin() as connection:
            if connection.execute(held).scalar_one() == 0:
                break
        await asyncio.sleep(0.02)
    outside.dispose()


async def test_sqlite_is_set_up_for_durability(clock: FakeClock, tmp_path: Path) -> None:
    """The file shrinks in steps, commits reach the disk, readers do not block the writer."""
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:

        def look(name: str) -> Callable[[Tx], object]:
            return lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert await store.write(look("auto_vacuum")) == 2
        assert await store.write(look("journal_mode")) == "wal"
        assert await store.write(look("synchronous")) == 2
        assert await store.write(look("foreign_keys")) == 1
    with closing(sqlite3.connect(tmp_path / "tocsin.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
